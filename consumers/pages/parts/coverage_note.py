"""Who stands behind a quarter: agencies known, heard from and silent, and how that moved.

Shown under every trend, because figures rise when agencies join
(`exchange.core.picture.comparisons.coverage_notes` decides when that must be said).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import Panel
from consumers.pages.parts.table_cells import is_number, value
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.questions import Span
from exchange.core.model.period import period_text, quarter_before, quarter_of, year_before
from exchange.core.picture.comparisons.coverage_notes import (
    PUBLISHING,
    SILENT,
    Coverage,
    CoverageMoved,
    coverage,
    joiners,
)

__all__ = ["HEAD", "PUBLISHING", "SILENT", "coverage_of", "moved_into", "newest_quarter", "with_agencies"]

HEAD: Final = "Agencies heard from"


def coverage_of(figures: Figures, period: int | None, division: str = "") -> Coverage:
    """The agencies of one period, in all or of a division."""
    table = "reporting_by_division" if division else "reporting"
    found = [one for name in (table, "reporting_on_time") for one in figures.of_period(name, period)]
    return coverage(found, division=division)


def moved_into(figures: Figures, period: int) -> CoverageMoved:
    """Whether agencies that joined or left may be part of the change from the period before."""
    before = quarter_before(period) if quarter_of(period) else year_before(period)
    return joiners(coverage_of(figures, before), coverage_of(figures, period))


def with_agencies(figures: Figures, panel: Panel) -> Panel:
    """A figure over time, with the agencies behind each period beside it."""
    if not panel.rows:
        return panel
    first = panel.rows[0].point
    rows, marks = [], {}
    for row in panel.rows:
        period = row.point.period if row.point else None
        if period is None:
            return panel
        heard = heard_of(figures.one("reporting", period, presence=PUBLISHING), figures.one("agencies_known", period))
        moved = CoverageMoved.NO if row.point is first else moved_into(figures, period)
        said = "" if moved is CoverageMoved.NO else f": {moved.value}"
        rows.append(replace(row, more=(*row.more, f"{heard}{said}")))
        if moved in (CoverageMoved.JOINED, CoverageMoved.LEFT):
            marks[period_text(period)] = "agencies joined" if moved is CoverageMoved.JOINED else "agencies left"
    return replace(
        panel, rows=tuple(rows), heads=(*panel.heads, HEAD), marks=marks, notes=(*panel.notes, *_note(marks))
    )


def heard_of(heard: MetricPoint | None, known: MetricPoint | None) -> str:
    """How many agencies of how many; the words of a status where one of both is not shown."""
    if is_number(heard) and is_number(known):
        return f"{value(heard)} of {value(known)}"
    if is_number(heard):
        return f"{value(heard)}; how many are registered: {value(known)}"
    return value(heard)


def _note(marks: Mapping[str, str]) -> tuple[str, ...]:
    if not marks:
        return ()
    noted = "; ".join(f"{number}: {period}, {what}" for number, (period, what) in enumerate(marks.items(), 1))
    return (f"Notes on the chart: {noted}. Part of a change there may be agencies, and not what happened.",)


def newest_quarter(figures: Figures) -> int | None:
    """The newest quarter of which agencies are counted."""
    return figures.newest("reporting", Span.QUARTER)
