"""What `exchange publish` and `exchange edge` show: progress, the closing table, refused rows, and what would leave.

Rules kept: places and rules, never a value of a record; at most `ROWS_SHOWN` refused rows on the screen, all of them in
the file that --refusals names.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from exchange.core.period import period_text
from producers.errors import RefusalsUnwritable
from producers.facts import RowRefused
from producers.ledger import Outcome
from producers.preview import Leaving
from producers.report import Report

ROWS_SHOWN = 20
EVENTS_SHOWN = 12
HELD_SHOWN = 10
OUTCOMES_SHOWN = (
    Outcome.PUBLISHED,
    Outcome.CORRECTED,
    Outcome.RETRACTED,
    Outcome.KNOWN,
    Outcome.OUTDATED,
    Outcome.IGNORED,
    Outcome.REFUSED,
    Outcome.REFUSED_BEFORE,
)
Plain = dict[str, object]


@dataclass(slots=True)
class Shown:
    """Progress: two bars at a terminal, a few lines elsewhere."""

    console: Console
    bars: Progress
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def say(self, words: str) -> None:
        """One line for a person."""
        self.console.print(f"exchange: {words}", highlight=False, markup=False, soft_wrap=True)

    def reading(self, rows: int, of: int | None = None) -> None:
        """So many rows were read."""
        self._show("reading", rows, of)

    def sending(self, accepted: int, of: int) -> None:
        """So many events were accepted."""
        self._show("accepted by the exchange", accepted, of)

    def _show(self, name: str, done: int, of: int | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self.bars.add_task(name, total=of)
            if not self.console.is_terminal:
                self.say(f"{name} …" if of is None else f"{name}, {of} rows …" if name == "reading" else f"{name} …")
        self.bars.update(self._tasks[name], completed=done, total=of)  # no total: as it was


@contextmanager
def progress_of(console: Console) -> Iterator[Shown]:
    """Progress for as long as the block lasts."""
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield Shown(console, bars)


def rendered(
    report: Report, leaving: Sequence[Leaving] | None, stays_here: Sequence[str], *, all_in: Path | None
) -> RenderableType:
    """The closing table, or what would leave."""
    parts: list[RenderableType] = []
    if leaving is not None:
        parts += [_leaving_table(leaving), _examples(leaving)]
    if stays_here:
        parts.append(Text(f"stays here, not read: columns that look like {', '.join(stays_here)}"))
    parts.append(_outcomes(report, would=leaving is not None))
    if report.held_back:
        parts.append(_held_back(report))
    if report.refused_rows:
        parts.append(_refused_rows(report.refused_rows, all_in))
    return Group(*parts)


def _outcomes(report: Report, *, would: bool) -> Table:
    table = Table("", "number", title="would be" if would else "done", title_justify="left")
    table.columns[1].justify = "right"
    table.add_row("rows read", str(report.rows))
    for outcome in OUTCOMES_SHOWN:
        if report.outcomes[outcome] or outcome in OUTCOMES_SHOWN[:4]:
            table.add_row(outcome.value, str(report.outcomes[outcome]))
        reasons = {Outcome.IGNORED: report.ignored, Outcome.REFUSED: report.refused}.get(outcome, Counter())
        for why, count in reasons.most_common():
            table.add_row(f"  {why}", str(count), style="dim")
    for reason, count in report.refused_by_exchange.most_common():
        table.add_row(f"refused by the exchange: {reason}", str(count))
    tallies = sum(report.tallies[o] for o in (Outcome.PUBLISHED, Outcome.CORRECTED))
    for name, count in (
        ("tallies, new or changed", tallies),
        ("tallies held back", len(report.held_back)),
        ("read back from the inbox", report.restored),
        ("of those, claimed by facts of this vault", report.claimed),
        ("events accepted by the exchange", 0 if would else report.delivered),
    ):
        if count:
            table.add_row(name, str(count))
    return table


def _held_back(report: Report) -> Table:
    table = Table("held back: a count of 1–10, and no small-counts consent", title_justify="left")
    for held in report.held_back[:HELD_SHOWN]:
        table.add_row(str(held))
    if len(report.held_back) > HELD_SHOWN:
        table.add_row(f"… and {len(report.held_back) - HELD_SHOWN} more")
    return table


def _refused_rows(rows: Sequence[RowRefused], all_in: Path | None) -> Table:
    table = Table("file", "row", "column", "rule", title="refused rows", title_justify="left")
    for row in rows[:ROWS_SHOWN]:
        table.add_row(row.where.file, str(row.where.row), row.column, row.rule)
    if len(rows) > ROWS_SHOWN:
        rest = f"all of them in {all_in}" if all_in else "--refusals FILE writes all of them"
        table.add_row("…", f"+{len(rows) - ROWS_SHOWN}", "", rest)
    return table


def _leaving_table(leaving: Iterable[Leaving]) -> Table:
    table = Table("body", "periods", "new", "taken back", title="what would leave", title_justify="left")
    periods: dict[str, set[int]] = {}
    counts: Counter[tuple[str, bool]] = Counter()
    for item in leaving:
        body = type(item.event.body).__name__
        periods.setdefault(body, set()).add(item.event.period)
        counts[body, item.retracts] += item.count
    for body, seen in sorted(periods.items()):
        ends = dict.fromkeys(period_text(period) for period in (min(seen), max(seen)))
        table.add_row(body, " to ".join(ends), *(str(counts[body, retracts] or "") for retracts in (False, True)))
    for column in table.columns[2:]:
        column.justify = "right"
    return table


def _examples(leaving: Sequence[Leaving]) -> RenderableType:
    lines = [f"  {_said(item)}" for item in leaving[:EVENTS_SHOWN]]
    if len(leaving) > EVENTS_SHOWN:
        lines.append(f"  … and {len(leaving) - EVENTS_SHOWN} other different events; --json shows every one")
    return Text("\n".join(["word for word:", *lines])) if lines else Text("nothing would leave")


def _said(item: Leaving) -> str:
    plain = plain_event(item)
    values = " ".join(f"{name}={value}" for name, value in dict(plain.pop("fields")).items())  # type: ignore[call-overload]
    return f"{plain['count']}× {plain['body']} {plain['period']} {plain['state']} {values}"


def plain_event(item: Leaving) -> Plain:
    """One event that would leave, as JSON-able data: all of it, but for its place in the chain."""
    event, body = item.event, item.event.body
    return {
        "count": item.count,
        "retracts": item.retracts,
        "body": type(body).__name__,
        "period": period_text(event.period),
        "state": str(event.state),
        "fields": {f.name: getattr(body, f.name) for f in fields(body)},
    }


def plain_of(report: Report, leaving: Sequence[Leaving] | None, stays_here: Sequence[str]) -> Plain:
    """The result as JSON-able data."""
    plain: Plain = {
        "rows": report.rows,
        **{outcome.name.lower(): report.outcomes[outcome] for outcome in Outcome},
        "ignored_why": dict(report.ignored),
        "refused_why": dict(report.refused),
        "refused_by_exchange": dict(report.refused_by_exchange),
        "tallies": {outcome.name.lower(): count for outcome, count in report.tallies.items()},
        "held_back": [str(held) for held in report.held_back],
        "restored": report.restored,
        "claimed": report.claimed,
        "delivered": report.delivered,
        "stays_here": list(stays_here),
        "refused_rows": [plain_row(row) for row in report.refused_rows],
    }
    return plain if leaving is None else {**plain, "leaving": [plain_event(item) for item in leaving]}


def plain_row(row: RowRefused) -> Plain:
    """A refused row as JSON-able data."""
    return {"file": row.where.file, "row": row.where.row, "column": row.column, "rule": row.rule}


def write_refusals(path: Path, rows: Iterable[RowRefused]) -> None:
    """Write every refused row as CSV; raises RefusalsUnwritable."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("file", "row", "column", "rule"))
            writer.writerows((row.where.file, row.where.row, row.column, row.rule) for row in rows)
    except OSError as error:
        raise RefusalsUnwritable(f"{path} cannot be written: {error.strerror}.") from None
