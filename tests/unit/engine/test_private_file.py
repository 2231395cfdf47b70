"""Private files are written whole, for their owner alone, also where folders cannot be opened."""

import os
import stat
from pathlib import Path

import pytest

from exchange.engine.private_file import write_private


@pytest.mark.parametrize("folders_open", [True, False])
def test_a_private_file_takes_the_place_of_another_and_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders_open: bool
) -> None:
    if not folders_open:  # as on Windows
        monkeypatch.delattr(os, "O_DIRECTORY")
    path = tmp_path / "secret"
    path.write_bytes(b"older and longer")
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
