"""Codes and labels of HTCDS 2.0 → codes of the vocabulary, by its `source_code`.

Rules kept: a cell may hold names or labels, several with `;`, with commas or with a space between
them, so the longest known name counts at each place (a label may hold `;` itself). A cell of which
any part names nothing is not read.

Source: HTCDS 2.0 by IOM, https://github.com/UNMigration/HTCDS, CC BY 4.0. IOM does not endorse this
project. The labels below are those that differ from their names.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from exchange.core.model import vocabulary as v
from producers.edge_phrases import list_of
from producers.sources.sheets.form.form_words import plain_form
from producers.sources.sheets.htcds.htcds_columns import compact
from schemas.lists import read_list

SOURCE: Final = "HTCDS 2.0"
TOKENS_MAX: Final = 20
"""The longest label has 17 words."""
LABELS: Final[Mapping[str, str]] = {
    "ThreatsLawEnforcement": "Threats of law enforcement",
    "E_WaterSupplySewerageWasteManagement": "Water supply; sewerage, waste management and remediation",
    "G_WholesaleAndRetailTradeRepairOfMotorVehicles": (
        "Wholesale and retail trade; repair of motor vehicles and motorcycles"
    ),
    "O_PublicAdministrationAndDefence": "Public administration and defence; compulsory social security",
    "T_ActivitiesOfHouseholdsAsEmployers": (
        "Activities of households as employers; undifferentiated goods- and services- producing activities of households"
        " for own use"
    ),
    "U_ActivitiesOfExtraterritorialOrganizations": "Activities of extraterritorial organizations and bodies",
}
UNKNOWN_GENDERS: Final = ("NonSpecifiedUnknown", "Not Specified/Unknown")
LISTS: Final[Mapping[str, type[StrEnum]]] = {
    "gender": v.Gender,
    "trafficking_status": v.TraffickingStatus,
    "decision_maker": v.DecisionMaker,
    "recruitment_method": v.RecruitmentMethod,
    "control_method": v.ControlMethod,
    "exploitation_type": v.ExploitationType,
    "labor_sector": v.LaborSector,
    "sex_exploitation_type": v.SexExploitationType,
}
"""Field → list."""


class CaseStatus(StrEnum):
    """The states of a case in HTCDS."""

    ACTIVE = "Active"
    FOLLOW_UP = "FollowUp"
    CLOSED = "Closed"
    CLOSED_REFERRED = "ClosedReferred"


@cache
def codes_of(field: str) -> Mapping[str, StrEnum]:
    """Compact name or label → code, of one field."""
    if field == "case_status":
        return {compact(status.value): status for status in CaseStatus}
    kind = LISTS[field]
    found = {
        form: kind(row["code"])
        for row in read_list(list_of(kind))
        if row["source"] == SOURCE
        for name in row["source_code"].split(";")
        for form in _forms(name)
    }
    return found | ({compact(name): v.Gender.not_known for name in UNKNOWN_GENDERS} if field == "gender" else {})


def _forms(name: str) -> Iterable[str]:
    """A name; the same without the letter of its sector; its label where that differs."""
    return {compact(name), compact(re.sub(r"^[A-U]_", "", name)), compact(LABELS.get(name, name))}


def several(field: str, text: str) -> list[StrEnum] | None:
    """The codes that a cell names, each once, in its order; None if a part of it names nothing."""
    known, found = codes_of(field), dict[StrEnum, None]()
    tokens = plain_form(text).split()
    while tokens:
        end = next((end for end in range(min(len(tokens), TOKENS_MAX), 0, -1) if "".join(tokens[:end]) in known), 0)
        if not end:
            return None
        found[known["".join(tokens[:end])]] = None
        tokens = tokens[end:]
    return list(found)
