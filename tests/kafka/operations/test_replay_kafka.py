"""Replay on a real Kafka: against the live fold at work, in processes, and as the command."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from consumers.counting.aggregates import LivePartition, merged, read_aggregates
from consumers.counting.fold_step import FoldStep
from consumers.replay import KafkaSource, replay
from consumers.replay.cut import cut_text
from exchange.core.counting.counts import Counts
from exchange.core.counting.generation import GENERATION
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.lanes.lane import Lane, LaneLimits
from exchange.engine.log import Pair, Partition
from exchange.settings import Settings
from exchange.trial.sample import SampleExchange, chained_values, sample_exchange
from exchange.wire.records import encode_position
from exchange.wire.topics import EVENTS, POSITION_KEY, LaneName, aggregates_of, partition_of
from tests.kafka.conftest import PARTITIONS

SAMPLE = sample_exchange(1, agencies=12, events=6_000)
LIMITS = LaneLimits(records_max=300, fetch_wait_s=0.1)
COMMAND = [sys.executable, "-c", "import exchange.cli; exchange.cli.main()", "replay"]


def source(bootstrap_servers: str) -> KafkaSource:
    return KafkaSource(Settings.model_validate({}).at(bootstrap_servers))


async def admit(log: KafkaLog, sample: SampleExchange, aborted_share: float = 0.1) -> int:
    """Write a sample to `events` as the gate would, in transactions, some of which are aborted."""
    rng = random.Random(1)
    by_partition: dict[int, list[Pair]] = {}
    for agency in sample.agencies:
        pairs = [(agency.code.encode(), value) for value in chained_values(agency.code, agency.sent())]
        by_partition.setdefault(partition_of(agency.code, PARTITIONS), []).extend(pairs)
    for partition, pairs in by_partition.items():
        writer = await log.writer(f"test-gate-{partition}")
        for start in range(0, len(pairs), 500):
            if rng.random() < aborted_share:
                await transact(writer, partition, pairs[:100], commit=False)
            await transact(writer, partition, pairs[start : start + 500], commit=True)
        await writer.close()
    return sum(map(len, by_partition.values()))


async def transact(writer, partition: int, pairs: Sequence[Pair], *, commit: bool, topic: str = EVENTS) -> None:
    await writer.begin()
    await (await writer.send(Partition(topic, partition), pairs))
    await (writer.commit() if commit else writer.abort())


@asynccontextmanager
async def folding(log: KafkaLog) -> AsyncIterator[list[Lane]]:
    """The live fold of every partition, as lanes."""
    topic = aggregates_of(GENERATION)
    lanes = [
        Lane(log, LaneName.FOLD, p, lambda p=p: FoldStep(p), Partition(topic, p), limits=LIMITS)
        for p in range(PARTITIONS)
    ]
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    try:
        yield lanes
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def counted(lanes: Sequence[Lane], events: int) -> None:
    async with asyncio.timeout(120):
        while sum(lane.progress.records for lane in lanes) < events:  # noqa: ASYNC110 - lanes are looked at, they do not tell
            await asyncio.sleep(0.05)


async def run(bootstrap_servers: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run,
        [*COMMAND, *arguments],
        env={**os.environ, "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_replay_equals_the_live_fold_and_the_truth_and_the_command_reports_it(
    exchange: KafkaLog, bootstrap_servers: str, tmp_path: Path
) -> None:
    events = await admit(exchange, SAMPLE)
    nothing = await run(bootstrap_servers)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "exchange worker" in nothing.stderr
    async with folding(exchange) as lanes:
        await counted(lanes, events)
    result = await replay(source(bootstrap_servers))
    assert result.matched
    assert result.counts == SAMPLE.truth()
    assert result.counts == merged(part.cells for part in await read_aggregates(exchange, range(PARTITIONS)))
    independent = await replay(source(bootstrap_servers), independent=True, processes=1)
    assert independent == result

    out = tmp_path / "out"
    said = await run(bootstrap_servers, "--export", str(out), "--format", "parquet")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"match: {events:,} events, {len(result.counts):,} cells, {PARTITIONS} partitions\n")
    assert "never to be published" in said.stdout
    assert f"{events:,} events" in said.stderr  # plain lines, as this is no terminal
    assert json.loads((out / "manifest.json").read_bytes())["verdict"] == "match"

    early = {partition: offset // 2 for partition, offset in result.cut.items()}
    half = await run(bootstrap_servers, "--to-offsets", cut_text(early))
    assert half.returncode == 0
    assert half.stdout.startswith("not compared: ")
    assert "after the cut" in half.stdout


@pytest.mark.slow
async def test_while_the_fold_works_every_replay_matches_and_every_snapshot_is_whole(
    exchange: KafkaLog, bootstrap_servers: str
) -> None:
    events = await admit(exchange, SAMPLE)
    here = source(bootstrap_servers)
    replays = snapshots = 0
    readers = [await exchange.reader() for _ in range(PARTITIONS)]
    live = [LivePartition(reader, p) for p, reader in enumerate(readers)]
    async with folding(exchange) as lanes:
        while True:
            done = sum(lane.progress.records for lane in lanes) >= events
            for follower in live:
                snapshot = await follower.catch_up()
                digest = Counts()
                digest.add_cells(snapshot.cells.items())
                assert digest.digest == snapshot.position.digest
                snapshots += 1
            if any(lane.progress.records for lane in lanes):
                result = await replay(here, processes=0)
                assert result.matched, result.differences[:3]
                replays += 1
            if done:
                break
    for reader in readers:
        await reader.close()
    assert replays > 1
    assert snapshots > PARTITIONS
    assert result.events == events


async def test_a_flipped_cell_ends_the_command_with_4_and_its_name(exchange: KafkaLog, bootstrap_servers: str) -> None:
    events = await admit(exchange, SAMPLE)
    async with folding(exchange) as lanes:
        await counted(lanes, events)
    topic = aggregates_of(GENERATION)
    snapshot = max(await read_aggregates(exchange, range(PARTITIONS)), key=lambda s: len(s.cells))
    cell, count = sorted(snapshot.cells.items())[7]
    changed = Counts()
    changed.add_cells((dict(snapshot.cells) | {cell: count + 1}).items())
    at = replace(snapshot.position, digest=changed.digest)
    writer = await exchange.writer(LaneName.FOLD.at(snapshot.partition))
    pairs = [(cell, b"%d" % (count + 1)), (POSITION_KEY, encode_position(at))]
    await transact(writer, snapshot.partition, pairs, commit=True, topic=topic)
    await writer.close()
    said = await run(bootstrap_servers, "--json", "--processes", "1")
    assert said.returncode == 4, said.stderr
    plain = json.loads(said.stdout)
    assert (plain["verdict"], plain["events"], plain["differing"]) == ("different", events, 1)
    assert plain["first_difference"] == {
        "cell": cell.decode(),
        "partition": snapshot.partition,
        "aggregates": count + 1,
        "replay": count,
    }


async def test_ctrl_c_ends_the_command_with_130_and_leaves_no_process(
    exchange: KafkaLog, bootstrap_servers: str
) -> None:
    await admit(exchange, SAMPLE)
    command = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [*COMMAND, "--to-offsets", ",".join(f"{p}:9" for p in range(PARTITIONS))],
        env={**os.environ, "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    process, patience = psutil.Process(command.pid), time.monotonic() + 60
    while not (children := process.children(recursive=True)):
        assert command.poll() is None
        assert time.monotonic() < patience
        await asyncio.sleep(0.005)
    os.killpg(command.pid, signal.SIGINT)
    out, err = await asyncio.to_thread(command.communicate, timeout=60)
    assert (command.returncode, out) == (130, "")
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


async def test_a_log_whose_beginning_is_gone_is_not_replayed(exchange: KafkaLog, bootstrap_servers: str) -> None:
    await admit(exchange, SAMPLE, aborted_share=0)
    admin = AIOKafkaAdminClient(**client_at(bootstrap_servers).connection())
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(EVENTS, 0): RecordsToDelete(before_offset=7)})
    finally:
        await admin.close()
    said = await run(bootstrap_servers, "--to-offsets", "0:9,1:9,2:9,3:9")
    assert (said.returncode, said.stdout) == (1, "")
    assert "events-0 begins at offset 7" in said.stderr
