"""Closing an epoch: whether a command may be carried out, and the draw that follows.

Pure: clock and cut are passed in.

Rules kept:
- An epoch is closed once, in order, after its month is over by the lane's clock. The first may be
  any past month.
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
from types import MappingProxyType
from typing import Final, TypeAlias

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
from exchange.core.model.epochs import DAY_MS, begins_ms, ends_ms, is_epoch, month_of
from exchange.core.release.agency_tables import AgencyTable, PastEpochs, ProfileChange, ShownIncrement
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.catalogue import CatalogueEntry
from exchange.core.release.disclosure import AGENCY_RELEASES
from exchange.core.release.draw import Due, dues, plans_due
from exchange.core.release.privacy_ledger import Account, Ledger, spend
from exchange.core.release.tiers import is_due

MONTHS_OF_QUARTER: Final = 3
Cut: TypeAlias = tuple[int, ...]
"""For each partition of `events`, in order: the first offset that is left out."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a command is handled: the lane's clock (ms since 1970), and how far to read the logs."""

    at_ms: int
    cut: Cut
    registered: int


@dataclass(frozen=True, slots=True)
class Closed:
    """Everything that was closed so far.

    `position`: of the next command. `cuts`: of every closed epoch, by epoch. `when`: the time of
    each closing, by the lane's clock. `agency_tables`: the last epoch of each agency table that was
    ever released. `domains`: the values of its first release.
    """

    position: int = 0
    at_ms: int = 0
    registered: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    cuts: Mapping[int, Cut] = field(default_factory=lambda: MappingProxyType({}))
    when: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    agency_tables: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    domains: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    kept: PastEpochs = field(default_factory=PastEpochs)

    @property
    def last_epoch(self) -> int | None:
        """The last closed epoch; None before the first."""
        return self.ledger.last_epoch

    @property
    def last_cut(self) -> Cut:
        """The end of the last closed epoch; empty before the first."""
        return () if self.last_epoch is None else self.cuts[self.last_epoch]

    def cut_before(self, since: int, partitions: int) -> Cut:
        """The beginning of a month's arrivals: the cut before, or the log's beginning."""
        return self.cuts.get(since - 1, (0,) * partitions)

    def early_before(self, since: int, epoch: int, partitions: int) -> Cut:
        """The first place, before `cut_before`, of events whose periods begin in these months.

        It is the last cut that was taken before the first of these periods began, less a day for
        clocks and time zones.
        """
        first = since + (1 - month_of(since)) % MONTHS_OF_QUARTER
        if first > epoch:  # none does
            return self.cut_before(since, partitions)
        begins = begins_ms(first) - DAY_MS
        before = [epoch for epoch, at_ms in self.when.items() if epoch < since and at_ms < begins]
        return self.cuts[max(before)] if before else (0,) * partitions


@dataclass(frozen=True, slots=True)
class DrawTask:
    """The tables to count and to draw noise for. It can be handed to another process.

    `starts`: for each `since` of a table, the cut from which that table is counted. `early`: for
    each `since`, the cut from which to look for events that came before `starts`, of periods that
    had not begun at that cut.
    """

    epoch: int
    moment: Moment
    clients: tuple[Due, ...]
    agencies: tuple[AgencyTable, ...]
    starts: Mapping[int, Cut]
    early: Mapping[int, Cut] = field(default_factory=dict)

    def begins(self, since: int) -> Cut:
        """The cut from which to read for the tables that are counted since a month."""
        start = self.starts[since]
        return tuple(map(min, start, self.early.get(since, start)))


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


def decide_close(
    closed: Closed,
    epoch: int | None,
    moment: Moment,
    plans: Iterable[TableCost] = tuple(TABLE_COSTS.values()),
    agencies: Sequence[CatalogueEntry] = AGENCY_RELEASES,
) -> Draw | CloseRefused:
    """The decision about a command to close an epoch. None: the command cannot be read."""
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
    if moment.at_ms <= ends_ms(epoch):
        raise EpochNotOver
    if moment.registered < closed.registered or _ends_before(moment.cut, closed.last_cut):
        raise CutBehind


def _ends_before(cut: Cut, last: Cut) -> bool:
    return bool(last) and (len(cut) != len(last) or any(now < then for now, then in zip(cut, last, strict=True)))


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
    starts = {month: closed.cut_before(month, len(moment.cut)) for month in sorted(since)}
    early = {month: closed.early_before(month, epoch, len(moment.cut)) for month in starts}
    return Draw(DrawTask(epoch, moment, clients, of_agencies, starts, early), after.accounts)


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


# What was done, replayed


def refused_at(closed: Closed, position: int, at_ms: int) -> Closed:
    """After a command that was refused."""
    return replace(closed, position=position, at_ms=max(closed.at_ms, at_ms))


def carried_out(
    closed: Closed,
    position: int,
    moment: Moment,
    *,
    epoch: int,
    accounts: Mapping[str, Account],
    shown: Iterable[ShownIncrement],
    profiles: Iterable[ProfileChange],
) -> Closed:
    """After a command that was carried out.

    `shown`, `profiles`: the changes that its agency tables made.
    """
    return replace(
        closed,
        position=position,
        at_ms=max(closed.at_ms, moment.at_ms),
        registered=moment.registered,
        ledger=Ledger(MappingProxyType(dict(accounts)), epoch),
        cuts=MappingProxyType({**closed.cuts, epoch: moment.cut}),
        when=MappingProxyType({**closed.when, epoch: moment.at_ms}),
        kept=closed.kept.after(shown, profiles),
    )


def released(closed: Closed, table: str, epoch: int, domain: object) -> Closed:
    """After a release of an agency table, over these values."""
    return replace(
        closed,
        agency_tables=MappingProxyType({**closed.agency_tables, table: epoch}),
        domains=MappingProxyType({**closed.domains, table: domain}),
    )
