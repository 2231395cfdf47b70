"""The release lane's own records: the command that closes an epoch, and the outcome of each.

`draws` holds three kinds of records, told apart by their keys. The value of `table|2026-11|release`
is the value that `releases` will hold, byte for byte. The value of `command|offset|ledger` is
`Spent`: one for each command, written last in its transaction. The value of
`relocation|cluster|ledger` is a `Relocation`: two for each restore, its first and its last record,
and one without a cluster for the last archive.

All are restricted. They hold releases that are not published yet, cuts, and the agencies behind
the cells of agency tables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exchange.core.release.agency_tables import ProfileChange, ShownCount
from exchange.core.release.cuts import Cut, Relocation
from exchange.core.release.privacy_ledger import Account
from exchange.core.release.released import Release
from exchange.wire.mapper import INLINE, as_record, converter
from exchange.wire.message import message
from exchange.wire.public_records import parse_release_key, release_key

RELEASE_PART: Final = b"|release"
LEDGER_PART: Final = b"|ledger"
_LEDGER: Final = re.compile(rb"command\|(\d+)\|ledger")
_RELOCATION: Final = re.compile(rb"relocation\|[\w-]{0,249}\|ledger", re.ASCII)


class Asker(StrEnum):
    """Who closes an epoch."""

    CALENDAR = "calendar"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Close:
    """Close this epoch. `at_ms`: when this was asked, milliseconds since 1970; informational."""

    epoch: int
    by: Asker
    at_ms: int


@dataclass(frozen=True, slots=True)
class Spent:
    """The outcome of one command.

    `position`: offset in `epochs` of the next command. `epoch`: the last closed epoch, 0 before the
    first. `refused`: the name of the broken rule; empty if the command was carried out.
    `registered`: offset in `agencies` up to which records were read. `cut`: how much of `events`
    was read. `at_ms`: when it was handled, by the lane's clock. `surely_ms`: the earlier of that
    and the time at which brokers wrote the command down. `clients_a_year`: for which sizes are
    planned since the first epoch; 0 before. `reported`: of each agency whose profiles changed, the
    profiles that hold now.

    A refused command keeps `epoch`, `registered`, `cut` and `accounts`, and shows nothing.
    """

    position: int
    epoch: int
    at_ms: int
    surely_ms: int
    refused: str
    registered: int
    cut: Cut
    accounts: tuple[tuple[str, Account], ...]
    clients_a_year: int = 0
    shown: tuple[ShownCount, ...] = ()
    reported: tuple[ProfileChange, ...] = ()


def release_part(release: Release) -> bytes:
    """The key in `draws` of a release."""
    return release_key(release) + RELEASE_PART


def ledger_part(offset: int) -> bytes:
    """The key in `draws` of the outcome of the command at an offset of `epochs`."""
    return f"command|{offset}".encode("ascii") + LEDGER_PART


def relocation_part(cluster: str) -> bytes:
    """The key in `draws` of a restore to the cluster with this id."""
    return f"relocation|{cluster}".encode("ascii") + LEDGER_PART


def is_relocation_part(key: bytes) -> bool:
    """Whether a key in `draws` is one of a restore."""
    return _RELOCATION.fullmatch(key) is not None


def parse_release_part(key: bytes) -> tuple[bytes, int] | None:
    """The key in `releases` and the epoch, from a key in `draws`; None for another key."""
    if not key.endswith(RELEASE_PART):
        return None
    published = key.removesuffix(RELEASE_PART)
    return published, parse_release_key(published)


def _pairs(amounts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(amounts.items())


def parse_ledger_part(key: bytes) -> int | None:
    """The command's offset in `epochs`, from a key in `draws`; None for another key."""
    found = _LEDGER.fullmatch(key)
    return int(found[1]) if found else None


encode_close, decode_close = message("close", Close)
"""A value of `epochs`."""
encode_spent, decode_spent = message(
    "spent",
    Spent,
    cut=as_record(heads=as_record("agency", "sequence")),
    accounts=as_record("table", "account", account=INLINE),
    shown=as_record(amounts=converter(dict[str, int], _pairs)),
    reported=as_record("agency", "standing", standing=as_record("division", "kind", "times")),
)
"""A value of part `ledger` of `draws`, of a command."""
encode_relocation, decode_relocation = message("relocation", Relocation)
"""A value of part `ledger` of `draws`, of a restore."""
