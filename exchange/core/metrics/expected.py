"""Which sums are usable as of an epoch: the public sizes that the exchange goes by, fitted to each sum's own period.

Rules kept (docs/adr/0019-public-sizes.md): what is expected of a period of year Y comes from the releases of year Y-1 as they
stood when its last month closed, the nation's cells only, where a table was released for all of that year; else from planned
sizes, which were fixed before the first release. A running figure holds every release, so only planned sizes can judge it. So
no release is judged by anything that holds a part of its own noise, and what was usable stays so, whatever comes later.
"""

from collections.abc import Mapping
from fractions import Fraction

from exchange.core.metrics.figures import Usable
from exchange.core.metrics.public_sizes import Values, spread, usable_sums
from exchange.core.metrics.view import RUNNING, Sum, View
from exchange.core.model.epochs import epoch_of, is_epoch
from exchange.core.model.period import period_of, year_of
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.released import Released

Yearly = Mapping[tuple[str, Values], Fraction | int]
"""(released table, values) → events of the nation in a year, within caps."""
_PLANNED = None


class Judge:
    """Says of all sums of these releases whether they are usable. Keeps what it has worked out about a year."""

    def __init__(self, released: Released, planned: Yearly) -> None:
        self.released = released
        self._planned = planned
        self._starts = released.starts()
        self._yearly: dict[int | None, Yearly] = {_PLANNED: planned}

    def usable(self, epoch: int) -> Usable:
        """The judgement as of an epoch."""
        by_year: dict[int | None, Usable] = {}
        known: dict[Sum, bool] = {}

        def judged(one: Sum) -> bool:
            if one not in known:
                known[one] = anew(one)
            return known[one]

        def anew(one: Sum) -> bool:
            year = _PLANNED if one.period is RUNNING else year_of(one.period)
            if year not in by_year:
                by_year[year] = usable_sums(spread(self._sizes(year)), self._starts, epoch)
            return by_year[year](one)

        return judged

    def _sizes(self, year: int | None) -> Yearly:
        if year not in self._yearly:
            assert year is not None  # the planned ones are there from the start
            self._yearly[year] = {**self._planned, **last_year(self.released, year)}
        return self._yearly[year]


def last_year(released: Released, year: int) -> Yearly:
    """What was released of the year before for the nation, by its last month; tables that do not have all of it left out."""
    if not is_epoch(year * 12 - 1):
        return {}
    period, january, december = period_of(year - 1), epoch_of(year - 1, 1), epoch_of(year - 1, 12)
    view, starts, found = View(released, december), released.starts(), dict[tuple[str, Values], Fraction]()
    for table in TABLE_COSTS:
        if not view.has(table) or starts[table] > january:
            continue
        for values in view.values(table):
            estimate = view.estimate([Sum(table, period, view.places(table), (values,))])
            if estimate is not None:
                found[table, values] = max(Fraction(0), Fraction(estimate.value))
    return found
