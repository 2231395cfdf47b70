"""Which field a column may hold: first by its values, then by its name. It suggests; people decide.

Rules kept: a column whose name looks like something that identifies a person is never looked at,
but for dates and record numbers, which may be used here and are never sent. Evidence is the share
of a column's cells that name a word of a field; missing answers are none. A suggestion is sure only
if its values or its exact name leave no other field and no other column; all else is a question.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

from producers.sources.hmis.reading.date_orders import DateForms, Order
from producers.sources.identifying import identifying
from producers.sources.sheets.form.form_columns import FormColumn
from producers.sources.sheets.form.form_words import KEY, OFFERED, QUARTER, YES_NO, plain_form, said
from producers.sources.sheets.form.period_cells import read_period
from producers.sources.sheets.mapping.mapping_file import FIELDS
from producers.sources.sheets.reading.sheet_rows import SheetRow

SURE: Final = 0.9
ASK: Final = 0.3
NAME_ALIKE: Final = 0.75
DISTINCT_MAX: Final = 100
USABLE: Final[Mapping[str, frozenset[str]]] = {
    KEY: frozenset(("number of a record",)),
    QUARTER: frozenset(("date",)),
}
"""What a field holds → the kinds of identifiers that may be used for it, and are never sent."""
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "case": ("case number", "case id", "client id", "client number", "client", "participant id", "id"),
    "quarter": ("date", "service date", "intake date", "entry date", "date of service", "period"),
    "need": ("service", "service type", "type of service", "need"),
    "age_band": ("age group", "age range"),
    "unmet_reason": ("unmet reason", "reason not provided", "reason unmet"),
    "exit_reason": ("exit reason", "reason for leaving", "closure reason"),
    "exit_destination": ("destination", "exit destination"),
    "referral_source": ("referral source", "referred from"),
    "consent": ("consent", "consent to share", "release of information"),
    "served": ("provided", "service provided"),
}
"""Field → more names that it may have elsewhere."""
_ANY_DATES: Final = DateForms(Order.MONTH_FIRST, serials=True)


@dataclass(slots=True)
class ColumnSeen:
    """The cells of one column. `kind`: of identifier that its name looks like."""

    at: int
    name: str
    kind: str
    filled: int = 0
    words: dict[str, int] = field(default_factory=dict)
    periods: int = 0
    hits: dict[str, int] = field(default_factory=dict)

    def saw(self, text: str) -> None:
        """Take a cell that is not empty."""
        self.filled += 1
        if len(self.words) <= DISTINCT_MAX:
            self.words[text] = self.words.get(text, 0) + 1
        self.periods += read_period(text, _ANY_DATES) is not None
        for name, column in FIELDS.items():
            if _names_a_word(column, text):
                self.hits[name] = self.hits.get(name, 0) + 1

    def share(self, column: FormColumn) -> float:
        """The share of the cells that a field could hold."""
        if not self.filled:
            return 0.0
        found = self.periods if column.holds == QUARTER else self.hits.get(column.code, 0)
        return found / self.filled


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A column for a field. `share`: of its cells that fit; `alike`: of its name, 0 to 1."""

    column: ColumnSeen
    share: float
    alike: float
    sure: bool = False

    @property
    def why(self) -> str:
        """The evidence, in words without a value."""
        fits = f"{round(self.share * self.column.filled)} of {self.column.filled} cells fit"
        return fits if self.share else "by its name alone"


def _names_a_word(column: FormColumn, text: str) -> bool:
    if column.holds == YES_NO:
        return said(text) is not None
    code = column.read(text)
    return code is not None and code not in OFFERED


def look_at(header: Sequence[str], rows: Iterable[SheetRow]) -> list[ColumnSeen]:
    """The columns that have a name, with their cells; of those that identify, none."""
    columns = [ColumnSeen(at, text.strip(), identifying(text)) for at, text in enumerate(header) if text.strip()]
    seen = [column for column in columns if may_be_used(column.kind)]
    for row in rows:
        for column in seen:
            if text := row.cell(column.at):
                column.saw(text)
    return columns


def may_be_used(kind: str) -> bool:
    """Whether a column with a name of this kind may be looked at."""
    return not kind or any(kind in kinds for kinds in USABLE.values())


def suggested(column: FormColumn, seen: Sequence[ColumnSeen]) -> list[Suggestion]:
    """The columns that may hold a field, the likeliest first; the first may be sure."""
    found = [one for one in (_suggestion(column, other) for other in seen) if one is not None]
    found.sort(key=lambda one: (-one.share if column.kind else 0, -one.alike, -one.share, one.column.at))
    if found and _is_sure(column, found):
        first = found[0]
        found[0] = Suggestion(first.column, first.share, first.alike, sure=True)
    return found


def _suggestion(column: FormColumn, seen: ColumnSeen) -> Suggestion | None:
    if seen.kind and seen.kind not in USABLE.get(column.holds, frozenset()):
        return None
    alike, share = _alike(column, seen.name), seen.share(column)
    by_value = column.kind is not None and share >= ASK
    fits = share >= ASK or column.holds == KEY or not seen.filled
    if (
        by_value
        or (alike >= NAME_ALIKE and (fits or column.kind is not None))
        or (column.holds == QUARTER and share >= SURE)
    ):
        return Suggestion(seen, share, alike)
    return None


def _alike(column: FormColumn, name: str) -> float:
    form = plain_form(name)
    names = (*column.names(), *NAMES.get(column.code, ()))
    return max(SequenceMatcher(None, form, other).ratio() for other in names)


def _is_sure(column: FormColumn, found: Sequence[Suggestion]) -> bool:
    """Only one column can be meant: by nearly all of its values, or by its exact name."""
    first, others = found[0], found[1:]
    if column.kind is None:
        return first.alike == 1 and not any(one.alike == 1 for one in others)
    return first.share >= SURE and not any(one.share >= ASK for one in others)


def clusters(words: Iterable[str]) -> dict[str, list[str]]:
    """Plain form → the spellings of one word."""
    found: dict[str, list[str]] = {}
    for word in words:
        found.setdefault(plain_form(word), []).append(word)
    return found


def unknown_words(column: FormColumn, seen: ColumnSeen) -> dict[str, list[str]] | None:
    """Clusters of a column's words that name nothing; None if they may not be shown.

    They may be shown on the screen if they are few and none of them looks like an identifier.
    """
    unknown = [text for text in seen.words if not _is_known(column, text)]
    if len(seen.words) > DISTINCT_MAX or any(map(looks_identifying, unknown)):
        return None
    return clusters(unknown)


def _is_known(column: FormColumn, text: str) -> bool:
    return column.read(text) is not None or (column.holds == YES_NO and said(text) is not None)


LETTERS_MAX: Final = 60
DIGITS_MAX: Final = 4


def looks_identifying(text: str) -> bool:
    """Whether a word looks like a mail address, a number of a person, a date or a sentence."""
    digits = sum(letter.isdigit() for letter in text)
    return "@" in text or digits > DIGITS_MAX or len(text) > LETTERS_MAX
