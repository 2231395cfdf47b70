"""The parts of a section, as values: what is said, shown and offered, before it becomes HTML.

Rules kept: the points of a panel's rows are all it shows; its chart is drawn of the same points,
and its downloads ask for them. A cell without a number has the words of its status.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final
from urllib.parse import urlencode

from exchange.core.metrics.figures import MetricPoint
from exchange.core.picture.wording.statuses import FigureStatus, status_of

CHART_ROWS_MAX: Final = 12
"""Rows of a table of one period that its chart shows."""
NOT_SHOWN_MAX: Final = 6
"""Rows of a table without a number; if there are more, all stand in a list below it."""


class PanelChart(Enum):
    """What is drawn above a table."""

    DRAWN = "drawn"
    TILES = "tiles"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A row of a figure's table. `point` None: it is in no release. `more`: further cells.

    `missing`: it counts answers that are missing, such as "not collected".
    """

    label: str
    point: MetricPoint | None
    more: tuple[str, ...] = ()
    address: str = ""
    missing: bool = False

    @property
    def status(self) -> FigureStatus:
        """Its status."""
        return status_of(self.point) if self.point else FigureStatus.NOT_RELEASED


@dataclass(frozen=True, slots=True)
class Panel:
    """A figure with everything that belongs to it.

    - `name`: its address on the site, unique. `of`: what its rows are, a word.
    - `sentences`: what it says, first. `reading`: how to read it; `notes`: what else to know.
    - `metric`, `where`, `period`: the question to the API that has the same figures.
    - `heads`: names of the rows' further cells.
    """

    name: str
    title: str
    metric: str
    of: str
    rows: tuple[PanelRow, ...]
    sentences: tuple[str, ...] = ()
    reading: str = ""
    notes: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    period: str = ""
    heads: tuple[str, ...] = ()
    chart: PanelChart = PanelChart.DRAWN
    marks: Mapping[str, str] = field(default_factory=dict)
    """Of a chart over time: what happened, by period."""

    def saying(self, *sentences: str) -> "Panel":
        """The same with these sentences."""
        return replace(self, sentences=sentences)

    def download(self, suffix: str, as_of: str) -> str:
        """The address of the same figures in a form of the API."""
        asked = [*self.where.items(), *([("period", self.period)] if self.period else []), ("as_of", as_of)]
        return f"/v1/metrics/{self.metric}.{suffix}?{urlencode(asked)}"

    @property
    def points(self) -> tuple[MetricPoint, ...]:
        """The points of its rows."""
        return tuple(row.point for row in self.rows if row.point)

    @property
    def origins(self) -> tuple[tuple[str, int], ...]:
        """(table, epoch) of every release that its points were computed from, in order."""
        return tuple(sorted({(one.table, one.epoch) for point in self.points for one in point.computed_from}))

    @property
    def statuses(self) -> tuple[FigureStatus, ...]:
        """The statuses without a number that stand in it, in the order of their list."""
        there = {row.status for row in self.rows}
        return tuple(one for one in FigureStatus if one in there and one is not FigureStatus.SHOWN)


def in_table(panel: Panel) -> list[PanelRow]:
    """The rows of the table.

    All of them over time. Of one period, those with a number, and others if they are few; missing
    answers without a number never.
    """
    if panel.period in ("", "arrivals"):
        return list(panel.rows)
    hidden = [row for row in panel.rows if not row.status.shows_number and not row.missing]
    few = hidden if len(hidden) <= NOT_SHOWN_MAX else []
    return [row for row in panel.rows if row.status.shows_number or row in few]


def in_chart(panel: Panel) -> list[PanelRow]:
    """The rows of a chart: over time all if one has a number, else the first ones with a number.

    A row without a number would look like a long bar there, and a missing answer is no answer.
    """
    if panel.period in ("", "arrivals"):
        some = any(row.status.shows_number for row in panel.rows)
        return [row for row in panel.rows if row.point is not None] if some else []
    return [row for row in panel.rows if row.status.shows_number and not row.missing][:CHART_ROWS_MAX]


@dataclass(frozen=True, slots=True)
class PartHeading:
    """The title of a part of a section, and what stands below it."""

    name: str
    text: str
    says: tuple[str, ...] = ()
    level: int = 2


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link. `beside`: what stands beside it."""

    text: str
    address: str
    beside: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True)
class PageLinks:
    """A list of links. `label`: what they are, for who hears and does not see the list."""

    label: str
    links: tuple[PageLink, ...]


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell of a table. `address`: where it leads. `quiet`: words in place of a number."""

    text: str
    address: str = ""
    quiet: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table that is no figure's: rows of cells, the first of each being its head.

    `below`: what stands below it, of rows without a number.
    """

    name: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[GridCell, ...], ...]
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """A number that opens a section, with what it is, and where it comes from on the page."""

    number: str
    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class KeyNumbers:
    """Numbers that open a section."""

    facts: tuple[KeyNumber, ...]


Part = PartHeading | Panel | PageLinks | Grid | KeyNumbers
