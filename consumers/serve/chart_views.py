"""A view as a chart: `.svg` of the figures that were asked for.

Rules kept: the form follows from the figures (`consumers.charts`), and is the one that the page
draws. Without `period`, one figure is drawn over its quarters, or over its years or months where it
has no quarter; several figures in the newest period. Figures that are no chart are a problem that
says what to ask for. The description holds a sentence with an interval, the caveat and the month.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from consumers.charts.charting import ChartFailed
from consumers.charts.drawings import ChartWidth, Drawing, drawing_of
from consumers.serve.views.requested import FigureRequest
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.view import Period
from exchange.core.model.period import quarter_of
from exchange.core.picture.wording.phrases import month_words
from exchange.core.picture.wording.sentences import caveat_of, sentence_of
from exchange.web.problems import Problem, ProblemKind

SUFFIX: Final = "svg"
MEDIA_TYPE: Final = "image/svg+xml"
MARKS_MAX: Final = 200


class ChartDrawer(Protocol):
    """What draws; `consumers.charts.charting.Charts` does."""

    async def svg(self, drawing: Drawing, width: ChartWidth) -> bytes:
        """The chart. Raises ChartFailed."""


async def drawn(charts: ChartDrawer | None, points: Sequence[MetricPoint], asked: FigureRequest, epoch: int) -> bytes:
    """The chart of these points as of a month. Raises Problem."""
    if charts is None:
        raise Problem(ProblemKind.SUFFIX_UNKNOWN, "This service draws no charts.", near=["csv", "xlsx"])
    drawing = await asyncio.to_thread(chart_of, points, asked, epoch)
    try:
        return await charts.svg(drawing, ChartWidth.WIDE)
    except ChartFailed:
        detail = "The chart could not be drawn now. Its figures are there as .csv."
        raise Problem(ProblemKind.CHART_FAILED, detail, near=["csv"], headers={"retry-after": "60"}) from None


def chart_of(points: Sequence[MetricPoint], asked: FigureRequest, epoch: int) -> Drawing:
    """The drawing of these points. Raises Problem where they are no chart."""
    chosen = list(points) if any(name == "period" for name, _ in asked.where) else _of_newest(points)
    if not chosen:
        raise Problem(ProblemKind.NO_CHART, "None of these figures has been released.")
    if len(chosen) > MARKS_MAX:
        raise Problem(
            ProblemKind.TOO_MUCH_ASKED, f"A chart has at most {MARKS_MAX} figures. Name codes of a dimension."
        )
    first = max(chosen, key=lambda one: (one.period or 0, one.epoch))
    describes = f"{sentence_of(first)} {caveat_of(first)} As of {month_words(epoch)}."
    try:
        return drawing_of(chosen, title=BY_METRIC[asked.metric].says, describes=describes)
    except ValueError as error:
        kinds = sorted({name for point in points for name, _ in point.dimensions} | {"period"})
        raise Problem(ProblemKind.NO_CHART, f"{error} Name codes or a period.", near=kinds) from None


def _of_newest(points: Sequence[MetricPoint]) -> list[MetricPoint]:
    """Of one figure those of one kind of period; of several, those of the newest period."""
    if len({point.dimensions for point in points}) <= 1:
        kinds = {_kind(point.period) for point in points}
        return [point for point in points if _kind(point.period) == min(kinds)]
    newest = max(((point.period or 0, point.epoch if point.period is None else 0) for point in points), default=None)
    return [point for point in points if (point.period or 0, point.epoch if point.period is None else 0) == newest]


def _kind(period: Period) -> int:
    """Quarters, then years, then months of arrival."""
    return 2 if period is None else 0 if quarter_of(period) else 1
