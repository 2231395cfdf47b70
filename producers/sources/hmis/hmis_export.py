"""An HMIS CSV export as a source of facts.

Rules kept: every row of every file that is read gets at least one reading (a fact, a withdrawal, a
refusal, or the reason why it is not for the exchange). Reading again gives the same readings in the
same order. No reading holds anything that identifies a person, except the agency's own keys, which
stay in the vault. A key consists of the project, the enrollment, the table, the row's own key and a
slot, so it is the same in every export. Client merges do not change keys.

A full export of a reporting period also shows which facts are gone: it gives `Complete` for each
project, over the quarters that it covers whole. It does so only if every file with facts is there
and could be parsed.

Files are read several times (survey, index, facts) and streamed each time. Memory grows with stays
and clients, not with rows.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, Self

from producers.facts import ClientWithdrawn, Complete, Reading, RowIgnored, RowRefused, Where
from producers.profile import Profile
from producers.sources.hmis.hmis_settings import HmisSettings
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import Codes, load_codes
from producers.sources.hmis.reading.csv_rows import CsvFile
from producers.sources.hmis.reading.files import Bundle, bundle
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.reading.walk import Surveyed, complaint, rows, surveyed
from producers.sources.hmis.rules.agency_rows import CONTEXT, AgencyReader
from producers.sources.hmis.rules.agency_side import Agency, project_prefix
from producers.sources.hmis.rules.enrollment import EnrollmentRule
from producers.sources.hmis.rules.exits import ExitRule
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
        """The number of rows in the files that are read."""
        with bundle(self._path) as found:
            return sum(CsvFile(found, file).count() for file in layout.FILES if file.name in found)

    def read(self) -> Iterator[Reading]:
        """The readings of each row."""
        with bundle(self._path) as found, closing(self._read(found)) as readings:
            yield from readings

    def _read(self, found: Bundle) -> Generator[Reading, None, None]:
        files, complaints = _open(found)
        codes = load_codes()
        agency, readings = AgencyReader.read(files, self._settings, codes)
        yield from readings
        yield from complaints
        yield from _unknown_projects(agency)
        stays = StayIndex.read(
            agency, Clients(self._settings, codes), files.get(layout.ENROLLMENT.name), files.get(layout.CLIENT.name)
        )
        withdrawn: list[ClientWithdrawn] = []
        yield from _clients(files.get(layout.CLIENT.name), stays, withdrawn)
        yield from _facts(files, agency, stays, codes)
        yield from withdrawn
        yield from _completed(files, agency)


def _open(found: Bundle) -> tuple[dict[str, Surveyed], list[Reading]]:
    """The files that can be read, and a reading for each of the others."""
    files: dict[str, Surveyed] = {}
    complaints: list[Reading] = []
    for file in layout.FILES:
        opened = surveyed(found, file)
        wrong = complaint(file, opened)
        if wrong:
            complaints.append(wrong)
        elif opened:
            files[file.name] = opened
    return files, complaints


def _unknown_projects(agency: Agency) -> Iterator[Reading]:
    named = agency.settings.projects
    if absent := named - agency.projects.keys():
        rule = (
            f"every project that the profile names: {len(absent)} of {len(named)} cannot be read here, so nothing "
            "about them leaves. Compare [hmis] projects with this file's ProjectIDs"
        )
        yield RowRefused(Where(layout.PROJECT_FILE.name, 0), "ProjectID", rule)


def _clients(file: Surveyed | None, stays: StayIndex, withdrawn: list[ClientWithdrawn]) -> Iterator[Reading]:
    for row in rows(file):
        if not isinstance(row, Row):
            yield row
            continue
        key = row.key(layout.PERSON)
        if key and row.withdrawn:
            withdrawn.append(ClientWithdrawn(key, row.where))
        elif key in stays.persons:
            stays.clients.person(row)
            yield RowIgnored(row.where, CONTEXT)
        elif key:
            yield RowIgnored(row.where, "a client without a stay that is read")
        yield from row.refused


def _facts(files: Mapping[str, Surveyed], agency: Agency, stays: StayIndex, codes: Codes) -> Iterator[Reading]:
    services = ServicesRule(layout.SERVICES, "DateProvided", agency, stays, codes)
    health = HealthRule(layout.HEALTH, "InformationDate", agency, stays, codes)
    yield from _rule(files, EnrollmentRule(layout.ENROLLMENT, "EntryDate", agency, stays, codes))
    yield from _rule(files, ExitRule(layout.EXIT, "ExitDate", agency, stays, codes))
    yield from _rule(files, services)
    yield from services.after()
    yield from _rule(files, EventRule(layout.EVENT, "EventDate", agency, stays, codes))
    health.before(files.get(layout.HEALTH.name))
    yield from _rule(files, health)


def _rule(files: Mapping[str, Surveyed], rule: FileRule) -> Iterator[Reading]:
    for row in rows(files.get(rule.layout.name)):
        if isinstance(row, Row):
            yield from rule.readings(row)
        else:
            yield row


def _completed(files: Mapping[str, Surveyed], agency: Agency) -> Iterator[Reading]:
    where = Where(layout.EXPORT.name, 0)
    quarters = agency.window.quarters() if agency.full and agency.window else None
    if quarters is None:
        return
    if FACT_FILES - files.keys() or any(files[name].survey.damaged for name in FACT_FILES):
        yield RowIgnored(where, "a file is missing or damaged: no absent fact is withdrawn")
        return
    for project in agency.counted():
        yield Complete(project_prefix(project.key), where, *quarters)
