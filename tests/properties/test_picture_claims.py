"""Claims of a picture are true: "the largest", "rose", "fell", over many pictures with known truth.

A picture is a list of ten ranked figures, and a chart of their changes over five quarters. In each
world, at most 5 of 100 lists may hold any false claim, and 5 of 100 charts, however many claims
they make: so the largest of many is not the luckiest. In worlds as real ones are, at least 95 of
100 claims that were made are true.

By day a few hundred pictures are drawn, with a binomial margin; at night, ten thousand.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from exchange.core.metrics.estimates import Block, Estimate
from exchange.core.picture.comparisons.comparing import Trend, changes, ranks
from exchange.core.picture.comparisons.measured import MeasuredFigure

FIGURES, QUARTERS = 10, 5
BY_DAY, BY_NIGHT = 100, 10_000
WITHHELD = 11
Truth = list[list[tuple[int, int]]]
"""Quarter → figure → what is above the line, and below it (0: a count)."""


@dataclass
class Tally:
    """`made`, `false`: of each claim. `wrong`: lists and charts with a false one."""

    pictures: int = 0
    made: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        wrong = f"{self.wrong['list']} lists and {self.wrong['chart']} charts"
        return f"{self.pictures} pictures, claims {dict(self.made)}, false {dict(self.false)} in {wrong}"


def noised(table: str, quarter: int, cell: int, count: int, sd: float, rng: np.random.Generator) -> Estimate:
    block = Block(table, quarter, Fraction(sd * sd).limit_denominator(1000))
    return Estimate(count + round(rng.normal(0, sd)), {block: 1 << cell})


def figure(
    quarter: int, cell: int, truth: tuple[int, int], sd: float, rng: np.random.Generator
) -> MeasuredFigure | None:
    above, below = truth
    over = noised("above", quarter, cell, above, sd, rng)
    under = noised("below", quarter, cell, below, sd, rng) if below else None
    terms = [term for term in (over, under) if term]
    return MeasuredFigure(over, under) if all(term.value >= WITHHELD for term in terms) else None


def value(truth: tuple[int, int]) -> Fraction:
    return Fraction(truth[0], truth[1] or 1)


def tell(truth: Truth, sd: float, rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """Every claim of one picture, and whether it is true."""
    drawn = [[figure(q, cell, one, sd, rng) for cell, one in enumerate(row)] for q, row in enumerate(truth)]
    shown = [(one, value(of)) for one, of in zip(drawn[-1], truth[-1], strict=True) if one]
    for rank, (_, true) in zip(ranks([one for one, _ in shown]), shown, strict=True):
        greater, less = (sum(sign * (other - true) > 0 for _, other in shown) for sign in (1, -1))
        claims = rank.first > 1 or rank.last < rank.of
        if claims:
            name = "the largest" if rank.words == "the largest" else "rank"
            yield name, rank.first <= 1 + greater and rank.last >= len(shown) - less
    among = FIGURES * (QUARTERS - 1)
    for cell in range(FIGURES):
        series = [row[cell] for row in drawn]
        for quarter, one in enumerate(changes(series, among=among)):
            before, after = (value(truth[q][cell]) for q in (quarter, quarter + 1))
            if one.trend is not Trend.CANNOT_TELL:
                yield str(one.trend), (after > before) if one.trend is Trend.ROSE else after < before


def steady(row: list[tuple[int, int]]) -> Truth:
    return [row] * QUARTERS


def all_equal(_: np.random.Generator) -> Truth:
    return steady([(200, 0)] * FIGURES)


def two_at_the_top(_: np.random.Generator) -> Truth:
    return steady([(400, 0)] * 2 + [(120, 0)] * (FIGURES - 2))


def hardly_apart(_: np.random.Generator) -> Truth:
    return [[(200 + cell + quarter, 0) for cell in range(FIGURES)] for quarter in range(QUARTERS)]


def equal_shares(_: np.random.Generator) -> Truth:
    """The noise below the line has a standard deviation of 3 to 30 % of it."""
    return steady([(size * 2 // 5, size) for size in (70, 70, 80, 100, 100, 150, 200, 300, 400, 600)])


def large_ratios(_: np.random.Generator) -> Truth:
    return steady([(size * 3, size) for size in (70, 70, 80, 100, 100, 150, 200, 300, 400, 600)])


def as_real_counts(rng: np.random.Generator) -> Truth:
    """Sizes over two orders of magnitude; a quarter moves a figure by a fifth or so."""
    sizes = np.exp(rng.uniform(np.log(30), np.log(2000), FIGURES))
    rows = []
    for _ in range(QUARTERS):
        sizes = sizes * np.exp(rng.normal(0, 0.2, FIGURES))
        rows.append([(int(size), 0) for size in sizes])
    return rows


def as_real_shares(rng: np.random.Generator) -> Truth:
    wholes = [[(size * 5, 0) for size, _ in row] for row in as_real_counts(rng)]
    shares = rng.uniform(0.1, 0.9, FIGURES)
    rows = []
    for row in wholes:
        shares = np.clip(shares + rng.normal(0, 0.1, FIGURES), 0.05, 1.2)
        rows.append([(int(size * share), max(size, 70)) for (size, _), share in zip(row, shares, strict=True)])
    return rows


TRENDS = {str(Trend.ROSE), str(Trend.FELL)}
World = Callable[[np.random.Generator], Truth]
WORST: tuple[World, ...] = (all_equal, two_at_the_top, hardly_apart, equal_shares, large_ratios)
REAL: tuple[World, ...] = (as_real_counts, as_real_shares)
SD = 20.0


def tallied(world: World, pictures: int) -> Tally:
    rng = np.random.default_rng(20030101)
    tally = Tally()
    for _ in range(pictures):
        told = list(tell(world(rng), SD, rng))
        tally.pictures += 1
        tally.made.update(claim for claim, _ in told)
        false = [claim for claim, true in told if not true]
        tally.false.update(false)
        tally.wrong.update({"chart" if claim in TRENDS else "list" for claim in false})
    print(f"{world.__name__}: {tally}")
    return tally


def most_wrong(pictures: int) -> float:
    """Of pictures with 5 % wrong, more are wrong once in a thousand times."""
    return pictures * 0.05 + 3.1 * sqrt(pictures * 0.05 * 0.95)


@pytest.mark.parametrize("world", [*WORST, *REAL])
def test_at_most_five_of_a_hundred_pictures_claim_anything_false(world: World) -> None:
    tally = tallied(world, BY_DAY)
    assert max(tally.wrong["list"], tally.wrong["chart"]) <= most_wrong(BY_DAY), tally


@pytest.mark.parametrize("world", REAL)
def test_of_claims_that_are_made_hardly_any_is_false(world: World) -> None:
    tally = tallied(world, BY_DAY)
    assert_claims_are_true(tally)


def assert_claims_are_true(tally: Tally) -> None:
    for claim in ("the largest", "rose", "fell"):
        assert tally.made[claim] > tally.pictures / 20, tally
        assert tally.false[claim] <= tally.made[claim] * 0.05, tally


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("world", [*WORST, *REAL])
def test_the_same_over_ten_thousand_pictures(world: World) -> None:
    tally = tallied(world, BY_NIGHT)
    assert max(tally.wrong["list"], tally.wrong["chart"]) <= BY_NIGHT * 0.05, tally
    if world in REAL:
        assert_claims_are_true(tally)


def test_without_regard_to_the_number_of_claims_the_law_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test can tell: with intervals for one statement alone, most pictures claim something."""
    monkeypatch.setattr("exchange.core.picture.comparisons.comparing.reach_for", lambda _: Fraction(196, 100))
    monkeypatch.setattr("exchange.core.picture.comparisons.comparing.reach_for_all_pairs", lambda _: Fraction(196, 100))
    tally = tallied(all_equal, 40)
    assert min(tally.wrong["list"], tally.wrong["chart"]) > most_wrong(40)
