"""A small export of everything that is read, and the damages that real exports have come with.

Nothing in it comes from a real export. A damage changes how a file is written, or cells in it, as
databases, spreadsheets, transfers and people do; it never states that anything is gone.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from producers.sources.hmis.reading.layout import FILES
from tests.kits.hmis_exports import Written, sample

Table = list[list[str]]
LAYOUTS: Final = {file.name: file for file in FILES}
GARBAGE: Final = ("x!", "#REF!", "777", "2026-02-30", "0000-13-45", "13/13/2026", "yes")
NO_DATE: Final = ("NULL", "null", "NA", "\\N", "nan", "NaT", "0000-00-00", "0000-00-00 00:00:00", "1900-01-01", "0")
NOT_DELETED: Final = ("yes", "1", "x!", "2026-02-30", "2099-12-31", "2031-05-05 00:00:00")
"""What is no date, and days that have not come: a database writes some day for "never"."""
CODES: Final = (
    ("Client.csv", "DOBDataQuality"),
    ("Client.csv", "DOB"),
    ("Enrollment.csv", "ReferralSource"),
    ("Enrollment.csv", "LivingSituation"),
    ("Enrollment.csv", "EntryDate"),
    ("Enrollment.csv", "MoveInDate"),
    ("Enrollment.csv", "ProjectID"),
    ("Enrollment.csv", "PersonalID"),
    ("Exit.csv", "Destination"),
    ("Exit.csv", "ExitDate"),
    ("Exit.csv", "ExchangeForSex"),
    ("Exit.csv", "WorkplaceViolenceThreats"),
    ("Exit.csv", "CounselingReceived"),
    ("Exit.csv", "DestinationSafeClient"),
    ("Exit.csv", "PosAdultConnections"),
    ("Services.csv", "DateProvided"),
    ("Services.csv", "RecordType"),
    ("Services.csv", "TypeProvided"),
    ("Services.csv", "FAAmount"),
    ("Services.csv", "ReferralOutcome"),
    ("Event.csv", "EventDate"),
    ("Event.csv", "Event"),
    ("Event.csv", "ReferralResult"),
    ("Event.csv", "ResultDate"),
    ("HealthAndDV.csv", "InformationDate"),
    ("HealthAndDV.csv", "GeneralHealthStatus"),
    ("HealthAndDV.csv", "DataCollectionStage"),
    ("HealthAndDV.csv", "PregnancyStatus"),
    ("Organization.csv", "VictimServiceProvider"),
    ("Project.csv", "ProjectType"),
    ("Project.csv", "OrganizationID"),
    ("ProjectCoC.csv", "CoCCode"),
    ("Funder.csv", "Funder"),
    ("Funder.csv", "StartDate"),
    ("Export.csv", "ExportDate"),
    ("Export.csv", "ExportStartDate"),
    ("Export.csv", "ExportDirective"),
    ("Export.csv", "CSVVersion"),
)
"""Cells that a fact is made of, and that garbage may stand in."""


def town() -> Written:
    """A full export of three projects, with a household, bed nights, referrals and a pregnancy."""
    written = sample()
    written.quoting = csv.QUOTE_MINIMAL
    written.change("Export.csv", ExportDate="2026-10-04 08:00:00", ExportEndDate="2026-09-30")
    answers = {"ExchangeForSex": "0", "AskedOrForcedToExchangeForSex": "0", "WorkplaceViolenceThreats": "1"}
    answers |= {"CoercedToContinueWork": "8", "CounselingReceived": "1", "SessionCountAtExit": "3"}
    answers |= {"DestinationSafeClient": "1", "DestinationSafeWorker": "0", "PosAdultConnections": "1"}
    written.change("Exit.csv", 0, **answers)
    written.add("Project.csv", ProjectID="J2", OrganizationID="O1", ProjectType="13", TargetPopulation="4")
    written.add("Project.csv", ProjectID="J3", OrganizationID="O1", ProjectType="1", TargetPopulation="4")
    for project, funder in (("J2", "3"), ("J3", "24")):
        written.add("ProjectCoC.csv", ProjectID=project, CoCCode="NV-500")
        written.add("Funder.csv", FunderID=f"F{project}", ProjectID=project, Funder=funder, StartDate="2024-10-01")
    for number, born in enumerate(("1994-03-03", "2018-05-05", "1991-01-01"), start=2):
        written.add("Client.csv", PersonalID=f"P{number}", DOB=born, DOBDataQuality="1", Sex="0")
    family = {"ProjectID": "J2", "EntryDate": "2026-02-02", "HouseholdID": "H", "ReferralSource": "11"}
    family |= {"LivingSituation": "116"}
    written.add(
        "Enrollment.csv",
        **family,
        EnrollmentID="E2",
        PersonalID="P2",
        RelationshipToHoH="1",
        MoveInDate="2026-02-20",
    )
    written.add("Enrollment.csv", **family, EnrollmentID="E3", PersonalID="P3", RelationshipToHoH="2")
    written.add(
        "Enrollment.csv",
        EnrollmentID="E4",
        PersonalID="P4",
        ProjectID="J3",
        EntryDate="2026-04-05",
        HouseholdID="K",
        RelationshipToHoH="1",
        ReferralSource="1",
        LivingSituation="101",
    )
    written.add("Exit.csv", ExitID="X4", EnrollmentID="E4", PersonalID="P4", ExitDate="2026-06-01", Destination="422")
    stay = {"EnrollmentID": "E4", "PersonalID": "P4"}
    for night in ("05", "06", "07"):
        day = f"2026-04-{night}"
        written.add(
            "Services.csv", **stay, ServicesID=f"N{night}", DateProvided=day, RecordType="200", TypeProvided="200"
        )
    paid = {"RecordType": "151", "TypeProvided": "1", "FAAmount": "120.50"}
    written.add("Services.csv", **stay, ServicesID="S2", DateProvided="2026-05-01", **paid)
    sent = {"RecordType": "161", "TypeProvided": "1", "ReferralOutcome": "2"}
    written.add("Services.csv", **stay, ServicesID="S3", DateProvided="2026-05-02", **sent)
    asked = {"Event": "13", "ReferralResult": "1", "ResultDate": "2026-05-20"}
    written.add("Event.csv", **stay, EventID="V2", EventDate="2026-05-03", **asked)
    written.add("Event.csv", **stay, EventID="V3", EventDate="2026-05-04", Event="2", ProbSolDivRRResult="1")
    written.change("HealthAndDV.csv", 0, PregnancyStatus="1")
    return written


@dataclass
class Files:
    """The files of an export while they are damaged: rows, then text, then bytes."""

    tables: dict[str, Table]
    separators: dict[str, str] = field(default_factory=dict)
    after: list[Callable[[dict[str, bytes]], None]] = field(default_factory=list)

    @classmethod
    def of(cls, written: Written) -> "Files":
        return cls({file: list(csv.reader(io.StringIO(written.text(file)))) for file in written.tables})

    def column(self, file: str, name: str) -> int:
        return self.tables[file][0].index(name)

    def cells(self, file: str, name: str) -> list[tuple[list[str], int]]:
        """(row, place) of every cell of a column that is not empty; none if the file is gone."""
        if file not in self.tables or name not in self.tables[file][0]:
            return []
        at = self.column(file, name)
        return [(row, at) for row in self.tables[file][1:] if row[at : at + 1] != [""] and len(row) > at]

    def contents(self) -> dict[str, bytes]:
        found = {}
        for file, table in self.tables.items():
            out = io.StringIO(newline="")
            csv.writer(out, delimiter=self.separators.get(file, ","), lineterminator="\n").writerows(table)
            found[file] = out.getvalue().encode()
        for change in self.after:
            change(found)
        return found


Damage = Callable[[Files, Random], None]


def nothing_in_deleted(files: Files, random: Random) -> None:
    """A tool writes its word for nothing into every DateDeleted."""
    word = random.choice(NO_DATE)
    for table in files.tables.values():
        if "DateDeleted" in table[0]:
            at = table[0].index("DateDeleted")
            for row in filter(any, table[1:]):
                row[at] = row[at] or word


def garbage_in_deleted(files: Files, random: Random) -> None:
    """One DateDeleted holds what is no date, or a day that has not come."""
    file = random.choice([file for file in files.tables if "DateDeleted" in files.tables[file][0]])
    rows = files.tables[file][1:]
    if rows:
        random.choice(rows)[files.column(file, "DateDeleted")] = random.choice(NOT_DELETED)


def garbage_in_a_cell(files: Files, random: Random) -> None:
    """A cell that a fact is made of is damaged."""
    file, column = random.choice(CODES)
    cells = files.cells(file, column)
    if cells:
        row, at = random.choice(cells)
        row[at] = random.choice([word for word in GARBAGE if not (column == "FAAmount" and word.isdigit())])


def a_date_that_could_be_two(files: Files, random: Random) -> None:
    """A spreadsheet rewrites one date, so that it could mean two days."""
    places = [(file.name, column) for file in FILES for column in file.dates if column != "DateDeleted"]
    cells = files.cells(*random.choice(places))
    if cells:
        row, at = random.choice(cells)
        row[at] = "2/3/2026"


def a_file_is_missing(files: Files, random: Random) -> None:
    """A file was not exported, or has no byte."""
    gone = random.choice(sorted(files.tables))
    if random.random() < 0.5:
        del files.tables[gone]
    else:
        files.after.append(lambda contents: contents.update({gone: b""}) if gone in contents else None)


def a_column_is_missing(files: Files, random: Random) -> None:
    """A column is misspelt.

    Not DateDeleted, without which no row is deleted; nor FunderID: vendors who have none have other
    keys.
    """
    file = random.choice(sorted(files.tables))
    known = LAYOUTS[file].columns
    headed = enumerate(files.tables[file][0])
    named = [at for at, name in headed if name in known and name not in {"DateDeleted", "FunderID"}]
    if named:
        files.tables[file][0][random.choice(named)] += "s"


def a_quote_opens(files: Files, random: Random) -> None:
    """Somebody typed a quotation mark at the beginning of a free text, in one row or in two."""
    file = random.choice([file for file in files.tables if file != "Export.csv"])

    def spoil(contents: dict[str, bytes]) -> None:
        lines = contents.get(file, b"").split(b"\n")
        rows = list(range(1, len(lines) - 1))
        for row in random.sample(rows, min(len(rows), random.choice((1, 2)))):
            lines[row] = lines[row].replace(b"Zyxwvut", random.choice((b'"Zyxwvut', b'Zyxwvut"', b'"')), 1)
        contents[file] = b"\n".join(lines)

    files.after.append(spoil)


def a_file_is_cut_off(files: Files, random: Random) -> None:
    """The transfer of a file ended within a row."""
    file = random.choice(sorted(files.tables))

    def cut(contents: dict[str, bytes]) -> None:
        content = contents.get(file, b"")
        last = content.rstrip(b"\n").rpartition(b"\n")[2]
        if b"," in last:
            end = last.rindex(b",")
            contents[file] = content.rstrip(b"\n")[: -(len(last) - random.randrange(1, end + 1))]

    files.after.append(cut)


def another_form(files: Files, random: Random) -> None:
    """A spreadsheet saves a file: other separators, blank rows, a comma at each row's end."""
    file = random.choice(sorted(files.tables))
    table = files.tables[file]
    match random.randrange(3):
        case 0:
            files.separators[file] = random.choice(";\t|")
        case 1:
            table += [[""] * len(table[0])] * 3
        case _:
            for row in table[1:]:
                row.append("")


def a_row_twice_with_another_code(files: Files, random: Random) -> None:
    """A row is there twice, with two answers and without a date of change."""
    file = random.choice([file for file in ("Exit.csv", "Enrollment.csv", "Client.csv") if file in files.tables])
    rows = files.tables[file][1:]
    if rows:
        again = [*random.choice(rows)]
        at = files.tables[file][0].index({"Exit.csv": "Destination", "Client.csv": "DOB"}.get(file, "EntryDate"))
        again[at] = {"Exit.csv": "101", "Client.csv": "2010-10-10"}.get(file, "2026-03-03")
        files.tables[file].append(again)


def a_line_that_is_no_row(files: Files, random: Random) -> None:
    """A program writes lines of its own: the number of rows, dashes, or the header once more."""
    file = random.choice(sorted(files.tables))
    kind, at = random.randrange(3), random.random()

    def write(contents: dict[str, bytes]) -> None:
        lines = contents.get(file, b"").split(b"\n")
        dashes = b",".join(b"-" * 8 for _ in lines[0].split(b","))
        line, place = ((b"(3 rows affected)", len(lines) - 1), (dashes, 1), (lines[0], 1 + int(at * (len(lines) - 1))))[
            kind
        ]
        contents[file] = b"\n".join([*lines[:place], line, *lines[place:]]) if lines[0] else b""

    files.after.append(write)


def a_row_breaks(files: Files, random: Random) -> None:
    """A free text holds a line end or a comma without quotes, or the end of a row is lost."""
    file = random.choice([file for file in sorted(files.tables) if file != "Export.csv"] or ["Client.csv"])
    kind, at = random.randrange(3), random.random()

    def write(contents: dict[str, bytes]) -> None:
        lines = contents.get(file, b"").split(b"\n")
        row = 1 + int(at * (len(lines) - 2)) if len(lines) > 2 else 0
        if not row:
            return
        if kind < 2:
            lines[row] = lines[row].replace(b"Zyxwvut-", (b"Zyxwvut\n", b"Zyxwvut, ")[kind], 1)
            contents[file] = b"\n".join(lines)
        else:
            contents[file] = b"\n".join(
                [*lines[:row], lines[row] + b"".join(lines[row + 1 : row + 2]), *lines[row + 2 :]]
            )

    files.after.append(write)


DAMAGES: Final[tuple[Damage, ...]] = (
    nothing_in_deleted,
    garbage_in_deleted,
    garbage_in_a_cell,
    garbage_in_a_cell,
    garbage_in_a_cell,
    a_date_that_could_be_two,
    a_file_is_missing,
    a_column_is_missing,
    a_quote_opens,
    a_file_is_cut_off,
    another_form,
    a_row_twice_with_another_code,
    a_line_that_is_no_row,
    a_row_breaks,
)
HARMLESS: Final = (another_form, nothing_in_deleted)
