"""Two made-up HMIS exports of a made-up agency: one month, and the next.

Nobody in them exists. The second export has two more stays, another destination of one client and
one service less, so that a person sees *new*, *changed* and *withdrawn*. Both have a few faults,
so that a person sees how a row is refused.
"""

import csv
import io
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from producers.sources.hmis.reading.layout import FILES, GENDERS_2024

STAYS: Final = 60
HOUSE, OUTREACH, PANTRY = "101", "102", "103"
PROJECTS: Final = (
    (HOUSE, "Practice House", "2"),
    (OUTREACH, "Practice Outreach", "4"),
    (PANTRY, "Practice Pantry", "6"),
)
IDENTITY: Final = {
    "Organization.csv": ("OrganizationName",),
    "Project.csv": ("ProjectName",),
    "Client.csv": ("FirstName", "LastName", "SSN"),
    "Services.csv": ("OtherTypeProvided",),
}
"""Columns that stay, so that a person sees them stay."""
SERVICES: Final = ("5", "6", "7", "8", "14", "26")
DESTINATIONS: Final = ("421", "435", "312", "116", "99")
Table = list[dict[str, str]]


def write_export(path: Path, today: date, *, later: bool) -> None:
    """Write an export as a zip. `later`: the one of the month after the first."""
    tables = _tables(today, later=later)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in FILES:
            columns = [column for column in file.columns if column not in GENDERS_2024]
            header = [*columns[:1], *IDENTITY.get(file.name, ()), *columns[1:], "ExportID"]
            text = io.StringIO(newline="")
            writer = csv.DictWriter(text, header, restval="", lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(tables.get(file.name, []))
            archive.writestr(file.name, text.getvalue())


def _tables(today: date, *, later: bool) -> dict[str, Table]:
    made = today if later else today - timedelta(days=1)
    first = date(today.year - 1, 1, 1)
    tables: dict[str, Table] = {
        "Export.csv": [
            {
                "ExportDate": f"{made} 08:00:00",
                "ExportStartDate": f"{first}",
                "ExportEndDate": f"{made}",
                "CSVVersion": "2026 v1",
                "ExportPeriodType": "3",
                "ExportDirective": "2",
                "ImplementationID": "practice",
            }
        ],
        "Organization.csv": [
            {"OrganizationID": "1", "OrganizationName": "Practice Agency", "VictimServiceProvider": "0"}
        ],
        "Project.csv": [
            {"ProjectID": key, "ProjectName": name, "OrganizationID": "1", "ProjectType": kind, "TargetPopulation": "4"}
            for key, name, kind in PROJECTS
        ],
        "ProjectCoC.csv": [{"ProjectID": key, "CoCCode": "CA-600"} for key, _, _ in PROJECTS],
        "Funder.csv": [
            {"FunderID": "1", "ProjectID": HOUSE, "Funder": "22", "StartDate": f"{first}"},
            {"FunderID": "2", "ProjectID": OUTREACH, "Funder": "25", "StartDate": f"{first}"},
        ],
    }
    for number in range(STAYS + 2 * later):
        for file, row in _stay(number, first, made - timedelta(days=2), later=later):
            tables.setdefault(file, []).append(row)
    return tables


def _stay(number: int, first: date, last: date, *, later: bool) -> list[tuple[str, dict[str, str]]]:
    """The rows of one client: every sixth is at the pantry, every fifth is there still."""
    entered = first + (last - first) * number // (STAYS + 2)
    project = PANTRY if number % 6 == 5 else HOUSE if number % 2 else OUTREACH
    ids = {"EnrollmentID": f"E{number}", "PersonalID": f"P{number}"}
    born = date(entered.year - 16 - number % 25, 1 + number % 12, 15)
    names = {"FirstName": "Made-up", "LastName": f"Person {number}", "SSN": "000-00-0000"}
    rows = [
        (
            "Client.csv",
            {"PersonalID": f"P{number}", "DOB": f"{born}", "DOBDataQuality": "1", "Sex": f"{number % 2}", **names},
        ),
        (
            "Enrollment.csv",
            {
                **ids,
                "ProjectID": project,
                "EntryDate": f"{entered}",
                "RelationshipToHoH": "1",
                "LivingSituation": "116",
                "ReferralSource": "11",
            },
        ),
    ]
    for nth in range(1 + number % 3):
        if later and (number, nth) == (2, 2):
            continue  # the service that was withdrawn since
        day = "soon" if (number, nth) == (4, 1) else f"{min(entered + timedelta(days=3 * nth), last)}"
        service = {"ServicesID": f"S{number}-{nth}", "DateProvided": day, "RecordType": "142"}
        rows.append(("Services.csv", {**ids, **service, "TypeProvided": SERVICES[(number + nth) % len(SERVICES)]}))
    code = "77" if number == 9 else f"{10 + number % 3}"
    rows.append(("Event.csv", {**ids, "EventID": f"V{number}", "EventDate": f"{entered}", "Event": code}))
    if number % 5:
        left = min(entered + timedelta(days=20), last)
        where = "435" if later and number == 3 else DESTINATIONS[number % len(DESTINATIONS)]
        exit_ = {"ExitID": f"X{number}", "ExitDate": f"{left}", "Destination": where, "ProjectCompletionStatus": "1"}
        asked = {"ExchangeForSex": f"{number % 2}", "WorkplaceViolenceThreats": f"{int(number % 3 == 0)}"}
        rows.append(("Exit.csv", {**ids, **exit_, **asked}))
    return rows
