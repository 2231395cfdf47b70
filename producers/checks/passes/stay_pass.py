"""Enrollment: entries, and answers at them."""

from typing import Final

from producers.checks.passes.agency_pass import spelt
from producers.checks.passes.known_rows import Known, KnownProject, KnownStay
from producers.checks.passes.live_table import CREATED, Cells, LiveTable, number, years_between

HEAD: Final = 1
ADULT: Final = 18
OLDEST: Final = 100
SOON_DAYS: Final = 11
NOT_COLLECTED: Final = 99
PERMANENT: Final = frozenset({3, 9, 10, 13})


def check_entries(known: Known) -> None:
    """Check Enrollment.csv, if it can be read."""
    table = known.tables.get("Enrollment.csv")
    for row, cells in table.rows() if table else ():
        assert table is not None
        stay = _stay(table, row, cells)
        known.stays[cells["EnrollmentID"]] = stay
        spelt(known, "Enrollment.csv", "EnrollmentID", row, cells)
        project = known.project_of(stay)
        if project:
            project.stays += 1
            _beside_project(known, stay, project, cells)
        _client(known, stay)
        _answers(known, table, stay, cells)
        late(known, table, "D10", (row, stay.entered), cells)


def _stay(table: LiveTable, row: int, cells: Cells) -> KnownStay:
    return KnownStay(
        row,
        cells["PersonalID"],
        cells["ProjectID"],
        table.day(cells, "EntryDate"),
        cells.get("HouseholdID", ""),
        number(cells, "RelationshipToHoH"),
        table.day(cells, "MoveInDate"),
    )


def _beside_project(known: Known, stay: KnownStay, project: KnownProject, cells: Cells) -> None:
    entered, found = stay.entered, known.found
    if entered and project.began and entered < project.began:
        found.add("D07", stay.row)
    if entered and project.ended and entered > project.ended:
        found.add("D08", stay.row)
    if cells.get("MoveInDate") and project.kind not in PERMANENT:
        found.add("Q08", stay.row)
    if project.youth and number(cells, "ReferralSource") in (None, NOT_COLLECTED):
        found.add("M06", stay.row)


def _client(known: Known, stay: KnownStay) -> None:
    client = known.clients.get(stay.client)
    if client is None:
        known.found.add("I09", stay.row)
        return
    client.stays += 1
    if not (client.born and stay.entered):
        return
    if stay.entered < client.born:
        known.found.add("A01", stay.row)
    elif stay.entered == client.born:
        known.found.add("A03", stay.row)
    elif years_between(client.born, stay.entered) > OLDEST:
        known.found.add("A02", stay.row)


def _answers(known: Known, table: LiveTable, stay: KnownStay, cells: Cells) -> None:
    found, row, age = known.found, stay.row, known.age(stay)
    asked = stay.relation == HEAD or age is None or age >= ADULT
    if asked and table.has("LivingSituation") and number(cells, "LivingSituation") in (None, NOT_COLLECTED):
        found.add("M01", row)
    if asked and table.has("EnrollmentCoC") and stay.relation == HEAD and not cells["EnrollmentCoC"]:
        found.add("M15", row)
    if asked and table.has("DisablingCondition") and number(cells, "DisablingCondition") in (None, NOT_COLLECTED):
        found.add("M16", row)
    if table.has("HouseholdID") and not stay.household:
        found.add("H03", row)
    if table.has("RelationshipToHoH") and stay.relation in (None, NOT_COLLECTED):
        found.add("H04", row)


def late(known: Known, table: LiveTable, name: str, dated: tuple[int, int], cells: Cells) -> None:
    """Note a record that was made long after its day. `dated`: its row and day."""
    row, day = dated
    made = table.day(cells, CREATED)
    if day and made and made - day > SOON_DAYS:
        known.found.add(name, row)
