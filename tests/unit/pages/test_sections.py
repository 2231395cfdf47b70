"""Every section renders at any time, says what it must, and names each figure once."""

import re
from collections import Counter
from dataclasses import replace
from html import unescape
from itertools import pairwise

import pytest

from consumers.pages.page_maker import all_panels
from consumers.pages.parts.comparisons import NO_ANSWER, RANK
from consumers.pages.parts.coverage_note import heard_of
from consumers.pages.parts.panels import PanelChart
from consumers.pages.rendering import NAME, STANDING, Pages
from consumers.pages.sections.all_sections import SECTIONS
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import period_of
from exchange.core.picture.asked.unanswered import UNRELEASED
from exchange.core.picture.wording.labels import STUDY_2003, TOPICS_2008
from exchange.core.picture.wording.sentences import sentence_of
from exchange.core.picture.wording.statuses import FigureStatus, status_of
from tests.kits.page_world import BEFORE, LAST, PLACES, Page, every_page, figures, page, panels

NOTHING = epoch_of(2020, 1)
PLAIN_MAX = 85_000
"""Bytes of a page without charts."""


@pytest.mark.parametrize("as_of", [NOTHING, epoch_of(2024, 2), epoch_of(2024, 4), BEFORE, LAST])
def test_every_section_renders_whatever_has_been_released(as_of: int) -> None:
    for address, text in every_page(as_of):
        assert text.startswith("<!doctype html>"), address
        assert STANDING.partition(".")[0] in text


def test_a_title_names_nothing_that_anybody_would_have_to_hide() -> None:
    for _, text in every_page():
        title = re.findall(r"<title>(.*?)</title>", text)[0]
        assert title.endswith(NAME)
        assert not re.search("traffick|victim|surviv|exploit|sex|abuse|shelter", title.lower())


def test_ids_are_unique_and_every_link_within_a_page_leads_to_one() -> None:
    for address, text in every_page():
        found = Page(text)
        repeated = [one for one, times in Counter(found.ids).items() if times > 1]
        assert not repeated, (address, repeated)
        assert all(link.removeprefix("#") in found.ids for link in found.links if link.startswith("#")), address


def test_headings_leave_out_no_level() -> None:
    for address, text in every_page():
        levels = [level for level, _ in Page(text).headings]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), address


def test_every_figure_has_one_name_and_is_found_by_it() -> None:
    names = Counter(panel.name for _, panel in panels())
    assert not [name for name, times in names.items() if times > 1]
    for name in ("agencies", "unmet-need-share", "new_england-unmet-need-share", "wy-needs"):
        assert any(panel.name == name for panel in all_panels(figures(), name))


def test_a_figure_begins_with_the_sentence_of_one_of_its_points_or_says_that_there_is_none() -> None:
    own = {"agencies", "agencies-by-division", "agencies-by-agency-type"}
    for _, panel in panels():
        if panel.name in own or panel.chart is PanelChart.TILES:
            continue
        said = {sentence_of(point) for point in panel.points}
        shown = any(row.status.shows_number for row in panel.rows)
        assert not panel.rows or not shown or panel.sentences[0] in said, panel.name
    assert "not been released" not in page("/")


def test_a_page_without_charts_stays_small() -> None:
    for address, text in every_page():
        assert len(text.encode()) <= PLAIN_MAX, address


def test_the_picture_begins_with_who_is_missing() -> None:
    texts = [text for level, text in Page(page("/")).headings if level == 2]
    assert texts[0] == "Who is missing"
    assert "275 of 320 registered agencies were heard from. 45 were silent." in page("/")


def test_every_figure_over_time_has_the_agencies_behind_it() -> None:
    for name in ("cases", "needs", "services", "unmet-needs", "cases-confirmed", "lack-of-trust"):
        panel = next(panel for _, panel in panels() if panel.name == name)
        assert "Agencies heard from" in panel.heads
        assert "157 of 320" in panel.rows[0].more
        assert "2024Q2" in panel.marks


def test_agencies_behind_a_figure_are_numbers_or_one_status_and_never_a_number_of_a_status() -> None:
    shown = [one for one in figures().of_period("reporting", period_of(2025, 4)) if status_of(one).shows_number]
    hidden = replace(shown[0], value=None, low=None, high=None, withheld=True)
    assert re.fullmatch(r"\d+ of \d+", heard_of(shown[0], shown[0]))
    assert re.fullmatch(r"\d+; how many are registered: [a-z ]+\[c\]", heard_of(shown[0], hidden))
    assert re.fullmatch(r"[a-z ]+\[c\]", heard_of(hidden, shown[0]))
    assert heard_of(None, None) == FigureStatus.NOT_RELEASED.cell


def test_the_study_of_2003_is_whole_and_nothing_is_made_up() -> None:
    text = page("/assessment")
    for row in STUDY_2003:
        assert f'id="{row.code.replace("_", "-")}"' in text
    assert "the figure was not at hand" in text


def test_agencies_beside_those_of_2003_are_of_one_quarter_and_not_of_four() -> None:
    assert re.search(
        r"Registered agencies that were heard from[^<]*2025</th><td class=\"number\">275<", page("/assessment")
    )


def test_every_topic_of_2008_and_every_open_question_has_its_place() -> None:
    research, questions = page("/research"), page("/questions")
    for topic in TOPICS_2008:
        assert f'id="{topic.code.replace("_", "-")}"' in research
    for one in UNRELEASED:
        assert one.name in questions or one.says[:30].replace("'", "&#39;") in questions


def test_missing_answers_come_last_have_no_rank_and_are_never_called_the_largest() -> None:
    seen = 0
    for _, panel in panels():
        missing = [row.missing for row in panel.rows]
        if panel.chart is PanelChart.TILES or not any(missing):
            continue
        seen += 1
        assert missing == sorted(missing), panel.name
        ranks = [row.more[-1] for row in panel.rows if row.missing and RANK in panel.heads[-1:]]
        assert set(ranks) <= {NO_ANSWER}, panel.name
        said = {sentence_of(row.point) for row in panel.rows if row.missing and row.point}
        assert not said & set(panel.sentences), panel.name
    assert seen > 20


def test_what_has_no_number_is_named_in_the_table_or_in_the_list_below_it() -> None:
    for section, panel in panels():
        text = unescape(page(section.address, PLACES[0] if "{" in section.address else ""))
        if f'id="{panel.name}"' not in text:
            continue
        part = text.partition(f'<article class="figure" id="{panel.name}"')[2].partition("</article>")[0]
        assert all(row.label in part for row in panel.rows), panel.name


def test_a_place_without_any_number_says_so_and_names_every_figure() -> None:
    text = unescape(page("/places/{place}", "wy"))
    part = text.partition('<article class="figure" id="wy-needs"')[2].partition("</article>")[0]
    [panel] = [panel for _, panel in panels() if panel.name == "wy-needs"]
    assert not any(row.status.shows_number for row in panel.rows)
    assert "has a number that is shown" in part
    assert "<svg" not in part
    assert all(row.label in part for row in panel.rows)


def test_a_page_of_several_parts_begins_with_a_list_of_them() -> None:
    assert re.search(r'aria-label="On this page".*?#missing.*?#nation.*?#places.*?</nav>', page("/"), re.DOTALL)
    assert "<summary>On this page: " in page("/assessment")


def test_a_state_leads_to_its_division_and_back() -> None:
    assert "/places/pacific" in Page(page("/places/{place}", "ca")).links
    assert "/places/me" in Page(page("/places/{place}", "new_england")).links


def test_a_tile_with_a_number_has_its_interval() -> None:
    tiles = re.findall(r'<a class="(\w+)" href="/places/[^"]*">(.*?)</a>', page("/"))
    shown = [text for status, text in tiles if status == "shown"]
    assert shown
    assert all(re.search(r"<i>[\d,]+ to [\d,]+<", text) for text in shown)


def test_survivors_own_reports_stand_apart_and_first() -> None:
    texts = [text for _, text in Page(page("/outcomes")).headings]
    assert texts.index("What survivors themselves say") < texts.index("What workers say")


def test_confirmed_and_possible_cases_are_never_in_one_number() -> None:
    names = [panel.name for section, panel in panels() if section.address == "/cases"]
    assert names[:4] == ["cases-by-trafficking-status", "cases-confirmed", "cases-possible", "cases-not-established"]


def test_places_have_pages_and_every_tile_leads_to_one() -> None:
    links = {link for link in Page(page("/")).links if link.startswith("/places/")}
    assert len(links) == 56 + 10
    assert all(f"/places/{place}" in links for place in PLACES)


def test_a_frozen_page_asks_for_nothing_new() -> None:
    section = SECTIONS[0]
    live = Pages().section(section, figures()).decode()
    frozen = Pages().section(section, figures(), frozen=True).decode()
    assert "hx-sse:connect" in live
    assert "hx-" not in frozen
    assert "never change" in frozen


def test_the_same_figures_give_the_same_bytes() -> None:
    section = SECTIONS[1]
    assert Pages().section(section, figures()) == Pages().section(section, figures())
