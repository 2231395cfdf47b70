"""The comparison: a Faust table counts the cells of every event one by one, as Faust intends."""

import asyncio
import tempfile
import time

import faust

from consumers.worker.faust_app import credentials_of
from exchange.core.counting.cells import increments
from exchange.engine.kafka.admin import TopicSpec, administer
from exchange.settings import Settings
from exchange.wire.codec import decode
from exchange.wire.topics import EVENTS

APP = "bench-faust"


async def count_with_faust(settings: Settings, events: int) -> tuple[float, float]:
    """(seconds, CPU seconds) for so many events, the start of the app left out."""
    async with administer(settings.client(APP)) as admin:
        compact = {"cleanup.policy": "compact"}
        await admin.create([TopicSpec(f"{APP}-counts-changelog", 1, 1, compact)])
    app = faust.App(
        APP,
        broker=f"kafka://{settings.bootstrap_servers}",
        broker_credentials=credentials_of(settings.client(APP)),
        store="memory://",
        datadir=tempfile.mkdtemp(),
        topic_partitions=1,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
        consumer_auto_offset_reset="earliest",
    )
    topic = app.topic(EVENTS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    counts = app.Table("counts", default=int, partitions=1)
    began: list[float] = []
    done = asyncio.Event()

    @app.agent(topic)
    async def count(stream):
        seen = 0
        async for event in stream.events():
            began or began.extend((time.perf_counter(), time.process_time()))
            for cell, n in increments(event.key.decode(), decode(event.value)):
                counts[cell.decode()] += n
            seen += 1
            if seen >= events:
                done.set()

    await app.start()
    await asyncio.wait_for(done.wait(), 300)
    took = time.perf_counter() - began[0], time.process_time() - began[1]
    await app.stop()
    return took
