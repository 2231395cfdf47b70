"""The picture with one rule broken each: a named law notices every one."""

import pytest

from exchange.core.picture.comparisons import comparing, coverage_notes, likely_bands, measured, possible
from exchange.core.picture.comparisons.coverage_notes import CoverageMoved
from exchange.core.picture.wording import readings, sentences, statuses
from tests.kits.broken_rules import BrokenRule, Law, break_rule, kept, take_the_first_failure
from tests.properties import test_picture_claims as of_claims
from tests.properties import test_picture_readings as of_readings
from tests.unit.picture import test_bands as of_bands
from tests.unit.picture import test_comparing as of_comparing
from tests.unit.picture import test_coverage_notes as of_coverage
from tests.unit.picture import test_sentences as of_sentences
from tests.unit.picture import test_statuses as of_statuses

FEW = 40


def lists_of_equals() -> None:
    assert of_claims.tallied(of_claims.all_equal, FEW).wrong["list"] <= of_claims.most_wrong(FEW)


def charts_of_equals() -> None:
    assert of_claims.tallied(of_claims.all_equal, FEW).wrong["chart"] <= of_claims.most_wrong(FEW)


def joined_again() -> None:
    of_coverage.test_a_change_may_be_agencies_joining_or_leaving(
        of_coverage.of(90, 10), of_coverage.of(180, 20), CoverageMoved.JOINED
    )


def lean() -> None:
    of_bands.test_twenty_dots_rise_and_their_ends_are_those_of_the_interval()


MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "withheld before not usable": (
        BrokenRule(statuses, "status_of", "not point.usable", "not point.usable and not point.withheld"),
        of_statuses.test_what_is_not_usable_is_so_whatever_its_noise,
    ),
    "agencies taken for clients": (
        BrokenRule(statuses, "_hidden", "clients == {True}", "bool(clients)"),
        of_statuses.test_the_status_names_whose_threshold_hides_a_figure,
    ),
    "lower end rounded to the nearest": (
        BrokenRule(readings, "reading", "_rounded(_1, step, ROUND_FLOOR)", "_rounded(_1, step, ROUND_HALF_EVEN)"),
        of_readings.test_numbers_read_back_are_those_of_the_point,
    ),
    "upper end rounded to the nearest": (
        BrokenRule(readings, "reading", "_rounded(_1, step, ROUND_CEILING)", "_rounded(_1, step, ROUND_HALF_EVEN)"),
        of_readings.test_numbers_read_back_are_those_of_the_point,
    ),
    "half of the interval for a step": (
        BrokenRule(readings, "_tenth", "width.adjusted() - 1", "width.adjusted()"),
        of_readings.test_the_interval_that_is_read_is_hardly_wider_than_the_published_one,
    ),
    "always of a hundred": (
        BrokenRule(readings, "_base", "width * base >= WIDTH_MIN", "True"),
        of_readings.test_a_ratio_is_read_of_the_least_base_that_shows_its_interval,
    ),
    "more than all of a hundred": (
        BrokenRule(sentences, "_is_per", "point.high > 1", "False"),
        lambda: of_sentences.test_a_figure_is_a_sentence(next(one for one in of_sentences.SAID if "about 104" in one)),
    ),
    "a number without its interval": (
        BrokenRule(sentences, "interval_words", "f'between {_1} and {_2}{of}, {often}'", "often"),
        of_readings.test_no_number_stands_without_its_interval,
    ),
    "one change told as if it were alone": (
        BrokenRule(comparing, "change", "reach_for(among)", "reach_for(1)"),
        charts_of_equals,
    ),
    "ranks of many told as of two": (
        BrokenRule(comparing, "ranks", "reach_for_all_pairs(len(figures))", "reach_for_all_pairs(2)"),
        lists_of_equals,
    ),
    "shared noise taken for independent": (
        BrokenRule(comparing, "difference", "one.shares_noise_with(other)", "False"),
        of_comparing.test_nothing_is_told_across_shared_noise_spans_or_gaps,
    ),
    "a quarter compared with a year": (
        BrokenRule(comparing, "change", "earlier.span != later.span", "False"),
        of_comparing.test_nothing_is_told_across_shared_noise_spans_or_gaps,
    ),
    "shares of one total told apart by their own intervals": (
        BrokenRule(comparing, "larger", "one.under == other.under", "False"),
        of_comparing.test_shares_of_one_total_are_ranked_by_their_counts,
    ),
    "shares of different totals ranked by their counts": (
        BrokenRule(comparing, "larger", "one.under == other.under", "True"),
        of_comparing.test_shares_of_one_total_are_ranked_by_their_counts,
    ),
    "only one of two noises": (
        BrokenRule(comparing, "_reach", "(one - end) ** 2 + (other - other_end) ** 2", "(one - end) ** 2"),
        of_comparing.test_the_interval_of_a_difference_is_that_of_independent_noise,
    ),
    "a mean taken for a sum": (
        BrokenRule(
            measured,
            "Behind._measured_of",
            "MeasuredFigure(over, None, years, span)",
            "MeasuredFigure(over, None, 1, span)",
        ),
        of_comparing.test_a_mean_is_of_its_years,
    ),
    "noise below the line forgotten in a draw": (
        BrokenRule(possible, "drawn", "over + slope * below + _1", "over + _1"),
        of_comparing.test_a_ratio_is_drawn_with_the_noise_that_its_ends_share,
    ),
    "a cut end taken for a small deviation": (
        BrokenRule(likely_bands, "_at", "below = above", "below = below"),
        of_bands.test_a_cut_lower_end_of_a_count_does_not_narrow_its_band,
    ),
    "a band that leans the other way": (BrokenRule(likely_bands, "_at", "above - below", "below - above"), lean),
    "coverage by its share alone": (
        BrokenRule(coverage_notes, "joiners", "after.publishing - before.publishing", "after.publishing - after.publishing"),
        joined_again,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_of_the_picture_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    kept(law)
    break_rule(monkeypatch, broken)
    take_the_first_failure(monkeypatch, law)
    with pytest.raises(AssertionError):
        law()
