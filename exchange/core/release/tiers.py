"""The meaning of a tier: when a table is released, where it has cells, which periods it counts.

The code that draws releases, the budget and the readers all use this. Every period is counted once,
in one epoch, by the month after it:

| tier | epochs | periods, a block of cells each |
|---|---|---|
| quarterly | January, April, July, October | the quarter before |
| yearly | January | the year before, with its four quarters |
| too late | as quarterly | the quarter before that: what came after it was counted |
| arrivals | each month | none: what arrived in the month, of whatever period |

In January quarterly tables have one more block: the year before, as agencies send it that report no
finer period. A period is in at most one block of one epoch (`block_of`, `due_epoch`):
`exchange.core.release.sensitivity` depends on it.
"""

from functools import lru_cache
from typing import Final

from exchange.core.counting.cells import NATION
from exchange.core.counting.tables import NOT_APPLICABLE, Tier
from exchange.core.model.epochs import month_after, month_of, quarter_of_epoch, year_of_epoch
from exchange.core.model.period import quarter_before, quarter_of, year_before, year_period
from exchange.core.model.vocabulary import UsState

STATES: Final = tuple(str(state) for state in UsState if state != NOT_APPLICABLE)
"""Every place of a state release: each state, and each code for a missing one."""
ARRIVED: Final = 0
"""Stands for the month of arrival where a release counts no period. No period has this number."""
MONTHS_OF_QUARTER: Final = 3
_YEARLY: Final = frozenset({Tier.NATION_YEARLY, Tier.STATE_YEARLY})


@lru_cache(maxsize=1 << 12)
def periods_due(tier: Tier, epoch: int) -> tuple[int, ...]:
    """The periods that a table of this tier counts when an epoch closes, a block each; in order."""
    month = month_of(epoch)
    if tier is Tier.NATION_ARRIVALS:
        return (ARRIVED,)
    if tier is Tier.NEVER or (month - 1) % MONTHS_OF_QUARTER:
        return ()
    before, year = quarter_before(quarter_of_epoch(epoch)), (year_before(year_of_epoch(epoch)),)
    if tier in _YEARLY:
        return year if month == 1 else ()
    if tier is Tier.NATION_LATE:
        return (quarter_before(before),)
    return (before, *year) if month == 1 else (before,)


def is_due(tier: Tier, epoch: int) -> bool:
    """Whether tables of a tier are released when this epoch closes."""
    return bool(periods_due(tier, epoch))


def block_of(tier: Tier, epoch: int, period: int) -> int | None:
    """The number of the block in which an event of this period counts; None: in none."""
    if tier is Tier.NATION_ARRIVALS:
        return 0
    due, counted = periods_due(tier, epoch), year_period(period) if tier in _YEARLY else period
    return due.index(counted) if counted in due else None


def due_epoch(tier: Tier, period: int) -> int | None:
    """The epoch in which a period is counted; None: an arrival may come at any time, or never."""
    match tier:
        case Tier.NATION_QUARTERLY:
            return month_after(period)
        case Tier.NATION_LATE:
            return month_after(period) + MONTHS_OF_QUARTER if quarter_of(period) else None
        case Tier.NATION_YEARLY | Tier.STATE_YEARLY:
            return month_after(year_period(period))
        case _:
            return None


def whole_places(tier: Tier) -> tuple[str, ...]:
    """The places of a release: the nation, or every state."""
    return STATES if tier is Tier.STATE_YEARLY else (NATION,)
