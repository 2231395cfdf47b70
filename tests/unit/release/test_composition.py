"""The cost of years of releases to one client: two accountants and the exact loss agree.

The second accountant takes seconds to load: only processes that ask it do.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from math import exp, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exchange.core.release.budget import (
    DELTA,
    RHO_PLANNED,
    RHO_TOTAL,
    TABLE_COSTS,
    TableCost,
    delta_of,
    epsilon_of,
)
from tools.derive.privacy_docs import LIVES, OpponentGoal, belief, epsilon, right_guesses

if TYPE_CHECKING:
    from fractions import Fraction

    from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

EPSILON = 1.0
LOSS_STEP = 1e-4
lives = pytest.mark.parametrize("life", LIVES, ids=lambda life: life.words)
PUBLISHED = {1: 1.0, 4: 2.1, 8: 3.1, 12: 3.9, 20: 5.2}
"""Client-quarters → epsilon, as agreed before there was code; 12 are four quarters at three
agencies."""


def test_the_lives_are_those_that_were_agreed() -> None:
    assert {life.units for life in LIVES} == set(PUBLISHED)


@lives
def test_epsilon_is_what_was_agreed(life: OpponentGoal) -> None:
    assert epsilon(life) == pytest.approx(PUBLISHED[life.units], abs=0.06)


@pytest.mark.parametrize("rho", [0.001, float(RHO_TOTAL), 0.1])
def test_a_second_accountant_converts_as_we_do_and_an_upper_bound_is_above(rho: float) -> None:
    """The privacy loss distribution, and the conversion that holds for anything with this rho."""
    from dp_accounting import dp_event
    from dp_accounting.pld import privacy_loss_distribution as pld
    from dp_accounting.rdp import RdpAccountant

    exact = pld.from_gaussian_mechanism(standard_deviation=1 / sqrt(2 * rho), value_discretization_interval=1e-5)
    assert epsilon_of(rho) == pytest.approx(exact.get_epsilon_for_delta(DELTA), rel=1e-3)
    assert delta_of(rho, EPSILON) == pytest.approx(exact.get_delta_for_epsilon(EPSILON), rel=1e-3, abs=1e-12)
    accountant = RdpAccountant([1 + 1.05**n for n in range(-100, 200)])
    accountant.compose(dp_event.ZCDpEvent(rho))
    assert epsilon_of(rho) < accountant.get_epsilon(DELTA)


def composed(plans: Iterable[TableCost]) -> "PrivacyLossDistribution":
    """Of all that is published about a client-quarter: each marked event moves a cell of its own.

    Each of the composed losses is rounded up to a multiple of `LOSS_STEP`.
    """
    from dp_accounting.pld import privacy_loss_distribution as pld

    cells: Counter[Fraction] = Counter()
    for plan in plans:
        assert plan.squared_l2 <= plan.rule.most  # no shared cells: such a move is no sum of these
        cells[plan.scale] += plan.squared_l2
    found = [
        pld.from_discrete_gaussian_mechanism(
            float(scale), sensitivity=1, value_discretization_interval=LOSS_STEP
        ).self_compose(n)
        for scale, n in cells.items()
    ]
    return reduce(lambda one, other: one.compose(other), found)


def test_the_discrete_noise_of_every_table_composes_to_no_more_than_the_curve() -> None:
    """A second accountant: the privacy loss of each discrete Gaussian, with its own sigma."""
    found = composed(TABLE_COSTS.values()).get_epsilon_for_delta(DELTA)
    assert found == pytest.approx(epsilon_of(float(RHO_PLANNED)), rel=0.01)
    assert found <= epsilon_of(float(RHO_TOTAL))
    halved = (replace(plan, scale=plan.scale / 2) for plan in TABLE_COSTS.values())
    assert composed(halved).get_epsilon_for_delta(DELTA) > epsilon_of(float(RHO_TOTAL))


@lives
def test_the_exact_distribution_of_the_loss_is_no_worse(life: OpponentGoal) -> None:
    assert exact(life).get_epsilon_for_delta(DELTA) <= epsilon(life)


@lives
def test_right_guesses_are_the_total_variation_of_everything_published(life: OpponentGoal) -> None:
    """Guesses of "in" or "out" are right half the time plus half the total variation."""
    assert right_guesses(life) == pytest.approx(0.5 + exact(life).get_delta_for_epsilon(0.0) / 2, abs=1e-4)


@lives
def test_right_guesses_and_beliefs_are_what_an_opponent_reaches_who_knows_all_the_rest(life: OpponentGoal) -> None:
    """By play: noise of one standard deviation, a client's move of √(2ρ), the best guesses."""
    draws, distance = 200_000, sqrt(2 * life.units * float(RHO_TOTAL))
    rng = np.random.default_rng(20260101)
    inside = rng.random(draws) < 0.5
    seen = rng.standard_normal(draws) + distance * inside
    believed = 1 / (1 + np.exp(distance * (distance / 2 - seen)))
    assert ((believed > 0.5) == inside).mean() == pytest.approx(right_guesses(life), abs=0.006)
    for rarely in (0.05, 0.01):
        beyond = (believed[inside] > belief(life, rarely)).mean()
        assert beyond == pytest.approx(rarely, rel=0.15)


@lives
def test_beliefs_beyond_epsilon_are_rarer_than_once_in_a_thousand(life: OpponentGoal) -> None:
    assert belief(life, 1 / 1000) < exp(epsilon(life)) / (1 + exp(epsilon(life)))
    beyond = NormalDist().cdf(
        -(epsilon(life) - life.units * float(RHO_TOTAL)) / sqrt(2 * life.units * float(RHO_TOTAL))
    )
    assert beyond < 1e-4


def test_the_figures_that_were_agreed_for_opponents() -> None:
    by_units = {life.units: right_guesses(life) for life in LIVES}
    assert by_units[1] == pytest.approx(0.547, abs=6e-4)
    assert by_units[8] == pytest.approx(0.631, abs=6e-4)


def exact(life: OpponentGoal) -> "PrivacyLossDistribution":
    """Of noise of one standard deviation on a client that moves it by √(2ρ)."""
    from dp_accounting.pld import privacy_loss_distribution as pld

    sigma = 1 / sqrt(2 * life.units * float(RHO_TOTAL))
    return pld.from_gaussian_mechanism(standard_deviation=sigma, value_discretization_interval=1e-4)
