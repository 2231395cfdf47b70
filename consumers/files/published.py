"""What an export is made of: the points and releases up to one month, read from Kafka.

Rules kept: an export is a function of this value, so the same month has the same bytes whenever it
is made. A month whose releases or figures are not all there is refused: half a month would look
like a whole one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from consumers.metrics.subscribe import follow
from consumers.sheets.figure_columns import order_of_dimensions, order_of_metric
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.query import Selection
from exchange.core.metrics.table import BY_METRIC, METRICS
from exchange.core.metrics.view import View
from exchange.core.model.epochs import DAY_MS, ends_ms, epoch_text
from exchange.core.release.released import Release, Released
from exchange.engine.log import Log, Partition
from exchange.engine.reading import read_whole
from exchange.wire.message import MessageUnreadable
from exchange.wire.public_records import decode_release, point_key
from exchange.wire.topics import RELEASES

_EVERY = Selection(everything=True)
_TO_1970 = date(1970, 1, 1).toordinal()


class MonthUnknown(ExchangeError):
    """Nothing was released for this month."""

    exit_code = ExitStatus.USAGE
    hint = "`exchange subscribe --once` shows which months have figures."


class MonthIncomplete(ExchangeError):
    """Not everything of this month is published yet."""

    hint = "Export again in a few minutes; if it stays so, tell the operator, who sees why in `exchange status`."


@dataclass(frozen=True, slots=True)
class DataPublisher:
    """Who publishes the files. `address`: of page and API, without a slash at its end; or empty."""

    name: str = "Service events exchange"
    contact: str = "the operator of this exchange"
    email: str = ""
    address: str = ""


@dataclass(frozen=True)
class PublishedMonth:
    """All points and releases up to an epoch, in a fixed order."""

    epoch: int
    points: tuple[MetricPoint, ...]
    releases: tuple[Release, ...]
    publisher: DataPublisher = field(default_factory=DataPublisher)

    @property
    def month(self) -> str:
        """Such as `2026-04`."""
        return epoch_text(self.epoch)

    @property
    def day(self) -> str:
        """The last day of the month, such as `2026-04-30`: the date of everything in an export."""
        return date.fromordinal(_TO_1970 + ends_ms(self.epoch) // DAY_MS).isoformat()

    @cached_property
    def by_metric(self) -> dict[str, tuple[MetricPoint, ...]]:
        """The points of each metric that has any, in the order of the table of metrics."""
        found: dict[str, list[MetricPoint]] = {}
        for point in self.points:
            found.setdefault(point.metric, []).append(point)
        return {metric: tuple(points) for metric, points in found.items()}


def published(
    points: Sequence[MetricPoint], releases: Sequence[Release], epoch: int, publisher: DataPublisher | None = None
) -> PublishedMonth:
    """What was published up to an epoch. Raises MonthUnknown and MonthIncomplete.

    Of a point that came twice the later one counts.
    """
    newest = {point_key(point): point for point in points if point.epoch <= epoch and point.metric in BY_METRIC}
    held = Released().taking(release for release in releases if release.epoch <= epoch)
    if epoch not in held.epochs():
        raise MonthUnknown(f"Nothing was released for {epoch_text(epoch)}.")
    there = Counter(point.epoch for point in newest.values())
    for one in held.epochs():
        view = View(held, one)
        due = sum(1 for metric in METRICS for _ in metric.formula(view))
        if held.awaited(one) or there[one] < due:
            raise MonthIncomplete(f"{there[one]:,} of at least {due:,} figures of {epoch_text(one)} are there.")
    ranked = sorted(newest.values(), key=_order)
    return PublishedMonth(epoch, tuple(ranked), tuple(held.held.values()), publisher or DataPublisher())


def _order(point: MetricPoint) -> tuple[object, ...]:
    return (
        order_of_metric(point.metric),
        point.epoch,
        point.period or 0,
        order_of_dimensions(point.dimensions),
    )


async def read(log: Log) -> tuple[list[MetricPoint], list[Release]]:
    """Every point and release that is there now.

    Raises the engine's named errors, and MessageUnreadable for a record of a newer version.
    """
    points: list[MetricPoint] = []
    async for batch in follow(log, _EVERY, once=True):
        if batch.unreadable:
            raise MessageUnreadable
        points += batch.points
    releases: list[Release] = []
    reader = await log.reader()
    try:
        async for records in read_whole(reader, Partition(RELEASES, 0)):
            releases += [decode_release(record.value or b"") for record in records]
    finally:
        await reader.close()
    return points, releases
