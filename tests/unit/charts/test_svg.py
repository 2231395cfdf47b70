"""Charts as they go into a page: drawn by vl-convert, named, themed, and free of all else."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from consumers.charts.colours import DARK, LIGHT, TILE_OPACITIES
from consumers.charts.drawings import ChartForm, ChartMark, ChartWidth, Drawing
from consumers.charts.helper import drawn, rendered
from consumers.charts.specs import spec_of
from consumers.charts.tile_map import PLACES
from exchange.core.picture.wording.statuses import FigureStatus

SVG = "{http://www.w3.org/2000/svg}"
HIDDEN = [status for status in FigureStatus if not status.shows_number]


def shown(label: str, value: float, low: float | None, high: float | None) -> ChartMark:
    half = None if low is None or high is None or low == high else ((low + value) / 2, (value + high) / 2)
    dots = tuple(value + n - 9.5 for n in range(20)) if half else ()
    return ChartMark(label, FigureStatus.SHOWN, value, low, high, half, dots, f"{value:g}")


def hidden(label: str, status: FigureStatus) -> ChartMark:
    return ChartMark(label, status, says=status.cell)


MARKS = {
    ChartForm.TREND: (
        shown("2026Q1", 40, 30, 52),
        *(hidden(f"2026Q{n}", status) for n, status in enumerate(HIDDEN, 2)),
    ),
    ChartForm.COMPARISON: (
        shown("Housing", 40, 30, 52),
        shown("Legal", 20, 5, None),
        *(hidden(s.word, s) for s in HIDDEN),
    ),
    ChartForm.BARS: (shown("Shared", 40, 40, 40), *(hidden(status.word, status) for status in HIDDEN)),
    ChartForm.TILES: tuple(
        hidden(code, status) if n < len(HIDDEN) else shown(code, n, 0, 90)
        for n, (code, status) in enumerate(zip(sorted(PLACES), HIDDEN * len(PLACES), strict=False))
    ),
    ChartForm.HEADLINE: (shown("2026", 40, 30, 52),),
}


def chart(form: ChartForm, width: ChartWidth = ChartWidth.NARROW, title: str = "Needs & <more>") -> bytes:
    drawing = Drawing(form, title, "Of 100 needs, about 40.", "of 100", MARKS[form])
    return drawn(json.dumps({"drawing": drawing.as_plain(), "width": width.value}, sort_keys=True).encode())


@pytest.fixture(scope="module", params=list(ChartForm))
def form(request: pytest.FixtureRequest) -> ChartForm:
    return request.param


@pytest.fixture(scope="module")
def svg(form: ChartForm) -> bytes:
    return chart(form)


def test_a_screen_reader_hears_title_and_sentence_and_no_mark(svg: bytes) -> None:
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    named = [element for element in root if element.get("id") in root.get("aria-labelledby").split()]
    assert [element.text for element in named] == ["Needs & <more>", "Of 100 needs, about 40."]
    [marks] = [element for element in root if element.tag == f"{SVG}g"]
    assert marks.get("aria-hidden") == "true"
    assert not [
        name
        for element in marks.iter()
        if element is not marks
        for name in element.attrib
        if name.startswith(("aria-", "role"))
    ]


def test_every_status_that_hides_a_number_stands_there_in_words(form: ChartForm, svg: bytes) -> None:
    words = " ".join(text for text in ET.fromstring(svg).itertext())
    hidden = {mark.status for mark in MARKS[form] if not mark.status.shows_number}
    assert all(status.cell in words for status in hidden)


def test_colours_are_variables_of_the_page(svg: bytes) -> None:
    for name in ("fill", "stroke"):
        used = {element.get(name) for element in ET.fromstring(svg).iter()} - {
            None,
            "none",
            "transparent",
            "currentColor",
        }
        assert all(
            re.fullmatch(r"var\(--[a-z0-9]+, #[0-9a-f]{6}\)|url\(#hatch-[0-9a-f]{12}\)", colour) for colour in used
        )


def test_nothing_is_fetched_styled_or_run(svg: bytes) -> None:
    kinds = {element.tag.removeprefix(SVG) for element in ET.fromstring(svg).iter()}
    assert kinds <= {"svg", "title", "desc", "g", "path", "line", "text", "rect", "pattern"}
    assert b"href" not in svg
    assert b"style" not in svg


def test_it_fits_a_phone(form: ChartForm) -> None:
    width = float(ET.fromstring(chart(form)).get("width"))
    assert width <= 320


def test_it_is_small(svg: bytes) -> None:
    assert len(svg) <= 6_500
    assert svg.count(b"font-family") == 1


def test_equal_drawings_have_equal_bytes(form: ChartForm, svg: bytes) -> None:
    assert chart(form) == svg


def test_every_specification_keeps_to_the_schema_of_vega_lite(form: ChartForm) -> None:
    drawing = Drawing(form, "A title", "A sentence.", "of 100", MARKS[form])
    for width in ChartWidth:
        assert spec_of(drawing, width, checked=True) == spec_of(drawing, width)


def test_two_charts_in_a_page_share_no_id(svg: bytes) -> None:
    ids = re.findall(rb'id="([^"]+)"', svg + chart(ChartForm.COMPARISON, title="Another"))
    assert len(ids) == len(set(ids))


def test_data_from_elsewhere_is_refused() -> None:
    spec = {"data": {"url": "https://example.org/x.csv"}, "mark": "point", "encoding": {"x": {"field": "a"}}}
    with pytest.raises(ValueError, match=r"example\.org"):
        rendered(spec)


def luminance(colour: tuple[float, ...]) -> float:
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def rgb(text: str) -> tuple[float, ...]:
    return tuple(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_and_marks_stand_out_in_light_and_dark(palette: dict[str, str]) -> None:
    page, text, c1 = (rgb(palette[name]) for name in ("--page", "--text", "--c1"))
    assert contrast(text, page) >= 7
    assert contrast(rgb(palette["--muted"]), page) >= 4.5
    assert all(contrast(rgb(palette[name]), page) >= 3 for name in ("--c1", "--c2"))
    for opacity in TILE_OPACITIES:
        tile = tuple(opacity * a + (1 - opacity) * b for a, b in zip(c1, page, strict=True))
        assert contrast(text, tile) >= 4.5
