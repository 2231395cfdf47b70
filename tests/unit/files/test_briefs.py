"""A brief says the same in HTML and in its tagged PDF, and no number without its interval."""

import io
import re
from html import unescape
from typing import Any

import pypdf
import pytest

from consumers.files.brief_files import as_html, as_page, as_pdf
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import CAVEAT
from exchange.core.model.period import period_of
from exchange.core.picture.asked.briefs import Brief, BriefText, NothingToBrief, PlaceUnknown, brief_of
from exchange.core.picture.comparisons.measured import Behind
from exchange.core.picture.wording.sentences import sentence_of
from exchange.core.picture.wording.statuses import status_of
from exchange.core.release.released import Released
from tests.kits.national_year import APRIL, year_points, year_releases

TABLES = (
    "state_cases",
    "state_needs_by_service_group",
    "state_unmet_needs_by_service_group",
    "reporting_by_division",
)


def made(place: str) -> Brief:
    return brief_of(year_points(*TABLES), Behind(Released().taking(year_releases(*TABLES))), place)


@pytest.fixture(scope="module", params=["ca", "new_england"])
def brief(request: pytest.FixtureRequest) -> Brief:
    return made(request.param)


def text_of(pdf: bytes) -> str:
    """Its text, with the breaks of lines and pages and the numbers of pages taken out."""
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    return re.sub(r"\s+", "", "".join(re.sub(r"\n?\d+ / \d+\s*$", "", page) for page in pages))


def test_html_and_pdf_carry_the_same_sentences(brief: Brief) -> None:
    html = re.sub(r"\s+", "", unescape(re.sub(r"<[^>]+>", " ", as_html(brief))))
    pdf = text_of(as_pdf(brief)).replace("•", "")
    wanted = re.sub(r"\s+", "", brief.title + "".join(brief.sentences))
    assert html == wanted
    assert pdf == wanted


def test_the_pdf_is_tagged_and_named_and_has_no_clock(brief: Brief) -> None:
    pdf = as_pdf(brief)
    root: Any = pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert b"pdfuaid:part" in pdf
    assert pypdf.PdfReader(io.BytesIO(pdf)).metadata.title == brief.title
    assert as_pdf(brief) == pdf


def test_it_is_about_two_pages(brief: Brief) -> None:
    assert len(pypdf.PdfReader(io.BytesIO(as_pdf(brief))).pages) <= 2


def test_it_has_the_sentences_of_the_figures_and_their_caveat(brief: Brief) -> None:
    said = " ".join(brief.sentences)
    assert CAVEAT in said
    assert "95 times in 100" in said


def test_clients_are_those_of_the_place_and_the_newest_year() -> None:
    [point] = _points("state_cases", ("state", "ca"))
    assert sentence_of(point) in made("ca").sentences


def _points(metric: str, dimension: tuple[str, str]) -> list[MetricPoint]:
    wanted = (metric, period_of(2026))
    return [
        point
        for point in year_points(*TABLES)
        if (point.metric, point.period) == wanted and dimension in point.dimensions
    ]


def test_what_is_not_shown_is_counted_by_its_status() -> None:
    there = [point for point in year_points(*TABLES) if ("state", "ca") in point.dimensions]
    hidden = sum(not status_of(point).shows_number for point in there)
    assert any(f"{hidden} are not shown" in text for text in made("ca").sentences)


def test_nothing_in_a_text_is_taken_for_markup() -> None:
    nasty = Brief('A "title" \\ #x', (BriefText('<b>&amp; #strong[x] "quoted" \\ $x$ *y* _z_ @a'),))
    assert "<b>" not in as_page(nasty).partition("<body>")[2]
    pdf = text_of(as_pdf(nasty))
    assert all(re.sub(r"\s+", "", text) in pdf for text in (nasty.title, *nasty.sentences))


@pytest.mark.parametrize("place", ["", "xx", "not_known", "unknown_land"])
def test_there_is_no_brief_of_nowhere(place: str) -> None:
    with pytest.raises(PlaceUnknown):
        made(place)


def test_before_a_year_was_released_there_is_nothing_to_brief() -> None:
    early = [point for point in year_points(*TABLES) if point.epoch == APRIL]
    with pytest.raises(NothingToBrief):
        brief_of(early, Behind(Released()), "ca")
