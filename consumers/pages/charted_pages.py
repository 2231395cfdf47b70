"""The charts of a site: drawn from the points of a table, and put above it when they are ready."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from typing import Final

from consumers.charts.charting import Charts, Wanted
from consumers.charts.drawings import ChartForm, ChartWidth, Drawing, drawing_of_rows
from consumers.pages.parts.panels import Panel, PanelChart, in_chart
from exchange.core.picture.wording.sentences import alt_text

_ANY_SIZE: Final = (ChartForm.TREND, ChartForm.HEADLINE)
_NAMED: Final = re.compile(r'(?P<by>aria-labelledby="[^"]*")[^>]*>(?P<words><title.*?</desc>)', re.DOTALL)
"""How a chart is named, and the words that name it."""


class SiteCharts:
    """Charts for the panels of a site.

    Figures beside each other have two widths, and the page shows the one that fits; their words
    stand beside their marks. A chart over time, and twenty dots, are one drawing at any size.
    """

    def __init__(self, charts: Charts) -> None:
        self._charts = charts

    def __call__(self, panel: Panel, epoch: int) -> str | None:
        """The chart of a panel, if it has been made."""
        del epoch  # a drawing is of its points
        drawing = drawing_for(panel)
        if drawing is None:
            return None
        found = [(width, self._charts.ready(drawing, width)) for width in _widths(drawing)]
        if any(svg is None for _, svg in found):
            return None
        kinds = {width: width.value if len(found) > 1 else "any" for width, _ in found}
        return "".join(f'<div class="{kinds[width]}">{svg}</div>' for width, svg in _named_once(found))

    async def prepare(self, panels: Iterable[Panel]) -> int:
        """Make the charts of these panels; how many failed."""
        failed = 0
        for panel in panels:
            failed += await self._charts.prepare(await asyncio.to_thread(_wanted, panel))
        return failed


def _named_once(found: Iterable[tuple[ChartWidth, bytes | None]]) -> Iterator[tuple[ChartWidth, str]]:
    """The charts of a figure: the others are named by the words of the first."""
    first: re.Match[str] | None = None
    for width, svg in found:
        text = (svg or b"").decode()
        named = _NAMED.search(text)
        if first is not None and named is not None:
            text = text.replace(named["words"], "").replace(named["by"], first["by"])
        first = first or named
        yield width, text


def _wanted(panel: Panel) -> list[Wanted]:
    drawing = drawing_for(panel)
    return [] if drawing is None else [(drawing, width) for width in _widths(drawing)]


def _widths(drawing: Drawing) -> tuple[ChartWidth, ...]:
    return (ChartWidth.NARROW,) if drawing.form in _ANY_SIZE else tuple(ChartWidth)


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
