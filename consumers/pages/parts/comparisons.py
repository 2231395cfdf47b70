"""Ranks and changes beside figures: what may be called the largest, and what rose or fell.

The rules are those of `exchange.core.picture.comparisons.told`: all ranks of a table hold together
95 times in 100, and so do all changes of a chart. Without the releases nothing is said.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.coverage_note import coverage_of
from consumers.pages.parts.panels import Panel
from exchange.core.metrics.figures import MetricPoint
from exchange.core.picture.comparisons.told import RankedPoint, charted, ranked

RANK: Final = "Rank"
CHANGE: Final = "Change"
FIRST: Final = "nothing before it here"
TOGETHER: Final = "All ranks of this table together are right 95 times in 100."
NO_RANK: Final = "no rank can be told"
NO_ANSWER: Final = "missing answers have no rank"
RANKED_MAX: Final = 60
"""Figures that are ranked together."""


def with_ranks(figures: Figures, panel: Panel) -> Panel:
    """A table of one period with the rank of each figure, and what may be called the largest."""
    answers = [row.point for row in panel.rows if row.point is not None and not row.missing]
    if figures.behind is None or not 1 < len(answers) <= RANKED_MAX:
        return panel
    found = ranked(answers, figures.behind)
    if sum(one.rank is not None for one in found) <= 1:
        return panel
    shown = [one.rank for one in found if one.rank is not None]
    if all(one.words == NO_RANK for one in shown):
        said = f"Which of the {len(shown)} is the largest cannot be told: their intervals overlap."
        highest = "It is the highest number as published, perhaps by chance. " if panel.sentences else ""
        return replace(panel, sentences=(*panel.sentences, highest + said))
    words = {id(one.point): one.words for one in found}
    rows = tuple(replace(row, more=(*row.more, words.get(id(row.point), NO_ANSWER))) for row in panel.rows)
    sentences = (*panel.sentences, *_said(found[0], answers[0]))
    together = () if all(point.low == point.high for point in answers if point.shown) else (TOGETHER,)
    return replace(panel, rows=rows, heads=(*panel.heads, RANK), sentences=sentences, notes=(*panel.notes, *together))


def _said(first: RankedPoint, of: MetricPoint) -> Iterator[str]:
    """What is said of the figure that a table begins with."""
    if first.rank is None or first.point is not of:
        return
    told = first.rank.words != NO_RANK
    yield f"It is {first.words}." if told else f"Its rank among the {first.rank.of} shown cannot be told."


def with_changes(figures: Figures, panel: Panel) -> Panel:
    """A figure over time with what became of it from period to period."""
    points = panel.points
    if figures.behind is None or len(points) <= 1:
        return panel
    coverage = {one.period: coverage_of(figures, one.period) for one in points}
    (told,) = charted([points], figures.behind, coverage)
    words = [FIRST, *(one.change.trend.value for one in told)]
    rows = tuple(replace(row, more=(*row.more, text)) for row, text in zip(panel.rows, words, strict=True))
    said = told[-1].words
    sentences = (*panel.sentences, f"{said[:1].upper()}{said[1:]}.")
    return replace(panel, rows=rows, heads=(*panel.heads, CHANGE), sentences=sentences)
