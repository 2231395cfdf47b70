"""The events that would leave, as a dry run of `exchange publish` shows them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from exchange.cli.shared.console import table
from exchange.core.admission.cap_rules import Cap
from exchange.core.counting.tables import TALLIED, domain
from exchange.core.model.events import About, Body, Tally
from exchange.core.model.period import period_text
from exchange.core.words import number_of
from producers.delivery.preview import Leaving

EVENTS_SHOWN = 12
Plain = dict[str, object]


def leaving_table(leaving: Iterable[Leaving]) -> Table:
    """The kinds of events that would leave, by body."""
    shown = table("body", "periods", "new", "withdrawn", right=("new", "withdrawn"), title="events that would leave")
    periods: dict[str, set[int]] = {}
    counts: Counter[tuple[str, bool]] = Counter()
    for item in leaving:
        body = type(item.event.body).__name__
        periods.setdefault(body, set()).add(item.event.period)
        counts[body, item.retracts] += item.count
    for body, seen in sorted(periods.items()):
        ends = dict.fromkeys(period_text(period) for period in (min(seen), max(seen)))
        shown.add_row(body, " to ".join(ends), *(str(counts[body, retracts] or "") for retracts in (False, True)))
    return shown


def examples(leaving: Sequence[Leaving]) -> RenderableType:
    """Some of the different events that would leave, exactly as sent."""
    lines = [f"  {_line_of(item)}" for item in leaving[:EVENTS_SHOWN]]
    if len(leaving) > EVENTS_SHOWN:
        lines.append(f"  … and {number_of(len(leaving) - EVENTS_SHOWN, 'other different event')}; --json shows all")
    return Text("\n".join(["exactly as sent:", *lines]))


def _line_of(item: Leaving) -> str:
    plain = plain_event(item)
    body = item.event.body
    values = (
        _counts_line(body) if isinstance(body, Tally) else " ".join(f"{k}={v}" for k, v in _fields_of(body).items())
    )
    before = "withdrawn: " if item.retracts else ""
    if body.about is About.CLIENT and not item.retracts and not item.event.cap:
        values += " (over a cap: in no published figure)"
    return f"{before}{plain['count']}× {plain['body']} {plain['period']} {plain['state']} {values}"


def _counts_line(tally: Tally) -> str:
    """A tally's counts by their codes; the zeros, which leave too, are counted."""
    counts = _counts(tally)
    shown = [f"table={tally.table}", *(f"{code}={n}" for code, n in counts.items() if n)]
    zeros = sum(not n for n in counts.values())
    return " ".join([*shown, f"and {number_of(zeros, 'zero')}"] if zeros else shown)


def _counts(tally: Tally) -> dict[str, int]:
    """Each count by its code; a table without codes has one count, of all."""
    table = TALLIED[tally.table]
    codes = domain(table, table.dimensions[0]) if table.dimensions else ("all",)
    return dict(zip(codes, tally.counts, strict=True))


def _fields_of(body: Body) -> Plain:
    plain: Plain = {f.name: getattr(body, f.name) for f in fields(body)}
    return {**plain, "counts": _counts(body)} if isinstance(body, Tally) else plain


def plain_event(item: Leaving) -> Plain:
    """One event that would leave, as JSON-able data: all of it, but for its place in the chain."""
    event, body = item.event, item.event.body
    return {
        "count": item.count,
        "retracts": item.retracts,
        "body": type(body).__name__,
        "period": period_text(event.period),
        "state": str(event.state),
        "fields": _fields_of(body),
        **({} if item.retracts else {"caps": [str(bit.name).lower() for bit in Cap(event.cap)]}),
    }
