"""Rules for every other source, about facts, and beside the agency's own history."""

from typing import Final

from producers.checks.check_rule import CheckRule
from producers.checks.rules.rule_kinds import E, L, R, published, rule

GENERAL_RULES: Final[tuple[CheckRule, ...]] = (
    published("G01", L.ERROR, "", "", "The line cannot be read: it is no object, too long, or in another encoding.", R.PROGRAM, E.ROW_LOST),
    published("G02", L.ERROR, "", "body", "The body is none that the exchange knows.", R.PROGRAM, E.ROW_LOST),
    published("G03", L.ERROR, "", "", "A column is none of the format.", R.PROGRAM, E.ROW_LOST),
    published("G04", L.ERROR, "", "", "A column is missing.", R.PROGRAM, E.ROW_LOST),
    published("G05", L.ERROR, "", "", "The code is not in its list.", R.PROGRAM, E.ROW_LOST),
    published("G06", L.ERROR, "", "period", "The period is no quarter or year, or is of another kind than your class sends.", R.PROGRAM, E.ROW_LOST),
    published("G07", L.ERROR, "", "period", "The period has not begun.", R.DATES, E.ROW_LOST),
    published("G08", L.ERROR, "", "key", "The key is repeated.", R.PROGRAM, E.ROW_LOST),
    published("G09", L.ERROR, "", "", "The text or number is empty, too long or too large.", R.PROGRAM, E.ROW_LOST),
    published("G10", L.ERROR, "", "state", "The state is none.", R.PROGRAM, E.ROW_LOST),
    published("G11", L.ERROR, "", "body", "The codes of the fact contradict each other.", R.PROGRAM, E.ROW_LOST),
    rule("G12", L.WARNING, "", "client", "A fact about a client names none, so no cap can be applied: it is in no published figure.", R.PROGRAM, E.TOO_FEW),
    rule("G13", L.NOTE, "", "", "The same fact about the same client in the same quarter is there more than ten times.", R.MERGE, E.TOO_MANY),
    published("G14", L.ERROR, "", "", "A cell that the row needs is empty.", R.SHEET, E.ROW_LOST),
    published("G15", L.ERROR, "", "", "The word is none of the column: neither yes nor no, nor in its list.", R.SHEET, E.ROW_LOST),
    published("G16", L.ERROR, "", "", "The cell holds an error, or a formula that was never calculated.", R.SHEET_SAVE, E.ROW_LOST),
    published("G17", L.ERROR, "", "", "Cells are merged.", R.SHEET, E.ROW_LOST),
    published("G18", L.ERROR, "", "", "The number has more digits than a spreadsheet keeps: its last ones are lost.", R.SHEET_SAVE, E.ROW_LOST),
    published("G19", L.ERROR, "", "", "The row has other cells than the header, or a quotation mark swallows lines.", R.SHEET_SAVE, E.ROW_LOST),
    published("G20", L.ERROR, "", "", "Two rows state different things about one case.", R.SHEET_ROWS, E.ROW_LOST),
    published("G21", L.WARNING, "", "", "The cell names several answers where one counts.", R.SHEET_ROWS, E.NOT_KNOWN),
    published("G22", L.ERROR, "", "", "The cell is no quarter, no year and no date that can mean one day only.", R.SHEET, E.ROW_LOST),
    published("G99", L.ERROR, "", "", "Publishing refuses the row by another rule, which stands beside it.", R.PROGRAM, E.ROW_LOST),
    rule("V01", L.WARNING, "", "", "The number of a quarter is far from those of your last eight quarters.", R.COMPARE, E.NO_EFFECT),
    rule("V02", L.WARNING, "", "", "There is none in this quarter, and there were some in each of your last eight.", R.COMPARE, E.TOO_FEW),
    rule("V03", L.NOTE, "", "", "More than half of the codes of a field are not known, and less than a quarter of them were before.", R.COMPARE, E.NOT_COLLECTED),
)  # fmt: skip
