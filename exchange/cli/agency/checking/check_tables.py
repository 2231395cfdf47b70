"""The result of a check at a terminal, grouped by what a person does about it."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from exchange.cli.agency.refused_rows import row_numbers
from exchange.cli.shared.console import table
from exchange.core.words import number_of
from producers.checks.check_result import FileChecked, name_of
from producers.checks.check_rule import Level
from producers.checks.columns.burden import Burden
from producers.checks.row_findings import RuleFinding
from producers.checks.rules.all_rules import RULES

ROWS_NAMED = 8
NUMBERING = "row: as a spreadsheet numbers it, the header is row 1; in JSON Lines the line"
RIGHT = "Is a finding right as it is? Name it with --right, and it is quiet until its number changes."


def checked(result: FileChecked) -> RenderableType:
    """The findings by repair, what still stands, and what was not checked."""
    parts: list[RenderableType] = []
    for repair, findings in result.by_repair():
        shown = table("level", "what", "where", "number", "rows", "your figures", right=("number",), title=str(repair))
        for found in findings:
            shown.add_row(*_cells(found))
        parts.append(shown)
    if result.findings:
        parts += [Text(NUMBERING), Text(RIGHT)]
    parts += map(Text, summary(result))
    return Group(*parts)


def _cells(found: RuleFinding) -> Sequence[str]:
    rule = found.rule
    where = " ".join(part for part in (found.file, found.column) if part)
    rows = "" if rule.id.startswith("V") else row_numbers(found.rows, ROWS_NAMED)
    figures = " ".join(part for part in (str(rule.effect), rule.report) if part)
    return str(rule.level), f"{name_of(found)}: {found.words or rule.meaning}", where, f"{found.count:,}", rows, figures


def summary(result: FileChecked) -> Iterator[str]:
    """The result in sentences."""
    counts = ", ".join(f"{number_of(result.count(level), str(level))}" for level in Level)
    yield f"{number_of(result.rows, 'row')}: {counts}."
    yield f"{len(RULES) - len(result.not_checked)} of {len(RULES)} rules were checked."
    if result.right:
        yield f"{number_of(len(result.right), 'finding')} that you called right: not shown."
    if result.facts:
        stand = ", ".join(f"{body} {count:,}" for body, count in result.facts.items())
        yield f"What can be published all the same: {stand}."
    else:
        yield "Nothing of this file can be published as it is."
    broken = {why for name, why in result.not_checked.items() if ".csv: " in why}
    for why in sorted(broken):
        names = sorted(name for name, one in result.not_checked.items() if one == why)
        yield f"Not checked, because of {why}: {', '.join(names)}."
    if not result.with_history:
        yield "Not compared with your own earlier quarters: name --profile, once its vault has some."


def burdens(found: Burden) -> RenderableType:
    """The columns that nobody reads, as far as is known here."""
    shown = table("file", "column", "cells filled", "asked for by", right=("cells filled",), title=str(found.title))
    for column in found.columns:
        shown.add_row(column.file, column.name, f"{column.filled:,}", ", ".join(column.programs))
    return Group(shown, *map(Text, found.words()))
