"""Client: births and answers."""

from datetime import date
from typing import Final

from producers.checks.passes.agency_pass import spelt
from producers.checks.passes.known_rows import Known, KnownClient
from producers.checks.passes.live_table import Cells, number
from producers.sources.hmis.reading.layout import GENDERS_2024

FULL_DATE, PARTIAL_DATE = 1, 2
NO_DATE: Final = (8, 9, 99)
NOT_COLLECTED: Final = 99


def check_clients(known: Known) -> None:
    """Check Client.csv, if it can be read."""
    table = known.tables.get("Client.csv")
    if table is None:
        return
    genders = [column for column in ("Sex", *GENDERS_2024) if table.has(column)]
    for row, cells in table.rows():
        born = table.born(cells)
        known.clients[cells["PersonalID"]] = KnownClient(row, born, cells.get("Sex", ""))
        spelt(known, "Client.csv", "PersonalID", row, cells)
        _birth(known, row, cells, born)
        if genders and all(_is_missing(cells, column) for column in genders):
            known.found.add("M05", row, column=genders[0])
        if table.has("VeteranStatus") and number(cells, "VeteranStatus") in (None, NOT_COLLECTED):
            known.found.add("M19", row)


def _is_missing(cells: Cells, column: str) -> bool:
    """Whether nothing was answered; 0 is a sex, and no answer to one of several genders."""
    return number(cells, column) in ((None, NOT_COLLECTED) if column == "Sex" else (None, 0, NOT_COLLECTED))


def _birth(known: Known, row: int, cells: Cells, born: int) -> None:
    quality, found = number(cells, "DOBDataQuality"), known.found
    if not cells.get("DOB") and quality not in (FULL_DATE, PARTIAL_DATE):
        found.add("M03", row)
    elif not cells.get("DOB"):
        found.add("A04", row)
    elif quality in NO_DATE:
        found.add("A05", row)
    if quality == PARTIAL_DATE:
        found.add("M04", row)
    elif born and (birth := date.fromordinal(born)).month == birth.day == 1:
        found.add("A06", row)
