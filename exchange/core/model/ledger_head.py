"""How far an exchange's ledger is, as its workers and its agencies remember it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

NOTHING_DRAWN: Final = bytes(32)
"""The digest before the first draw."""


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """The last closed epoch, 0 before the first, and the digest of all that was drawn up to it."""

    epoch: int = 0
    digest: bytes = NOTHING_DRAWN


HeadNow: TypeAlias = Callable[[], LedgerHead | None]
"""The ledger's head as it may be named to agencies; None while that is not sure."""


def head_unknown() -> LedgerHead | None:
    """Where nobody looks at the ledger."""
    return None
