"""Fewer bytes, the same marks: what is merged looks as before, and layers stay apart."""

import re
from xml.etree import ElementTree as ET

import pytest

from consumers.charts.smaller import smaller

NAMESPACE = "http://www.w3.org/2000/svg"
CIRCLE = "M3.32,0A3.32,3.32,0,1,1,-3.32,0A3.32,3.32,0,1,1,3.32,0"
BAND = '<line transform="translate(10,{y})" x2="20.04" y2="0" stroke="blue" stroke-width="11" opacity="0.1" />'


def made(inside: str) -> str:
    ET.register_namespace("", NAMESPACE)
    found = smaller(ET.fromstring(f'<g xmlns="{NAMESPACE}" fill="none">{inside}</g>'))
    return ET.tostring(found, encoding="unicode").replace(f' xmlns="{NAMESPACE}"', "")


@pytest.mark.parametrize(
    ("line", "d"),
    [
        ('transform="translate(68.234,28)" x2="199.68" y2="0"', "M68.2 28h199.7"),
        ('transform="translate(5,0)" x2="0" y2="-605"', "M5 0v-605"),
        ('transform="translate(0,0)" x2="3" y2="4"', "M0 0l3 4"),
    ],
)
def test_a_line_is_a_path(line: str, d: str) -> None:
    assert made(f'<line {line} stroke="red" opacity="1" />') == f'<g fill="none"><path stroke="red" d="{d}" /></g>'


def test_a_line_of_points_goes_on_by_steps_to_the_same_points() -> None:
    points = [(6, 114.3), (17.94, 112.31), (29.8, 120.3), (17.9, 49.4), (6, 51.44)]
    text = "L".join(f"{x},{y}" for x, y in points)
    found = made(f'<path d="M{text}Z" fill="red" opacity="0.1" />')
    (d,) = re.findall(' d="(.*?)"', found)
    assert d == "M6 114.3l11.9-2 11.9 8-11.9-70.9-11.9 2Z"
    start, _, steps = d.removesuffix("Z")[1:].partition("l")
    numbers = [float(one) for one in re.findall(r"-?[\d.]+", steps)]
    at = [tuple(map(float, start.split()))]
    for step in zip(numbers[::2], numbers[1::2], strict=True):
        at.append((at[-1][0] + step[0], at[-1][1] + step[1]))
    assert at == [pytest.approx((x, y), abs=0.06) for x, y in points]


def test_lines_of_one_layer_become_one_path() -> None:
    found = made(f"<g>{BAND.format(y=28)}{BAND.format(y=70)}</g>")
    assert re.findall(' d="(.*?)"', found) == ["M10 28h20M10 70h20"]


def test_equal_layers_that_lie_on_each_other_stay_apart() -> None:
    found = made(f"<g>{BAND.format(y=28)}</g><g>{BAND.format(y=28)}</g>")
    assert re.findall(' d="(.*?)"', found) == ["M10 28h20", "M10 28h20"]
    assert found.count('opacity="0.1"') == 2


def test_dots_are_points_of_a_round_line_as_wide_as_they_are() -> None:
    dot = f'<path transform="translate({{x}},5.55)" d="{CIRCLE}" fill="blue" opacity="1" />'
    found = made(f"<g>{dot.format(x=1)}{dot.format(x=2)}</g>")
    assert ' d="M1 5.5h0M2 5.5h0"' in found
    assert 'stroke="blue" stroke-width="6.6" stroke-linecap="round"' in found


def test_texts_have_their_style_once_and_turned_ones_keep_their_turn() -> None:
    text = '<text transform="translate({},15){}" font-size="11px" fill="red">{}</text>'
    found = made(f"<g>{text.format(0, '', 'a')}{text.format(1, ' rotate(270)', 'b')}</g>")
    assert found == (
        '<g fill="none"><g fill="red" font-size="11px"><text y="15">a</text>'
        '<text transform="translate(1,15) rotate(270)">b</text></g></g>'
    )


def test_a_group_that_moves_its_marks_stays() -> None:
    inside = (
        '<g><g transform="translate(0,0)"><g transform="translate(0.5,3)"><rect width="2" height="1" /></g></g></g>'
    )
    assert made(inside) == '<g fill="none"><g transform="translate(0.5,3)"><rect width="2" height="1" /></g></g>'
