"""Lanes on a real Kafka, exactly once: under kills, zombies, trades of partitions and restarts of the broker."""

import asyncio
import re
import time
from collections.abc import Callable

import pytest

from exchange.engine.broker import embedded_broker
from tests.kafka.lane_exchange import Worker, exchange, publishing

pytestmark = pytest.mark.kafka
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
