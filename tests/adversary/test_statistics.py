"""The bounds that separate a finding from chance are those of their formulas."""

from math import exp

import numpy as np
import pytest
import scipy  # loads its parts when they are first used

from exchange.trial.attack import attack_findings as o
from exchange.trial.attack.attack_findings import FALSE_ALARM, FALSE_ALARM_GUESSES, Finding, Measured
from exchange.trial.attack.weakened_noise import Setting


@pytest.mark.parametrize(("right", "trials"), [(60, 100), (5_600, 10_080), (336, 336)])
def test_the_lower_bound_of_an_accuracy_is_where_so_many_right_become_as_unlikely_as_a_false_alarm(
    right: int, trials: int
) -> None:
    least = o.accuracy_at_least(right, trials)
    assert scipy.stats.binom.sf(right - 1, trials, least) == pytest.approx(FALSE_ALARM_GUESSES, rel=1e-6)


def test_nothing_right_proves_nothing() -> None:
    assert o.accuracy_at_least(0, 50) == 0
    assert o.mu_at_least(25, 50) == 0


def test_the_slack_of_an_accuracy_ends_where_one_more_right_guess_is_caught() -> None:
    bound, trials = 0.5439, 10_080
    right = round((bound + o.accuracy_slack(bound, trials)) * trials)
    assert o.accuracy_at_least(right, trials) <= bound < o.accuracy_at_least(right + 1, trials)


def test_the_bound_of_an_accuracy_is_that_of_the_specification() -> None:
    assert o.accuracy_bound(0.2208) == pytest.approx(0.544, abs=5e-4)
    assert o.accuracy_bound(0.2208 * 8**0.5) == pytest.approx(0.623, abs=5e-4)


def test_the_slack_of_a_mean_is_bernsteins() -> None:
    variance, trials = 0.0135, 40_000
    slack = o.mean_slack(variance, trials)
    assert exp(-trials * slack**2 / (2 * variance + 2 * slack / 3)) == pytest.approx(FALSE_ALARM)


def test_the_slack_of_squared_errors_is_that_of_chi_squared() -> None:
    assert scipy.stats.chi2.cdf((1 - o.ratio_slack(500)) * 500, 500) == pytest.approx(FALSE_ALARM)


def test_a_row_is_within_and_toothless_by_what_was_caught() -> None:
    caught, missed = Measured(9.0, True, 1), Measured(1.0, False, 1)
    good = {Setting.NAIVE: caught, Setting.OURS: missed, Setting.HALF: caught, Setting.TENTH: caught}
    row = Finding("x", "points", 2.0, 0.5, good)
    assert (row.within, row.toothless, row.limit) == (True, (), 2.5)
    bad = Finding("x", "points", 2.0, 0.5, {**good, Setting.OURS: caught, Setting.HALF: missed}, least=True)
    assert (bad.within, bad.toothless, bad.limit) == (False, (Setting.HALF,), 1.5)


def test_mu_that_is_proven_is_not_more_than_what_was_there() -> None:
    chance = np.random.default_rng(7)
    for mu in (0.2, 0.8):
        right = int((chance.standard_normal(20_000) + mu / 2 > 0).sum())
        assert 0 < mu - o.mu_at_least(right, 20_000) < 0.12
