"""The columns of HTCDS 2.0 that are read, and those that never are; and how its header is found.

Rules kept: only columns of this table are read; everything about identity is not in it. In the
Excel templates the hidden row 1 has the names and counts; labels of the row below disagree with it
(columns 14, 15, 17, 18, all about an address). Where names are missing, as in an export with
labels, the labels count. Capitals, underscores and Salesforce's `__c` make no difference.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from producers.errors import SourceUnreadable
from producers.sources.sheets.form.field_rows import ROWS_TO_SEE
from producers.sources.sheets.form.form_words import plain_form
from producers.sources.sheets.reading.sheet_rows import SheetRow, SourceSheet

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "consent": ("con_Consent", "Consent"),
    "gender": ("prs_Gender", "Gender"),
    "trafficking_status": ("vic_TraffickingStatus", "Trafficking Status"),
    "decision_maker": (
        "vic_TraffickingStatusDecisionMakingOrg",
        "vic_TraffickinStatusDecisionMakingOrg",
        "Trafficking Status Decision Making Organization",
    ),
    "recruitment_method": ("vic_MethodOfRecruitment", "Method of Recruitment"),
    "control_method": ("vic_MethodsOfControl", "Methods of Control"),
    "exploitation_type": ("vic_TypeOfExploitation", "Type of Exploitation"),
    "labor_sector": ("vic_ForcedLabourIndustry", "Forced Labour Industry"),
    "sex_exploitation_type": ("vic_TypeOfSexExploitation", "Type of Sex Exploitation"),
    "case_status": ("cas_Status", "Status"),
    "opened_on": ("cas_IncomingReferralDate", "Incoming Referral Date"),
    "left_on": ("cas_OutgoingReferralDate", "Outgoing Referral Date"),
}
"""Field → the names and the label of its column; the templates misspell one name."""
INSTANCE: Final = ("_uuid", "KEY", "instanceID", "meta/instanceID", "meta-instanceID")
"""The columns in which Kobo and ODK name a submission."""
CASE: Final = "case"
ROW_COLUMN: Final = 0
"""In the Excel templates column A has the row's number, without a name."""
KNOWN_BY: Final = frozenset(("opened_on", "exploitation_type"))
SEVERAL: Final = ("control_method", "exploitation_type", "recruitment_method", "labor_sector", "sex_exploitation_type")


@dataclass(frozen=True, slots=True)
class HtcdsHeader:
    """The places of the columns. `number`: of the last row of the header; `by_row`: no case key."""

    row: SheetRow
    number: int
    places: Mapping[str, int]
    by_row: bool


def compact(text: str) -> str:
    """The form that all spellings of a name share: small letters and digits alone."""
    return plain_form(re.sub(r"__c$", "", text.strip())).replace(" ", "")


_NAMES: Final = {compact(name): field for field, names in FIELDS.items() for name in names}
_INSTANCE: Final = frozenset(map(compact, INSTANCE))


def header_of(sheet: SourceSheet) -> HtcdsHeader | None:
    """The header of a sheet of HTCDS; None if it is none; raises SourceUnreadable."""
    rows = list(islice(sheet.rows(), ROWS_TO_SEE))
    for at, row in enumerate(rows):
        places = _places(row.cells)
        if places.keys() >= KNOWN_BY:
            below = rows[at + 1] if at + 1 < len(rows) else None
            number = below.number if below and _are_labels(below, places) else row.number
            return HtcdsHeader(row, number, _with_case(sheet, row, places), by_row=CASE not in places)
        _expect_one_column(sheet, row.cells)
    return None


def _places(cells: Sequence[str]) -> dict[str, int]:
    """Names first; a label counts only where no name stands for its field."""
    found: dict[str, int] = {}
    for at, text in enumerate(cells):
        form = compact(text.rpartition("/")[2]) if compact(text) not in _INSTANCE else compact(text)
        field = CASE if form in _INSTANCE else _NAMES.get(form)
        if field is not None:
            found.setdefault(field, at)
    return found


def _are_labels(row: SheetRow, places: Mapping[str, int]) -> bool:
    return all(row.cell(places[field]) == FIELDS[field][-1] for field in KNOWN_BY)


def _with_case(sheet: SourceSheet, row: SheetRow, places: Mapping[str, int]) -> dict[str, int]:
    if CASE in places:
        return dict(places)
    if row.cell(ROW_COLUMN):
        raise SourceUnreadable(
            f"{sheet.name} is a sheet of HTCDS without a key of its cases. Export it from Kobo or ODK with the column"
            " _uuid or KEY, or use the templates, whose column A numbers the cases."
        )
    return {**places, CASE: ROW_COLUMN}


def _expect_one_column(sheet: SourceSheet, cells: Sequence[str]) -> None:
    """Kobo can spread an answer with several codes over columns, one a code."""
    spread = {_NAMES.get(compact(part)) for text in cells for part in text.split("/")[:-1]}
    if spread & set(SEVERAL) and "opened_on" in _places(cells):
        raise SourceUnreadable(
            f"{sheet.name} has a column for each choice. Export answers with several choices as one column, or as both."
        )
