"""The charts of a site: drawn from the points of a table, and put above it when they are ready."""

import asyncio
import re
from collections.abc import Iterable
from typing import Final

from consumers.charts.charting import Charts
from consumers.charts.drawings import ChartWidth, Drawing, drawing_of_rows
from consumers.pages.parts.panels import Panel, PanelChart, in_chart
from exchange.core.picture.wording.sentences import alt_text

_NAMED: Final = re.compile(r'aria-labelledby="[^"]*"([^>]*>)<title.*?</desc>', re.DOTALL)
_FALLBACK: Final = re.compile(r"var\((--[a-z0-9]+), #[0-9a-f]+\)")
_ALONE: Final = re.compile(r' xmlns="[^"]*"| class="chart"| font-family="[^"]*"')


class SiteCharts:
    """Charts for the panels of a site. Each is one drawing at any size: a page holds twenty."""

    def __init__(self, charts: Charts) -> None:
        self._charts = charts

    def __call__(self, panel: Panel, epoch: int) -> str | None:
        """The chart of a panel, if it has been made."""
        del epoch  # a drawing is of its points
        drawing = drawing_for(panel)
        svg = None if drawing is None else self._charts.ready(drawing, ChartWidth.NARROW)
        return None if svg is None else in_page(svg.decode(), panel)

    async def prepare(self, panels: Iterable[Panel]) -> int:
        """Make the charts of these panels; how many failed."""
        failed = 0
        for panel in panels:
            drawing = await asyncio.to_thread(drawing_for, panel)
            if drawing is not None:
                failed += await self._charts.prepare([(drawing, ChartWidth.NARROW)])
        return failed


def in_page(svg: str, panel: Panel) -> str:
    """A chart without what the page around it has: colours, font, and the words that name it.

    It is named by the title and the first sentence of its figure, which stand above it.
    """
    bare = _FALLBACK.sub(r"var(\1)", _ALONE.sub("", svg)).replace(" />", "/>").strip()
    if not panel.sentences:
        return bare
    return _NAMED.sub(rf'aria-labelledby="{panel.name}-title {panel.name}-says"\1', bare)


def drawing_for(panel: Panel) -> Drawing | None:
    """The drawing of a panel's table; None: it has none."""
    rows = in_chart(panel)
    points = [row.point for row in rows if row.point is not None]
    if panel.chart is not PanelChart.DRAWN or not points:
        return None
    first = panel.sentences[0] if panel.sentences else alt_text(points[0])
    describes = f"{first} The numbers are in the table below."
    return drawing_of_rows(
        [(row.label, row.point) for row in rows], title=panel.title, describes=describes, notes=panel.marks
    )
