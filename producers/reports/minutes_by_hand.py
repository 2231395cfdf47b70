"""How long a report takes by hand: the agency's own number, asked once and kept in its vault.

No figure of ours stands in for it: without it, only what was measured is shown.
"""

import json
from typing import Final

from producers.reports.report_rows import ReportKind
from producers.vault.store import Vault

_NAME: Final = "report_minutes"


def minutes_by_hand(vault: Vault, kind: ReportKind) -> int | None:
    """The remembered minutes of a kind of report; None if nobody has stated any."""
    return _remembered(vault).get(str(kind))


def remember_minutes(vault: Vault, kind: ReportKind, minutes: int) -> None:
    """Remember the minutes of a kind of report."""
    vault.set(_NAME, json.dumps({**_remembered(vault), str(kind): minutes}, sort_keys=True).encode())
    vault.commit()


def _remembered(vault: Vault) -> dict[str, int]:
    row = vault.one("SELECT value FROM meta WHERE name = ?", (_NAME,))
    return {} if row is None else dict(json.loads(row[0]))
