"""The numbers that a director reads follow from the code, and are never kinder than it."""

from collections.abc import Iterable
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest

from exchange.core.metrics.usability import POPULATION
from exchange.core.metrics.view import Sum, View, parts_of
from exchange.core.model.vocabulary import DIVISION
from exchange.core.release.budget import PARTS, RESERVE, RHO_TOTAL, TABLE_COSTS, WHOLE
from exchange.core.release.tiers import due_epoch, periods_due
from tests.kits.release_world import AFTER, APRIL, noised, release, released
from tools.derive import privacy_docs
from tools.derive.privacy_docs import (
    LIVES,
    WIDTHS,
    ErrorBar,
    belief,
    epsilon,
    learned,
    reach,
    right_guesses,
    sensitivities,
    tiers,
)

FIGURES = 3_000


def cells(lines: Iterable[str]) -> list[list[str]]:
    """The rows of a table below its header."""
    return [line.strip("| ").split(" | ") for line in list(lines)[2:]]


def number(text: str) -> float:
    return float(text.partition(" ")[0].rstrip("%"))


def test_what_is_written_about_opponents_is_rounded_up() -> None:
    for life, (_, _, guessed, believed, said) in zip(LIVES, cells(learned()), strict=True):
        for shown, true, step in (
            (guessed, 100 * right_guesses(life), 0.1),
            (believed, 100 * belief(life, 1 / 1000), 0.1),
            (said, epsilon(life), 0.01),
        ):
            assert true <= number(shown) < true + step * 1.0001, life.words


def test_telling_two_stories_apart_is_twice_the_distance() -> None:
    """A client's quarter goes and another comes, at worst in the same cells, with opposed signs."""
    [stories] = [life for life in LIVES if "two stories" in life.words]
    distance = sqrt(2 * float(RHO_TOTAL))
    assert right_guesses(stories) == pytest.approx(NormalDist().cdf(2 * distance / 2))


@pytest.mark.parametrize("width", WIDTHS, ids=lambda width: width.words)
def test_error_bars_are_as_wide_as_releases_make_them(width: ErrorBar) -> None:
    """Counted: how often all releases' noise moves a true zero by no more than the stated width."""
    rng, plan, name = np.random.default_rng(20260101), TABLE_COSTS[width.name], width.name
    parts = parts_of(plan.row.tier, width.period)
    epochs = {due_epoch(plan.row.tier, part) or APRIL for part in parts}
    made = [release(name, epoch, variance=plan.variance) for epoch in sorted(epochs)]
    held: list[bool] = []
    while len(held) < FIGURES:
        view = View(released(noised(some, rng) for some in made), max(epochs))
        sums = (Sum(name, width.period, (p,), (v,)) for p in view.places(name) for v in view.values(name))
        held += [abs(float(found.value)) <= reach(width) for one in sums if (found := view.estimate([one]))]
    assert abs(np.mean(held) - 0.9525) < 0.0125


def test_the_tiers_account_for_the_whole_budget_and_every_number_drawn() -> None:
    rows = cells(tiers())
    assert sum(number(part) for *_, part, _ in rows) == pytest.approx(
        100 * (sum(PARTS.values()) + RESERVE) / WHOLE, abs=0.3
    )
    assert sum(int(tables) for _, tables, *_ in rows[:-1]) == len(TABLE_COSTS)
    drawn = sum(len(periods_due(plan.row.tier, AFTER)) * plan.row.cells for plan in TABLE_COSTS.values())
    assert sum(int(numbers.replace(",", "")) for _, _, numbers, *_ in rows[:-1]) == drawn


def test_every_derivation_of_a_sensitivity_comes_out_as_it_is_written() -> None:
    for k, _, followed, squared, _ in cells(sensitivities()):
        by_rule = {"k": int(k), f"k² = {k}²": int(k) ** 2}
        assert by_rule.get(followed, int(squared)) == int(squared) <= int(k) ** 2, followed
    assert sum(int(row[-1]) for row in cells(sensitivities())) == len(TABLE_COSTS)


def test_divisions_are_those_of_the_census_and_of_the_territories() -> None:
    states = privacy_docs._divisions()
    assert sum(states) == len(POPULATION)
    assert len(states) == len({DIVISION[state] for state in POPULATION})
    assert max(states) == 9  # the South Atlantic
