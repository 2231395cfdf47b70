"""The metrics with one rule broken each: a named law, or the coverage, notices every one."""

from collections.abc import Callable

import pytest

from exchange.core.metrics import estimates, figures, formulas, intervals, quantiles, usability, view
from exchange.core.model.epochs import epoch_of
from tests.kits.broken_rules import BrokenRule, Law, notices
from tests.kits.coverage_world import WORLDS, Tally, by_estimate, by_public_size, cover, suppressed
from tests.kits.release_world import JULY, released
from tests.properties import test_metrics_intervals as of_intervals
from tests.properties import test_metrics_sums as of_sums
from tests.unit.metrics import test_agency_points as of_agencies
from tests.unit.metrics import test_expected as of_sizes
from tests.unit.metrics import test_metrics_points as of_points

LEAST = 0.94


def sums_of_a_year() -> None:
    assert cover(WORLDS["sums of a year"](), 20, seed=1).coverage >= LEAST


def shown_sums() -> None:
    assert cover(WORLDS["sums"](), 4, seed=1).shown_coverage >= LEAST


def quantiles_at_an_edge() -> None:
    assert cover(WORLDS["quantiles at an edge"](), 200, seed=1).coverage >= LEAST


def quantiles_past_an_edge() -> None:
    assert cover(WORLDS["quantiles past an edge"](), 200, seed=1).coverage >= LEAST


def ratios() -> None:
    assert cover(WORLDS["ratios"](), 3, seed=1).coverage >= LEAST


def means() -> None:
    assert cover(WORLDS["means"](), 4, seed=1).coverage >= LEAST


def as_assertions(law: Law, *refusals: type[BaseException]) -> Law:
    """The law, for a mutant that ends it in another way than by an assertion."""

    def asserted() -> None:
        try:
            law()
        except refusals:
            raise AssertionError from None

    return asserted


def mean_with_a_gap() -> None:
    """Made anew, as the table of metrics holds formulas that are made already."""
    epoch, made = epoch_of(2029, 1), [*of_sums.states(2024, 2026), *of_sums.states(2028, 2028)]
    assert not list(formulas.mean("state_cases")(view.View(released(made), epoch)))


MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "clamped counts": (
        BrokenRule(view, "View._cells_of", "n or 0", "max(0, n or 0)"),
        of_sums.test_what_is_displayed_is_clamped_and_what_is_summed_is_not,
    ),
    "threshold on counts": (
        BrokenRule(view, "View._cells_of", "n or 0", "n if n and n > 10 else 0"),
        of_points.test_the_threshold_looks_at_the_sum_and_not_at_its_parts,
    ),
    "noise of one draw only": (
        BrokenRule(view, "View._of_sum", "dict.fromkeys(_1.blocks, mask)", "dict.fromkeys(_1.blocks[:1], mask)"),
        sums_of_a_year,
    ),
    "a year of three quarters": (
        BrokenRule(view, "parts_of", "range(1, 5)", "range(1, 4)"),
        of_sums.test_a_year_is_its_quarters_and_the_records_of_the_whole_year,
    ),
    "a year with a release missing": (
        BrokenRule(view, "View.has", "all(_1)", "any(_1)"),
        as_assertions(lambda: of_sums.test_a_year_without_one_of_its_releases_does_not_exist(JULY), KeyError),
    ),
    "a figure in every later epoch": (
        BrokenRule(view, "View._new", "newest is not None and _1 == _2", "newest is not None"),
        of_sums.test_a_quarter_has_points_in_the_one_epoch_that_draws_it_and_a_year_in_january,
    ),
    "releases of later epochs": (
        BrokenRule(view, "View.__init__", "when <= epoch", "True"),
        of_sums.test_an_old_epoch_holds_what_was_known_then,
    ),
    "arrivals of every month": (
        BrokenRule(view, "View.__init__", "_1 != ARRIVED or when == epoch", "True"),
        of_sums.test_what_arrived_in_other_months_is_not_there,
    ),
    "a cell twice": (
        BrokenRule(estimates, "total", "before & cells", "False"),
        as_assertions(of_sums.test_a_cell_that_would_count_twice_is_refused, pytest.fail.Exception),
    ),
    "an agency's hidden quarter as 0": (
        BrokenRule(view, "_shown", "alone or _1 or quarter_of(part)", "alone or _1"),
        of_agencies.test_a_year_needs_its_four_quarters,
    ),
    "a mean across a gap": (
        BrokenRule(formulas, "mean", "takewhile", "filter"),
        mean_with_a_gap,
    ),
    "a mean with the interval of a sum": (
        BrokenRule(figures, "worked", "Fraction(end) / says.years", "Fraction(end)"),
        means,
    ),
    "a mean with the threshold of a sum": (
        BrokenRule(figures, "point", "K * figure.says.years", "K"),
        of_sums.test_the_threshold_of_a_mean_is_that_of_a_year,
    ),
    "a mean judged by a year that is in it": (
        BrokenRule(usability, "Usability._sizes", "min(years)", "max(years)"),
        of_sizes.test_a_mean_is_judged_by_the_year_before_its_first,
    ),
    "<= for <": (
        BrokenRule(figures, "_withheld", "_1 < least", "_1 <= least"),
        of_points.test_eleven_is_shown_and_ten_is_not,
    ),
    "withheld with its ends": (
        BrokenRule(figures, "point", "_1 if withheld else _2", "_2"),
        of_points.test_what_is_withheld_has_no_ends_either,
    ),
    "threshold on the numerator only": (
        BrokenRule(figures, "point", "any(_withheld(_1, _2, _3) for term in terms)", "_withheld(view, terms[0], least)"),
        lambda: of_points.test_shares_test_what_is_above_and_what_is_below(20, 10, withheld=True),
    ),
    "covariance ignored": (
        BrokenRule(intervals, "of_ratio", "covariance(over, under)", "0"),
        of_intervals.test_the_covariance_of_a_part_with_its_whole_narrows_its_share,
    ),
    "noise of the denominator ignored": (
        BrokenRule(intervals, "of_ratio", "fieller(_1, _2, _3, under_variance, _4, z=z)", "fieller(_1, _2, _3, 0, _4, z=z)"),
        ratios,
    ),
    "quantiles reached without a band": (
        BrokenRule(quantiles, "_surely_reached", "_1**2 >= Z_SQUARED * _2", "True"),
        quantiles_past_an_edge,
    ),
    "quantiles passed without a band": (
        BrokenRule(quantiles, "_surely_below", "_1**2 > Z_SQUARED * _2", "True"),
        quantiles_at_an_edge,
    ),
    "the band of the value for the interval": (
        BrokenRule(quantiles, "quantile", "bands[next(reached, 0)][1]", "bands[low][1]"),
        of_intervals.test_a_quantile_lies_in_its_interval,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    notices(monkeypatch, law, broken)


# Rules that are broken around the metrics, not in them


def test_choosing_usable_by_the_estimate_is_noticed() -> None:
    """Cells whose noise happens to be high pass; their intervals hold the truth less often."""
    honest, chosen = (cover(WORLDS["sums"](), 12, 3, judge) for judge in (by_public_size, by_estimate))
    assert honest.shown_coverage >= LEAST
    assert chosen.coverage >= LEAST  # over all cells nothing shows
    assert chosen.shown_coverage < LEAST


def test_a_threshold_before_the_noise_is_noticed() -> None:
    """True counts of 1–10 become zero first: the year of many small quarters then loses its sum."""

    def small(change: Callable[..., object]) -> Tally:
        return cover(WORLDS["sums of a year"](), 20, 5, change=change)  # type: ignore[arg-type]

    assert small(lambda some: some).coverage >= LEAST
    assert small(suppressed).coverage < LEAST
