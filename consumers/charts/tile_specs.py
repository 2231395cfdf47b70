"""The specification of a map with a tile for each state. Helper process only.

Four classes by even steps of the value, as darker tiles. A figure that is not usable is hatched;
one that is not shown for any other reason has a dotted border, and nothing fills it.
"""

from math import floor, log10
from typing import Final

import altair as alt

from consumers.charts.colours import ESTIMATE, HATCH, MUTED, TEXT, TILE_OPACITIES
from consumers.charts.drawings import ChartMark, Drawing
from consumers.charts.layers import SMALL, Layer, Layers, Row, layer, pixels, text
from consumers.charts.tile_map import COLUMNS, PLACES, ROWS
from exchange.core.picture.wording.statuses import FigureStatus

TILE: Final = 40
"""At most."""
GAP: Final = 2
KEY: Final = 22
"""The height of a line of the key."""


def tiles(drawing: Drawing, width: int) -> Layers:
    """The map, and its key below."""
    side = min(TILE, width // COLUMNS)
    across, map_high = side * COLUMNS, side * ROWS
    step = _step(drawing.most or max((mark.value for mark in drawing.marks if mark.value is not None), default=1) or 1)
    lines = _key_lines(drawing, step)
    high = map_high + 14 + KEY * len(lines)
    x, y = pixels("x", across, alt.X), pixels("y", high)
    placed = [(PLACES[mark.label], mark) for mark in drawing.marks if mark.label in PLACES]
    found = [(column * side, row * side, side - GAP, mark, mark.label.upper()) for (column, row), mark in placed]
    found += [(0, map_high + 14 + n * KEY, KEY - 6, mark, "") for n, (mark, _) in enumerate(lines)]
    layers = [
        _squares([(at, down, size) for at, down, size, mark, _ in found if _look(mark, step) == look], x, y, look)
        for look in range(_LOOKS)
    ]
    names: list[Row] = [
        {"x": at + size / 2, "y": down + size / 2, "text": name} for at, down, size, _, name in found if name
    ]
    words: list[Row] = [
        {"x": KEY + 4, "y": map_high + 14 + n * KEY + KEY / 2 - 3, "text": says} for n, (_, says) in enumerate(lines)
    ]
    layers.append(text(names, x=x, y=y, align="center", baseline="middle", fontSize=SMALL if side >= 30 else 10))
    layers.append(text(words, x=x, y=y, baseline="middle", fontSize=SMALL, fill=MUTED))
    return [one for one in layers if one is not None], across, high


_CLASSES: Final = len(TILE_OPACITIES)
_HATCHED, _DOTTED = _CLASSES, _CLASSES + 1
_LOOKS: Final = _CLASSES + 2


def _look(mark: ChartMark, step: float) -> int:
    if mark.value is None:
        return _HATCHED if mark.status is FigureStatus.NOT_USABLE else _DOTTED
    return min(_CLASSES - 1, int(mark.value / step))


def _step(most: float) -> float:
    """The width of a class: a round number, so that all classes together reach the most."""
    least = most / _CLASSES
    ten = 10.0 ** floor(log10(least))
    return next(times * ten for times in (1, 2, 2.5, 5, 10) if times * ten >= least)


def _squares(squares: list[tuple[float, float, float]], x: object, y: object, look: int) -> Layer | None:
    if not squares:
        return None
    rows: list[Row] = [{"x": at, "y": down, "x2": at + size, "y2": down + size} for at, down, size in squares]
    style: dict[str, object] = (
        {"fill": ESTIMATE, "fillOpacity": TILE_OPACITIES[look]} if look < _CLASSES else {"fill": "transparent"}
    )
    style |= {"fill": HATCH} if look == _HATCHED else {}
    style |= {"stroke": TEXT, "strokeDash": [1, 3], "strokeWidth": 1} if look == _DOTTED else {}
    return layer({"type": "rect", **style}, rows, x=x, x2=alt.X2("x2:Q"), y=y, y2=alt.Y2("y2:Q"))


def _key_lines(drawing: Drawing, step: float) -> list[tuple[ChartMark, str]]:
    """A tile of each look that is on the map, with what it means."""
    found = dict[tuple[int, str], tuple[ChartMark, str]]()
    for mark in drawing.marks:
        look = _look(mark, step)
        says = mark.status.cell if mark.value is None else f"{look * step:,g} to {(look + 1) * step:,g} {drawing.unit}"
        found.setdefault((look, says), (mark, says))
    return [found[key] for key in sorted(found)]
