"""Derive on virtual time: whatever order, repetition, kills and second workers, `metrics` ends with the same bytes.

The expected bytes are worked out here from the releases alone, epoch by epoch, by the pure functions.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import product
from random import Random
from zlib import crc32

import pytest

from consumers.metrics.derive import AWAITED_S, FROM, SUBJECT, TO, TOLD, Derive, encoded, epoch_of_key
from exchange.core.metrics.expected import Judge
from exchange.core.model.epochs import ends_ms, epoch_of
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release
from exchange.engine.log import Pair
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.planned_sizes import planned_sizes
from exchange.wire.public_records import encode_release, release_key
from exchange.wire.pulse import AlertKind, decode_alert
from tests.kits.release_world import JANUARY, MARCH, released, releases
from tests.simulation.world.exchange_world import Process, World
from tests.simulation.world.network import Network

FEBRUARY, JUNE = JANUARY + 1, epoch_of(2026, 6)
TABLES = (
    "cases",
    "unmet_needs_by_service",
    "cases_by_age_group",
    "services_by_wait_band",
    "exits_by_duration_band",
    "provider_support_needed",
)
PLANNED = planned_sizes(13_631)


def made(last: int) -> list[Release]:
    """Releases in the order in which they are published: epoch by epoch."""
    found = releases(TABLES, JANUARY, last, lambda *where: crc32(repr(where).encode()) % 400, 64)
    return sorted(found, key=lambda one: one.epoch)


def pairs(some: Iterable[Release]) -> list[Pair]:
    return [(release_key(one), encode_release(one)) for one in some]


@cache
def _expected(last: int) -> dict[bytes | None, bytes | None]:
    every = released(made(last))
    judge = Judge(every, PLANNED)
    return {key: value for epoch in every.epochs() for key, value in encoded(every, epoch, judge)}


class Stage:
    """A broker with the three topics, and workers that derive."""

    def __init__(self, seed: int = 0) -> None:
        self.world = World(seed)
        self.network = Network(self.world)
        self.broker = MemoryBroker(self.world.after, lambda: self.world.now)
        for partition in (FROM, TO, TOLD):
            self.broker.create(partition.topic)
        self.failed: list[BaseException] = []

    def publish(self, *records: Pair) -> None:
        self.broker.produce(self.broker.new_producer(), 0, FROM, list(records))

    def start(self, name: str = "one") -> Process:
        process = self.world.process(name)

        async def here(work):
            return work()

        async def run() -> None:
            log = MemoryLog(self.broker, lambda: self.network.connect(process))
            while True:
                try:
                    await Derive(log, PLANNED, off_loop=here).run()
                except Exception as error:
                    self.failed.append(error)
                    raise

        process.spawn(run())
        return process

    def run(self, seconds: float = 5.0) -> None:
        self.world.run_until(self.world.now + seconds)

    def points(self) -> dict[bytes | None, bytes | None]:
        return {record.key: record.value for record in self.broker.committed(TO)}

    def alert(self):
        told = [record.value for record in self.broker.committed(TOLD) if record.key == SUBJECT.encode()]
        return decode_alert(told[-1]) if told and told[-1] else None


@pytest.fixture
def stage():
    made = Stage()
    yield made
    made.world.end()
    assert made.failed == []


def test_what_was_there_before_and_what_comes_later_are_derived(stage: Stage) -> None:
    every = made(MARCH)
    early = [one for one in every if one.epoch < MARCH]
    stage.publish(*pairs(early))
    stage.start()
    stage.run()
    assert stage.points() == _expected(FEBRUARY)
    stage.publish(*pairs(one for one in every if one.epoch == MARCH))
    stage.run()
    assert stage.points() == _expected(MARCH)


def test_a_record_of_metrics_is_as_old_as_its_epoch(stage: Stage) -> None:
    stage.publish(*pairs(made(FEBRUARY)))
    stage.start()
    stage.run()
    for record in stage.broker.committed(TO):
        assert record.timestamp == ends_ms(epoch_of_key(record.key) or 0)
    assert {r.timestamp for r in stage.broker.committed(TO)} == {1_769_903_999_999, 1_772_323_199_999}


def test_a_repeated_release_writes_nothing(stage: Stage) -> None:
    every = pairs(made(MARCH))
    stage.publish(*every)
    stage.start()
    stage.run()
    written = len(stage.broker.committed(TO))
    stage.publish(*every)
    stage.run()
    assert len(stage.broker.committed(TO)) == written
    assert stage.alert() is None


def test_a_restart_writes_nothing(stage: Stage) -> None:
    stage.publish(*pairs(made(MARCH)))
    first = stage.start()
    stage.run()
    written = len(stage.broker.committed(TO))
    stage.world.kill(first)
    stage.start("two")
    stage.run()
    assert len(stage.broker.committed(TO)) == written
    assert stage.points() == _expected(MARCH)


@pytest.mark.parametrize("seed", range(6))
def test_kills_repetition_order_and_two_workers_lead_to_the_same_bytes(seed: int) -> None:
    stage = Stage(seed)
    random = stage.world.random
    every = made(JUNE)
    by_epoch = [[one for one in every if one.epoch == epoch] for epoch in range(JANUARY, JUNE + 1)]
    process = stage.start()
    for number, group in enumerate(by_epoch):
        random.shuffle(group)
        halves = group[: random.randrange(len(group) + 1)]
        stage.publish(*pairs(halves))
        stage.run(random.random() * 0.4)
        if random.random() < 0.7:
            stage.world.kill(process)  # wherever it stands
            process = stage.start(f"worker {number}")
        if random.random() < 0.3:
            stage.start(f"second {number}")  # a thawed zombie derives too
        stage.publish(*pairs(group), *pairs(random.sample(every[: max(1, number)], 1)))
        stage.run(random.random() * 0.4)
    stage.run(20)
    assert stage.points() == _expected(JUNE)
    assert stage.failed == []
    stage.world.end()


def test_an_epoch_waits_for_what_was_released_before_and_not_for_ever(stage: Stage) -> None:
    every = made(FEBRUARY)
    late = [one for one in every if (one.table, one.epoch) == ("cases", FEBRUARY)]
    stage.publish(*pairs(one for one in every if one not in late))
    stage.start()
    stage.run()
    assert {epoch_of_key(key) for key in stage.points()} == {JANUARY}
    stage.run(AWAITED_S)
    assert {epoch_of_key(key) for key in stage.points()} == {JANUARY, FEBRUARY}
    assert stage.points() != _expected(FEBRUARY)
    stage.publish(*pairs(late))
    stage.run()
    assert stage.points() == _expected(FEBRUARY)


def test_a_late_release_brings_the_points_of_its_epoch_and_of_those_after_it(stage: Stage) -> None:
    every = made(MARCH)
    late = [one for one in every if (one.table, one.epoch) == ("cases", FEBRUARY)]
    stage.publish(*pairs(one for one in every if one not in late))
    stage.start()
    stage.run(20)
    lacking = _expected(MARCH).keys() - stage.points().keys()
    assert {epoch_of_key(key) for key in lacking} == {FEBRUARY, MARCH}
    stage.publish(*pairs(late))
    stage.run()
    assert stage.points() == _expected(MARCH)


@pytest.mark.parametrize("seed", range(3))
def test_one_release_more_only_adds_points(seed: int) -> None:
    """What makes an epoch's points the same whenever they are worked out; of every table there is."""
    random = Random(seed)
    every = releases(list(DECLARED), JANUARY, MARCH, lambda *where: crc32(repr(where).encode()) % 400, 64)
    some = [one for one in every if random.random() < 0.8]
    few, all_of_them = released(some), released(every)
    for epoch in few.epochs():
        found = encoded(few, epoch, Judge(few, PLANNED))
        assert dict(found).items() <= dict(encoded(all_of_them, epoch, Judge(all_of_them, PLANNED))).items()
        assert len(dict(found)) == len(found)


@pytest.mark.parametrize("value", [None, b"", b"nothing of ours", b"\0\0\0\0\1junk"])
def test_foreign_bytes_are_told_and_passed_over(stage: Stage, value: bytes | None) -> None:
    stage.start()
    stage.publish((b"x", value), *pairs(made(FEBRUARY)))
    stage.run()
    assert stage.points() == _expected(FEBRUARY)
    alert = stage.alert()
    assert alert is not None
    assert alert.kind is AlertKind.LEFT_OUT
    assert "offset 0: MessageUnreadable" in alert.says


def test_a_second_draw_is_told_and_the_first_one_stands(stage: Stage) -> None:
    every = made(FEBRUARY)
    second = replace(every[0], increments=tuple((n or 0) + 1 for n in every[0].increments))
    stage.publish(*pairs(every), *pairs([second]))
    stage.start()
    stage.run()
    assert stage.points() == _expected(FEBRUARY)
    alert = stage.alert()
    assert alert is not None
    assert f"offset {len(every)}: ReleaseDiffers" in alert.says


def test_an_alert_is_written_once_and_ends_when_nothing_is_left_out_any_more(stage: Stage) -> None:
    stage.publish((b"x", b"nothing of ours"))
    first = stage.start()
    stage.run()
    stage.world.kill(first)
    second = stage.start("two")
    stage.run()
    assert len(stage.broker.committed(TOLD)) == 1
    stage.world.kill(second)
    stage.broker.delete_before(FROM, 1)
    stage.start("three")
    stage.run()
    assert len(stage.broker.committed(TOLD)) == 2
    assert stage.alert() is None


def test_a_table_of_another_version_stops_nobody(stage: Stage) -> None:
    """Newer ones have a name that nobody declares; a known name with another domain is refused, and told."""
    every = made(FEBRUARY)
    unknown = replace(every[0], table="of_another_version")
    stage.publish(*pairs([unknown]), *pairs(every))
    stage.start()
    stage.run(AWAITED_S * 2)  # nothing tells a table of another version from one that is late
    assert stage.points() == _expected(FEBRUARY)
    assert stage.alert() is None


def test_points_of_other_bytes_are_written_over_and_foreign_keys_left_alone(stage: Stage) -> None:
    [(key, value), *_] = _expected(FEBRUARY).items()
    stage.broker.append(TO, (key, b"of other code"), (b"foreign", b"bytes"))
    stage.publish(*pairs(made(FEBRUARY)))
    stage.start()
    stage.run()
    assert stage.points() == {**_expected(FEBRUARY), b"foreign": b"bytes"}
    assert value is not None


def test_every_released_table_has_its_planned_sizes() -> None:
    lacking = {
        (name, values)
        for name, one in DECLARED.items()
        if one.bit
        for values in product(*one.codes)
        if (name, values) not in PLANNED
    }
    assert lacking == set()
