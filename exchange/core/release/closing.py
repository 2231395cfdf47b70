"""Closing an epoch: whether a command may be carried out, and the draw that follows.

Pure: clock and cut are passed in.

Rules kept:
- An epoch is closed once, in order, after its month is over: by the lane's clock and by that of the
  brokers, which wrote down when the command came. So no clock that is far ahead closes a month. The
  first may be any past month.
- The counts of a table begin at the cut of its last release, so nothing is counted twice or left
  out.
- A table that was never released is counted from the log's beginning if it was not due before.
  Otherwise it was added later: it is counted from the last cut, and only for periods that begin in
  its first epoch or after. Earlier periods are never released, and do not pay.
- A table pays before it is drawn. If the ledger refuses one, no table is drawn.
- A refusal changes nothing but the position and, forward only, the time.
- An agency table keeps the domain of its first release for ever, like a client table.
- An event that arrives before its period's epoch is closed counts once. Its period may not have
  begun in the epoch in which it arrives (closed late, or in the hours between a month's end and its
  cut). Then it waits for the epoch in which its period begins.

Not promised: that the cut is the end of the month. It is the end of the log when the command is
handled: close promptly. Nor that an event is counted if it arrived a day or more before its period
began, by the lane's clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from exchange.core.model.epochs import ends_ms, is_epoch
from exchange.core.release.agency_tables import AgencyTable
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.catalogue import CatalogueEntry
from exchange.core.release.closed_epochs import Closed, Moment, check_cluster
from exchange.core.release.cuts import BEGINNING, Cut, Offsets
from exchange.core.release.disclosure import AGENCY_RELEASES
from exchange.core.release.draw import Due, dues, plans_due
from exchange.core.release.privacy_ledger import Account, Ledger, spend
from exchange.core.release.tiers import is_due


@dataclass(frozen=True, slots=True)
class DrawTask:
    """The tables to count and to draw noise for. It can be handed to another process.

    `starts`: for each `since` of a table, the cut from which that table is counted. `early`: for
    each `since`, the cut from which to look for events that came before `starts`, of periods that
    had not begun at that cut. `last`: the last closed epoch's cut, from which the new one grows.
    """

    epoch: int
    moment: Moment
    clients: tuple[Due, ...]
    agencies: tuple[AgencyTable, ...]
    starts: Mapping[int, Cut]
    early: Mapping[int, Cut] = field(default_factory=dict)
    last: Cut = BEGINNING

    def begins(self, since: int) -> Cut:
        """The cut from which to read for the tables that are counted since a month."""
        return self.early.get(since, self.starts[since])

    @property
    def lowest(self) -> Cut:
        """The cut from which the log is read for all of them."""
        return min((self.last, *map(self.begins, self.starts)), key=lambda cut: cut.total)


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
    first = min(closed.cuts, default=epoch)
    before = closed.ledger
    added = {p.row.name for p in plans_due(epoch, plans) if _added_later(closed, p.row.name, p.row.tier)}
    after = spend(_with_accounts(before, epoch, plans, added), epoch, plans_due(epoch, plans))
    clients = tuple(
        replace(due, since=epoch) if due.row.name in added else due for due in dues(before, after, first, plans)
    )
    of_agencies = tuple(_agency_due(closed, one, epoch, first) for one in agencies if is_due(one.tier, epoch))
    since = {due.since for due in clients} | {due.since for due in of_agencies}
    starts = {month: closed.cut_before(month) for month in sorted(since)}
    early = {month: closed.early_before(month, epoch) for month in starts}
    return Draw(DrawTask(epoch, moment, clients, of_agencies, starts, early, closed.last_cut), after.accounts)


def _added_later(closed: Closed, name: str, tier: Tier) -> bool:
    """Whether a table was never released although it was due: then it was added later."""
    known = name in closed.ledger.accounts or name in closed.agency_tables
    return not known and any(is_due(tier, epoch) for epoch in closed.cuts)


def _with_accounts(ledger: Ledger, epoch: int, plans: Iterable[TableCost], added: Iterable[str]) -> Ledger:
    """The ledger with accounts for tables that were added later, for periods from this epoch on."""
    new = {p.row.name: Account(p.rho, p.terms, epoch, epoch) for p in plans if p.row.name in added}
    return replace(ledger, accounts={**ledger.accounts, **new})


def _agency_due(closed: Closed, declared: CatalogueEntry, epoch: int, first: int) -> AgencyTable:
    last = closed.agency_tables.get(declared.name)
    if last is not None:
        if closed.domains.get(declared.name, declared.codes) != declared.codes:
            raise TableChanged(f"{declared.name} has not the domain of its earlier epochs.")
        return AgencyTable(declared, last + 1, first=False)
    since = epoch if _added_later(closed, declared.name, declared.tier) else first
    return AgencyTable(declared, since, first=True)
