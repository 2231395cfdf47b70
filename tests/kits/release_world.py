"""Releases for tests: any table over any epochs, from increments that a test gives or draws.

Noise is seeded, and only here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import numpy.typing as npt

from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Sum
from exchange.core.model.epochs import epoch_of
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import BUCKETS, MONTHS_BETWEEN, Bucket, is_due, period_of_bucket

JANUARY, MARCH, JUNE, DECEMBER = (epoch_of(2026, month) for month in (1, 3, 6, 12))
Cell = tuple[str, tuple[str, ...]]
Truth = Mapping[tuple[int, int, str, tuple[str, ...]], int]
"""(epoch of arrival, period, place, values) → how many events; what is not there is 0."""
Numbers = npt.NDArray[np.int64]


def everything(_: Sum) -> bool:
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
    since: int = JANUARY,
) -> Release:
    """`count(period, place, values)`: noised increments; the first release starts at `since`."""
    declared = DECLARED[name]
    before = epoch - MONTHS_BETWEEN[declared.tier]
    first = before < since
    return Release(
        name,
        declared.tier,
        declared.bit,
        epoch,
        since if first else before + 1,
        first,
        declared.places,
        declared.dimensions,
        declared.codes,
        tuple(
            count(period_of_bucket(bucket, epoch), *cell)
            for bucket in BUCKETS[declared.tier]
            for cell in cells_of(name)
        ),
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
        release(name, epoch, lambda *cell, n=name, e=epoch: count(n, e, *cell), variance=variance, since=first)
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
    drawn = noise(rng, float(release.variance) ** 0.5, len(release.increments)).tolist()
    increments = tuple(None if n is None else n + x for n, x in zip(release.increments, drawn, strict=True))
    return replace(release, increments=increments)


def keyed(points: Iterable[MetricPoint]) -> dict[tuple[object, ...], MetricPoint]:
    """Points by what they are about."""
    return {(p.metric, p.dimensions, p.period, p.epoch): p for p in points}


def of(points: Iterable[MetricPoint], **dimensions: str) -> Iterator[MetricPoint]:
    """The points that have these dimensions."""
    return (p for p in points if dimensions.items() <= dict(p.dimensions).items())


def bucket_of(epoch: int, period: int, buckets: Sequence[Bucket]) -> Bucket:
    """Where an epoch's release puts what arrived for a period."""
    return next((b for b in buckets if period_of_bucket(b, epoch) == period), Bucket.EARLIER)
