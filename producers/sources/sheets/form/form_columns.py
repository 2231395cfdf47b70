"""The columns of our sheet, as a table; the workbook, the XLSForm and the reader follow it.

One row is one case in one quarter, with at most one need: a case with three needs has three rows.
What is about the case as a whole is written once, in the row with `new_case` yes, and in the row in
which the case is closed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from producers.sources.sheets.form.form_words import (
    KEY,
    LISTS,
    QUARTER,
    YEAR,
    YES_NO,
    Word,
    codes_of,
    plain_form,
    words_of,
    yes_or_no,
)


@dataclass(frozen=True, slots=True)
class FormColumn:
    """A column. `holds`: a list of the vocabulary, or KEY, QUARTER, YEAR, YES_NO."""

    code: str
    holds: str
    en: str
    es: str
    hint_en: str
    hint_es: str

    @property
    def kind(self) -> type[StrEnum] | None:
        """The list whose codes it holds."""
        return LISTS.get(self.holds)

    @property
    def words(self) -> tuple[Word, ...]:
        """What a drop-down offers; nothing for a key or a period."""
        if self.kind is not None:
            return words_of(self.kind, self.code)
        return yes_or_no() if self.holds == YES_NO else ()

    def names(self) -> frozenset[str]:
        """The plain forms of its header."""
        return frozenset(map(plain_form, (self.code, self.en, self.es)))

    def read(self, text: str) -> StrEnum | None:
        """The code that a cell names; None if it names none."""
        return None if self.kind is None else codes_of(self.kind, self.code).get(plain_form(text))


CASES: Final[tuple[FormColumn, ...]] = (
    FormColumn(
        "case",
        KEY,
        "Case",
        "Caso",
        "Your own number of the case, never a name. It stays here.",
        "Su propio número del caso, nunca un nombre. No sale de aquí.",
    ),
    FormColumn("quarter", QUARTER, "Quarter", "Trimestre", "Such as 2026Q1.", "Por ejemplo 2026Q1."),
    FormColumn(
        "consent",
        YES_NO,
        "Agrees to share",
        "Acepta compartir",
        "No: nothing about this person leaves.",
        "No: nada sobre esta persona sale de aquí.",
    ),
    FormColumn(
        "new_case",
        YES_NO,
        "New case",
        "Caso nuevo",
        "Yes once, in the quarter in which the case was opened; then fill the next six.",
        "Sí una vez, en el trimestre en que se abrió el caso; entonces llene las seis siguientes.",
    ),
    FormColumn("gender", "gender", "Gender", "Género", "In the row of a new case.", "En la fila de un caso nuevo."),
    FormColumn("age_band", "age_band", "Age", "Edad", "In the row of a new case.", "En la fila de un caso nuevo."),
    FormColumn(
        "referral_source",
        "referral_source",
        "Referred by",
        "Referida por",
        "In the row of a new case.",
        "En la fila de un caso nuevo.",
    ),
    FormColumn(
        "elsewhere",
        "served_elsewhere",
        "Served elsewhere",
        "Atendida en otro lugar",
        "By another trafficking program, when the case was opened.",
        "Por otro programa contra la trata, al abrir el caso.",
    ),
    FormColumn(
        "trafficking_type",
        "trafficking_type",
        "Kind of trafficking",
        "Tipo de trata",
        "In the row of a new case.",
        "En la fila de un caso nuevo.",
    ),
    FormColumn(
        "trafficking_status",
        "trafficking_status",
        "Trafficking is",
        "La trata es",
        "In the row of a new case.",
        "En la fila de un caso nuevo.",
    ),
    FormColumn("need", "service", "Service needed", "Servicio necesario", "One a row.", "Uno por fila."),
    FormColumn(
        "served",
        YES_NO,
        "Service given",
        "Servicio dado",
        "Whether the person got this service in this quarter.",
        "Si la persona recibió este servicio en este trimestre.",
    ),
    FormColumn(
        "unmet_reason",
        "unmet_reason",
        "Why not given",
        "Por qué no se dio",
        "If the need was not met.",
        "Si no se cubrió.",
    ),
    FormColumn(
        "barrier",
        "barrier",
        "Barrier",
        "Barrera",
        "What stood between the person and this service.",
        "Qué se interpuso entre la persona y este servicio.",
    ),
    FormColumn(
        "outcome_domain", "outcome_domain", "Change in", "Cambio en", "A part of life.", "Un aspecto de la vida."
    ),
    FormColumn(
        "outcome_direction",
        "outcome_direction",
        "How it changed",
        "Cómo cambió",
        "Since the last look.",
        "Desde la última vez.",
    ),
    FormColumn("reported_by", "reported_by", "Who says so", "Quién lo dice", "About the change.", "Sobre el cambio."),
    FormColumn(
        "exit_reason",
        "exit_reason",
        "Case closed because",
        "Caso cerrado porque",
        "Once, at the end.",
        "Una vez, al final.",
    ),
    FormColumn(
        "exit_destination", "exit_destination", "Went to", "Se fue a", "When the case was closed.", "Al cerrar el caso."
    ),
)
SURVEY: Final[tuple[FormColumn, ...]] = (
    FormColumn("survey_year", YEAR, "Year", "Año", "Such as 2026.", "Por ejemplo 2026."),
    FormColumn("agency_type", "agency_type", "Our agency is", "Nuestra agencia es", "In each row.", "En cada fila."),
    FormColumn(
        "barrier_met",
        "barrier",
        "A barrier that we meet",
        "Una barrera que encontramos",
        "One a row, as many rows as you like.",
        "Una por fila, tantas filas como quiera.",
    ),
    FormColumn(
        "support_needed",
        "barrier",
        "A barrier that we need support with",
        "Una barrera en la que necesitamos apoyo",
        "One a row.",
        "Una por fila.",
    ),
    FormColumn(
        "years_band",
        "years_band",
        "Years in this position",
        "Años en este puesto",
        "Of the person who answers, once.",
        "De la persona que contesta, una vez.",
    ),
)
REQUIRED: Final = frozenset(("case", "quarter"))
SURVEY_REQUIRED: Final = frozenset(("survey_year", "agency_type"))
COLUMNS: Final[Mapping[str, FormColumn]] = {column.code: column for column in (*CASES, *SURVEY)}


def found_in(header: Sequence[str], columns: Sequence[FormColumn]) -> dict[str, int]:
    """Code → place of each of these columns that a header has; the last place if it has two."""
    names = {name: column.code for column in columns for name in column.names()}
    return {names[form]: at for at, text in enumerate(header) if (form := plain_form(text)) in names}


def twice_in(header: Sequence[str], columns: Sequence[FormColumn]) -> str:
    """The first column that a header has twice; empty if it has none twice."""
    names = {name: column.code for column in columns for name in column.names()}
    found = [names[form] for text in header if (form := plain_form(text)) in names]
    return next((code for code in found if found.count(code) > 1), "")
