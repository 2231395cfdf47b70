"""Services, Event, HealthAndDV: rows beside the stay that they belong to.

Memory: one number for each service, to find the same service twice.
"""

from typing import Final

from producers.checks.passes.known_rows import Known, KnownStay
from producers.checks.passes.live_table import Cells, LiveTable, number
from producers.sources.hmis.reading.layout import HEALTH_STATUS

BED_NIGHT: Final = "200"
NIGHT_BY_NIGHT: Final = 1
MONEY: Final = ("151", "152")
LISTED: Final = frozenset({"141", "142", "143", "144", "151", "152", "161", "300"})
PENDING_DAYS: Final = 90
AT_ENTRY, AT_EXIT = 1, 3
RATED: Final = range(1, 6)


def check_services(known: Known) -> None:
    """Check Services.csv, if it can be read."""
    table = known.tables.get("Services.csv")
    if table is None:
        return
    seen: set[int] = set()
    found, stays, has_amount = known.found, known.stays, table.has("FAAmount")
    for row, cells in table.rows():
        record, kind, stay_key = cells["RecordType"], cells["TypeProvided"], cells["EnrollmentID"]
        stay, day = stays.get(stay_key), table.day(cells, "DateProvided")
        if not kind and record in LISTED:
            found.add("M12", row)
        if has_amount and record in MONEY and not cells["FAAmount"]:
            found.add("M13", row)
        same = hash(
            (stay_key, cells["DateProvided"], record, kind, cells.get("SubTypeProvided", ""), cells.get("FAAmount", ""))
        )
        if same in seen:
            found.add("I18", row)
        seen.add(same)
        if stay:
            stay.rows += 1
            stay.last = max(stay.last, day)
            if record == BED_NIGHT:
                _night(known, stay, row, day)
            else:
                outside(known, stay, (row, day), "Q02", "Q03")


def _night(known: Known, stay: KnownStay, row: int, day: int) -> None:
    stay.nights += 1
    project = known.project_of(stay)
    if project and project.kind != NIGHT_BY_NIGHT:
        known.found.add("Q16", row)
    if day and stay.entered and day < stay.entered:
        known.found.add("Q02", row)
    if day and stay.exited and stay.left and day >= stay.left:
        known.found.add("Q17", row)


def outside(known: Known, stay: KnownStay, dated: tuple[int, int], before: str, after: str) -> None:
    """Note a day before the entry or after the exit of its stay. `dated`: the row and its day."""
    row, day = dated
    if day and stay.entered and day < stay.entered:
        known.found.add(before, row)
    elif day and stay.exited and stay.left and day > stay.left:
        known.found.add(after, row)


def check_events(known: Known) -> None:
    """Check Event.csv, if it can be read."""
    table = known.tables.get("Event.csv")
    for row, cells in table.rows() if table else ():
        assert table is not None
        stay, day = known.stays.get(cells["EnrollmentID"]), table.day(cells, "EventDate")
        if stay:
            stay.rows += 1
            stay.last = max(stay.last, day)
            outside(known, stay, (row, day), "Q04", "Q05")
        _result(known, table, row, cells, day)


REFERRALS: Final = frozenset(range(10, 19)) | {1, 6, 7}


def _result(known: Known, table: LiveTable, row: int, cells: Cells, day: int) -> None:
    result, resolved = cells.get("ReferralResult", ""), table.day(cells, "ResultDate")
    if result and table.has("ResultDate") and not cells["ResultDate"]:
        known.found.add("Q10", row)
    if resolved and not result:
        known.found.add("Q11", row)
    if resolved and day and resolved < day:
        known.found.add("Q09", row)
    waits = day and known.today and known.today - day > PENDING_DAYS
    if waits and not result and table.has("ReferralResult") and number(cells, "Event") in REFERRALS:
        known.found.add("M14", row)


def check_health(known: Known) -> None:
    """Check HealthAndDV.csv, if it can be read."""
    table = known.tables.get("HealthAndDV.csv")
    for row, cells in table.rows() if table else ():
        assert table is not None
        stay, day = known.stays.get(cells["EnrollmentID"]), table.day(cells, "InformationDate")
        if stay:
            outside(known, stay, (row, day), "Q06", "Q06")
            _stage(known, stay, row, cells)
    for stay in known.stays.values():
        if stay.exited and stay.stages & 12 in (4, 8):
            known.found.add("M17", stay.row, file="Enrollment.csv", column="EnrollmentID")


def _stage(known: Known, stay: KnownStay, row: int, cells: Cells) -> None:
    stage = number(cells, "DataCollectionStage")
    if stage not in (AT_ENTRY, AT_EXIT):
        return
    bit = 1 if stage == AT_ENTRY else 2
    if stay.stages & bit:
        known.found.add("Q20", row)
    if stage == AT_EXIT and not stay.exited:
        known.found.add("Q21", row)
    rated = any(number(cells, column) in RATED for column in HEALTH_STATUS)
    stay.stages |= bit | (bit * 4 if rated else 0)
