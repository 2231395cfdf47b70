"""The catalogue of public practices, and what is released about their use.

Agencies cite a practice by its number in `schemas/vocabulary/practice.csv`; a new one is proposed
there. Released are three counts for all practices together: shared, read, adopted.

Not promised, and never to be shown: how many agencies use which practice (by number nothing is
released), or what came of it. Outcomes are tied to no practice, and if they were, they would be
read as its effect.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from exchange.core.metrics.figures import MetricPoint
from exchange.core.picture.asked.live_figures import AskedCells, LiveFigure, cells_of, live
from exchange.core.picture.wording.labels import PRACTICES
from exchange.core.picture.wording.listed_rows import Practice

NOT_BY_PRACTICE: Final = (
    "How many agencies use each practice is in no release: "
    "few agencies would be behind such a number, and it would show them."
)
_USES: Final = (AskedCells("practices_by_practice_use", {"practice_use": ("shared", "read", "adopted")}),)


@dataclass(frozen=True, slots=True)
class Practices:
    """The catalogue, by number, and the counts beside it."""

    catalogue: tuple[Practice, ...]
    counts: tuple[LiveFigure, ...]
    not_by_practice: str = NOT_BY_PRACTICE


def practices(points: Iterable[MetricPoint]) -> Practices:
    """The catalogue beside the counts of one period. Raises PeriodsMixed."""
    return Practices(PRACTICES, tuple(live(_USES, cells_of(points))))
