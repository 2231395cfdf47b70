"""How a figure is shown: threshold on estimates, the given `usable`, clamped at the very end."""

from decimal import Decimal, localcontext

import pytest

from exchange.core.metrics.figures import Count, Figure, MetricPoint, Sums, Unit, point, terms_of
from exchange.core.metrics.table import BY_METRIC, METRICS, Metric, points
from exchange.core.metrics.view import Origin, Sum, View
from exchange.core.model.period import period_of
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release, Released
from tests.kits.release_world import AFTER, APRIL, everything, of, release, released, releases

FIRST_QUARTER, YEAR = period_of(2026, 1), period_of(2026)


def the_point(name: str, made: list[Release], epoch: int, **dimensions: str) -> MetricPoint:
    found = points(released(made), epoch, everything, [BY_METRIC[name]])
    [one] = [p for p in of(found, **dimensions) if p.period == FIRST_QUARTER]
    return one


def cases(count: int, variance: int = 4) -> MetricPoint:
    return the_point("cases", [release("cases", APRIL, lambda *_: count, variance=variance)], APRIL)


# The threshold


def test_eleven_is_shown_and_ten_is_not() -> None:
    assert (cases(11).withheld, cases(11).value) == (False, 11)
    assert (cases(10).withheld, cases(10).value) == (True, None)


def test_what_is_withheld_has_no_ends_either() -> None:
    assert (cases(10).low, cases(10).high) == (None, None)


def test_the_threshold_looks_at_the_sum_and_not_at_its_parts() -> None:
    made = releases(["cases"], APRIL, AFTER, lambda *_: 5)
    assert the_point("cases", made, APRIL).withheld
    [year] = [p for p in points(released(made), AFTER, everything, [BY_METRIC["cases"]]) if p.period == YEAR]
    assert year.value == 25


@pytest.mark.parametrize(
    ("over", "under", "withheld"), [(20, 40, False), (11, 11, False), (10, 40, True), (20, 10, True)]
)
def test_shares_test_what_is_above_and_what_is_below(over: int, under: int, withheld: bool) -> None:
    made = [
        release("unmet_needs_by_service", APRIL, lambda *_: over),
        release("needs_by_service", APRIL, lambda *_: under),
    ]
    found = the_point("unmet_need_share", made, APRIL, service="legal")
    assert found.withheld is withheld
    assert (found.value is None) is withheld


@pytest.mark.parametrize(
    ("name", "table"),
    [("needs", "needs_by_service"), ("services", "services_by_service"), ("unmet_needs", "unmet_needs_by_service")],
)
def test_all_services_together_are_every_cell_of_their_table(name: str, table: str) -> None:
    made = [release(table, APRIL, lambda *_: 3, variance=4)]
    cells = len(DECLARED[table].codes[0])
    found = the_point(name, made, APRIL)
    assert (found.value, found.computed_from) == (3 * cells, (Origin(table, APRIL),))
    assert found.high is not None
    assert float(found.high - found.value) == pytest.approx(1.96 * (4 * cells) ** 0.5, abs=1)


def test_agency_tables_are_exact_and_have_no_threshold() -> None:
    found = the_point("places_by_service", [release("places_by_service", APRIL, lambda *_: 3)], APRIL, service="legal")
    assert (found.value, found.low, found.high, found.withheld) == (3, 3, 3, False)


def test_a_hole_in_an_agency_table_withholds_what_needs_it() -> None:
    def count(_: int, __: str, values: tuple[str, ...]) -> int | None:
        return None if values == ("legal",) else 30

    made = [release("places_by_service", APRIL, count)]
    made += releases(["needs_by_service"], APRIL, APRIL, lambda *_: 100)
    assert the_point("needs_per_place", made, APRIL, service="legal").withheld
    assert the_point("needs_per_place", made, APRIL, service="all").withheld
    assert the_point("needs_per_place", made, APRIL, service="food").value == Decimal("3.3333")


# Display


def test_ends_are_rounded_outwards_and_cut_at_zero() -> None:
    found = cases(12, variance=100)
    assert (found.low, found.value, found.high) == (0, 12, 32)  # 12 ± 19.6


def test_a_share_is_cut_at_one_only_where_it_is_a_part() -> None:
    def count(name: str, _: int, __: int, ___: str, values: tuple[str, ...]) -> int:
        return {"yes": 400, "no": -15, "needs_by_service": 100}.get(
            (values or ("",))[0], 300 if name[0] == "u" else 100
        )

    made = releases(["cases_by_foreign_national"], APRIL, AFTER, count)
    made += releases(["needs_by_service", "unmet_needs_by_service"], APRIL, APRIL, count)
    [part] = [
        p
        for p in points(released(made), AFTER, everything, [BY_METRIC["foreign_national_share"]])
        if p.period == period_of(2026)
    ]
    assert (part.value, part.high) == (1, 1)
    assert the_point("unmet_need_share", made, APRIL, service="legal").value == 3


def test_shares_of_outcomes_are_of_what_the_same_reporter_reported() -> None:
    def count(_: int, __: str, values: tuple[str, ...]) -> int:
        return {"survivor": 100, "worker": 1000}.get(values[1], 0) * (6 if values[0] == "improved" else 1)

    made = [release("outcomes_by_direction_and_reporter", APRIL, count)]

    def share(direction: str, reporter: str) -> MetricPoint:
        name = "outcome_direction_share_by_reporter"
        return the_point(name, made, APRIL, outcome_direction=direction, reported_by=reporter)

    assert share("improved", "survivor").value == share("improved", "worker").value == Decimal("0.6")
    assert share("worsened", "worker").value == Decimal("0.1")
    assert share("improved", "both").withheld


def test_shares_of_an_agency_table_are_of_what_is_shown_of_it() -> None:
    def count(_: int, __: str, values: tuple[str, ...]) -> int | None:
        return {"shared": 30, "read": 90, "not_known": 500}.get(values[0])

    made = [release("practices_by_practice_use", APRIL, count)]
    name = "practice_use_share"
    assert the_point(name, made, APRIL, practice_use="shared").value == Decimal("0.25")
    assert the_point(name, made, APRIL, practice_use="adopted").withheld
    [nothing] = [release("practices_by_practice_use", APRIL, lambda *_: None)]
    assert the_point(name, [nothing], APRIL, practice_use="shared").withheld


def test_coverage_is_of_those_in_the_same_place_and_a_hole_withholds_it() -> None:
    def count(period: int, _: str, values: tuple[str, ...]) -> int | None:
        known = {"pacific": (30, 10), "mountain": (8, None)}.get(values[0], (None, None))
        return known[values[1] == "silent"] if period == FIRST_QUARTER else 0

    made = [release("reporting_by_division", APRIL, count)]
    made += [release("reporting", APRIL, lambda p, _, values: {"publishing": 90, "silent": 30}[values[0]])]
    made += [release("reporting_by_agency_type", APRIL, lambda *_: None)]
    assert the_point("reporting_coverage", made[:1], APRIL, division="pacific").value == Decimal("0.75")
    assert the_point("agencies_known", made[:1], APRIL, division="pacific").value == 40
    assert the_point("reporting_coverage", made[:1], APRIL, division="mountain").withheld
    assert the_point("agencies_known", made[:1], APRIL, division="mountain").withheld
    assert the_point("reporting_coverage", made[1:2], APRIL).value == Decimal("0.75")
    assert the_point("reporting_coverage", made[2:], APRIL, agency_type="legal").withheld


def test_values_have_the_decimals_of_their_unit() -> None:
    made = [
        release("unmet_needs_by_service", APRIL, lambda *_: 100),
        release("needs_by_service", APRIL, lambda *_: 300),
    ]
    found = the_point("unmet_need_share", made, APRIL, service="legal")
    assert (str(found.value), found.unit) == ("0.3333", "share")
    assert str(cases(120).value) == "120"


def test_a_point_names_its_sources() -> None:
    made = releases(["cases"], APRIL, APRIL, lambda *_: 40)
    assert the_point("cases", made, APRIL).computed_from == (Origin("cases", APRIL),)


# Usable


def unmet_needs() -> list[Release]:
    return [
        release("unmet_needs_by_service", APRIL, lambda *_: 20),
        release("needs_by_service", APRIL, lambda *_: 40),
    ]


def test_usable_is_asked_about_terms_and_sees_no_estimate() -> None:
    asked: list[Sums] = []

    def only_legal(term: Sums) -> bool:
        asked.append(term)
        return term[0].values == (("legal",),)

    found = list(points(released(unmet_needs()), APRIL, only_legal, [BY_METRIC["unmet_need_share"]]))
    assert {p.dimensions for p in found if p.usable} == {(("service", "legal"),)}
    assert {one.table for term in asked for one in term} == {"unmet_needs_by_service", "needs_by_service"}
    assert [p.shown for p in found if p.usable] == [True]


def test_a_ratio_is_usable_when_both_its_terms_are() -> None:
    made = released(unmet_needs())
    metric = [BY_METRIC["unmet_need_share"]]
    for table in metric[0].tables[:2]:
        assert not any(p.usable for p in points(made, APRIL, lambda term, t=table: term[0].table == t, metric))
    assert all(p.usable for p in points(made, APRIL, everything, metric))


def test_a_quantile_is_usable_when_the_total_behind_it_is() -> None:
    asked: list[Sums] = []

    def note(term: Sums) -> bool:
        asked.append(term)
        return True

    made = [release("services_by_wait_band", APRIL, lambda *_: 100)]
    assert list(points(released(made), APRIL, note, [BY_METRIC["days_to_service"]]))
    assert {tuple(len(one.values) for one in term) for term in asked} == {(6,)}


# The table of metrics


YEARS = released(releases(DECLARED, APRIL, AFTER + 12, lambda *_: 100))
VIEWS = [View(YEARS, epoch) for epoch in (APRIL, AFTER + 12)]
"""Arrivals, what came too late and means are in the second."""


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_has_points_of_the_dimensions_and_tables_that_its_row_names(metric: Metric) -> None:
    view = VIEWS[1]
    made = [point(metric.name, metric.unit, figure, view, everything) for figure in metric.formula(view)]
    assert {tuple(name for name, _ in p.dimensions) for p in made} == set(metric.dimensions)
    assert {origin.table for p in made for origin in p.computed_from} == set(metric.tables)
    assert len({(p.dimensions, p.period) for p in made}) == len(made)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_figure_adds_up_cells_of_its_own_period_and_a_mean_those_of_its_years(metric: Metric) -> None:
    for figure in (figure for view in VIEWS for figure in metric.formula(view)):
        periods = [one.period for term in terms_of(figure.says) for one in term]
        if isinstance(figure.says, Count) and figure.says.years > 1:
            assert periods == [(figure.period or 0) - 5 * n for n in range(figure.says.years)]
        else:
            assert set(periods) == {figure.period}


def test_names_of_metrics_are_given_once() -> None:
    assert len(BY_METRIC) == len(METRICS)


def test_a_metric_without_its_tables_has_no_points_and_no_error() -> None:
    assert list(points(Released(), AFTER, everything)) == []


def test_a_figure_can_mix_clients_and_agencies_and_the_threshold_sees_clients_only() -> None:
    made = [release("places_by_service", APRIL, lambda *_: 100), *releases(["cases"], APRIL, APRIL, lambda *_: 1)]
    view = View(released(made), APRIL)
    of_cases = Sum("cases", FIRST_QUARTER, ("us",), ((),))
    of_places = Sum("places_by_service", FIRST_QUARTER, ("us",), (("legal",),))
    mixed = point("test", Unit("events"), Figure((), FIRST_QUARTER, Count((of_cases, of_places))), view, everything)
    assert mixed.withheld


def test_decimals_do_not_depend_on_the_context() -> None:
    with localcontext() as context:
        context.prec = 2
        assert cases(123456).value == Decimal(123456)
