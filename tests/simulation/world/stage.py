"""A stage for lanes: one world, one source, one state partition, lanes in own processes."""

import asyncio
from collections.abc import Callable

from exchange.core.errors import ExchangeError
from exchange.engine.lanes.lane import Lane, LaneLimits
from exchange.engine.lanes.progress import LaneProgress
from exchange.engine.lanes.sources import nothing_else
from exchange.engine.lanes.step import Step
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from tests.simulation.world.exchange_world import Process, World
from tests.simulation.world.network import Network
from tests.simulation.world.steps import Count

SOURCE, STATE = Partition("events", 0), Partition("aggregates", 0)


class Stage:
    """A world with one source, one state partition, and lanes in processes of their own."""

    def __init__(self) -> None:
        self.world = World(0)
        self.network = Network(self.world)
        self.broker = MemoryBroker(self.world.after, lambda: self.world.now, marker_delay_s=lambda: 0.01)
        self.broker.create(SOURCE.topic)
        self.broker.create(STATE.topic)
        self.seen: list[LaneProgress] = []
        self.ended: dict[str, BaseException | None] = {}

    def publish(self, *cells: bytes) -> None:
        self.broker.append(SOURCE, *[(b"agency", cell) for cell in cells])

    def start(
        self,
        name: str = "one",
        make_step: Callable[[], Step] = lambda: Count(SOURCE, STATE),
        lane: type[Lane] = Lane,
        log: type[MemoryLog] = MemoryLog,
        limits: LaneLimits | None = None,
        needs: Callable[[Partition], Partition] = nothing_else,
    ) -> tuple[Lane, Process]:
        process = self.world.process(name)
        reached = log(self.broker, lambda: self.network.connect(process))
        made = lane(reached, "fold", 0, make_step, STATE, limits=limits, hook=self.seen.append, needs=needs)

        async def run() -> None:
            try:
                await made.run()
            except (ExchangeError, asyncio.CancelledError) as error:
                self.ended[name] = error

        process.spawn(run())
        return made, process

    def run(self, seconds: float) -> None:
        self.world.run_until(self.world.now + seconds)

    def counts(self) -> dict[bytes | None, bytes | None]:
        return {record.key: record.value for record in self.broker.committed(STATE)}

    def look(self, lane: Lane, process: Process) -> LaneProgress:
        looked: list[LaneProgress] = []
        process.call_soon(lambda: looked.append(lane.progress))
        self.run(0.0)
        return looked[0]
