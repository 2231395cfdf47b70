"""What one case of HTCDS states: the case, its trafficking, each method of control, its referral.

Rules kept: an answer of which the exchange takes one code, but which names several, is
`not_known`, and its cell is refused; so no case is counted twice. Whether trafficking was for sex
or labor follows from the type of exploitation only where the type alone decides it. A case that was
closed in another way than by a referral has no date of closing in HTCDS, so no closing is stated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from producers.edge_phrases import code_rule
from producers.sources.sheets.form.form_facts import EMPTY, YES_RULE, Problem
from producers.sources.sheets.form.form_words import said
from producers.sources.sheets.form.period_cells import PERIOD_RULE
from producers.sources.sheets.htcds.htcds_codes import LISTS, CaseStatus, several
from producers.sources.sheets.htcds.htcds_columns import FIELDS

E = TypeVar("E", bound=StrEnum)
ONE_OF_SEVERAL: Final = "names several codes, of which the exchange takes one: it counts as not known"
STATUS_RULE: Final = "must be a status of HTCDS: Active, Follow up, Closed or Closed Referred"
SEX: Final = frozenset((v.ExploitationType.sexual_exploitation,))
LABOR: Final = frozenset(
    (v.ExploitationType.forced_labor, v.ExploitationType.servitude, v.ExploitationType.forced_begging)
)
FROM: Final[Mapping[str, tuple[str, ...]]] = {
    "opened": ("opened_on",),
    "trafficking": ("exploitation_type",),
    "control": ("control_method",),
    "closed": ("case_status", "left_on"),
}
"""Kind of fact → the columns without which it cannot be read."""


@dataclass(frozen=True, slots=True)
class HtcdsStatement:
    """One fact of a case. `period`: 0 for that of the case; `unread`: fields that are not read."""

    kind: str
    about: str
    body: e.Correctable
    period: int = 0
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HtcdsCase:
    """The answers of one row. `opened`, `left`: periods, 0 if there is none."""

    opened: int
    left: int
    answers: Mapping[str, list[StrEnum]]
    fields: frozenset[str]

    def several(self) -> Iterator[Problem]:
        """The cells that name several codes where the exchange takes one."""
        for field, codes in self.answers.items():
            if field != "control_method" and len(codes) > 1:
                yield FIELDS[field][0], ONE_OF_SEVERAL

    def stated(self) -> Iterator[HtcdsStatement]:
        """What the case states."""
        opened = e.CaseOpened(
            self._one("gender", v.Gender),
            v.AgeBand.not_collected,
            v.ForeignNational.not_collected,
            v.ReferralSource.not_collected,
            v.ServedElsewhere.not_collected,
        )
        yield HtcdsStatement("opened", "", opened, unread=self._unread("gender"))
        if any(self.answers.get(field) for field in LISTS if field not in {"gender", "control_method"}):
            yield self._trafficking()
        for method in self.answers.get("control_method", ()):
            yield HtcdsStatement("control", method, _control(v.ControlMethod(method)))
        if self.left and self.answers.get("case_status") == [CaseStatus.CLOSED_REFERRED]:
            body = e.CaseClosed(v.ExitReason.transferred, v.ExitDestination.not_collected, v.DurationBand.not_collected)
            yield HtcdsStatement("closed", "", body, self.left)

    def _trafficking(self) -> HtcdsStatement:
        body = e.TraffickingFacts(
            self._kind(),
            self._one("trafficking_status", v.TraffickingStatus),
            self._one("decision_maker", v.DecisionMaker),
            self._one("exploitation_type", v.ExploitationType),
            self._one("sex_exploitation_type", v.SexExploitationType),
            self._one("labor_sector", v.LaborSector),
            self._one("recruitment_method", v.RecruitmentMethod),
            v.ControlMethod.not_applicable,
        )
        fields = [field for field in LISTS if field not in {"gender", "control_method"}]
        unread = self._unread(*fields) | ({"trafficking_type"} if "exploitation_type" not in self.fields else set())
        return HtcdsStatement("trafficking", "", body, unread=frozenset(unread))

    def _kind(self) -> v.TraffickingType:
        types = set(self.answers.get("exploitation_type", ()))
        if not types:
            return v.TraffickingType.not_collected
        sex, labor = bool(types & SEX), bool(types & LABOR)
        if sex and labor:
            return v.TraffickingType.both
        return v.TraffickingType.sex if sex else v.TraffickingType.labor if labor else v.TraffickingType.not_known

    def _one(self, field: str, kind: type[E]) -> E:
        codes = self.answers.get(field, [])
        return kind("not_collected" if not codes else "not_known" if len(codes) > 1 else codes[0])

    def _unread(self, *fields: str) -> frozenset[str]:
        """Without a column, or with several codes in a cell, a known answer stands."""
        return frozenset(field for field in fields if field not in self.fields or len(self.answers.get(field, ())) > 1)


def _control(method: v.ControlMethod) -> e.TraffickingFacts:
    return e.TraffickingFacts(
        v.TraffickingType.not_applicable,
        v.TraffickingStatus.not_applicable,
        v.DecisionMaker.not_applicable,
        v.ExploitationType.not_applicable,
        v.SexExploitationType.not_applicable,
        v.LaborSector.not_applicable,
        v.RecruitmentMethod.not_applicable,
        method,
    )


def answers_of(values: Mapping[str, str]) -> tuple[dict[str, list[StrEnum]], list[Problem]]:
    """Field → codes of a row, and the cells that name nothing."""
    answers: dict[str, list[StrEnum]] = {}
    problems: list[Problem] = []
    for field, text in values.items():
        if not text:
            continue
        if field in LISTS or field == "case_status":
            codes = several(field, text)
            if codes is None:
                kind = LISTS.get(field)
                problems.append((FIELDS[field][0], code_rule(kind) if kind else STATUS_RULE))
            else:
                answers[field] = codes
        elif field == "consent" and said(text) is None:
            problems.append((FIELDS[field][0], YES_RULE))
    return answers, problems


def dated(field: str, text: str, period: int | None) -> list[Problem]:
    """The rule that a cell for a date breaks."""
    if period:
        return []
    return [(FIELDS[field][0], PERIOD_RULE if text else EMPTY)]
