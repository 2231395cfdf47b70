"""From releases to subscribers on a real Kafka: the worker derives, a subscriber is handed every point once."""

import asyncio
import csv
import io
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from consumers.metrics.derive import epoch_of_key
from consumers.metrics.subscribe import StartUnknown, follow, subscribe
from consumers.release.noise import gaussian
from exchange.cli.evaluator.points import period_of
from exchange.core.metrics.expected import Judge
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.query import select
from exchange.core.metrics.table import CAVEAT, points
from exchange.core.model.epochs import ends_ms, epoch_of, epoch_text
from exchange.core.model.events import Event
from exchange.core.release.draw import counted, drawn, dues, plans_due
from exchange.core.release.privacy_ledger import Ledger, spend
from exchange.core.release.released import Release, Released
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Pair, Partition, Record
from exchange.engine.reading import newest_by_key, read_whole
from exchange.settings import Settings
from exchange.trial.empty_cluster import Worker
from exchange.trial.sample import sample_exchange
from exchange.trial.sample.volumes import marks
from exchange.wire.planned_sizes import planned_sizes
from exchange.wire.public_records import encode_point, encode_release, point_key, release_key
from exchange.wire.topics import METRICS, RELEASES
from tests.kafka.operations.test_operations_cli import Ran, Run, run

__all__ = ["run"]

JANUARY, FEBRUARY, MARCH = (epoch_of(2025, month) for month in (1, 2, 3))
TO = Partition(METRICS, 0)


def events() -> list[tuple[str, Event]]:
    """What some generated agencies sent, with the bits of their caps."""
    found = []
    for agency in sample_exchange(4, scale=0.02).agencies:
        units: dict[tuple[str, int], list] = {}
        for fact in agency.facts():
            if fact.client:
                units.setdefault((fact.client, fact.period), []).append(fact)
        for unit, facts in units.items():
            bits = marks([fact.body for fact in facts], str(unit))
            sent = zip(facts, bits, strict=True)
            found += [(agency.code, Event(1, bytes(32), f.period, f.state, cap, f.body)) for f, cap in sent]
    return found


def draws(last: int) -> list[Release]:
    """Real draws of every client table that is due, month by month; everything arrives in the last."""
    ledger, found, arrived = Ledger(), [], events()
    for epoch in range(JANUARY, last + 1):
        after = spend(ledger, epoch, plans_due(epoch))
        for increments in counted(dues(ledger, after, JANUARY), arrived if epoch == last else ()):
            plan = increments.due.plan
            found.append(drawn(increments, gaussian(plan.scale, increments.due.length)))
        ledger = after
    return found


def expected(made: Sequence[Release]) -> list[MetricPoint]:
    released = Released().taking(made)
    judge = Judge(released, planned_sizes(13_631))
    return [point for epoch in released.epochs() for point in points(released, epoch, judge.usable(epoch))]


async def send(log: KafkaLog, topic: str, pairs: Sequence[Pair]) -> None:
    producer = await log.producer()
    await producer.send(Partition(topic, 0), pairs)
    await producer.close()


async def publish(log: KafkaLog, made: Sequence[Release]) -> None:
    await send(log, RELEASES, [(release_key(one), encode_release(one)) for one in made])


async def publish_points(log: KafkaLog, some: Sequence[MetricPoint]) -> None:
    await send(log, METRICS, [(point_key(point), encode_point(point)) for point in some])


async def whole(log: KafkaLog) -> list[Record]:
    reader = await log.reader()
    try:
        return [record async for records in read_whole(reader, TO) for record in records]
    finally:
        await reader.close()


async def until(log: KafkaLog, count: int) -> None:
    """Until so many records stand in `metrics`."""
    reader = await log.reader()

    async def enough() -> bool:
        return (await reader.end_offsets([TO]))[TO] >= count

    await eventually(enough)
    await reader.close()


async def eventually(so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await so():
                return
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def made() -> list[Release]:
    return draws(MARCH)


@pytest.fixture(scope="module")
def every(made: list[Release]) -> list[MetricPoint]:
    return expected(made)


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
    for epoch in (JANUARY, FEBRUARY, MARCH):
        await publish(exchange, [one for one in made if one.epoch == epoch])
    await asyncio.wait_for(taking, 60)
    await asked.aclose()
    assert got == wanted
    await until(exchange, len(every))
    found = await whole(exchange)
    assert [(r.key, r.value) for r in found] == [(point_key(p), encode_point(p)) for p in every]
    assert all(record.timestamp == ends_ms(epoch_of_key(record.key) or 0) for record in found)
    assert all(not record.headers for record in found)


async def test_the_agent_hands_on_what_it_reads(
    exchange: KafkaLog, worker: Worker, made: list[Release], every: list[MetricPoint]
) -> None:
    """Releases are found because the agent called, not only at the derivation's own looks and at its start."""
    for epoch in (JANUARY, FEBRUARY, MARCH):
        await publish(exchange, [one for one in made if one.epoch == epoch])
        await until(exchange, sum(point.epoch <= epoch for point in every))
    found = [line for line in worker.log_file.read_text().splitlines() if "releases arrived" in line]
    assert len(found) >= 2
    assert any('"handed_on": true' in line for line in found)


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


# Subscribers


async def test_a_subscription_goes_on_where_it_stopped(exchange: KafkaLog, every: list[MetricPoint]) -> None:
    everything = select(everything=True)
    await publish_points(exchange, every[:2_500])
    first = [batch async for batch in follow(exchange, everything, once=True)]
    assert [p for batch in first for p in batch.points] == every[:2_500]
    await publish_points(exchange, every[2_500:2_600])
    rest = [batch async for batch in follow(exchange, everything, start=first[-1].go_on, once=True)]
    assert [p for batch in rest for p in batch.points] == every[2_500:2_600]
    middle = [b async for b in follow(exchange, everything, start=first[0].go_on, once=True)]
    assert [p for batch in middle for p in batch.points] == every[len(first[0].points) : 2_600]
    with pytest.raises(StartUnknown):
        [batch async for batch in follow(exchange, everything, start=2_601, once=True)]


async def test_foreign_records_are_counted_and_stop_nobody(exchange: KafkaLog, every: list[MetricPoint]) -> None:
    await send(exchange, METRICS, [(b"x", b"nothing of ours"), (b"y", None)])
    await publish_points(exchange, every[:3])
    found = [batch async for batch in follow(exchange, select(everything=True), once=True)]
    assert [p for batch in found for p in batch.points] == every[:3]
    assert sum(batch.unreadable for batch in found) == 1


async def test_the_command_prints_what_the_topic_holds(exchange: KafkaLog, run: Run, every: list[MetricPoint]) -> None:
    await publish_points(exchange, every)
    said: Ran = await run("subscribe", "--once", "--json", "--all")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert (said.status, len(lines)) == (0, len(every))
    assert [line["metric"] for line in lines] == [point.metric for point in every]
    assert CAVEAT in said.err
    usable = [point for point in every if point.usable and point.metric == "needs_by_service"]
    said = await run("subscribe", "needs_by_service", "--once", "--csv", "--since", "2025-02")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [row["value"] for row in rows] == [
        "" if p.value is None else str(p.value) for p in usable if p.epoch >= FEBRUARY
    ]
    said = await run("subscribe", "cases", "--once")
    assert "2025Q1" in said.out
    assert "2025-03" in said.out
    assert "2025-01" not in said.out  # of each figure its newest epoch
    assert CAVEAT in " ".join(said.out.split())
    said = await run("subscribe", "unmet_need_shares")
    assert said.status == 2
    assert "unmet_need_share" in said.err


async def test_nothing_published_is_said(exchange: KafkaLog, run: Run) -> None:
    said = await run("subscribe", "cases", "--once")
    assert (said.status, said.out) == (0, "")
    assert "No matching point" in said.err


async def test_a_killed_subscriber_loses_and_repeats_nothing_in_its_file(
    exchange: KafkaLog, bootstrap_servers: str, run: Run, tmp_path: Path, every: list[MetricPoint]
) -> None:
    out, bookmark = tmp_path / "points.jsonl", tmp_path / "bookmark"
    words = ("subscribe", "--all", "--json", "--output", str(out), "--bookmark", str(bookmark))
    env = {**os.environ, "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers}
    cuts = [0, 3_000, 3_001, 7_000, len(every)]
    for number, (start, end) in enumerate(pairwise(cuts)):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "exchange.cli", *words, env=env, stderr=asyncio.subprocess.DEVNULL
        )
        before = size(out)
        await publish_points(exchange, every[start:end])

        async def written(before: int = before) -> bool:
            return size(out) != before

        await eventually(written)
        number_sent, status = (signal.SIGINT, 130) if number % 2 else (signal.SIGKILL, -signal.SIGKILL)
        process.send_signal(number_sent)
        assert await process.wait() == status
        with out.open("ab") as torn:
            torn.write(b'{"metric": "half a li')  # as a kill in the middle of a write leaves it
    for _ in range(2):  # the second time there is nothing to add
        done = await run(*words, "--once")
        assert (done.status, done.out) == (0, "")
        lines = [json.loads(line) for line in out.read_bytes().splitlines()]
        assert [(line["metric"], line["dimensions"], line["period"], line["epoch"]) for line in lines] == [
            (p.metric, dict(p.dimensions), period_of(p), epoch_text(p.epoch)) for p in every
        ]
    other = await run(*words, "--once", "cases")
    assert other.status == 2
    assert "other options" in other.err


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def test_whoever_reads_the_first_lines_only_gets_no_traceback(
    exchange: KafkaLog, bootstrap_servers: str, every: list[MetricPoint]
) -> None:
    await publish_points(exchange, every)
    command = f"{sys.executable} -m exchange.cli subscribe --all --json --once | head -1"
    env = {**os.environ, "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_shell(command, env=env, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert len(out.splitlines()) == 1
    assert [word for word in (b"Traceback", b"internal error", b"BrokenPipe") if word in err] == []


async def test_what_could_not_be_written_is_not_taken_for_written(
    exchange: KafkaLog, bootstrap_servers: str, tmp_path: Path, every: list[MetricPoint]
) -> None:
    await publish_points(exchange, every[:10])
    state = tmp_path / "state"
    command = f"{sys.executable} -m exchange.cli subscribe --all --json --once --bookmark {state} > /dev/full"
    env = {**os.environ, "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers}
    process = await asyncio.create_subprocess_shell(command, env=env, stderr=asyncio.subprocess.PIPE)
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert err.decode().splitlines()[-1].startswith("exchange: Points could not be written: No space left on device.")
    assert not state.exists()


async def test_a_terminal_shows_points_as_they_come_and_keeps_them_at_ctrl_c(
    exchange: KafkaLog, bootstrap_servers: str, every: list[MetricPoint]
) -> None:
    shown = replace(every[0], value=Decimal(4_321), withheld=False, usable=True)
    await publish_points(exchange, [shown])
    later = replace(shown, period=None, value=Decimal(8_765))
    env = {**os.environ, "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers, "TERM": "xterm", "COLUMNS": "160"}
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange.cli", "subscribe", env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = await _until_said(ours, "4,321")
    await publish_points(exchange, [later])
    said += await _until_said(ours, "8,765")
    process.send_signal(signal.SIGINT)
    said += await _until_said(ours, "")
    os.close(ours)
    assert await process.wait() == 130
    last = said[said.rindex("\x1b[?1049l") :]  # behind the other screen
    assert "4,321" in last
    assert "8,765" in last


async def _until_said(terminal: int, sought: str) -> str:
    """What the terminal says until it has said this; nothing sought: until it is closed."""
    said = ""
    while not sought or sought not in said:
        try:
            said += (await asyncio.wait_for(asyncio.to_thread(os.read, terminal, 65_536), 60)).decode()
        except OSError:  # the other end is closed
            return said
    return said
