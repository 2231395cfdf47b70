"""What `exchange demo` shows: the picture while it grows, and what became of an HMIS export."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from exchange.cli.console import table
from exchange.trial.demo import Look
from producers.report import Report

RESTRICTED = "restricted view: exact counts, operators only, not for publishing"


def view(console: Console) -> tuple[AbstractContextManager[object], Callable[[Look], None]]:
    """A picture that is redrawn at a terminal; else a plain line a look."""
    if console.is_terminal:
        live = Live(console=console, refresh_per_second=4, transient=False)
        return live, lambda look: live.update(_picture(look))
    return nullcontext(), lambda look: console.print(_line(look), highlight=False, soft_wrap=True)


def _line(look: Look) -> str:
    picture = look.picture
    return (
        f"{look.events:>7} of about {look.total} events counted, lag {look.lag}, "
        f"{picture.heard} of {look.agencies} agencies heard from: {picture.cases} cases, {picture.needs.total()} needs, "
        f"{picture.services.total()} services, {picture.unmet.total()} unmet"
    )


def _picture(look: Look) -> RenderableType:
    picture = look.picture
    states = table("state", "needs", "services", "unmet", right=("needs", "services", "unmet"), title="by state")
    for state, counts in sorted(picture.states.items(), key=lambda item: -item[1][0])[:10]:
        states.add_row(state, *(f"{n:,}" for n in counts))
    tables = [
        _top("needs", picture.needs),
        _top("services", picture.services),
        _top("unmet needs", picture.unmet),
        _top("why unmet", picture.reasons),
        states,
    ]
    return Group(Panel(Columns(tables), title="the national picture", subtitle=RESTRICTED), _line(look))


def _top(title: str, counts: Counter[str]) -> Table:
    top = table("code", "count", right=("count",), title=title)
    for code, n in counts.most_common(10):
        top.add_row(code, f"{n:,}")
    return top


def hmis_table(report: Report) -> Table:
    """What became of the rows of the HMIS export."""
    shown = table("", "count", right=("count",), title="the agency of the HMIS export")
    shown.add_row("rows read", f"{report.rows:,}")
    for outcome, n in sorted(report.outcomes.items(), key=lambda item: -item[1]):
        shown.add_row(outcome.value, f"{n:,}")
    for reason, n in report.refused.most_common():
        shown.add_row(f"refused: {reason}", f"{n:,}")
    shown.add_row("events accepted by the exchange", f"{report.delivered:,}")
    return shown
