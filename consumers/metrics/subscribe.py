"""Subscribe to points of `metrics`: past ones first, then each as it is published.

    async for point in subscribe("unmet_need_share", division="pacific", since="2026-03"):
        ...

Needs the base install and the right to read `metrics`, nothing else: no group, no offset is stored
anywhere.

Promised: every point of the topic that was asked for, in the order in which it was published; then
each new one. A point with the same metric, dimensions, period and epoch as an earlier one
replaces it; that happens only where an older version of the exchange published other bytes.
`Batch.go_on` is the place where a later subscription resumes: the points of this batch do not come
again, and none is left out. `Batch.mark` tells the record before it from any other, so that nobody
resumes in a topic that was made anew, where points may lie before that place that never came.

Not promised: that a batch whose `go_on` was not stored does not come again.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.query import Selection, select
from exchange.engine.kafka.connection.look import check_connection
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import decided_ends, newest_before, read_to
from exchange.kafka_address import with_address
from exchange.settings import Settings
from exchange.wire.message import MessageUnreadable
from exchange.wire.public_records import decode_point
from exchange.wire.topics import METRICS

TOPIC: Final = Partition(METRICS, 0)
RECORDS_MAX: Final = 1_000
"""Decoded in one go: 30 ms."""
WAIT_S: Final = 1.0


class StartUnknown(ExchangeError):
    """The place at which to go on is not in this cluster's metrics."""

    exit_code = ExitStatus.USAGE
    hint = "It is of another cluster, or of one that was made anew: start without it, from the first point."


@dataclass(frozen=True, slots=True)
class Batch:
    """Points that came together.

    `whole`: everything that had been published when reading began is handed over.

    `hidden`: how many fit but are not usable. `unreadable`: records that this version cannot read.
    `go_on`, `mark`: see above.
    """

    points: tuple[MetricPoint, ...]
    hidden: int
    unreadable: int
    go_on: int
    whole: bool
    mark: str = ""


async def follow(
    log: Log, asked: Selection, *, start: int = 0, mark: str = "", once: bool = False
) -> AsyncGenerator[Batch, None]:
    """The points in batches, from an earlier `go_on` on, with its `mark`.

    `once`: the points that are there now, and no more.

    Raises StartUnknown and the engine's named errors.
    """
    reader = await log.reader()
    try:
        begins, ends = await reader.beginning_offsets([TOPIC]), await decided_ends(reader, [TOPIC])
        if start and not begins[TOPIC] <= start <= ends[TOPIC]:
            raise StartUnknown
        reader.assign([TOPIC])
        if start and mark and not await _stands_before(reader, start, mark):
            raise StartUnknown
        reader.seek(TOPIC, max(start, begins[TOPIC]))
        go_on = max(start, begins[TOPIC])
        async for _, records in read_to(reader, ends, records_max=RECORDS_MAX):
            go_on = records[-1].offset + 1
            yield _batch(asked, records, whole=False)
            mark = mark_of(records[-1])
        yield Batch((), 0, 0, go_on, whole=True, mark=mark)
        while not once:
            found = await reader.getmany(timeout_s=WAIT_S, records_max=RECORDS_MAX)
            for records in found.values():
                if records:
                    yield _batch(asked, records, whole=True)
    finally:
        await reader.close()


def mark_of(record: Record) -> str:
    """What tells a record from others: the beginning of its SHA-256, 16 hexadecimal digits."""
    return sha256((record.key or b"") + b"\0" + (record.value or b"")).hexdigest()[:16]


async def _stands_before(reader: Reader, start: int, mark: str) -> bool:
    """Whether the record before a place has this mark. One that compaction removed says nothing."""
    record = await newest_before(reader, TOPIC, start - 1, start)
    return record is None or mark_of(record) == mark


@asynccontextmanager
async def metrics_log(settings: Settings | None = None) -> AsyncGenerator[Log, None]:
    """The exchange's log, for `follow`. `settings`: where it is; without them, the environment's.

    Raises NoKafka, and why no connection comes about: the faults of `check_connection`, such as
    AdvertisedInClear.
    """
    client = with_address(settings or Settings.model_validate({})).client("exchange-subscriber")
    await check_connection(client)
    log = KafkaLog(client)
    try:
        yield log
    finally:
        await log.close()


async def subscribe(
    *metrics: str,
    since: str = "",
    once: bool = False,
    everything: bool = False,
    settings: Settings | None = None,
    log: Log | None = None,
    **where: str,
) -> AsyncGenerator[MetricPoint, None]:
    """The points of these metrics (none named: of all), each as soon as it is published.

    `since`: the first epoch, such as 2026-03. `once`: stop at the last point that is there now.
    `everything`: also points that are not usable. `where`: code by dimension. `settings`: where the
    exchange is; without them, the environment's. `log`: read this log instead, such as the one of
    `exchange.testing`. Raises MetricUnknown, DimensionUnknown, CodeUnknown, EpochInvalid, NoKafka,
    the engine's named errors, and MessageUnreadable for a record of a newer version.
    """
    asked = select(metrics, since=since, where=where, everything=everything)
    async with (
        nullcontext(log) if log else metrics_log(settings) as found,
        aclosing(follow(found, asked, once=once)) as batches,
    ):
        async for batch in batches:
            if batch.unreadable:
                raise MessageUnreadable
            for point in batch.points:
                yield point


def _batch(asked: Selection, records: Sequence[Record], *, whole: bool) -> Batch:
    points, unreadable = [], 0
    for record in records:
        if record.value is None:
            continue
        try:
            points.append(decode_point(record.value))
        except MessageUnreadable:
            unreadable += 1
    about = [point for point in points if asked.about(point)]
    taken = tuple(point for point in about if asked.takes(point))
    newest = records[-1]
    return Batch(taken, len(about) - len(taken), unreadable, newest.offset + 1, whole, mark_of(newest))
