"""What may be expected of a sum before its noise is drawn, and so whether it is usable: fits `usable` to what figures ask.

A figure asks about sums of cells in one period (`exchange.core.metrics.figures`, rule 2); the rule (`exchange.core.metrics.usable`) is about a
count and the noise on it. Between them stand two public things: the calendar, which says how many increments of each cell
the sum adds up, and sizes.

Rules kept: nothing here sees an estimate. Sizes are events a year, known before the draw: last year's release of the same
cell, or a national figure spread over the states by population. What is expected of a period is its share of the year, by the
months of it that had passed at the epoch and were counted; a cell without a size adds nothing. Agency tables are exact, so
their sums are usable. Reconciled figures have less noise than is reckoned here, never more.

Not promised: that the caller's sizes are of other releases than those judged. They have to be: a running figure holds last
year's release, so its sizes must come from somewhere else.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Final

from exchange.core.counting.cells import NATION
from exchange.core.counting.tables import Tier
from exchange.core.metrics.figures import Usable
from exchange.core.metrics.usable import by_population, usable
from exchange.core.metrics.view import RUNNING, Period, Sum, lies_in
from exchange.core.model.epochs import first_month
from exchange.core.model.period import quarter_of
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.tiers import BUCKETS, is_due, period_of_bucket

Values = tuple[str, ...]
Sizes = Callable[[str, str, Values], Fraction]
"""(table, place, values) → events a year; 0 where nothing is known."""
_SHARES: Final = {NATION: Fraction(1), **{str(state): share for state, share in by_population(1).items()}}
_NOBODY: Final = Fraction(0)
_REMEMBERED: Final = 4_096
"""Tables, periods and epochs that the same is reckoned for again and again."""


def spread(yearly: Mapping[tuple[str, Values], Fraction | int]) -> Sizes:
    """Sizes from the nation's figures, (table, values) → events a year: states have their share of the people."""

    def size(table: str, place: str, values: Values) -> Fraction:
        return yearly.get((table, values), 0) * _SHARES.get(place, _NOBODY)

    return size


def usable_sums(sizes: Sizes, since: Mapping[str, int], epoch: int) -> Usable:
    """Which sums are usable as of an epoch. `since`: of each table the first month that its releases count."""

    def judged(one: Sum) -> bool:
        if one.table not in since or one.table not in DECLARED:
            return False
        if one.table not in TABLE_COSTS:
            return True
        start = since[one.table]
        each = increments(DECLARED[one.table].tier, start, epoch, one.period)
        added = each * len(one.places) * len(one.values)
        passed = Fraction(months(start, epoch, one.period), 12)
        if not added or not passed:
            return False
        yearly = sum((sizes(one.table, place, values) for place in one.places for values in one.values), Fraction(0))
        return usable(yearly * passed, TABLE_COSTS[one.table].scale, added)

    return judged


@lru_cache(maxsize=_REMEMBERED)
def increments(tier: Tier, since: int, epoch: int, period: Period) -> int:
    """How many increments of a cell make up a period as of an epoch: every bucket of it in every release since."""
    due = (when for when in range(since, epoch + 1) if is_due(tier, when))
    return sum(lies_in(period_of_bucket(bucket, when), period) for when in due for bucket in BUCKETS[tier])


@lru_cache(maxsize=_REMEMBERED)
def months(since: int, epoch: int, period: Period) -> int:
    """Months of a period that had passed at the epoch and were counted."""
    if period is RUNNING:
        return epoch - since + 1
    start = first_month(period)
    end = start + (3 if quarter_of(period) else 12) - 1
    return max(0, min(end, epoch) - max(start, since) + 1)
