"""The questions of evaluators in `exchange demo`: published answers beside the truth.

A question of one figure takes one row. Of several figures, those that may be read follow, the most
precise first, and at last how many others there are and why they are not shown.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.table import Table

from exchange.cli.evaluator.points import as_plain as plain_point
from exchange.cli.evaluator.points import value_and_interval
from exchange.cli.shared.console import table
from exchange.core.picture.wording.statuses import FigureStatus
from exchange.core.words import number_of
from exchange.trial.demo.answered import Answered, AnsweredFigure
from exchange.wire.public_records import period_of_point_text

COLUMNS: Final = ("question", "published", "95 %", "truth", "truth is", "answer")
TITLE: Final = "What evaluators asked in {}, about {}"
TOP: Final = 3
"""Figures of a question that get a row."""
NOT_YET: Final = "not yet"
NEVER: Final = FigureStatus.NOT_RELEASED.word
CAPTION: Final = (
    "Truth: of what was counted, within caps. Too wide: the interval is wider than the question asks. Not usable: "
    "so few clients were expected that the noise hides them. Withheld: fewer than 11. Not yet: nothing was published "
    "about that time; not released: no table answers it. `exchange metrics questions` says how precise an answer "
    "must be."
)
Row = tuple[str, ...]


def question_tables(found: Sequence[Answered]) -> Iterator[Table]:
    """A table for each time of asking and period; the last has the summary."""
    groups: dict[tuple[str, int], list[Answered]] = {}
    for one in sorted(found, key=lambda one: (one.question.source, -one.period)):
        groups.setdefault((one.question.source, one.period), []).append(one)
    for number, ((source, period), asked) in enumerate(groups.items(), 1):
        caption = f"{summary(found)}\n{CAPTION}" if number == len(groups) else ""
        title = TITLE.format(source, period_of_point_text(period))
        made = table(*COLUMNS, right=("published", "truth"), title=title, caption=caption)
        for one in asked:
            for row in rows(one):
                made.add_row(*row)
        yield made


def summary(found: Sequence[Answered]) -> str:
    """How many questions are met, and how many intervals hold the truth."""
    met = sum(one.answer.met for one in found)
    judged = [figure.inside for one in found for figure in one.figures if figure.inside is not None]
    held = f"; of {len(judged)} intervals, {sum(judged)} hold the truth" if judged else ""
    shown = sum(bool(one.shown) for one in found)
    return f"{met} of {len(found)} questions are met; {shown} have figures that may be read{held}."


def rows(one: Answered) -> Iterator[Row]:
    """The rows of a question, in `COLUMNS`."""
    name, met = one.question.asks, "met" if one.answer.met else "not met"
    match one.figures:
        case ():
            yield (name, "", "", "", "", NEVER if one.question.missing else NOT_YET)
        case (figure,):
            yield (name, *_cells(figure), met if one.answer.met else _word(figure))
        case figures:
            ranked = sorted(one.shown, key=_rank)
            yield (name, "", "", "", "", f"{met}: {one.answer.precise}/{len(figures)}")
            for figure in ranked[:TOP]:
                yield (f"  {_of(figure)}", *_cells(figure), _word(figure))
            others = [*ranked[TOP:], *(figure for figure in figures if not figure.status.shows_number)]
            yield from _others(others, "other" if ranked else "figure")


def _rank(figure: AnsweredFigure) -> tuple[bool, float]:
    return figure.half_width is None, float(figure.half_width or 0)


def _of(figure: AnsweredFigure) -> str:
    return ", ".join(code for _, code in figure.point.dimensions)


def _others(figures: Sequence[AnsweredFigure], noun: str) -> Iterator[Row]:
    """One row for each way in which figures without a row of their own can be read."""
    for word, n in Counter(map(_word, figures)).items():
        found = [figure.inside for figure in figures if _word(figure) == word]
        outside, others = found.count(False), f"  {number_of(n, noun)}"
        name = f"{others}, {outside} outside" if outside else f"{others}, inside" if any(found) else others
        yield (name, "", "", "", "", word)


def _word(figure: AnsweredFigure) -> str:
    """What the answer of one figure is worth."""
    if not figure.status.shows_number:
        return figure.status.word
    return "precise" if figure.precise else "too wide"


def _cells(figure: AnsweredFigure) -> Iterable[str]:
    """Value, interval and truth."""
    shown = value_and_interval(figure.point) if figure.status.shows_number else ("", "")
    return (*shown, _truth(figure), _truth_is(figure))


def _truth(figure: AnsweredFigure) -> str:
    if figure.truth is None:
        return ""
    return value_and_interval(figure.truth)[0]


def _truth_is(figure: AnsweredFigure) -> str:
    if figure.inside is None:
        return ""
    return "inside" if figure.inside else "outside"


def as_plain(one: Answered) -> dict[str, object]:
    """A question as JSON has it; half-widths are parts of the value, or shares."""
    question = one.question
    return {
        "question": question.name,
        "source": question.source,
        "asks": question.asks,
        "period": period_of_point_text(one.period),
        "unit": question.precision.unit,
        "asked": float(question.precision.most),
        "precise": one.answer.precise,
        "least": question.least or len(one.figures),
        "met": one.answer.met,
        "why_none": "" if one.figures else question.missing or NOT_YET,
        "figures": [_plain_figure(figure) for figure in one.figures],
    }


def _plain_figure(figure: AnsweredFigure) -> dict[str, object]:
    return {
        **plain_point(figure.point),
        "status": figure.status.value,
        "precise": figure.precise,
        "half_width": None if figure.half_width is None else float(figure.half_width),
        "truth_within_caps": figure.truth and plain_point(figure.truth)["value"],
        "truth_inside": figure.inside,
    }
