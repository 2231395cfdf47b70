"""The statuses of a figure: one closed list, the same in page, API, CSV, XLSX and alternative text.

    status = status_of(point)
    status                       in API and CSV, such as "not_usable"
    status.shows_number          whether its number may be read and shown
    status.cell                  in a cell instead of the number: "not usable [u]"
    status.sentence              why, in one sentence

Rules kept:
- A cell whose status shows no number has `cell` in its place: never a blank, a dash or a 0.
- The shorthand is that of the Government Statistical Service of the United Kingdom: c confidential,
  u low reliability, x not available, z not applicable, p provisional. It names a kind of reason, so
  three statuses share [c]; the word is unique. A number that is shown plainly needs none.
- `not_usable` comes before `withheld`: it was fixed before the noise was drawn, so a cell that is
  not usable has one status whatever its noise.
- A point of a table that this software does not know may hide clients or agencies: it gets the
  status that names both.

There is no status for a revised figure: each period is counted once, and its figure is final
(ADR 41).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from exchange.core.metrics.figures import K, MetricPoint
from exchange.core.metrics.view import ARRIVALS
from exchange.core.release.catalogue import DECLARED

NO_LOW: Final = "no lower bound"
NO_HIGH: Final = "no upper bound"
"""In the place of an end that the interval of a shown figure does not have."""


class FigureStatus(StrEnum):
    """What may be said of a figure. Its value is the code in API and CSV."""

    SHOWN = "shown"
    PROVISIONAL = "provisional"
    WITHHELD = "withheld"
    HIDDEN_AGENCIES = "hidden_agencies"
    HIDDEN_PART = "hidden_part"
    NOT_USABLE = "not_usable"
    UNDEFINED = "undefined"
    NOT_RELEASED = "not_released"

    @property
    def word(self) -> str:
        """The code in words: `not usable`. Unique."""
        return self.value.replace("_", " ")

    @property
    def shorthand(self) -> str:
        """Such as `[u]`; none for a number that is shown plainly."""
        return _MEANINGS[self].shorthand

    @property
    def sentence(self) -> str:
        """What it means, in one sentence."""
        return _MEANINGS[self].sentence

    @property
    def shows_number(self) -> bool:
        """Whether value and interval may be read and shown."""
        return self in (FigureStatus.SHOWN, FigureStatus.PROVISIONAL)

    @property
    def cell(self) -> str:
        """Word and shorthand, as they stand in a cell."""
        return f"{self.word} {self.shorthand}".strip()


@dataclass(frozen=True, slots=True)
class _Meaning:
    shorthand: str
    sentence: str


_MEANINGS: Final[Mapping[FigureStatus, _Meaning]] = MappingProxyType(
    {
        FigureStatus.SHOWN: _Meaning(
            "", "The number is shown, with the interval that its noise calls for; an exact number has none."
        ),
        FigureStatus.PROVISIONAL: _Meaning(
            "[p]",
            "What arrived in one month so far, of whatever quarter; it is a sign of life and part of no quarter's figure.",
        ),
        FigureStatus.WITHHELD: _Meaning("[c]", f"Not shown: fewer than {K} are estimated; fewer is not none."),
        FigureStatus.HIDDEN_AGENCIES: _Meaning(
            "[c]", "Not shown: too few agencies are behind it, or it would reveal something about one or two of them."
        ),
        FigureStatus.HIDDEN_PART: _Meaning(
            "[c]",
            f"Not shown: in a part of it fewer than {K} are estimated, or too few agencies are behind it.",
        ),
        FigureStatus.NOT_USABLE: _Meaning(
            "[u]",
            "Not shown: the noise is too large for its expected size, which was decided before the noise was drawn.",
        ),
        FigureStatus.UNDEFINED: _Meaning("[z]", "There is nothing to divide by, or nobody to take the middle of."),
        FigureStatus.NOT_RELEASED: _Meaning(
            "[x]", "It is in no release; the page of open questions names the smallest table that would answer."
        ),
    }
)


def status_of(point: MetricPoint) -> FigureStatus:
    """The status of a point. Never NOT_RELEASED: that is for a cell without a point."""
    if not point.usable:
        return FigureStatus.NOT_USABLE
    if point.withheld:
        return _hidden(point)
    if point.value is None:
        return FigureStatus.UNDEFINED
    return FigureStatus.PROVISIONAL if point.period is ARRIVALS else FigureStatus.SHOWN


def _hidden(point: MetricPoint) -> FigureStatus:
    tables = [DECLARED.get(origin.table) for origin in point.computed_from]
    if not tables or None in tables:
        return FigureStatus.HIDDEN_PART
    clients = {bool(table.bit) for table in tables if table}
    if len(clients) > 1:
        return FigureStatus.HIDDEN_PART
    return FigureStatus.WITHHELD if clients == {True} else FigureStatus.HIDDEN_AGENCIES
