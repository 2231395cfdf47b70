"""What was asked in 2003 and in 2008, and the live figures beside it.

    study(points)      the figures of the 2003 needs assessment, each with the live ones
    topics(points)     the research topics of 2008: what the exchange knows, and what is missing

`points`: the points of one period. Each live figure has its sentence, or its status and the reason.

Rules kept:
- A published figure stands as it was printed, or its place is empty: nothing is made up.
- The live figure is hardly ever the same measure. `remark` says how it differs: the study asked 98
  providers once; the exchange counts what agencies report.
- What cannot be computed yet is named with the smallest released table that would answer it
  (`exchange.core.picture.unanswered`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from exchange.core.errors import ExchangeError
from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.metrics.query import codes_of
from exchange.core.metrics.questions import BRIEF, QUESTIONS
from exchange.core.metrics.table import METRICS
from exchange.core.picture.labels import STUDY_2003, TOPICS_2008
from exchange.core.picture.live_figures import LIVE, Asked
from exchange.core.picture.sentences import sentence_of
from exchange.core.picture.statuses import Status, status_of
from exchange.core.picture.unanswered import UNRELEASED, Unreleased
from exchange.core.picture.words import label_of


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
    def status(self) -> Status:
        """Of its point; without one it is not released."""
        return status_of(self.point) if self.point else Status.NOT_RELEASED

    @property
    def sentence(self) -> str:
        """What it says; without a point, that the period has none."""
        return (
            sentence_of(self.point)
            if self.point
            else f"{self.label}: {self.status.cell}. The period has no such figure."
        )


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A published figure, and the live ones beside it.

    `published`: as printed; empty where it was not at hand. `note`: on what was printed. `remark`:
    how the live figures differ. `missing`: what would have to be released to say more.
    """

    code: str
    label: str
    source: str
    published: str
    note: str
    remark: str
    live: tuple[LiveFigure, ...]
    missing: tuple[Unreleased, ...]

    @property
    def computable(self) -> bool:
        """Whether the exchange has a figure for it."""
        return bool(self.live)


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A research topic. `number` 0: named before the list of eleven.

    `live`: the figures that speak to it most. `evidence`: how many records do; None: not counted.
    `metrics`: all that speak to it.
    """

    code: str
    label: str
    number: int
    note: str
    live: tuple[LiveFigure, ...]
    evidence: LiveFigure | None
    metrics: tuple[str, ...]
    missing: tuple[Unreleased, ...]


Cells = Mapping[tuple[str, Dimensions], MetricPoint]


def study(points: Iterable[MetricPoint]) -> tuple[StudyRow, ...]:
    """Every figure of the study, in its order. Raises PeriodsMixed."""
    cells = _cells(points)
    return tuple(
        StudyRow(
            row.code,
            row.label,
            row.source,
            row.published,
            row.note,
            LIVE[row.code].remark,
            tuple(_live(LIVE[row.code].figures, cells)),
            _missing(row.code),
        )
        for row in STUDY_2003
    )


def topics(points: Iterable[MetricPoint]) -> tuple[TopicRow, ...]:
    """Every research topic, in the order of the brief. Raises PeriodsMixed."""
    cells = _cells(points)
    evidence = set(codes_of("research_topic"))
    return tuple(
        TopicRow(
            row.code,
            row.label,
            int(row.number) if row.number.isdigit() else 0,
            row.note,
            tuple(_speaking(row.code, cells)),
            _figure("evidence", (("research_topic", row.code),), cells) if row.code in evidence else None,
            tuple(metric.name for metric in METRICS if row.code in metric.answers),
            _missing(row.code),
        )
        for row in TOPICS_2008
    )


def _speaking(topic: str, cells: Cells) -> Iterator[LiveFigure]:
    """The figures that the question of the topic's name is about, if a metric answers it."""
    for question in QUESTIONS:
        if (question.name, question.source) == (topic, BRIEF) and question.metric:
            for metric, dimensions in cells:
                if metric == question.metric and question.about(dict(dimensions)):
                    yield _figure(metric, dimensions, cells)


def _cells(points: Iterable[MetricPoint]) -> Cells:
    found: dict[tuple[str, Dimensions], MetricPoint] = {}
    for point in points:
        if found.setdefault((point.metric, point.dimensions), point) != point:
            raise PeriodsMixed
    return found


def _live(asked: Iterable[Asked], cells: Cells) -> Iterator[LiveFigure]:
    for one in asked:
        for dimensions in _wanted(one, cells):
            yield _figure(one.metric, dimensions, cells)


def _wanted(asked: Asked, cells: Cells) -> Iterator[Dimensions]:
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


def _figure(metric: str, dimensions: Dimensions, cells: Cells) -> LiveFigure:
    label = ", ".join(label_of(name, code) for name, code in dimensions) or "The nation"
    return LiveFigure(metric, dimensions, label, cells.get((metric, dimensions)))


def _missing(code: str) -> tuple[Unreleased, ...]:
    return tuple(row for row in UNRELEASED if code in row.answers)
