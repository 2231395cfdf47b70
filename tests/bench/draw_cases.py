"""The cost of a draw: its counting, its noise, and the whole in the process of its own."""

import time

from consumers.log_source import KafkaSource
from consumers.release.draw_process import DrawInProcess
from consumers.release.draw_task import Agencies, DrawCounts, carry_out, recorded
from exchange.core.model.epochs import begins_ms, epoch_of
from exchange.core.release.closed_epochs import Closed, Moment
from exchange.core.release.closing import Draw, DrawTask, decide_close
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.wire.topics import EVENTS
from tests.bench.load import Size

CELLS = 50_000


async def counting(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """Count as a draw does before its noise: from events to every table's exact counts."""
    relax_collector()
    log = KafkaLog(settings.client("bench"))
    task = january(await end_of(log))
    clock, cpu, read = time.perf_counter(), time.process_time(), list[int]()
    drawn = await carry_out(log, task, lambda _, length: [0] * length, read.append)
    took = time.perf_counter() - clock, time.process_time() - cpu
    await log.close()
    return sum(read), *took, f"{len(drawn.parts)} tables"


async def releasing(_: Settings, size: Size) -> tuple[int, float, float, str]:
    """The rest of a draw for 50,000 cells or more: noise, agency tables, encoding; counts cells."""
    from consumers.release.noise import gaussian

    task = january((0,))
    lengths = sum(due.length for due in task.clients)
    times = -(-CELLS // lengths)
    clock, cpu = time.perf_counter(), time.process_time()
    for _again in range(times):
        drawn = recorded(task, DrawCounts(task), Agencies(), gaussian)
    took = time.perf_counter() - clock, time.process_time() - cpu
    return lengths * times, *took, f"{len(drawn.parts)} releases, {sum(len(v) for _, v in drawn.parts):,} bytes"


def january(cut: tuple[int, ...]) -> DrawTask:
    """Every table due at once, from the log's beginning, for the first year of the sample."""
    epoch = epoch_of(2026, 1)
    draw = decide_close(Closed(), epoch, Moment(begins_ms(epoch + 1), cut, 0))
    assert isinstance(draw, Draw)
    return draw.task


async def drawing(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """A whole draw as in a worker: start of its process, counting, noise, return of its parts."""
    log = KafkaLog(settings.client("bench"))
    task = january(await end_of(log))
    await log.close()
    drawer, took, read = DrawInProcess(KafkaSource(settings)), list[float](), list[int]()
    cpu = time.process_time()
    for _ in range(2):
        clock = time.perf_counter()
        await drawer.draw(task, read.append)
        took.append(time.perf_counter() - clock)
    note = f"the first of a worker {took[0]:.2f} s, the next as here; CPU of the worker alone"
    return sum(read) // 2, took[1], (time.process_time() - cpu) / 2, note


async def end_of(log: KafkaLog) -> tuple[int]:
    """The cut at the end of the only partition."""
    source = Partition(EVENTS, 0)
    reader = await log.reader()
    try:
        return ((await reader.end_offsets([source]))[source],)
    finally:
        await reader.close()
