"""Intervals of every kind contain the truth at least 94 times in 100, among all and among shown."""

import pytest

from tests.kits.coverage_world import WORLDS, cover

LEAST = 0.94
MOST = 0.985
"""Of shown sums and ratios: an interval that holds the truth more often claims less than is known.
"""
ENOUGH = 400
FAST = {"sums": 3, "ratios": 4, "sums of epochs": 10, "shares": 40, "shares within": 250, "reconciled parts": 60}
SLOW = {
    "sums": 80,
    "ratios": 210,
    "sums of epochs": 500,
    "shares": 2000,
    "shares within": 1200,
    "reconciled parts": 1500,
}


@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth(world: str) -> None:
    found = cover(WORLDS[world](), FAST.get(world, ENOUGH), seed=20260101)
    assert found.all >= ENOUGH
    assert found.coverage >= LEAST
    assert found.shown_coverage >= LEAST
    assert found.shown_coverage <= MOST or "quantile" in world


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth_in_ten_thousand_draws(world: str) -> None:
    found = cover(WORLDS[world](), SLOW.get(world, 10_500), seed=7)
    print(f"{world}: {found.all} intervals, {found.coverage:.4f}; {found.shown} shown, {found.shown_coverage:.4f}")
    assert min(found.all, found.shown) >= 10_000
    assert found.coverage >= LEAST
    assert found.shown_coverage >= LEAST
    assert found.shown_coverage <= MOST or "quantile" in world
