"""Reads the nine trafficking columns of an Exit, cautiously: a screening answer is no finding.

    sex    ExchangeForSex 1, for a client surely under 18 at the exit; or
           AskedOrForcedToExchangeForSex 1, for anyone
    labor  WorkplaceViolenceThreats 1, or CoercedToContinueWork 1; WorkplacePromiseDifference
           alone is too weak a sign

Either sign makes the status `possible`, never `confirmed`; nothing makes it `not_established`.
Answers without a sign leave the type `not_known`; if all are refusals it is `declined`, if all are
99 `not_collected`. If all columns are empty, nobody asked, and there is no fact. HMIS has no column
for sector, recruitment, recruiter or control method.
"""

from dataclasses import fields
from typing import Final

from exchange.core.model.events import TraffickingFacts
from exchange.core.model.vocabulary import (
    ControlMethod,
    DecisionMaker,
    ExploitationType,
    LaborSector,
    RecruitmentMethod,
    SexExploitationType,
    TraffickingStatus,
    TraffickingType,
)
from producers.sources.hmis.reading.layout import TRAFFICKING
from producers.sources.hmis.reading.row import ANSWERS, Row

COUNT: Final = "CountOfExchangeForSex"
COUNTS: Final = frozenset({1, 2, 3, 4, 8, 9, 99})
YES, DECLINED, NOT_COLLECTED = 1, 9, 99


SIGNS: Final = ("ExchangeForSex", "AskedOrForcedToExchangeForSex", "WorkplaceViolenceThreats", "CoercedToContinueWork")
FIELDS: Final = frozenset(one.name for one in fields(TraffickingFacts))


def unread_of(row: Row) -> frozenset[str]:
    """The fields that were not read: all, if a sign has no column or an answer was refused."""
    return FIELDS if row.lacks(*SIGNS) or row.refuses(*TRAFFICKING) else frozenset()


def trafficking_of(row: Row, *, minor: bool) -> TraffickingFacts | None:
    """The facts in the columns of an Exit; None when all are empty."""
    answers = {column: row.answer(column, COUNTS if column == COUNT else ANSWERS) for column in TRAFFICKING}
    if not any(row.text(column) for column in TRAFFICKING):
        return None
    yes = {column for column, answer in answers.items() if answer == YES and column != COUNT}
    sex = "AskedOrForcedToExchangeForSex" in yes or (minor and "ExchangeForSex" in yes)
    labor = bool(yes & {"WorkplaceViolenceThreats", "CoercedToContinueWork"})
    if sex or labor:
        return _possible(sex=sex, labor=labor, exchanged="ExchangeForSex" in yes)
    return _no_sign({answer for column, answer in answers.items() if row.text(column)})


def _possible(*, sex: bool, labor: bool, exchanged: bool) -> TraffickingFacts:
    sex_exploitation = SexExploitationType.commercial_sex if exchanged else SexExploitationType.not_known
    if sex and labor:
        kind, exploitation = TraffickingType.both, ExploitationType.not_known
    elif sex:
        kind, exploitation = TraffickingType.sex, ExploitationType.sexual_exploitation
    else:
        kind, exploitation = TraffickingType.labor, ExploitationType.forced_labor
    return TraffickingFacts(
        trafficking_type=kind,
        trafficking_status=TraffickingStatus.possible,
        decision_maker=DecisionMaker.not_applicable,
        exploitation_type=exploitation,
        sex_exploitation_type=sex_exploitation if sex else SexExploitationType.not_applicable,
        labor_sector=LaborSector.not_collected if labor else LaborSector.not_applicable,
        recruitment_method=RecruitmentMethod.not_collected,
        control_method=ControlMethod.not_applicable,
    )


def _no_sign(answers: set[int | None]) -> TraffickingFacts:
    why = _why_no_sign(answers)
    return TraffickingFacts(
        trafficking_type=TraffickingType(why),
        trafficking_status=TraffickingStatus(why),
        decision_maker=DecisionMaker.not_applicable,
        exploitation_type=ExploitationType(why),
        sex_exploitation_type=SexExploitationType(why),
        labor_sector=LaborSector.not_collected,
        recruitment_method=RecruitmentMethod.not_collected,
        control_method=ControlMethod.not_applicable,
    )


def _why_no_sign(answers: set[int | None]) -> str:
    if answers == {NOT_COLLECTED}:
        return "not_collected"
    return "declined" if answers <= {DECLINED, NOT_COLLECTED} else "not_known"
