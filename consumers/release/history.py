"""Closed epochs, their cost and refused commands, for operators and auditors, from `draws`.

Restricted, like `draws` itself: readers of releases must not see when a draw was made or what was
refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from consumers.release.draws_state import DrawsFollower, DrawsState
from consumers.release.publisher_lane import TARGET
from consumers.release.release_lane import COMMANDS, named_by
from exchange.core.model.epochs import epoch_text, is_epoch, quarter_of_epoch, year_of_epoch
from exchange.core.model.period import is_period, period_text, quarter_of
from exchange.core.release.closing import REFUSALS
from exchange.core.release.privacy_ledger import Ledger, left, spent
from exchange.engine.log import Log, Reader
from exchange.engine.reading import read_whole


@dataclass(frozen=True, slots=True)
class ClosedEpoch:
    """One epoch.

    `tables`: the drawn ones. `public`: how many are published. `rho_paid`: by those first drawn in
    it.
    """

    epoch: str
    at_ms: int
    tables: tuple[str, ...]
    public: int
    rho_paid: float


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
    """Every command to close an epoch, in order."""

    epochs: tuple[ClosedEpoch, ...]
    refused: tuple[RefusedCommand, ...]


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


def history_of(closings: DrawsState, public: set[bytes], asked: Mapping[int, str]) -> History:
    """The outcome of every command. `asked`: from `read_asked`."""
    refused = (
        RefusedCommand(asked.get(offset, ""), one.at_ms, one.refused, hint_of(one.refused))
        for offset, one in closings.commands.items()
        if one.refused
    )
    return History(tuple(_epochs(closings, public)), tuple(refused))


def _epochs(closings: DrawsState, public: set[bytes]) -> Iterator[ClosedEpoch]:
    paid: set[str] = set()
    for one in closings.commands.values():
        if one.refused:
            continue
        keys = [part.key for part in closings.parts if part.epoch == one.epoch]
        new = sum((account.rho for name, account in one.accounts if name not in paid), Fraction(0))
        paid |= {name for name, _ in one.accounts}
        names = tuple(key.partition(b"|")[0].decode("ascii") for key in keys)
        yield ClosedEpoch(epoch_text(one.epoch), one.at_ms, names, sum(key in public for key in keys), float(new))


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
