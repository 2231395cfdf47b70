"""Asked, and not computable yet: with the smallest table that would answer, and its cost."""

from collections.abc import Iterator, Mapping
from functools import cache

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import Grid, GridCell, Part, PartHeading
from consumers.serve.views.planned import answered
from exchange.core.metrics.answers import Answer
from exchange.core.picture.asked.unanswered import UNRELEASED
from exchange.core.picture.wording.table_words import table_words
from exchange.core.release.budget import RESERVE, WHOLE

INTRO = (
    (
        "Questions that were asked and that no figure answers yet. To answer one, a table must be released, and each released "
        "table costs a part of what protects clients. That part is limited."
    ),
)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del figures, chosen
    return iter(_parts())


@cache
def _parts() -> tuple[Part, ...]:
    missing = tuple(
        (GridCell(one.says), GridCell(one.smallest), GridCell(", ".join(_words(code) for code in one.answers)))
        for one in UNRELEASED
    )
    unmet = tuple(_row(one) for one in answered() if not one.met and one.costs)
    return (
        PartHeading("missing", "No released table answers these"),
        Grid(
            "missing-table",
            "Questions without a table",
            ("Question", "Smallest table that would answer it", "Asked as"),
            missing,
        ),
        PartHeading(
            "imprecise",
            "These are answered, but not precisely enough",
            (
                (
                    "Noise is too large for them at the planned size of the exchange. "
                    f"Of {WHOLE:,} parts of the budget, {RESERVE:,} are "
                    "not given to any table yet. More agencies would help too: noise does not grow with the number of clients."
                ),
            ),
        ),
        Grid(
            "imprecise-table",
            "Questions that are not met, and the parts of the budget that would do",
            ("Question", "Period", "Parts that would do"),
            unmet,
        ),
    )


def _words(code: str) -> str:
    return code.replace("_", " ")


def _row(one: Answer) -> tuple[GridCell, ...]:
    costs = "; ".join(f"{table_words(cost.table)}: {cost.needed:,} (now {cost.part:,})" for cost in one.costs)
    return GridCell(one.question.asks), GridCell(one.question.span.value), GridCell(costs)
