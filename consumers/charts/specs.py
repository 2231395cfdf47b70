"""Drawings as Vega-Lite specifications, through Altair. Runs in the helper process only."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import altair as alt
from altair.utils import schemapi

from consumers.charts.colours import GRID, TEXT
from consumers.charts.comparison_specs import comparison
from consumers.charts.drawings import ChartForm, ChartWidth, Drawing
from consumers.charts.layers import SMALL, WIDTHS, Layers
from consumers.charts.tile_specs import tiles
from consumers.charts.trend_specs import headline, trend

PADDING: Final = {"left": 4, "right": 12, "top": 4, "bottom": 6}
"""Room for what stands out: readers' fonts are wider or narrower than those measured with."""
SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
"""A name: nothing is fetched from there."""
_CONFIG: Final = {
    "aria": False,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "gridColor": GRID,
        "gridWidth": 1,
        "labelColor": TEXT,
        "labelFontSize": SMALL,
        "labelOverlap": "greedy",
        "labelFlush": False,
    },
}
_FORMS: Final[Mapping[ChartForm, Callable[[Drawing, int], Layers]]] = {
    ChartForm.TREND: trend,
    ChartForm.COMPARISON: comparison,
    ChartForm.BARS: comparison,
    ChartForm.TILES: tiles,
    ChartForm.HEADLINE: headline,
}


def spec_of(drawing: Drawing, width: ChartWidth, *, checked: bool = False) -> dict[str, Any]:
    """The Vega-Lite specification. The same drawing has the same one.

    `checked`: by Altair's schema, for tests: that takes three times as long as to draw it. Raises
    Altair's SchemaValidationError.
    """
    with schemapi.debug_mode(checked):
        layers, across, high = _FORMS[drawing.form](drawing, WIDTHS[width])
        plain = {
            "$schema": SCHEMA,
            "width": across,
            "height": high,
            "padding": PADDING,
            "background": "transparent",
            "layer": layers,
            "config": _CONFIG,
        }
        if checked:
            alt.LayerChart.from_dict(plain)
    return plain
