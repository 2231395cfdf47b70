"""What `exchange serve` reads in its cases: years of figures of every table, and the last releases.

Each year is the same year, moved: its periods, its months of release and the months that its
figures were computed from. So each figure of a period is there once, as in a real exchange.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from consumers.metrics.derive import usability_of
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import points
from exchange.core.model.epochs import epoch_of, epoch_text
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release, Released
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Producer
from exchange.settings import Settings
from tests.kits.serve_world import DRAWN, POINTS, as_records, as_released, releases

LAST = epoch_of(2097, 1)
"""The last month: so late that there is room for a million points before it."""
LAST_TEXT = epoch_text(LAST)
MONTHS, PERIODS = 12, 5
"""A year, in epochs and in periods."""
BATCH = 2_000


@cache
def last_releases() -> list[Release]:
    """The releases of the last year."""
    return releases(LAST, LAST - MONTHS + 1, tuple(DECLARED))


@cache
def a_year() -> tuple[MetricPoint, ...]:
    """The points of the last year."""
    released = Released().taking(last_releases())
    usable = usability_of(released).usable
    return tuple(one for epoch in released.epochs() for one in points(released, epoch, usable))


def moved(point: MetricPoint, years: int) -> MetricPoint:
    """The same point, so many years later."""
    months = years * MONTHS
    return replace(
        point,
        epoch=point.epoch + months,
        period=None if point.period is None else point.period + years * PERIODS,
        computed_from=tuple(replace(one, epoch=one.epoch + months) for one in point.computed_from),
    )


def made_up(count: int) -> Iterator[MetricPoint]:
    """So many points in the order of their release; the oldest year may be cut."""
    year = a_year()
    for left in range(count, 0, -1):
        years, at = divmod(left - 1, len(year))
        yield moved(year[len(year) - 1 - at], -years) if years else year[len(year) - 1 - at]


def next_month() -> list[MetricPoint]:
    """The points of the last month, a year later."""
    return [moved(point, 1) for point in a_year() if point.epoch == LAST]


async def fill(settings: Settings, count: int) -> None:
    """Write both topics."""
    log = KafkaLog(settings.client("bench"))
    producer = await log.producer()
    await producer.send(DRAWN, as_released(last_releases()))
    await send(producer, made_up(count))
    await producer.close()
    await log.close()


async def send(producer: Producer, some: Iterable[MetricPoint]) -> None:
    """Write points, in batches."""
    batch = []
    for point in some:
        batch.append(point)
        if len(batch) == BATCH:
            await producer.send(POINTS, as_records(batch))
            batch = []
    await producer.send(POINTS, as_records(batch))
