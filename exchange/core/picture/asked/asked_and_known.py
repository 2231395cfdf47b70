"""What was asked in 2003 and in 2008, and the live figures beside it.

    study(points)      the figures of the 2003 needs assessment, each with the live ones
    topics(points)     the research topics of 2008: what the exchange knows, and what is missing

`points`: the points of one period. Each live figure has its sentence, or its status and the reason.

Rules kept:
- A published figure stands as it was printed, or its place is empty: nothing is made up.
- The live figure is hardly ever the same measure. `remark` says how it differs: the study asked 98
  providers once; the exchange counts what agencies report.
- What cannot be computed yet is named with the smallest released table that would answer it
  (`exchange.core.picture.asked.unanswered`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.query import codes_of
from exchange.core.metrics.questions import BRIEF, QUESTIONS
from exchange.core.metrics.table import METRICS
from exchange.core.picture.asked.live_figures import Cells, LiveFigure, cells_of, figure_of, live
from exchange.core.picture.asked.study_figures import LIVE
from exchange.core.picture.asked.unanswered import UNRELEASED, Unreleased
from exchange.core.picture.wording.labels import STUDY_2003, TOPICS_2008


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


def study(points: Iterable[MetricPoint]) -> tuple[StudyRow, ...]:
    """Every figure of the study, in its order. Raises PeriodsMixed."""
    cells = cells_of(points)
    return tuple(
        StudyRow(
            row.code,
            row.label,
            row.source,
            row.published,
            row.note,
            LIVE[row.code].remark,
            tuple(live(LIVE[row.code].figures, cells)),
            _missing(row.code),
        )
        for row in STUDY_2003
    )


def topics(points: Iterable[MetricPoint]) -> tuple[TopicRow, ...]:
    """Every research topic, in the order of the brief. Raises PeriodsMixed."""
    cells = cells_of(points)
    evidence = set(codes_of("research_topic"))
    return tuple(
        TopicRow(
            row.code,
            row.label,
            int(row.number) if row.number.isdigit() else 0,
            row.note,
            tuple(_speaking(row.code, cells)),
            figure_of("evidence", (("research_topic", row.code),), cells) if row.code in evidence else None,
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
                    yield figure_of(metric, dimensions, cells)


def _missing(code: str) -> tuple[Unreleased, ...]:
    return tuple(row for row in UNRELEASED if code in row.answers)
