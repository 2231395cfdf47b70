"""Reads Organization, Project, ProjectCoC and Funder into an `Agency`.

Rules kept: a provider counts as a victim service provider unless its organization was read with the
flag 0. `AgencyProfiled` states the kind of agency that the export shows, in the quarter in which it
was made. `FundingReceived` states that a funder began to pay. HMIS has no amounts, so its dollars
are 0 and add nothing to any sum; they are never made from the money that clients were given (ADR
10).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from exchange.core.model.events import AgencyProfiled, FundingReceived
from exchange.core.model.vocabulary import AgencyType, FundingSource, ReportingMode, Service
from producers.facts import Fact, Reading, RowIgnored, RowRefused, Where, Withdrawn
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import Codes, read_integer
from producers.sources.hmis.reading.dates import is_event_day, period_on
from producers.sources.hmis.reading.layout import KEY, FileLayout
from producers.sources.hmis.reading.row import NOT_A_DATE, NOT_AN_EVENT_DAY, Row
from producers.sources.hmis.reading.unique import Standing, standing
from producers.sources.hmis.reading.walk import NEWER, Surveyed, rows
from producers.sources.hmis.rules.agency_side import (
    ROOT,
    Agency,
    Grant,
    NotRead,
    Project,
    funder_prefix,
    state_of,
)
from producers.sources.hmis.rules.export_row import CONTEXT

GONE: Final = "withdrawn; nothing was published from it"
OF_GONE: Final = "about a withdrawn project"
FLAG: Final = "VictimServiceProvider"
SHELTERED_ALL: Final = (
    "it does not show who is a victim service provider, so every one counts as one: only totals may leave"
)
NO_STATE: Final = "the code names no state: the profile's is taken, unless another is known"
NO_PROJECT: Final = "the project is not in the export, or was refused"
PROFILED: Final = (layout.ORGANIZATION, layout.PROJECT_FILE, layout.PROJECT_COC, layout.FUNDER)
PROFILE: Final = frozenset({"state", "agency_type"})
"""What `AgencyProfiled` has from these files."""
SURVIVORS: Final = 1
KINDS: Final = range(15)
OTHER_FUNDER: Final = 46


@dataclass(slots=True)
class AgencyReader:
    """Reads the four files in their order; `readings` collects the readings of their rows."""

    agency: Agency
    codes: Codes
    files: Mapping[str, Surveyed]
    readings: list[Reading] = field(default_factory=list)
    _open: dict[str, bool] = field(default_factory=dict)
    """Organization → whether it was read as no victim service provider; else it is sheltered."""
    _doubtful: set[str] = field(default_factory=set)
    _gone: set[str] = field(default_factory=set)
    _unread: Counter[str] = field(default_factory=Counter)
    """File → rows that may state something and were not read."""
    _refused: Counter[str] = field(default_factory=Counter)
    """File → refused cells in rows that were read."""

    @classmethod
    def read(cls, files: Mapping[str, Surveyed], agency: Agency, codes: Codes) -> list[Reading]:
        """Fill the agency; at least one reading for each row."""
        reader = cls(agency, codes, files)
        reader._doubt()
        for name, rule in (
            (layout.ORGANIZATION.name, reader._organization),
            (layout.PROJECT_FILE.name, reader._project),
            (layout.PROJECT_COC.name, reader._place),
            (layout.FUNDER.name, reader._funder),
        ):
            if name == layout.FUNDER.name:
                reader._mark_unread()
            for row in rows(files.get(name)):
                if isinstance(row, Row):
                    reader.readings += [*rule(row), *row.refused]
                    reader._refused[name] += len(row.refused)
                else:
                    reader.readings.append(row)
                    reader._unread[name] += is_unread(row)
        reader._mark_unread()
        reader.readings += reader._profiles()
        return reader.readings

    def _doubt(self) -> None:
        """Note the organizations of which some live row has another flag than 0."""
        file = self.files.get(layout.ORGANIZATION.name)
        if not self.agency.settings.totals_only and self._no_flags():
            self.readings.append(RowRefused(Where(layout.ORGANIZATION.name, 0), FLAG, SHELTERED_ALL))
        for record in file.sheet.records() if file else ():
            live = not record.fault and standing(record) is not Standing.WITHDRAWN
            if live and read_integer(record.cells.get(FLAG, "")) != 0:
                self._doubtful.add(record.cells["OrganizationID"])

    def _no_flags(self) -> bool:
        """Whether no organization's flag can be read."""
        file = self.files.get(layout.ORGANIZATION.name)
        return file is None or not file.sheet.has(FLAG)

    def _mark_unread(self) -> None:
        """Mark the projects of which rows about places or funders may be missing."""
        for project in self.agency.projects.values():
            project.places_unread |= self._lacks(layout.PROJECT_COC)
            project.funders_unread |= self._lacks(layout.FUNDER)

    def _lacks(self, file: FileLayout) -> bool:
        """Whether rows of a file may be missing."""
        found = self.files.get(file.name)
        return found is None or not found.survey.whole or bool(self._unread[file.name])

    def _organization(self, row: Row) -> Iterator[Reading]:
        key = row.key("OrganizationID")
        if key and row.withdrawn:
            yield Withdrawn(f"{ROOT}organization/{key}/", row.where)
        elif key:
            answer = read_integer(row.text(FLAG))
            if answer not in (0, 1) and FLAG in row.cells:
                row.refuse(FLAG, "the flag is not 0 or 1; it is read as 1, the stricter")
            elif answer == 0 and key in self._doubtful:
                row.refuse(FLAG, "another row of the organization has another flag; it is read as 1, the stricter")
            if answer in (0, 1):
                self._open[key] = answer == 0
            if key in self._doubtful and answer != 1:
                self._open.pop(key, None)
            yield RowIgnored(row.where, CONTEXT)

    def _project(self, row: Row) -> Iterator[Reading]:
        key, organization = row.key(layout.PROJECT), row.text("OrganizationID")
        if row.withdrawn and key:
            self._gone.add(key)
            if self.agency.settings.counts(key):
                yield Withdrawn(funder_prefix(key), row.where)
            yield RowIgnored(row.where, GONE)
        elif key:
            why_not = self._why_not_read(key, organization)
            if why_not is NotRead.UNPROVEN:
                rule = "the organization was not read with VictimServiceProvider 0, so no client's event leaves"
                row.refuse("OrganizationID", rule, follows=organization in self._doubtful or self._no_flags())
            kind = row.number("ProjectType")
            if kind is not None and kind not in KINDS:
                row.refuse("ProjectType", "the code is not in its list; it is read as none")
                kind = None
            survivors = row.number("TargetPopulation") == SURVIVORS
            unread = row.refuses("ProjectType")
            self.agency.projects[key] = Project(key, organization, kind, survivors, why_not, kind_unread=unread)
            yield RowIgnored(row.where, CONTEXT)

    def _why_not_read(self, key: str, organization: str) -> NotRead | None:
        if not self.agency.settings.counts(key):
            return NotRead.OUTSIDE
        if self.agency.settings.totals_only or self._open.get(organization):
            return None
        return NotRead.SHELTERED if organization in self._open else NotRead.UNPROVEN

    def _place(self, row: Row) -> Iterator[Reading]:
        key = row.text(layout.PROJECT)
        project = self.agency.projects.get(key)
        state = state_of(row.text("CoCCode"))
        if row.withdrawn:
            yield RowIgnored(row.where, GONE)
        elif project is None:
            yield from self._orphan(row, key)
        elif state is None:
            project.places_unread = True
            if row.text("CoCCode"):
                row.refuse("CoCCode", NO_STATE)
            else:
                yield RowIgnored(row.where, "names no state: the profile's is taken, unless another is known")
        else:
            project.states.add(state)
            yield RowIgnored(row.where, CONTEXT)

    def _orphan(self, row: Row, key: str) -> Iterator[Reading]:
        if key in self._gone:
            yield RowIgnored(row.where, OF_GONE)
        else:
            row.refuse(layout.PROJECT, NO_PROJECT)

    def _funder(self, row: Row) -> Iterator[Reading]:
        project = self.agency.projects.get(row.text(layout.PROJECT))
        if row.withdrawn:
            key, project_key = row.key("FunderID"), row.key(layout.PROJECT)
            if key and project_key:
                yield Withdrawn(f"{funder_prefix(project_key)}{key}/", row.where)
        elif project is None:
            yield from self._orphan(row, row.text(layout.PROJECT))
        elif project.not_read is NotRead.OUTSIDE:
            yield RowIgnored(row.where, NotRead.OUTSIDE.value)
        else:
            key = row.key("FunderID") if "FunderID" in row.cells else self._composed(row)
            grant = self._grant(row) if key else None
            if grant:
                project.grants.append(grant)
                yield from self._received(row, project, key, grant)
            project.funders_unread |= bool(row.refused)

    def _grant(self, row: Row) -> Grant | None:
        start, end = row.read_day("StartDate"), row.read_day("EndDate")
        if start is None:
            row.refuse("StartDate", NOT_A_DATE)
            return None
        if end is None and row.dated("EndDate"):
            row.refuse("EndDate", f"{NOT_A_DATE}; it is read as the first day")
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
            fact_key = f"{funder_prefix(project.key)}{key}/received"
            unread = frozenset({"state"} if project.places_unread else ())
            if row.refuses("Funder"):
                unread |= {"funding_source"}
            yield Fact(fact_key, period_on(grant.start), state, body, "", row.where, unread)

    def _composed(self, row: Row) -> str:
        """A key for vendors without FunderID: a project has a funder once from a day on."""
        start = row.read_day("StartDate")
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
            if mine and self._open.get(key) is False and not self.agency.settings.totals_only:
                row.refuse(FLAG, "the provider is a victim service provider: only totals may leave, no client's event")
                yield from row.refused
            if mine and self.agency.made_on and (key in self._open or self.agency.settings.totals_only):
                mode = ReportingMode.tallies if self.agency.settings.totals_only else ReportingMode.events
                period = period_on(self.agency.made_on)
                state = mine[0].state(None, self.agency.settings.state)
                body = AgencyProfiled(self._kind(key, mine), mode)
                unread = PROFILE if self._profile_unread(mine) else frozenset()
                yield Fact(f"{ROOT}organization/{key}/{period}", period, state, body, "", row.where, unread)

    def _profile_unread(self, mine: list[Project]) -> bool:
        """Whether something of what makes an organization's profile may be missing."""
        damaged = any(self._lacks(file) or self._refused[file.name] for file in PROFILED)
        return damaged or any(project.places_unread or project.funders_unread for project in mine)

    def _kind(self, organization: str, projects: list[Project]) -> AgencyType:
        if self._open.get(organization) is False or any(project.for_survivors for project in projects):
            return AgencyType.domestic_violence
        if any(grant.source is FundingSource.fysb_rhy for project in projects for grant in project.grants):
            return AgencyType.youth_service
        return AgencyType.homeless_service


def is_unread(row: RowRefused | RowIgnored) -> bool:
    """Whether a row that is not read may state something, so that its absence shows nothing."""
    return isinstance(row, RowRefused) and row.rule != NEWER
