"""A transaction that somebody leaves open, on a real Kafka: nothing is doubled, hidden or redrawn.

While it is open, what waits says so by name. When it has ended, everything goes on exactly.
"""

import asyncio
import json

import pytest

from consumers.release.draws_state import DrawsState
from consumers.release.history import read_closings
from exchange.core.counting.generation import GENERATION
from exchange.core.model.epochs import epoch_text
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.state_damage import StateDamage
from exchange.wire.topics import DRAWS, EVENTS, GATE_STATE, aggregates_of
from tests.kafka.conftest import PARTITIONS
from tests.kafka.operations.state_kit import Agencies, ends, grown, logged
from tests.kafka.release.closing_kit import START, ask, handled

ROUND = range(PARTITIONS)
EVENT_LOG = [Partition(EVENTS, number) for number in ROUND]


@pytest.mark.slow
async def test_a_worker_that_starts_while_state_is_held_open_writes_nothing_twice(
    ground: TrialExchange, damage: StateDamage
) -> None:
    states = [Partition(topic, number) for topic in (GATE_STATE, aggregates_of(GENERATION)) for number in ROUND]
    agencies = Agencies(ground)
    await agencies.register()
    await agencies.write(100)
    worker = await ground.start_worker()
    await agencies.counted()
    async with damage.held_open(states):
        growing = asyncio.create_task(grown(ground, EVENT_LOG, 600))
        await asyncio.sleep(1)
        await agencies.write(100)
        await growing
        await worker.kill()
        written = await ends(ground, EVENT_LOG)
        second = await ground.start_worker()
        places = [f"{state.topic}-{state.partition} is not decided from offset" for state in states]
        log = await logged(second, *places)
        assert log.count("an open transaction holds up a lane") >= len(states)
        assert await ends(ground, EVENT_LOG) == written
    await agencies.write(50)
    await agencies.counted()
    await agencies.check()
    assert second.alive


@pytest.mark.slow
async def test_events_held_open_are_lag_an_alert_and_no_match(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    await agencies.write(100)
    worker = await ground.start_worker()
    await agencies.counted()
    async with damage.held_open([EVENT_LOG[1]]):
        await agencies.write(100)
        replayed = asyncio.create_task(command(impatient, "replay", "--json"))
        await logged(worker, '"transaction:events-1"')
        status = json.loads((await command(impatient, "status", "--json"))[1])
        assert status["lag"] > 100
        assert [name for name, _ in status["undecided"]] == ["events-1"]
        [alert] = [alert for alert in status["alerts"] if alert["kind"] == "held open"]
        assert alert["subject"] == "transaction:events-1"
        code, out, _ = await replayed
        result = json.loads(out)
        assert (code, result["verdict"], result["complete"]) == (1, "incomplete", False)
        held = {part["partition"] for part in result["partitions"] if part["undecided_from"] is not None}
        assert held == {1}
        assert worker.alive
    await agencies.counted()
    await agencies.check()
    assert worker.alive
    code, out, _ = await command(impatient, "replay", "--json")
    assert (code, json.loads(out)["verdict"], json.loads(out)["complete"]) == (0, "match", True)


@pytest.mark.slow
async def test_no_epoch_is_drawn_twice_while_draws_is_held_open(
    ground: TrialExchange, damage: StateDamage, impatient: Settings, log: KafkaLog
) -> None:
    worker = await ground.start_worker()
    await ask(log, START)
    first = await handled(log, 1)
    async with damage.held_open([Partition(DRAWS, 0)]):
        await ask(log, START + 1)
        listed = asyncio.create_task(command(impatient, "release", "list"))
        await worker.kill()
        second = await ground.start_worker()
        await logged(second, "draws-0 is not decided from offset", '"lane": "release-0"')
        _, out, said = await listed
        assert "draws-0 is not decided from offset" in out + said
    closings = await handled(log, 2)
    assert closings.parts[: len(first.parts)] == first.parts
    assert once(closings)
    assert second.alive
    status, public = await read_closings(log)
    assert {part.key for part in status.parts} == public
    assert [epoch_text(one.epoch) for one in status.commands.values()] == [epoch_text(START), epoch_text(START + 1)]


def once(closings: DrawsState) -> bool:
    keys = [part.key for part in closings.parts]
    return len(keys) == len(set(keys))
