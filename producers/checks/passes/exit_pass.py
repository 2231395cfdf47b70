"""Exit: the end of a stay, and the answers at it."""

from typing import Final

from producers.checks.passes.known_rows import Known, KnownStay
from producers.checks.passes.live_table import Cells, LiveTable, number
from producers.checks.passes.stay_pass import late
from producers.sources.hmis.reading.layout import CONNECTIONS

YES: Final = 1
NOT_COLLECTED: Final = 99
DECEASED: Final = 24
DISCHARGED: Final = 3
SUBSIDIZED: Final = 435
NOT_KNOWN: Final = frozenset({None, 8, 9, 30, 99})
AT_LEAST: Final = 10
"""Exits below which a share says nothing."""
SEX: Final = "ExchangeForSex"
AFTER_SEX: Final = ("ExchangeForSexPastThreeMonths", "CountOfExchangeForSex", "AskedOrForcedToExchangeForSex")
WORK: Final = ("WorkplaceViolenceThreats", "WorkplacePromiseDifference")
SIGNS: Final = (SEX, *WORK)


def check_exits(known: Known) -> None:
    """Check Exit.csv, if it can be read."""
    table, died = known.tables.get("Exit.csv"), []
    exits = unknown = 0
    for row, cells in table.rows() if table else ():
        assert table is not None
        stay, day = known.stays.get(cells["EnrollmentID"]), table.day(cells, "ExitDate")
        destination = number(cells, "Destination")
        exits += 1
        unknown += destination in NOT_KNOWN
        if stay:
            _order(known, stay, row, day)
            _of_youth(known, table, stay, row, cells)
            if destination == DECEASED and day:
                died.append((stay.client, day, row))
        _answers(known, table, row, cells, destination)
        late(known, table, "D11", (row, day), cells)
    if exits >= AT_LEAST and unknown * 2 > exits:
        known.found.add("M18", 0)
    _after_death(known, died)


def _order(known: Known, stay: KnownStay, row: int, day: int) -> None:
    stay.exited, stay.left = True, day
    if not (day and stay.entered):
        return
    project = known.project_of(stay)
    if day < stay.entered:
        known.found.add("Q01", row)
    elif day == stay.entered and project and project.shelters and project.kind != 1:
        known.found.add("Q19", row)
    if stay.moved and stay.entered <= day < stay.moved:
        known.found.add("Q28", row)


def _of_youth(known: Known, table: LiveTable, stay: KnownStay, row: int, cells: Cells) -> None:
    project = known.project_of(stay)
    if not (project and project.youth):
        return
    for name, columns in (
        ("M07", SIGNS),
        ("M08", ("DestinationSafeClient",)),
        ("M09", CONNECTIONS),
        ("M10", ("ProjectCompletionStatus",)),
    ):
        here = [column for column in columns if table.has(column)]
        if here and all(number(cells, column) in (None, NOT_COLLECTED) for column in here):
            known.found.add(name, row)


def _answers(known: Known, table: LiveTable, row: int, cells: Cells, destination: int | None) -> None:
    found = known.found
    if table.has("Destination") and destination in (None, 30, NOT_COLLECTED):
        found.add("M02", row)
    discharged = number(cells, "ProjectCompletionStatus") == DISCHARGED
    reason = cells.get("EarlyExitReason", "")
    if discharged and table.has("EarlyExitReason") and not reason:
        found.add("M11", row)
    elif reason and not discharged:
        found.add("Q25", row)
    if (
        number(cells, "CounselingReceived") == YES
        and table.has("SessionCountAtExit")
        and not cells["SessionCountAtExit"]
    ):
        found.add("M20", row)
    if table.has("DestinationSubsidyType") and bool(cells["DestinationSubsidyType"]) is not (destination == SUBSIDIZED):
        found.add("Q27", row)
    _follow_ups(known, table, row, cells)


def _follow_ups(known: Known, table: LiveTable, row: int, cells: Cells) -> None:
    asked = [column for column in AFTER_SEX if table.has(column)]
    answered = [column for column in asked if number(cells, column) not in (None, NOT_COLLECTED)]
    if number(cells, SEX) == YES and asked and not answered:
        known.found.add("Q22", row)
    elif number(cells, SEX) != YES and table.has(SEX) and answered:
        known.found.add("Q23", row)
    coerced = number(cells, "CoercedToContinueWork") not in (None, NOT_COLLECTED)
    if coerced and all(number(cells, column) != YES for column in WORK):
        known.found.add("Q24", row)


def _after_death(known: Known, died: list[tuple[str, int, int]]) -> None:
    if not died:
        return
    last: dict[str, int] = {}
    for stay in known.stays.values():
        last[stay.client] = max(last.get(stay.client, 0), stay.entered)
    for client, day, row in died:
        if last.get(client, 0) > day:
            known.found.add("Q26", row)
