"""Which cells of an agency table may be shown: exact figures, so the rule counts agencies.

A cell is shown only if at least `AGENCIES_MIN` agencies are behind it, none has more than
`SHARE_MAX` of it, and those behind the two largest have at least `REST_MIN` of the largest. The
second largest knows its own number. Without the last rule (the p % rule) it could take that away
and know the largest number closely. The same must hold for all that follows from what was shown
before (PRIVACY, Agency tables):

1. *Joiners and leavers.* Agencies report much the same every quarter, so the difference of two
   epochs is that of the agencies that joined and left. Between a count and every earlier one shown
   of its cell, there are none of them, or enough.
2. *Several epochs together.* No combination of epochs, added and subtracted, may be about one or
   two agencies. Each shown sum is a row of the agencies behind it; a combination about agencies i
   and j is a row of the space that these span.
3. *Two tables of the same sums* (dollars by source and by service). Only the one that was shown
   first is ever shown; if both could be for the first time, the one declared first. Each by itself
   keeps rule 2. But their cells divide the same dollars in two ways, and a cell of one less a cell
   of the other may be one agency's: linear programs over both found amounts, in one quarter and
   over several (`exchange attack`, linear programs). Two counts of the same bodies have no body in
   common. The difference of all that is shown of a period is what only one of them hides; it is
   nothing or enough, or else the second table's period is hidden as a whole.
4. *Reporting coverage* counts each agency as one in each of its tables. So rule 2 holds for all of
   their cells and epochs together: a cell is hidden if, with everything that was shown of these
   tables, it would single somebody out.

A cell without agencies is hidden too: going from 0 to hidden would announce an arrival. A hidden
cell is None, and no sum that needs it exists (`exchange.core.metrics.view`). Agency tables are the
nation's only and have no caps: every event counts, except heartbeats of runs by hand. Such a run
may follow from one client's arrival, and exact figures must not depend on it.

Not promised: anything against agencies that put together what they know of themselves. Of three
behind a cell, two know the third. Nor against somebody who knows that an agency's figure did not
change while others' did. Rule 2 keeps exact numbers from combinations of three or more epochs; how
closely such a combination bounds a number is checked between two epochs only (rule 1).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, product
from types import MappingProxyType
from typing import Final

from exchange.core.counting.cells import increments, parse_cell
from exchange.core.counting.counts import merge
from exchange.core.errors import NotDue
from exchange.core.model.events import Event, Heartbeat
from exchange.core.model.vocabulary import Scheduled
from exchange.core.release.catalogue import DECLARED, CatalogueEntry
from exchange.core.release.released import Release
from exchange.core.release.singling_out import span_of
from exchange.core.release.tiers import block_of, is_due, periods_due

AGENCIES_MIN: Final = 3
SHARE_MAX: Final = Fraction(85, 100)
REST_MIN: Final = Fraction(15, 100)
"""Of the largest agency's part: what is left without the two largest."""
AGENCY_RELEASES: Final[tuple[CatalogueEntry, ...]] = tuple(one for one in DECLARED.values() if not one.bit)

Amounts = Mapping[str, int]
"""Agency → its part of a sum; no zeros. Restricted, like everything made of it except releases."""


@dataclass(frozen=True, slots=True)
class Contributors:
    """The agencies behind each count of a table. `amounts`: in the order of `Release.counts`."""

    declared: CatalogueEntry
    epoch: int
    amounts: tuple[Amounts, ...]

    @property
    def cells(self) -> int:
        """Cells of one period."""
        return len(self.amounts) // len(periods_due(self.declared.tier, self.epoch))


@dataclass(frozen=True, slots=True)
class Disclosed:
    """All that was shown: (table, number of the count) → the agencies behind it, by epoch."""

    held: Mapping[tuple[str, int], tuple[Amounts, ...]] = field(default_factory=lambda: MappingProxyType({}))


def contributors(declared: CatalogueEntry, epoch: int, events: Iterable[tuple[str, Event]]) -> Contributors:
    """Who added what to the periods of an epoch, of (agency, event) pairs; no run by hand.

    Raises NotDue.
    """
    if declared.snapshot:
        raise ValueError(f"{declared.name} counts agencies: exchange.core.release.coverage says who is behind it.")
    if not is_due(declared.tier, epoch):
        raise NotDue
    blocks, places = periods_due(declared.tier, epoch), declared.places
    values = {value: n for n, value in enumerate(product(*declared.codes))}
    found: list[dict[str, int]] = [{} for _ in range(len(blocks) * len(values))]
    assert len(places) == 1  # the nation
    for agency, event in events:
        for name, n in () if _by_hand(event) else increments(agency, event):
            cell = parse_cell(name)
            number = values.get(cell.values) if cell.table.name == declared.name else None
            block = block_of(declared.tier, epoch, cell.period)
            if number is not None and block is not None:
                of_cell = found[block * len(values) + number]
                of_cell[agency] = of_cell.get(agency, 0) + n
    return Contributors(declared, epoch, tuple({a: n for a, n in amounts.items() if n} for amounts in found))


def _by_hand(event: Event) -> bool:
    """Whether it is the heartbeat of a run that somebody started by hand."""
    return isinstance(event.body, Heartbeat) and event.body.scheduled != Scheduled.yes


def releases(now: Sequence[Contributors], past: Disclosed) -> tuple[tuple[Release, ...], Disclosed]:
    """The releases of agency tables drawn together, and all that is shown after them."""
    may = _together(now, [_may_be_shown(one, past) for one in now], past)
    for (i, one), (j, other) in combinations(enumerate(now), 2):
        if not _same_numbers(one.declared, other.declared):
            continue
        if not one.declared.table or not one.declared.table.measure:
            may[j] -= _given_away_with(one, may[i], other, may[j])
        elif _was_shown(other, past):
            may[i].clear()
        elif may[i] or _was_shown(one, past):
            may[j].clear()
    held = dict(past.held)
    for one, numbers in zip(now, may, strict=True):
        for n in sorted(numbers):
            key = (one.declared.name, n)
            held[key] = (*held.get(key, ()), one.amounts[n])
    made = (_release(one, numbers) for one, numbers in zip(now, may, strict=True))
    return tuple(made), Disclosed(MappingProxyType(held))


def enough(amounts: Amounts) -> bool:
    """Whether enough agencies are behind a sum, and its ins and outs are even enough.

    That is three or more, none with over 85 %, and without the two largest there is left 15 % of
    the largest.
    """
    sizes = sorted((abs(n) for n in amounts.values() if n), reverse=True)
    if len(sizes) < AGENCIES_MIN:
        return False
    return sizes[0] <= SHARE_MAX * sum(sizes) and sum(sizes[2:]) >= REST_MIN * sizes[0]


def may_be_shown(now: Amounts, past: Sequence[Amounts]) -> bool:
    """Whether a count may be shown, after earlier ones of its cell."""
    moved = (_moved(now, then) for then in past)
    return enough(now) and all(not some or enough(some) for some in moved) and not singled_out([*past, now])


def _moved(now: Amounts, then: Amounts) -> Amounts:
    """The joiners and leavers between two sums."""
    return {agency: then.get(agency, 0) - now.get(agency, 0) for agency in now.keys() ^ then.keys()}


def singled_out(sums: Iterable[Amounts]) -> bool:
    """Whether a combination of these sums is about one or two agencies with constant reports."""
    return span_of(sums).singles_out()


def _may_be_shown(one: Contributors, past: Disclosed) -> set[int]:
    name = one.declared.name
    return {n for n, amounts in enumerate(one.amounts) if may_be_shown(amounts, past.held.get((name, n), ()))}


def _together(now: Sequence[Contributors], may: Sequence[set[int]], past: Disclosed) -> list[set[int]]:
    """What may be shown of each table.

    Those of coverage are looked at as one, cell by cell in order.
    """
    coverage = [one for one in now if one.declared.snapshot]
    names = {one.declared.name for one in coverage}
    before = (amounts for (name, _), shown in past.held.items() if name in names for amounts in shown)
    span = span_of(before, (agency for one in coverage for amounts in one.amounts for agency in amounts))
    found = []
    for one, numbers in zip(now, may, strict=True):
        kept = set(numbers)
        for n in sorted(numbers) if one.declared.snapshot else ():
            wider = span.having(one.amounts[n])
            if wider.singles_out():
                kept.discard(n)
            else:
                span = wider
        found.append(kept)
    return found


def _same_numbers(one: CatalogueEntry, other: CatalogueEntry) -> bool:
    a, b = one.table, other.table
    return a is not None and b is not None and (a.body, a.measure, one.tier) == (b.body, b.measure, other.tier)


def _was_shown(one: Contributors, past: Disclosed) -> bool:
    """Whether any count of the table was ever shown."""
    return any(name == one.declared.name for name, _ in past.held)


def _given_away_with(one: Contributors, may: set[int], other: Contributors, may_other: set[int]) -> set[int]:
    """The other table's counts in periods where both tables together give too much away."""
    given_away: set[int] = set()
    for block in range(len(periods_due(one.declared.tier, one.epoch))):
        mine, theirs = (_of_block(b, shown, block) for b, shown in ((one, may), (other, may_other)))
        if not mine or not theirs:
            continue
        away = ((agency, -n) for agency, n in _added(other, theirs).items())
        difference = merge([*_added(one, mine).items(), *away])
        if any(difference.values()) and not enough(difference):
            given_away |= theirs
    return given_away


def _of_block(one: Contributors, shown: set[int], block: int) -> set[int]:
    return {n for n in shown if n // one.cells == block}


def _added(one: Contributors, numbers: Iterable[int]) -> dict[str, int]:
    return merge(added for n in numbers for added in one.amounts[n].items())


def _release(one: Contributors, shown: set[int]) -> Release:
    declared = one.declared
    counts = tuple(_count(one, n, shown) for n in range(len(one.amounts)))
    where = (declared.places, declared.dimensions, declared.codes)
    head = (declared.name, declared.tier, declared.bit, one.epoch)
    return Release(*head, *where, counts, Fraction(0))


def _count(one: Contributors, n: int, shown: set[int]) -> int | None:
    """The published value. Coverage is of the quarter, so that of the year's own records is 0."""
    if one.declared.snapshot and n >= one.cells:
        return 0
    return sum(one.amounts[n].values()) if n in shown else None
