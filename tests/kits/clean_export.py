"""A small export in which no rule of `exchange edge check` fires: a family, a youth, bed nights.

Nothing in it comes from a real export. A test that spoils one thing of it sees one rule fire.
"""

import csv
from datetime import date
from typing import Final

from producers.sources.hmis.reading.layout import CONNECTIONS, TRAFFICKING
from tests.kits.export_damage import town
from tests.kits.hmis_exports import Written

TODAY: Final = date(2026, 11, 29)
MORE: Final = {
    "Export.csv": ("HashStatus",),
    "Project.csv": ("OperatingStartDate", "OperatingEndDate"),
    "Client.csv": ("VeteranStatus",),
    "Enrollment.csv": ("DisablingCondition", "DateCreated"),
    "Exit.csv": ("DestinationSubsidyType", "DateCreated"),
}
"""Columns that are checked, and not published."""


def clean_export() -> Written:
    written = town()
    written.quoting = csv.QUOTE_MINIMAL
    for file, columns in MORE.items():
        written.headers[file] = [*written.headers[file], *columns]
    written.change("Export.csv", HashStatus="1")
    for row in written.tables["Project.csv"]:
        row["OperatingStartDate"] = "2015-01-01"
    for row in written.tables["Client.csv"]:
        row["VeteranStatus"] = "0"
    written.change("Client.csv", 3, DOB="1991-02-03")
    for number, row in enumerate(written.tables["Enrollment.csv"]):
        row |= {"DisablingCondition": "0", "EnrollmentCoC": "CA-600", "DateCreated": f"{row['EntryDate']} 09:00:00"}
        row["HouseholdID"] = row.get("HouseholdID") or f"own{number}"
        row["RelationshipToHoH"] = row.get("RelationshipToHoH") or "1"
    for row in written.tables["Exit.csv"]:
        row["DateCreated"] = f"{row['ExitDate']} 09:00:00"
        row |= {column: row.get(column) or "0" for column in (*TRAFFICKING[:1], *CONNECTIONS, "DestinationSafeClient")}
        row |= {"ProjectCompletionStatus": "1", "AskedOrForcedToExchangeForSex": ""}
    written.change("Exit.csv", 0, PosPeerConnections="1", PosCommunityConnections="0", CoercedToContinueWork="0")
    written.change("Event.csv", 0, ReferralResult="1", ResultDate="2026-03-20")
    return written
