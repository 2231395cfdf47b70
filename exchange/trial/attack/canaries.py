"""Canaries: clients of one period at one agency who add all that the caps allow.

They are made from the declared rules alone (`exchange.core.admission.cap_rules`), so a changed rule
changes them too. For each kind of body, a canary has as many events as may be marked: in different
cells where a rule demands different codes, in one cell otherwise. One more event is past the caps
and feeds the count of clients over them. Then one of four things happens to the client (`Way`), as
the laws of marks allow it, before the period is counted or after. The case of a quarter is
withdrawn after it was counted, so that the client is in the count of cases too late too; it comes
back before its year is counted. In the third quarter there is no time for that: such a case stays.

A cohort is 21 canaries of one year with different months, states and codes: nine give the year as a
whole (HIPAA), twelve a quarter, three for each quarter. Cohorts follow each other year by year.
Where several would share a count, `cohort` gives it to one of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import cache
from typing import Final

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule
from exchange.core.counting.cells import grouped
from exchange.core.counting.tables import GROUPINGS, NOT_APPLICABLE, field_type
from exchange.core.model.epochs import epoch_of, month_after
from exchange.core.model.events import Correctable, Correction, Event, NeedIdentified
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import BARRIER_SIDE, Service, UsState
from exchange.core.release.client_tables import RELEASED_TABLES, ReleasedTable
from exchange.core.release.sensitivity import bounding_rule

FIRST_YEAR: Final = 2002
START: Final = epoch_of(FIRST_YEAR, 1)
AFTER: Final = START + 12
"""The month in which the year is counted."""
COHORT: Final = 21
YEARLY: Final = 9
"""Canaries of a cohort whose period is the year; those with quarters come after them."""
YEARS: Final = 2
"""The years in which a canary's events arrive."""
_PLACES: Final = tuple(state for state in UsState if len(str(state)) == 2)
_UNCHAINED: Final = bytes(32)
_PER_QUARTER: Final = 3
_CHOSEN: Final = (Cap.NATION, Cap.STATE, Cap.ONE)


class Way(Enum):
    """The life of a canary's records."""

    CORRECTED = "some are sent anew before the period is counted"
    HELD = "the client refuses after the period is counted: all are withdrawn"
    MOVED = "all are sent anew, from another state, before the period is counted"
    RESTORED = "the vault was lost, so that a later one has no mark"


@dataclass(frozen=True, slots=True)
class Timed:
    """An event, and its month of arrival: an epoch's number."""

    month: int
    event: Event


@dataclass(frozen=True, slots=True)
class _Strand:
    """The rules that bound the same bodies: those of the nation, the states, of one."""

    body: type[Correctable]
    rules: tuple[CapRule, ...]
    arrives: bool

    @property
    def main(self) -> CapRule:
        """The rule that admits most."""
        return max(self.rules, key=lambda rule: rule.most)


def _strands() -> Iterator[_Strand]:
    found: dict[tuple[type[Correctable], tuple[str, ...]], dict[Cap, CapRule]] = defaultdict(dict)
    for rule in RULES:
        if rule.body is not None:
            found[rule.body, rule.strand][rule.bit] = rule
    for (body, _), rules in found.items():
        yield _Strand(body, tuple(rules[bit] for bit in _CHOSEN if bit in rules), Cap.ARRIVAL in rules)


def way_of(number: int) -> Way:
    """The life of the n-th canary of every cohort."""
    return list(Way)[number % len(Way)]


@cache
def canary(number: int) -> tuple[Timed, ...]:
    """All events of the n-th canary (0–20) of the cohort of `FIRST_YEAR`."""
    sent_in, period = _when(number)
    counted_in, way = month_after(period), way_of(number)
    first = [_event(period, _PLACES[number], body, cap) for body, cap in _said(number)]
    found = [Timed(sent_in, event) for event in first]
    stand = first[:]
    for at in _sent_anew(number):
        stand[at] = _anew(first[at], _PLACES[number + COHORT] if way is Way.MOVED else _PLACES[number])
        found += [Timed(counted_in, withdrawn(first[at])), Timed(counted_in, stand[at])]
    if way is Way.RESTORED:
        found.append(Timed(counted_in, replace(first[0], cap=int(NONE))))
    late = counted_in + 1 + number % _PER_QUARTER
    if counted_in + 1 + _PER_QUARTER < AFTER:  # the case comes back in time for its year
        found.append(Timed(late, withdrawn(stand[0])))
        stand[0] = _anew(stand[0], stand[0].state)
        found.append(Timed(counted_in + 1 + _PER_QUARTER, stand[0]))
    gone = stand if way is Way.HELD else stand[:1]
    return (*found, *(Timed(AFTER + 1 + number % _PER_QUARTER, withdrawn(event)) for event in gone))


def _when(number: int) -> tuple[int, int]:
    """Month of the first sending, and the period."""
    if number < YEARLY:
        return START + number + 3, period_of(FIRST_YEAR)
    month = number - YEARLY
    return START + month, period_of(FIRST_YEAR, month // _PER_QUARTER + 1)


def _said(number: int) -> list[tuple[Correctable, Cap]]:
    """Every body with its marks, the opening of the case first; then one past the caps."""
    said = [marked for strand in _strands() for marked in _marked(strand, number)]
    return [*said, (NeedIdentified(Service.food), Cap.PAST)]


def _sent_anew(number: int) -> list[int]:
    """The places of the events that are corrected before the period is counted."""
    lengths = [strand.main.most for strand in _strands()]
    match way_of(number):
        case Way.RESTORED:
            return []
        case Way.MOVED:
            return list(range(sum(lengths) + 1))
        case _:
            return [sum(lengths[:n]) for n in range(len(lengths))]


def _event(period: int, place: UsState, body: Correctable, cap: Cap) -> Event:
    return Event(1, _UNCHAINED, period, place, int(cap), body)


def withdrawn(event: Event) -> Event:
    """The correction of an event: with its marks."""
    assert isinstance(event.body, Correctable)
    return replace(event, body=Correction(1, _UNCHAINED, event.period, event.state, event.cap, event.body))


def _anew(event: Event, place: UsState) -> Event:
    """The event that takes its place: with its marks, but that of its arrival."""
    return replace(event, state=place, cap=event.cap & ~Cap.ARRIVAL)


@cache
def moved(number: int, years: int) -> tuple[Timed, ...]:
    """The same event of a later cohort, so many years later."""
    return tuple(Timed(one.month + 12 * years, _moved(one.event, years)) for one in canary(number))


def _moved(event: Event, years: int) -> Event:
    body, period = event.body, event.period + 5 * years
    if isinstance(body, Correction):
        return replace(event, period=period, body=replace(body, period=period))
    return replace(event, period=period)


def _marked(strand: _Strand, number: int) -> Iterator[tuple[Correctable, Cap]]:
    """The bodies that may be marked at once under the rules of a strand, each with its bits."""
    keyed = _keyed(strand, number)
    for n in range(strand.main.most):
        values: dict[str, Enum] = {}
        for field in fields(strand.body):
            codes = _codes(strand, field.name)
            values[field.name] = keyed[n] if field.name == strand.main.field else codes[number % len(codes)]
        bits = Cap.ARRIVAL if strand.arrives and n == 0 else NONE
        for rule in strand.rules:
            bits |= rule.bit if n < rule.most else NONE
        yield strand.body(**values), bits  # type: ignore[arg-type]  # the fields are the class's own


def _keyed(strand: _Strand, number: int) -> tuple[Enum, ...]:
    """Different codes of the field that must differ; the states' rule wants different groups."""
    most = strand.main.most
    if not strand.main.field:
        return ()
    codes = _codes(strand, strand.main.field)
    groups = {str(code): str(code) for code in codes}
    for group in (rule.group for rule in strand.rules if rule.group):
        groups = {str(code): GROUPINGS[group][str(code)] for code in codes}
        codes = _in_turn(codes, groups)
    at = number * most % len(codes)
    one_a_group: dict[str, Enum] = {}
    for code in (*codes[at:], *codes[:at]):
        one_a_group.setdefault(groups[str(code)], code)
    return tuple(one_a_group.values())[:most]


def _in_turn(codes: Iterable[Enum], groups: Mapping[str, str]) -> tuple[Enum, ...]:
    """The codes, one of each group in turn."""
    turn: Counter[str] = Counter()
    turns = []
    for code in codes:
        turn[groups[str(code)]] += 1
        turns.append((turn[groups[str(code)]], code))
    return tuple(code for _, code in sorted(turns, key=lambda pair: pair[0]))


@cache
def _codes(strand: _Strand, field: str) -> tuple[Enum, ...]:
    """Codes of a field in the finer tables, one a released value; or `not_applicable`."""
    none = field_type(strand.body, field)(NOT_APPLICABLE)
    rows = [row for row in _rows(strand) if field in (dimension.field for dimension in row.dimensions)]
    if not rows:
        every = (code for code in field_type(strand.body, field) if code is not none)
        return tuple(every) if field == strand.main.field else (none,)
    found: dict[tuple[str, ...], Enum] = {}
    for code in field_type(strand.body, field):
        values = [_released(row, field, str(code)) for row in rows]
        if None not in values and BARRIER_SIDE.get(str(code)) != "provider":
            found.setdefault(tuple(map(str, values if len(rows) == 1 else [*values, code])), code)
    return tuple(found.values())


def _released(row: ReleasedTable, field: str, code: str) -> str | None:
    """The released value of a field's code in a table; None: none."""
    assert row.table is not None
    pairs = zip(row.table.dimensions, row.dimensions, strict=False)  # a table may be released with fewer
    [(counted, released)] = [pair for pair in pairs if pair[1].field == field]
    return row.code(released, grouped(counted, code))


def _rows(strand: _Strand) -> list[ReleasedTable]:
    """The tables of these rules but those of sensitive codes: no event is in both of a pair."""
    return [row for row in RELEASED_TABLES if row.table and not row.only and bounding_rule(row) in strand.rules]
