"""The tables of `exchange demo`: the growing picture, published figures, an HMIS export."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from exchange.cli.evaluator.points import as_plain as plain_point
from exchange.cli.evaluator.points import period_of, value_and_interval
from exchange.cli.shared.console import table
from exchange.cli.trial.question_tables import as_plain as plain_question
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import CAVEAT
from exchange.trial.demo.demo import DemoResult, Look
from exchange.trial.demo.public_view import PublicView
from producers.delivery.report import Report
from producers.vault.fact_store import FactOutcome

ROWS = (10, 6, 4, 3)
"""How many rows of each table are tried, before a table is left out."""
TABLES = 5
RESTRICTED = "restricted view: exact counts, operators only, not for publishing"


def view(console: Console) -> tuple[AbstractContextManager[object], Callable[[Look], None]]:
    """A picture that is redrawn at a terminal; elsewhere one plain line per look."""
    if console.is_terminal:
        live = Live(console=console, refresh_per_second=4, transient=False)
        return live, lambda look: live.update(fitting(look, console))
    return nullcontext(), _ProgressLines(console).show


class _ProgressLines:
    """One line per look, unless it would repeat the line before."""

    def __init__(self, console: Console) -> None:
        self._console, self._last = console, ""

    def show(self, look: Look) -> None:
        """Print it."""
        line = line_of(look)
        if line != self._last:
            self._console.print(line, highlight=False, soft_wrap=True)
        self._last = line


def fitting(look: Look, console: Console) -> RenderableType:
    """The progress, then as many whole tables of the picture as fit the height of the terminal."""
    line = Text(line_of(look))
    room = console.height - 1
    for tables in range(TABLES, 0, -1):
        for rows in ROWS:
            shown = Group(line, _picture(look, tables, rows))
            if len(console.render_lines(shown, pad=False)) <= room:
                return shown
    return line


def line_of(look: Look) -> str:
    """The progress in one line. Until the edges are done, the number of events is an estimate."""
    picture = look.picture
    whole = f"about {look.total}" if look.delivered < look.total else f"{look.delivered} accepted"
    doing = f"{look.doing:>15}: " if look.doing else ""
    return doing + (
        f"{look.events:>7} of {whole} events counted, lag {look.lag}, "
        f"{picture.heard} of {look.agencies} agencies heard from: {picture.cases} cases, {picture.needs.total()} needs, "
        f"{picture.services.total()} services, {picture.unmet.total()} unmet"
    )


def _picture(look: Look, tables: int, rows: int) -> RenderableType:
    picture = look.picture
    states = table("state", "needs", "services", "unmet", right=("needs", "services", "unmet"), title="by state")
    for state, counts in sorted(picture.states.items(), key=lambda item: -item[1][0])[:rows]:
        states.add_row(state, *(f"{n:,}" for n in counts))
    shown = [
        _top("needs", picture.needs, rows),
        _top("services", picture.services, rows),
        _top("unmet needs", picture.unmet, rows),
        _top("why unmet", picture.reasons, rows),
        states,
    ]
    return Panel(Columns(shown[:tables]), title="the national picture", subtitle=RESTRICTED)


def _top(title: str, counts: Counter[str], rows: int) -> Table:
    top = table("code", "count", right=("count",), title=title)
    for code, n in counts.most_common(rows):
        top.add_row(code, f"{n:,}")
    return top


def protected_table(found: PublicView) -> Table:
    """The published figures of the last year, beside the truth, which only a trial knows."""
    precise = f"{found.shown:,} of {found.points:,} points precise enough to read"
    notes = [f"{found.epochs} epochs closed, {found.tables} releases; {precise}"]
    if found.covered is not None:
        share = 100 * found.covered.held / max(1, found.covered.shown)
        notes.append(
            f"of {found.covered.shown:,} with noise, {share:.1f} % of the 95 % intervals hold the truth within caps"
        )
        notes.append(NOT_FOR_SHARING)
    if not found.headlines:
        notes.insert(
            0, "too few clients: no headline figure of the year is precise enough to read. Give more --events."
        )
    right = ("value", "truth within caps", "all that happened") if found.covered else ("value",)
    columns = ("metric", "of", "period", "value", "95 %", *right[1:])
    shown = table(*columns, right=right, title="what evaluators see", caption="\n".join((*notes, CAVEAT)))
    for one in found.headlines:
        value, interval = value_and_interval(one.point)
        of = ", ".join(code for _, code in one.point.dimensions) or "the nation"
        truths = (_true(one.within), _true(one.happened)) if found.covered else ()
        shown.add_row(one.point.metric, of, period_of(one.point), value, interval, *truths)
    return shown


def _true(point: MetricPoint | None) -> str:
    return "" if point is None or point.value is None else f"{point.value:,}"


def hmis_table(report: Report) -> Table:
    """The result of the HMIS export: rows, then their facts, then events."""
    shown = table("", "count", right=("count",), title="the agency of the HMIS export", caption=HMIS_CAPTION)
    shown.add_row("rows read", f"{report.rows:,}")
    shown.add_row("rows refused", f"{report.refused.total():,}")
    for reason, n in report.refused.most_common():
        shown.add_row(f"  {reason}", f"{n:,}")
    for reason, n in report.ignored.most_common():
        shown.add_row(f"note on rows: {reason}", f"{n:,}")
    for outcome, n in sorted(report.outcomes.items(), key=lambda item: -item[1]):
        if outcome not in OF_ROWS:
            shown.add_row(f"facts {outcome.value}", f"{n:,}")
    shown.add_row("events refused by the exchange", f"{report.refused_by_exchange.total():,}")
    shown.add_row("events accepted by the exchange", f"{report.delivered:,}")
    return shown


NOT_FOR_SHARING = "the truth minus a released figure is its noise: for generated agencies only, not for sharing"
OF_ROWS = frozenset({FactOutcome.IGNORED, FactOutcome.REFUSED})
"""Shown with their reasons."""
HMIS_CAPTION = (
    "A row may hold several facts or none, and have several notes. A new fact is one event. The run itself adds one more, "
    "its heartbeat."
)


def as_plain(result: DemoResult) -> dict[str, object]:
    """The result as JSON. The truth is in it: for generated agencies only, not for sharing."""
    public = result.protected
    return {
        "notice": NOT_FOR_SHARING,
        "events": result.look.events,
        "agencies": result.look.agencies,
        "cells": result.cells,
        "differing": result.differing,
        "replay": {"verdict": result.replay.verdict.value, "events": result.replay.events},
        "seconds": {phase: round(took, 1) for phase, took in result.seconds.items()},
        "epochs": public.epochs,
        "releases": public.tables,
        "points": public.points,
        "usable_points": public.shown,
        "intervals": public.covered and {"with_noise": public.covered.shown, "hold_the_truth": public.covered.held},
        "figures": [
            {
                **plain_point(one.point),
                "truth_within_caps": one.within and plain_point(one.within)["value"],
                "all_that_happened": one.happened and plain_point(one.happened)["value"],
            }
            for one in public.headlines
        ],
        "questions": [plain_question(one) for one in public.answered],
        "hmis": result.hmis
        and {
            "rows": result.hmis.rows,
            "rows_refused": result.hmis.refused.total(),
            "events_accepted": result.hmis.delivered,
            "events_refused": result.hmis.refused_by_exchange.total(),
        },
    }
