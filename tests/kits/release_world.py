"""Releases for tests: any table over any epochs, from counts that a test gives or draws.

Noise is seeded, and only here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import numpy.typing as npt

from exchange.core.counting.tables import Tier
from exchange.core.metrics.figures import MetricPoint, Sums
from exchange.core.metrics.view import Sum
from exchange.core.model.epochs import epoch_of
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import is_due, periods_due

JANUARY, APRIL, JULY, OCTOBER = (epoch_of(2026, month) for month in (1, 4, 7, 10))
AFTER = epoch_of(2027, 1)
"""The epoch that counts the year 2026 and its last quarter."""
Cell = tuple[str, tuple[str, ...]]
Truth = Mapping[tuple[int, str, tuple[str, ...]], int]
"""(period, place, values) → how many events; what is not there is 0."""
Numbers = npt.NDArray[np.int64]


def everything(_: Sums) -> bool:
    return True


def cells_of(name: str) -> list[Cell]:
    return list(product(DECLARED[name].places, product(*DECLARED[name].codes)))


def due_epochs(name: str, first: int, last: int) -> list[int]:
    return [epoch for epoch in range(first, last + 1) if is_due(DECLARED[name].tier, epoch)]


def release(
    name: str,
    epoch: int,
    count: Callable[[int, str, tuple[str, ...]], int | None] = lambda *_: 0,
    *,
    variance: Fraction | int = 4,
) -> Release:
    """`count(period, place, values)`: the noised counts."""
    declared = DECLARED[name]
    return Release(
        name,
        declared.tier,
        declared.bit,
        epoch,
        declared.places,
        declared.dimensions,
        declared.codes,
        tuple(count(period, *cell) for period in periods_due(declared.tier, epoch) for cell in cells_of(name)),
        Fraction(variance if declared.bit else 0),
        ("drawn in a test",),
    )


def releases(
    names: Iterable[str],
    first: int,
    last: int,
    count: Callable[[str, int, int, str, tuple[str, ...]], int | None],
    variance: Fraction | int = 4,
) -> list[Release]:
    """Releases of tables in all epochs when due; `count(table, epoch, period, place, values)`."""
    return [
        release(name, epoch, lambda *cell, n=name, e=epoch: count(n, e, *cell), variance=variance)
        for name in names
        for epoch in due_epochs(name, first, last)
    ]


def released(made: Iterable[Release]) -> Released:
    return Released().taking(made)


def noise(rng: np.random.Generator, sigma: float, size: int) -> Numbers:
    """Discrete Gaussian: probability ∝ exp(−x²/2σ²) on whole numbers, cut off where it is nil."""
    far = int(12 * sigma) + 2
    support = np.arange(-far, far + 1)
    weights = np.exp(-(support**2) / (2 * sigma**2))
    return rng.choice(support, size=size, p=weights / weights.sum())


def noised(release: Release, rng: np.random.Generator) -> Release:
    """The release with a draw of its own variance added."""
    drawn = noise(rng, float(release.variance) ** 0.5, len(release.counts)).tolist()
    counts = tuple(None if n is None else n + x for n, x in zip(release.counts, drawn, strict=True))
    return replace(release, counts=counts)


def keyed(points: Iterable[MetricPoint]) -> dict[tuple[object, ...], MetricPoint]:
    """Points by what they are about."""
    return {(p.metric, p.dimensions, p.period, p.epoch): p for p in points}


def of(points: Iterable[MetricPoint], **dimensions: str) -> Iterator[MetricPoint]:
    """The points that have these dimensions."""
    return (p for p in points if dimensions.items() <= dict(p.dimensions).items())


def truth_of(made: Iterable[Release]) -> Callable[[Sum], int]:
    """What a sum adds up to, cell by cell, by a way that shares nothing with views."""
    cells: dict[tuple[str, int, str, tuple[str, ...]], int] = {}
    for one in made:
        for period in one.periods:
            for (place, values), n in zip(cells_of(one.table), one.of(period), strict=True):
                cells[one.table, period, place, values] = n or 0

    def truth(asked: Sum) -> int:
        period = asked.period or 0
        quarterly = DECLARED[asked.table].tier is Tier.NATION_QUARTERLY
        parts = range(period, period + 5) if quarterly and period % 5 == 0 else [period]
        return sum(cells[asked.table, part, p, v] for part in parts for p in asked.places for v in asked.values)

    return truth
