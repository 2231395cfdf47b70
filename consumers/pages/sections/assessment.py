"""The needs assessment of 2003, figure by figure, with the live ones beside it."""

from collections.abc import Iterator, Mapping

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import Grid, Part, PartHeading
from consumers.pages.sections.research import grid_of, newest_of
from exchange.core.picture.asked.asked_and_known import StudyRow, study
from exchange.core.picture.asked.study_figures import LIVE

INTRO = (
    (
        "In 2003 the Office for Victims of Crime asked 98 providers what survivors need. It was the only such picture. Beside "
        "each of its figures stands what the exchange knows now, and how the two differ: they are hardly ever the same measure."
    ),
    "The study's own words are kept. It says victim where this site says client.",
)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    metrics = (cells.metric for beside in LIVE.values() for cells in beside.figures)
    rows = study(newest_of(figures, metrics))
    yield PartHeading("then-and-now", "Published in 2003, and now")
    for row in rows:
        yield from _asked(row)


def _asked(row: StudyRow) -> Iterator[Part]:
    published = row.published or "the figure was not at hand"
    note = f" ({row.note[:1].lower()}{row.note[1:]})" if row.note else ""
    says = (f"Published ({row.source}): {published}{note}.", row.remark, *(_missing(row)))
    yield PartHeading(row.code.replace("_", "-"), row.label, says, level=3)
    if row.live:
        yield Grid(
            f"{row.code.replace('_', '-')}-now",
            f"{row.label}: now",
            ("Figure", "Value", "95 % interval"),
            *grid_of(row.live),
        )


def _missing(row: StudyRow) -> Iterator[str]:
    for one in row.missing:
        yield f"Not computable yet: {one.says} What would answer it: {one.smallest}."
