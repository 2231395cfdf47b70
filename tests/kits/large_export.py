"""Writes an HMIS CSV export with as many service rows as are asked for, a row at a time.

Forty services a stay, two health records, an exit for four stays of five; one organization with
five youth projects; three years. Nothing in it comes from a real export.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

from producers.sources.hmis.reading.layout import FILES, GENDERS_2024
from tests.kits.hmis_exports import IDENTITY, PLANTED

SERVICES_A_STAY, PROJECTS, STAYS_WITHOUT_EXIT = 40, 5, 5
TYPES = ("5", "6", "7", "8", "10", "13", "14", "17", "28", "29")
CHANGED = {"DateUpdated": "2026-12-30 10:00:00"}
EXPORT = {
    "ExportDate": "2027-01-02 03:04:05",
    "ExportStartDate": "2024-01-01",
    "ExportEndDate": "2026-12-31",
    "CSVVersion": "2026 v1",
    "ExportPeriodType": "3",
    "ExportDirective": "2",
    "ImplementationID": "db1",
}
AFTER = date(2027, 1, 5)
"""A day after the export was made."""
Rows = Iterable[dict[str, str]]


def write_large_export(path: Path, services: int, seed: int = 7) -> None:
    """A zip of a full export with so many service rows."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, rows in _files(services, Random(seed)).items():
            with archive.open(file, "w") as raw, io.TextIOWrapper(raw, "utf-8", newline="") as text:
                writer = csv.DictWriter(text, _header(file), restval=PLANTED, lineterminator="\r\n")
                writer.writeheader()
                writer.writerows(rows)


def _header(file: str) -> list[str]:
    (layout,) = (one for one in FILES if one.name == file)
    columns = [column for column in layout.columns if column not in GENDERS_2024]
    return [*columns[:1], *IDENTITY[file], *columns[1:]]


def _files(services: int, random: Random) -> dict[str, Rows]:
    stays = -(-services // SERVICES_A_STAY)
    entered = [date(2024, 1, 1) + timedelta(days=random.randrange(900)) for _ in range(stays)]
    days = [random.randrange(20, 190) for _ in range(stays)]
    files = _of_agency() | {
        "Client.csv": _clients(stays, random),
        "Enrollment.csv": _enrollments(entered),
        "Exit.csv": _exits(entered, days),
        "Services.csv": _services(services, entered, days, random),
        "HealthAndDV.csv": _health(entered, random),
    }
    return {name: _whole(name, rows) for name, rows in files.items()}


def _whole(file: str, rows: Rows) -> Iterator[dict[str, str]]:
    """Each row with every column: empty where it has no value, planted where it could identify."""
    empty = dict.fromkeys(_header(file), "") | dict.fromkeys(IDENTITY[file], PLANTED)
    return (empty | row for row in rows)


def _of_agency() -> dict[str, Rows]:
    projects = [f"J{number}" for number in range(PROJECTS)]
    place = {"OrganizationID": "O1", "ProjectType": "6", "TargetPopulation": "4"}
    return {
        "Export.csv": [EXPORT],
        "Organization.csv": [{"OrganizationID": "O1", "VictimServiceProvider": "0"}],
        "Project.csv": [{"ProjectID": project, **place} for project in projects],
        "ProjectCoC.csv": [{"ProjectID": project, "CoCCode": "CA-600"} for project in projects],
        "Funder.csv": [
            {"FunderID": f"F{project}", "ProjectID": project, "Funder": "22", "StartDate": "2023-10-01"}
            for project in projects
        ],
        "Event.csv": [],
    }


def _stay(number: int) -> dict[str, str]:
    return {"EnrollmentID": f"E{number:07d}", "PersonalID": f"P{number:07d}", **CHANGED}


def _clients(stays: int, random: Random) -> Rows:
    for number in range(stays):
        born = date(1985, 1, 1) + timedelta(days=random.randrange(9_000))
        age = {"DOB": str(born), "DOBDataQuality": "1", "Sex": str(number % 2)}
        yield {"PersonalID": f"P{number:07d}", **age, **CHANGED}


def _enrollments(entered: list[date]) -> Rows:
    for number, day in enumerate(entered):
        came = {"EntryDate": str(day), "ReferralSource": "11", "LivingSituation": "116"}
        household = {"HouseholdID": f"H{number}", "RelationshipToHoH": "1"}
        yield {**_stay(number), "ProjectID": f"J{number % PROJECTS}", **came, **household}


def _exits(entered: list[date], days: list[int]) -> Rows:
    for number, day in enumerate(entered):
        if number % STAYS_WITHOUT_EXIT:
            left = {"ExitDate": str(day + timedelta(days=days[number])), "Destination": "422"}
            yield {**_stay(number), "ExitID": f"X{number}", **left, "ProjectCompletionStatus": "1"}


def _services(services: int, entered: list[date], days: list[int], random: Random) -> Rows:
    for number in range(services):
        stay = number // SERVICES_A_STAY
        day = entered[stay] + timedelta(days=random.randrange(days[stay]))
        what = {"RecordType": "142", "TypeProvided": random.choice(TYPES)}
        yield {**_stay(stay), "ServicesID": f"S{number}", "DateProvided": str(day), **what}


def _health(entered: list[date], random: Random) -> Rows:
    for number, day in enumerate(entered):
        for stage, later in (("1", 0), ("3", 19)):
            answers = {"GeneralHealthStatus": str(random.randrange(1, 6)), "DentalHealthStatus": "3"}
            when = {"InformationDate": str(day + timedelta(days=later)), "DataCollectionStage": stage}
            if stage == "1" or number % STAYS_WITHOUT_EXIT:
                yield {**_stay(number), "HealthAndDVID": f"D{number}-{stage}", **when, **answers}
