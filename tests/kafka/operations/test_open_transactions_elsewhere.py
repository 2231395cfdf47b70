"""A foreign transaction on topics without counts, on a real Kafka: what it hides waits, no more."""

import asyncio

import pytest

from consumers.counting.aggregates import read_aggregates
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.state_damage import StateDamage
from exchange.wire.topics import (
    AGENCIES,
    ALERTS,
    EPOCHS,
    EVENTS,
    METRICS,
    PULSE,
    QUARANTINE,
    RELEASES,
    inbox_of,
    receipts_of,
)
from tests.kafka.conftest import PARTITIONS
from tests.kafka.operations.state_kit import WAIT_S, Agencies, at_work, published, refused
from tests.kafka.release.closing_kit import START, ask, handled

EVENTS_A_RUN = 30


async def folded(ground: TrialExchange, events: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while sum(part.position.events for part in await read_aggregates(ground.log, range(PARTITIONS))) < events:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def test_what_is_held_stays_held_beyond_the_life_of_one_transaction(
    ground: TrialExchange, damage: StateDamage
) -> None:
    held = await damage.partitions(EVENTS)
    reader = await ground.log.reader()
    try:
        async with damage.held_open(held, renew_s=0.3):
            for _ in range(30):
                stable, ends = await reader.stable_offsets(held), await reader.end_offsets(held)
                assert all(stable[one] < ends[one] for one in held)
                await asyncio.sleep(0.05)
        assert min(ends.values()) > 3  # one transaction writes a record and a marker
        async with asyncio.timeout(WAIT_S):  # the broker writes the last marker after it has answered
            while await reader.stable_offsets(held) != await reader.end_offsets(held):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await reader.close()


@pytest.mark.slow
async def test_a_worker_does_not_judge_while_registrations_are_held_open(
    ground: TrialExchange, damage: StateDamage
) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    async with damage.held_open(await damage.partitions(AGENCIES)):
        await agencies.write(EVENTS_A_RUN)
        await refused(ground, "agencies-0 is not decided from offset", "kafka-transactions.sh")
    await published(ground, agencies, EVENTS_A_RUN)
    await agencies.check()


@pytest.mark.slow
async def test_what_is_held_open_elsewhere_waits_and_nothing_else(ground: TrialExchange, damage: StateDamage) -> None:
    agencies = await at_work(ground, EVENTS_A_RUN)
    one = agencies.chains[0]
    own = (inbox_of(one.code), receipts_of(one.code))
    held = await damage.partitions(EPOCHS, RELEASES, QUARANTINE, METRICS, PULSE, ALERTS, *own)
    async with damage.held_open(held):
        worker = await ground.start_worker()
        await ask(ground.log, START)
        await agencies.write(EVENTS_A_RUN)
        await folded(ground, agencies.written - EVENTS_A_RUN)
        assert worker.alive, worker.last_lines()
    await agencies.counted()
    state = await handled(ground.log, 1)
    assert len({part.key for part in state.parts}) == len(state.parts)
    assert worker.alive, worker.last_lines()
    await agencies.check()
