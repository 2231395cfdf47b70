"""The formulas of metrics: pure functions from a view of the releases to figures.

Each maker here makes the formulas of one shape. A formula yields a figure for every period that is
new in the view's epoch and every cell of its fixed domain, whatever the numbers are. It yields
nothing for a period that one of its tables lacks. Codes for missing answers (`MISSING_CODES`) are
counted but are in no share: a share is of the known answers.

States are shown as they are, and added up to Census divisions; in one ratio, to the nation.
`all` is the sum over a dimension, in ratios whose two tables count the same codes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product, takewhile
from typing import Final

from exchange.core.counting.cells import NATION
from exchange.core.counting.tables import MISSING_CODES
from exchange.core.metrics.figures import Count, Dimensions, Figure, Quantiles, Ratio, Says, Sums
from exchange.core.metrics.quantiles import MEDIAN, NINETIETH, Band
from exchange.core.metrics.view import ARRIVALS, Period, Sum, View
from exchange.core.model.period import quarter_of, year_before
from exchange.core.model.vocabulary import DIVISION

ALL: Final = "all"
QUANTILES: Final[Mapping[str, Fraction]] = {"p50": MEDIAN, "p90": NINETIETH}
YEARS_MAX: Final = 3
"""A mean is over so many years at most."""

Formula = Callable[[View], Iterator[Figure]]
OfPeriod = Callable[[View, Period], Iterator[tuple[Dimensions, Says]]]
"""The figures of one period, by their dimensions."""
Place = tuple[Dimensions, tuple[str, ...]]
Values = tuple[str, ...]


def _formula(tables: Iterable[str], of_period: OfPeriod) -> Formula:
    """The formula that has these figures in every period in which the tables can be compared."""
    compared = tuple(tables)

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(*compared):
            for dimensions, says in of_period(view, period):
                yield Figure(dimensions, period, says)

    return formula


def places(view: View, table: str) -> Iterator[Place]:
    """The nation, which has no dimension; or each state and each division."""
    found = view.places(table)
    if found == (NATION,):
        yield (), found
        return
    yield from (((("state", state),), (state,)) for state in found)
    for division in dict.fromkeys(DIVISION[state] for state in found if state not in MISSING_CODES):
        yield (("division", division),), tuple(state for state in found if DIVISION[state] == division)


def known(view: View, table: str) -> tuple[Values, ...]:
    """The values of a table without codes for missing answers."""
    return tuple(values for values in view.values(table) if MISSING_CODES.isdisjoint(values))


def _named(view: View, table: str, values: Values) -> Dimensions:
    return tuple(zip(view.dimensions(table), values, strict=True))


def _sum(view: View, table: str, period: Period, values: Iterable[Values]) -> Sums:
    """Cells of a table, in all of its places together."""
    return (Sum(table, period, view.places(table), tuple(values)),)


def counted(table: str) -> Formula:
    """Every cell of a table."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        for (place, where), values in product(places(view, table), view.values(table)):
            yield (*place, *_named(view, table, values)), Count((Sum(table, period, where, (values,)),))

    return _formula([table], of_period)


def in_all(table: str) -> Formula:
    """All cells of a nation table together, codes for missing answers among them."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        yield (), Count(_sum(view, table, period, view.values(table)))

    return _formula([table], of_period)


def mean(table: str) -> Formula:
    """The mean of each cell of a yearly table over the last two or three years, drawn in a row."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        years = tuple(takewhile(lambda year: view.has(table, year), _years(period)))
        if len(years) <= 1:
            return
        for (place, where), values in product(places(view, table), view.values(table)):
            sums = tuple(Sum(table, year, where, (values,)) for year in years)
            yield (*place, *_named(view, table, values)), Count(sums, len(years))

    return _formula([table], of_period)


def _years(period: Period) -> Iterator[int]:
    """A year and those before it; none of a quarter."""
    if period is not ARRIVALS and not quarter_of(period):
        for _ in range(YEARS_MAX):
            yield period
            period = year_before(period)


def rated(over: str, under: str) -> Formula:
    """One table over another of the same dimensions, cell by cell and in all."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        there = set(view.values(under))
        both = tuple(values for values in view.values(over) if values in there)
        every = (*((values, (values,)) for values in both), ((ALL,) * len(view.dimensions(over)), both))
        for (place, where), (label, values) in product(places(view, over), every):
            ratio = Ratio((Sum(over, period, where, values),), (Sum(under, period, where, values),))
            yield (*place, *_named(view, over, label)), ratio

    return _formula([over, under], of_period)


def rated_in_all(over: str, under: str) -> Formula:
    """As `rated`, of all places of two state tables together: the nation's."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        for values in view.values(over):
            ratio = Ratio(_sum(view, over, period, [values]), _sum(view, under, period, [values]))
            yield _named(view, over, values), ratio

    return _formula([over, under], of_period)


def per(over: str, under: str) -> Formula:
    """Each known cell of a nation table over the whole of another."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        whole = _sum(view, under, period, view.values(under))
        for values in known(view, over):
            yield _named(view, over, values), Ratio(_sum(view, over, period, [values]), whole)

    return _formula([over, under], of_period)


def shared(table: str) -> Formula:
    """Each known cell of a nation table as a share of all its known cells.

    Of an agency table: a share of the shown cells. It hides small cells, and cells that agencies
    joined or left, so a share of all cells would hardly ever be shown.
    """

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        there = known(view, table)
        shown = [v for v in there if view.clients(table) or view.estimate(_sum(view, table, period, [v]))]
        below = _sum(view, table, period, shown or there)
        for values in there:
            yield _named(view, table, values), Ratio(_sum(view, table, period, [values]), below, part=True)

    return _formula([table], of_period)


def shared_within(table: str) -> Formula:
    """Each known cell of a two-way nation table as a share of those with the same last code."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        there = known(view, table)
        for values in there:
            alike = _sum(view, table, period, (one for one in there if one[-1] == values[-1]))
            yield _named(view, table, values), Ratio(_sum(view, table, period, [values]), alike, part=True)

    return _formula([table], of_period)


def part_of(table: str, part: str) -> Formula:
    """Among cells that differ in a nation table's last dimension only: the share with this code."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        for others, whole in _but_for_the_last(view, table):
            above, below = _sum(view, table, period, [(*others, part)]), _sum(view, table, period, whole)
            yield _named(view, table, whole[0])[:-1], Ratio(above, below, part=True)

    return _formula([table], of_period)


def over_last(table: str) -> Formula:
    """A nation table's cells, added up over its last dimension."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        for _, whole in _but_for_the_last(view, table):
            yield _named(view, table, whole[0])[:-1], Count(_sum(view, table, period, whole))

    return _formula([table], of_period)


def _but_for_the_last(view: View, table: str) -> Iterator[tuple[Values, list[Values]]]:
    """The values of a table that differ in the last dimension only, by the others."""
    there = view.values(table)
    for others in dict.fromkeys(values[:-1] for values in there):
        yield others, [values for values in there if values[:-1] == others]


def share_of(table: str, above: Sequence[str], below: Sequence[str] = ()) -> Formula:
    """Some codes of a one-way nation table as a share of others, or of all known ones."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        under = [values for values in known(view, table) if not below or values[0] in below]
        over = [values for values in under if values[0] in above]
        if over:
            yield (), Ratio(_sum(view, table, period, over), _sum(view, table, period, under), part=True)

    return _formula([table], of_period)


def quantiles(table: str, bands: Mapping[str, Band]) -> Formula:
    """Median and 90th percentile over a table's last dimension, for each of its other values."""

    def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
        for others in dict.fromkeys(values[:-1] for values in view.values(table)):
            cells = tuple(Sum(table, period, view.places(table), ((*others, band),)) for band in bands)
            for name, q in QUANTILES.items():
                dimensions = (*_named(view, table, (*others, ""))[:-1], ("quantile", name))
                yield dimensions, Quantiles(cells, tuple(bands.values()), q)

    return _formula([table], of_period)


def evidence(topics: Mapping[str, Mapping[str, Sequence[str]]]) -> Formula:
    """The number of events for topic → table → codes of its first dimension (none: all known)."""

    def of(topic: str, tables: Mapping[str, Sequence[str]]) -> Formula:
        def of_period(view: View, period: Period) -> Iterator[tuple[Dimensions, Says]]:
            terms = (_sum(view, table, period, _chosen(view, table, codes)) for table, codes in tables.items())
            yield (("research_topic", topic),), Count(tuple(one for term in terms for one in term))

        return _formula(tables, of_period)

    return either(*(of(topic, tables) for topic, tables in topics.items()))


def _chosen(view: View, table: str, codes: Sequence[str]) -> tuple[Values, ...]:
    return tuple(v for v in view.values(table) if v[0] in codes) if codes else known(view, table)


def either(*formulas: Formula) -> Formula:
    """The figures of several formulas, under one name."""

    def formula(view: View) -> Iterator[Figure]:
        for one in formulas:
            yield from one(view)

    return formula
