"""The research topics of the 2008 brief: what the exchange knows of each, and what is missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import NOT_SHOWN_MAX, Grid, GridCell, Part, PartHeading
from consumers.pages.parts.table_cells import interval, is_number, value
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.questions import BRIEF, QUESTIONS, Span
from exchange.core.metrics.shapes import AGENCIES
from exchange.core.metrics.table import BY_METRIC
from exchange.core.picture.asked.asked_and_known import TopicRow, topics
from exchange.core.picture.asked.live_figures import LiveFigure
from exchange.core.picture.wording.sentences import heading

INTRO = (
    (
        "In 2008 a national symposium named eleven topics on which research was missing, and two needs before. Here stands "
        "what agencies' reports say of each. Reports are no study: they show what agencies saw, among people who reached them."
    ),
)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    yield PartHeading("topics", "The topics")
    for row in topics(_points(figures)):
        yield from _topic(row)


def _points(figures: Figures) -> list[MetricPoint]:
    names = [question.metric for question in QUESTIONS if question.source == BRIEF and question.metric]
    return newest_of(figures, ["evidence", *names])


def newest_of(figures: Figures, metrics: Iterable[str]) -> list[MetricPoint]:
    """The points of each metric's newest year; of agencies counted each quarter, of the quarter."""
    found: list[MetricPoint] = []
    for metric in dict.fromkeys(metrics):
        quarter, year = figures.newest(metric, Span.QUARTER), figures.newest(metric, Span.YEAR)
        period = quarter if BY_METRIC[metric].unit is AGENCIES else year or quarter
        found += figures.of_period(metric, period)
    return found


def _topic(row: TopicRow) -> Iterator[Part]:
    number = f"{row.number}. " if row.number else ""
    says = [f"{row.note}."] if row.note else []
    if row.evidence is not None:
        says.append(f"How much there is: {row.evidence.sentence}")
    says += [f"Missing: {one.says} What would answer it: {one.smallest}." for one in row.missing]
    yield PartHeading(row.code.replace("_", "-"), f"{number}{row.label}", tuple(says), level=3)
    if row.live:
        yield Grid(
            f"{row.code.replace('_', '-')}-now",
            f"{row.label}: what reports say",
            ("Figure", "Value", "95 % interval"),
            *grid_of(row.live),
        )


def grid_of(found: Sequence[LiveFigure]) -> tuple[tuple[tuple[GridCell, ...], ...], tuple[str, ...]]:
    """The rows of live figures that show a number, and what stands below for the others."""
    shown = [one for one in found if one.status.shows_number]
    rest = [one for one in found if not one.status.shows_number]
    if len(rest) <= NOT_SHOWN_MAX:
        return tuple(map(cells_of_live, (*shown, *rest))), ()
    below = (
        f"{status.cell}: {'; '.join(one.label for one in rest if one.status is status)}."
        for status in dict.fromkeys(one.status for one in rest)
    )
    return tuple(map(cells_of_live, shown)), tuple(below)


def cells_of_live(one: LiveFigure) -> tuple[GridCell, ...]:
    """A live figure as a row: label, value, interval."""
    shown = is_number(one.point)
    return (
        GridCell(heading(one.point) if one.point else f"{one.label} ({one.metric.replace('_', ' ')})"),
        GridCell(value(one.point), quiet=not shown, number=shown),
        GridCell(interval(one.point), quiet=not shown),
    )
