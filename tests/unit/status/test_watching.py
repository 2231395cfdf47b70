"""The watch of one worker counts what its agent reads, as long as `pulse` is assigned to it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from consumers.status.worker_lives import QUIET_MS_MAX
from consumers.worker.watching import Watching
from exchange.engine.kafka.provision import exchange_topics
from exchange.engine.lanes.progress import LaneState
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.pulse import Alert, AlertKind, Pulse, decode_alert, encode_alert, encode_pulse
from exchange.wire.topics import ALERTS, EVENTS
from tests.simulation.world.exchange_world import World
from tests.simulation.world.network import Network

T0 = 1_800_000_000_000
FAILED = Pulse("gate-0", "worker-a", T0, LaneState.FAILED, 0, 0, 0, 0, -1, 0, 0, 0)


class Desk:
    def __init__(self, *, looks_at_topics: bool = False) -> None:
        self.world = World(0)
        self.network = Network(self.world)
        self.broker = MemoryBroker(self.world.after, lambda: self.world.now)
        for name in (
            {spec.name for spec in exchange_topics(partitions=1, replication=1)} if looks_at_topics else {ALERTS}
        ):
            self.broker.create(name)
        self.now_ms = T0
        self.process = self.world.process("worker")
        log = MemoryLog(self.broker, lambda: self.network.connect(self.process))
        partitions = 1 if looks_at_topics else 0
        self.watching = Watching(log, 10**10, ["gate-0"], dict, partitions=partitions, clock=lambda: self.now_ms)

    def tick(self, *, mine: bool = True) -> dict[str, AlertKind | None]:
        task = self.process.spawn(self.watching.tick(mine=mine))
        self.world.run_until(self.world.now + 60)
        return {
            subject.decode(): None if value is None else decode_alert(value).kind for subject, value in task.result()
        }


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.world.end()


def test_a_pulse_that_comes_before_the_first_tick_counts(desk: Desk) -> None:
    desk.watching.observe(encode_pulse(FAILED))
    assert desk.tick() == {"lane:gate-0": AlertKind.FAILED}


def test_a_pulse_that_comes_later_counts(desk: Desk) -> None:
    assert desk.tick() == {}
    desk.watching.observe(encode_pulse(FAILED))
    assert desk.tick() == {"lane:gate-0": AlertKind.FAILED}
    assert desk.tick() == {}


def test_a_worker_that_does_not_watch_sends_nothing_and_forgets_everything(desk: Desk) -> None:
    desk.watching.observe(encode_pulse(FAILED))
    assert desk.tick(mine=False) == {}
    assert desk.tick() == {}
    desk.watching.observe(encode_pulse(FAILED))
    desk.tick(mine=False)
    desk.now_ms += QUIET_MS_MAX + 1
    assert desk.tick() == {}  # it began to watch just now
    desk.now_ms += QUIET_MS_MAX + 1
    assert desk.tick() == {"lane:gate-0": AlertKind.STALLED}


def test_an_open_alert_is_gone_on_with(desk: Desk) -> None:
    stood = Alert("lane:gate-0", AlertKind.FAILED, T0 - 5, "an earlier worker")
    producer = desk.broker.new_producer()
    desk.broker.produce(producer, 0, Partition(ALERTS, 0), [(b"lane:gate-0", encode_alert(stood))])
    assert desk.tick() == {}
    desk.watching.observe(encode_pulse(replace(FAILED, state=LaneState.RUNNING, at_ms=T0 + 1)))
    assert desk.tick() == {"lane:gate-0": None}


@pytest.fixture
def looking() -> Iterator[Desk]:
    desk = Desk(looks_at_topics=True)
    yield desk
    desk.world.end()


def held_open(desk: Desk, seconds: float, topic: str = EVENTS) -> None:
    """A foreign transaction, for so long."""
    somebody = desk.broker.take_over(f"somebody {seconds}")
    desk.broker.add(somebody, Partition(topic, 0), timeout_s=seconds)
    desk.broker.produce_in(somebody, 0, Partition(topic, 0), [(b"key", b"")])


def test_a_transaction_on_the_alerts_holds_up_the_watch_alone_and_no_pulse_is_lost(desk: Desk) -> None:
    held_open(desk, 50, ALERTS)
    desk.watching.observe(encode_pulse(FAILED))
    assert desk.tick() == {}
    assert desk.tick() == {"lane:gate-0": AlertKind.FAILED}


def about_transactions(found: dict[str, AlertKind | None]) -> dict[str, AlertKind | None]:
    return {subject: kind for subject, kind in found.items() if subject.startswith("transaction:")}


def test_a_transaction_that_stays_open_is_an_alert_until_it_ends(looking: Desk) -> None:
    """Of any topic. One that ends within the time of ours is none."""
    held_open(looking, 20)
    assert [about_transactions(looking.tick()) for _ in range(3)] == [{}, {}, {}]  # a minute each
    held_open(looking, 150)
    found = [about_transactions(looking.tick()) for _ in range(4)]
    assert found == [{}, {"transaction:events-0": AlertKind.HELD}, {}, {"transaction:events-0": None}]


def test_a_log_that_cannot_be_asked_leaves_the_alert_about_a_transaction_open(looking: Desk) -> None:
    held_open(looking, 150)
    assert [about_transactions(looking.tick()) for _ in range(2)] == [{}, {"transaction:events-0": AlertKind.HELD}]
    looking.network.dark_until = looking.world.now + 170
    assert [about_transactions(looking.tick()) for _ in range(2)] == [{}, {}]
    assert [about_transactions(looking.tick()) for _ in range(2)] == [{}, {"transaction:events-0": None}]
