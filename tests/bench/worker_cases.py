"""The memory of a worker that has lived through a year: it admits, counts and draws everything.

A real `exchange worker` in a process of its own. The process of the draw is another one, which ends
with it; its peak is not in these numbers.
"""

import asyncio
import re
import tempfile
import time
from pathlib import Path

from exchange.core.counting.generation import GENERATION
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.commands import command
from exchange.trial.empty_cluster import Worker
from exchange.wire.topics import EVENTS, aggregates_of
from tests.bench.load import Size

QUIET_S = 2.0
"""So long nothing is written when everything is counted."""
MONTH = "2026-01"
"""The first year of the sample is over: most tables are due."""


async def living(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """From full inboxes to the draw of January; seconds until everything is counted."""
    with tempfile.TemporaryDirectory() as folder:
        changes = {"partitions": 1, "calendar": "off", "state_dir": Path(folder) / "state"}
        settings = Settings.model_validate({**settings.model_dump(exclude_unset=True), **changes})
        clock = time.perf_counter()
        worker = await Worker.start(settings, Path(folder) / "worker.log")
        try:
            took = await counted(settings, size.events) - clock
            before, _ = memory_mb(worker)
            closed = await command(settings, "release", "close", MONTH)
            if closed.status:
                raise RuntimeError(closed.errors)
            after, most = memory_mb(worker)
            cpu = cpu_seconds(worker)
        finally:
            await worker.stop()
    return size.events, took, cpu, f"{before} MB when all is counted, {after} MB after a draw, at most {most} MB"


async def counted(settings: Settings, events: int) -> float:
    """When the last of so many events was counted, by `time.perf_counter`."""
    log = KafkaLog(settings.client("bench"))
    reader = await log.reader()
    written, counts = Partition(EVENTS, 0), Partition(aggregates_of(GENERATION), 0)
    seen, changed = {written: 0, counts: 0}, time.perf_counter()
    try:
        while seen[written] < events or time.perf_counter() < changed + QUIET_S:
            ends = await reader.end_offsets([written, counts])
            if ends != seen:
                seen, changed = dict(ends), time.perf_counter()
            await asyncio.sleep(0.1)
        return changed
    finally:
        await reader.close()
        await log.close()


def memory_mb(worker: Worker) -> tuple[int, int]:
    """The resident memory of its process now, and at most so far."""
    told = Path(f"/proc/{worker.process.pid}/status").read_text()
    now, most = (int(re.findall(rf"^{name}:\s+(\d+) kB", told, re.MULTILINE)[0]) >> 10 for name in ("VmRSS", "VmHWM"))
    return now, most


def cpu_seconds(worker: Worker) -> float:
    """What its process alone has taken."""
    fields = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
