"""`.svg` of a view: the chart of the figures that were asked for, or what to ask for instead."""

from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import httpx
import pytest

from consumers.charts.charting import ChartFailed, Charts
from consumers.charts.drawings import ChartForm
from consumers.serve.chart_views import MARKS_MAX, chart_of
from consumers.serve.service import FOR_EVER, REVALIDATE
from consumers.serve.views.requested import asked
from consumers.serve.views.sheets import points
from exchange.core.metrics.table import CAVEAT
from exchange.core.picture.wording.sentences import sentence_of
from exchange.web.problems import Problem, ProblemKind
from tests.kits.serve_world import FIRST, JANUARY, asking, picture, that_has_read

SVG = "{http://www.w3.org/2000/svg}"


def drawing(metric: str, *query: tuple[str, str]):
    request = asked(metric, query)
    return chart_of(list(points(picture(JANUARY), request, JANUARY)), request, JANUARY)


@pytest.mark.parametrize(
    ("metric", "query", "form", "labels"),
    [
        ("cases", [], ChartForm.TREND, ["2026Q1", "2026Q2", "2026Q3", "2026Q4"]),
        ("cases", [("period", "2026")], ChartForm.HEADLINE, ["2026"]),
        ("arrivals_cases", [], ChartForm.TREND, [f"2026-{month:02}" for month in range(2, 13)] + ["2027-01"]),
        ("needs_by_service", [("service", "legal")], ChartForm.TREND, ["2026Q1", "2026Q2", "2026Q3", "2026Q4"]),
    ],
)
def test_one_figure_is_drawn_over_its_quarters_or_what_it_has(metric, query, form, labels) -> None:
    found = drawing(metric, *query)
    assert (found.form, [mark.label for mark in found.marks]) == (form, labels)


def test_several_figures_are_drawn_in_the_newest_period() -> None:
    found = drawing("needs_by_service")
    newest = max(one.period or 0 for one in points(picture(JANUARY), asked("needs_by_service", []), JANUARY))
    wanted = asked("needs_by_service", [("period", "2026Q4")])
    assert newest % 5 == 4
    assert len(found.marks) == len(list(points(picture(JANUARY), wanted, JANUARY)))


@pytest.mark.parametrize(
    ("metric", "query", "kind"),
    [
        ("cases", [("period", "2026"), ("period", "2026Q1")], ProblemKind.NO_CHART),
        ("state_cases", [("period", "2026")], ProblemKind.NO_CHART),
        ("cases", [("period", "2025")], ProblemKind.NO_CHART),
        ("state_needs_by_service_group", [("period", "2026")], ProblemKind.TOO_MUCH_ASKED),
    ],
)
def test_figures_that_are_no_chart_are_a_problem(metric, query, kind) -> None:
    assert MARKS_MAX < 1_000
    with pytest.raises(Problem) as caught:
        drawing(metric, *query)
    assert caught.value.kind is kind


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    service = that_has_read(JANUARY)
    async with Charts() as charts, asking(service) as found:
        service.charts = charts
        yield found


async def test_the_chart_has_the_numbers_and_the_words_of_the_figure(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/metrics/cases.svg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["cache-control"] == REVALIDATE
    [newest] = points(picture(JANUARY), asked("cases", [("period", "2026Q4")]), JANUARY)
    says = ET.fromstring(answer.content).findtext(f"{SVG}desc")
    assert says.startswith(sentence_of(newest))
    assert CAVEAT in says
    assert says.endswith("As of January 2027.")
    etag = {"if-none-match": answer.headers["etag"]}
    assert (await client.get("/v1/metrics/cases.svg", headers=etag)).status_code == 304


async def test_a_chart_as_of_a_month_is_the_same_for_ever(client: httpx.AsyncClient) -> None:
    old = "/v1/metrics/cases.svg?as_of=2026-08"
    answer = await client.get(old)
    assert answer.headers["cache-control"] == FOR_EVER
    early = that_has_read(FIRST + 6)
    async with Charts() as charts, asking(early) as other:
        early.charts = charts
        assert (await other.get(old)).content == answer.content


async def test_a_service_without_charts_and_a_helper_that_fails_say_so(client: httpx.AsyncClient) -> None:
    class Broken:
        async def svg(self, *_: object) -> bytes:
            raise ChartFailed("It was killed.")

    service = that_has_read(JANUARY)
    async with asking(service) as other:
        assert (await other.get("/v1/metrics/cases.svg")).json()["type"] == ProblemKind.SUFFIX_UNKNOWN.address
        service.charts = Broken()
        answer = await other.get("/v1/metrics/cases.svg")
        assert (answer.status_code, answer.json()["type"]) == (503, ProblemKind.CHART_FAILED.address)
        assert (await other.get("/v1/metrics/cases.csv")).status_code == 200
