"""From events to a release: what the log holds of a period, over a fixed domain, plus noise.

This is the slow meaning that any faster way must equal. For each table that is due, an event adds
to at most one cell of one block (a `Tally` to at most one cell for each of its counts):

1. Only with the table's bit among its own (`Cap`). An event past its client's caps is in no
   release of theirs.
2. To the block of its period (`tiers.block_of`), or nowhere. A table of arrivals has one block for
   all that arrived in the month, of whatever period.
3. To the value that `ReleasedTable` gives its code. Sensitive codes have none in anything finer
   than the nation and the year.
4. A correction takes away what the event that it restates added. Arrivals are not taken back:
   their one event a client and period counts in the month in which it came, once for ever.

`Reading` says which events the caller must bring to which tables: all so far, or those that came
after an earlier cut.

Laws: counted(a + b) = merged(counted a, counted b). The order of events does not matter. An event
that is corrected before the cut leaves nothing. Counts are raw, negative ones too, and the only
exact numbers here: restricted, never published.

Two laws of the caps are kept here again, whatever an edge sends: a correction takes back exactly
what its event added (law 2), and no correction of a `Tally` is counted (law 3; the gate admits no
second tally with bits). The other laws need a client's history, which only the edge has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import repeat
from operator import add, attrgetter
from typing import Final, NamedTuple

from exchange.core.admission.cap_rules import lawful
from exchange.core.counting.cells import counts_by_code
from exchange.core.counting.tables import FED, Tier
from exchange.core.errors import NoiseUnfit, NotDue, TableChanged
from exchange.core.model.events import About, Body, Correction, Event, Tally
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.catalogue import of_clients
from exchange.core.release.client_tables import ReleasedTable
from exchange.core.release.privacy_ledger import Account, Ledger
from exchange.core.release.released import Release
from exchange.core.release.tiers import block_of, is_due, periods_due

ONCE: Final[Iterable[int]] = repeat(1)
"""Every event counts once."""


class Reading(Enum):
    """The events that a table counts, if their period is in one of its blocks."""

    ALL = "all so far"
    SINCE_LAST = "those after the cut of the last closed epoch"
    SINCE_COUNTED = "those after the cut at which their quarter was counted"


READINGS: Final[Mapping[Tier, Reading]] = {
    Tier.NATION_ARRIVALS: Reading.SINCE_LAST,
    Tier.NATION_LATE: Reading.SINCE_COUNTED,
}
"""For other tiers: all."""


def reading_of(tier: Tier) -> Reading:
    """The events that tables of a tier count."""
    return READINGS.get(tier, Reading.ALL)


@dataclass(frozen=True, slots=True)
class Due:
    """A client table to be drawn.

    Raises NotDue, and TableChanged if the account pays for something else. `account`: its own, from
    the ledger that has paid for this epoch.
    """

    plan: TableCost
    account: Account

    def __post_init__(self) -> None:
        if self.account.terms != self.plan.terms:
            raise TableChanged(f"{self.row.name} is not what was paid for.")
        if not is_due(self.row.tier, self.epoch):
            raise NotDue

    @property
    def row(self) -> ReleasedTable:
        """What is released."""
        return self.plan.row

    @property
    def epoch(self) -> int:
        """The epoch that closes."""
        return self.account.last_epoch

    @property
    def length(self) -> int:
        """Numbers in a draw: one for each period and cell."""
        return len(periods_due(self.row.tier, self.epoch)) * self.row.cells


@dataclass(frozen=True, slots=True)
class Counted:
    """Exact and restricted: the counts, in the order of `Release.counts`."""

    due: Due
    counts: tuple[int, ...]


def plans_due(epoch: int, plans: Iterable[TableCost] = TABLE_COSTS.values()) -> tuple[TableCost, ...]:
    """The plans of the client tables to be drawn when an epoch closes."""
    return tuple(plan for plan in plans if is_due(plan.row.tier, epoch))


def dues(after: Ledger, plans: Iterable[TableCost] = TABLE_COSTS.values()) -> tuple[Due, ...]:
    """The tables that the ledger has just paid for."""
    if after.last_epoch is None:
        return ()
    return tuple(Due(plan, after.accounts[plan.row.name]) for plan in plans_due(after.last_epoch, plans))


def counted(
    due: Iterable[Due], events: Iterable[tuple[str, Event]], times: Iterable[int] = ONCE
) -> tuple[Counted, ...]:
    """What (agency, event) pairs add to each of these tables.

    The agency is not looked at. `times`: how often each event counts, for callers who have put
    equal events together; at least as many numbers as events.
    """
    counters = [_TableCounter.of(one) for one in due]
    alike: dict[tuple[object, ...], list[tuple[_TableCounter, int]]] = {}
    nowhere = set[tuple[object, ...]]()
    for (_, event), often in zip(events, times, strict=False):
        stated = type(event.body), event.cap, event.period
        if not event.cap or stated in nowhere:
            continue  # without marks it is in no table about clients
        one = _read(event)
        kind = type(one.body), one.bits, one.sign, one.period
        if kind not in alike:
            blocks = ((counter, counter.block(one)) for counter in counters)
            alike[kind] = [(counter, block) for counter, block in blocks if block is not None]
            if not alike[kind] and one.sign > 0:
                nowhere.add(stated)
        for counter, block in alike[kind]:
            counter.add(one, block, often)
    return tuple(Counted(counter.due, tuple(counter.counts)) for counter in counters)


def merged(one: Iterable[Counted], other: Iterable[Counted]) -> tuple[Counted, ...]:
    """The counts of both together. Raises ValueError unless tables and epochs are the same."""
    found = []
    for a, b in zip(one, other, strict=True):
        if a.due != b.due:
            raise ValueError("Counts of different draws are never added.")
        found.append(Counted(a.due, tuple(map(add, a.counts, b.counts))))
    return tuple(found)


def drawn(of_table: Counted, noise: Sequence[int]) -> Release:
    """The release: counts plus noise, one number each from a sampler of the plan's scale.

    Raises NoiseUnfit.
    """
    due, counts = of_table.due, of_table.counts
    if not len(noise) == len(counts) == due.length:
        raise NoiseUnfit
    declared = of_clients(due.row)
    return Release(
        declared.name,
        declared.tier,
        declared.bit,
        due.epoch,
        declared.places,
        declared.dimensions,
        declared.codes,
        tuple(map(add, counts, noise)),
        due.plan.variance,
        rho=due.plan.rho,
    )


@dataclass(slots=True)
class _TableCounter:
    """The counts of one table while they are added up, and where its cells are in them.

    `looks_at`: what a body's value depends on. `known`: the place of each value that was met; None
    for what the table leaves out.
    """

    due: Due
    counts: list[int]
    places: Mapping[str, int]
    values: Mapping[str, int]
    looks_at: Callable[[Body], object]
    known: dict[object, int | None]

    @classmethod
    def of(cls, due: Due) -> "_TableCounter":
        row = due.row
        places, values = ({name: n for n, name in enumerate(names)} for names in (row.places, row.codes))
        fields = [dimension.field for dimension in row.table.dimensions] if row.table else []
        return cls(due, [0] * due.length, places, values, attrgetter(*fields) if fields else type, {})

    def block(self, one: "_Read") -> int | None:
        """The block in which an event of this kind, with these bits, counts; None: in none."""
        row = self.due.row
        if not one.bits & row.bit or not _feeds(type(one.body), row):
            return None
        if row.tier is Tier.NATION_ARRIVALS and one.sign < 0:
            return None
        return block_of(row.tier, self.due.epoch, one.period)

    def add(self, one: "_Read", block: int, often: int) -> None:
        place = self.places.get(self.due.row.place(one.state))
        if place is None:
            return
        start = (block * len(self.places) + place) * len(self.values)
        if isinstance(one.body, Tally):
            for value, n in _of_tally(self.due.row, one.body):
                self.counts[start + self.values[value]] += one.sign * n * often
        elif (at := self._value_at(one.body)) is not None:
            self.counts[start + at] += one.sign * often

    def _value_at(self, body: Body) -> int | None:
        """The place of the released value that a body adds to; None: it adds to none."""
        key = self.looks_at(body)
        if key not in self.known:
            value = self.due.row.value_of(body)
            self.known[key] = None if value is None else self.values[value]
        return self.known[key]


class _Read(NamedTuple):
    """An event, or the event that a correction restates.

    `bits`: those it counts with. `sign`: 1, or -1 if withdrawn.
    """

    bits: int
    sign: int
    period: int
    state: str
    body: Body


def _read(event: Event) -> _Read:
    bits, body = event.cap, event.body
    if not isinstance(body, Correction):
        return _Read(bits, 1, event.period, event.state, body)
    may = 0 if isinstance(body.body, Tally) or not lawful(event.cap, body.cap) else bits
    return _Read(may, -1, body.period, body.state, body.body)


def _feeds(kind: type[Body], row: ReleasedTable) -> bool:
    """Whether such a body may be in the table. A total has no month in which its clients came."""
    if row.table is None:
        return kind.about is About.CLIENT
    return kind is row.table.body or (kind is Tally and row.tier is not Tier.NATION_ARRIVALS)


def _of_tally(row: ReleasedTable, body: Tally) -> Iterator[tuple[str, int]]:
    """Each count with the released value of its code; a tally of another table adds nothing."""
    if row.table not in FED[body.table]:
        return
    for code, n in counts_by_code(body):
        value = row.value(code)
        if value is not None:
            yield value, n
