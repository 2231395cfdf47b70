"""Closing an epoch: whether a command may be carried out, and the draw that follows.

Pure: clock and cut are passed in.

Rules kept:
- An epoch is closed once, in order, after its month is over: by the lane's clock and by that of the
  brokers, which wrote down when the command came. So no clock that is far ahead closes a month. The
  first may be any past month.
- A period is counted once, in the epoch of its tables (`exchange.core.release.tiers`), from all
  that the log holds of it at the cut. What comes later is in no release about clients, but in the
  number of cases that came too late.
- A table that is added later is released from its next epoch on, for the periods of that epoch.
  Earlier periods are never released, and do not pay.
- A table pays before it is drawn. If the ledger refuses one, no table is drawn.
- A refusal changes nothing but the position and, forward only, the time.
- An agency table keeps the domain of its first release for ever, like a client table.

Not promised: that the cut is the end of the month. It is the end of the log when the command is
handled: close promptly. Nor that an event is counted if it arrived a day or more before its period
began, by the lane's clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exchange.core.counting.tables import Tier
from exchange.core.errors import (
    BudgetExhausted,
    ClockSetBack,
    CommandUnreadable,
    CutBehind,
    EpochClosed,
    EpochNotOver,
    EpochOutOfOrder,
    ExchangeError,
    TableChanged,
)
from exchange.core.model.epochs import ends_ms, first_month, is_epoch
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.catalogue import CatalogueEntry
from exchange.core.release.closed_epochs import Closed, Moment, check_cluster
from exchange.core.release.cuts import BEGINNING, Cut, Offsets
from exchange.core.release.disclosure import AGENCY_RELEASES
from exchange.core.release.draw import Due, Reading, dues, plans_due, reading_of
from exchange.core.release.privacy_ledger import Account, spend
from exchange.core.release.tiers import MONTHS_OF_QUARTER, is_due, periods_due


@dataclass(frozen=True, slots=True)
class DrawTask:
    """The tables to count and to draw noise for. It can be handed to another process.

    `cuts`: for each reading, the cut after which the events come that it takes; a reading without
    a cut takes none. `last`: the last closed epoch's cut, from which the new one grows.
    `clients_a_year`: for which sizes are planned, as it was at the first epoch.
    """

    epoch: int
    moment: Moment
    clients: tuple[Due, ...]
    agencies: tuple[CatalogueEntry, ...]
    cuts: Mapping[Reading, Cut]
    last: Cut = BEGINNING
    clients_a_year: int = 0

    @property
    def lowest(self) -> Cut:
        """The cut from which the log is read for all of them."""
        return min((self.last, *self.cuts.values()), key=lambda cut: cut.total)


@dataclass(frozen=True, slots=True)
class Draw:
    """The decision to carry a command out: the task, and all accounts after it has paid."""

    task: DrawTask
    accounts: Mapping[str, Account]


@dataclass(frozen=True, slots=True)
class CloseRefused:
    """A command that is not carried out, and the error that a person would meet."""

    error: ExchangeError

    @property
    def name(self) -> str:
        """Its name in the ledger."""
        return type(self.error).__name__


REFUSALS: Final[Mapping[str, type[ExchangeError]]] = {
    error.__name__: error
    for error in (
        CommandUnreadable,
        EpochClosed,
        EpochOutOfOrder,
        EpochNotOver,
        ClockSetBack,
        CutBehind,
        TableChanged,
        BudgetExhausted,
    )
}
"""Every reason to refuse a command, by its name in the ledger."""
ABOUT_THE_COMMAND: Final = frozenset(
    error.__name__ for error in (CommandUnreadable, EpochClosed, EpochOutOfOrder, EpochNotOver)
)
"""Reasons that lie in the command alone: whoever wrote it was told, and nothing is wrong with the
exchange."""


def decide_close(
    closed: Closed,
    epoch: int | None,
    moment: Moment,
    plans: Iterable[TableCost] = tuple(TABLE_COSTS.values()),
    agencies: Sequence[CatalogueEntry] = AGENCY_RELEASES,
) -> Draw | CloseRefused:
    """The decision about a command to close an epoch. None: the command cannot be read.

    Raises as `check_cluster` does: such a cluster's `draws` must not be written to at all.
    """
    check_cluster(closed, moment.cluster)
    try:
        if epoch is None or not is_epoch(epoch):
            raise CommandUnreadable
        _may_close(closed, epoch, moment)
        return _draw(closed, epoch, moment, tuple(plans), agencies)
    except ExchangeError as error:
        return CloseRefused(error)


def _may_close(closed: Closed, epoch: int, moment: Moment) -> None:
    last = closed.last_epoch
    if last is not None and epoch <= last:
        raise EpochClosed
    if last is not None and epoch > last + 1:
        raise EpochOutOfOrder
    if moment.at_ms < closed.at_ms:
        raise ClockSetBack
    if moment.surely_ms <= ends_ms(epoch):
        raise EpochNotOver
    if moment.registered < closed.registered or _ends_before(moment.ends, closed.last_cut.offsets):
        raise CutBehind


def _ends_before(ends: Offsets, last: Offsets) -> bool:
    return bool(last) and (len(ends) != len(last) or any(now < then for now, then in zip(ends, last, strict=True)))


def _draw(
    closed: Closed, epoch: int, moment: Moment, plans: Sequence[TableCost], agencies: Sequence[CatalogueEntry]
) -> Draw:
    after = spend(closed.ledger, epoch, plans_due(epoch, plans))
    clients = dues(after, plans)
    of_agencies = tuple(_checked(closed, one) for one in agencies if is_due(one.tier, epoch))
    tiers = {due.row.tier for due in clients} | {one.tier for one in of_agencies}
    cuts = {reading: cut for reading in Reading if (cut := _cut(closed, epoch, reading, tiers)) is not None}
    planned = closed.clients_a_year or moment.clients_a_year
    return Draw(DrawTask(epoch, moment, clients, of_agencies, cuts, closed.last_cut, planned), after.accounts)


def _cut(closed: Closed, epoch: int, reading: Reading, tiers: Iterable[Tier]) -> Cut | None:
    """The cut after which to read; None if no table is due, or its quarter was not counted."""
    periods = {period for tier in tiers if reading_of(tier) is reading for period in periods_due(tier, epoch)}
    if not periods:
        return None
    if reading is Reading.ALL:
        return closed.cut_before(min(map(first_month, periods)))
    return closed.last_cut if reading is Reading.SINCE_LAST else closed.cuts.get(epoch - MONTHS_OF_QUARTER)


def _checked(closed: Closed, declared: CatalogueEntry) -> CatalogueEntry:
    if closed.domains.get(declared.name, declared.codes) != declared.codes:
        raise TableChanged(f"{declared.name} has not the domain of its earlier epochs.")
    return declared
