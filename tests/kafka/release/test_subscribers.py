"""Subscribers on a real Kafka receive every point once, resume where they stopped, and end well."""

import asyncio
import csv
import io
import json
import os
import pty
import signal
import sys
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from consumers.metrics.subscribe import StartUnknown, follow
from exchange.cli.evaluator.points import period_of
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.query import select
from exchange.core.metrics.table import CAVEAT
from exchange.core.model.epochs import epoch_text
from exchange.engine.kafka.log import KafkaLog
from exchange.wire.topics import METRICS
from tests.kafka.release.metrics_kit import (
    MARCH,
    eventually,
    every,
    made,
    publish_points,
    send,
)
from tests.kits.command_line import CommandResult, Run, as_a_process

__all__ = ["every", "made"]


@pytest.fixture
def run(variables: dict[str, str]) -> Run:
    """As a process: points are written to its file descriptor."""

    async def run(*words: str) -> CommandResult:
        return await as_a_process(variables, *words)

    return run


async def test_a_subscription_goes_on_where_it_stopped(exchange: KafkaLog, every: list[MetricPoint]) -> None:
    everything, end = select(everything=True), len(every)
    before = end - 100
    await publish_points(exchange, every[:before])
    first = [batch async for batch in follow(exchange, everything, once=True)]
    assert [p for batch in first for p in batch.points] == every[:before]
    await publish_points(exchange, every[before:end])
    rest = [batch async for batch in follow(exchange, everything, start=first[-1].go_on, once=True)]
    assert [p for batch in rest for p in batch.points] == every[before:end]
    middle = [b async for b in follow(exchange, everything, start=first[0].go_on, once=True)]
    assert [p for batch in middle for p in batch.points] == every[len(first[0].points) : end]
    with pytest.raises(StartUnknown):
        [batch async for batch in follow(exchange, everything, start=end + 1, once=True)]
    marked = [batch async for batch in follow(exchange, everything, start=end, mark=rest[-1].mark, once=True)]
    assert [(batch.points, batch.mark) for batch in marked] == [((), rest[-1].mark)]
    with pytest.raises(StartUnknown):
        [batch async for batch in follow(exchange, everything, start=end - 1, mark=rest[-1].mark, once=True)]


async def test_foreign_records_are_counted_and_stop_nobody(exchange: KafkaLog, every: list[MetricPoint]) -> None:
    await send(exchange, METRICS, [(b"x", b"nothing of ours"), (b"y", None)])
    await publish_points(exchange, every[:3])
    found = [batch async for batch in follow(exchange, select(everything=True), once=True)]
    assert [p for batch in found for p in batch.points] == every[:3]
    assert sum(batch.unreadable for batch in found) == 1


async def test_the_command_prints_what_the_topic_holds(exchange: KafkaLog, run: Run, every: list[MetricPoint]) -> None:
    await publish_points(exchange, every)
    said: CommandResult = await run("subscribe", "--once", "--json", "--all")
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert (said.returncode, len(lines)) == (0, len(every))
    assert [line["metric"] for line in lines] == [point.metric for point in every]
    assert CAVEAT in said.stderr
    usable = [point for point in every if point.usable and point.metric == "needs_by_service"]
    said = await run("subscribe", "needs_by_service", "--once", "--csv", "--since", "2025-02")
    rows = list(csv.DictReader(io.StringIO(said.stdout)))
    assert [row["value"] for row in rows] == [
        "" if p.value is None else str(p.value) for p in usable if p.epoch >= MARCH
    ]
    said = await run("subscribe", "cases", "--once")
    assert "2025Q1" in said.stdout
    assert "2025-04" in said.stdout
    said_of_arrivals = await run("subscribe", "arrivals_cases", "--once")
    assert "2025-04" in said_of_arrivals.stdout
    assert "2025-02" not in said_of_arrivals.stdout  # of each figure its newest epoch
    assert CAVEAT in " ".join(said.stdout.split())
    said = await run("subscribe", "unmet_need_shares")
    assert said.returncode == 2
    assert "unmet_need_share" in said.stderr


async def test_that_nothing_is_published_is_reported(exchange: KafkaLog, run: Run) -> None:
    said = await run("subscribe", "cases", "--once")
    assert (said.returncode, said.stdout) == (0, "")
    assert "No matching point" in said.stderr


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
        number_sent, status = (signal.SIGINT, 0) if number % 2 else (signal.SIGKILL, -signal.SIGKILL)
        process.send_signal(number_sent)
        assert await process.wait() == status
        with out.open("ab") as torn:
            torn.write(b'{"metric": "half a li')  # as a kill in the middle of a write leaves it
    for _ in range(2):  # the second time there is nothing to add
        done = await run(*words, "--once")
        assert (done.returncode, done.stdout) == (0, "")
        lines = [json.loads(line) for line in out.read_bytes().splitlines()]
        assert [(line["metric"], line["dimensions"], line["period"], line["epoch"]) for line in lines] == [
            (p.metric, dict(p.dimensions), period_of(p), epoch_text(p.epoch)) for p in every
        ]
    other = await run(*words, "--once", "cases")
    assert other.returncode == 2
    assert "other options" in other.stderr


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
    quarters = next(point for point in every if point.period is not None)
    shown = replace(quarters, value=Decimal(4_321), withheld=False, usable=True)
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
    assert await process.wait() == 0
    last = said[said.rindex("\x1b[?1049l") :]  # behind the other screen
    assert "4,321" in last
    assert "8,765" in last


async def _until_said(terminal: int, sought: str) -> str:
    """The terminal's output up to the sought text; if none is sought, until it is closed."""
    said = ""
    while not sought or sought not in said:
        try:
            said += (await asyncio.wait_for(asyncio.to_thread(os.read, terminal, 65_536), 60)).decode()
        except OSError:  # the other end is closed
            return said
    return said
