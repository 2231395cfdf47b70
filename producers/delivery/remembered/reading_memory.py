"""What a run reports about its reading, kept in the vault for a run that need not read again.

It holds places, rules and the source's own keys of refused rows, never a cell of a record.
"""

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from producers.delivery.report import Report
from producers.facts import RowRefused, Where
from producers.vault.fact_store import FactOutcome

AGAIN = {
    FactOutcome.PUBLISHED: FactOutcome.KNOWN,
    FactOutcome.CORRECTED: FactOutcome.KNOWN,
    FactOutcome.KNOWN: FactOutcome.KNOWN,
    FactOutcome.OUTDATED: FactOutcome.OUTDATED,
    FactOutcome.IGNORED: FactOutcome.IGNORED,
    FactOutcome.REFUSED: FactOutcome.REFUSED,
    FactOutcome.HELD: FactOutcome.HELD,
}
"""What becomes of a fact → what becomes of it when the same is read again; of no other is that
known."""


def text_of(report: Report) -> str:
    """The report of a reading, as the same reading is reported again."""
    outcomes: Counter[str] = Counter()
    for outcome, count in report.outcomes.items():
        if count:
            outcomes[AGAIN[outcome].name] += count
    parts = {
        "rows": report.rows,
        "outcomes": outcomes,
        "taken": report.taken,
        "not_whole": report.not_whole,
        "ignored": report.ignored,
        "refused": report.refused,
        "refused_rows": [asdict(row) for row in report.refused_rows],
        "kept": report.kept,
        "unnamed": report.unnamed,
        "files": sorted(report.files()),
    }
    return json.dumps(parts)


def put_into(report: Report, text: str) -> None:
    """Let a report that has nothing yet state a reading as `text_of` wrote it."""
    found: dict[str, Any] = json.loads(text)
    report.rows, report.kept, report.unnamed = found["rows"], found["kept"], found["unnamed"]
    report.taken += found["taken"]
    report.outcomes.update({FactOutcome[name]: count for name, count in found["outcomes"].items()})
    for name in ("not_whole", "ignored", "refused"):
        getattr(report, name).update(found[name])
    report.refused_rows += [RowRefused(Where(**row.pop("where")), **row) for row in found["refused_rows"]]
    report.saw_files(found["files"])
