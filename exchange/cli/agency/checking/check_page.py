"""The result of a check as one page, and as a list to work by; both for their owner's eyes only."""

import csv
import io
from pathlib import Path
from typing import Any, Final

from exchange.cli.agency.checking.check_tables import summary
from exchange.cli.agency.pages.one_file import one_file_page, write_page
from exchange.cli.agency.refused_rows import row_numbers
from producers.checks.check_result import FileChecked, name_of
from producers.checks.check_rule import Level
from producers.checks.columns.burden import Burden
from producers.checks.row_findings import RuleFinding

TITLE: Final = "What to mend in this file"
ROWS_NAMED: Final = 40
COLUMNS: Final = ("file", "row", "column", "level", "rule", "what", "repair")


def write_check_page(path: Path, result: FileChecked, burden: Burden | None) -> None:
    """Write the page; raises PageUnwritable."""
    write_page(path, check_page(result, burden))


def check_page(result: FileChecked, burden: Burden | None) -> str:
    """The page: the same result gives the same text."""
    return one_file_page("check.html", check_values(result, burden))


def check_values(result: FileChecked, burden: Burden | None) -> dict[str, Any]:
    """What the page shows, by the names of its template."""
    repairs = [
        {
            "words": str(repair),
            "caption": f"Found: {sum(found.count for found in findings):,}",
            "rows": [_cells(found) for found in findings],
        }
        for repair, findings in result.by_repair()
    ]
    return {
        "title": TITLE,
        "summary": list(summary(result)),
        "repairs": repairs,
        "levels": [(str(level), level.meaning) for level in Level],
        "burden": burden,
        "burden_words": list(burden.words()) if burden else [],
        "burden_rows": [
            (f"{one.file}: {one.name}", f"{one.filled:,}", ", ".join(one.programs))
            for one in (burden.columns if burden else ())
        ],
    }


def _cells(found: RuleFinding) -> tuple[str, ...]:
    rule = found.rule
    where = " ".join(part for part in (found.file, found.column) if part)
    rows = "" if rule.id.startswith("V") else row_numbers(found.rows, ROWS_NAMED)
    words = f"{name_of(found)}: {found.words or rule.meaning}"
    return words, str(rule.level), where, f"{found.count:,}", rows, str(rule.effect), rule.report


def write_list(path: Path, result: FileChecked) -> None:
    """Write every row with its rule and repair as CSV, without a value; raises PageUnwritable."""
    content = io.StringIO(newline="")
    writer = csv.writer(content)
    writer.writerow(COLUMNS)
    for repair, findings in result.by_repair():
        for found in findings:
            rule, words = found.rule, found.words or found.rule.meaning
            for row in found.rows:
                writer.writerow((found.file, row or "", found.column, str(rule.level), rule.id, words, str(repair)))
    write_page(path, content.getvalue())
