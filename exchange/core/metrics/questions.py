"""The questions that the releases must answer, and how precisely.

They are those of the 2003 needs assessment and of the 2008 brief. Each names a metric, some of its
figures, a period, and the precision that makes the answer useful: the 95 % half-width of a figure,
as a part of its value (`20 %`) or in percentage points (`5 points`). `exact` asks for a figure of
agencies, which has no noise. `exchange.core.metrics.answers` works out which are met.

Rule kept: each research topic of 2008 has a row, under its name: the one figure that speaks to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Final

from exchange.core.metrics.usability import POPULATION
from exchange.core.model.vocabulary import DIVISION

STUDY: Final = "2003"
BRIEF: Final = "2008"


class Span(Enum):
    """The period of a figure."""

    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Precision:
    """The greatest half-width that is useful: a part of the value or, in `points`, a share."""

    most: Fraction
    points: bool = False

    @property
    def unit(self) -> str:
        """What `most` and half-widths are measured in, in words."""
        return "share" if self.points else "part of the value"

    def holds(self, half_width: Fraction | int | None) -> bool:
        """Whether a half-width is narrow enough; None: it has no bound."""
        return half_width is not None and half_width <= self.most


_PLACES: Final = frozenset({"state", "division"})
EXACT: Final = Precision(Fraction(0))


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    - `dimension`, `codes`: its figures are the points of the metric with one of these codes; none:
      all of its points. `beside`: what else they have.
    - `least`: so many of the figures must be precise enough; 0: all.
    - `missing`: why no released table answers it, instead of a metric.
    """

    name: str
    source: str
    asks: str
    metric: str
    dimension: str
    codes: tuple[str, ...]
    span: Span
    precision: Precision
    least: int = 0
    beside: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    def about(self, dimensions: Mapping[str, str]) -> bool:
        """Whether it asks for a figure with these dimensions; the nation's, unless it says more."""
        asked = {self.dimension, *self.beside}
        return (
            not dimensions.keys() & _PLACES - asked
            and self.beside.items() <= dimensions.items()
            and (not self.dimension or dimensions.get(self.dimension) in self.codes)
        )


def _row(
    name: str,
    source: str,
    asks: str,
    figure: str,
    within: str,
    *,
    span: Span = Span.YEAR,
    least: int = 0,
    beside: Mapping[str, str] | None = None,
) -> Question:
    """`figure`: metric, dimension, codes. `within`: such as `20 %`, `5 points` or `exact`."""
    metric, *of = figure.split()
    dimension, *codes = of or [""]
    return Question(name, source, asks, metric, dimension, tuple(codes), span, _precision(within), least, beside or {})


def _precision(text: str) -> Precision:
    if text == "exact":
        return EXACT
    number, unit = text.split()
    return Precision(Fraction(int(number), 100), points=unit == "points")


_NEEDED: Final = "housing medical mental_health legal transportation food advocacy"
_GROUPS: Final = "housing income health mental_health advocacy legal basic_needs support"
COMMON_GROUPS: Final = ("housing", "health", "advocacy", "basic_needs")
"""Groups with a tenth of all needs or more."""
_STATES: Final = [state for state in POPULATION if DIVISION[state] != "territory"]
"""Fifty, and the District of Columbia."""
_DIVISIONS: Final = " ".join(dict.fromkeys(DIVISION[state] for state in _STATES))
_OF_STATES: Final = f"state {' '.join(_STATES)}"
_ENDS: Final = "completed goals_met left_early lost_contact"
_DIRECTIONS: Final = "improved unchanged worsened attained not_attained"
_BANDS: Final = "usd_0 usd_1_99 usd_100_499 usd_500_999 usd_1000_4999"
_Q: Final = Span.QUARTER


def _words(code: str) -> str:
    return code.replace("_", " ")


def _needs() -> Iterator[Question]:
    for service in _NEEDED.split():
        of, asks = f"service {service}", f"clients who need {_words(service)}"
        yield _row(f"need_{service}_quarter", STUDY, asks, f"needs_per_case {of}", "20 %", span=_Q)
        yield _row(f"need_{service}_year", STUDY, asks, f"needs_per_case {of}", "10 %")


def _unmet() -> Iterator[Question]:
    for group in _GROUPS.split():
        asks, beside = f"needs unmet: {_words(group)}", {"service_group": group}
        yield _row(f"unmet_{group}", STUDY, asks, f"unmet_need_share service_group {group}", "15 %")
        if group in COMMON_GROUPS:
            yield _row(
                f"unmet_{group}_divisions",
                BRIEF,
                f"{asks}, by division",
                f"unmet_need_share division {_DIVISIONS}",
                "30 %",
                beside=beside,
            )


QUESTIONS: Final[tuple[Question, ...]] = (
    *_needs(),
    *_unmet(),
    _row("in_30_days", STUDY, "first service within 30 days", "served_within_30_days", "5 points", span=_Q),
    _row("sex_and_labor", STUDY, "sex and labor trafficking", "trafficking_type_share", "5 points", span=_Q),
    _row("gender", STUDY, "gender", "gender_share", "5 points", span=_Q),
    _row("age_groups", STUDY, "age groups", "age_group_share", "5 points", span=_Q),
    _row("trust", STUDY, "lack of trust", "barriers_per_case barrier lack_of_trust", "25 %"),
    _row("retaliation", STUDY, "fear of retaliation", "barriers_per_case barrier fear_of_retaliation_self", "25 %"),
    _row(
        "deportation",
        STUDY,
        "fear of deportation",
        "barriers_by_barrier_yearly_only barrier fear_of_deportation",
        "25 %",
    ),
    _row("over_12_months", STUDY, "over twelve months in care", "care_over_12_months", "5 points"),
    _row("exits", BRIEF, "how care ended, four ways", f"exits_by_reason exit_reason {_ENDS}", "15 %"),
    _row("outcomes", BRIEF, "outcomes by direction", f"outcomes_by_direction outcome_direction {_DIRECTIONS}", "15 %"),
    _row("states", BRIEF, "states' cases, in 35 at least", f"state_cases {_OF_STATES}", "25 %", least=35),
    _row("states_mean", BRIEF, "the mean of three years, in 35", f"state_cases_mean {_OF_STATES}", "15 %", least=35),
    _row(
        "demand_reduction_programs",
        BRIEF,
        "demand reduction held",
        "activities_by_activity activity demand_reduction",
        "exact",
    ),
    _row(
        "societal_factors",
        BRIEF,
        "norms, gender, online access",
        "factors_by_societal_factor societal_factor normalization gender_inequality online_access",
        "25 %",
    ),
    _row("trafficker_typologies", BRIEF, "traffickers who are organized", "organized_exploiter_share", "5 points"),
    _row(
        "consumer_typologies",
        BRIEF,
        "buyers of sex, employers",
        "exploiters_by_buyer_or_beneficiary_type buyer_or_beneficiary_type buyer_of_sex employer",
        "25 %",
    ),
    _row(
        "economic_factors",
        BRIEF,
        "poverty, debt, unemployment",
        "factors_by_economic_factor economic_factor poverty debt unemployment",
        "25 %",
    ),
    Question(
        "labor_health_consequences",
        BRIEF,
        "health after labor trafficking",
        "",
        "",
        (),
        Span.YEAR,
        EXACT,
        missing="health by type of trafficking is never released",
    ),
    _row(
        "financial_impact",
        BRIEF,
        "cost of services, five bands",
        f"services_by_cost_band cost_band {_BANDS}",
        "15 %",
    ),
    _row("public_health_impact", BRIEF, "health conditions seen", "health_condition_share", "5 points"),
    _row(
        "role_of_resiliency",
        BRIEF,
        "lives that improved",
        "outcome_direction_share outcome_direction improved",
        "5 points",
    ),
    _row(
        "protective_factors",
        BRIEF,
        "a home, a manager, peers",
        "factors_by_protective_factor protective_factor stable_housing case_manager supportive_peers",
        "25 %",
    ),
    _row("best_practices", BRIEF, "practices shared and adopted", "practice_use_share", "exact"),
    _row("service_evaluation", BRIEF, "needs unmet, all services", "unmet_need_share service all", "5 points"),
    _row("funding_evidence", BRIEF, "why needs go unmet", "unmet_reason_share", "5 points"),
)
