"""A chart is drawn of the very rows of its table, and a page stands without it."""

import re

import pytest

from consumers.charts.charting import Charts
from consumers.charts.drawings import ChartForm
from consumers.charts.words_on_charts import scale_of
from consumers.pages.charted_pages import SiteCharts, drawing_for
from consumers.pages.parts.panels import Panel, PanelChart, in_chart
from consumers.pages.rendering import NO_CHART_YET, Pages, SiteSetting
from consumers.pages.sections.all_sections import SECTIONS
from exchange.core.picture.wording.statuses import status_of
from exchange.web.static_files import static_files
from tests.kits.page_world import Page, figures, panels


def style_sheet() -> str:
    return next(one.content.decode() for one in static_files() if one.name.endswith(".css"))


def panel(name: str) -> Panel:
    return next(panel for _, panel in panels() if panel.name == name)


def test_every_mark_is_a_row_of_the_table_with_the_same_number() -> None:
    for _, one in panels():
        drawing = drawing_for(one)
        if drawing is None:
            assert one.chart is not PanelChart.DRAWN or not in_chart(one)
            continue
        rows = in_chart(one)
        assert len(drawing.marks) == len(rows), one.name
        times = scale_of(one.points[0])
        shown = sorted(float(row.point.value) * times for row in rows if row.status.shows_number)
        assert sorted(mark.value for mark in drawing.marks if mark.value is not None) == pytest.approx(shown)
        if drawing.form in (ChartForm.COMPARISON, ChartForm.BARS):
            assert sorted(mark.label for mark in drawing.marks) == sorted(row.label for row in rows), one.name
            assert not any(mark.panel for mark in drawing.marks)
        assert {mark.status for mark in drawing.marks} == {status_of(row.point) for row in rows if row.point}


def test_a_description_says_the_sentence_and_where_the_numbers_are() -> None:
    drawing = drawing_for(panel("cases"))
    assert drawing is not None
    assert drawing.describes.startswith(panel("cases").sentences[0])
    assert drawing.describes.endswith("The numbers are in the table below.")


async def test_a_page_has_its_charts_once_they_are_made_and_says_that_it_waits_before() -> None:
    async with Charts() as charts:
        drawn = SiteCharts(charts)
        pages = Pages(SiteSetting(charts=drawn, drawn=True))
        before = pages.alone(panel("cases"), figures(), embedded=False)
        assert NO_CHART_YET in before
        assert b"<svg" not in before
        assert await drawn.prepare([panel("cases")]) == 0
        after = pages.alone(panel("cases"), figures(), embedded=False)
        assert NO_CHART_YET not in after
        assert after.count(b"<svg") == 1
        assert b"style=" not in after


def test_places_wait_for_charts_too() -> None:
    section = next(one for one in SECTIONS if not one.in_menu)
    pages = Pages(SiteSetting(drawn=True))
    assert NO_CHART_YET in pages.section(section, figures(), chosen={"place": "ca"})


def test_a_chart_beside_a_table_shows_numbers_only_and_no_missing_answer() -> None:
    for _, one in panels():
        if one.period not in ("", "arrivals"):
            assert all(row.status.shows_number and not row.missing for row in in_chart(one)), one.name


async def test_a_chart_is_named_by_words_that_stand_above_it_and_takes_colours_and_font_from_the_page() -> None:
    async with Charts() as charts:
        drawn = SiteCharts(charts)
        assert await drawn.prepare([panel("largest-unmet-shares")]) == 0
        pages = Pages(SiteSetting(charts=drawn, drawn=True))
        text = pages.alone(panel("largest-unmet-shares"), figures(), embedded=False).decode()
    assert text.count("<svg") == 1
    [svg] = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    [named] = re.findall(r'role="img" aria-labelledby="([^"]*)"', svg)
    ids = Page(text).ids
    assert all(ids.count(one) == 1 for one in named.split())
    assert len(ids) == len(set(ids))
    assert not re.search(r"<title|<desc|xmlns|font-family|#[0-9a-f]{6}", svg)
    style = style_sheet()
    assert all(f"{name}:" in style for name in re.findall(r"var\((--[a-z0-9]+)\)", svg))
