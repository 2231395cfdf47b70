"""Fills a report: reads the input once, and gives each cell its number and what that is worth.

Rules kept: no conclusion from damage. A cell whose input was not read whole is *at least* or
*incomplete*, with the reason; one that the input never answers is *cannot be known here*, never 0.
A 0 stands only where the input states such things in some period, and none in this one.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from exchange.core.model import events as e
from exchange.core.model.vocabulary import Service
from exchange.core.words import number_of
from producers.checks.rules.all_rules import BY_ID
from producers.cooperative import some_at_once
from producers.facts import ClientHeld, Fact, NotWhole, Reading, RowIgnored, RowRefused, Taken
from producers.reports.codes_stated import lacks_code
from producers.reports.counted_facts import HOUSING, STAYS, Body, CountedFacts, Evidence
from producers.reports.damage_seen import DamageSeen
from producers.reports.funder_report import FilledCell, FunderReport, HowCertain, ReportCause
from producers.reports.kinds.all_kinds import TABLES
from producers.reports.measures import CellCount, Measure
from producers.reports.report_input import VAULT_ALONE, LeaveOut, ReportInput
from producers.reports.report_period import ReportPeriod, words_of
from producers.reports.report_rows import ReportKind, ReportRow, ReportTable
from producers.reports.what_answers import what_answers
from producers.sources.hmis import HmisExport
from producers.sources.hmis.rules.enrollment import HOUSED_AT_ENTRY

HMIS_PART: Final[Mapping[Body, str]] = {
    e.NeedIdentified: "HMIS records a need only with a referral or an entry into permanent housing",
    e.NeedUnmet: "HMIS records an unmet need only with a referral",
    e.HealthObserved: "of conditions, only pregnancy is read from HMIS",
}
"""Bodies of which an HMIS export has a part, and which."""
OF_STAYS: Final = frozenset({*HOUSED_AT_ENTRY.values(), Service.long_term_housing})
HMIS_STAYS: Final = "in HMIS a stay counts as housing in the quarter in which it began, and not in later ones"
BY_NIGHTS: Final = "HUD counts night-by-night shelters by bed nights, and here they are counted by their stays"
NO_KIND: Final = "the type of a project is not known"
Progress = Callable[[int], None]


def make_report(
    kind: ReportKind,
    period: ReportPeriod,
    counted_from: ReportInput,
    today: date,
    progress: Progress = lambda _: None,
) -> FunderReport:
    """Fill a report of this kind on a period. `progress`: called now and then with the rows so far.

    Raises SourceUnreadable, ProfileInvalid.
    """
    table, filling = TABLES[kind], _Filling(period, counted_from)
    rows = 0
    for some in some_at_once(counted_from.readings()):
        filling.take(some)
        rows += len(some)
        progress(rows)
    filling.take_stays()
    notes = (*table.caveats, *filling.notes(table, today))
    cells, damaged = tuple(filling.cells(table)), filling.is_damaged
    return FunderReport(table, str(period), counted_from.words, notes, cells, tuple(filling.causes()), damaged)


class _Filling:
    """One reading of the input."""

    def __init__(self, period: ReportPeriod, counted_from: ReportInput) -> None:
        self._period, self._from = period, counted_from
        self._facts = CountedFacts(period)
        self._format = counted_from.format
        self._damage = DamageSeen(period, counted_from.is_hmis)
        self._refusing: set[str] = set()
        self._on_hold: LeaveOut = counted_from.leave_out()

    def take(self, readings: Collection[Reading]) -> None:
        """Count readings."""
        for reading in readings:
            match reading:
                case Fact():
                    self._facts.take(reading, self._left_out)
                case RowRefused():
                    self._damage.refused(reading)
                case NotWhole():
                    self._damage.not_whole(reading)
                case RowIgnored():
                    self._damage.ignored(reading)
                case Taken():
                    self._damage.taken_as(reading)
                case ClientHeld(client) if not self._from.with_held:
                    self._refusing.add(client)
                case _:
                    pass

    def take_stays(self) -> None:
        """Count the stays of an HMIS export."""
        source = self._from.source
        if isinstance(source, HmisExport):
            self._facts.take_stays(source.stays(), self._left_out)

    def _left_out(self, client: str) -> bool:
        return client in self._refusing or self._on_hold(client)

    @property
    def is_damaged(self) -> bool:
        """Whether anything that may belong to the period could not be read."""
        return self._damage.is_damaged

    def causes(self) -> Iterator[ReportCause]:
        """Why rows could not be read, the commonest first."""
        for (file, rule), rows in sorted(self._damage.causes.items(), key=lambda one: -len(one[1])):
            yield ReportCause(file, rule, BY_ID[rule].meaning, len(rows))

    def notes(self, table: ReportTable, today: date) -> Iterator[str]:
        """What holds for the whole report."""
        if self._period.last >= today:
            yield "The period is not over: numbers are those so far."
        if self._period.form not in table.forms:
            yield f"This funder asks for {words_of(table.forms)}; this is {self._period.form}."
        if left_out := len(self._facts.left_out):
            yield f"{number_of(left_out, 'client')} on hold: in no number here. --with-held counts them too."
        if self._from.source is None:
            yield f"This was {VAULT_ALONE}. Name the file to count it exactly."
        yield from self._damage.coverage()

    def cells(self, table: ReportTable) -> Iterator[FilledCell]:
        """Every cell, in the order of the table."""
        for section in table.sections:
            for row in section.rows:
                yield replace(self._cell(row), section=section.title)

    def _cell(self, row: ReportRow) -> FilledCell:
        if row.measure is None:
            return FilledCell("", row.label, None, HowCertain.UNKNOWN, row.name, _sentence(row.why))
        if lacks := self._lacks(row.measure):
            return FilledCell("", row.label, None, HowCertain.UNKNOWN, row.name, lacks)
        found = row.measure.count(self._facts)
        reasons = list(dict.fromkeys(self._reasons(row.measure, found)))
        certain = HowCertain.AT_LEAST if reasons else HowCertain.EXACT
        if reasons and row.measure.either_way:
            certain = HowCertain.EITHER_WAY
        remarks = " ".join(map(_sentence, (*reasons, row.why) if row.why else reasons))
        return FilledCell("", row.label, found.value, certain, row.name, remarks)

    def _lacks(self, measure: Measure) -> str:
        """Why the input cannot answer; empty if it can."""
        for body, field in measure.needs:
            if not self._facts.states(body) or (field and not self._facts.answers(body, field)):
                damage = [words for words in self._damage.words({body}) if words]
                nothing = f"Nothing in {self._from.short} answers this. It would be in {what_answers(body, field)}."
                return " ".join((nothing, *map(_sentence, damage)))
        if lacks_code(measure, self._format, self._facts):
            return f"{self._format} has no code for this, so nobody knows from your file whether it happened."
        return ""

    def _reasons(self, measure: Measure, found: CellCount) -> Iterator[str]:
        """Why a number is not the whole one."""
        evidence = _evidence(measure)
        bodies = {body for body in evidence if not isinstance(body, str)}
        yield from self._damage.words(evidence, looks_back=measure.looks_back)
        if found.open:
            yield f"{number_of(found.open, 'answer')} could not be read, and may belong here"
        if cut := sum(self._facts.by_year[body] for body in bodies):
            yield f"{number_of(cut, 'fact')} of a whole year cannot be placed in this period"
        if measure.by_client and (unnamed := sum(self._facts.unnamed[body] for body in bodies)):
            yield f"{number_of(unnamed, 'fact')} without a client cannot be counted by client"
        if self._from.source is None:
            yield VAULT_ALONE
        if self._from.is_hmis:
            yield from (HMIS_PART[body] for body in HMIS_PART if body in bodies)
            if measure.by_client and _counts_housing(measure):
                yield HMIS_STAYS
            if STAYS in evidence and any(stay.by_nights for stay in self._facts.stays):
                yield BY_NIGHTS
            if STAYS in evidence and any(stay.stay.kind is None for stay in self._facts.stays):
                yield NO_KIND


def _evidence(measure: Measure) -> set[Evidence]:
    """What damage may reach: bodies, and what of stays it needs."""
    found: set[Evidence] = {body for body, _ in measure.needs}
    found |= {name for body, name in measure.needs if body == STAYS and name}
    return found | {HOUSING} if _counts_housing(measure) else found


def _counts_housing(measure: Measure) -> bool:
    """Whether it counts services of which stays are some."""
    services = [wanted for _, name, wanted in measure.wants if name == "service"]
    of_services = any(body is e.ServiceProvided for body, _ in measure.needs)
    return of_services and all(wanted & OF_STAYS for wanted in services)


def _sentence(words: str) -> str:
    """Words as a sentence of their own."""
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}." if words else ""
