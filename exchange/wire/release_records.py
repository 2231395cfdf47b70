"""The release lane's own records: the command that closes an epoch, and what was done with it.

`draws` holds two kinds of records, told apart by their keys: `table|2026-11|release`, whose value is what `releases` will hold,
byte for byte, and `command|offset|ledger`, one for each command, written last in its transaction: `Spent`. Both are restricted:
what is in `draws` and not yet in `releases`, cuts, and who is behind an agency table's cells.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exchange.core.release.agency_tables import Said
from exchange.core.release.privacy_ledger import Account
from exchange.core.release.released import Release
from exchange.wire.mapper import INLINE, as_record, converter
from exchange.wire.message import message
from exchange.wire.public_records import parse_release_key, release_key

RELEASE_PART: Final = b"|release"
LEDGER_PART: Final = b"|ledger"
_LEDGER: Final = re.compile(rb"command\|(\d+)\|ledger")


class Asker(StrEnum):
    """Who closes an epoch."""

    CALENDAR = "calendar"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Close:
    """Close this epoch. `at_ms`: when it was asked, milliseconds since 1970; informational."""

    epoch: int
    by: Asker
    at_ms: int


@dataclass(frozen=True, slots=True)
class ShownIncrement:
    """Who was behind one increment of an agency table that was shown: (agency, what it added) pairs."""

    table: str
    number: int
    amounts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """What was done with one command. `refused`: the name of the rule that it broke; empty: it was carried out.

    `position`: offset in `epochs` of the next command. `epoch`: the last that was closed, 0 before the first. `registered`:
    offset in `agencies`; `cut`: offset in each partition of `events`; up to both was read. A refusal keeps `epoch`,
    `registered`, `cut` and `accounts` as they were, and shows nothing. `said`: of each agency whose profiles changed,
    those that stand.
    """

    position: int
    epoch: int
    at_ms: int
    refused: str
    registered: int
    cut: tuple[int, ...]
    accounts: tuple[tuple[str, Account], ...]
    shown: tuple[ShownIncrement, ...] = ()
    said: tuple[Said, ...] = ()


def release_part(release: Release) -> bytes:
    """The key in `draws` of a release."""
    return release_key(release) + RELEASE_PART


def ledger_part(offset: int) -> bytes:
    """The key in `draws` of what was done with the command at an offset of `epochs`."""
    return f"command|{offset}".encode("ascii") + LEDGER_PART


def parse_release_part(key: bytes) -> tuple[bytes, int] | None:
    """The key in `releases` and the epoch, of a key in `draws`; None for what is not a release."""
    if not key.endswith(RELEASE_PART):
        return None
    published = key.removesuffix(RELEASE_PART)
    return published, parse_release_key(published)


def _pairs(amounts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(amounts.items())


def parse_ledger_part(key: bytes) -> int | None:
    """The command's offset in `epochs`, of a key in `draws`; None for what is not a part of the ledger."""
    found = _LEDGER.fullmatch(key)
    return int(found[1]) if found else None


encode_close, decode_close = message("close", Close)
"""A value of `epochs`."""
encode_spent, decode_spent = message(
    "spent",
    Spent,
    accounts=as_record("table", "account", account=INLINE),
    shown=as_record(amounts=converter(dict[str, int], _pairs)),
    said=as_record("agency", "standing", standing=as_record("division", "kind", "times")),
)
"""A value of part `ledger` of `draws`."""
