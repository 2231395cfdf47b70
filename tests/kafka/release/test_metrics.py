"""From releases to points on a real Kafka: a point is derived once, despite kills and repeats."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from consumers.metrics.derive import epoch_of_key
from consumers.metrics.subscribe import subscribe
from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.epochs import ends_ms
from exchange.core.release.released import Release
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.reading import newest_by_key
from exchange.settings import Settings
from exchange.trial.empty_cluster import Worker
from exchange.wire.public_records import encode_point, point_key
from tests.kafka.release.metrics_kit import (
    APRIL,
    FEBRUARY,
    MARCH,
    TO,
    eventually,
    every,
    made,
    publish,
    until,
    whole,
)

__all__ = ["every", "made"]


@pytest.fixture
async def worker(exchange: KafkaLog, settings: Settings, tmp_path: Path) -> AsyncIterator[Worker]:
    started = await Worker.start(settings, tmp_path / "worker.log")
    yield started
    await started.stop()
    print(started.last_lines(60))


async def test_releases_become_points_that_a_subscriber_is_handed(
    exchange: KafkaLog, settings: Settings, worker: Worker, made: list[Release], every: list[MetricPoint]
) -> None:
    wanted = [p for p in every if p.metric == "unmet_need_share" and ("service", "legal") in p.dimensions]
    asked = subscribe("unmet_need_share", service="legal", everything=True, settings=settings)
    got: list[MetricPoint] = []

    async def take() -> None:
        async for point in asked:
            got.append(point)
            if len(got) == len(wanted):
                return

    taking = asyncio.create_task(take())
    for epoch in (FEBRUARY, MARCH, APRIL):
        await publish(exchange, [one for one in made if one.epoch == epoch])
    await asyncio.wait_for(taking, 60)
    await asked.aclose()
    assert got == wanted
    await until(exchange, len(every))
    found = await whole(exchange)
    assert [(r.key, r.value) for r in found] == [(point_key(p), encode_point(p)) for p in every]
    assert all(record.timestamp == ends_ms(epoch_of_key(record.key) or 0) for record in found)
    assert all(not record.headers for record in found)


@pytest.mark.slow
async def test_the_agent_hands_on_what_it_reads(
    exchange: KafkaLog, worker: Worker, made: list[Release], every: list[MetricPoint]
) -> None:
    """Releases are found because the agent called, not only when the derivation looks by itself."""
    for epoch in (FEBRUARY, MARCH, APRIL):
        await publish(exchange, [one for one in made if one.epoch == epoch])
        await until(exchange, sum(point.epoch <= epoch for point in every))
    found = [line for line in worker.log_file.read_text().splitlines() if "releases arrived" in line]
    assert len(found) >= 2
    assert any('"handed_on": true' in line for line in found)


@pytest.mark.slow
async def test_repeated_releases_kills_and_a_second_worker_change_nothing(
    exchange: KafkaLog, settings: Settings, tmp_path: Path, made: list[Release], every: list[MetricPoint]
) -> None:
    first = await Worker.start(settings, tmp_path / "first.log")
    second = third = await Worker.start(settings, tmp_path / "second.log")
    try:
        await publish(exchange, made)
        await until(exchange, 300)
        await first.kill()  # in the middle of the writing, if it is the one that writes
        third = await Worker.start(settings, tmp_path / "third.log")
        await until(exchange, len(every))
        await publish(exchange, made)
        await publish(exchange, made[:1])
        await second.kill()
        await asyncio.sleep(1)
        newest = await newest_by_key(exchange, TO)
        assert newest == {point_key(p): encode_point(p) for p in every}
        await third.kill()
        standing = len(await whole(exchange))
        fourth = await Worker.start(settings, tmp_path / "fourth.log")

        async def derived_again() -> bool:
            return fourth.log_file.read_text().count('"written": 0') == 3

        await eventually(derived_again)
        await fourth.stop()
        assert len(await whole(exchange)) == standing
    finally:
        for worker in (first, second, third):
            await worker.kill()
