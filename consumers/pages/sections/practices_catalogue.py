"""Practices: the public catalogue, and what is released about their use."""

from collections.abc import Iterator, Mapping

from consumers.pages.figures_at_hand import Figures
from consumers.pages.making import across
from consumers.pages.parts.panels import Grid, GridCell, Part, PartHeading
from exchange.core.metrics.questions import Span
from exchange.core.picture.asked.practices import NOT_BY_PRACTICE
from exchange.core.picture.wording.labels import PRACTICES
from exchange.core.picture.wording.phrases import label_of

INTRO = (
    (
        "Public practices that agencies can cite by number, so that others find them. To be listed is no praise. Propose one "
        "by a change to the list (schemas/vocabulary/practice.csv)."
    ),
)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    yield PartHeading("use", "How practices travel", (NOT_BY_PRACTICE, "Nor is it known what came of them."))
    yield across(
        figures, "practices_by_practice_use", "practice_use", "Practices shared, read and adopted", span=Span.QUARTER
    )
    yield PartHeading(
        "catalogue", "The catalogue", ("The links lead to other sites, which may keep a list of who looked.",)
    )
    rows = tuple(
        (
            GridCell(str(one.number)),
            GridCell(one.title, one.link),
            GridCell(one.by),
            GridCell(one.what_for),
            GridCell(label_of("service", one.service) if one.service else "all services"),
        )
        for one in PRACTICES
    )
    yield Grid(
        "catalogue-table", "Public practices by number", ("Number", "Practice", "By", "What for", "Service"), rows
    )
