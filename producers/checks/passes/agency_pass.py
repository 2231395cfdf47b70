"""Export, Organization, Project, ProjectCoC, Funder: what they lack or contradict."""

from datetime import date
from typing import Final

from producers.checks.passes.known_rows import Known, KnownProject
from producers.checks.passes.live_table import Cells, LiveTable, number, written_as_number
from producers.sources.hmis.rules.agency_side import Window

FULL: Final = 2
PLAIN: Final = 1
YOUTH: Final = range(22, 27)
OTHER_FUNDER: Final = 46
A_YEAR_DAYS: Final = 366


def check_agency(known: Known) -> None:
    """Check the five files, as far as they can be read."""
    for name, check in (
        ("Export.csv", _export),
        ("Organization.csv", _organization),
        ("Project.csv", _project),
        ("ProjectCoC.csv", _place),
        ("Funder.csv", _funder),
    ):
        table = known.tables.get(name)
        if table:
            for row, cells in table.rows():
                check(known, table, row, cells)


def _export(known: Known, table: LiveTable, row: int, cells: Cells) -> None:
    start, end, made = (table.day(cells, name) for name in ("ExportStartDate", "ExportEndDate", "ExportDate"))
    known.made, known.until = made, end
    if number(cells, "ExportDirective") != FULL:
        known.found.add("S15", row)
    if start and end and (end < start or (made and end > made + A_YEAR_DAYS)):
        known.found.add("S17", row)
    window = Window.of(*(date.fromordinal(day) if day else None for day in (start, end, made)))
    if window and not window.quarters():
        known.found.add("S16", row)
    if number(cells, "HashStatus") not in (None, PLAIN):
        known.found.add("S18", row)


def _organization(known: Known, _: LiveTable, row: int, cells: Cells) -> None:
    known.organizations.add(cells["OrganizationID"])
    spelt(known, "Organization.csv", "OrganizationID", row, cells)


def _project(known: Known, table: LiveTable, row: int, cells: Cells) -> None:
    began, ended = table.day(cells, "OperatingStartDate"), table.day(cells, "OperatingEndDate")
    known.projects[cells["ProjectID"]] = KnownProject(row, number(cells, "ProjectType"), began, ended)
    spelt(known, "Project.csv", "ProjectID", row, cells)
    if cells["OrganizationID"] not in known.organizations:
        known.found.add("I07", row)
    if began and ended and ended < began:
        known.found.add("D09", row)


def _place(known: Known, _: LiveTable, row: int, cells: Cells) -> None:
    project = known.projects.get(cells["ProjectID"])
    if project:
        project.places = True
    if not cells["CoCCode"]:  # of another one, publishing tells
        known.found.add("C17", row)


def _funder(known: Known, table: LiveTable, row: int, cells: Cells) -> None:
    project, code = known.projects.get(cells["ProjectID"]), number(cells, "Funder")
    if project:
        project.funded = True
        project.youth |= code in YOUTH
    if code == OTHER_FUNDER and not cells.get("OtherFunder"):
        known.found.add("C22", row)
    start, end = table.day(cells, "StartDate"), table.day(cells, "EndDate")
    if start and end and end < start:
        known.found.add("D06", row)


def check_projects(known: Known) -> None:
    """What the projects lack, once every enrollment was read."""
    for project in known.projects.values():
        for name, missing in (("I13", not project.stays), ("I14", not project.places), ("I15", not project.funded)):
            if missing:
                known.found.add(name, project.row)


def spelt(known: Known, file: str, column: str, row: int, cells: Cells) -> None:
    """Note a key that a spreadsheet has probably changed."""
    if written_as_number(cells[column]):
        known.found.add("I06", row, file=file, column=column)
