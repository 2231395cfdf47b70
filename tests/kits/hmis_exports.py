"""Writes small synthetic HMIS CSV exports for tests, and reads them.

Nothing in it comes from a real export.

`sample()` is one coherent full export: one organization, one youth project, one client, one stay
that ended. Every identity and free-text column holds a planted identifier, which must never be
found again in anything that is read.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from exchange.core.model.events import Correctable
from exchange.core.model.vocabulary import UsState
from producers.facts import Fact, Reading, RowIgnored, RowRefused, Withdrawn
from producers.sources.hmis import HmisExport, HmisSettings
from producers.sources.hmis.reading.layout import FILES, GENDERS_2024

PLANTED = "Zyxwvut-Quirinius"
IDENTITY = {
    "Export.csv": ["SourceName", "SourceContactFirst", "SourceContactLast", "SourceContactEmail"],
    "Organization.csv": ["OrganizationName"],
    "Project.csv": ["ProjectName"],
    "ProjectCoC.csv": ["Address1", "City", "ZIP", "Geocode"],
    "Funder.csv": ["GrantID"],
    "Client.csv": ["FirstName", "MiddleName", "LastName", "NameSuffix", "SSN"],
    "Enrollment.csv": ["UserID"],
    "Exit.csv": ["OtherDestination"],
    "Services.csv": ["OtherTypeProvided", "MovingOnOtherType"],
    "Event.csv": ["LocationCrisisOrPHHousing"],
    "HealthAndDV.csv": ["DueDate"],
}
FIRST_ROW = 2
"""A spreadsheet's number of the first row after the header."""
STAY = {"EnrollmentID": "E1", "PersonalID": "P1"}
B = TypeVar("B", bound=Correctable)
Table = list[dict[str, str]]


def encoded(text: str) -> bytes:
    return text.encode()


@dataclass
class Written:
    """An export to be written: rows by file, and how each file's text becomes bytes."""

    tables: dict[str, Table] = field(default_factory=dict)
    headers: dict[str, list[str]] = field(default_factory=dict)
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL
    newline: str = "\n"
    encode: Callable[[str], bytes] = encoded
    rename: Callable[[str], str] = str

    def add(self, file: str, **cells: str) -> "Written":
        self.tables[file].append(dict.fromkeys(IDENTITY[file], PLANTED) | cells)
        return self

    def change(self, file: str, row: int = 0, **cells: str) -> "Written":
        self.tables[file][row].update(cells)
        return self

    def without(self, *files: str) -> "Written":
        for file in files:
            del self.tables[file]
        return self

    def text(self, file: str) -> str:
        out = io.StringIO(newline="")
        header = self.headers[file]
        writer = csv.DictWriter(
            out, header, restval="", extrasaction="ignore", quoting=self.quoting, lineterminator=self.newline
        )
        writer.writerow({column: self.rename(column) for column in header})
        writer.writerows(self.tables[file])
        return out.getvalue()

    def contents(self) -> dict[str, bytes]:
        return {file: self.encode(self.text(file)) for file in self.tables}

    def zip(self, folder: Path) -> Path:
        path = folder / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in self.contents().items():
                archive.writestr(file, content)
        return path

    def folder(self, parent: Path) -> Path:
        path = parent / "export"
        path.mkdir(exist_ok=True)
        for old in path.iterdir():
            old.unlink()
        for file, content in self.contents().items():
            (path / file).write_bytes(content)
        return path


def empty() -> Written:
    """All eleven files with their headers only."""
    written = Written()
    for file in FILES:
        written.tables[file.name] = []
        columns = [column for column in file.columns if column not in GENDERS_2024]
        written.headers[file.name] = [*columns[:1], *IDENTITY[file.name], *columns[1:], "ExportID"]
    return written


def sample() -> Written:
    """A full export of 2026 with one client of a youth project, who came, was helped and left."""
    written = empty()
    written.add(
        "Export.csv",
        ExportDate="2027-01-02 03:04:05",
        ExportStartDate="2025-01-01",
        ExportEndDate="2026-12-31",
        CSVVersion="2026 v1",
        ExportPeriodType="3",
        ExportDirective="2",
        ImplementationID="db1",
    )
    written.add("Organization.csv", OrganizationID="O1", VictimServiceProvider="0")
    written.add("Project.csv", ProjectID="J1", OrganizationID="O1", ProjectType="6", TargetPopulation="4")
    written.add("ProjectCoC.csv", ProjectID="J1", CoCCode="CA-600")
    written.add("Funder.csv", FunderID="F1", ProjectID="J1", Funder="22", StartDate="2024-10-01")
    written.add("Client.csv", PersonalID="P1", DOB="2009-06-15", DOBDataQuality="1", Sex="0")
    written.add(
        "Enrollment.csv", **STAY, ProjectID="J1", EntryDate="2026-02-10", ReferralSource="11", LivingSituation="116"
    )
    written.add("Exit.csv", **STAY, ExitID="X1", ExitDate="2026-08-20", Destination="422", ProjectCompletionStatus="1")
    written.add("Services.csv", **STAY, ServicesID="S1", DateProvided="2026-03-01", RecordType="142", TypeProvided="7")
    written.add("Event.csv", **STAY, EventID="V1", EventDate="2026-03-05", Event="11")
    health = {"GeneralHealthStatus": "4", "DentalHealthStatus": "3", "MentalHealthStatus": "2"}
    written.add(
        "HealthAndDV.csv", **STAY, HealthAndDVID="H1", InformationDate="2026-02-10", DataCollectionStage="1", **health
    )
    written.add(
        "HealthAndDV.csv", **STAY, HealthAndDVID="H2", InformationDate="2026-08-20", DataCollectionStage="3", **health
    )
    return written


def settings(**changed: object) -> HmisSettings:
    return HmisSettings(**({"state": UsState.ny, "all_projects_trafficking": True} | changed))  # type: ignore[arg-type]


def readings(written: Written, folder: Path, **changed: object) -> list[Reading]:
    return list(HmisExport(written.folder(folder), settings(**changed)).read())


def facts(found: Iterable[Reading]) -> list[Fact]:
    return [reading for reading in found if isinstance(reading, Fact)]


def bodies(found: Iterable[Reading], kind: type[B]) -> list[B]:
    return [fact.body for fact in facts(found) if isinstance(fact.body, kind)]


def keys(found: Iterable[Reading]) -> set[str]:
    return {fact.key for fact in facts(found)}


def fact_of(found: Iterable[Reading], kind: type[B]) -> Fact:
    """The only fact with such a body."""
    (fact,) = [fact for fact in facts(found) if isinstance(fact.body, kind)]
    return fact


def only(found: Iterable[Reading], kind: type[B]) -> B:
    (body,) = bodies(found, kind)
    return body


def refusals(found: Iterable[Reading]) -> list[RowRefused]:
    return [reading for reading in found if isinstance(reading, RowRefused)]


def refused(found: Iterable[Reading]) -> set[tuple[str, int, str]]:
    """(file, row, column) of refusals: the row as in `Written.tables` but from 1, 0 for a file."""
    return {(r.where.file, max(0, r.where.row - FIRST_ROW + 1), r.column) for r in refusals(found)}


def ignored(found: Iterable[Reading], file: str) -> list[str]:
    return [reading.why for reading in found if isinstance(reading, RowIgnored) and reading.where.file == file]


def withdrawn(found: Iterable[Reading]) -> set[str]:
    return {reading.key_prefix for reading in found if isinstance(reading, Withdrawn)}
