"""Closed epochs, their cost and refused commands, for operators and auditors, from `draws`.

Restricted, like `draws` itself: readers of releases must not see when a draw was made or what was
refused.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction

from consumers.release.draws_section import DrawsSection
from consumers.release.draws_state import DrawsFollower, DrawsState
from consumers.release.publisher_lane import TARGET
from consumers.release.release_lane import COMMANDS, named_by
from consumers.sections import Looked, Section, UnknownSection, look_at_each, unknown_sections
from exchange.core.model.epochs import EpochInvalid, epoch_text, is_epoch, quarter_of_epoch, year_of_epoch
from exchange.core.model.period import is_period, period_text, quarter_of
from exchange.core.release.closing import REFUSALS
from exchange.core.release.privacy_ledger import Ledger, left, spent
from exchange.engine.log import Log, Reader
from exchange.engine.reading import read_whole
from exchange.wire.public_records import parse_release_key
from exchange.wire.topics import DRAWS, EPOCHS, RELEASES


@dataclass(frozen=True, slots=True)
class ClosedEpoch:
    """One epoch.

    `tables`: the drawn ones. `public`: how many are published; None where `releases` cannot be
    read. `rho_paid`: for a period that it counted. Where `draws` cannot be read, an epoch is what
    `releases` holds of it, and `at_ms` and `rho_paid` are None.
    """

    epoch: str
    at_ms: int | None
    tables: tuple[str, ...]
    public: int | None
    rho_paid: float | None


@dataclass(frozen=True, slots=True)
class RefusedCommand:
    """One command.

    `epoch`: empty if it named none. `refused`: the rule's name. `why`: its meaning, and what to do.
    """

    epoch: str
    at_ms: int
    refused: str
    why: str


@dataclass(frozen=True, slots=True)
class History:
    """Every command to close an epoch, in order. `unknown`: the topics that cannot be read."""

    epochs: tuple[ClosedEpoch, ...]
    refused: tuple[RefusedCommand, ...]
    unknown: tuple[UnknownSection, ...] = ()


@dataclass(frozen=True, slots=True)
class PeriodSpent:
    """The privacy budget (rho) that a client's events of one period have spent, and have left."""

    period: str
    spent: float
    left: float


async def read_closings(log: Log) -> tuple[DrawsState, set[bytes]]:
    """The present state of `draws`, and the keys that are published."""
    draws, releases = await log.reader(), await log.reader()
    try:
        return await DrawsFollower(draws).catch_up(), await public_keys(releases)
    finally:
        await draws.close()
        await releases.close()


async def read_ledger(log: Log) -> DrawsState:
    """The present state of `draws` alone: to read what is spent needs no other topic."""
    draws = await log.reader()
    try:
        return await DrawsFollower(draws).catch_up()
    finally:
        await draws.close()


async def read_asked(log: Log) -> dict[int, str]:
    """The epoch that each command in `epochs` names, by its offset; other records are left out."""
    reader = await log.reader()
    try:
        records = [record async for some in read_whole(reader, COMMANDS) for record in some]
    finally:
        await reader.close()
    named = ((record.offset, named_by(record)) for record in records)
    return {offset: epoch_text(epoch) for offset, epoch in named if epoch is not None and is_epoch(epoch)}


async def public_keys(reader: Reader) -> set[bytes]:
    """The keys of `releases`; the reader is assigned to it."""
    return {record.key async for records in read_whole(reader, TARGET) for record in records if record.key}


async def read_history(log: Log) -> History:
    """The outcome of every command, as far as its topics can be read.

    Raises the engine's errors where none of them can.
    """
    draws, public, asked = DrawsSection(log), set[bytes](), dict[int, str]()

    async def read_public() -> None:
        reader = await log.reader()
        try:
            public.update(await public_keys(reader))
        finally:
            await reader.close()

    async def read_commands() -> None:
        asked.update(await read_asked(log))

    sections: list[Section] = [draws, Looked(RELEASES, read_public), Looked(EPOCHS, read_commands)]
    failed = await look_at_each(sections)
    await draws.close()
    if len(failed) == len(sections):
        raise failed[DRAWS]
    found = history_of(draws.closings, None if RELEASES in failed else public, asked)
    if DRAWS in failed:
        found = replace(found, epochs=tuple(_published(public)))
    return replace(found, unknown=unknown_sections(failed))


def _published(public: set[bytes]) -> Iterator[ClosedEpoch]:
    """The epochs of which releases are public, whatever the ledger says about them."""
    by_epoch: dict[int, list[str]] = {}
    for key in sorted(public):
        with suppress(EpochInvalid, UnicodeDecodeError):  # the publisher's alert names what is no release
            by_epoch.setdefault(parse_release_key(key), []).append(_table_of(key))
    for epoch, tables in sorted(by_epoch.items()):
        yield ClosedEpoch(epoch_text(epoch), None, tuple(tables), len(tables), None)


def _table_of(key: bytes) -> str:
    return key.partition(b"|")[0].decode("ascii")


def history_of(closings: DrawsState, public: set[bytes] | None, asked: Mapping[int, str]) -> History:
    """The outcome of every command. `public`: None if unknown. `asked`: from `read_asked`."""
    refused = (
        RefusedCommand(asked.get(offset, ""), one.at_ms, one.refused, hint_of(one.refused))
        for offset, one in closings.commands.items()
        if one.refused
    )
    return History(tuple(_epochs(closings, public)), tuple(refused))


def _epochs(closings: DrawsState, public: set[bytes] | None) -> Iterator[ClosedEpoch]:
    for one in closings.commands.values():
        if one.refused:
            continue
        keys = [part.key for part in closings.parts if part.epoch == one.epoch]
        paid = sum((account.rho for _, account in one.accounts if account.last_epoch == one.epoch), Fraction(0))
        shown = None if public is None else sum(key in public for key in keys)
        yield ClosedEpoch(epoch_text(one.epoch), one.at_ms, tuple(map(_table_of, keys)), shown, float(paid))


def hint_of(refused: str) -> str:
    """The meaning of a reason and what to do next.

    Empty for none, and for a reason of a newer worker.
    """
    return str(REFUSALS[refused]()) if refused in REFUSALS else ""


def periods_spent(ledger: Ledger, first_epoch: int) -> tuple[PeriodSpent, ...]:
    """Quarters and years from that of the first closed epoch to that of the last."""
    if ledger.last_epoch is None:
        return ()
    begin, end = year_of_epoch(first_epoch), quarter_of_epoch(ledger.last_epoch)
    wanted = [p for p in range(begin, end + 1) if is_period(p)]
    wanted = [p for p in wanted if not quarter_of(p) or p >= quarter_of_epoch(first_epoch)]
    return tuple(PeriodSpent(period_text(p), float(spent(ledger, p)), float(left(ledger, p))) for p in wanted)
