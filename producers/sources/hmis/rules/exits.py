"""Exit: a case closes, with the outcomes that the worker and the client reported.

- `OutcomeAssessed` housing: Destination is compared with LivingSituation (where the client lived
  before) by kind: homeless, then institution or temporary, then permanent. No fact where either
  kind is unknown.
- safety: DestinationSafeClient, reported by the survivor, and DestinationSafeWorker, reported by
  the worker.
- protective factors: the three connections, one each; and social support, from all three. Reported
  by the worker.
- An answer is 0, 1, not known or declined; 99 and an empty cell are no assessment and make no fact.
- CounselingReceived is mental health care provided before the exit; youth programs record it
  nowhere else.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from exchange.core.model.events import CaseClosed, ServiceProvided
from exchange.core.model.vocabulary import (
    AgeBand,
    CostBand,
    ExitReason,
    OutcomeDirection,
    OutcomeDomain,
    ProtectiveFactor,
    ReportedBy,
    Service,
    WaitBand,
)
from producers.facts import Fact, Reading
from producers.sources.hmis.reading.banded import duration_band, unit_band
from producers.sources.hmis.reading.codes import YES, read_integer
from producers.sources.hmis.reading.row import ANSWERS, OUTSIDE_LIST, Row
from producers.sources.hmis.rules.rule import FileRule, RowFacts, outcome
from producers.sources.hmis.rules.trafficking import trafficking_of, unread_of

DECEASED: Final = 24
RANKS: Final[Mapping[int, int]] = {1: 0, 2: 1, 3: 1, 4: 2}
"""Homeless; institution; temporary; permanent: the hundreds digit of a destination."""
WORKER_DOES_NOT_KNOW, NOT_COLLECTED = 2, 99
ANSWERED: Final[Mapping[int, OutcomeDirection]] = {
    0: OutcomeDirection.not_attained,
    1: OutcomeDirection.attained,
    WORKER_DOES_NOT_KNOW: OutcomeDirection.worker_does_not_know,
    8: OutcomeDirection.not_known,
    9: OutcomeDirection.declined,
}
FACTORS: Final[Mapping[str, ProtectiveFactor]] = {
    "PosAdultConnections": ProtectiveFactor.trusted_adult,
    "PosPeerConnections": ProtectiveFactor.supportive_peers,
    "PosCommunityConnections": ProtectiveFactor.community_ties,
}


class ExitRule(FileRule):
    """`CaseClosed`, `TraffickingFacts`, the outcomes at the exit, and counseling."""

    def facts(self, row_facts: RowFacts, day: date) -> Iterator[Reading]:
        """The facts of an exit."""
        if self.stays.is_case(row_facts.stay):
            closed = self._closed(row_facts, day)
            yield row_facts.fact("closed", day, closed, _unread(row_facts.row))
        trafficking = trafficking_of(row_facts.row, minor=self.stays.person(row_facts.stay).is_minor(day))
        if trafficking:
            yield row_facts.fact("trafficking", day, trafficking, unread_of(row_facts.row))
        yield from self._housing(row_facts, day)
        yield from self._safety(row_facts, day)
        yield from self._connections(row_facts, day)
        if row_facts.row.answer("CounselingReceived", ANSWERS) == YES:
            counseling = self._counseling(row_facts, day)
            yield row_facts.fact("counseling", day, counseling, row_facts.unread(unit_band="SessionCountAtExit"))

    def _closed(self, row_facts: RowFacts, day: date) -> CaseClosed:
        destination = row_facts.row.code("Destination", self.codes.destination)
        return CaseClosed(self._reason(row_facts.row), destination, duration_band(row_facts.stay.entered, day))

    def _reason(self, row: Row) -> ExitReason:
        if read_integer(row.text("Destination")) == DECEASED:
            return ExitReason.deceased
        reason = row.code("ProjectCompletionStatus", self.codes.completion)
        if reason is ExitReason.involuntary and (text := row.text("EarlyExitReason")):
            early = self.codes.early_exit.read(text)
            if early is not None:
                return early
            row.refuse("EarlyExitReason", "the code is not in its list; it is read as involuntary")
        return reason

    def _housing(self, row_facts: RowFacts, day: date) -> Iterator[Fact]:
        before, after = _rank(row_facts.stay.lived), _rank(read_integer(row_facts.row.text("Destination")))
        if before is not None and after is not None:
            body = outcome(
                OutcomeDomain.housing, moved(before, after), ReportedBy.not_collected, self._age(row_facts, day)
            )
            yield row_facts.fact("housing", day, body)

    def _safety(self, row_facts: RowFacts, day: date) -> Iterator[Fact]:
        for slot, column, reporter in (
            ("safe_client", "DestinationSafeClient", ReportedBy.survivor),
            ("safe_worker", "DestinationSafeWorker", ReportedBy.worker),
        ):
            direction = _answer(row_facts.row, column, worker=reporter is ReportedBy.worker)
            if direction:
                body = outcome(OutcomeDomain.safety, direction, reporter, self._age(row_facts, day))
                yield row_facts.fact(slot, day, body, row_facts.unread(outcome_direction=column))

    def _connections(self, row_facts: RowFacts, day: date) -> Iterator[Fact]:
        age, by = self._age(row_facts, day), ReportedBy.worker
        answers = {factor: _answer(row_facts.row, column, worker=True) for column, factor in FACTORS.items()}
        for column, factor in FACTORS.items():
            if direction := answers[factor]:
                body = outcome(OutcomeDomain.protective_factors, direction, by, age, factor)
                yield row_facts.fact(factor, day, body, row_facts.unread(outcome_direction=column))
        together = _together(list(answers.values()))
        if together:
            unread = {"outcome_direction"} if row_facts.row.lacks(*FACTORS) else ()
            yield row_facts.fact("support", day, outcome(OutcomeDomain.social_support, together, by, age), unread)

    def _age(self, row_facts: RowFacts, day: date) -> AgeBand:
        return self.stays.person(row_facts.stay).age_band(day)

    def _counseling(self, row_facts: RowFacts, day: date) -> ServiceProvided:
        units = unit_band(row_facts.row.number("SessionCountAtExit"))
        funder = row_facts.stay.project.paid_by(day)
        return ServiceProvided(Service.mental_health, WaitBand.not_applicable, CostBand.not_collected, units, funder)


def moved(before: int, after: int) -> OutcomeDirection:
    """The direction of a change of rank: a higher rank is better."""
    if before == after:
        return OutcomeDirection.unchanged
    return OutcomeDirection.improved if after > before else OutcomeDirection.worsened


def _unread(row: Row) -> Iterator[str]:
    """The fields of `CaseClosed` that were not read."""
    if row.lacks("ProjectCompletionStatus") or row.refuses("EarlyExitReason"):
        yield "exit_reason"
    if row.lacks("Destination"):
        yield "exit_destination"


def _rank(code: int | None) -> int | None:
    return None if code is None else RANKS.get(code // 100)


def _answer(row: Row, column: str, *, worker: bool) -> OutcomeDirection | None:
    """The direction of an answer; None where nobody answered."""
    text = row.text(column)
    number = read_integer(text)
    if not text or number == NOT_COLLECTED:
        return None
    direction = ANSWERED.get(-1 if number is None else number)
    if direction is None or (number == WORKER_DOES_NOT_KNOW and not worker):
        row.refuse(column, OUTSIDE_LIST)
        return OutcomeDirection.not_known
    return direction


def _together(directions: list[OutcomeDirection | None]) -> OutcomeDirection | None:
    """The social support: one connection is support, none of three is none.

    None where nobody answered.
    """
    if not any(directions):
        return None
    if OutcomeDirection.attained in directions:
        return OutcomeDirection.attained
    if set(directions) == {OutcomeDirection.not_attained}:
        return OutcomeDirection.not_attained
    return OutcomeDirection.not_known
