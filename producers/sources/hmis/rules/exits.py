"""Exit: a case closes, and what the worker and the client said about how it went.

- `OutcomeAssessed` housing: Destination beside LivingSituation (where the client lived before), compared by kind: homeless,
  then institution or temporary, then permanent. Nothing where either kind is not known.
- safety: DestinationSafeClient, reported by the survivor, and DestinationSafeWorker, reported by the worker.
- protective factors: the three connections, one each; and social support, from all three. Reported by the worker.
- An answer is 0, 1, not known or declined; 99 and an empty cell are no assessment and say nothing.
- CounselingReceived is mental health care given up to the exit: the one trace of it that youth programs leave.
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
from producers.sources.hmis.reading.bands import duration_band, unit_band
from producers.sources.hmis.reading.codes import YES, read_integer
from producers.sources.hmis.reading.row import ANSWERS, OUTSIDE_LIST, Row
from producers.sources.hmis.rules.rule import FileRule, Said, outcome
from producers.sources.hmis.rules.trafficking import trafficking_of

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

    def facts(self, said: Said, day: date) -> Iterator[Reading]:
        """What an exit says."""
        yield said.fact("closed", day, self._closed(said, day))
        trafficking = trafficking_of(said.row, minor=self.stays.person(said.stay).is_minor(day))
        if trafficking:
            yield said.fact("trafficking", day, trafficking)
        yield from self._housing(said, day)
        yield from self._safety(said, day)
        yield from self._connections(said, day)
        if said.row.answer("CounselingReceived", ANSWERS) == YES:
            yield said.fact("counseling", day, self._counseling(said, day))

    def _closed(self, said: Said, day: date) -> CaseClosed:
        destination = said.row.code("Destination", self.codes.destination)
        return CaseClosed(self._reason(said.row), destination, duration_band(said.stay.entered, day))

    def _reason(self, row: Row) -> ExitReason:
        if read_integer(row.text("Destination")) == DECEASED:
            return ExitReason.deceased
        reason = row.code("ProjectCompletionStatus", self.codes.completion)
        if reason is ExitReason.involuntary and (text := row.text("EarlyExitReason")):
            early = self.codes.early_exit.read(text)
            if early is not None:
                return early
            row.refuse("EarlyExitReason", "a code of its list; read as involuntary")
        return reason

    def _housing(self, said: Said, day: date) -> Iterator[Fact]:
        before, after = _rank(said.stay.lived), _rank(read_integer(said.row.text("Destination")))
        if before is not None and after is not None:
            body = outcome(OutcomeDomain.housing, moved(before, after), ReportedBy.not_collected, self._age(said, day))
            yield said.fact("housing", day, body)

    def _safety(self, said: Said, day: date) -> Iterator[Fact]:
        for slot, column, reporter in (
            ("safe_client", "DestinationSafeClient", ReportedBy.survivor),
            ("safe_worker", "DestinationSafeWorker", ReportedBy.worker),
        ):
            direction = _answer(said.row, column, worker=reporter is ReportedBy.worker)
            if direction:
                yield said.fact(slot, day, outcome(OutcomeDomain.safety, direction, reporter, self._age(said, day)))

    def _connections(self, said: Said, day: date) -> Iterator[Fact]:
        age, by = self._age(said, day), ReportedBy.worker
        answers = {factor: _answer(said.row, column, worker=True) for column, factor in FACTORS.items()}
        for factor, direction in answers.items():
            if direction:
                yield said.fact(factor, day, outcome(OutcomeDomain.protective_factors, direction, by, age, factor))
        together = _together(list(answers.values()))
        if together:
            yield said.fact("support", day, outcome(OutcomeDomain.social_support, together, by, age))

    def _age(self, said: Said, day: date) -> AgeBand:
        return self.stays.person(said.stay).age_band(day)

    def _counseling(self, said: Said, day: date) -> ServiceProvided:
        units = unit_band(said.row.number("SessionCountAtExit"))
        funder = said.stay.project.paid_by(day)
        return ServiceProvided(Service.mental_health, WaitBand.not_applicable, CostBand.not_collected, units, funder)


def moved(before: int, after: int) -> OutcomeDirection:
    """The direction from a lower rank to a higher one, and back."""
    if before == after:
        return OutcomeDirection.unchanged
    return OutcomeDirection.improved if after > before else OutcomeDirection.worsened


def _rank(code: int | None) -> int | None:
    return None if code is None else RANKS.get(code // 100)


def _answer(row: Row, column: str, *, worker: bool) -> OutcomeDirection | None:
    """The direction that an answer is; None where nobody answered."""
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
    """One connection is support; none of all three is none; nothing where nobody answered."""
    if not any(directions):
        return None
    if OutcomeDirection.attained in directions:
        return OutcomeDirection.attained
    if set(directions) == {OutcomeDirection.not_attained}:
        return OutcomeDirection.not_attained
    return OutcomeDirection.not_known
