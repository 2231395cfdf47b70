"""The snapshot: an epoch is seen whole or not at all, whatever the order of its points."""

import asyncio
import random

from consumers.serve.service import Service
from consumers.serve.snapshot.follow import QUIET_S, SETTLE_S
from consumers.serve.views.sheets import figure
from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.epochs import epoch_text
from exchange.core.picture.wording.statuses import status_of
from exchange.engine.log import Partition
from exchange.wire.public_records import (
    encode_point,
    encode_release,
    period_of_point_text,
)
from tests.kits.serve_world import (
    FIRST,
    JANUARY,
    Topics,
    following,
    of_epoch,
    read_to,
    releases,
    soon,
    world,
)

APRIL = FIRST + 2


def shown(service: Service) -> dict:
    """Every figure of the snapshot, by its key."""
    picture, found = service.picture, {}
    for epoch in picture.until(JANUARY):
        for row in picture.epochs[epoch].all_rows():
            one, (metric, dimensions) = figure(row, epoch, picture.names), picture.names.series.values[row.series]
            found[metric, dimensions, one.period, one.epoch] = (one.status, one.value, one.low, one.high, one.unit)
    return found


def as_shown(point: MetricPoint) -> tuple:
    status = status_of(point)
    numbers = (point.value, point.low, point.high) if status.shows_number else (None, None, None)
    return status, *(None if n is None else f"{n:f}" for n in numbers), point.unit


def key(point: MetricPoint) -> tuple:
    return point.metric, point.dimensions, period_of_point_text(point.period), epoch_text(point.epoch)


async def test_every_published_point_is_in_the_snapshot_with_its_digits_and_status() -> None:
    topics = Topics()
    for epoch in range(FIRST, JANUARY + 1):
        topics.publish(epoch)
    async with following(topics.log) as service:
        await read_to(service, JANUARY)
        assert shown(service) == {key(one): as_shown(one) for one in world()}
        assert service.snapshot.unreadable == service.snapshot.unknown == 0


async def test_an_epoch_is_seen_once_all_its_figures_are_there() -> None:
    topics, points = Topics(), of_epoch(APRIL)
    topics.publish(FIRST)
    topics.add_releases(releases(APRIL, APRIL))
    async with following(topics.log) as service:
        await read_to(service, FIRST)
        assert service.picture.settled == {FIRST}
        topics.add_points(points[:-1])
        await soon(lambda: service.snapshot.arriving == APRIL and service.snapshot.arrived == len(points) - 1)
        await asyncio.sleep(4 * SETTLE_S)  # it compared them with the releases meanwhile
        assert service.picture.newest == FIRST
        topics.add_points(points[-1:])
        await read_to(service, APRIL)
        assert service.picture.settled == {FIRST, APRIL}
        assert [(run.epoch, run.last) for run in service.picture.runs] == [(FIRST, 0), (APRIL, len(points))]


async def test_an_epoch_whose_releases_are_missing_is_shown_after_a_while_and_is_not_settled(monkeypatch) -> None:
    monkeypatch.setattr("consumers.serve.snapshot.follow.QUIET_S", 0.5)
    assert QUIET_S > 5
    topics = Topics()
    topics.add_points(of_epoch(APRIL))
    async with following(topics.log) as service:
        await read_to(service, APRIL)
        assert service.picture.settled == frozenset()
        topics.add_points(of_epoch(APRIL + 1))
        await soon(lambda: service.picture.newest == APRIL + 1)
        assert service.picture.settled == {APRIL}


async def test_the_order_of_the_topic_and_repeats_change_no_row() -> None:
    tidy, wild, points = Topics(), Topics(), of_epoch(APRIL)
    for topics in (tidy, wild):
        topics.add_releases(releases(APRIL))
    mixed = random.Random(1).sample(points, len(points))
    tidy.add_points(points)
    wild.add_points([*mixed, *mixed[:50]])
    rows = []
    for topics in (tidy, wild):
        async with following(topics.log) as service:
            await read_to(service, APRIL)
            names = service.picture.names
            rows.append([figure(row, APRIL, names) for row in service.picture.epochs[APRIL].all_rows()])
    assert rows[0] == rows[1]
    assert len(rows[0]) == len(points)


async def test_a_later_point_replaces_an_earlier_one_of_the_same_figure() -> None:
    topics, points = Topics(), of_epoch(APRIL)
    point = next(one for one in points if one.shown and one.metric == "needs_by_service")
    changed = MetricPoint(**{name: getattr(point, name) for name in point.__slots__} | {"value": point.value + 1})
    topics.add_releases(releases(APRIL))
    topics.add_points(points)
    async with following(topics.log) as service:
        await read_to(service, APRIL)
        topics.add_points([changed])
        await soon(lambda: len(service.picture.runs) == 2)
        assert shown(service)[key(point)] == as_shown(changed)
        assert len(service.picture.epochs[APRIL]) == len(points)


async def test_what_cannot_be_read_is_counted_and_nothing_else_is_lost() -> None:
    topics, metrics = Topics(), Partition("metrics", 0)
    good = encode_point(of_epoch(FIRST)[0])
    topics.add_releases(releases(FIRST))
    not_a_point = encode_release(releases(FIRST)[0])
    topics.add_raw(metrics, (b"x", b""), (b"y", not_a_point), (b"z", good[:-3]), (b"gone", None), (None, b"\0\0\0\0r"))
    topics.publish(FIRST)
    async with following(topics.log) as service:
        await read_to(service, FIRST)
        assert service.snapshot.unreadable == 4
        assert len(service.picture.epochs[FIRST]) == 1


async def test_topics_that_were_made_anew_throw_the_snapshot_away() -> None:
    before, after = Topics(), Topics()
    for epoch in (FIRST, FIRST + 1, APRIL):
        before.publish(epoch)
    after.publish(APRIL)
    async with following(before.log) as service:
        await read_to(service, APRIL)
    held = len(service.picture.epochs)
    async with following(after.log, service):
        await soon(lambda: service.picture.newest == APRIL and len(service.picture.epochs) == 1)
    assert held == 3


async def test_a_topic_of_the_same_length_with_other_records_is_noticed() -> None:
    before, after = Topics(), Topics()
    before.publish(FIRST)
    after.publish(FIRST + 1)
    async with following(before.log) as service:
        await read_to(service, FIRST)
    async with following(after.log, service):
        await read_to(service, FIRST + 1)
        assert set(service.picture.epochs) == {FIRST + 1}
