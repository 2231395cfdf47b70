"""An HMIS CSV export as a source of facts.

Rules kept: every row of every file that is read gets at least one reading (a fact, a withdrawal, a
refusal, or the reason why it is not for the exchange). Reading again gives the same readings in the
same order. No reading holds anything that identifies a person, except the agency's own keys, which
stay in the vault. A key consists of the project, the enrollment, the table, the row's own key and a
slot, so it is the same in every export. Client merges do not change keys.

A full export of a reporting period also shows which facts are gone: it gives `Complete` for each
project, over the quarters that it covers whole. It does so only if every file with facts is there
and was read whole, and `rules.absence` says what stays even then. An export of a year that is not
known, or without one of the files that every other needs, is refused whole.

Files are read several times (survey, index, facts) and streamed each time. Memory grows with stays
and clients, not with rows.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from exchange.core.model.period import period_text
from exchange.core.words import number_of
from producers.facts import ClientWithdrawn, Complete, Fact, NotWhole, Reading, RowIgnored, RowRefused, Taken, Where
from producers.overview import Overview
from producers.profile import Profile
from producers.sources.file_state import unchanged
from producers.sources.hmis.hmis_overview import overview_of
from producers.sources.hmis.hmis_settings import HmisSettings
from producers.sources.hmis.hmis_stays import StaySeen, stays_of
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import Codes, load_codes
from producers.sources.hmis.reading.csv_rows import CsvFile
from producers.sources.hmis.reading.files import Bundle, bundle, files_at
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.reading.walk import Surveyed, complaints, made_on, rows, surveyed
from producers.sources.hmis.rules.absence import Absence
from producers.sources.hmis.rules.agency_rows import AgencyReader
from producers.sources.hmis.rules.agency_side import ROOT, Agency, project_prefix
from producers.sources.hmis.rules.enrollment import EnrollmentRule
from producers.sources.hmis.rules.exits import ExitRule
from producers.sources.hmis.rules.export_row import CONTEXT, ExportRow
from producers.sources.hmis.rules.health import HealthRule
from producers.sources.hmis.rules.persons import Clients
from producers.sources.hmis.rules.referrals import EventRule
from producers.sources.hmis.rules.rule import FileRule
from producers.sources.hmis.rules.services import ServicesRule
from producers.sources.hmis.rules.stays import StayIndex

FACT_FILES: Final = frozenset(
    file.name for file in layout.FILES if file not in (layout.ORGANIZATION, layout.PROJECT_COC)
)
"""Without one of these, or with one damaged, a full export does not prove that an absent fact is
gone."""

TOTALLED_FILES: Final = FACT_FILES | {layout.PROJECT_COC.name}
"""Without one of these no total is final: without places, all would be of the profile's state."""

ALL_DELETED: Final = "every row of this full export is marked as deleted, so nothing of it leaves: check DateDeleted"


class HmisExport:
    """A zip or a folder of an HMIS CSV export, read for one agency's profile.

    Reading raises SourceUnreadable.
    """

    def __init__(self, path: Path, settings: HmisSettings) -> None:
        self._path = path
        self._settings = settings

    @classmethod
    def for_profile(cls, path: Path, profile: Profile) -> Self:
        """The export, read with the profile's [hmis] section.

        Raises ProfileInvalid when it names no project.
        """
        return cls(path, HmisSettings.from_profile(profile))

    @property
    def stays_here(self) -> Mapping[str, int]:
        """Nothing: only columns of the HMIS layout are read, and none identifies a person."""
        return {}

    def rows(self) -> int:
        """About the number of rows in the files that are read, by the ends of lines."""
        with bundle(self._path) as found:
            return sum(CsvFile(found, file).count() for file in layout.FILES if file.name in found)

    def read(self) -> Iterator[Reading]:
        """The readings of each row; raises SourceChanged at the end if a file changed meanwhile."""
        with (
            unchanged(self._path, self.files),
            bundle(self._path) as found,
            closing(self._read(found)) as readings,
        ):
            yield from readings

    def files(self) -> Sequence[Path]:
        """The files that are read: their bytes and names alone decide every reading."""
        return files_at(self._path)

    def overview(self) -> Overview:
        """The export as a whole: its projects, and the columns that are never read."""
        return overview_of(self._path, self._settings)

    def stays(self) -> Iterator[StaySeen]:
        """The stays with their days, which no fact has; for the agency alone."""
        return stays_of(self._path, self._settings)

    def _read(self, found: Bundle) -> Generator[Reading, None, None]:
        files, broken = _open(found)
        yield from broken
        agency, codes = Agency(self._settings), load_codes()
        export = ExportRow(files.get(layout.EXPORT.name), files.get(layout.CLIENT.name))
        readable = not layout.INDISPENSABLE - files.keys()
        if readable:
            yield from export.read(agency)
        if not agency.year:
            yield NotWhole(Where(layout.EXPORT.name, 0), "the export cannot be read")
            yield Taken("Nothing of this export was taken: its first refusal says why.", Where(layout.EXPORT.name, 0))
            return
        readings = AgencyReader.read(files, agency, codes)
        stays = StayIndex.read(agency, Clients(self._settings, codes, agency.year), files)
        absence = Absence(agency, stays, files)
        yield _taken(export, absence)
        yield from (NotWhole(Where(name, 0), why) for name, why in absence.lacking() if name in TOTALLED_FILES)
        yield from readings
        yield from _unknown_projects(agency)
        yield from _all_deleted(files, agency)
        withdrawn: list[ClientWithdrawn] = []
        yield from _clients(files.get(layout.CLIENT.name), stays, absence, withdrawn)
        for reading in _facts(files, agency, stays, codes, absence):
            if isinstance(reading, Fact):
                absence.restates(reading.key)
            yield reading
        for file in files.values():
            stays.unread |= file.survey.unread_stays
        yield from withdrawn
        yield from _completed(absence)


def _open(found: Bundle) -> tuple[dict[str, Surveyed], list[Reading]]:
    """The files that can be read, and the readings about files as a whole."""
    files: dict[str, Surveyed] = {}
    about: list[Reading] = []
    for file in layout.FILES:
        opened = surveyed(found, file)
        about += complaints(file, opened)
        if opened and not opened.sheet.fault:
            files[file.name] = opened
    made = made_on(files.get(layout.EXPORT.name))
    return {name: replace(file, made_on=made) for name, file in files.items()}, about


def _taken(export: ExportRow, absence: Absence) -> Taken:
    """How the export is taken, and why."""
    agency, where = absence.agency, Where(layout.EXPORT.name, 0)
    projects = number_of(len(agency.proven()), "project")
    because = export.delta_because
    lacking = [name for name, _ in absence.lacking() if name in FACT_FILES]
    if not because and lacking:
        because = f"these files are missing or were not read whole: {', '.join(lacking)}"
    quarters = agency.window.quarters() if agency.window else None
    covers = quarters if agency.full else None
    if because or quarters is None:
        delta = f"Taken as a delta for {projects}, because {because}: nothing that it lacks is withdrawn."
        return Taken(delta, where, covers)
    first, last = map(period_text, quarters)
    return Taken(
        f"Taken as a full export of {first} to {last} for {projects}, as ExportDirective is 2 and ExportPeriodType 3:"
        " what it no longer has is withdrawn.",
        where,
        covers,
    )


def _all_deleted(files: Mapping[str, Surveyed], agency: Agency) -> Iterator[Reading]:
    """A full export of deleted clients or stays alone is more likely a mistake."""
    for layout_of in (layout.CLIENT, layout.ENROLLMENT) if agency.full else ():
        survey = files[layout_of.name].survey
        if survey.rows and not survey.live:
            yield RowRefused(Where(layout_of.name, 0), layout.DELETED, ALL_DELETED)


def _unknown_projects(agency: Agency) -> Iterator[Reading]:
    named = agency.settings.projects
    if absent := named - agency.projects.keys():
        rule = (
            f"of the {len(named)} projects that the profile names, {len(absent)} cannot be read here, so nothing about "
            "them leaves. Compare [hmis] projects with this file's ProjectIDs"
        )
        yield RowRefused(Where(layout.PROJECT_FILE.name, 0), "ProjectID", rule)


def _clients(
    file: Surveyed | None, stays: StayIndex, absence: Absence, withdrawn: list[ClientWithdrawn]
) -> Iterator[Reading]:
    for row in rows(file):
        if not isinstance(row, Row):
            yield row
            continue
        key = row.key(layout.PERSON)
        if key and row.withdrawn:
            withdrawn.append(ClientWithdrawn(key, row.where, absence.spares_client))
        elif key in stays.persons:
            stays.clients.person(row)
            yield RowIgnored(row.where, CONTEXT)
        elif key:
            yield RowIgnored(row.where, "a client without a stay that is read")
        yield from row.refused


def _facts(
    files: Mapping[str, Surveyed], agency: Agency, stays: StayIndex, codes: Codes, absence: Absence
) -> Iterator[Reading]:
    shared = (agency, stays, codes, absence)
    services = ServicesRule(layout.SERVICES, "DateProvided", *shared)
    health = HealthRule(layout.HEALTH, "InformationDate", *shared)
    yield from _rule(files, EnrollmentRule(layout.ENROLLMENT, "EntryDate", *shared))
    yield from _rule(files, ExitRule(layout.EXIT, "ExitDate", *shared))
    yield from _rule(files, services)
    yield from services.after()
    yield from _rule(files, EventRule(layout.EVENT, "EventDate", *shared))
    health.before(files.get(layout.HEALTH.name))
    yield from _rule(files, health)


def _rule(files: Mapping[str, Surveyed], rule: FileRule) -> Iterator[Reading]:
    for row in rows(files.get(rule.layout.name), rule.period_of):
        if isinstance(row, Row):
            yield from rule.readings(row)
        else:
            yield row


def _completed(absence: Absence) -> Iterator[Reading]:
    """Withdraw what has left a project, and what a full export no longer has."""
    agency, where = absence.agency, Where(layout.EXPORT.name, 0)
    yield Complete(f"{ROOT}project/", where, spares=absence.spares_unmoved)
    quarters = agency.window.quarters() if agency.full and agency.window else None
    if quarters is None or any(name in FACT_FILES for name, _ in absence.lacking()):
        return
    for project in agency.proven():
        yield Complete(project_prefix(project.key), where, *quarters, spares=absence.spares)
