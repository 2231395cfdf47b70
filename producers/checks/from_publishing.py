"""What publishing refuses, by rules of the check: the same code reads the file for both.

Rules kept: every refusal has a rule, so nothing that publishing refuses is missing from a check. A
refusal in words that are not known here falls under G99, with its own words beside it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from producers.caps import policy
from producers.facts import RowRefused
from producers.sources import jsonl
from producers.sources.hmis import hmis_export
from producers.sources.hmis.reading import bounded_lines, csv_rows, layout, row, walk
from producers.sources.hmis.rules import agency_rows, enrollment, export_row, health, households, referrals, stays
from producers.sources.sheets.form import form_facts, form_table, period_cells
from producers.sources.sheets.htcds import htcds_facts, htcds_table
from producers.sources.sheets.reading import cell_scan, excel_book

OTHER: Final = "G99"
BY_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        csv_rows.WIDTH: "S05",
        bounded_lines.TOO_LONG: "S05",
        walk.OPEN_DATES: "S20",
        walk.NOT_DELETED: "I04",
        walk.NOT_YET: "I04",
        walk.NOT_PROVEN: "I05",
        walk.NEWER: "I02",
        walk.WHICH: "I03",
        export_row.ONE_ROW: "S11",
        export_row.NO_ROW: "S12",
        export_row.NO_YEAR: "S13",
        export_row.OTHER_YEAR: "S14",
        hmis_export.ALL_DELETED: "S19",
        row.NOT_A_KEY: "I01",
        row.NOT_A_DATE: "D01",
        row.NOT_AN_EVENT_DAY: "D02",
        stays.AFTER_EXPORT: "D03",
        agency_rows.NO_PROJECT: "I08",
        agency_rows.NO_STATE: "C17",
        agency_rows.SHELTERED_ALL: "I19",
        households.OUTSIDE: "Q07",
        households.UNKNOWN_DAY: "H09",
        enrollment.NO_HEAD: "H08",
        referrals.NO_EVENT: "C12",
        health.STAY_UNREAD: "C14",
        jsonl.BODY_RULE: "G02",
        policy.IN_THE_FUTURE.rule: "G07",
    }
)
"""Publishing's words → rule."""
BY_BEGINNING: Final = (
    ("the file is missing", "S01"),
    ("the header row", "S03"),
    ("the row cannot be parsed: a quote", "S06"),
    ("of the ", "S21"),
    ("the enrollment, or its client, is not in the export", "I10"),
    ("the client is not the one of the enrollment", "I11"),
    ("the flag is not 0 or 1", "I20"),
    ("another row of the organization", "I20"),
    ("the organization was not read", "I21"),
    ("the provider is a victim service provider", "I21"),
    ("the night stays", "Q29"),
    ("the cell is not a whole number", "C21"),
    ("the cell is not dollars", "C10"),
    ("the code is not a record type", "C08"),
    ("the line", "G01"),
    ("a column is there twice", "G01"),
    ("is not a column", "G03"),
    ("is missing", "G04"),
    ("must be an object", "G04"),
    ("is repeated", "G08"),
    ("must be a text of", "G09"),
    ("must be a whole number", "G09"),
    ("must be the two small letters", "G10"),
    ("must be a code of us_state", "G10"),
    ("must be a quarter", "G06"),
    ("an agency that shares totals", "G06"),
    ("must be a code of", "G05"),
    ("must be one of", "G05"),
)
"""How publishing's words begin, where they go on with names of columns or lists."""
OF_SHEETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        form_facts.EMPTY: "G14",
        **{rule: "G14" for _, _, rule in form_facts.NEEDS},
        form_facts.YES_RULE: "G15",
        htcds_facts.STATUS_RULE: "G15",
        cell_scan.ERROR: "G16",
        cell_scan.UNCALCULATED: "G16",
        cell_scan.MERGED: "G17",
        excel_book.NOT_EXACT: "G18",
        csv_rows.WIDTH: "G19",
        bounded_lines.TOO_LONG: "G19",
        form_table.CONTRADICTED: "G20",
        htcds_table.TWICE: "G20",
        htcds_facts.ONE_OF_SEVERAL: "G21",
        period_cells.PERIOD_RULE: "G22",
        period_cells.YEAR_RULE: "G22",
    }
)
"""Words about a sheet → rule."""
SHEETS_BEGIN: Final = (
    ("must be a code of the list", "G15"),
    ("the row cannot be parsed: a quote", "G19"),
)
"""How words about a sheet begin, where they go on with a list or a number of lines."""
OF_CODES: Final = (row.OUTSIDE_LIST, "the code is not in its list")
BY_COLUMN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ReferralSource": "C01",
        "LivingSituation": "C02",
        "Destination": "C03",
        "ProjectCompletionStatus": "C04",
        "EarlyExitReason": "C05",
        **dict.fromkeys(layout.TRAFFICKING, "C06"),
        **dict.fromkeys(("CounselingReceived", "DestinationSafeClient", "DestinationSafeWorker"), "C07"),
        **dict.fromkeys(layout.CONNECTIONS, "C07"),
        "TypeProvided": "C09",
        "ReferralOutcome": "C11",
        **dict.fromkeys(("ReferralResult", "ReferralCaseManageAfter", "ProbSolDivRRResult"), "C13"),
        **dict.fromkeys((*layout.HEALTH_STATUS, "PregnancyStatus", "DataCollectionStage"), "C14"),
        "ProjectType": "C15",
        "Funder": "C16",
        "RelationshipToHoH": "C18",
        **dict.fromkeys(("Sex", *layout.GENDERS_2024), "C19"),
        "DOBDataQuality": "C20",
    }
)
"""Column → rule, where a code is outside its list."""
_DATES: Final[Mapping[str, str]] = MappingProxyType({"DOB": "D04", "EndDate": "D05"})


def rule_of(refused: RowRefused, *, of_sheet: bool = False) -> str:
    """The id of the rule of the check that a refusal falls under.

    `of_sheet`: the file is a sheet.
    """
    return (of_sheet and _of_sheet(refused.rule)) or _of_any(refused)


def _of_any(refused: RowRefused) -> str:
    words = refused.rule
    if words in BY_WORDS:
        return BY_WORDS[words]
    if words.startswith(OF_CODES) and refused.column in BY_COLUMN:
        return BY_COLUMN[refused.column]
    if words.startswith(row.NOT_A_DATE):
        return _DATES.get(refused.column, OTHER)
    if words.startswith("the column ") and not refused.where.row:
        return "S04" if words.endswith("twice") else "S03"
    if refused.column == "body" and not refused.where.file.endswith(".csv"):
        return "G11"
    return next((name for begins, name in BY_BEGINNING if words.startswith(begins)), OTHER)


def _of_sheet(words: str) -> str:
    """The rule about sheets alone that words fall under; empty if none."""
    found = (name for begins, name in SHEETS_BEGIN if words.startswith(begins))
    return OF_SHEETS.get(words) or next(found, "")
