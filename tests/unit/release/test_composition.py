"""The cost of years of releases to one client: two accountants and the exact loss agree."""

from math import exp, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from dp_accounting import dp_event
from dp_accounting.pld import privacy_loss_distribution as pld
from dp_accounting.rdp import RdpAccountant

from exchange.core.release.budget import DELTA, RHO_PLANNED, RHO_TOTAL, TABLE_COSTS, epsilon_of
from tools.derive.privacy_docs import LIVES, OpponentGoal, belief, epsilon, right_guesses

ORDERS = [1 + 1.05**n for n in range(-100, 200)]
lives = pytest.mark.parametrize("life", LIVES, ids=lambda life: life.words)
PUBLISHED = {1: 1.0, 4: 2.1, 8: 3.1, 12: 3.9, 20: 5.2}
"""Client-quarters → epsilon, as agreed before there was code; 12 are four quarters at three
agencies."""


def test_the_lives_are_those_that_were_agreed() -> None:
    assert {life.units for life in LIVES} == set(PUBLISHED)


@lives
def test_epsilon_is_what_was_agreed(life: OpponentGoal) -> None:
    assert epsilon(life) == pytest.approx(PUBLISHED[life.units], abs=0.06)


@lives
def test_a_second_accountant_composes_quarters_to_the_same_epsilon(life: OpponentGoal) -> None:
    """As so many releases of the whole budget, and as every table of every quarter by itself."""
    whole = RdpAccountant(ORDERS)
    whole.compose(dp_event.ZCDpEvent(float(RHO_TOTAL)), life.units)
    assert epsilon(life) == pytest.approx(whole.get_epsilon(DELTA), rel=1e-3)
    tables = RdpAccountant(ORDERS)
    for plan in TABLE_COSTS.values():
        tables.compose(dp_event.GaussianDpEvent(float(plan.scale) / sqrt(plan.squared_l2)), life.units)
    assert epsilon_of(life.units * float(RHO_PLANNED)) == pytest.approx(tables.get_epsilon(DELTA), rel=1e-3)
    assert tables.get_epsilon(DELTA) <= epsilon(life)


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
    assert beyond < 1e-5


def test_the_figures_that_were_agreed_for_opponents() -> None:
    by_units = {life.units: right_guesses(life) for life in LIVES}
    assert by_units[1] == pytest.approx(0.544, abs=5e-4)
    assert by_units[8] == pytest.approx(0.623, abs=6e-4)


def exact(life: OpponentGoal) -> pld.PrivacyLossDistribution:
    """Of noise of one standard deviation on a client that moves it by √(2ρ)."""
    sigma = 1 / sqrt(2 * life.units * float(RHO_TOTAL))
    return pld.from_gaussian_mechanism(standard_deviation=sigma, value_discretization_interval=1e-4)
