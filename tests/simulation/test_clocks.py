"""A clock that is far ahead closes no month, and does no harm that lasts."""

from collections.abc import Iterator

import pytest

from exchange.core.model.epochs import ends_ms, epoch_at
from tests.simulation.world.closing_world import NOW_MS, ONE, START, ClosingWorld

YEARS_MS = 10 * 366 * 86_400_000
NOT_OVER = epoch_at(NOW_MS)
"""The month in which the brokers' clock is."""


@pytest.fixture
def world() -> Iterator[ClosingWorld]:
    world = ClosingWorld()
    world.send(ONE)
    yield world
    world.end()


def test_a_lane_whose_clock_is_years_ahead_closes_no_month_that_is_not_over(world: ClosingWorld) -> None:
    assert ends_ms(NOT_OVER) > NOW_MS + 60_000
    world.now_ms = NOW_MS + YEARS_MS
    world.close(NOT_OVER)
    world.worker()
    world.run(10)
    assert list(world.outcomes().values()) == ["EpochNotOver"]
    assert not world.releases()
    world.now_ms = NOW_MS  # the clock is right again, and nothing that was recorded is ahead of it
    world.close(START)
    world.run(10)
    assert list(world.outcomes().values()) == ["EpochNotOver", str(START)]
    world.settled()


def test_a_month_that_is_over_may_be_closed_by_such_a_clock_and_the_next_by_the_right_one(
    world: ClosingWorld,
) -> None:
    world.now_ms = NOW_MS + YEARS_MS
    world.close(START)
    world.worker()
    world.run(10)
    world.now_ms = NOW_MS
    world.close(START + 1)
    world.run(10)
    assert list(world.outcomes().values()) == [str(START), str(START + 1)]
    world.settled()


def test_brokers_whose_clock_is_ahead_close_nothing_either(world: ClosingWorld) -> None:
    world.now_ms = ends_ms(START)
    world.close(START)
    world.worker()
    world.run(10)
    assert list(world.outcomes().values()) == ["EpochNotOver"]
