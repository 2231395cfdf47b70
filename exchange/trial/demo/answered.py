"""The questions that the exchange must answer, with the published answers beside the truth. Pure.

Each figure of a question is judged twice, by its published point alone: whether it may be read, and
whether its interval is as narrow as the question asks. If there is a truth, the interval is
compared with it. The truth has the definition of the estimate: what was counted, within caps.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from exchange.core.metrics.answers import Answer, answer_of, half_width
from exchange.core.metrics.estimates import Exact
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.questions import QUESTIONS, Precision, Question, Span
from exchange.core.model.epochs import quarter_of_epoch, year_of_epoch
from exchange.core.model.period import quarter_before, year_before
from exchange.core.picture.wording.statuses import FigureStatus, status_of
from exchange.trial.noiseless import Where, holds, noised, where


@dataclass(frozen=True, slots=True)
class AnsweredFigure:
    """One figure of a question.

    `half_width`: as the question measures precision; None: no bound, or nothing to read. `precise`:
    whether it is within what is asked. `truth`: None if none is known. `inside`: whether the
    interval holds it; None: nothing to compare.
    """

    point: MetricPoint
    status: FigureStatus
    half_width: Exact | None
    precise: bool
    truth: MetricPoint | None
    inside: bool | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and its figures; none if nothing of its period is published. `answer`: the sum."""

    answer: Answer
    period: int
    figures: tuple[AnsweredFigure, ...]

    @property
    def question(self) -> Question:
        """What was asked."""
        return self.answer.question

    @property
    def shown(self) -> tuple[AnsweredFigure, ...]:
        """The figures that may be read."""
        return tuple(one for one in self.figures if one.status.shows_number)


def answered(
    published: Iterable[MetricPoint],
    truth: Mapping[Where, MetricPoint],
    epoch: int,
    questions: Iterable[Question] = QUESTIONS,
) -> Iterator[Answered]:
    """Each question, answered by the points that an epoch published; `truth` may be empty."""
    by_metric: dict[str, list[MetricPoint]] = {}
    for point in published:
        by_metric.setdefault(point.metric, []).append(point)
    periods = newest(epoch)
    for question in questions:
        period = periods[question.span]
        figures = tuple(
            _figure(point, question.precision, truth.get(where(point)))
            for point in by_metric.get(question.metric, ())
            if (point.epoch, point.period) == (epoch, period) and question.about(dict(point.dimensions))
        )
        yield Answered(answer_of(question, [one.half_width for one in figures]), period, figures)


def newest(epoch: int) -> Mapping[Span, int]:
    """The last quarter and the last year that had ended when an epoch's month began."""
    return {Span.QUARTER: quarter_before(quarter_of_epoch(epoch)), Span.YEAR: year_before(year_of_epoch(epoch))}


def _figure(point: MetricPoint, precision: Precision, truth: MetricPoint | None) -> AnsweredFigure:
    status = status_of(point)
    wide = _half_width(point, precision) if status.shows_number else None
    known = None if truth is None else truth.value
    inside = holds(point, known) if status.shows_number and known is not None else None
    return AnsweredFigure(point, status, wide, precision.holds(wide), truth, inside)


def _half_width(point: MetricPoint, precision: Precision) -> Exact | None:
    """The interval of a figure without noise is its rounding."""
    if not noised(point):
        return None if point.value is None else 0
    ends = (None if end is None else Fraction(end) for end in (point.value, point.low, point.high))
    return half_width(precision, *ends)
