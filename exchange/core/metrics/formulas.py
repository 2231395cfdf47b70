"""The formulas of metrics: pure functions from a view of the releases to figures.

Each maker here makes the formulas of one shape. A formula yields a figure for every period and
every cell of its fixed domain, whatever the numbers are. It yields nothing if one of its tables was
not released in the view's epoch. Codes for missing answers (`MISSING_CODES`) are counted but are in
no share: a share is of the known answers.

States are shown as they are, and added up to Census divisions; no other place is ever made up.
`all` is the sum over a dimension, in ratios whose two tables count the same codes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from exchange.core.counting.cells import NATION
from exchange.core.counting.tables import MISSING_CODES
from exchange.core.metrics.figures import Count, Dimensions, Figure, Quantiles, Ratio, Sums
from exchange.core.metrics.quantiles import MEDIAN, NINETIETH, Band
from exchange.core.metrics.view import Period, Sum, View
from exchange.core.model.vocabulary import DIVISION

ALL: Final = "all"
QUANTILES: Final[Mapping[str, Fraction]] = {"p50": MEDIAN, "p90": NINETIETH}

Formula = Callable[[View], Iterator[Figure]]
Place = tuple[Dimensions, tuple[str, ...]]
Values = tuple[str, ...]


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


def _sum(table: str, period: Period, where: Place, values: Iterable[Values]) -> Sums:
    return (Sum(table, period, where[1], tuple(values)),)


def counted(table: str) -> Formula:
    """Every cell of a table."""

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(table):
            for place in places(view, table):
                for values in view.values(table):
                    of = _sum(table, period, place, [values])
                    yield Figure((*place[0], *_named(view, table, values)), period, Count(of))

    return formula


def rated(over: str, under: str) -> Formula:
    """One table over another of the same dimensions, cell by cell and in all."""

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(over, under):
            there = set(view.values(under))
            both = [values for values in view.values(over) if values in there]
            for place in places(view, over):
                for label, values in (*((v, [v]) for v in both), ((ALL,) * len(view.dimensions(over)), both)):
                    ratio = Ratio(_sum(over, period, place, values), _sum(under, period, place, values))
                    yield Figure((*place[0], *_named(view, over, label)), period, ratio)

    return formula


def per(over: str, under: str) -> Formula:
    """Each known cell of a nation table over the whole of another."""

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(over, under):
            whole = _sum(under, period, ((), view.places(under)), view.values(under))
            for values in known(view, over):
                above = _sum(over, period, ((), view.places(over)), [values])
                yield Figure(_named(view, over, values), period, Ratio(above, whole))

    return formula


def shared(table: str) -> Formula:
    """Each known cell of a nation table as a share of all its known cells.

    Of an agency table: a share of the shown cells. It hides small cells, and cells that agencies
    joined or left, so a share of all cells would hardly ever be shown.
    """

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(table):
            where, there = ((), view.places(table)), known(view, table)
            shown = [v for v in there if view.clients(table) or view.estimate(_sum(table, period, where, [v]))]
            for values in there:
                above, below = _sum(table, period, where, [values]), _sum(table, period, where, shown or there)
                yield Figure(_named(view, table, values), period, Ratio(above, below, part=True))

    return formula


def shared_within(table: str) -> Formula:
    """Each known cell of a two-way nation table as a share of those with the same last code."""

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(table):
            where, there = ((), view.places(table)), known(view, table)
            for values in there:
                alike = [one for one in there if one[-1] == values[-1]]
                above, below = _sum(table, period, where, [values]), _sum(table, period, where, alike)
                yield Figure(_named(view, table, values), period, Ratio(above, below, part=True))

    return formula


def part_of(table: str, part: str) -> Formula:
    """Among cells that differ in a nation table's last dimension only: the share with this code."""

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(table):
            where, there = ((), view.places(table)), view.values(table)
            for others in dict.fromkeys(values[:-1] for values in there):
                whole = [values for values in there if values[:-1] == others]
                above, below = _sum(table, period, where, [(*others, part)]), _sum(table, period, where, whole)
                yield Figure(_named(view, table, whole[0])[:-1], period, Ratio(above, below, part=True))

    return formula


def over_last(table: str) -> Formula:
    """A nation table's cells, added up over its last dimension."""

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(table):
            where, there = ((), view.places(table)), view.values(table)
            for others in dict.fromkeys(values[:-1] for values in there):
                whole = [values for values in there if values[:-1] == others]
                yield Figure(_named(view, table, whole[0])[:-1], period, Count(_sum(table, period, where, whole)))

    return formula


def share_of(table: str, above: Sequence[str], below: Sequence[str] = ()) -> Formula:
    """Some codes of a one-way nation table as a share of others, or of all known ones."""

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(table):
            where, there = ((), view.places(table)), known(view, table)
            under = [values for values in there if not below or values[0] in below]
            over = [values for values in under if values[0] in above]
            if over:
                yield Figure(
                    (), period, Ratio(_sum(table, period, where, over), _sum(table, period, where, under), True)
                )

    return formula


def quantiles(table: str, bands: Mapping[str, Band]) -> Formula:
    """Median and 90th percentile over a table's last dimension, for each of its other values."""

    def formula(view: View) -> Iterator[Figure]:
        for period in view.periods(table):
            where = ((), view.places(table))
            for others in dict.fromkeys(values[:-1] for values in view.values(table)):
                cells = tuple(_sum(table, period, where, [(*others, band)]) for band in bands)
                for name, q in QUANTILES.items():
                    dimensions = (*_named(view, table, (*others, ""))[:-1], ("quantile", name))
                    yield Figure(dimensions, period, Quantiles(cells, tuple(bands.values()), q))

    return formula


def evidence(topics: Mapping[str, Mapping[str, Sequence[str]]]) -> Formula:
    """The number of events for topic → table → codes of its first dimension (none: all known)."""

    def formula(view: View) -> Iterator[Figure]:
        for topic, tables in topics.items():
            for period in view.periods(*tables):
                sums = tuple(
                    Sum(table, period, view.places(table), _chosen(view, table, codes))
                    for table, codes in tables.items()
                )
                yield Figure((("research_topic", topic),), period, Count(sums))

    return formula


def _chosen(view: View, table: str, codes: Sequence[str]) -> tuple[Values, ...]:
    return tuple(v for v in view.values(table) if v[0] in codes) if codes else known(view, table)


def either(*formulas: Formula) -> Formula:
    """The figures of several formulas, under one name."""

    def formula(view: View) -> Iterator[Figure]:
        for one in formulas:
            yield from one(view)

    return formula
