"""Reads Export, Organization, Project, ProjectCoC and Funder into an `Agency`.

Rules kept: an export without a readable ExportDirective is a delta: an absent fact is not gone.
`AgencyProfiled` states the kind of agency that the export shows, in the quarter in which it was
made. `FundingReceived` states that a funder began to pay. HMIS has no amounts, so its dollars are 0
and add nothing to any sum; they are never made from the money that clients were given (ADR 0010).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from exchange.core.model.events import AgencyProfiled, FundingReceived
from exchange.core.model.vocabulary import AgencyType, FundingSource, ReportingMode, Service
from producers.facts import Edition, Fact, Reading, RowIgnored, RowRefused, Where, Withdrawn
from producers.sources.hmis.hmis_settings import HmisSettings
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import Codes, read_integer
from producers.sources.hmis.reading.dates import is_event_day, period_on, read_date, read_timestamp
from producers.sources.hmis.reading.row import KEY, NOT_A_DATE, NOT_AN_EVENT_DAY, Row
from producers.sources.hmis.reading.walk import Surveyed, rows
from producers.sources.hmis.rules.agency_side import (
    ROOT,
    Agency,
    Grant,
    NotRead,
    Project,
    Window,
    project_prefix,
    state_of,
)

ONE_ROW: Final = "one row for the whole export"
CONTEXT: Final = "read as context for other rows"
GONE: Final = "withdrawn; nothing was published from it"
YEARS: Final = frozenset({"2024", "2026"})
FULL: Final = 2
REPORTING_PERIOD: Final = 3
SURVIVORS: Final = 1
KINDS: Final = range(15)
OTHER_FUNDER: Final = 46


@dataclass(slots=True)
class AgencyReader:
    """Reads the five files in their order; `readings` collects the readings of their rows."""

    agency: Agency
    codes: Codes
    files: Mapping[str, Surveyed]
    readings: list[Reading] = field(default_factory=list)
    _sheltered: dict[str, bool] = field(default_factory=dict)
    _exported: bool = False

    @classmethod
    def read(cls, files: Mapping[str, Surveyed], settings: HmisSettings, codes: Codes) -> tuple[Agency, list[Reading]]:
        """The agency, and at least one reading for each row."""
        reader = cls(Agency(settings), codes, files)
        for name, rule in (
            (layout.EXPORT.name, reader._export),
            (layout.ORGANIZATION.name, reader._organization),
            (layout.PROJECT_FILE.name, reader._project),
            (layout.PROJECT_COC.name, reader._place),
            (layout.FUNDER.name, reader._funder),
        ):
            for row in rows(files.get(name)):
                reader.readings += [*rule(row), *row.refused] if isinstance(row, Row) else [row]
        reader.readings += [*reader._profiles(), *reader._nameless()]
        return reader.agency, reader.readings

    def _export(self, row: Row) -> Iterator[Reading]:
        if self._exported:
            row.refuse("", ONE_ROW)
            return
        self._exported = True
        made = read_date(row.text("ExportDate"))
        if made is None or not is_event_day(made):
            row.refuse("ExportDate", NOT_A_DATE)
            made = None
        if not YEARS & set(re.findall(r"20[0-9]{2}", row.text("CSVVersion"))):
            row.refuse("CSVVersion", "2024 or 2026; codes of other years may have other meanings")
        start, end = read_date(row.text("ExportStartDate")), read_date(row.text("ExportEndDate"))
        agency = self.agency
        agency.made_on = made
        agency.window = Window.of(start, end, made)
        agency.full = row.number("ExportDirective") == FULL and row.number("ExportPeriodType") == REPORTING_PERIOD
        database = row.text("ImplementationID")
        database = database if KEY.fullmatch(database) else ""
        yield Edition(read_timestamp(row.text("ExportDate")) if made else "", database, row.where)
        yield RowIgnored(row.where, CONTEXT)

    def _nameless(self) -> Iterator[Reading]:
        export = self.files.get(layout.EXPORT.name)
        if export and not export.survey.rows:
            yield RowRefused(Where(export.name, 0), "", f"{ONE_ROW}; read as a delta of unknown age")

    def _organization(self, row: Row) -> Iterator[Reading]:
        key = row.key("OrganizationID")
        if key and row.withdrawn:
            yield Withdrawn(f"{ROOT}organization/{key}/", row.where)
        elif key:
            flag = row.text("VictimServiceProvider")
            answer = read_integer(flag)
            if flag and answer not in (0, 1):
                row.refuse("VictimServiceProvider", "0 or 1; read as 1, the stricter")
            self._sheltered[key] = bool(flag) and answer != 0
            yield RowIgnored(row.where, CONTEXT)

    def _project(self, row: Row) -> Iterator[Reading]:
        if row.withdrawn:
            yield RowIgnored(row.where, GONE)
            return
        key, organization = row.key(layout.PROJECT), row.key("OrganizationID")
        if layout.ORGANIZATION.name in self.files and organization not in self._sheltered:
            row.refuse("OrganizationID", "an organization of the export")
        elif key and organization:
            kind = row.number("ProjectType")
            if kind is not None and kind not in KINDS:
                row.refuse("ProjectType", "a code of its list; read as none")
                kind = None
            survivors = row.number("TargetPopulation") == SURVIVORS
            self.agency.projects[key] = Project(
                key, organization, kind, survivors, self._why_not_read(key, organization)
            )
            yield RowIgnored(row.where, CONTEXT)

    def _why_not_read(self, key: str, organization: str) -> NotRead | None:
        if not self.agency.settings.counts(key):
            return NotRead.OUTSIDE
        if self._sheltered.get(organization) and not self.agency.settings.totals_only:
            return NotRead.SHELTERED
        return None

    def _place(self, row: Row) -> Iterator[Reading]:
        project = self.agency.projects.get(row.text(layout.PROJECT))
        state = state_of(row.text("CoCCode"))
        if row.withdrawn:
            yield RowIgnored(row.where, GONE)
        elif project is None:
            row.refuse(layout.PROJECT, "a project of the export")
        elif state is None:
            yield RowIgnored(row.where, "names no state: the profile's is taken")
        else:
            project.states.add(state)
            yield RowIgnored(row.where, CONTEXT)

    def _funder(self, row: Row) -> Iterator[Reading]:
        project = self.agency.projects.get(row.text(layout.PROJECT))
        if row.withdrawn:
            key, project_key = row.key("FunderID"), row.key(layout.PROJECT)
            if key and project_key:
                yield Withdrawn(_funder_prefix(project_key, key), row.where)
        elif project is None:
            row.refuse(layout.PROJECT, "a project of the export")
        elif project.not_read is NotRead.OUTSIDE:
            yield RowIgnored(row.where, NotRead.OUTSIDE.value)
        else:
            key = row.key("FunderID") if "FunderID" in row.cells else self._composed(row)
            grant = self._grant(row) if key else None
            if grant:
                project.grants.append(grant)
                yield from self._received(row, project, key, grant)

    def _grant(self, row: Row) -> Grant | None:
        start, end = read_date(row.text("StartDate")), read_date(row.text("EndDate"))
        if start is None:
            row.refuse("StartDate", NOT_A_DATE)
            return None
        if end is None and row.text("EndDate"):
            row.refuse("EndDate", f"{NOT_A_DATE}; read as the first day")
            end = start
        return Grant(self._source(row), start, end)

    def _received(self, row: Row, project: Project, key: str, grant: Grant) -> Iterator[Reading]:
        if grant.source is FundingSource.none:
            yield RowIgnored(row.where, "states that nobody funds the project")
        elif not is_event_day(grant.start):
            row.refuse("StartDate", NOT_AN_EVENT_DAY)
        else:
            body = FundingReceived(grant.source, Service.not_applicable, 0)
            state = project.state(None, self.agency.settings.state)
            fact_key = f"{_funder_prefix(project.key, key)}received"
            yield Fact(fact_key, period_on(grant.start), state, body, "", row.where)

    def _composed(self, row: Row) -> str:
        """A key for vendors without FunderID: a project has a funder once from a day on."""
        start = read_date(row.text("StartDate"))
        code = read_integer(row.text("Funder"))
        return f"{code if code is not None else '-'}.{start.isoformat() if start else '-'}"

    def _source(self, row: Row) -> FundingSource:
        if read_integer(row.text("Funder")) == OTHER_FUNDER and (name := row.text("OtherFunder")):
            return self.codes.funding_by_name.get(name.lower(), FundingSource.other)
        return row.code("Funder", self.codes.funding)

    def _profiles(self) -> Iterator[Reading]:
        """The kind of agency of each organization, once for the quarter of the export."""
        for row in rows(self.files.get(layout.ORGANIZATION.name)):
            if not isinstance(row, Row) or row.withdrawn or not KEY.fullmatch(key := row.text("OrganizationID")):
                continue
            mine = [project for project in self.agency.counted() if project.organization == key]
            if mine and self._sheltered[key] and not self.agency.settings.totals_only:
                row.refuse("VictimServiceProvider", f"{NotRead.SHELTERED.value}; this profile's legal class sends more")
                yield from row.refused
            if mine and self.agency.made_on:
                mode = ReportingMode.tallies if self.agency.settings.totals_only else ReportingMode.events
                period = period_on(self.agency.made_on)
                state = mine[0].state(None, self.agency.settings.state)
                body = AgencyProfiled(self._kind(key, mine), mode)
                yield Fact(f"{ROOT}organization/{key}/{period}", period, state, body, "", row.where)

    def _kind(self, organization: str, projects: list[Project]) -> AgencyType:
        if self._sheltered[organization] or any(project.for_survivors for project in projects):
            return AgencyType.domestic_violence
        if any(grant.source is FundingSource.fysb_rhy for project in projects for grant in project.grants):
            return AgencyType.youth_service
        return AgencyType.homeless_service


def _funder_prefix(project: str, funder: str) -> str:
    return f"{project_prefix(project)}Funder/{funder}/"
