"""The metrics with one rule broken each: a named law, or the coverage, notices every one."""

from collections.abc import Callable

import pytest

from exchange.core.metrics import figures, intervals, quantiles, reconcile, view
from tests.kits.broken_rules import BrokenRule, Law, break_rule, kept, take_the_first_failure
from tests.kits.coverage_world import WORLDS, Tally, by_estimate, by_public_size, cover, suppressed
from tests.properties import test_metrics_intervals as of_intervals
from tests.properties import test_metrics_sums as of_sums
from tests.unit.metrics import test_agency_points as of_agencies
from tests.unit.metrics import test_metrics_points as of_points

LEAST = 0.94


def sums_of_epochs() -> None:
    assert cover(WORLDS["sums of epochs"](), 20, seed=1).coverage >= LEAST


def shown_sums() -> None:
    assert cover(WORLDS["sums"](), 4, seed=1).shown_coverage >= LEAST


def quantiles_at_an_edge() -> None:
    assert cover(WORLDS["quantiles at an edge"](), 200, seed=1).coverage >= LEAST


def quantiles_past_an_edge() -> None:
    assert cover(WORLDS["quantiles past an edge"](), 200, seed=1).coverage >= LEAST


def ratios() -> None:
    assert cover(WORLDS["ratios"](), 3, seed=1).coverage >= LEAST


def by_slopes() -> None:
    """The covariances of reconciled figures."""
    for path in of_sums.PATHS:
        of_sums.test_covariance_is_what_moving_each_increment_by_one_shows(
            of_sums.FIRST_QUARTER, path, reconcile.MARGINS
        )


MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "clamped increments": (
        BrokenRule(view, "raw_cells", "n or 0", "max(0, n or 0)"),
        sums_of_epochs,
    ),
    "clamped increments, by the law": (
        BrokenRule(view, "raw_cells", "n or 0", "max(0, n or 0)"),
        of_sums.test_what_is_displayed_is_clamped_and_what_is_summed_is_not,
    ),
    "threshold on increments": (
        BrokenRule(view, "raw_cells", "n or 0", "n if n and n > 10 else 0"),
        of_points.test_the_threshold_looks_at_the_sum_and_not_at_its_increments,
    ),
    "an exact 0 before the first release": (
        BrokenRule(view, "_begins_too_early", "_1 < _2[0].since", "False"),
        lambda: of_agencies.test_a_period_that_begins_before_the_first_release_is_withheld_and_not_0("places_by_service"),
    ),
    "an exact part of the first release's period": (
        BrokenRule(view, "_begins_too_early", "first_month(period)", "first_month(period) + 2"),
        of_agencies.test_a_period_in_which_the_first_release_begins_is_withheld,
    ),
    "<= for <": (
        BrokenRule(figures, "_withheld", "_1 < K", "_1 <= K"),
        of_points.test_eleven_is_shown_and_ten_is_not,
    ),
    "withheld with its ends": (
        BrokenRule(figures, "point", "_1 if withheld else _2", "_2"),
        of_points.test_what_is_withheld_has_no_ends_either,
    ),
    "threshold on the numerator only": (
        BrokenRule(figures, "_tested", "_groups(_1)", "_groups(_1)[:1]"),
        lambda: of_points.test_shares_test_what_is_above_and_what_is_below(20, 10, withheld=True),
    ),
    "covariance ignored": (
        BrokenRule(intervals, "of_ratio", "covariance(over, under)", "0"),
        of_intervals.test_the_covariance_of_a_part_with_its_whole_narrows_its_share,
    ),
    "centring ignored": (
        BrokenRule(reconcile, "_centred", "int(_1) - _2", "int(_1)"),
        by_slopes,
    ),
    "noise of one epoch only": (
        BrokenRule(view, "raw_cells", "variance += _1", "variance = _1"),
        sums_of_epochs,
    ),
    "margins weighed alike": (
        BrokenRule(reconcile, "_adjusted", "_1.value / Fraction(_1.variance)", "precision * Fraction(_1.value, len(seen))"),
        of_sums.test_margins_are_weighed_by_their_precision,
    ),
    "noise of the denominator ignored": (
        BrokenRule(intervals, "of_ratio", "fieller(_1, _2, _3, under_variance, _4)", "fieller(_1, _2, _3, 0, _4)"),
        ratios,
    ),
    "quantiles reached without a band": (
        BrokenRule(quantiles, "_surely_reached", "_1**2 >= _Z_SQUARED * _2", "True"),
        quantiles_past_an_edge,
    ),
    "quantiles passed without a band": (
        BrokenRule(quantiles, "_surely_below", "_1**2 > _Z_SQUARED * _2", "True"),
        quantiles_at_an_edge,
    ),
    "the band of the value for the interval": (
        BrokenRule(quantiles, "quantile", "bands[high][1]", "bands[low][1]"),
        of_intervals.test_a_quantile_lies_in_its_interval,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    kept(law)
    break_rule(monkeypatch, broken)
    take_the_first_failure(monkeypatch, law)
    with pytest.raises(AssertionError):
        law()


# Rules that are broken around the metrics, not in them


def test_choosing_usable_by_the_estimate_is_noticed() -> None:
    """Cells whose noise happens to be high pass; their intervals hold the truth less often."""
    honest, chosen = (cover(WORLDS["sums"](), 12, 3, judge) for judge in (by_public_size, by_estimate))
    assert honest.shown_coverage >= LEAST
    assert chosen.coverage >= LEAST  # over all cells nothing shows
    assert chosen.shown_coverage < LEAST


def test_a_threshold_before_the_noise_is_noticed() -> None:
    """True counts of 1–10 become zero first: many small epochs then lose their sum."""

    def small(change: Callable[..., object]) -> Tally:
        return cover(WORLDS["sums of epochs"](), 20, 5, change=change)  # type: ignore[arg-type]

    assert small(lambda some: some).coverage >= LEAST
    assert small(suppressed).coverage < LEAST
