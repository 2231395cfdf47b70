"""What a chart shows: marks in one of five forms, as values that cross to the helper as JSON.

    drawing = drawing_of(points, title="Unmet needs for housing", describes="Of 100 needs …")
    drawing.as_plain()

The form follows from the points, so nobody chooses a misleading one:

| points | form |
|---|---|
| one figure in several periods | TREND: a line with two bands |
| several figures in one period | COMPARISON: dots with fading intervals, the largest first |
| the same, exact counts of agencies | BARS |
| the same, by state | TILES: a map with a tile for each state |
| one figure | HEADLINE: twenty dots, each one way in twenty that it could have come out |

Rules kept: an estimate is never a bar, because readers of a bar take what is inside it for more
likely than what is outside. A mark whose number is not shown carries no number: its status stands
there in words. A share is drawn out of 100, as the sentences put it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from consumers.charts.words_on_charts import beside, scale_of, unit_of_chart
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import ARRIVALS
from exchange.core.model.epochs import epoch_text
from exchange.core.model.period import quarter_of
from exchange.core.picture.comparisons.likely_bands import dots, half_band
from exchange.core.picture.wording.phrases import label_of, place
from exchange.core.picture.wording.readings import reading
from exchange.core.picture.wording.statuses import FigureStatus, status_of
from exchange.wire.public_records import period_of_point_text

ChartRow = tuple[str, MetricPoint | None]
"""A label and its point."""


class ChartForm(StrEnum):
    """How marks are drawn."""

    TREND = "trend"
    COMPARISON = "comparison"
    BARS = "bars"
    TILES = "tiles"
    HEADLINE = "headline"


class ChartWidth(StrEnum):
    """For which column: a phone of 320 px, or a desk. A chart is as high as its marks need."""

    NARROW = "narrow"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class ChartMark:
    """One figure, on the scale of the chart.

    - `low`, `high`: the 95 % interval; None: no bound. `half`: the 50 % band; None: not known.
    - `dots`: twenty numbers that are equally likely; none: not known.
    - `says`: the numbers, or the status, as they stand beside the mark.
    - `panel`: marks with one are drawn together. `note`: what else happened then; in a trend.
    """

    label: str
    status: FigureStatus
    value: float | None = None
    low: float | None = None
    high: float | None = None
    half: tuple[float, float] | None = None
    dots: tuple[float, ...] = ()
    says: str = ""
    panel: str = ""
    note: str = ""

    @property
    def exact(self) -> bool:
        """Whether it has no interval because it has no noise."""
        return self.value is not None and self.value == self.low == self.high


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart. `most`: the end of its scale, for charts that are compared; None: its own."""

    form: ChartForm
    title: str
    describes: str
    unit: str
    marks: tuple[ChartMark, ...]
    most: float | None = None

    def as_plain(self) -> dict[str, object]:
        """As JSON has it. Equal drawings have equal plain ones."""
        return asdict(self)


def drawing_from(plain: Mapping[str, object]) -> Drawing:
    """The drawing of `as_plain`. Raises ValueError, KeyError or TypeError for anything else."""
    marks = plain["marks"]
    if not isinstance(marks, Sequence):
        raise TypeError("marks are a list")
    made = tuple(_mark_from(mark) for mark in marks)
    return Drawing(**{**plain, "form": ChartForm(str(plain["form"])), "marks": made})  # type: ignore[arg-type]


def _mark_from(plain: Mapping[str, Any]) -> ChartMark:
    half = tuple(plain["half"]) if plain["half"] else None
    made = {"status": FigureStatus(plain["status"]), "half": half, "dots": tuple(plain["dots"])}
    return ChartMark(**{**plain, **made})


def mark_of(point: MetricPoint, label: str, *, panel: str = "", note: str = "") -> ChartMark:
    """The mark of a point. What is not shown has no number, and none can be drawn by mistake."""
    status, says = status_of(point), beside(point)
    if not status.shows_number:
        return ChartMark(label, status, says=says, panel=panel, note=note)
    times, half = scale_of(point), half_band(point)
    value, low, high = (None if n is None else float(n * times) for n in (point.value, point.low, point.high))
    if reading(point).bare:  # its ends differ from it by rounding only
        low = high = value
    return ChartMark(
        label,
        status,
        value,
        low,
        high,
        (float(half[0] * times), float(half[1] * times)) if half else None,
        tuple(float(dot * times) for dot in dots(point)),
        says,
        panel,
        note,
    )


def missing(label: str, *, panel: str = "") -> ChartMark:
    """The mark of a figure that is in no release."""
    return ChartMark(label, FigureStatus.NOT_RELEASED, says=FigureStatus.NOT_RELEASED.cell, panel=panel)


def drawing_of(
    points: Iterable[MetricPoint],
    *,
    title: str,
    describes: str,
    labels: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    most: float | None = None,
) -> Drawing:
    """The chart of one metric's points. Raises ValueError where they are no chart.

    `labels`: other words for codes than those of their lists. `notes`: what happened, by period.
    """
    found, others = tuple(points), labels or {}
    named = _varying(found)[-1:]
    codes = ["".join(dict(point.dimensions).get(name, "") for name in named) for point in found]
    rows = [
        (others.get(code) or _words(point, named) or place(point.dimensions), point)
        for code, point in zip(codes, found, strict=True)
    ]
    return drawing_of_rows(rows, title=title, describes=describes, notes=notes, most=most)


def drawing_of_rows(
    rows: Iterable[ChartRow],
    *,
    title: str,
    describes: str,
    notes: Mapping[str, str] | None = None,
    most: float | None = None,
) -> Drawing:
    """The chart of the rows of a table, each with its label there; None: in no release.

    Raises ValueError where they are no chart: of no or several metrics, or of several figures in
    several periods.
    """
    found = tuple(rows)
    points = [point for _, point in found if point is not None]
    if len({point.metric for point in points}) != 1:
        raise ValueError("A chart is of the points of one metric.")
    form, noted, panels = _form(points), notes or {}, _varying(points)[:-1]
    marks: Iterable[ChartMark]
    if form in (ChartForm.TREND, ChartForm.HEADLINE):
        ordered = sorted(points, key=_when)
        texts = [(point, when_of(point)) for point in ordered]
        marks = (mark_of(point, text, note=noted.get(text, "")) for point, text in texts)
    elif form is ChartForm.TILES:
        marks = (mark_of(point, dict(point.dimensions)["state"]) for point in points)
    else:
        marks = _ranked(
            missing(label) if point is None else mark_of(point, label, panel=_words(point, panels))
            for label, point in found
        )
    return Drawing(form, title, describes, unit_of_chart(points[0]), tuple(marks), most)


def _varying(points: Sequence[MetricPoint]) -> tuple[str, ...]:
    """The dimensions in which points differ: the last one names a mark, the others its panel."""
    names = dict.fromkeys(name for point in points for name, _ in point.dimensions)
    return tuple(name for name in names if len({dict(point.dimensions).get(name) for point in points}) > 1)


def _words(point: MetricPoint, names: Iterable[str]) -> str:
    held = dict(point.dimensions)
    return ", ".join(label_of(name, held[name]) for name in names if name in held)


def when_of(point: MetricPoint) -> str:
    """`2026Q1`, `2026`, or the month in which arrivals came."""
    return epoch_text(point.epoch) if point.period is ARRIVALS else period_of_point_text(point.period)


def _when(point: MetricPoint) -> tuple[int, int]:
    return point.period or 0, point.epoch


def _form(points: Sequence[MetricPoint]) -> ChartForm:
    if len({point.dimensions for point in points}) == 1:
        return _of_one(points)
    if len({(point.period, point.period is ARRIVALS and point.epoch) for point in points}) != 1:
        raise ValueError("A chart is of one figure in several periods, or of several figures in one period.")
    kinds = {tuple(name for name, _ in point.dimensions) for point in points}
    if len(kinds) != 1:
        raise ValueError("A chart is of figures that are broken down by the same dimensions.")
    if kinds == {("state",)}:
        return ChartForm.TILES
    shown = [mark for mark in (mark_of(point, "") for point in points) if mark.value is not None]
    counts = all(scale_of(point) == 1 for point in points)
    return ChartForm.BARS if counts and shown and all(mark.exact for mark in shown) else ChartForm.COMPARISON


def _of_one(points: Sequence[MetricPoint]) -> ChartForm:
    """Of one figure: quarters, years or months, and never a year among its quarters."""
    if len(points) == 1:
        return ChartForm.HEADLINE
    if len({None if point.period is ARRIVALS else bool(quarter_of(point.period)) for point in points}) != 1:
        raise ValueError("A chart over time is of quarters, of years or of months.")
    return ChartForm.TREND


def _ranked(marks: Iterable[ChartMark]) -> list[ChartMark]:
    """Panel by panel in their order; within one the largest first, and what is not shown last."""
    found = list(marks)
    panels = {panel: number for number, panel in enumerate(dict.fromkeys(mark.panel for mark in found))}
    return sorted(found, key=lambda mark: (panels[mark.panel], mark.value is None, -(mark.value or 0), mark.label))
