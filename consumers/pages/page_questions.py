"""Which page is wanted, as a value: the key of a page's bytes, and what a process is asked.

A picture is not in it: whoever makes pages has been shown one.
"""

from dataclasses import dataclass
from enum import StrEnum


class PageKind(StrEnum):
    """What a page is of."""

    SECTION = "section"
    FIGURE = "figure"
    EMBED = "embed"
    POSSIBLE = "possible"
    BRIEF = "brief"
    BRIEF_PDF = "brief.pdf"
    COMPARISON = "comparison"

    @property
    def has_charts(self) -> bool:
        """Whether its charts are drawn after it was asked for."""
        return self in (PageKind.SECTION, PageKind.FIGURE, PageKind.EMBED)


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """A page of a month.

    - `name`: the address of its section, its figure or its place.
    - `frozen`: it was asked for as of the month.
    - `chosen`: checked values by name. `notice`: how old the figures may be; empty: nothing.
    - `coming`: charts that are not there are being drawn.
    """

    kind: PageKind
    name: str
    epoch: int
    frozen: bool
    chosen: tuple[tuple[str, str], ...] = ()
    notice: str = ""
    coming: bool = False
