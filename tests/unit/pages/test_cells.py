"""No cell is a blank, a dash or a zero in place of what is not shown: over every point there is."""

import re

from consumers.pages.parts import table_cells
from exchange.core.picture.wording.statuses import FigureStatus, status_of
from tests.kits.page_world import BEFORE, Page, every_page
from tests.kits.two_years import FIRST, national_points

EMPTY = re.compile(r"[\s\-–—.0%$]*")
WORDS = {status.cell for status in FigureStatus if not status.shows_number}


def test_a_point_that_is_not_shown_has_the_words_of_its_status_and_no_digit() -> None:
    seen = set()
    for point in national_points():
        status = status_of(point)
        seen.add(status)
        if not status.shows_number:
            assert table_cells.value(point) == table_cells.interval(point) == status.cell
            assert not table_cells.is_number(point)
    assert {FigureStatus.SHOWN, FigureStatus.NOT_USABLE, FigureStatus.WITHHELD, FigureStatus.HIDDEN_AGENCIES} <= seen


def test_a_point_that_is_shown_has_every_digit_that_was_published() -> None:
    for point in national_points():
        if not status_of(point).shows_number:
            continue
        digits = re.sub(r"[^\d.]", "", table_cells.value(point).partition("[")[0])
        if point.unit == "share":
            assert point.value is not None
            assert f"{point.value * 100:.2f}" == digits
        else:
            assert digits == str(point.value)


def test_what_is_in_no_release_says_so() -> None:
    assert table_cells.value(None) == table_cells.interval(None) == FigureStatus.NOT_RELEASED.cell


def test_no_cell_of_any_page_is_empty() -> None:
    for as_of in (FIRST, BEFORE, None):
        pages = every_page() if as_of is None else every_page(as_of)
        for address, text in pages:
            for cell in Page(text).cells:
                assert cell, address
                assert cell == "0" or not EMPTY.fullmatch(cell), (address, cell)


def test_a_zero_on_a_page_is_a_number_that_is_shown() -> None:
    shown = {table_cells.value(point) for point in national_points() if status_of(point).shows_number}
    zeros = [cell for _, text in every_page() for cell in Page(text).cells if cell == "0"]
    assert not zeros or "0" in shown
