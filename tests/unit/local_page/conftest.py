"""Pages of `exchange edge ui` in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kits.own_page import OwnPage


@pytest.fixture
async def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OwnPage]:
    """Pages without a profile, open in a browser."""
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)
    found = OwnPage(tmp_path)
    await found.open()
    yield found
    await found.client.aclose()
    found.pages.end()
