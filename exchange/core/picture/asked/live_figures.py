"""Live figures beside what was asked: cells of one period, with a point or without."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from exchange.core.errors import ExchangeError
from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.picture.wording.phrases import label_of
from exchange.core.picture.wording.sentences import sentence_of
from exchange.core.picture.wording.statuses import FigureStatus, status_of


class PeriodsMixed(ExchangeError):
    """Two of the points are of one figure in two periods."""

    hint = "Give the points of one period: the table sets each published figure beside one live figure."


@dataclass(frozen=True, slots=True)
class LiveFigure:
    """A figure beside what was asked. `point` None: the period has none."""

    metric: str
    dimensions: Dimensions
    label: str
    point: MetricPoint | None

    @property
    def status(self) -> FigureStatus:
        """Of its point; without one it is not released."""
        return status_of(self.point) if self.point else FigureStatus.NOT_RELEASED

    @property
    def sentence(self) -> str:
        """What it says; without a point, that the period has none."""
        return (
            sentence_of(self.point)
            if self.point
            else f"{self.label}: {self.status.cell}. The period has no such figure."
        )


@dataclass(frozen=True, slots=True)
class AskedCells:
    """Figures of one metric. `where`: each of its dimensions → codes; no codes: all of them."""

    metric: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Cells = Mapping[tuple[str, Dimensions], MetricPoint]


def cells_of(points: Iterable[MetricPoint]) -> Cells:
    """The points of one period, by metric and dimensions. Raises PeriodsMixed."""
    found: dict[tuple[str, Dimensions], MetricPoint] = {}
    for point in points:
        if found.setdefault((point.metric, point.dimensions), point) != point:
            raise PeriodsMixed
    return found


def live(asked: Iterable[AskedCells], cells: Cells) -> Iterator[LiveFigure]:
    """The cells that are asked for, in that order; without named codes, those that there are."""
    for one in asked:
        for dimensions in _wanted(one, cells):
            yield figure_of(one.metric, dimensions, cells)


def _wanted(asked: AskedCells, cells: Cells) -> Iterator[Dimensions]:
    """The cells that are asked for: those that are named, or all that there are."""
    found: list[Dimensions] = [()]
    for name, codes in asked.where.items():
        there = codes or dict.fromkeys(
            dict(dimensions)[name]
            for metric, dimensions in cells
            if metric == asked.metric and [one for one, _ in dimensions] == list(asked.where)
        )
        found = [(*dimensions, (name, code)) for dimensions in found for code in there]
    yield from found


def figure_of(metric: str, dimensions: Dimensions, cells: Cells) -> LiveFigure:
    """One cell, labelled by its codes."""
    label = ", ".join(label_of(name, code) for name, code in dimensions) or "The nation"
    return LiveFigure(metric, dimensions, label, cells.get((metric, dimensions)))
