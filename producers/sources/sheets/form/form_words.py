"""The words of a drop-down, in English and Spanish, from the vocabulary; and how a cell names one.

Rules kept: a cell names a code by the code itself or by its label in either language. Capitals,
accents, spaces and punctuation make no difference; anything else names nothing, and nothing is ever
guessed. No two codes of a list share a name (`tests/unit/sources/test_form_words.py`).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

from exchange.core.model import vocabulary as v
from producers.edge_phrases import list_of
from schemas.lists import read_list

YES_NO: Final = "yes_no"
QUARTER: Final = "quarter"
YEAR: Final = "year"
KEY: Final = "key"
OFFERED: Final = ("not_known", "declined", "not_collected")
"""The missing reasons that a drop-down offers."""
SIDES: Final = {"barrier": "provider", "barrier_met": "person", "support_needed": "person"}
"""Column → the side of barriers that it does not take."""


@dataclass(frozen=True, slots=True)
class Word:
    """A code with its labels."""

    code: str
    en: str
    es: str


_YES_NO: Final = (Word("yes", "Yes", "Sí"), Word("no", "No", "No"))


@lru_cache(maxsize=1 << 14)
def plain_form(text: str) -> str:
    """The form that all spellings of a name share: small letters and digits, single spaces."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return re.sub(r"[\W_]+", " ", bare.casefold()).strip()


@cache
def words_of(kind: type[StrEnum], column: str = "") -> tuple[Word, ...]:
    """The words that a column of this list offers, the missing reasons last."""
    missing = [row for row in read_list("missing_reason") if row["code"] in OFFERED]
    rows = read_list(list_of(kind))
    own = {row["code"] for row in rows}
    rows += [row for row in missing if row["code"] not in own]
    unfit = SIDES.get(column)
    return tuple(
        Word(row["code"], row["label"], row["label_es"]) for row in rows if not unfit or row.get("side") != unfit
    )


@cache
def yes_or_no() -> tuple[Word, ...]:
    """Yes and no."""
    return _YES_NO


def named(words: Iterable[Word]) -> Mapping[str, str]:
    """Plain form of each code and label → code."""
    found: dict[str, str] = {}
    for word in words:
        for name in (word.code, word.en, word.es):
            found[plain_form(name)] = word.code
    return found


_SAID: Final = {**named(_YES_NO), "true": "yes", "false": "no"}


def said(text: str) -> bool | None:
    """Yes or no, also as a check box writes it; None for anything else."""
    code = _SAID.get(plain_form(text))
    return None if code is None else code == "yes"


@cache
def codes_of(kind: type[StrEnum], column: str = "") -> Mapping[str, StrEnum]:
    """Plain form of a name → code, for all words of a column."""
    return {name: kind(code) for name, code in named(words_of(kind, column)).items()}


LISTS: Final[Mapping[str, type[StrEnum]]] = {
    list_of(kind): kind
    for kind in (
        v.Gender,
        v.AgeBand,
        v.ReferralSource,
        v.ServedElsewhere,
        v.TraffickingType,
        v.TraffickingStatus,
        v.Service,
        v.UnmetReason,
        v.Barrier,
        v.OutcomeDomain,
        v.OutcomeDirection,
        v.ReportedBy,
        v.ExitReason,
        v.ExitDestination,
        v.AgencyType,
        v.YearsBand,
    )
}
"""Every list that a column of the sheet takes."""
