"""Two figures of one table, compared: in how many of a hundred possible pictures one is the larger.

Rules kept: only figures of one table and period are offered, so that like is compared with like;
exact ones are not, as anybody sees which is the larger. The answer is that of
`exchange.core.picture.comparisons.possible`: drawn with a public seed, so anybody finds the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import Panel, PanelChart, PanelRow
from exchange.core.picture.comparisons.possible import compared
from exchange.core.picture.wording.sentences import sentence_of


@dataclass(frozen=True, slots=True)
class Choice:
    """A row that may be compared. `key`: in addresses."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found: a sentence, and those of the two figures."""

    said: str
    one: str
    other: str


def can_be_compared(figures: Figures, panel: Panel) -> bool:
    """Whether a table holds two figures that can be told apart at all."""
    return (
        panel.period not in ("", "arrivals")
        and panel.chart is not PanelChart.TILES
        and len(list(_known(figures, panel))) > 1
    )


def choices(figures: Figures, panel: Panel) -> tuple[Choice, ...]:
    """The rows that may be compared, in the order of the table."""
    return tuple(Choice(key_of(row), row.label) for row in _known(figures, panel))


def key_of(row: PanelRow) -> str:
    """The codes of a row."""
    return ".".join(code for _, code in row.point.dimensions) if row.point else ""


def compare(figures: Figures, panel: Panel, one: str, other: str) -> Compared | None:
    """What may be said of two rows; None: there are no such rows, or they are the same."""
    rows: Mapping[str, PanelRow] = {key_of(row): row for row in _known(figures, panel)}
    first, second = rows.get(one), rows.get(other)
    if first is None or second is None or first is second or not figures.behind:
        return None
    measured = [figures.behind.of(row.point) for row in (first, second) if row.point]
    assert measured[0] is not None
    assert measured[1] is not None
    said = compared(measured[0], measured[1]).words(f"“{first.label}”", f"“{second.label}”")
    return Compared(f"{said[:1].upper()}{said[1:]}.", *(sentence_of(row.point) for row in (first, second) if row.point))


def _known(figures: Figures, panel: Panel) -> Iterator[PanelRow]:
    for row in panel.rows:
        measured = figures.behind.of(row.point) if figures.behind is not None and row.point is not None else None
        if measured is not None and not measured.exact:
            yield row
