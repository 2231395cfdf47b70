"""From events to a release: what arrived between two cuts, counted over a table's fixed domain, and the noise put on it.

The slow meaning that any faster way must equal. For each table that is due, an event adds to at most one cell of one bucket
(a `Tally` to at most one cell for each of its counts):

1. only with the table's bit (`exchange.core.admission.cap_rules.counts`); an event past its client's caps is in no release of theirs;
2. to the bucket of its period, seen from the epoch that it arrived in (`tiers.bucket_of`): what comes after the epoch of its
   period was closed goes to a bucket of this epoch, `earlier` at last; a closed epoch never changes;
3. nowhere when the account that pays does not cover the period (`Account.covers`): it is of before the table, or has not begun
   (then who draws hands the event over again when it has: `exchange.core.release.closing.DrawTask.early`);
4. to the value that `ReleasedTable` gives its code; sensitive codes have none in what is finer than the nation and the year;
5. a correction takes away what the event that it restates added, in its own epoch, with its own bits.

Laws: counted(a + b) = merged(counted a, counted b); the order of events does not matter; what arrives and is corrected between
two cuts leaves nothing. Increments are raw, negative ones too, and the only exact numbers here: restricted, never published.

Two laws of the caps are kept here again, whatever an edge sends: a correction takes no more back than its event added (law
3), and none of a `Tally` is counted (law 4; the gate admits no second one with bits). The others need a client's history, which
only the edge has.

Not promised: that a correction finds its event. One that arrived before the first cut of a table that was added later is in
no release; its later correction is, and takes one away.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import add
from typing import Final, NamedTuple

from exchange.core.admission.cap_rules import NONE, Cap, effective
from exchange.core.counting.cells import counts_by_code
from exchange.core.counting.tables import FED
from exchange.core.errors import NoiseUnfit, NotDue, TableChanged
from exchange.core.model.events import About, Body, Correction, Event, Tally
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.catalogue import of_clients
from exchange.core.release.client_tables import ReleasedTable
from exchange.core.release.privacy_ledger import Account, Ledger
from exchange.core.release.released import Release
from exchange.core.release.tiers import BUCKETS, bucket_of, is_due

ONCE: Final[Iterable[int]] = repeat(1)
"""Every event stands for itself."""


@dataclass(frozen=True, slots=True)
class Due:
    """A client table to be drawn. Raises NotDue, and TableChanged where the account pays for something else.

    `account`: its own, from the ledger that has paid for this epoch. `since`: the first month whose arrivals lie behind the
    cut that it is counted from. `first`: there was no release of it before.
    """

    plan: TableCost
    account: Account
    since: int
    first: bool

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
        """Numbers in a draw: one for each bucket and cell."""
        return len(BUCKETS[self.row.tier]) * self.row.cells


@dataclass(frozen=True, slots=True)
class Increments:
    """Exact and restricted: what arrived for each bucket, then place, then value, as `Release.increments` has it."""

    due: Due
    counts: tuple[int, ...]


def plans_due(epoch: int, plans: Iterable[TableCost] = TABLE_COSTS.values()) -> tuple[TableCost, ...]:
    """The plans of the client tables to be drawn when an epoch closes."""
    return tuple(plan for plan in plans if is_due(plan.row.tier, epoch))


def dues(
    before: Ledger, after: Ledger, since: int, plans: Iterable[TableCost] = TABLE_COSTS.values()
) -> tuple[Due, ...]:
    """The tables that the ledger has just paid for. `since`: the first month of those that were never released before."""
    if after.last_epoch is None:
        return ()
    found = []
    for plan in plans_due(after.last_epoch, plans):
        name = plan.row.name
        last = before.accounts.get(name)
        found.append(Due(plan, after.accounts[name], last.last_epoch + 1 if last else since, last is None))
    return tuple(found)


def counted(
    due: Iterable[Due], events: Iterable[tuple[str, Event]], times: Iterable[int] = ONCE
) -> tuple[Increments, ...]:
    """What (agency, event) pairs between two cuts add to each of these tables; the agency is not looked at.

    `times`: how often each event stands there, for who has put together what counts alike; at least as many as events.
    """
    sheets = [_Sheet.of(one) for one in due]
    of_kind: dict[type[Body], list[_Sheet]] = {}
    for (_, event), often in zip(events, times, strict=False):
        said = _read(event)
        kind = type(said.body)
        if kind not in of_kind:
            of_kind[kind] = [sheet for sheet in sheets if _feeds(kind, sheet.due.row)]
        for sheet in of_kind[kind]:
            sheet.add(said, often)
    return tuple(Increments(sheet.due, tuple(sheet.counts)) for sheet in sheets)


def merged(one: Iterable[Increments], other: Iterable[Increments]) -> tuple[Increments, ...]:
    """The increments of all events behind both; raises ValueError unless they are of the same tables, epochs and cuts."""
    found = []
    for a, b in zip(one, other, strict=True):
        if a.due != b.due:
            raise ValueError("Increments of different draws are never added.")
        found.append(Increments(a.due, tuple(map(add, a.counts, b.counts))))
    return tuple(found)


def drawn(increments: Increments, noise: Sequence[int], versions: tuple[str, ...] = ()) -> Release:
    """The release: increments and noise, one number each, from a sampler of the plan's scale. Raises NoiseUnfit."""
    due, counts = increments.due, increments.counts
    if not len(noise) == len(counts) == due.length:
        raise NoiseUnfit
    declared = of_clients(due.row)
    return Release(
        declared.name,
        declared.tier,
        declared.bit,
        due.epoch,
        due.since,
        due.first,
        declared.places,
        declared.dimensions,
        declared.codes,
        tuple(map(add, counts, noise)),
        due.plan.variance,
        versions,
        due.plan.rho,
    )


@dataclass(slots=True)
class _Sheet:
    """The counts of one table while they are added up, and where its cells are in them."""

    due: Due
    counts: list[int]
    places: Mapping[str, int]
    values: Mapping[str, int]

    @classmethod
    def of(cls, due: Due) -> "_Sheet":
        row = due.row
        places, values = ({name: n for n, name in enumerate(names)} for names in (row.places, row.codes))
        return cls(due, [0] * due.length, places, values)

    def add(self, said: "_Said", often: int) -> None:
        row = self.due.row
        place = self.places.get(row.place(said.state))
        if not said.bits & row.bit or place is None or not self.due.account.covers(said.period):
            return
        bucket = BUCKETS[row.tier].index(bucket_of(row.tier, self.due.epoch, said.period))
        start = (bucket * len(self.places) + place) * len(self.values)
        for value, n in _values(row, said.body):
            self.counts[start + self.values[value]] += said.sign * n * often


class _Said(NamedTuple):
    """An event, or what a correction restates: the bits that it counts with, and whether it comes or goes (-1)."""

    bits: Cap
    sign: int
    period: int
    state: str
    body: Body


def _read(event: Event) -> _Said:
    bits, body = effective(event.cap), event.body
    if not isinstance(body, Correction):
        return _Said(bits, 1, event.period, str(event.state), body)
    may = NONE if isinstance(body.body, Tally) else bits & effective(body.cap)
    return _Said(may, -1, body.period, str(body.state), body.body)


def _feeds(kind: type[Body], row: ReleasedTable) -> bool:
    """Whether such a body may be in the table."""
    if row.table is None:
        return kind.about is About.CLIENT
    return kind in {row.table.body, Tally}


def _values(row: ReleasedTable, body: Body) -> Iterator[tuple[str, int]]:
    """The released values that a body adds to, and how much."""
    if isinstance(body, Tally):
        yield from _of_tally(row, body)
        return
    value = row.value_of(body)
    if value is not None:
        yield value, 1


def _of_tally(row: ReleasedTable, body: Tally) -> Iterator[tuple[str, int]]:
    """Each count with the released value of its code; a tally of another table adds nothing."""
    if row.table not in FED[body.table]:
        return
    for code, n in counts_by_code(body):
        value = row.value(code)
        if value is not None:
            yield value, n
