"""What `exchange edge look` prints about a file.

Rules kept: names of projects, of columns that the format has, numbers and rules; never a cell of a
client's row.
"""

from collections.abc import Iterator
from dataclasses import asdict

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from exchange.cli.shared.console import table
from exchange.core.model.period import period_text
from exchange.core.words import number_of
from producers.looking.looked_at import Answers, LookedAt, WouldLeave
from producers.overview import ColumnsStay, ProjectSeen

REFUSALS_SHOWN = 15
ANSWERS_SHOWN = 12
IN_MANY_FILES = 3
COUNTED = "Counted as in a first run with every project of the file, before the caps on single clients."
SHELTERED = {
    "from a victim service provider: only totals may leave": "victim service provider",
    "from a provider that may be a victim service provider: only totals may leave": "its flag cannot be read",
}
FOLLOWS = "only because another row or file was refused"
HELD = "totals with a count of 1–10: held back without `small_counts`"
Plain = dict[str, object]


def shown(found: LookedAt) -> Iterator[RenderableType]:
    """Everything in the order in which a person needs it."""
    yield Text(_head(found))
    yield from (Text(words) for words in (*found.taken, *map(_lacks, found.not_whole)))
    if found.overview and found.overview.projects:
        yield _projects(found.overview.projects)
    yield _leaves(found.leaves)
    if found.overview and found.overview.columns:
        yield _columns(found.overview.columns)
    if found.identifying:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(found.identifying.items()))
        yield Text(f"Not read, because their names look like an identifier's: {kinds}.")
    if found.ignored:
        yield _ignored(found.ignored)
    yield _refusals(found) if found.refusals else Text("Nothing would be refused.")
    yield from _answers(list(found.answers))


def _head(found: LookedAt) -> str:
    form = found.overview.form if found.overview else "This file"
    span = " to ".join(dict.fromkeys(map(period_text, found.periods))) if found.periods[0] else "no period"
    return f"{form}: {number_of(found.rows, 'row')} read, {span}. Nothing was sent, and nothing was kept."


def _lacks(why: str) -> str:
    return f"Not whole: {why}."


def _projects(projects: tuple[ProjectSeen, ...]) -> Table:
    sheltered = any(one.sheltered for one in projects)
    columns = ("project", "name", "type", "state", "enrollments", *(("only totals, because",) * sheltered))
    made = table(*columns, right=("enrollments",), title="projects")
    for one in projects:
        states = ", ".join(map(str, one.states)) or "none"
        cells = (one.key, one.name, one.kind, states, f"{one.stays:,}", SHELTERED.get(one.sheltered, one.sheltered))
        made.add_row(*cells[: len(columns)])
    return made


def _leaves(leaves: tuple[WouldLeave, ...]) -> Table:
    names = [str(one.legal_class) for one in leaves]
    made = table("facts", *names, right=tuple(names), title="what would leave, by legal class", caption=COUNTED)
    for body in sorted({body for one in leaves for body in one.bodies}):
        made.add_row(body, *(_number(one.bodies[body]) for one in leaves))
    made.add_section()
    made.add_row("all events", *(_number(one.bodies.total()) for one in leaves))
    for words, numbers in (
        ("totals of quarters that are over", [one.totals for one in leaves]),
        (HELD, [one.small for one in leaves]),
        ("stays: facts that only the totals count", [one.kept for one in leaves]),
        ("stays: sensitive codes that are off", [one.switched_off for one in leaves]),
        ("about a client without a key: in no figure", [one.unnamed for one in leaves]),
    ):
        if any(numbers):
            made.add_row(words, *map(_number, numbers))
    return made


def _number(count: int) -> str:
    return f"{count:,}" if count else ""


def _columns(columns: tuple[ColumnsStay, ...]) -> Table:
    """A row for each reason; columns that many files have are named once."""
    made = table("why", "columns", title="what stays here: columns that are never read")
    for why in dict.fromkeys(one.why for one in sorted(columns, key=lambda one: one.order)):
        of = [one for one in columns if one.why == why]
        names = [name for one in of for name in one.names]
        if len(of) > IN_MANY_FILES and len(set(names)) < len(names) / 2:
            made.add_row(why, f"in {number_of(len(of), 'file')}: {', '.join(dict.fromkeys(names))}")
            continue
        made.add_row(why, "\n".join(f"{one.file}: {', '.join(one.names) or one.others}" for one in of))
    return made


def _ignored(ignored: dict[str, int]) -> Table:
    made = table("why", "rows", right=("rows",), title="what stays here: rows that make no fact of their own")
    for why, count in ignored.items():
        made.add_row(why, f"{count:,}")
    return made


def _refusals(found: LookedAt) -> Table:
    made = table("file", "column", "rule", "rows", right=("rows",), title="what would be refused")
    causes = [one for one in found.refusals if not one.follows]
    for one in causes[:REFUSALS_SHOWN]:
        made.add_row(one.file, one.column, one.rule, f"{one.rows:,}")
    if len(causes) > REFUSALS_SHOWN:
        made.add_row("…", "", "other rules; --json has all", f"{sum(one.rows for one in causes[REFUSALS_SHOWN:]):,}")
    if following := sum(one.rows for one in found.refusals if one.follows):
        made.add_row("", "", FOLLOWS, f"{following:,}", style="dim")
    return made


def _answers(answers: list[Answers]) -> Iterator[RenderableType]:
    """Fields that are never answered in a line, the others as a table."""
    if never := [f"{one.body}.{one.field}" for one in answers if one.missing == one.facts]:
        yield Text(f"Never known from this file: {', '.join(never)}.")
    some = sorted(
        (one for one in answers if 0 < one.missing < one.facts), key=lambda one: (-one.missing / one.facts, one.body)
    )
    if not some:
        return
    title = "questions without a known answer, the most first"
    made = table("body", "field", "facts", "without an answer", right=("facts", "without an answer"), title=title)
    for one in some[:ANSWERS_SHOWN]:
        made.add_row(one.body, one.field, f"{one.facts:,}", f"{100 * one.missing / one.facts:.0f} %")
    if len(some) > ANSWERS_SHOWN:
        made.add_row("…", f"{len(some) - ANSWERS_SHOWN} more; --json has all", "", "")
    yield made


def plain(found: LookedAt) -> Plain:
    """Everything as JSON-able data."""
    periods = [period_text(period) if period else "" for period in found.periods]
    leaves = [
        {**asdict(one), "legal_class": str(one.legal_class), "bodies": dict(sorted(one.bodies.items()))}
        for one in found.leaves
    ]
    return {**asdict(found), "periods": periods, "leaves": leaves}
