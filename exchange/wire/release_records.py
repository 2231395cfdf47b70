"""The release lane's own records: the command that closes an epoch, and what was done with it.

`draws` holds two kinds of records, told apart by their keys: `table|2026-11|release`, whose value is what `releases` will hold,
byte for byte, and `command|offset|ledger`, one for each command, written last in its transaction: `Spent`. Both are restricted:
what is in `draws` and not yet in `releases`, cuts, and who is behind an agency table's cells.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final, cast

from exchange.core.model.epochs import epoch_text, parse_epoch
from exchange.core.release.agency_tables import Said
from exchange.core.release.coverage import Standing
from exchange.core.release.privacy_ledger import Account
from exchange.core.release.released import Release
from exchange.wire.records import MessageUnreadable, Plain, decode_plain, encode_plain

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
    """The key in `draws` of what is to be published."""
    return f"{release.table}|{epoch_text(release.epoch)}".encode("ascii") + RELEASE_PART


def ledger_part(offset: int) -> bytes:
    """The key in `draws` of what was done with the command at an offset of `epochs`."""
    return f"command|{offset}".encode("ascii") + LEDGER_PART


def parse_release_part(key: bytes) -> tuple[bytes, int] | None:
    """The key in `releases` and the epoch, of a key in `draws`; None for what is not a release."""
    if not key.endswith(RELEASE_PART):
        return None
    published = key.removesuffix(RELEASE_PART)
    return published, parse_epoch(published.rpartition(b"|")[2].decode("ascii"))


def parse_ledger_part(key: bytes) -> int | None:
    """The command's offset in `epochs`, of a key in `draws`; None for what is not a part of the ledger."""
    found = _LEDGER.fullmatch(key)
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Heading:
    """Which release it is, and over which domain, whatever is declared today. `bit`: 0 for agency tables."""

    table: str
    epoch: int
    bit: int
    codes: tuple[tuple[str, ...], ...]


def decode_heading(value: bytes) -> Heading:
    """Of a value of part `release`; raises MessageUnreadable, and EpochInvalid."""
    plain = decode_plain("release", value)
    return Heading(
        cast("str", plain["table"]),
        parse_epoch(cast("str", plain["epoch"])),
        cast("int", plain["bit"]),
        tuple(tuple(cast("list[str]", one["codes"])) for one in cast("list[Plain]", plain["dimensions"])),
    )


def encode_close(close: Close) -> bytes:
    """A value of `epochs`."""
    return encode_plain("close", {"epoch": close.epoch, "by": close.by, "at_ms": close.at_ms})


def decode_close(value: bytes) -> Close:
    """Of a value of `epochs`; raises MessageUnreadable for any other command."""
    plain = decode_plain("close", value)
    try:
        return Close(cast("int", plain["epoch"]), Asker(cast("str", plain["by"])), cast("int", plain["at_ms"]))
    except ValueError:
        raise MessageUnreadable from None


def encode_spent(spent: Spent) -> bytes:
    """A value of part `ledger` of `draws`."""
    accounts = [
        {
            "table": name,
            "rho": str(account.rho),
            "terms": account.terms,
            "periods_from": account.periods_from,
            "last_epoch": account.last_epoch,
        }
        for name, account in spent.accounts
    ]
    shown = [{"table": one.table, "number": one.number, "amounts": dict(one.amounts)} for one in spent.shown]
    plain: Plain = {name: getattr(spent, name) for name in ("position", "epoch", "at_ms", "refused", "registered")}
    return encode_plain(
        "spent",
        {**plain, "cut": list(spent.cut), "accounts": accounts, "shown": shown, "said": _plain_said(spent.said)},
    )


def decode_spent(value: bytes) -> Spent:
    """Of a value of part `ledger` of `draws`; raises MessageUnreadable."""
    plain = decode_plain("spent", value)
    try:
        accounts = tuple(_account(one) for one in cast("list[Plain]", plain["accounts"]))
    except (ValueError, ZeroDivisionError):
        raise MessageUnreadable from None
    position, epoch, at_ms = (cast("int", plain[name]) for name in ("position", "epoch", "at_ms"))
    return Spent(
        position,
        epoch,
        at_ms,
        cast("str", plain["refused"]),
        cast("int", plain["registered"]),
        tuple(cast("list[int]", plain["cut"])),
        accounts,
        tuple(_shown(one) for one in cast("list[Plain]", plain["shown"])),
        tuple(_said(one) for one in cast("list[Plain]", plain["said"])),
    )


def _plain_said(said: tuple[Said, ...]) -> list[Plain]:
    def standing(profiles: Standing) -> list[Plain]:
        return [{"division": division, "kind": kind, "times": times} for division, kind, times in profiles]

    return [{"agency": agency, "standing": standing(profiles)} for agency, profiles in said]


def _said(plain: Plain) -> Said:
    found = cast("list[Plain]", plain["standing"])
    standing = ((cast("str", one["division"]), cast("str", one["kind"]), cast("int", one["times"])) for one in found)
    return cast("str", plain["agency"]), tuple(standing)


def _account(plain: Plain) -> tuple[str, Account]:
    return cast("str", plain["table"]), Account(
        Fraction(cast("str", plain["rho"])),
        cast("str", plain["terms"]),
        cast("int", plain["periods_from"]),
        cast("int", plain["last_epoch"]),
    )


def _shown(plain: Plain) -> ShownIncrement:
    amounts = cast("dict[str, int]", plain["amounts"])
    return ShownIncrement(cast("str", plain["table"]), cast("int", plain["number"]), tuple(amounts.items()))
