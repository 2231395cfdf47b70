"""Canaries: clients of one period at one agency who add all that the caps allow.

They are made from the declared rules alone (`exchange.core.admission.cap_rules`), so a changed rule
changes them too. For each rule, a canary first has as many events as may be marked: in different
cells where the rule demands different codes, in one cell otherwise. One event is retracted in the
next year and sent again in the year after. So no two of these meet in one release, whatever its
cadence, and nothing cancels out. One more event is past the caps and feeds the count of clients
over them.

A cohort is 21 canaries of one year with different months, states and codes: nine give the year as a
whole (HIPAA), twelve a quarter, three for each quarter. Cohorts follow each other year by year and
seldom meet in an increment. `cohort` excludes the increments that two share.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import cache
from typing import Final

from exchange.core.admission.cap_rules import RULES, Cap, CapRule
from exchange.core.counting.cells import grouped
from exchange.core.counting.tables import GROUPINGS, NOT_APPLICABLE, field_type
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import Correctable, Correction, Event, NeedIdentified
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import BARRIER_SIDE, Service, UsState
from exchange.core.release.client_tables import RELEASED_TABLES, ReleasedTable
from exchange.core.release.sensitivity import bounding_rule

FIRST_YEAR: Final = 2002
COHORT: Final = 21
YEARLY: Final = 9
"""Canaries of a cohort whose period is the year; those with quarters come after them."""
YEARS: Final = 3
"""The years in which a canary's events arrive."""
_PLACES: Final = tuple(state for state in UsState if len(str(state)) == 2)[:COHORT]
_UNCHAINED: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Timed:
    """An event, and its month of arrival: an epoch's number."""

    month: int
    event: Event


@dataclass(frozen=True, slots=True)
class _Strand:
    """The rules that bound the same bodies: the nation's, and the states' if there is one."""

    body: type[Correctable]
    applicable: tuple[str, ...]
    nation: CapRule
    state: CapRule | None


def _strands() -> Iterator[_Strand]:
    found: dict[tuple[type[Correctable], tuple[str, ...]], dict[Cap, CapRule]] = defaultdict(dict)
    for rule in RULES:
        if rule.body is not None:
            found[rule.body, rule.strand][rule.bit] = rule
    for (body, strand), rules in found.items():
        yield _Strand(body, strand, rules[Cap.NATION], rules.get(Cap.STATE))


@cache
def canary(number: int) -> tuple[Timed, ...]:
    """All events of the n-th canary (0–20) of the cohort of `FIRST_YEAR`."""
    start = epoch_of(FIRST_YEAR, 1)
    *months, quarter = _when(number)
    months = [start + month for month in months]
    period = period_of(FIRST_YEAR, quarter)
    place = _PLACES[number]
    found = []
    for strand in _strands():
        said = list(_marked(strand, number))
        found += [Timed(months[0], Event(1, _UNCHAINED, period, place, int(cap), body)) for body, cap in said]
        body, cap = said[0]
        back = Correction(1, _UNCHAINED, period, place, int(cap), body)
        found.append(Timed(months[1], Event(1, _UNCHAINED, period, place, int(cap), back)))
        found.append(Timed(months[2], Event(1, _UNCHAINED, period, place, int(cap), body)))
    past = NeedIdentified(Service.food)
    found.append(Timed(months[number % YEARS], Event(1, _UNCHAINED, period, place, int(Cap.PAST), past)))
    return tuple(found)


def _when(number: int) -> tuple[int, int, int, int]:
    """Months of sending, retracting and sending again, in three years; the quarter (0: year)."""
    if number < YEARLY:
        return number + 3, number + 15, number + 27, 0
    month = number - YEARLY
    if month >= 9:  # of a last quarter: retracted while it still has a bucket, as the quarter before
        return month, month + 3, month + 15, 4
    return month, month + 12, month + 27, month // 3 + 1


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
    keyed = list(_keyed(strand, number))
    for n in range(strand.nation.most):
        values: dict[str, Enum] = {}
        for field in fields(strand.body):
            codes = _codes(strand, field.name)
            if field.name == strand.nation.field:
                values[field.name] = keyed[n]
            else:
                values[field.name] = codes[number % len(codes)]
        within_state = strand.state is not None and n < strand.state.most
        yield _with(strand.body, values), Cap.NATION | Cap.STATE if within_state else Cap.NATION


def _keyed(strand: _Strand, number: int) -> Iterator[Enum]:
    """Different codes of the field that must differ; the states' rule wants different groups."""
    if not strand.nation.field:
        return
    codes = _codes(strand, strand.nation.field)
    if strand.state is None or not strand.state.group:
        yield from (codes[(number * strand.nation.most + n) % len(codes)] for n in range(strand.nation.most))
        return
    groups: dict[str, list[Enum]] = defaultdict(list)
    for code in codes:
        groups[GROUPINGS[strand.state.group][str(code)]].append(code)
    names = list(groups)
    yield from (groups[names[(number + n) % len(names)]][0] for n in range(strand.nation.most))


@cache
def _codes(strand: _Strand, field: str) -> tuple[Enum, ...]:
    """Codes of a field in the strand's finer tables, one a released value; or `not_applicable`."""
    none = field_type(strand.body, field)(NOT_APPLICABLE)
    rows = [row for row in _rows(strand) if field in (dimension.field for dimension in row.dimensions)]
    if not rows:
        every = (code for code in field_type(strand.body, field) if code is not none)
        return tuple(every) if field == strand.nation.field else (none,)
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
    """The strand's tables without those for sensitive codes: no event is in both of a pair."""
    rules = {strand.nation, strand.state}
    return [row for row in RELEASED_TABLES if row.table and not row.only and bounding_rule(row) in rules]


def _with(body: type[Correctable], values: dict[str, Enum]) -> Correctable:
    return body(**values)  # type: ignore[arg-type]  # the fields are the class's own
