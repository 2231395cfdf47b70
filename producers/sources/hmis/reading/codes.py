"""HMIS codes → codes of the vocabulary, from `source_code` and `hmis` of its lists.

Rules kept: in a list with missing answers, 8, 9 and 99 stay three answers (`not_known`, `declined`,
`not_collected`), even where the list's own column joins them into one. In a list without missing
answers (funders, events, services), 8 and 9 keep their own meaning. An empty cell is
`not_collected`. A code outside its list is None here: the caller publishes `not_known` and counts
it. Integers come as `1`, `01`, ` 1` or `1.0`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, Generic, TypeVar

from exchange.core.model import vocabulary as v
from schemas.lists import read_list

E = TypeVar("E", bound=StrEnum)
SOURCE: Final = "HMIS 2026"
YES: Final = 1
_INTEGER: Final = re.compile(r"0*([0-9]{1,9})(?:\.0*)?")


@lru_cache(maxsize=1 << 12)
def read_integer(text: str) -> int | None:
    """The number of `1`, `01` or `1.0`; None for anything else."""
    match = _INTEGER.fullmatch(text)
    return int(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class CodeList(Generic[E]):
    """One HMIS list as codes of the vocabulary.

    `unknown`: for a code outside the list; `empty`: for no answer.
    """

    codes: Mapping[int, E]
    unknown: E
    empty: E

    def read(self, text: str) -> E | None:
        """The code of a cell; None when it is outside the list."""
        if not text:
            return self.empty
        number = read_integer(text)
        return None if number is None else self.codes.get(number)


def code_list(kind: type[E], name: str, hmis_list: str, *, unanswered: bool = False) -> CodeList[E]:
    """A vocabulary list by one HMIS list (`R1.1`; empty for bare codes).

    `unanswered`: 8, 9 and 99 are missing answers.
    """
    codes = _numbered(name, hmis_list)
    if unanswered:
        codes |= _numbered("missing_reason", "1.8")
    return CodeList({number: kind(code) for number, code in codes.items()}, kind("not_known"), kind("not_collected"))


def _numbered(name: str, hmis_list: str) -> dict[int, str]:
    """HMIS number → code, from the rows that cite this HMIS list."""
    found: dict[int, str] = {}
    for row in read_list(name):
        if row["source"] == SOURCE:
            for cited in row["source_code"].split(";"):
                where, _, number = cited.rpartition(":")
                if where == hmis_list and number.isdigit():
                    found.setdefault(int(number), row["code"])
    return found


def _services() -> dict[tuple[int, ...], v.Service]:
    """(record type, type[, subtype]) → service."""
    return {
        tuple(int(part) for part in path.split(".")): v.Service(row["code"])
        for row in read_list("service")
        for path in row["hmis"].split()
    }


@dataclass(frozen=True, slots=True)
class Codes:
    """Every list that the adapter reads."""

    referral_source: CodeList[v.ReferralSource]
    gender_of_sex: CodeList[v.Gender]
    answer_gender: CodeList[v.Gender]
    answer_age: CodeList[v.AgeBand]
    destination: CodeList[v.ExitDestination]
    completion: CodeList[v.ExitReason]
    early_exit: CodeList[v.ExitReason]
    funding: CodeList[v.FundingSource]
    referral_result: CodeList[v.ReferralResult]
    path_outcome: CodeList[v.ReferralResult]
    unmet_by_event: CodeList[v.UnmetReason]
    unmet_by_result: CodeList[v.UnmetReason]
    funding_by_name: Mapping[str, v.FundingSource]
    services: Mapping[tuple[int, ...], v.Service]

    def service(self, *path: int | None) -> v.Service | None:
        """The service of (record type, type, subtype), or of (record type, type) without it."""
        known = [part for part in path if part is not None]
        return next((s for n in (3, 2) if (s := self.services.get(tuple(known[:n])))), None)


@cache
def load_codes() -> Codes:
    """The lists, read from the vocabulary once."""
    answers = code_list(v.Gender, "gender", "1.8", unanswered=True)
    sexes = CodeList({0: v.Gender.woman, 1: v.Gender.man, **answers.codes}, answers.unknown, answers.empty)
    return Codes(
        referral_source=code_list(v.ReferralSource, "referral_source", "R1.1", unanswered=True),
        gender_of_sex=sexes,
        answer_gender=answers,
        answer_age=code_list(v.AgeBand, "age_band", "1.8", unanswered=True),
        destination=code_list(v.ExitDestination, "exit_destination", "", unanswered=True),
        completion=code_list(v.ExitReason, "exit_reason", "R17.1"),
        early_exit=code_list(v.ExitReason, "exit_reason", "R17.A"),
        funding=code_list(v.FundingSource, "funding_source", "2.06.1"),
        referral_result=code_list(v.ReferralResult, "referral_result", "4.20.D"),
        path_outcome=code_list(v.ReferralResult, "referral_result", "P2.A"),
        unmet_by_event=code_list(v.UnmetReason, "unmet_reason", "4.20.2"),
        unmet_by_result=code_list(v.UnmetReason, "unmet_reason", "4.20.D"),
        funding_by_name=_names_of_funding(read_list("funding_source")),
        services=_services(),
    )


def _names_of_funding(rows: Iterable[Mapping[str, str]]) -> dict[str, v.FundingSource]:
    """The texts in OtherFunder that are understood: a code of the list or its label."""
    return {row[column].lower(): v.FundingSource(row["code"]) for row in rows for column in ("code", "label")}
