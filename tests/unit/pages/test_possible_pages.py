"""Ten possible pictures: those that the core draws with its public seed, and what they come to."""

import re

import pytest

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import Panel, in_chart
from consumers.pages.possible_pages import FIGURES_MAX, PossiblePictures, has_pictures, pictures_of
from consumers.pages.rendering import Pages
from exchange.core.picture.comparisons.possible import PICTURES, possible_pictures
from tests.kits.page_world import figures, panels

CIRCLES = re.compile(r'<circle cx="([\d.]+)"')


def panel(name: str) -> Panel:
    return next(panel for _, panel in panels() if panel.name == name)


def found(name: str) -> PossiblePictures:
    made = pictures_of(figures(), panel(name))
    assert made is not None
    return made


def test_each_picture_has_the_values_that_the_core_draws_in_their_order_on_one_scale() -> None:
    rows = in_chart(panel("largest-unmet-shares"))[:FIGURES_MAX]
    behind = figures().behind
    assert behind is not None
    drawn = possible_pictures([behind.of(row.point) for row in rows])
    most = max(max(one) for one in drawn)
    made = found("largest-unmet-shares")
    assert len(made.pictures) == PICTURES == len(drawn)
    for picture, values in zip(made.pictures, drawn, strict=True):
        places = [(float(x) - 22) / 122 * most for x in CIRCLES.findall(picture.svg)]
        assert places == pytest.approx(values, abs=most / 1_000)
        largest = rows[values.index(max(values))].label
        assert picture.says.endswith(largest)


def test_what_they_come_to_counts_all_of_them() -> None:
    for name in ("largest-unmet-shares", "cases", "unmet-need-share-all"):
        sums = [int(re.findall(r"in (\d+) of 10", text)[0]) for text in found(name).sums]
        assert sum(sums) == PICTURES
        assert sums == sorted(sums, reverse=True)


def test_over_time_a_picture_is_a_line_with_as_many_ends_as_periods() -> None:
    made = found("cases")
    assert made.key == ()
    for picture in made.pictures:
        d = re.findall(r'd="(M[^"]*)" stroke=', picture.svg)[0]
        assert len(re.findall(r"[ML]", d)) == len(panel("cases").rows)
        assert picture.says in ("up at the end", "down at the end")


def test_exact_figures_and_maps_and_figures_whose_noise_is_not_known_have_none() -> None:
    assert not has_pictures(figures(), panel("places-by-service"))
    assert not has_pictures(figures(), panel("state-cases"))
    unknown = Figures(figures()._source, figures().as_of)
    assert not has_pictures(unknown, panel("cases"))
    assert "There is nothing to draw" in Pages().possible(panel("cases"), unknown).decode()


def test_the_page_has_all_ten_in_words_and_nothing_that_moves() -> None:
    text = Pages().possible(panel("largest-unmet-shares"), figures()).decode()
    assert text.count("<svg") == PICTURES
    assert text.count("largest: ") == PICTURES
    assert "public seed" in text
    assert not re.search("<animate|style=|<script[^>]*>[^<]", text)
    assert (
        "/possible/largest-unmet-shares"
        in Pages().alone(panel("largest-unmet-shares"), figures(), embedded=False).decode()
    )
