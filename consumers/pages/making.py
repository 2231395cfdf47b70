"""Makers of blocks: one figure over time, or all codes of a dimension in one period.

Rules kept: rows are chosen by dimension and period, never by value. A figure that has not been
released yet is a panel that says so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.comparisons import with_changes, with_ranks
from consumers.pages.parts.page_labels import label_of, period_in_row, period_in_title
from consumers.pages.parts.panels import Panel, PanelChart, PanelRow
from exchange.core.counting.tables import MISSING_CODES
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.formulas import ALL, QUANTILES
from exchange.core.metrics.questions import Span
from exchange.core.model.period import period_text
from exchange.core.picture.wording.phrases import month_words
from exchange.core.picture.wording.sentences import sentence_of
from exchange.core.picture.wording.statuses import status_of

NOT_YET: Final[Mapping[Span, str]] = {
    Span.QUARTER: "No quarter of this figure has been released yet. The first comes in the month after the quarter.",
    Span.YEAR: "No year of this figure has been released yet. The first comes in January, when the year is over.",
}
OVER_TIME: Final = (
    "The row joins the published values. The dark band holds the truth about 50 times in 100, the light band 95 times in "
    "100: both stand for the noise that protects clients, and for nothing else. If two bands overlap much, the change may be "
    "noise alone."
)
SIDE_BY_SIDE: Final = (
    "Each dot is a published value. Its band fades outwards: the truth lies within it 95 times in 100, as far as noise goes. "
    "Where two bands overlap much, do not say which of the two is larger."
)
BY_STATE: Final = (
    "Each tile is a state, all of one size, so that a large state does not look more important. A hatched tile is not usable: "
    "its noise is too large for its expected size. A dotted border means that the number is withheld. Neither means none."
)
BANDS: Final = (
    "Agencies send bands such as 8 to 30 days, so the figure lies somewhere in a band; its interval runs over whole "
    "bands."
)
IN_BANDS: Final = (
    "Half of the people waited no longer than the first number of days, nine in ten no longer than the second. The interval "
    "runs from the beginning of one band to the end of another."
)
PERIODS_MAX: Final = 20
MONTHS_MAX: Final = 12
"""On a page. Older ones are in the files."""
EXACTLY: Final = "These are counts of agencies' reports. They have no noise, so no interval."


def name_of(text: str) -> str:
    """A panel's address from the name of a metric."""
    return text.replace("_", "-")


def over_time(
    figures: Figures,
    metric: str,
    title: str,
    *,
    span: Span = Span.QUARTER,
    name: str = "",
    notes: Iterable[str] = (),
    where: Mapping[str, str] | None = None,
) -> Panel:
    """One figure in all quarters, or in all years."""
    found = figures.over_time(metric, span, PERIODS_MAX, **(where or {}))
    rows = tuple(PanelRow(period_in_row(one.period), one) for one in found if one.period is not None)
    panel = Panel(
        name or name_of(metric),
        title,
        metric,
        "Period",
        rows,
        (sentence_of(found[-1]),) if found else (NOT_YET[span],),
        OVER_TIME,
        tuple(notes),
        dict(where or {}),
    )
    return with_changes(figures, panel)


def arrivals(figures: Figures, metric: str, title: str, notes: Iterable[str] = ()) -> Panel:
    """The sign of life of every month."""
    found = figures.arrivals(metric, MONTHS_MAX)
    rows = tuple(PanelRow(month_words(one.epoch), one) for one in found)
    said = (sentence_of(found[-1]),) if found else ("No month has been released yet.",)
    return Panel(name_of(metric), title, metric, "Month", rows, said, OVER_TIME, tuple(notes), period="arrivals")


def across(
    figures: Figures,
    metric: str,
    dimension: str,
    title: str,
    *,
    span: Span = Span.YEAR,
    period: int | None = None,
    name: str = "",
    of: str = "",
    notes: Iterable[str] = (),
    where: Mapping[str, str] | None = None,
    codes: Sequence[str] = (),
    chart: PanelChart = PanelChart.DRAWN,
    address: Callable[[str], str] | None = None,
) -> Panel:
    """All codes of a dimension in one period, the newest if none is given; the largest first."""
    when = period if period is not None else figures.newest(metric, span)
    found = list(figures.across(metric, dimension, when, **(where or {})))
    found = [one for one in found if dict(one.dimensions)[dimension] in (codes or _every(found, dimension))]
    made = (
        PanelRow(
            label_of(one, dimension),
            one,
            address=address(dict(one.dimensions)[dimension]) if address else "",
            missing=dict(one.dimensions)[dimension] in MISSING_CODES,
        )
        for one in found
    )
    rows = tuple(made if chart is PanelChart.TILES else sorted(made, key=_largest_first))
    words = f", {period_in_title(when)}" if when is not None else ""
    panel = Panel(
        name or name_of(metric),
        title + words,
        metric,
        of or dimension.replace("_", " ").capitalize(),
        rows,
        (NOT_YET[span],) if not rows else () if chart is PanelChart.TILES else _lead(rows) or _none_shown(rows),
        BY_STATE if chart is PanelChart.TILES else EXACTLY if _exact(found) else SIDE_BY_SIDE,
        tuple(notes),
        dict(where or {}),
        period_text(when) if when is not None else "",
        chart=chart,
    )
    return panel if chart is PanelChart.TILES else with_ranks(figures, panel)


def _every(points: Iterable[MetricPoint], dimension: str) -> set[str]:
    """Every code but the sum over all of them."""
    return {dict(one.dimensions)[dimension] for one in points} - {ALL}


def _largest_first(row: PanelRow) -> tuple[bool, bool, float]:
    """An order for reading, missing answers last; which rows there are does not depend on it."""
    point = row.point
    shown = point is not None and point.shown and point.value is not None
    return (row.missing, not shown, -float(point.value) if shown and point and point.value is not None else 0.0)


def _lead(rows: Sequence[PanelRow]) -> tuple[str, ...]:
    """The first row as a sentence, unless it has no number or counts missing answers."""
    first = rows[0].point
    return (sentence_of(first),) if first and not rows[0].missing and status_of(first).shows_number else ()


def _none_shown(rows: Sequence[PanelRow]) -> tuple[str, ...]:
    """That there is no number at all; the list below the table has the reasons."""
    if any(row.status.shows_number for row in rows):
        return ()
    return ("None of these figures has a number that is shown. Below stands why, for each.",)


def _exact(points: Sequence[MetricPoint]) -> bool:
    shown = [one for one in points if one.shown and one.value is not None]
    return bool(shown) and all(one.low == one.high for one in shown)


def quantiles(figures: Figures, metric: str, title: str) -> Panel:
    """Half and nine in ten, in the newest year."""
    panel = across(figures, metric, "quantile", title, of="How many people", notes=(BANDS,))
    order = list(QUANTILES)
    rows = tuple(
        sorted(panel.rows, key=lambda row: order.index(dict(row.point.dimensions)["quantile"]) if row.point else 0)
    )
    return replace(panel, rows=rows, sentences=_lead(rows) if rows else panel.sentences, reading=IN_BANDS)
