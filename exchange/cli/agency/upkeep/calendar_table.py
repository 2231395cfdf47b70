"""The calendar of `exchange edge status`: what is due, sent, late, or nothing to report."""

from typing import TYPE_CHECKING

from exchange.cli.shared.console import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from producers.upkeep.reporting_calendar import QuarterLine

TITLE = "calendar: what was sent of each quarter"
STYLES = {"late": "red", "due": "yellow"}


def calendar_table(lines: "Iterable[QuarterLine]") -> "Table":
    """A line for each quarter."""
    numbers = ("facts", "not accepted yet", "runs", "scheduled", "late runs")
    shown = table("quarter", "state", "due by", *numbers, right=numbers, title=TITLE)
    for one in lines:
        cells = (one.facts, one.waiting, one.runs, one.scheduled, one.late)
        style = STYLES.get(one.standing.value, "")
        shown.add_row(
            one.quarter, one.standing.value, f"{one.by}", *(f"{n:,}" if n else "" for n in cells), style=style
        )
    return shown
