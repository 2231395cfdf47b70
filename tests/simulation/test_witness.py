"""A broker that is put back whole draws no month again that was public.

The copy is taken before a month is closed. A worker is killed at every step of the closing, then
the whole broker is put back, and another worker meets the same command. Whatever was public once
has one draw for ever. Where nothing was public or remembered, the month is closed as ever: nobody
is locked out by an honest crash.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.release.publisher_lane import PublisherLane
from consumers.release.release_lane import ReleaseLane
from consumers.release.witness_file import AdoptRefused, WitnessDamaged, WitnessFiles, encoded, read_witness
from exchange.core.errors import LedgerBehind, LedgerDiffers
from exchange.core.model.ledger_head import LedgerHead
from exchange.core.release.closed_epochs import Closed, relocated
from exchange.core.release.cuts import Relocation
from exchange.core.release.witness import Witness
from exchange.engine.log import Partition
from exchange.testing.memory_log import MemoryLog
from exchange.wire.pulse import WorkerPulse, encode_worker_pulse
from exchange.wire.release_records import encode_relocation, relocation_part
from exchange.wire.topics import PULSE
from tests.simulation.test_release_kills import THIRDS, steps_of_a_close
from tests.simulation.world.closing_world import OF_DRAWS, ONE, START, BrokerCopy, ClosingWorld, prepared
from tests.simulation.world.scenario import LawBroken

MARCH = START + 1
HOST = "host"


@pytest.fixture
def world() -> Iterator[ClosingWorld]:
    world = ClosingWorld()
    yield world
    world.end()


def put_back_after(world: ClosingWorld, step: int) -> None:
    """Kill the worker at a step of its first closing; put the broker back; close once more."""
    world.send(ONE, ONE)
    world.close(START)
    copy = world.copied()
    process = world.worker()
    process.struck_at[step] = lambda: world.world.kill(process)
    world.run(5)
    world.put_back(copy)
    world.progress.clear()
    world.worker()
    world.run(30)
    world.check_public()


@pytest.mark.parametrize("first", THIRDS)
def test_a_kill_at_every_step_and_the_broker_put_back_leave_one_public_draw(first: int) -> None:
    refused = closed = 0
    for step in range(first, steps_of_a_close(), len(THIRDS)):
        world = ClosingWorld()
        put_back_after(world, step)
        remembered = world.witness(HOST).known(world.closings().closed, world.broker.cluster)
        assert remembered is not None
        if world.halted():
            assert world.halted() == {"release": "LedgerBehind", "publisher": "LedgerBehind"}, step
            assert remembered.head.epoch == START
            refused += 1
        else:
            assert world.settled().closed.last_epoch == START, step
            closed += 1
        world.end()
    assert refused
    assert closed


class PublishesFirst(PublisherLane):
    """Publishes before the witness has it."""

    async def _witnessed(self, follower):
        return await follower.catch_up()


class RemembersNothing(ReleaseLane):
    """Draws whatever the witness says."""

    async def _handle(self, record, follower) -> None:
        self._witness = BLIND
        await super()._handle(record, follower)

    async def _work(self, resources) -> None:
        self._witness = BLIND
        await super()._work(resources)


class Blind(WitnessFiles):
    def sees(self, closed: Closed, cluster: str) -> Witness:
        return Witness(closed.trail.at(cluster), closed.trail.head)


BLIND = Blind(Path("/nowhere"))


def test_a_worker_that_never_asks_the_witness_is_noticed() -> None:
    def noticed(step: int) -> bool:
        world = ClosingWorld(lane=RemembersNothing, publisher=PublishesFirst)
        try:
            put_back_after(world, step)
        except LawBroken:
            return True
        finally:
            world.end()
        return False

    assert any(noticed(step) for step in reversed(range(1, steps_of_a_close())))


def published_elsewhere(world: ClosingWorld, publisher: type[PublisherLane]) -> None:
    """One host draws and dies, another publishes; the broker is put back; the other one draws."""
    older = drawn_and_not_public(world)
    process = world.world.process("publisher")
    log = MemoryLog(world.broker, lambda: world.network.connect(process))
    process.spawn(publisher(log, world.witness("another")).run())
    world.run(5)
    assert world.published()
    world.world.kill(process)
    world.put_back(older)
    world.worker(host="another")
    world.run(10)
    world.check_public()


def drawn_and_not_public(world: ClosingWorld) -> BrokerCopy:
    world.send(ONE)
    world.close(START)
    older = world.copied()
    process = world.worker(host="one")
    while not world.broker.committed(OF_DRAWS):
        world.run(0.001)
    world.world.kill(process)
    assert not world.published()
    return older


def test_whoever_publishes_remembers_first_though_another_host_drew(world: ClosingWorld) -> None:
    published_elsewhere(world, PublisherLane)
    assert world.halted() == {"release": "LedgerBehind", "publisher": "LedgerBehind"}


def test_a_publisher_that_publishes_first_is_noticed(world: ClosingWorld) -> None:
    with pytest.raises(LawBroken, match="two draws"):
        published_elsewhere(world, PublishesFirst)


def test_a_lane_that_never_asks_the_witness_is_noticed() -> None:
    world = ClosingWorld(lane=RemembersNothing)
    try:
        with pytest.raises(AssertionError):
            test_a_copy_without_the_last_month_is_refused_until_a_newer_one_is_put_back(world)
    finally:
        world.end()


# What is refused


def closed_twice(world: ClosingWorld) -> None:
    """Two months are closed and public, and the worker is gone."""
    process = prepared(world)
    world.run(10)
    world.close(MARCH)
    world.run(10)
    world.settled()
    world.world.kill(process)


def started(world: ClosingWorld, host: str = HOST) -> dict[str, str]:
    """The lanes of another worker that failed, with their errors."""
    world.progress.clear()
    process = world.worker(host=host)
    world.run(10)
    world.world.kill(process)
    return world.halted()


def test_a_copy_without_the_last_month_is_refused_until_a_newer_one_is_put_back(world: ClosingWorld) -> None:
    process = prepared(world)
    world.run(10)
    world.world.kill(process)
    older = world.copied()
    world.close(MARCH)
    process = world.worker()
    world.run(10)
    world.world.kill(process)
    newer, calls = world.copied(), world.noise.calls
    world.put_back(older)
    world.close(MARCH)
    assert started(world) == {"release": "LedgerBehind", "publisher": "LedgerBehind"}
    assert world.noise.calls == calls
    with pytest.raises(LedgerBehind):
        world.witness().adopt(world.closings().closed, world.broker.cluster, START)
    world.put_back(newer)
    assert started(world) == {}
    world.settled()
    world.check_public()


def test_a_host_that_missed_the_month_hears_it_from_another_hosts_worker(world: ClosingWorld) -> None:
    world.send(ONE)
    world.close(START)
    older = world.copied()
    process = world.worker(host="one")
    world.run(10)
    world.world.kill(process)
    head, calls = world.closings().closed.trail.head, world.noise.calls
    world.put_back(older)
    pulse = WorkerPulse("worker-one", 0, world.now_ms, remembers=head)
    world.append(Partition(PULSE, 0), encode_worker_pulse(pulse), b"no pulse", key=b"worker-one")
    assert started(world, host="another") == {"release": "LedgerBehind"}
    assert world.noise.calls == calls


def heard(world: ClosingWorld, *pulses: WorkerPulse) -> None:
    """Pulses of other workers, each under its name."""
    for pulse in pulses:
        world.append(Partition(PULSE, 0), encode_worker_pulse(pulse), key=pulse.worker.encode())


def test_a_worker_whose_witness_refuses_for_another_reason_holds_up_every_draw(world: ClosingWorld) -> None:
    """The cluster was left, and only the other host knows; or its file is damaged: who knows?"""
    world.send(ONE)
    world.close(START)
    head = LedgerHead()
    for remembers, refuses in ((head, "ClusterLeft: the exchange has left"), (None, "WitnessDamaged: is damaged")):
        heard(world, WorkerPulse("worker-one", 0, world.now_ms, remembers=remembers, refuses=refuses))
        assert started(world) == {"release": "RefusedElsewhere"}
    heard(world, WorkerPulse("worker-one", 0, world.now_ms, remembers=head))  # mended
    assert started(world) == {}
    world.settled()


def test_a_worker_that_has_not_looked_yet_is_waited_for_as_long_as_it_lives(world: ClosingWorld) -> None:
    world.send(ONE)
    world.close(START)
    heard(world, WorkerPulse("worker-one", 0, world.now_ms))
    world.worker()
    world.run(60)
    assert (world.halted(), world.noise.calls) == ({}, 0)
    heard(world, WorkerPulse("worker-one", 0, world.now_ms, ended=True))
    world.run(10)
    world.settled()


def test_a_worker_that_was_stopped_to_be_mended_holds_up_nobody(world: ClosingWorld) -> None:
    """After `adopt` its next life begins at once, and would meet what its last one remembered."""
    world.send(ONE)
    world.close(START)
    other = LedgerHead(MARCH, b"other figures".ljust(32))
    alive = WorkerPulse("worker-one", 0, world.now_ms, remembers=other, refuses="LedgerDiffers: other figures")
    heard(world, alive, replace(alive, ended=True))
    assert started(world) == {}
    world.settled()


def test_an_old_pulse_of_a_worker_holds_up_nobody(world: ClosingWorld) -> None:
    world.send(ONE)
    world.close(START)
    other = ClosingWorld()
    prepared(other)
    other.run(10)
    pulse = WorkerPulse("worker-one", 0, world.now_ms - 60_000, remembers=other.closings().closed.trail.head)
    other.end()
    world.append(Partition(PULSE, 0), encode_worker_pulse(pulse), key=b"worker-one")
    assert started(world, host="another") == {}


def test_a_second_draw_by_a_host_that_remembered_nothing_is_refused_by_the_first_host(world: ClosingWorld) -> None:
    world.send(ONE)
    world.close(START)
    older = world.copied()
    process = world.worker(host="one")
    world.run(10)
    world.world.kill(process)
    world.put_back(older)
    assert started(world, host="another") == {}
    with pytest.raises(LawBroken):  # nobody could know: the first host was down
        world.check_public()
    assert started(world, host="one") == {"release": "LedgerDiffers", "publisher": "LedgerDiffers"}
    with pytest.raises(LedgerDiffers):
        world.witness("one").compares(world.closings().closed, world.broker.cluster)
    world.witness("one").adopt(world.closings().closed, world.broker.cluster, START)
    assert started(world, host="one") == {}


def relocated_to(world: ClosingWorld, cluster: str) -> None:
    """The ledger as a restore leaves it, on another cluster."""
    moved = Relocation(world.broker.cluster, cluster, "ab" * 32, 0, finished=True)
    world.broker.append(OF_DRAWS, (relocation_part(cluster), encode_relocation(moved)))
    world.broker.cluster = cluster


def test_the_old_cluster_is_refused_on_the_host_whose_worker_moved(world: ClosingWorld) -> None:
    closed_twice(world)
    old, name = world.copied(), world.broker.cluster
    relocated_to(world, "elsewhere")
    assert started(world) == {}
    world.put_back(old)
    world.broker.cluster = name
    world.close(START + 2)
    calls = world.noise.calls
    assert started(world) == {"release": "ClusterLeft", "publisher": "ClusterLeft"}
    assert world.noise.calls == calls
    world.witness().adopt(world.closings().closed, name, MARCH)  # the other one is gone and drew nothing
    assert started(world) == {}
    assert world.closings().closed.last_epoch == START + 2


def test_a_copy_from_before_the_restore_to_the_same_cluster_is_refused(world: ClosingWorld) -> None:
    """It holds nothing that names the exchange: only the file names the cluster."""
    empty = world.copied()
    closed_twice(world)
    relocated_to(world, "elsewhere")
    assert started(world) == {}
    newer = world.copied()
    world.put_back(empty)
    world.send(ONE)
    world.close(START)
    calls = world.noise.calls
    assert started(world) == {"release": "LedgerBehind", "publisher": "LedgerBehind"}
    assert world.noise.calls == calls
    world.put_back(newer)
    assert started(world) == {}
    [_] = world.witness().folder.glob("ledger-*.json")


def test_an_unfinished_restore_leaves_no_file(world: ClosingWorld) -> None:
    begun = Relocation(world.broker.cluster, "elsewhere", "ab" * 32, 0, finished=False)
    closed = relocated(Closed(), begun)
    world.witness().sees(closed, "elsewhere")
    assert not list(world.witness().folder.glob("*"))
    world.witness().sees(relocated(closed, replace(begun, finished=True)), "elsewhere")
    assert [path.name for path in world.witness().folder.glob("*.json")] == [f"ledger-{world.broker.cluster}.json"]


# The file


def test_damage_is_refused_and_a_lost_file_is_made_again(world: ClosingWorld) -> None:
    closed_twice(world)
    files, closed, cluster = world.witness(), world.closings().closed, world.broker.cluster
    [path] = files.folder.glob("ledger-*.json")
    whole = path.read_bytes()
    for damaged in (b"", whole[:-30], whole.replace(b"2026-03", b"2026-02"), b"[]", b"[" * 100_000, whole + b" "):
        path.write_bytes(damaged)
        assert started(world) == {"release": "WitnessDamaged", "publisher": "WitnessDamaged"}
        with pytest.raises(WitnessDamaged):
            files.compares(closed, cluster)
        assert path.read_bytes() == damaged
    with pytest.raises(AdoptRefused):
        files.adopt(closed, cluster, MARCH + 1)
    files.adopt(closed, cluster, MARCH)
    assert path.read_bytes() == whole
    path.unlink()
    assert started(world) == {}
    assert path.read_bytes() == whole
    assert path.stat().st_mode & 0o777 == 0o600
    assert encoded(read_witness(path) or Witness(())) == whole


def test_a_folder_that_cannot_be_written_closes_nothing(world: ClosingWorld) -> None:
    world.send(ONE)
    world.close(START)
    folder = world.witness().folder
    folder.parent.mkdir(exist_ok=True)
    folder.write_bytes(b"a file in its place")
    assert started(world) == {"release": "WitnessUnwritable", "publisher": "WitnessUnwritable"}
    assert not world.noise.calls
    folder.unlink()
    assert started(world) == {}
    world.settled()
