"""Layers of marks, as all charts have them. Runs in the helper process only.

Places are in pixels wherever that is possible, so that a chart's layout does not depend on which
fonts a machine measures text with. Colours are variables (`consumers.charts.colours`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import altair as alt
from altair.utils import schemapi

from consumers.charts.colours import MUTED, TEXT
from consumers.charts.drawings import ChartWidth, Drawing

Row = dict[str, object]
Layer = dict[str, Any]
Layers = tuple[list[Layer], int, int]
"""Layers of marks, and width and height of the plot in pixels."""
WIDTHS: Final[Mapping[ChartWidth, int]] = {ChartWidth.NARROW: 284, ChartWidth.WIDE: 620}
FONT: Final = 13
SMALL: Final = 11.5


def layer(mark: Mapping[str, Any], rows: Sequence[Row], **channels: Any) -> Layer:
    """Marks of one kind, for rows of their own.

    Each layer becomes a plain one at once: Altair would copy all of them again and again.
    """
    made = alt.Chart(mark=alt.MarkDef(**mark)).encode(**channels)
    plain: Layer = made.to_dict(validate=schemapi.DEBUG_MODE, context={"top_level": False})
    return {**plain, "data": {"values": list(rows)}}


def fixed(place: float, channel: Any = alt.XValue) -> Any:
    """The same place for all marks of a layer, in pixels."""
    return channel(place)


def text(rows: Sequence[Row], **channels: Any) -> Layer:
    """Text of the field `text`."""
    style = {"fill": TEXT, "fontSize": FONT, "align": "left", "baseline": "alphabetic"}
    style |= {
        name: channels.pop(name)
        for name in ("fill", "fontSize", "align", "baseline", "angle", "fontWeight")
        if name in channels
    }
    return layer({"type": "text", **style}, rows, text=alt.Text("text:N"), **channels)


def pixels(field: str, size: float, channel: Callable[..., Any] = alt.Y) -> Any:
    """A field that holds a place in pixels."""
    return channel(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, size], range=[0, size], nice=False, zero=False))


def amounts(drawing: Drawing, width: int, channel: Callable[..., Any], field: str) -> Any:
    """A field that holds an amount, on a scale from 0 that all marks share, with its axis."""
    ends = [end for mark in drawing.marks for end in (mark.value, mark.high) if end is not None]
    most = drawing.most or max(ends, default=0) or 1
    axis = alt.Axis(
        title=None, tickCount=4 if width < WIDTHS[ChartWidth.WIDE] else 7, domain=False, ticks=False, labelPadding=6
    )
    scale = alt.Scale(domain=[0, most], nice=True, zero=True)
    return channel(f"{field}:Q", axis=axis if ends or drawing.most else None, scale=scale)


def unit_of(drawing: Drawing, width: int, at: float) -> Layer:
    """What the numbers on the axis count, at its right end."""
    return text(
        [{"text": drawing.unit}], x=fixed(width), y=fixed(at, alt.YValue), align="right", fontSize=SMALL, fill=MUTED
    )
