"""A funder's report on a page: what `exchange edge report` makes, and writes.

Rules kept: a report is made from the chosen file, or from the vault where none is chosen; clients
on hold are in no number. It is written only to a path that a person typed.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from exchange.cli.agency.local_page.one_job import JobOutcome, JobProgress
from exchange.cli.agency.reports.report_files import report_values, write_csv, write_report_page, write_workbook
from exchange.core.errors import ExchangeError
from exchange.core.model.period import period_of, period_text, quarter_before, quarter_of_month
from producers.checks.file_check import profile_without_one
from producers.profile import Profile
from producers.reports.funder_report import FunderReport
from producers.reports.kinds.all_kinds import TABLES
from producers.reports.minutes_by_hand import minutes_by_hand
from producers.reports.report_input import input_of
from producers.reports.report_making import make_report
from producers.reports.report_period import ReportPeriod
from producers.reports.report_rows import ReportKind
from producers.secret_files import Secret
from producers.vault.store import Vault


class ReportFileOfNoFormat(ExchangeError):
    """The name of the new file has no ending that a report can have. Nothing was written."""

    hint = "End it with .csv, .xlsx or .html."


WRITERS: Final[Mapping[str, Callable[[Path, FunderReport, int | None], None]]] = {
    ".csv": write_csv,
    ".xlsx": write_workbook,
    ".html": write_report_page,
}


def kinds() -> list[tuple[str, str]]:
    """Kind → title, of every report that there is."""
    return [(str(kind), table.title) for kind, table in TABLES.items()]


def offered_period(today: date) -> str:
    """The last quarter that is over."""
    return period_text(quarter_before(period_of(today.year, quarter_of_month(today.month))))


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """A report as a person asked for it. `file`: None for the vault."""

    kind: ReportKind
    period: ReportPeriod
    file: Path | None
    today: date


def report_work(asked: ReportAsked, opened: tuple[Profile, Secret] | None) -> Callable[[JobProgress], JobOutcome]:
    """The work that fills a report. `opened`: a profile and the secret of its vault, if open."""

    def work(progress: JobProgress) -> JobOutcome:
        if opened is None:
            return _filled(asked, profile_without_one(asked.file or Path()), None, progress)
        with Vault.open(*opened) as vault:
            return _filled(asked, opened[0], vault, progress)

    return work


def _filled(asked: ReportAsked, profile: Profile, vault: Vault | None, progress: JobProgress) -> JobOutcome:
    began_s = time.monotonic()
    counted_from = input_of(asked.file, profile, vault)
    made = make_report(asked.kind, asked.period, counted_from, asked.today, progress.rows)
    made = replace(made, seconds=time.monotonic() - began_s)
    minutes = minutes_by_hand(vault, asked.kind) if vault else None
    values = {"report": made, "asked": asked, "report_title": made.title, "minutes": minutes}
    return JobOutcome("reported.html", {**values, **report_values(made, minutes)})


def write_report(path: Path, outcome: JobOutcome) -> None:
    """Write a report that was made; raises ReportFileOfNoFormat, PageUnwritable."""
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise ReportFileOfNoFormat
    write(path, outcome.values["report"], outcome.values["minutes"])
