"""Defects: errors that nobody named. They are reported by type and place, never by text."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from exchange.core.errors import ExchangeError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def defects_as(failed: type[ExchangeError], work: str) -> Iterator[None]:
    """Raise a defect in the block as `failed`: the work, the defect's type and its place.

    The defect's text and its chain are dropped: they may hold a value from a record. Named errors
    pass unchanged.
    """
    try:
        yield
    except ExchangeError:
        raise
    except Exception as error:  # noqa: BLE001 - a defect of any kind
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise failed(f"{work}: {type(error).__name__} at {place.filename}:{place.lineno}.") from None
