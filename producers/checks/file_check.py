"""Checks a file: what publishing would refuse, what contradicts itself, what is far from before.

Rules kept: what publishing refuses is found by the code of publishing, so that there are no two
truths. A file that is broken disables only the rules that need it; the result names them, and what
still stands. Nothing is sent, and nothing is kept but what a person calls right. No value of a
record is in a result.

Memory: an entry for each stay and client, and four bytes for each finding.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from exchange.core.model.events import About
from exchange.core.model.vocabulary import LegalClass
from producers.caps.policy import Policy, Unfit
from producers.caps.tally import current_quarter
from producers.checks.check_result import FileChecked
from producers.checks.export_tables import ExportTables, check_structure
from producers.checks.from_publishing import rule_of
from producers.checks.own_history import QuarterNumbers, compare_quarters, numbers_of, previous
from producers.checks.passes.agency_pass import check_agency, check_projects
from producers.checks.passes.cell_pass import check_cells
from producers.checks.passes.exit_pass import check_exits
from producers.checks.passes.known_rows import Known
from producers.checks.passes.people_pass import check_clients
from producers.checks.passes.row_pass import check_events, check_health, check_services
from producers.checks.passes.stay_pass import check_entries
from producers.checks.passes.together_pass import check_together
from producers.checks.remembered_right import call_right, called_right, is_right
from producers.checks.row_findings import Findings
from producers.checks.rules.all_rules import RULES
from producers.facts import Fact, NotWhole, Reading, RowRefused, Where
from producers.looking.undecided_profile import undecided_profile
from producers.profile import Profile
from producers.sources import open_source
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.files import bundle
from producers.sources.sheets.spreadsheet import Spreadsheet
from producers.vault.store import Vault

MANY: Final = 10
THE_FILE: Final = "file"
NOTHING_READ: Final = "publishing reads nothing of this export: see the errors about the export itself"
NO_HMIS: Final = "it is about HMIS exports"
HMIS_ALONE: Final = "it is about other files than HMIS exports"
NO_HISTORY: Final = "no profile is named, or its vault has fewer than four quarters before"


@dataclass(slots=True)
class _Reading:
    """What publishing would make of the file. `readable`: whether it reads anything at all."""

    found: Findings
    policy: Policy
    is_hmis: bool
    facts: Counter[str] = field(default_factory=Counter)
    quarters: QuarterNumbers = field(default_factory=QuarterNumbers)
    readable: bool = True
    is_sheet: bool = False
    _same: Counter[int] = field(default_factory=Counter)

    def read(self, readings: Iterable[Reading]) -> None:
        for reading in readings:
            if isinstance(reading, RowRefused):
                self._refused(reading)
            elif isinstance(reading, Fact):
                self._fact(reading)
            elif isinstance(reading, NotWhole) and reading.where.file == layout.EXPORT.name:
                self.readable = False

    def _refused(self, refused: RowRefused) -> None:
        name = rule_of(refused, of_sheet=self.is_sheet)
        words = refused.rule if name == "G99" else ""
        self.found.add(name, refused.where.row, file=self._file(refused.where), column=refused.column, words=words)

    def _file(self, where: Where) -> str:
        """The name that the standard gives; a person gives any other, and it could hold a name."""
        return where.file if self.is_hmis else THE_FILE

    def _fact(self, fact: Fact) -> None:
        judged = self.policy.judge(fact.period, fact.state, fact.body)
        if isinstance(judged, Unfit):
            self._refused(RowRefused(fact.where, judged.column, judged.rule))
            return
        self.facts[type(fact.body).__name__] += 1
        self.quarters.add(fact.period, fact.body)
        if self.is_hmis or fact.body.about is not About.CLIENT:
            return
        if not fact.client:
            self.found.add("G12", fact.where.row, file=self._file(fact.where))
        same = hash((fact.client, fact.period, fact.body))
        self._same[same] += bool(fact.client)
        if self._same[same] == MANY + 1:
            self.found.add("G13", fact.where.row, file=self._file(fact.where))


def profile_without_one(path: Path) -> Profile:
    """A profile under which everything in a file is read, for a look without the agency's own."""
    if isinstance(open_source(path, undecided_profile(LegalClass.individual)), HmisExport):
        return undecided_profile(LegalClass.tally_only)
    return undecided_profile(LegalClass.individual)


def check_file(
    path: Path, profile: Profile, today: date, vault: Vault | None = None, right: Iterable[str] = ()
) -> FileChecked:
    """Check a file as this agency would publish it.

    `vault`: the agency's, open, for its own history and for what it has called right; `right`: the
    names of findings to call right now. Raises SourceUnreadable, NothingToCallRight.
    """
    source = open_source(path, profile)
    is_hmis = isinstance(source, HmisExport)
    policy = Policy(profile.legal_class, profile.sensitive, newest=current_quarter(today))
    if is_hmis:
        found, reading, not_checked = _export(path, source.read(), policy)
    else:
        found, reading, not_checked = _other(source.read(), policy, is_sheet=isinstance(source, Spreadsheet))
    history = vault is not None and _history(vault, reading, today, found)
    if not history:
        not_checked |= dict.fromkeys(("V01", "V02", "V03"), NO_HISTORY)
    findings = list(found.all())
    if vault is not None and right:
        call_right(vault, right, findings)
        vault.commit()
    known = called_right(vault) if vault is not None else {}
    return FileChecked(
        tuple(one for one in findings if not is_right(one, known)),
        tuple(one for one in findings if is_right(one, known)),
        not_checked,
        dict(sorted(reading.facts.items())),
        source.rows() or 0,
        history,
    )


def _export(path: Path, readings: Iterator[Reading], policy: Policy) -> tuple[Findings, _Reading, dict[str, str]]:
    with bundle(path) as opened:
        tables = ExportTables.of(opened)
        not_checked = tables.disabled()
        found = Findings(not_checked.keys())
        reading = _Reading(found, policy, is_hmis=True)
        reading.read(readings)
        check_structure(opened, tables, found)
        known = Known(tables.readable, found)
        for check in (
            check_agency,
            check_clients,
            check_entries,
            check_exits,
            check_services,
            check_events,
            check_health,
        ):
            check(known)
        check_projects(known)
        check_together(known)
        if not reading.readable:
            check_cells(opened, known)
            not_checked |= _unread_by_publishing(found)
    not_checked |= {rule.id: HMIS_ALONE for rule in RULES if rule.id[0] == "G" and rule.id not in ("G07", "G11", "G99")}
    return found, reading, not_checked


def _unread_by_publishing(found: Findings) -> dict[str, str]:
    """The rules of publishing that nobody could check, but for what was found all the same."""
    fired = {one.rule.id for one in found.all()}
    by_cells = {"I01", "I02", "I03", "I04", "I05", "D01", "D02"}
    return {
        rule.id: NOTHING_READ
        for rule in RULES
        if rule.publishing and rule.id not in fired | by_cells and rule.id[0] not in "SG"
    }


def _other(readings: Iterator[Reading], policy: Policy, *, is_sheet: bool) -> tuple[Findings, _Reading, dict[str, str]]:
    found = Findings()
    reading = _Reading(found, policy, is_hmis=False, is_sheet=is_sheet)
    reading.read(readings)
    return found, reading, {rule.id: NO_HMIS for rule in RULES if rule.id[0] not in "GV"}


def _history(vault: Vault, reading: _Reading, today: date, found: Findings) -> bool:
    """Compare with the agency's own quarters; whether there were any to compare with."""
    before, over = numbers_of(vault), previous(current_quarter(today))[0]
    compare_quarters(reading.quarters, before, over, found)
    return len(before.facts) > 0
