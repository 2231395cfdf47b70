"""What one row of our sheet states, as facts; or which of its cells cannot be read.

Rules kept: a cell that names nothing refuses its row, by column and rule; nothing is guessed. A
fact's key consists of case, quarter, kind and what it is about, so the order of rows does not
matter and the same row states the same again. Missing answers of a new case are `not_collected`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar
from urllib.parse import quote

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import period_text
from producers.edge_phrases import code_rule
from producers.sources.hmis.reading.date_orders import DateForms
from producers.sources.sheets.form.form_columns import COLUMNS
from producers.sources.sheets.form.form_words import YES_NO, said
from producers.sources.sheets.form.period_cells import PERIOD_RULE, read_period

ROOT: Final = "form/"
CASE_CHARS_MAX: Final = 100
YES_RULE: Final = "must be yes or no"
EMPTY: Final = "is empty"
NEEDS: Final = (
    ("served", "need", "names no service: fill Service needed"),
    ("unmet_reason", "need", "names no service: fill Service needed"),
    ("outcome_domain", "outcome_direction", "names no direction: fill How it changed"),
    ("outcome_direction", "outcome_domain", "names no part of life: fill Change in"),
)
"""Column, the column without which it means nothing, and the rule."""
FROM: Final[Mapping[str, tuple[str, ...]]] = {
    "need": ("need",),
    "served": ("need", "served"),
    "unmet": ("need", "unmet_reason"),
    "barrier": ("barrier", "need"),
    "outcome": ("outcome_domain", "outcome_direction"),
    "opened": ("new_case",),
    "trafficking": ("new_case", "trafficking_type"),
    "closed": ("exit_reason",),
}
"""Kind of fact → the columns without which it cannot be read."""
E = TypeVar("E", bound=StrEnum)
Problem = tuple[str, str]
"""A column and the rule that its cell breaks."""


@dataclass(frozen=True, slots=True)
class RowStated:
    """One fact of a row, under the end of its key. `of_case`: about the case as a whole."""

    kind: str
    about: str
    body: e.Correctable
    of_case: bool = False
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RowRead:
    """A row that was read. `consent`: None if it states none."""

    case: str
    period: int
    consent: bool | None
    stated: tuple[RowStated, ...]

    def key(self, one: RowStated) -> str:
        """The key of a fact."""
        place = f"{one.kind}/{one.about}"
        return f"{case_prefix(self.case)}case/{place}" if one.of_case else f"{self.prefix}{place}"

    @property
    def prefix(self) -> str:
        """What the keys of a case in a quarter begin with."""
        return f"{case_prefix(self.case)}{period_text(self.period)}/"


@lru_cache(maxsize=1 << 14)
def case_prefix(case: str) -> str:
    """What all keys of a case begin with."""
    return f"{ROOT}{quote(case, safe=' ')}/"


def kind_of(key: str) -> str:
    """The kind of fact under a key."""
    return key.split("/")[3]


class RowReader:
    """Reads rows. `fields`: those with a column; `forms`: how the dates of `quarter` are read."""

    def __init__(self, fields: frozenset[str], forms: DateForms) -> None:
        self.fields = fields
        self._forms = forms

    def absent(self) -> frozenset[str]:
        """The kinds of facts that cannot be read for want of a column."""
        return frozenset(kind for kind, columns in FROM.items() if not self.fields.issuperset(columns))

    def case_and_period(self, values: Mapping[str, str]) -> tuple[str, int, list[Problem]]:
        """Case and period of a row, empty and 0 if they cannot be read, and why."""
        case, period = values.get("case", ""), read_period(values.get("quarter", ""), self._forms) or 0
        problems: list[Problem] = []
        if not case:
            problems.append(("case", EMPTY))
        elif len(case) > CASE_CHARS_MAX or not case.isprintable():
            case = ""
            problems.append(("case", f"must be a text of 1 to {CASE_CHARS_MAX} characters, in one line"))
        if not period:
            problems.append(("quarter", PERIOD_RULE if values.get("quarter") else EMPTY))
        return case, period, problems

    def read(self, values: Mapping[str, str]) -> RowRead | list[Problem]:
        """What a row states, or every rule that it breaks."""
        case, period, problems = self.case_and_period(values)
        problems += _unknown_words(values)
        problems += [(column, rule) for column, other, rule in NEEDS if values.get(column) and not values.get(other)]
        if problems:
            return problems
        return RowRead(case, period, said(values.get("consent", "")), tuple(self._stated(values)))

    def _stated(self, values: Mapping[str, str]) -> Iterator[RowStated]:
        yield from _of_need(values)
        if values.get("outcome_domain"):
            yield _outcome(values)
        if said(values.get("new_case", "")):
            yield self._opened(values)
            if values.get("trafficking_type") or values.get("trafficking_status"):
                yield self._trafficking(values)
        if values.get("exit_reason"):
            yield self._closed(values)

    def _opened(self, values: Mapping[str, str]) -> RowStated:
        body = e.CaseOpened(
            _code(values, "gender", v.Gender),
            _code(values, "age_band", v.AgeBand),
            v.ForeignNational.not_collected,
            _code(values, "referral_source", v.ReferralSource),
            _code(values, "elsewhere", v.ServedElsewhere),
        )
        unread = self._without_column("gender", "age_band", "referral_source", "elsewhere")
        return RowStated("opened", "", body, of_case=True, unread=unread)

    def _trafficking(self, values: Mapping[str, str]) -> RowStated:
        body = e.TraffickingFacts(
            _code(values, "trafficking_type", v.TraffickingType),
            _code(values, "trafficking_status", v.TraffickingStatus),
            v.DecisionMaker.not_collected,
            v.ExploitationType.not_collected,
            v.SexExploitationType.not_collected,
            v.LaborSector.not_collected,
            v.RecruitmentMethod.not_collected,
            v.ControlMethod.not_applicable,
        )
        unread = self._without_column("trafficking_type", "trafficking_status")
        return RowStated("trafficking", "", body, of_case=True, unread=unread)

    def _closed(self, values: Mapping[str, str]) -> RowStated:
        body = e.CaseClosed(
            _code(values, "exit_reason", v.ExitReason),
            _code(values, "exit_destination", v.ExitDestination),
            v.DurationBand.not_collected,
        )
        return RowStated("closed", "", body, of_case=True, unread=self._without_column("exit_destination"))

    def _without_column(self, *fields: str) -> frozenset[str]:
        """An absent column changes no known answer."""
        return frozenset(fields) - self.fields


def _unknown_words(values: Mapping[str, str]) -> Iterator[Problem]:
    for field, text in values.items():
        column = COLUMNS[field]
        if not text:
            continue
        if column.holds == YES_NO and said(text) is None:
            yield field, YES_RULE
        elif column.kind is not None and column.read(text) is None:
            yield field, code_rule(column.kind)


def _code(values: Mapping[str, str], field: str, kind: type[E]) -> E:
    """The code of a cell, which names one; `not_collected` if it is empty."""
    code = COLUMNS[field].read(values.get(field, ""))
    return kind("not_collected" if code is None else code)


def _of_need(values: Mapping[str, str]) -> Iterator[RowStated]:
    if values.get("need"):
        service = _code(values, "need", v.Service)
        yield RowStated("need", service, e.NeedIdentified(service))
        if said(values.get("served", "")):
            yield RowStated("served", service, _served(service))
        if values.get("unmet_reason"):
            reason = _code(values, "unmet_reason", v.UnmetReason)
            yield RowStated("unmet", service, e.NeedUnmet(service, reason, v.FundingSource.not_collected))
    if values.get("barrier"):
        between = _code(values, "need", v.Service) if values.get("need") else v.Service.not_applicable
        barrier = _code(values, "barrier", v.Barrier)
        yield RowStated("barrier", f"{between}/{barrier}", e.BarrierReported(barrier, between))


def _served(service: v.Service) -> e.ServiceProvided:
    return e.ServiceProvided(
        service,
        v.WaitBand.not_collected,
        v.CostBand.not_collected,
        v.UnitBand.not_collected,
        v.FundingSource.not_collected,
    )


def _outcome(values: Mapping[str, str]) -> RowStated:
    domain = _code(values, "outcome_domain", v.OutcomeDomain)
    body = e.OutcomeAssessed(
        domain,
        _code(values, "outcome_direction", v.OutcomeDirection),
        _code(values, "reported_by", v.ReportedBy),
        _factor(domain, "resiliency", v.ResiliencyFactor),
        _factor(domain, "protective_factors", v.ProtectiveFactor),
        v.AgeBand.not_collected,
    )
    return RowStated("outcome", domain, body)


def _factor(domain: v.OutcomeDomain, of: str, kind: Callable[[str], E]) -> E:
    return kind("not_collected" if domain == of else "not_applicable")
