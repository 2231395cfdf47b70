"""Lanes on a real Kafka work exactly once under kills, zombies, moved partitions and restarts."""

import asyncio
import re
import time
from collections.abc import Callable

import pytest

from exchange.engine.broker import embedded_broker
from exchange.engine.errors import PositionOutOfRange
from exchange.engine.log import Partition
from tests.kafka.engine.lane_exchange import Worker, exchange, publishing
from tests.simulation.world.mutants import SeekForgottenAfterAssign
from tests.simulation.world.steps import Forward

AGENCIES = [b"a0", b"a1", b"a2"]


ANY_FOLD = r"fold-\d"
WAIT_S_MAX = 90  # to show what the workers said, where pytest's own limit would not


async def commits(worker: Worker, lane: str = ANY_FOLD, transactions: int = 3) -> None:
    """Wait until the lane is in the middle of its work there."""
    await says(worker, lambda said: any(int(n) >= transactions for n in re.findall(rf"{lane} committed (\d+)", said)))


async def says(worker: Worker, enough: Callable[[str], bool]) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not enough(worker.said()):
        assert worker.process.poll() is None, worker.said()
        assert time.monotonic() < deadline, worker.said()
        await asyncio.sleep(0.1)


async def test_counts_are_exact_though_workers_are_killed_and_trade_their_lanes(
    bootstrap_servers: str, own_topics: str
) -> None:
    async with exchange(bootstrap_servers, own_topics) as made:
        for agency in AGENCIES:
            await made.register(agency)
        async with publishing(made, AGENCIES):
            first = made.start_worker()
            await commits(first)
            second = made.start_worker()  # a rebalance: half of the lanes change hands
            await commits(second)
            first.kill()
            third = made.start_worker()
            await commits(third)
            await made.register(b"late")  # an inbox more, while running
            await made.publish(b"late", 300)
            second.kill()
            third.kill()
            made.start_worker()
        await made.settle()


@pytest.mark.slow
async def test_a_zombie_thawed_after_its_lanes_were_taken_over_adds_nothing(
    bootstrap_servers: str, own_topics: str
) -> None:
    async with exchange(bootstrap_servers, own_topics) as made:
        for agency in AGENCIES:
            await made.register(agency)
        async with publishing(made, AGENCIES):
            zombie = made.start_worker()
            await commits(zombie)
            zombie.freeze()
            heir = made.start_worker()
            await commits(heir)  # after the zombie's session
            zombie.thaw()
            await says(zombie, lambda said: "fenced" in said or "stopped" in said)
        await made.settle()
        assert zombie.process.poll() is None, made.said()  # it joined again
        assert await zombie.leave() == 0, made.said()
        assert await heir.leave() == 0, made.said()


async def test_a_lane_fenced_by_an_intruder_comes_back_in_a_new_generation(
    bootstrap_servers: str, own_topics: str
) -> None:
    """No rebalance follows from such a fence: the owner leaves its group and joins again."""
    async with exchange(bootstrap_servers, own_topics) as made:
        for agency in AGENCIES:
            await made.register(agency)
        async with publishing(made, AGENCIES):
            worker = made.start_worker()
            await commits(worker, "fold-1")
            intruder = await made.log.writer(own_topics + "fold-1")
            await intruder.close()
            await says(worker, lambda said: "fold-1 fenced" in said)
            after = len(worker.said())
            await says(worker, lambda said: "fold-1 committed" in said[after:])
        await made.settle()
        assert await worker.leave() == 0, made.said()
        assert worker.said().count("fold-1 starting") == 2, made.said()


async def test_a_seek_forgotten_after_assign_stops_a_lane_on_kafka_too(bootstrap_servers: str, own_topics: str) -> None:
    """The simulation's mutant on a real Kafka: `auto_offset_reset=none` refuses, skips nothing."""
    async with exchange(bootstrap_servers, own_topics) as made:
        state, events = Partition(own_topics + "gate-state", 0), Partition(own_topics + "events", 0)
        lane = SeekForgottenAfterAssign(
            made.log, own_topics + "gate", 0, lambda: Forward(0, events, state, own_topics), state
        )
        running = asyncio.create_task(lane.run())
        await made.register(b"a0")
        with pytest.raises(PositionOutOfRange):
            await running


@pytest.mark.slow
async def test_counts_are_exact_though_the_broker_is_killed() -> None:
    async with embedded_broker() as broker, exchange(broker.bootstrap_servers, "") as made:
        for agency in AGENCIES:
            await made.register(agency)
        async with publishing(made, AGENCIES):
            worker = made.start_worker()
            await commits(worker)
            await broker.restart(kill=True)
        made.start_worker()  # the first may have ended: a broker that is away for long stalls its lanes
        await made.settle()
