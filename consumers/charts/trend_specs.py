"""Specifications of a figure over time, and of one figure as twenty dots. Helper process only."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import altair as alt

from consumers.charts.colours import ESTIMATE, HATCH, MUTED, TEXT
from consumers.charts.comparison_specs import comparison
from consumers.charts.drawings import ChartMark, Drawing
from consumers.charts.layers import SMALL, Layer, Layers, Row, amounts, fixed, layer, pixels, text, unit_of
from consumers.charts.spread import FADING, bands

HEIGHT: Final = 200
AXIS: Final = 46
"""Room for the numbers at the left."""
NOTE: Final = 45
"""Room that a note's name needs; in less there is its number alone."""
LABEL: Final = 58
"""Room that the name of a period needs."""
DOT: Final = 18
COLUMNS: Final = 11
"""Of the twenty dots, over their whole range."""


def trend(drawing: Drawing, width: int) -> Layers:
    """A line with two bands; broken where a period is not shown, which is hatched and says why."""
    across = width - AXIS
    step = across / max(1, len(drawing.marks))
    x = pixels("x", across, alt.X)
    y = amounts(drawing, width, alt.Y, "y")
    if y.axis:
        y.axis.minExtent = y.axis.maxExtent = AXIS - 8
    places = [(round((i + 0.5) * step, 1), mark) for i, mark in enumerate(drawing.marks)]
    layers = [*_hatched(places, step, x), *_noted(places, step, x)]
    for run in _runs(places):
        layers += _bands(run, step, x, y)
    shown: list[Row] = [{"x": at, "y": mark.value, "run": n} for n, run in enumerate(_runs(places)) for at, mark in run]
    line = {"type": "line", "stroke": ESTIMATE, "strokeWidth": 2}
    dot = {"type": "point", "filled": True, "fill": ESTIMATE, "stroke": None, "size": 44, "opacity": 1}
    rows = shown or [{"x": 0, "y": 0, "run": 0}]
    hide = {} if shown else {"opacity": 0}
    layers += [layer(line | hide, rows, x=x, y=y, detail=alt.Detail("run:N")), layer(dot | hide, rows, x=x, y=y)]
    every = max(1, -(-LABEL // max(1, int(step))))
    named: list[Row] = [{"x": at, "text": mark.label} for at, mark in places[::every]]
    layers.append(text(named, x=x, y=fixed(HEIGHT + 18, alt.YValue), align="center", fontSize=SMALL))
    layers.append(
        text([{"text": drawing.unit}], x=fixed(-AXIS + 8), y=fixed(-12, alt.YValue), fontSize=SMALL, fill=MUTED)
    )
    return layers, across, HEIGHT


Placed = tuple[float, ChartMark]


def _runs(places: Sequence[Placed]) -> Iterator[list[Placed]]:
    """Periods in a row that are shown."""
    for shown, run in groupby(places, lambda one: one[1].value is not None):
        if shown:
            yield list(run)


def _bands(run: Sequence[Placed], step: float, x: Any, y: Any) -> Iterator[Layer]:
    """Areas over periods in a row; a column where one stands alone or has no upper bound."""
    for kind, part in groupby(run, lambda one: (one[1].high is not None, one[1].half is not None)):
        some = list(part)
        if not kind[0]:
            yield from _without_bound(some, step, x, y)
            continue
        faded: dict[tuple[int, float], list[Row]] = {}
        for at, mark in some:
            for percent, opacity, low, high in bands(mark):
                faded.setdefault((-percent, opacity), []).append({"x": at, "y": low, "y2": high})
        for key, opacity in sorted(faded):
            yield _band(faded[key, opacity], opacity, x, y)


def _band(rows: Sequence[Row], opacity: float, x: Any, y: Any) -> Layer:
    """An area over periods in a row; a column over one."""
    area = (
        {"type": "area", "fill": ESTIMATE} if len(rows) > 1 else {"type": "rule", "stroke": ESTIMATE, "strokeWidth": 14}
    )
    return layer({**area, "opacity": opacity}, rows, x=x, y=y, y2=alt.Y2("y2:Q"))


def _without_bound(some: Sequence[Placed], step: float, x: Any, y: Any) -> Iterator[Layer]:
    rows: list[Row] = [{"x": at, "y": mark.low or 0} for at, mark in some]
    rule = {"type": "rule", "stroke": ESTIMATE, "strokeWidth": min(14, step), "opacity": FADING[0][1]}
    arrow = {"type": "point", "shape": "triangle-up", "filled": True, "fill": ESTIMATE, "size": 90, "opacity": 1}
    yield layer(rule, rows, x=x, y=y, y2=fixed(0, alt.Y2Value))
    yield layer(arrow, rows, x=x, y=fixed(4, alt.YValue))


def _hatched(places: Sequence[Placed], step: float, x: Any) -> Iterator[Layer]:
    """A hatched column with the status in words, for each period that is not shown."""
    hidden = [(at, mark) for at, mark in places if mark.value is None]
    if hidden:
        rows: list[Row] = [{"x": round(at - step / 2 + 1, 1), "x2": round(at + step / 2 - 1, 1)} for at, _ in hidden]
        yield layer(
            {"type": "rect", "fill": HATCH},
            rows,
            x=x,
            x2=alt.X2("x2:Q"),
            y=fixed(0, alt.YValue),
            y2=fixed(HEIGHT, alt.Y2Value),
        )
        words: list[Row] = [{"x": at, "text": mark.status.cell} for at, mark in hidden]
        yield text(words, x=x, y=fixed(HEIGHT - 8, alt.YValue), angle=270, baseline="middle", fontSize=SMALL)


def _noted(places: Sequence[Placed], step: float, x: Any) -> Iterator[Layer]:
    """A dashed line where something else happened, with its number in the list below the chart."""
    word = "note " if step >= NOTE else ""
    noted = [at for at, mark in places if mark.note]
    if noted:
        dashed = {"type": "rule", "stroke": TEXT, "strokeDash": [2, 4], "strokeWidth": 1, "opacity": 0.7}
        yield layer(dashed, [{"x": at} for at in noted], x=x, y=fixed(0, alt.YValue), y2=fixed(HEIGHT, alt.Y2Value))
        numbers: list[Row] = [{"x": at, "text": f"{word}{n}"} for n, at in enumerate(noted, 1)]
        yield text(numbers, x=x, y=fixed(-3, alt.YValue), align="center", fontSize=SMALL, fill=MUTED)


def headline(drawing: Drawing, width: int) -> Layers:
    """Twenty dots, each one way in twenty that the figure could have come out."""
    (mark,) = drawing.marks
    if not mark.dots:
        return comparison(drawing, width)
    found = mark.dots
    least, most = found[0], found[-1]
    size = (most - least) / COLUMNS or 1
    columns = [min(COLUMNS - 1, int((one - least) / size)) for one in found]
    stacked: list[Row] = []
    heights = Counter[int]()
    across = min(width, WIDEST)
    for column in columns:
        stacked.append({"x": least + (column + 0.5) * size, "y": heights[column]})
        heights[column] += 1
    high = max(heights.values()) * DOT + 6
    for row in stacked:
        row["y"] = high - DOT / 2 - 2 - float(str(row["y"])) * DOT
    axis = alt.Axis(title=None, tickCount=5, grid=False, ticks=True, tickColor=MUTED, domainColor=MUTED, labelPadding=4)
    ends = [max(0.0, least - 1.5 * size), most + 1.5 * size]
    x = alt.X("x:Q", axis=axis, scale=alt.Scale(domain=ends, nice=False, zero=False))
    dot = {"type": "point", "filled": True, "fill": ESTIMATE, "stroke": None, "size": 190, "opacity": 1}
    return [layer(dot, stacked, x=x, y=pixels("y", high)), unit_of(drawing, across, high + 38)], across, high


WIDEST: Final = 380
"""Of the twenty dots: wider, and they would lie flat."""
