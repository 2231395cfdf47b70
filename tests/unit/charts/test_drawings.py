"""Which form a chart has, what its marks hold, and how wide its bands are."""

import json
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from statistics import NormalDist

import pytest

from consumers.charts.drawings import ChartForm, ChartMark, Drawing, drawing_from, drawing_of, drawing_of_rows, mark_of
from consumers.charts.spread import bands
from consumers.charts.tile_map import PLACES
from consumers.charts.words_on_charts import scale_of, unit_of_chart
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Origin
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import DIVISION
from exchange.core.picture.wording.phrases import label_of
from exchange.core.picture.wording.readings import reading
from exchange.core.picture.wording.sentences import sentence_of
from exchange.core.picture.wording.statuses import NO_HIGH, FigureStatus
from tests.kits.national_year import APRIL, year_points

TABLES = ("needs_by_service", "unmet_needs_by_service", "state_cases", "practices_by_practice_use", "arrivals_cases")


def chosen(metric: str, period: int | None = None, **dimensions: str) -> list[MetricPoint]:
    wanted = set(dimensions.items())
    found = [point for point in year_points(*TABLES) if point.metric == metric and wanted <= set(point.dimensions)]
    return [point for point in found if period is None or point.period == period]


def drawn(points: list[MetricPoint]) -> Drawing:
    return drawing_of(points, title="A title", describes="A sentence.")


QUARTERS = [period_of(2026, quarter) for quarter in (1, 2, 3, 4)]


def test_the_form_follows_from_the_points() -> None:
    housing = [point for point in chosen("needs_by_service", service="legal") if point.period in QUARTERS]
    assert drawn(housing).form is ChartForm.TREND
    assert drawn(housing[:1]).form is ChartForm.HEADLINE
    assert drawn(chosen("unmet_need_share", period_of(2026, 1))).form is ChartForm.COMPARISON
    assert drawn(chosen("practices_by_practice_use", period_of(2026, 1))).form is ChartForm.BARS
    states = [point for point in chosen("state_cases") if dict(point.dimensions).keys() == {"state"}]
    assert drawn(states).form is ChartForm.TILES


def test_no_estimate_is_ever_a_bar() -> None:
    for metric in {point.metric for point in year_points(*TABLES)}:
        points = chosen(metric, period_of(2026, 1))
        if len(points) > 1 and any(point.shown and point.low != point.high for point in points):
            assert drawn(points).form is not ChartForm.BARS


def test_what_is_not_shown_has_its_status_and_no_number() -> None:
    statuses = set()
    for point in year_points(*TABLES):
        mark = mark_of(point, "label")
        statuses.add(mark.status)
        if not mark.status.shows_number:
            assert (mark.value, mark.low, mark.high) == (None, None, None)
            assert mark.says == mark.status.cell
    assert {FigureStatus.SHOWN, FigureStatus.NOT_USABLE, FigureStatus.HIDDEN_AGENCIES} <= statuses


def test_a_chart_has_exactly_the_published_numbers() -> None:
    points = chosen("unmet_need_share", period_of(2026, 1))
    drawing = drawn(points)
    assert drawing.unit == "of 100"
    assert len(drawing.marks) == len(points)
    for point in points:
        label = label_of("service", dict(point.dimensions)["service"])
        [mark] = [mark for mark in drawing.marks if mark.label == label]
        if point.shown:
            assert Decimal(str(mark.value)) == pytest.approx(point.value * 100)


def test_the_largest_comes_first_and_what_is_not_shown_last() -> None:
    values = [mark.value for mark in drawn(chosen("unmet_need_share", period_of(2026, 1))).marks]
    shown = [value for value in values if value is not None]
    assert shown == sorted(shown, reverse=True)
    assert values[: len(shown)] == shown


def test_marks_are_named_by_what_differs_last_and_stand_in_panels_by_the_rest() -> None:
    [share, *_] = [point for point in chosen("unmet_need_share") if point.shown and point.value is not None]

    def of(*codes: tuple[str, str]) -> MetricPoint:
        return replace(share, dimensions=codes)

    groups = [of(("division", "pacific"), ("service_group", code)) for code in ("housing", "legal")]
    assert {(mark.panel, mark.label) for mark in drawn(groups).marks} == {
        ("", label_of("service_group", "housing")),
        ("", label_of("service_group", "legal")),
    }
    both = [*groups, of(("division", "mountain"), ("service_group", "legal"))]
    assert [mark.panel for mark in drawn(both).marks] == ["Pacific", "Pacific", "Mountain"]
    waits = [of(("service", code), ("quantile", "p50")) for code in ("housing", "legal")]
    assert {mark.panel for mark in drawn(waits).marks} == {""}
    with pytest.raises(ValueError, match="same dimensions"):
        drawn([*groups, of(("state", "ca"))])


def test_periods_are_in_their_order() -> None:
    points = [point for point in chosen("needs_by_service", service="legal") if point.period in QUARTERS]
    assert [mark.label for mark in drawn(points[::-1]).marks] == ["2026Q1", "2026Q2", "2026Q3", "2026Q4"]


def test_several_metrics_or_figures_and_periods_at_once_are_no_chart() -> None:
    with pytest.raises(ValueError, match="one metric"):
        drawn([*chosen("needs_by_service"), *chosen("state_cases")])
    with pytest.raises(ValueError, match="one period"):
        drawn(chosen("needs_by_service"))


def test_months_of_arrivals_are_a_line_of_months() -> None:
    drawing = drawn(chosen("arrivals_cases"))
    assert drawing.form is ChartForm.TREND
    assert [mark.label for mark in drawing.marks][:3] == ["2026-04", "2026-05", "2026-06"]
    assert {mark.status for mark in drawing.marks} <= {
        FigureStatus.PROVISIONAL,
        FigureStatus.WITHHELD,
        FigureStatus.NOT_USABLE,
    }


def test_a_year_does_not_stand_among_its_quarters() -> None:
    with pytest.raises(ValueError, match="of quarters, of years"):
        drawn(chosen("needs_by_service", service="legal"))


def test_a_row_without_a_point_says_that_it_is_in_no_release() -> None:
    points = chosen("unmet_need_share", period_of(2026, 1))
    rows = [("Legal help", points[0]), ("Housing", points[1]), ("Pets", None)]
    drawing = drawing_of_rows(rows, title="A title", describes="A sentence.")
    [mark] = [mark for mark in drawing.marks if mark.label == "Pets"]
    assert (mark.status, mark.value) == (FigureStatus.NOT_RELEASED, None)


def test_a_drawing_crosses_a_process_border_unchanged() -> None:
    drawing = drawn(chosen("unmet_need_share", period_of(2026, 1)))
    assert drawing_from(json.loads(json.dumps(drawing.as_plain()))) == drawing


def of_count(value: int, low: int, high: int) -> ChartMark:
    origins = (Origin("cases", APRIL),)
    numbers = (Decimal(value), Decimal(low), Decimal(high))
    return mark_of(MetricPoint("cases", (), period_of(2026, 1), APRIL, *numbers, "clients", False, True, origins), "x")


def test_bands_fade_from_the_published_one_to_the_half_band() -> None:
    mark = of_count(1_000, 804, 1_196)
    found = list(bands(mark))
    assert found[0][2:] == (804, 1_196)
    assert found[-1][2:] == mark.half
    assert all(a[2] < b[2] and b[3] < a[3] for a, b in pairwise(found))


def test_the_band_between_holds_what_it_says() -> None:
    """The 80 % band of a normal noise whose 95 % interval is published."""
    sigma = 196 / NormalDist().inv_cdf(0.975)
    [(low, high)] = [(low, high) for percent, _, low, high in bands(of_count(1_000, 804, 1_196)) if percent == 80]
    noise = NormalDist(1_000, sigma)
    assert noise.cdf(high) - noise.cdf(low) == pytest.approx(0.8, abs=0.01)


def test_a_band_that_is_not_known_is_flat() -> None:
    mark = ChartMark("x", FigureStatus.SHOWN, 12.0, 0.0, 40.0)
    assert [(percent, low, high) for percent, _, low, high in bands(mark)] == [(95, 0, 40)]


def test_an_exact_mark_has_no_band() -> None:
    assert list(bands(ChartMark("x", FigureStatus.SHOWN, 12.0, 12.0, 12.0))) == []


def test_marks_say_the_numbers_of_the_sentence_and_where_there_is_no_bound() -> None:
    unbounded = 0
    for point in chosen("unmet_need_share"):
        mark = mark_of(point, "x")
        if not point.shown or point.value is None:
            assert mark.says == mark.status.cell
        elif point.high is None:
            unbounded += 1
            assert NO_HIGH in mark.says
        elif reading(point).base == 100:
            assert f"about {mark.says.partition(' ')[0]} " in sentence_of(point)
    assert unbounded


def test_what_sentences_count_out_of_a_hundred_is_drawn_so() -> None:
    [share, *_] = [point for point in chosen("unmet_need_share") if point.shown and point.value is not None]
    assert mark_of(share, "x").value == pytest.approx(float(share.value) * 100)
    assert unit_of_chart(share) == "of 100"
    assert scale_of(chosen("needs_by_service")[0]) == 1


def test_every_state_has_one_tile() -> None:
    assert PLACES.keys() == {
        code for code, division in DIVISION.items() if division not in ("unknown", "not_applicable")
    } - {code for code in DIVISION if DIVISION[code] == code}
    assert len(set(PLACES.values())) == len(PLACES)
