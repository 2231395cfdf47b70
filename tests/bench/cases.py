"""Run one measurement: `python -m tests.bench.cases NAME BOOTSTRAP EVENTS AGENCIES`.

Prints one JSON object: events, seconds, CPU seconds, peak memory in MB. The clock starts when the
case has everything but its records. The start of the process counts for memory, not for seconds.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from zlib import crc32

from consumers.metrics.arrivals import Arrivals
from consumers.metrics.derive import FROM, SETTLE_S, TO, Derive
from consumers.replay import KafkaSource, replay
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.kafka.log import KafkaLog
from exchange.settings import Settings
from exchange.wire.public_records import encode_release, release_key
from tests.bench import agency_cases
from tests.bench.archive_cases import archiving, restoring
from tests.bench.draw_cases import counting, drawing, releasing
from tests.bench.lane_cases import bare, bare_relaxed, fold, gate, latency
from tests.bench.load import Size, load
from tests.bench.page_cases import charting, exporting, opening
from tests.bench.serve_cases import answering, reading, streaming
from tests.bench.worker_cases import living
from tests.kits.release_world import AFTER, APRIL, releases

LAST = AFTER + 24
"""The third January: states have means of three years."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one case took. `numbers`: what else it measured, by name, for the summary."""

    case: str
    events: int
    agencies: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    note: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)


Plain = tuple[int, float, float, str]
Case = Callable[[Settings, Size], Awaitable[Plain | tuple[int, float, float, str, Mapping[str, float]]]]


async def replaying(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """Fold the log again in this process and compare every cell."""
    relax_collector()
    clock, cpu = time.perf_counter(), time.process_time()
    result = await replay(KafkaSource(settings), processes=0)
    took = time.perf_counter() - clock, time.process_time() - cpu
    return result.events, *took, result.verdict.value


async def derive(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """Derive the third January's points, the most there are, until the last is in `metrics`."""
    made = releases(list(DECLARED), APRIL, LAST, lambda *where: crc32(repr(where).encode()) % 500, 64)
    log = KafkaLog(settings.client("bench"))
    producer = await log.producer()
    before, last = ([one for one in made if (one.epoch == LAST) is late] for late in (False, True))

    async def publish(some: list[Release]) -> None:
        await producer.send(FROM, [(release_key(one), encode_release(one)) for one in some])

    await publish(before)
    arrivals = Arrivals()
    deriving = Derive(log, arrivals)
    running = asyncio.create_task(deriving.run())

    async def written(epoch: int) -> None:
        while not running.done():
            if epoch in deriving._intake.released.epochs() and not deriving._intake.pending:
                return
            await asyncio.sleep(0.002)
        running.result()

    await written(LAST - 1)
    reader = await log.reader()
    stood = (await reader.end_offsets([TO]))[TO]
    clock, cpu = time.perf_counter(), time.process_time()
    await publish(last)
    arrivals.hand_on((await reader.end_offsets([FROM]))[FROM] - 1)
    await written(LAST)
    took = time.perf_counter() - clock, time.process_time() - cpu
    points = (await reader.end_offsets([TO]))[TO] - stood
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await asyncio.gather(reader.close(), producer.close())
    await log.close()
    return points, *took, f"points of {len(last)} releases; {SETTLE_S} s of it waiting for more"


async def faust_table(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """The same counting with a Faust table: what DESIGN §6 turned down."""
    from tests.bench.faust_table import count_with_faust

    seconds, cpu = await count_with_faust(settings, size.events)
    return size.events, seconds, cpu, "faust table, at least once, in memory"


async def loading(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """Generate the sample and fill the inboxes; not a measurement of the exchange."""
    clock, cpu = time.perf_counter(), time.process_time()
    await load(settings, size)
    return size.events, time.perf_counter() - clock, time.process_time() - cpu, "generator and producer"


CASES: dict[str, Case] = {
    "load": loading,
    "latency": latency,
    "bare": bare,
    "bare, relaxed": bare_relaxed,
    "gate": gate,
    "fold": fold,
    "replay": replaying,
    "archive": archiving,
    "restore": restoring,
    "draw: count": counting,
    "draw: 50,000 cells": releasing,
    "draw: process": drawing,
    "edge": agency_cases.edge,
    "hmis: read": agency_cases.reading,
    "hmis: preview": agency_cases.previewing,
    "hmis: publish": agency_cases.publishing,
    "derive": derive,
    "worker": living,
    "serve: read": reading,
    "serve: JSON": answering,
    "serve: stream": streaming,
    "pages: charts": charting,
    "pages: Chromium": opening,
    "pages: export": exporting,
    "faust table": faust_table,
}


def main() -> None:
    name, bootstrap, events, agencies = sys.argv[1:]
    size = Size(int(events), int(agencies))
    settings = Settings().at(bootstrap)
    counted, seconds, cpu, note, *numbers = asyncio.run(CASES[name](settings, size))  # type: ignore[arg-type]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(asdict(Measured(name, counted, size.agencies, seconds, cpu, peak_mb, note, *numbers))))


if __name__ == "__main__":
    main()
