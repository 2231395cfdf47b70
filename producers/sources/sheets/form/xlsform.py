"""Writes our sheet as an XLSForm, for Kobo and ODK, in English and Spanish at once.

Rules kept: one submission is one row of the sheet; the questions have the codes of its columns as
names and the codes of its words as values, so an export is read unmapped, whether it has names or
labels. The case number is never asked for with a keyboard that suggests names.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from producers.sources.sheets.form.form_columns import CASES, FormColumn
from producers.sources.sheets.form.form_words import QUARTER, YES_NO
from producers.sources.sheets.form.form_workbook import MADE, VERSION

LANGUAGES: Final = ("English (en)", "Español (es)")
SURVEY_HEADER: Final = (
    "type",
    "name",
    *(f"label::{language}" for language in LANGUAGES),
    *(f"hint::{language}" for language in LANGUAGES),
    "required",
    "relevant",
    "constraint",
    "appearance",
)
CHOICES_HEADER: Final = ("list_name", "name", *(f"label::{language}" for language in LANGUAGES))
NEW: Final = frozenset(("gender", "age_band", "referral_source", "elsewhere", "trafficking_type", "trafficking_status"))
RELEVANT: Final = {
    **dict.fromkeys(NEW, "${new_case} = 'yes'"),
    "served": "${need} != ''",
    "unmet_reason": "${need} != ''",
    "outcome_direction": "${outcome_domain} != ''",
    "reported_by": "${outcome_domain} != ''",
    "exit_destination": "${exit_reason} != ''",
}
"""Column → when its question is asked."""
REQUIRED: Final = frozenset(("case", "quarter", "consent", "outcome_direction"))


def write_xlsform(path: Path) -> None:
    """Write the form; raises OSError, and ModuleNotFoundError without the extra `excel`."""
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    book = Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": MADE, "comments": VERSION})
    for name, rows in (("survey", _survey()), ("choices", _choices()), ("settings", _settings())):
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    try:
        book.close()
    except FileCreateError as error:
        raise OSError(str(error)) from None


def _survey() -> Iterator[tuple[str, ...]]:
    yield SURVEY_HEADER
    for column in CASES:
        yield (
            f"select_one {_list_of(column)}" if column.words else "text",
            column.code,
            column.en,
            column.es,
            column.hint_en,
            column.hint_es,
            "yes" if column.code in REQUIRED else "",
            RELEVANT.get(column.code, ""),
            "regex(., '^20[0-9]{2}Q[1-4]$')" if column.holds == QUARTER else "",
            "minimal" if column.words and column.holds != YES_NO else "",
        )


def _list_of(column: FormColumn) -> str:
    """The list of a column's choices; of a column that leaves some out, its own."""
    return column.code if column.code == "barrier" else column.holds


def _choices() -> Iterator[tuple[str, ...]]:
    yield CHOICES_HEADER
    done = set[str]()
    for column in CASES:
        if column.words and (name := _list_of(column)) not in done:
            done.add(name)
            yield from ((name, word.code, word.en, word.es) for word in column.words)


def _settings() -> Iterator[tuple[str, ...]]:
    yield "form_title", "form_id", "version", "default_language"
    yield "Cases", "exchange_cases", "1", LANGUAGES[0]
