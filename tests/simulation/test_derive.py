"""Derive on virtual time: `metrics` ends with the same bytes for any order, repeats or kills.

Second workers change nothing either. The expected bytes are worked out from the releases alone: see
`world/derive_world.py`.
"""

from dataclasses import replace
from functools import cache
from itertools import product
from random import Random
from zlib import crc32

import pytest

from consumers.metrics.derive import AWAITED_S, FROM, TO, TOLD, encoded, epoch_of_key
from exchange.core.metrics.usability import Usability
from exchange.core.model.epochs import ends_ms
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release
from exchange.wire.pulse import AlertKind
from tests.kits.release_world import AFTER, APRIL, JULY, OCTOBER, released, releases
from tests.simulation.world.derive_world import MAY, PLANNED, DeriveWorld, expected, made, pairs


@pytest.fixture
def stage():
    made = DeriveWorld()
    yield made
    made.world.end()
    assert made.failed == []


def test_what_was_there_before_and_what_comes_later_are_derived(stage: DeriveWorld) -> None:
    every = made(JULY)
    early = [one for one in every if one.epoch <= MAY]
    stage.publish(*pairs(early))
    stage.start()
    stage.run()
    assert stage.points() == expected(MAY)
    stage.publish(*pairs(one for one in every if one.epoch > MAY))
    stage.run()
    assert stage.points() == expected(JULY)


def test_a_record_of_metrics_is_as_old_as_its_epoch(stage: DeriveWorld) -> None:
    stage.publish(*pairs(made(MAY)))
    stage.start()
    stage.run()
    for record in stage.broker.committed(TO):
        assert record.timestamp == ends_ms(epoch_of_key(record.key) or 0)
    assert {r.timestamp for r in stage.broker.committed(TO)} == {1_777_593_599_999, 1_780_271_999_999}


def test_a_repeated_release_writes_nothing(stage: DeriveWorld) -> None:
    every = pairs(made(JULY))
    stage.publish(*every)
    stage.start()
    stage.run()
    written = len(stage.broker.committed(TO))
    stage.publish(*every)
    stage.run()
    assert len(stage.broker.committed(TO)) == written
    assert stage.alert() is None


def test_a_restart_writes_nothing(stage: DeriveWorld) -> None:
    stage.publish(*pairs(made(JULY)))
    first = stage.start()
    stage.run()
    written = len(stage.broker.committed(TO))
    stage.world.kill(first)
    stage.start("two")
    stage.run()
    assert len(stage.broker.committed(TO)) == written
    assert stage.points() == expected(JULY)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_kills_repetition_order_and_two_workers_lead_to_the_same_bytes(seed: int) -> None:
    derive_in_a_storm(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_other_kills_and_orders_lead_to_the_same_bytes(part: int, fresh_random: Random) -> None:
    for _ in range(3):
        derive_in_a_storm(fresh_random.randrange(2**32))


def derive_in_a_storm(seed: int) -> None:
    stage = DeriveWorld(seed)
    random = stage.world.random
    every = made(OCTOBER)
    by_epoch = [[one for one in every if one.epoch == epoch] for epoch in range(APRIL, OCTOBER + 1)]
    process = stage.start(lost=random.choice((0.0, 0.3, 1.0)))
    for number, group in enumerate(by_epoch):
        random.shuffle(group)
        halves = group[: random.randrange(len(group) + 1)]
        stage.publish(*pairs(halves))
        stage.run(random.random() * 0.4)
        if random.random() < 0.7:
            stage.world.kill(process)  # wherever it stands
            process = stage.start(f"worker {number}", lost=random.choice((0.0, 0.3, 1.0)))
        if random.random() < 0.3:
            stage.start(f"second {number}")  # a thawed zombie derives too
        stage.publish(*pairs(group), *pairs(random.sample(every[: max(1, number)], 1)))
        stage.run(random.random() * 0.4)
    stage.run(20)
    assert stage.points() == expected(OCTOBER), f"seed {seed}"
    assert stage.failed == [], f"seed {seed}"
    stage.world.end()


def test_an_epoch_waits_for_what_was_released_before_and_not_for_ever(stage: DeriveWorld) -> None:
    every = made(MAY)
    late = [one for one in every if (one.table, one.epoch) == ("arrivals_cases", MAY)]
    stage.publish(*pairs(one for one in every if one not in late))
    stage.start()
    stage.run()
    assert {epoch_of_key(key) for key in stage.points()} == {APRIL}
    stage.run(AWAITED_S)
    assert {epoch_of_key(key) for key in stage.points()} == {APRIL, MAY}
    assert stage.points() != expected(MAY)
    stage.publish(*pairs(late))
    stage.run()
    assert stage.points() == expected(MAY)


def test_a_late_release_brings_the_points_that_need_it_and_no_others(stage: DeriveWorld) -> None:
    every = made(AFTER)
    late = [one for one in every if (one.table, one.epoch) == ("cases", JULY)]
    stage.publish(*pairs(one for one in every if one not in late))
    stage.start()
    stage.run(30)
    lacking = expected(AFTER).keys() - stage.points().keys()
    assert {b" ".join((key or b"").split(b"|")[0:2]) for key in lacking} == {
        b"cases 2026Q2",
        b"cases 2026",
        b"late_case_share 2026Q2",
    }
    stage.publish(*pairs(late))
    stage.run(30)
    assert stage.points() == expected(AFTER)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_one_release_more_only_adds_points(seed: int) -> None:
    """So an epoch's points are the same whenever they are worked out; holds for every table."""
    random = Random(seed)
    few = released([one for one in every_table() if random.random() < 0.8])
    for epoch in few.epochs():
        found = encoded(few, epoch, Usability(few, PLANNED))
        assert dict(found).items() <= points_of_every_table(epoch).items()
        assert len(dict(found)) == len(found)


@cache
def every_table() -> list[Release]:
    return releases(list(DECLARED), APRIL, AFTER, lambda *where: crc32(repr(where).encode()) % 400, 64)


@cache
def points_of_every_table(epoch: int) -> dict[bytes, bytes]:
    every = released(every_table())
    return dict(encoded(every, epoch, Usability(every, PLANNED)))


@pytest.mark.parametrize("value", [None, b"", b"nothing of ours", b"\0\0\0\0\1junk"])
def test_foreign_bytes_are_reported_and_passed_over(stage: DeriveWorld, value: bytes | None) -> None:
    stage.start()
    stage.publish((b"x", value), *pairs(made(MAY)))
    stage.run()
    assert stage.points() == expected(MAY)
    alert = stage.alert()
    assert alert is not None
    assert alert.kind is AlertKind.LEFT_OUT
    assert "offset 0: MessageUnreadable" in alert.says


def test_a_second_draw_is_reported_and_the_first_one_stays(stage: DeriveWorld) -> None:
    every = made(MAY)
    second = replace(every[0], counts=tuple((n or 0) + 1 for n in every[0].counts))
    stage.publish(*pairs(every), *pairs([second]))
    stage.start()
    stage.run()
    assert stage.points() == expected(MAY)
    alert = stage.alert()
    assert alert is not None
    assert f"offset {len(every)}: ReleaseDiffers" in alert.says


def test_an_alert_is_written_once_and_ends_when_nothing_is_left_out_any_more(stage: DeriveWorld) -> None:
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


def test_a_table_of_another_version_stops_nobody(stage: DeriveWorld) -> None:
    """Newer ones have an undeclared name; a known name with another domain is refused, reported."""
    every = made(MAY)
    unknown = replace(every[0], table="of_another_version")
    stage.publish(*pairs([unknown]), *pairs(every))
    stage.start()
    stage.run(AWAITED_S * 2)  # nothing tells a table of another version from one that is late
    assert stage.points() == expected(MAY)
    assert stage.alert() is None


def test_points_of_other_bytes_are_written_over_and_foreign_keys_left_alone(stage: DeriveWorld) -> None:
    [(key, value), *_] = expected(MAY).items()
    stage.broker.append(TO, (key, b"of other code"), (b"foreign", b"bytes"))
    stage.publish(*pairs(made(MAY)))
    stage.start()
    stage.run()
    assert stage.points() == {**expected(MAY), b"foreign": b"bytes"}
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
