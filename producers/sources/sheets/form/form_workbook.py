"""Writes our sheet as a workbook of Excel, in English or Spanish, from the columns and their words.

Rules kept: a drop-down refers to a named range on a very hidden sheet, because Excel drops a
list of more than 255 characters without a word. Case and quarter are text columns, so that
`007` stays. The file names no person and no time of its making, so it is the same for everybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from producers.sources.sheets.form.form_columns import CASES, SURVEY, FormColumn
from producers.sources.sheets.form.form_words import KEY, QUARTER, YEAR, YES_NO

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

ROWS: Final = 2_000
"""Rows with drop-downs."""
VERSION: Final = "exchange sheet 1"
HEADER: Final = 3
LISTS_SHEET: Final = "lists"
WIDTHS: Final = {KEY: 12, QUARTER: 11, YEAR: 8, YES_NO: 10}
WIDTH: Final = 26
TITLE_CHARS_MAX: Final = 32
MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
QUARTERS_AROUND: Final = 3
"""Years before and after this one whose quarters are offered."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a workbook beside its columns."""

    cases: str
    survey: str
    how: Sequence[str]
    how_survey: Sequence[str]
    wrong: str


WORDINGS: Final[Mapping[str, Wording]] = {
    "en": Wording(
        "Cases",
        "Yearly survey",
        (
            "One row for each case, quarter and service needed. Leave empty what you did not ask.",
            "Never write a name, a birth date or an address. Case numbers stay on this computer.",
        ),
        (
            "Five minutes a year, about your agency alone. One barrier a row.",
            "Nothing here is about a client.",
        ),
        "Choose a word of the list.",
    ),
    "es": Wording(
        "Casos",
        "Encuesta del año",
        (
            "Una fila por caso, trimestre y servicio necesario. Deje vacío lo que no preguntó.",
            "Nunca escriba un nombre, una fecha de nacimiento ni una dirección. Los números no salen de aquí.",
        ),
        (
            "Cinco minutos al año, solo sobre su agencia. Una barrera por fila.",
            "Nada aquí es sobre una persona atendida.",
        ),
        "Elija una palabra de la lista.",
    ),
}
LANGUAGES: Final = tuple(WORDINGS)
US_LETTER: Final = 1


def write_workbook(path: Path, language: str, year: int) -> None:
    """Write the sheet. `language`: of `LANGUAGES`; `year`: the quarters around it are offered.

    Raises OSError; ModuleNotFoundError without the extra `excel`.
    """
    from xlsxwriter import Workbook

    wording = WORDINGS[language]
    book = Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": MADE, "comments": VERSION})
    formats = _formats(book)
    cases, survey = book.add_worksheet(wording.cases), book.add_worksheet(wording.survey)
    lists = book.add_worksheet(LISTS_SHEET)
    lists.very_hidden()
    ranges = _Ranges(book, lists, language, year)
    _fill(cases, CASES, wording.how, wording.wrong, ranges, formats, language)
    _fill(survey, SURVEY, wording.how_survey, wording.wrong, ranges, formats, language)
    cases.activate()
    _close(book)


def _close(book: "Workbook") -> None:
    from xlsxwriter.exceptions import FileCreateError

    try:
        book.close()
    except FileCreateError as error:
        raise OSError(str(error)) from None


def _formats(book: "Workbook") -> dict[str, Any]:
    return {
        "header": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 2}),
        "text": book.add_format({"num_format": "@"}),
        "how": book.add_format({"italic": True}),
    }


class _Ranges:
    """The named ranges of the drop-downs, one a column, on the hidden sheet."""

    def __init__(self, book: "Workbook", lists: "Worksheet", language: str, year: int) -> None:
        self._book, self._lists, self._language, self._year = book, lists, language, year
        self._columns = 0

    def name_of(self, column: FormColumn) -> str:
        """The name of the range with the words of a column; empty if it has none."""
        words = self._words(column)
        if not words:
            return ""
        at, name = self._columns, f"list_{column.code}"
        self._columns += 1
        self._lists.write_column(0, at, words)
        letter = chr(ord("A") + at)
        self._book.define_name(name, f"={LISTS_SHEET}!${letter}$1:${letter}${len(words)}")
        return name

    def _words(self, column: FormColumn) -> list[str]:
        if column.holds == QUARTER:
            return [f"{year}Q{quarter}" for year in self._years() for quarter in (1, 2, 3, 4)]
        if column.holds == YEAR:
            return [str(year) for year in self._years()]
        return [str(getattr(word, self._language)) for word in column.words]

    def _years(self) -> range:
        return range(self._year - QUARTERS_AROUND, self._year + QUARTERS_AROUND + 1)


def _fill(  # noqa: PLR0917
    sheet: "Worksheet",
    columns: Sequence[FormColumn],
    how: Sequence[str],
    wrong: str,
    ranges: _Ranges,
    formats: Mapping[str, Any],
    language: str,
) -> None:
    for row, text in enumerate(how):
        sheet.write_string(row, 0, text, formats["how"])
    for at, column in enumerate(columns):
        label, hint = getattr(column, language), getattr(column, f"hint_{language}")
        is_text = column.holds in {KEY, QUARTER, YEAR}
        sheet.set_column(at, at, WIDTHS.get(column.holds, WIDTH), formats["text"] if is_text else None)
        sheet.write_string(HEADER - 1, at, label, formats["header"])
        rule = {"validate": "any", "input_title": label[:TITLE_CHARS_MAX], "input_message": hint}
        if name := ranges.name_of(column):
            rule |= {"validate": "list", "source": f"={name}", "error_message": wrong}
        sheet.data_validation(HEADER, at, HEADER + ROWS - 1, at, rule)
    sheet.freeze_panes(HEADER, 2)
    _print_on_two_pages(sheet)


def _print_on_two_pages(sheet: "Worksheet") -> None:
    """Two pages of US Letter on their side; each has the case, the quarter and the header."""
    sheet.set_landscape()
    sheet.set_paper(US_LETTER)
    sheet.fit_to_pages(2, 0)
    sheet.hide_gridlines(0)
    sheet.repeat_rows(0, HEADER - 1)
    sheet.repeat_columns(0, 1)
