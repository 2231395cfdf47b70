"""State that was lost or put back from an older copy, on a real Kafka: refused, mended, exact.

Workers and commands are real processes. What mends is what the error names.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from exchange.core.counting.generation import GENERATION
from exchange.engine.kafka.clients import Admin
from exchange.engine.kafka.provision import exchange_topics, provision
from exchange.engine.log import Pair, Partition
from exchange.engine.reading import read_whole
from exchange.settings import Settings
from exchange.trial.empty_cluster import TrialExchange, Worker, trial_exchange
from exchange.wire.topics import AGENCIES, DRAWS, EVENTS, GATE_STATE, aggregates_of
from tests.kafka.conftest import PARTITIONS
from tests.kafka.operations.state_kit import WAIT_S, Agencies, command, ends
from tests.kafka.release.closing_kit import START, ask, handled

EVENT_LOG = [Partition(EVENTS, number) for number in range(PARTITIONS)]
REBUILD = "`exchange gate rebuild`"


@pytest.fixture
async def ground(settings: Settings, tmp_path: Path) -> AsyncIterator[TrialExchange]:
    async with trial_exchange(settings, tmp_path) as ground:
        yield ground


async def copied(ground: TrialExchange, topic: str) -> dict[Partition, list[Pair]]:
    """A backup: every committed record of a topic."""
    reader = await ground.log.reader()
    try:
        partitions = [Partition(topic, number) for number in range(PARTITIONS)]
        return {p: [(r.key, r.value) async for some in read_whole(reader, p) for r in some] for p in partitions}
    finally:
        await reader.close()


async def lose(admin: Admin, topic: str) -> None:
    await admin.delete([topic])
    async with asyncio.timeout(WAIT_S):
        while topic in await admin.partitions():  # noqa: ASYNC110 - brokers do not tell
            await asyncio.sleep(0.05)


async def put_back(ground: TrialExchange, admin: Admin, topic: str, copy: dict[Partition, list[Pair]]) -> None:
    """The topic made anew, with the records of a backup."""
    await lose(admin, topic)
    specs = exchange_topics(partitions=PARTITIONS, replication=1)
    await provision(admin, [spec for spec in specs if spec.name == topic])
    producer = await ground.log.producer()
    try:
        for partition, pairs in copy.items():
            await producer.send(partition, pairs)
    finally:
        await producer.close()


async def refused(ground: TrialExchange, *says: str, either: Sequence[str] = ("",), admits: bool = False) -> None:
    """A worker ends by itself, says why and what to do, and has written no event.

    `either`: the words of the lanes that may be the first to end it. `admits`: the gate may,
    because only the counts are wrong.
    """
    there = EVENTS in await ground.admin.partitions()
    before = await ends(ground, EVENT_LOG) if there else {}
    worker = await ground.start_worker()
    async with asyncio.timeout(WAIT_S):
        assert await worker.process.wait() == 1
    ground.workers.remove(worker)
    log = worker.last_lines(40)
    assert all(text in log for text in says), log
    assert any(text in log for text in either), log
    assert admits or not there or await ends(ground, EVENT_LOG) == before


async def published(ground: TrialExchange, agencies: Agencies, events: int) -> None:
    """A run that a worker admits and counts, and then is stopped."""
    await agencies.write(events)
    worker = await ground.start_worker()
    await agencies.counted()
    await stopped(ground, worker)


async def stopped(ground: TrialExchange, worker: Worker) -> None:
    await worker.stop()
    ground.workers.remove(worker)


async def rebuilt(settings: Settings, agencies: Agencies, written: int) -> None:
    code, out, said = await command(settings, "gate", "rebuild", "--json")
    assert code == 0, said
    assert sum(part["events"] for part in json.loads(out)) == written
    assert len(json.loads(out)) == PARTITIONS
    assert agencies.written >= written


async def exact(ground: TrialExchange, settings: Settings, agencies: Agencies) -> None:
    """The next worker takes what waits and what comes, and replay agrees."""
    await published(ground, agencies, 50)
    await agencies.check()
    code, out, _ = await command(settings, "replay", "--json")
    assert (code, json.loads(out)["verdict"], json.loads(out)["complete"]) == (0, "match", True)


async def test_a_gate_state_put_back_older_is_refused_and_rebuilt(
    ground: TrialExchange, settings: Settings, admin: Admin
) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    await published(ground, agencies, 60)
    backup = await copied(ground, GATE_STATE)
    await published(ground, agencies, 40)
    await put_back(ground, admin, GATE_STATE, backup)
    await refused(ground, "GateStateBehind", "gate-state-", "events-", REBUILD)
    await rebuilt(settings, agencies, agencies.written)
    await exact(ground, settings, agencies)


async def test_a_lost_gate_state_is_never_made_empty_and_is_rebuilt(
    ground: TrialExchange, settings: Settings, admin: Admin
) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    await published(ground, agencies, 100)
    written = agencies.written
    await lose(admin, GATE_STATE)
    await agencies.write(10)
    await refused(ground, f"`{GATE_STATE}` is missing", REBUILD)
    code, out, said = await command(settings, "topics", "apply")
    assert (code, out) == (1, "")
    assert f"`{GATE_STATE}` is missing" in said
    assert REBUILD in said
    assert GATE_STATE not in await admin.partitions()
    code, _, said = await command(settings, "topics", "apply", "--anew", GATE_STATE)
    assert code == 0, said
    await refused(ground, "GateStateBehind", REBUILD)
    await lose(admin, GATE_STATE)
    await rebuilt(settings, agencies, written)
    await exact(ground, settings, agencies)


async def test_a_rebuild_is_refused_while_a_worker_runs(ground: TrialExchange, settings: Settings) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    await agencies.write(20)
    worker = await ground.start_worker()
    await agencies.counted()
    code, out, said = await command(settings, "gate", "rebuild")
    assert (code, out) == (1, "")
    assert "Stop every worker first" in said
    assert worker.alive
    await agencies.write(20)
    await agencies.counted()
    await agencies.check()


async def test_lost_counts_are_counted_again_and_counts_of_another_log_are_refused(
    ground: TrialExchange, settings: Settings, admin: Admin
) -> None:
    counts = aggregates_of(GENERATION)
    agencies = Agencies(ground)
    await agencies.register()
    await published(ground, agencies, 60)
    older = await copied(ground, counts)
    await published(ground, agencies, 60)
    await put_back(ground, admin, counts, older)
    await exact(ground, settings, agencies)
    await lose(admin, counts)
    code, out, _ = await command(settings, "topics", "apply")
    assert (code, out.strip()) == (0, f"{counts}: created")
    await exact(ground, settings, agencies)
    for topic in (EVENTS, GATE_STATE):
        await lose(admin, topic)
    code, _, said = await command(settings, "topics", "apply")
    assert code == 1
    assert f"`{EVENTS}` is missing" in said
    await command(settings, "topics", "apply", "--anew", EVENTS, "--anew", GATE_STATE)
    await refused(ground, "CountedOtherEvents", counts, f"{EVENTS}-", admits=True)


async def test_lost_events_beside_a_state_that_knows_them_are_refused(
    ground: TrialExchange, settings: Settings, admin: Admin
) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    await published(ground, agencies, 60)
    backup = await copied(ground, EVENTS)
    await published(ground, agencies, 60)
    await put_back(ground, admin, EVENTS, backup)
    by_the_gate, by_the_fold = "Restore it from a replica or a backup", "restore the one that is wrong"
    await refused(ground, f"{EVENTS}-", either=[by_the_gate, by_the_fold])
    await lose(admin, EVENTS)
    await refused(ground, f"`{EVENTS}` is missing")
    code, _, said = await command(settings, "topics", "apply")
    assert code == 1
    assert f"`{EVENTS}` is missing" in said


async def test_a_lost_registry_or_ledger_is_never_made_empty_by_itself(
    ground: TrialExchange, settings: Settings, admin: Admin
) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    await agencies.write(20)
    worker = await ground.start_worker()
    await agencies.counted()
    await ask(ground.log, START)
    await handled(ground.log, 1)
    await stopped(ground, worker)
    for topic in (AGENCIES, DRAWS):
        await lose(admin, topic)
        await refused(ground, f"`{topic}` is missing")
    code, out, said = await command(settings, "topics", "apply")
    assert (code, out) == (1, "")
    assert f"`{AGENCIES}` is missing" in said
    assert f"`{DRAWS}` is missing" in said
    code, _, said = await command(settings, "topics", "apply", "--anew", AGENCIES, "--anew", DRAWS)
    assert code == 0, said
    await agencies.register()
    await agencies.write(20)
    worker = await ground.start_worker()
    await agencies.counted()
    await agencies.check()
    assert "draws is empty, and releases is not" in worker.log_file.read_text(encoding="utf-8")
