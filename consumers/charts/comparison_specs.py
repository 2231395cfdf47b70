"""Specifications of figures beside each other: dots with intervals, or bars. Helper process only.

An interval fades: bands of 95, 90, 80, 65 and 50 % lie on each other, and none has a border that
would look like a wall between possible and impossible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from consumers.charts.colours import ESTIMATE, HATCH, MUTED
from consumers.charts.drawings import ChartForm, ChartMark, Drawing
from consumers.charts.layers import SMALL, Layer, Layers, Row, amounts, fixed, layer, pixels, text, unit_of
from consumers.charts.spread import FADING, bands

ROW: Final = 42
HEADER: Final = 34
LINE: Final = 17
_LETTER, _SMALL_LETTER = 7.0, 6.3
"""The width of a letter, at most on average: a guess that no font of a reader's has to keep to."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A mark. `top`: the line of its words, in pixels; `numbers`: of its numbers."""

    mark: ChartMark
    top: int
    numbers: int

    @property
    def middle(self) -> int:
        """Of its interval."""
        return self.numbers + 14


def comparison(drawing: Drawing, width: int) -> Layers:
    """Words and numbers of each figure; below them its dot with a fading interval, or its bar."""
    heads, lines, high = _lines(drawing, width)
    x, y = amounts(drawing, width, alt.X, "x"), pixels("y", high)
    shown = [line for line in lines if line.mark.value is not None]
    layers = [text(heads, x=fixed(0), y=y, fontWeight=600)] if heads else []
    layers += _bars(shown, x, y) if drawing.form is ChartForm.BARS else _intervals(shown, x, y, width)
    hidden: list[Row] = [{"y": one.middle - 8, "y2": one.middle + 8} for one in lines if one.mark.value is None]
    if hidden:
        layers.append(
            layer(
                {"type": "rect", "fill": HATCH},
                hidden,
                x=fixed(0),
                x2=fixed(width, alt.X2Value),
                y=y,
                y2=alt.Y2("y2:Q"),
            )
        )
    names: list[Row] = [{"y": one.top, "text": one.mark.label} for one in lines]
    numbers: list[Row] = [{"y": one.numbers, "text": one.mark.says} for one in lines]
    layers.append(text(names, x=fixed(0), y=y))
    layers.append(text(numbers, x=fixed(width), y=y, align="right", fontSize=SMALL, fill=MUTED))
    return ([*layers, unit_of(drawing, width, high + 34)] if shown else layers), width, high


def _lines(drawing: Drawing, width: int) -> tuple[list[Row], list[_Line], int]:
    """Headings of panels, each mark with its place, and the height of all.

    Numbers stand beside the words, or below them where both would not fit.
    """
    heads: list[Row] = []
    lines: list[_Line] = []
    panel, at = "", 0
    for mark in drawing.marks:
        if mark.panel != panel:
            panel = mark.panel
            heads.append({"y": at + 20, "text": panel})
            at += HEADER
        needed = len(mark.label) * _LETTER + len(mark.says) * _SMALL_LETTER
        below = LINE if needed > width else 0
        lines.append(_Line(mark, at + 14, at + 14 + below))
        at += ROW + below
    return heads, lines, at


def _intervals(shown: Sequence[_Line], x: Any, y: Any, width: int) -> list[Layer]:
    placed = [(line.mark, line.middle) for line in shown]
    faded: dict[tuple[int, float], list[Row]] = {}
    for mark, place in placed:
        for percent, opacity, low, high in bands(mark):
            faded.setdefault((-percent, opacity), []).append({"y": place, "x": low, "x2": high})
    rule = {"type": "rule", "stroke": ESTIMATE, "strokeWidth": 11}
    found = [
        layer({**rule, "opacity": opacity}, faded[key, opacity], x=x, x2=alt.X2("x2:Q"), y=y)
        for key, opacity in sorted(faded)
    ]
    open_: list[Row] = [{"y": place, "x": mark.low or 0} for mark, place in placed if mark.high is None]
    if open_:
        rule |= {"opacity": FADING[0][1]}
        arrow = {
            "type": "point",
            "shape": "triangle-right",
            "filled": True,
            "fill": ESTIMATE,
            "size": 110,
            "opacity": 1,
        }
        found += [
            layer(rule, open_, x=x, x2=fixed(width, alt.X2Value), y=y),
            layer(arrow, open_, x=fixed(width - 4), y=y),
        ]
    dots: list[Row] = [{"y": place, "x": mark.value} for mark, place in placed]
    dot = {"type": "point", "filled": True, "fill": ESTIMATE, "stroke": None, "size": 70, "opacity": 1}
    return [*found, layer(dot, dots, x=x, y=y)] if dots else [*found, _empty(x)]


def _bars(shown: Sequence[_Line], x: Any, y: Any) -> list[Layer]:
    bars: list[Row] = [{"y": one.middle - 6, "y2": one.middle + 6, "x": 0, "x2": one.mark.value} for one in shown]
    return [layer({"type": "rect", "fill": ESTIMATE}, bars, x=x, x2=alt.X2("x2:Q"), y=y, y2=alt.Y2("y2:Q"))]


def _empty(x: Any) -> Layer:
    """Nothing, on the axis: where no figure is shown there still is a scale."""
    return layer({"type": "point", "opacity": 0}, [{"x": 0}], x=x, y=fixed(0, alt.YValue))
