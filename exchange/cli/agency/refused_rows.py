"""Refused rows: what the terminal shows of them, and the list in a file for the agency itself.

Rules kept: causes stand above their consequences, which are folded into a line a file. Each cause
is shown once before any is repeated. Only the list in a file may name a source's record, and its
owner alone can read that file: it is made anew, and takes the place of a file, never of a link.
"""

import csv
import io
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from exchange.cli.shared.console import table
from exchange.core.words import number_of
from exchange.engine.private_file import write_private
from producers.errors import RefusalsUnwritable
from producers.facts import RowRefused

ROWS_SHOWN = 20
COLUMNS = ("file", "row", "column", "rule", "follows", "record")


def refused_shown(rows: Sequence[RowRefused], all_in: Path | None) -> Iterator[RenderableType]:
    """The refused rows, causes first; at most `ROWS_SHOWN` of them."""
    causes = [row for row in rows if not row.follows]
    yield _causes_table(causes, all_in)
    following = Counter(row.where.file for row in rows if row.follows)
    for file, count in sorted(following.items()):
        yield Text(f"{file}: {number_of(count, 'more row')} refused, only because of the above.")
    yield Text(_numbering(rows))


def causes_first(rows: Iterable[RowRefused]) -> list[RowRefused]:
    """Whole files first, then every different cause once, then those that repeat one."""
    seen: Counter[tuple[str, str, str]] = Counter()
    placed = []
    for number, row in enumerate(rows):
        cause = (row.where.file, row.column, row.rule)
        placed.append((row.follows, row.where.row != 0, seen[cause] > 0, number, row))
        seen[cause] += 1
    return [row for *_, row in sorted(placed, key=lambda one: one[:4])]


def _causes_table(causes: Sequence[RowRefused], all_in: Path | None) -> Table:
    shown = table("file", "row", "column", "rule", title="refused rows")
    for row in causes_first(causes)[:ROWS_SHOWN]:
        shown.add_row(row.where.file, str(row.where.row or "whole file"), row.column, row.rule)
    if len(causes) > ROWS_SHOWN:
        rest = f"all of them are in {all_in}" if all_in else "--refusals FILE writes all of them"
        shown.add_row("…", f"+{len(causes) - ROWS_SHOWN}", "", rest)
    return shown


def _numbering(rows: Iterable[RowRefused]) -> str:
    """How refused rows are numbered."""
    if any(row.where.file.endswith(".csv") for row in rows):
        return "row: as a spreadsheet numbers it; the header is row 1"
    return "row: the line of the file"


def row_numbers(numbers: Iterable[int], shown: int) -> str:
    """Such as `2, 5 … and 10 more`; a file as a whole has no number."""
    named = sorted(number for number in numbers if number)
    if not named:
        return "the whole file"
    listed = ", ".join(map(str, named[:shown]))
    return f"{listed} … and {len(named) - shown:,} more" if len(named) > shown else listed


def plain_row(row: RowRefused) -> dict[str, object]:
    """A refused row as JSON-able data, without the source's record."""
    place = {"file": row.where.file, "row": row.where.row, "column": row.column, "rule": row.rule}
    return {**place, "follows": row.follows}


def write_refusals(path: Path, rows: Iterable[RowRefused]) -> None:
    """Write every refused row, with the source's own key, as CSV that its owner alone can read.

    Raises RefusalsUnwritable: also where the path is a link, a pipe or a folder.
    """
    content = io.StringIO(newline="")
    writer = csv.writer(content)
    writer.writerow(COLUMNS)
    writer.writerows(map(_cells, causes_first(rows)))
    try:
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            raise RefusalsUnwritable(f"{path} is a link, a folder or a device, and no file.")
        write_private(path, content.getvalue().encode())
    except OSError as error:
        raise RefusalsUnwritable(f"{path} cannot be written: {error.strerror}.") from None


def _cells(row: RowRefused) -> tuple[object, ...]:
    follows = "yes" if row.follows else "no"
    return (row.where.file, row.where.row, row.column, row.rule, follows, _no_formula(row.record))


def _no_formula(record: str) -> str:
    """The record's key, which a spreadsheet must not run as a formula."""
    return f"'{record}" if record.startswith(("=", "+", "-", "@", "\t", "\r")) else record
