"""Between a process and the broker.

Requests that are lost, late, sent again, or done without an answer.

One connection delivers in order. A request that got no answer in time is sent again on a new
connection; what had not arrived on the old one never does (TCP), what had arrived may have been
done. A killed process's request that is on its way still arrives.
"""

from asyncio import Future
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from exchange.engine.errors import LogUnavailable
from exchange.testing.memory_broker import MemoryBroker
from tests.simulation.world.exchange_world import Process, World

T = TypeVar("T")
U = TypeVar("U")
GROUP_KINDS = ("join", "assigned", "beat", "leave")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What the broker did with a request."""

    result: T | None = None
    error: Exception | None = None


def answer_of(request: Callable[[], T]) -> Answer[T]:
    try:
        return Answer(result=request())
    except Exception as raised:  # noqa: BLE001 (an answer like any other)
        return Answer(error=raised)


class Network:
    """The simulated one. Its faults are set and cleared while it runs."""

    ANSWER_S_MAX = 1.0
    ATTEMPTS = 3

    USUAL: Mapping[str, float] = {"loss": 0.0, "answers_lost": 0.0, "refusal": 0.0, "delay_s_max": 0.004}

    loss: float
    answers_lost: float
    refusal: float
    delay_s_max: float

    def __init__(self, world: World) -> None:
        self.world = world
        self.heal()

    def heal(self) -> None:
        for name, value in self.USUAL.items():
            setattr(self, name, value)
        self.dark_until = 0.0
        self.deaf_until: dict[str, float] = {}
        """Processes that cannot reach the group's coordinator, while they can reach the log."""

    def connect(self, process: Process) -> "Wire":
        return Wire(self, process)

    def lost(self, process: Process, kind: str) -> bool:
        if self.world.now < self.dark_until:
            return True
        if kind in GROUP_KINDS and self.world.now < self.deaf_until.get(process.name, 0.0):
            return True
        return self.loss > 0 and self.world.random.random() < self.loss

    def delay(self) -> float:
        return self.world.random.random() * self.delay_s_max


class Wire:
    """One client's connection."""

    def __init__(self, network: Network, process: Process) -> None:
        self.network, self.process, self.world = network, process, network.world
        self._number = 0
        self._last_arrival = 0.0

    async def call(self, request: Callable[[], T], kind: str = "") -> T:
        for _ in range(self.network.ATTEMPTS):
            if self.process.severed:
                break
            answer: Future[Answer[T]] = self.process.create_future()
            self._send(request, kind, answer)
            if got := await self._within(answer, self.network.ANSWER_S_MAX):
                if got.error:
                    raise got.error
                return got.result
            self._number += 1
        raise LogUnavailable(f"No answer to {kind}.")

    async def _within(self, awaited: Future[U | None], timeout_s: float) -> U | None:
        """A future's result, or None after a while. One callback, where asyncio's own take four."""
        late = self.process.call_later(timeout_s, lambda: awaited.done() or awaited.set_result(None))
        try:
            return await awaited
        finally:
            late.cancel()

    def _send(self, request: Callable[[], T], kind: str, answer: Future[Answer[T]]) -> None:
        network, world, number = self.network, self.world, self._number
        if network.lost(self.process, kind):
            return
        self._last_arrival = max(world.now + network.delay(), self._last_arrival)

        def arrive() -> None:
            if number != self._number or world.now < network.dark_until:
                return
            refused = kind == "produce" and network.refusal and world.random.random() < network.refusal
            got: Answer[T] = Answer(error=LogUnavailable("not enough replicas")) if refused else answer_of(request)
            if kind not in ("fetch", "ends"):
                world.note(self.process.name, kind, type(got.error).__name__ if got.error else "done")
            if not network.lost(self.process, kind) and world.random.random() >= network.answers_lost:
                world.after(network.delay(), lambda: respond(got))

        def respond(got: Answer[T]) -> None:
            if not answer.done() and number == self._number:
                answer.set_result(got)

        world.at(self._last_arrival, arrive)

    async def arrival(self, broker: MemoryBroker, timeout_s: float) -> None:
        arrived = self.process.create_future()

        def wake() -> None:
            self.world.after(self.network.delay(), lambda: arrived.done() or arrived.set_result(None))

        if not self.process.severed:
            broker.arrivals.append(wake)
        await self._within(arrived, timeout_s)

    def shuffle(self, things: list[T]) -> None:
        self.world.random.shuffle(things)
