"""The meaning of a tier: when a release is due, where it has cells, which periods it has.

The code that draws releases, the budget and the readers all use this. Buckets say which period an
increment belongs to, seen from the epoch in which it arrived:

| bucket | period | tables |
|---|---|---|
| `quarter`, `quarter before` | the epoch's quarter, and the one before it | monthly, quarterly |
| `year`, `year before` | the same for years | yearly: all of it; others: year records |
| `earlier` | everything else | all |

Every period is in exactly one bucket of an epoch (`bucket_of`): `exchange.core.release.sensitivity`
depends on it.
"""

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Final

from exchange.core.counting.cells import NATION
from exchange.core.counting.tables import NOT_APPLICABLE, Tier
from exchange.core.model.epochs import month_of, quarter_of_epoch, year_of_epoch
from exchange.core.model.period import quarter_of, year_period
from exchange.core.model.vocabulary import UsState

STATES: Final = tuple(str(state) for state in UsState if state != NOT_APPLICABLE)
"""Every place of a state release: each state, and each code for a missing one."""
EARLIER: Final = 0
"""All periods that a release does not tell apart. No period has this number."""


class Bucket(Enum):
    """Which period an increment belongs to, seen from its epoch."""

    QUARTER = "quarter"
    QUARTER_BEFORE = "quarter before"
    YEAR = "year"
    YEAR_BEFORE = "year before"
    EARLIER = "earlier"


_YEARLY: Final = (Bucket.YEAR, Bucket.YEAR_BEFORE, Bucket.EARLIER)
BUCKETS: Final[Mapping[Tier, tuple[Bucket, ...]]] = {
    Tier.NATION_MONTHLY: tuple(Bucket),
    Tier.NATION_QUARTERLY: tuple(Bucket),
    Tier.NATION_YEARLY: _YEARLY,
    Tier.STATE_YEARLY: _YEARLY,
}
MONTHS_BETWEEN: Final[Mapping[Tier, int]] = {
    Tier.NATION_MONTHLY: 1,
    Tier.NATION_QUARTERLY: 3,
    Tier.NATION_YEARLY: 12,
    Tier.STATE_YEARLY: 12,
}


def period_of_bucket(bucket: Bucket, epoch: int) -> int:
    """The period of a bucket in an epoch's release; EARLIER for all others."""
    match bucket:
        case Bucket.QUARTER:
            return quarter_of_epoch(epoch)
        case Bucket.QUARTER_BEFORE:
            before = quarter_of_epoch(epoch) - 1
            return before if quarter_of(before) else before - 1
        case Bucket.YEAR:
            return year_of_epoch(epoch)
        case Bucket.YEAR_BEFORE:
            return year_of_epoch(epoch) - 5
        case Bucket.EARLIER:
            return EARLIER


@lru_cache(maxsize=1 << 12)
def bucket_of(tier: Tier, epoch: int, period: int) -> Bucket:
    """The bucket of a period in a release of this tier and epoch.

    The period need not have begun.
    """
    seen = period if Bucket.QUARTER in BUCKETS[tier] else year_period(period)
    found = (bucket for bucket in BUCKETS[tier] if period_of_bucket(bucket, epoch) == seen)
    return next(found, Bucket.EARLIER)


def is_due(tier: Tier, epoch: int) -> bool:
    """Whether tables of a tier are released when this epoch closes: each month, quarter or year."""
    return tier in MONTHS_BETWEEN and month_of(epoch) % MONTHS_BETWEEN[tier] == 0


def whole_places(tier: Tier) -> tuple[str, ...]:
    """The places of a release: the nation, or every state."""
    return STATES if tier is Tier.STATE_YEARLY else (NATION,)
