"""Attacks on client tables catch naive releases and far too little noise, but not ours.

Few trials suffice. Half of the noise takes as many trials as `exchange attack --demo` has; so does
the slow test at the end.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from exchange.core.model.epochs import epoch_of
from exchange.core.release.budget import TABLE_COSTS, scale_for
from exchange.core.release.draw import Due
from exchange.trial.attack import cohort
from exchange.trial.attack.attacks import copies, lift, membership_attack, paths, worth
from exchange.trial.attack.release_in_memory import MemoryReleaseLane
from exchange.trial.attack.running import carry_out
from exchange.trial.attack.weakened_noise import Sampler, Setting, Sparing, scale_in

FEW = (Setting.NAIVE, Setting.OURS, Setting.TENTH)


def none_at_all(due: Due) -> Sequence[int]:
    return [0] * due.length


# Membership


@pytest.fixture(scope="module")
def guessed() -> dict[Setting, list[membership_attack.Guesses]]:
    return {setting: [membership_attack.guesses(setting, 1, 1)] for setting in FEW}


def test_membership_falls_where_exact_counts_are_withheld_and_where_noise_is_a_tenth(
    guessed: dict[Setting, list[membership_attack.Guesses]],
) -> None:
    for row in membership_attack.outcomes(guessed):
        assert row.within
        assert row.toothless == ()
        assert row.measured[Setting.NAIVE].value == 100
    one, eight = membership_attack.outcomes(guessed)
    assert one.measured[Setting.OURS].trials == 336
    assert eight.measured[Setting.OURS].trials == 42


def test_noise_for_too_small_a_sensitivity_is_caught_without_any_chance(
    guessed: dict[Setting, list[membership_attack.Guesses]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One instead of the cap."""
    weak = {name: replace(plan, scale=scale_for(1, plan.part)) for name, plan in TABLE_COSTS.items()}
    monkeypatch.setattr(cohort, "TABLE_COSTS", weak)
    assert not any(row.within for row in membership_attack.outcomes(guessed))


def test_ratios_are_zero_on_average_halfway_and_separate_completely_without_noise() -> None:
    present = [n % 2 == 0 for n in range(membership_attack.CLIENTS)]
    exact = membership_attack._exact(membership_attack._world(present))
    found = membership_attack._guessed(present, exact, membership_attack._log_ratio)
    assert (found.periods_right, found.clients_right) == (found.periods, found.clients)


# The worth of a client


def test_a_client_is_worth_what_is_paid_and_more_where_a_rule_is_forgotten_or_noise_is_too_small() -> None:
    parts = {Setting.NAIVE: list(map(worth.naive, worth.FORGETFUL))}
    parts |= {at: [worth.ours(at)] for at in (Setting.OURS, Setting.HALF, Setting.TENTH)}
    rows = worth.outcomes(parts)
    assert len(rows) == 3
    for row in rows:
        assert row.within
        assert row.toothless == ()
        assert row.measured[Setting.OURS].value > 0.95


def test_a_period_is_counted_again_with_what_has_come_since() -> None:
    """Twice the whole, but for arrivals and what is too late."""
    _, twice = worth.naive("a period counted twice")
    assert 1.7 < twice < 2


# Small cells


def test_the_expected_lift_is_what_summing_over_every_outcome_gives() -> None:
    scale = Fraction(89, 4)
    sigma, prior = float(scale), np.array(lift.prior())
    counts, seen = np.arange(1, 11), np.arange(-250, 260)
    law = np.exp(-((seen[None] - counts[:, None]) ** 2) / (2 * sigma**2))
    law /= np.exp(-(np.arange(-400, 401) ** 2) / (2 * sigma**2)).sum()
    by_hand = (prior[:, None] * law).max(0).sum() - prior.max()
    assert lift.expected_lift(scale).mean == pytest.approx(by_hand, rel=1e-6)


def test_less_noise_lifts_more() -> None:
    means = [
        lift.expected_lift(scale_in(at, Fraction(89, 4))).mean for at in (Setting.OURS, Setting.HALF, Setting.TENTH)
    ]
    assert means[1] > 5 * means[0] > 0
    assert means[2] > 5 * means[1]


@pytest.mark.parametrize("insiders", [0, 1, 2])
def test_small_cells_fall_where_margins_are_exact_and_where_noise_is_a_tenth(insiders: int) -> None:
    parts = {Setting.NAIVE: [lift.naive(1, 8, insiders)]}
    parts |= {setting: [lift.noised(setting, 1, 2, insiders)] for setting in FEW[1:]}
    row = lift.outcome("small cells", parts)
    assert row.within
    assert row.toothless == ()


def test_margins_give_away_the_last_cell_that_is_withheld_in_a_line_and_no_other() -> None:
    counts = {("t", "ca", "a"): 5, ("t", "ca", "b"): 40, ("t", "ny", "a"): 7, ("t", "ny", "b"): 3}
    assert lift._solved(counts) == set(counts) - {("t", "ca", "b")}
    assert lift._solved({**counts, ("t", "ca", "b"): 2}) == set()


# Combinations


def test_what_the_releases_say_together_is_what_arrived_when_there_is_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then every error is nothing: the attack's equations are those of the releases."""
    monkeypatch.setattr(paths, "noise_of", lambda _: none_at_all)
    found = paths.noised(Setting.OURS, 1, 2)
    assert found.total == pytest.approx(0, abs=1e-12)
    assert found.freedom == 2 * 13


def test_combining_is_caught_where_totals_run_and_where_noise_is_a_half_or_a_tenth() -> None:
    parts = {Setting.NAIVE: [paths.naive(1, 20)]}
    parts |= {at: [paths.noised(at, 1, 8)] for at in (Setting.OURS, Setting.HALF, Setting.TENTH)}
    row = paths.outcome("paths", parts)
    assert row.within
    assert row.toothless == ()


def test_looking_often_helps_only_where_every_look_is_another_draw() -> None:
    parts = {Setting.NAIVE: [copies.naive(2)]}
    parts |= {at: [copies.noised(at, 2)] for at in (Setting.OURS, Setting.HALF, Setting.TENTH)}
    row = paths.outcome("copies", parts)
    assert row.within
    assert row.toothless == ()
    assert row.measured[Setting.NAIVE].value == pytest.approx(1 / (copies.KILLS + 1), rel=0.2)


# The sampler


def test_sparing_noise_is_fresh_wherever_an_attack_looks() -> None:
    noise = Sparing(Sampler(Setting.OURS), lambda due: range(100, 700))
    _, [one] = MemoryReleaseLane([TABLE_COSTS["state_needs_by_service_group"]]).counted(epoch_of(2026, 1))
    first, second = noise(one.due), noise(one.due)
    assert first[:100] == second[:100]
    assert sum(a == b for a, b in zip(first[100:700], second[100:700], strict=True)) < 100


def test_a_sampler_gives_each_number_once() -> None:
    sampler = Sampler(Setting.OURS, batch=7)
    scale = Fraction(1_000_000)
    numbers = [*sampler(scale, 5), *sampler(scale, 5), *sampler(scale, 20)]
    assert len(set(numbers)) == 30


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_everything_at_full_effort() -> None:
    verdict = carry_out(lambda done, jobs: None)
    assert verdict.passed, verdict.words()
