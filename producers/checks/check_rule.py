"""A rule of `exchange edge check`: what is wrong, how to mend it, and what it does to figures.

Rules kept: an id never changes its meaning and is never used again. A rule's words hold no value of
a record, because rules are written before any file is read.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Level(StrEnum):
    """How much a finding matters. `meaning`: in words."""

    meaning: str

    ERROR = "error", "Something is not read, or is wrong in a figure. Mend it before you publish."
    WARNING = "warning", "A figure is probably wrong, or less is known than could be."
    NOTE = "note", "Worth a look. It may well be right."

    def __new__(cls, name: str, meaning: str) -> Self:
        """The level, with its meaning beside it."""
        made = str.__new__(cls, name)
        made._value_ = name
        made.meaning = meaning
        return made


class RepairStep(StrEnum):
    """What a person does about findings, in the case system; one repair may mend many rows."""

    EXPORT_ANEW = "Export again, from the HMIS itself. Do not open or save the files in between."
    EXPORT_MORE = "Export again with all files and all columns of the standard."
    EXPORT_PERIOD = "Export again for whole quarters, as a full export of a reporting period."
    EXPORT_ADVANCE = "Ask your HMIS vendor or administrator: the export itself is wrong, not your records."
    MERGE = "Merge the records that are the same in the HMIS, and delete the one too many."
    LINK = "Open the record in the HMIS and link it to the right client, enrollment or project."
    DATES = "Open the record in the HMIS and correct the date."
    EXITS = "Look whether the client has left. If so, enter the exit with its true date."
    STAYS = "Open the client's enrollments in the HMIS and correct their entry and exit dates."
    CODES = "Open the record in the HMIS and choose the answer from its list."
    ANSWERS = "Ask the client, or look into the file, and enter the answer."
    FOLLOW_UPS = "Open the assessment in the HMIS: the answers contradict each other."
    BIRTH = "Open the client's record and correct the date of birth, or its quality."
    HOUSEHOLDS = "Open the household in the HMIS: exactly one member is its head."
    PROJECTS = "Ask your HMIS administrator to correct the project's descriptors."
    MONEY = "Open the service in the HMIS and enter the amount in dollars."
    NIGHTS = "Open the bed nights of the project in the HMIS, and compare them with its register."
    SOONER = "Enter records within days. Nothing need be changed in those that are there."
    SHEET = "Open the sheet and correct the cell in the named row, or fill it."
    SHEET_ROWS = "Open the sheet and leave one row, or one answer, where two contradict each other."
    SHEET_SAVE = "Open the file in the program that it comes from, and save or export it anew."
    PROGRAM = "Correct the program that writes the file, and write it again."
    PROFILE = "Compare the profile with the file, and correct the one that is wrong."
    COMPARE = "Compare the number with your own register. If it is right, say so with --right."


class Effect(StrEnum):
    """What findings do to the figures of the agency."""

    NOTHING_READ = "Nothing of the export is read: none of it comes into your figures."
    TABLE_LOST = "Nothing of this file is read: what it states is in none of your figures."
    COLUMN_LOST = "The answers of this column are not known; answers that were published stay."
    ROW_LOST = "The row is refused: what it states is in none of your figures."
    NOT_KNOWN = "The row is published, and this answer counts as not known."
    NOT_COLLECTED = "The answer counts as not collected: your share of known answers falls."
    BAND_LOST = "The age, wait or length that follows from it is published as not known."
    CASE_LOST = "The case, or its end, is in none of your figures; its services may be."
    TOO_MANY = "The same help may be counted twice."
    TOO_FEW = "Help that was given may be missing from your figures."
    WRONG_QUARTER = "It may be counted in a wrong quarter, or a wait or length may be wrong."
    WRONG_CODE = "It is counted, but perhaps as something else than it was."
    SHELTERED = "No event about these clients leaves: only totals may."
    NOT_WITHDRAWN = "What was published before stays, though it may be gone."
    LATE = "It comes into figures later than it could, or too late for the quarter that was drawn."
    NO_EFFECT = "None: the exchange does not read it, or reads it as you mean it."


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One rule.

    `table`: the file that its rows are in, empty for any file. `column`: where to look; empty for
    the row as a whole. `report`: the report of a funder that it changes, beside ours; empty: none
    that is listed here. `needs`: the other files without which it cannot be checked. `publishing`:
    the rule is one by which publishing refuses, and is found by the same code.
    """

    id: str
    level: Level
    table: str
    column: str
    meaning: str
    repair: RepairStep
    effect: Effect
    report: str = ""
    needs: tuple[str, ...] = ()
    publishing: bool = False
