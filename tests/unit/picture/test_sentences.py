"""Sentences by hand, one of each kind, and their short forms."""

from dataclasses import replace
from decimal import Decimal

import pytest

from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.formulas import QUANTILES
from exchange.core.metrics.table import BY_METRIC, CAVEAT, METRICS
from exchange.core.metrics.view import Origin, Period
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import period_of
from exchange.core.picture.wording.metric_wording import WORDINGS
from exchange.core.picture.wording.phrases import PHRASES, dimension_label, label_of, phrase, place
from exchange.core.picture.wording.sentences import EXACT_CAVEAT, alt_text, copied_text, heading, sentence_of

YEAR, QUARTER = period_of(2025), period_of(2026, 1)
JANUARY = epoch_of(2026, 1)


def a_point(
    metric: str, numbers: str, *tables: str, period: Period = YEAR, epoch: int = JANUARY, **dimensions: str
) -> MetricPoint:
    """`numbers`: value, low and high; `-` where there is none."""
    value, low, high = (None if number == "-" else Decimal(number) for number in numbers.split())
    row = BY_METRIC[metric]
    origins = tuple(Origin(table, epoch) for table in tables or row.tables)
    where = tuple(dimensions.items())
    return MetricPoint(metric, where, period, epoch, value, low, high, row.unit.name, False, True, origins)


HOUSING = a_point(
    "unmet_need_share",
    "0.4412 0.3407 0.5488",
    "state_unmet_needs_by_service_group",
    "state_needs_by_service_group",
    division="pacific",
    service_group="housing",
)

SAID = {
    "Of 100 needs for housing and shelter identified in the Pacific division in 2025, about 44 were reported unmet: "
    "between 34 and 55 of 100, 95 times in 100.": HOUSING,
    "For every 100 needs for food identified in the nation in the first quarter of 2026, about 104 were reported unmet: "
    "between 93 and 117, 95 times in 100.": a_point(
        "unmet_need_share",
        "1.0400 0.9312 1.1688",
        "unmet_needs_by_service",
        "needs_by_service",
        period=QUARTER,
        service="food",
    ),
    "In the nation in 2025, agencies reported about 2,900 needs for food that were identified: between 2,300 and 3,500, "
    "95 times in 100.": a_point("needs_by_service", "2898 2387 3409", service="food"),
    "In California in 2025, agencies reported about 321 clients whose case was opened, each counted with one record: "
    "between 281 and 360, 95 times in 100.": a_point("state_cases", "321 281 360", state="ca"),
    "In California in a year, on average over 2023 to 2025, agencies reported about 321 clients whose case was opened, each "
    "counted with one record: between 301 and 341, 95 times in 100.": replace(
        a_point("state_cases_mean", "321 301 341", state="ca"),
        computed_from=tuple(Origin("state_cases", epoch_of(year, 1)) for year in (2024, 2025, 2026)),
    ),
    "In reports that arrived from the nation in October 2026, of whatever quarter, agencies reported about 150 clients whose "
    "case was opened, each counted with one record: between 110 and 190, 95 times in 100.": a_point(
        "arrivals_cases", "150 110 190", period=None, epoch=epoch_of(2026, 10)
    ),
    "In the nation in the first quarter of 2026, agencies reported about 2,900 records with a known answer that speak to the "
    "topic “Societal factors behind solicitation”: between 2,300 and 3,500, 95 times in 100.": a_point(
        "evidence",
        "2898 2387 3409",
        "factors_by_societal_factor",
        period=QUARTER,
        research_topic="societal_factors",
    ),
    "For every 100 cases opened in the nation in the first quarter of 2026, there were about 44 clients counted with the "
    "barrier “Language”: between 34 and 55, 95 times in 100.": a_point(
        "barriers_per_case", "0.4412 0.3407 0.5488", period=QUARTER, barrier="language"
    ),
    "Of 100 clients who met a barrier in the nation in 2025, each counted with one record in each quarter, about 44 were "
    "counted with the barrier “Language”: between 34 and 55 of 100, 95 times in 100.": a_point(
        "barrier_share", "0.4412 0.3407 0.5488", barrier="language"
    ),
    "In the nation in 2025, agencies reported 2,054 places for emergency shelter, added up over their reports: an exact "
    "count.": a_point("places_by_service", "2054 2054 2054", service="emergency_shelter"),
    "Of 1,000 registered agencies in the nation in the first quarter of 2026, 92 were heard from by a scheduled report: exact, "
    "but for rounding.": a_point("reporting_coverage", "0.0923 0.0923 0.0924", "reporting", period=QUARTER),
    "Half of the clients who got a first service in the nation in the first quarter of 2026, each counted with one record, "
    "waited for it at most about 12 days: between 8 and 30, 95 times in 100.": a_point(
        "days_to_service", "12 8 30", period=QUARTER, quantile="p50"
    ),
    "Nine in ten of the clients who got a first service in the nation in the first quarter of 2026, each counted with one "
    "record, waited for it at most a number of days that is not known, but 181 or more: at least 91, with no upper limit, "
    "95 times in 100.": a_point("days_to_service", "181 91 -", period=QUARTER, quantile="p90"),
    "For each need for food that went unmet in the nation in 2025, agencies received about 1,230 US dollars for the service: "
    "between 1,100 and 1,400, 95 times in 100.": a_point(
        "dollars_per_unmet_need", "1234.56 1101.20 1390.10", service="food"
    ),
    "For every 100 places for food reported in the nation in 2025, there were about 250 needs for food: at least 190, with no "
    "upper limit, 95 times in 100.": a_point("needs_per_place", "2.5000 1.9099 -", service="food"),
    "Half of the providers surveyed at agencies of the kind “University or research body” in the nation in 2025 had been "
    "in their position for at most about 0 years: between 0 and 0, the band that is known.": a_point(
        "years_in_position", "0 0 0", agency_type="research", quantile="p50"
    ),
    "Half of the providers surveyed at agencies of the kind “Hotline” in the nation in 2025 had been in their position for at "
    "most about 4 years: between 3 and 5, the band that is known.": a_point(
        "years_in_position", "4 3 5", agency_type="hotline", quantile="p50"
    ),
}


@pytest.mark.parametrize("said", SAID)
def test_a_figure_is_a_sentence(said: str) -> None:
    assert sentence_of(SAID[said]) == said


def test_what_is_not_shown_has_its_status_where_the_number_would_be() -> None:
    hidden = replace(HOUSING, value=None, low=None, high=None, withheld=True)
    assert sentence_of(hidden) == (
        "Needs for housing and shelter that went unmet, the Pacific division, 2025: withheld [c]. Not shown: fewer than 11 are "
        "estimated; fewer is not none."
    )
    assert "not usable [u]" in sentence_of(replace(HOUSING, usable=False))
    assert "44" not in sentence_of(replace(HOUSING, usable=False))
    assert "undefined [z]" in sentence_of(a_point("needs_per_place", "- - -", "places_by_service", service="food"))


def test_the_heading_holds_no_number_of_the_figure() -> None:
    assert heading(HOUSING) == "Needs for housing and shelter that went unmet, the Pacific division, 2025"
    quantile = a_point("days_to_service", "12 8 30", period=QUARTER, quantile="p90")
    assert heading(quantile) == "Days from need to first service: nine in ten, the nation, the first quarter of 2026"
    arrived = a_point("arrivals_cases", "150 110 190", period=None, epoch=epoch_of(2026, 10))
    assert heading(arrived) == "Clients whose case was opened, the nation, arrived in October 2026"


def test_the_alternative_text_is_the_sentence_and_leads_to_the_table() -> None:
    assert alt_text(HOUSING) == f"{sentence_of(HOUSING)} The numbers are in the table below."


def test_copied_text_carries_interval_epoch_caveat_and_address() -> None:
    address = "https://exchange.example/v1/metrics/unmet_need_share?as_of=2026-01"
    assert copied_text(HOUSING, address) == f"{sentence_of(HOUSING)} Released for January 2026. {CAVEAT} {address}"
    exact = a_point("places_by_service", "2054 2054 2054", service="food")
    assert EXACT_CAVEAT in copied_text(exact, address)


def test_every_metric_has_words_and_no_words_are_left_over() -> None:
    named = {metric.name.removesuffix("_mean").removesuffix("_yearly_only") for metric in METRICS}
    assert WORDINGS.keys() == named


def test_every_dimension_of_a_metric_is_said() -> None:
    """A figure that differs from another in one code differs in its words."""
    for metric in METRICS:
        template = repr(WORDINGS[metric.name.removesuffix("_mean").removesuffix("_yearly_only")])
        said = {row.dimension for slot, row in PHRASES.items() if f"{{{slot}}}" in template}
        asked = {dimension for kind in metric.dimensions for dimension in kind}
        assert asked - said <= {"state", "division", "quantile"}, metric.name
        assert said <= asked, metric.name


def test_places_are_said_as_people_say_them() -> None:
    said = [place(((name, code),)) for name, code in (("state", "ca"), ("state", "dc"), ("division", "new_england"))]
    assert said == ["California", "the District of Columbia", "the New England division"]
    assert place((("division", "territory"),)) == "the territories"
    assert place((("state", "not_known"),)) == place((("division", "unknown"),)) == "a place marked “Not known”"
    assert place(()) == "the nation"


def test_every_dimension_has_a_heading_of_its_own() -> None:
    dimensions = {dimension for metric in METRICS for kind in metric.dimensions for dimension in kind}
    labels = {dimension_label(one) for one in dimensions}
    assert len(labels) == len(dimensions)
    assert {"Service", "Group of services", "State", "Trafficking status"} <= labels


def test_labels_with_commas_and_missing_answers_are_quoted() -> None:
    assert phrase("service", {"service": "food"}) == "for food"
    assert phrase("service", {"service": "housing"}) == "for “Housing or shelter, kind not stated”"
    assert phrase("service", {"service": "language_classes"}) == "for English classes"
    assert phrase("service", {"service": "not_known"}) == "for the service “Not known”"
    assert phrase("service", {"service": "all"}) == "for any service"
    assert phrase("service", {}) == ""
    assert label_of("gender", "worker_does_not_know") == "Worker does not know"
    assert label_of("quantile", next(iter(QUANTILES))) == "Half"
    assert label_of("service", "a_later_code") == "a_later_code"
