"""Archive and restore: from `events` to files, and from files to an empty broker."""

import tempfile
import time
from pathlib import Path

from consumers.archive import Target, archive, restore
from exchange.engine.broker import embedded_broker
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.log import KafkaLog
from exchange.settings import Settings
from exchange.wire.topics import EVENTS
from tests.bench.load import Size

PARTITIONS = 4


async def archiving(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """Copy everything to files, with every chain followed."""
    relax_collector()
    log = KafkaLog(settings.client("bench"))
    with tempfile.TemporaryDirectory() as folder:
        clock, cpu = time.perf_counter(), time.process_time()
        done = await archive(log, 1, Path(folder) / "archive")
        took = time.perf_counter() - clock, time.process_time() - cpu
    await log.close()
    octets = sum(one.octets for one in done.manifest.segments)
    events = done.manifest.records(EVENTS)
    return events, *took, f"{octets / max(1, events):.0f} bytes an event"


async def restoring(settings: Settings, size: Size) -> tuple[int, float, float, str]:
    """Check an archive and copy it to another broker, of four partitions; the gate's state too."""
    relax_collector()
    log = KafkaLog(settings.client("bench"))
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "archive"
        await archive(log, 1, directory)
        await log.close()
        async with embedded_broker() as broker:
            client = settings.at(broker.bootstrap_servers).client("bench")
            there, copied = KafkaLog(client), list[float]()
            async with administer(client) as admin:
                clock, cpu = time.perf_counter(), time.process_time()
                done = await restore(
                    Target(there, admin, PARTITIONS, 1), directory, lambda _: copied.append(time.perf_counter())
                )
                took = time.perf_counter() - clock, time.process_time() - cpu
            await there.close()
    events = done.records[EVENTS]
    return events, *took, f"the copy alone: {events / (copied[-1] - clock):,.0f} events/s"
