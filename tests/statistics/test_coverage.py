"""Also with the exchange's sampler, intervals of every kind contain the truth 94 times in 100.

This holds for all intervals and for those shown. The worlds are those of the quick tests, whose
noise is seeded and comes from elsewhere. At least 10,000 intervals of each kind are counted, all
and shown; were the coverage 95 %, a run of all worlds would fail by chance once in ten thousand.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest

from consumers.release.noise import gaussian
from exchange.core.release.released import Release
from tests.kits import coverage_world
from tests.kits.coverage_world import WORLDS, cover
from tests.unit.metrics.test_metrics_coverage import LEAST, MOST, SLOW

AT_ONCE = 10_000
DRAWS = 10_500
MORE = {"ratios": 2}
"""Ratios of one place share much of their noise: so many times the draws of the quick worlds."""
ROUGHLY = 0.85


class Drawn:
    """Numbers of the exchange's sampler, each used once; fetched in bulk, as a few take as long."""

    def __init__(self) -> None:
        self._held: dict[Fraction, Iterator[int]] = {}
        self.used = 0

    def numbers(self, scale: Fraction) -> Iterator[int]:
        while True:
            yield from gaussian(scale, AT_ONCE)

    def noised(self, release: Release, _: np.random.Generator) -> Release:
        """As `release_world.noised`; the generator is not asked."""
        root = isqrt(int(release.variance))
        assert root**2 == release.variance  # so that the sampler takes the scale as it is
        held = self._held.setdefault(Fraction(root), self.numbers(Fraction(root)))
        self.used += len(release.counts)
        added = tuple(None if n is None else n + next(held) for n in release.counts)
        return replace(release, counts=added)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    found = Drawn()
    monkeypatch.setattr(coverage_world, "noised", found.noised)
    return found


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth_with_the_noise_of_the_exchange(world: str, drawn: Drawn) -> None:
    found = cover(WORLDS[world](), MORE.get(world, 1) * SLOW.get(world, DRAWS), seed=0)
    print(f"{world}: {found.all} intervals, {found.coverage:.4f}; {found.shown} shown, {found.shown_coverage:.4f}")
    assert drawn.used >= 10_000
    assert min(found.all, found.shown) >= 10_000
    assert found.coverage >= LEAST
    assert found.shown_coverage >= LEAST
    assert found.shown_coverage <= MOST or "quantile" in world


def test_noise_twice_as_wide_as_is_published_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is noise that is none: intervals would hold the truth always."""

    def covered(times: int) -> float:
        source = Drawn()

        def noised(release: Release, rng: np.random.Generator) -> Release:
            wider = source.noised(release, rng)
            both = zip(release.counts, wider.counts, strict=True)
            return replace(
                release, counts=tuple(None if a is None or b is None else a + times * (b - a) for a, b in both)
            )

        monkeypatch.setattr(coverage_world, "noised", noised)
        return cover(WORLDS["shares"](), 30, seed=0).coverage

    assert covered(1) > ROUGHLY > covered(2)  # 95 and 67 %, of five hundred
    assert covered(0) == 1
