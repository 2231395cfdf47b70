"""HealthAndDV: how health changed between entry and exit, and a pregnancy.

- The first row of a stay at stage 1 and its last row at stage 3 make an outcome for each of
  general, dental and mental health that both rate, from 1 (best) to 5 (worst). No outcome where
  either rating is missing. If the rows run backwards in time, the outcome has no direction. HMIS
  does not record who answered.
- PregnancyStatus 1 is one fact a stay, from the first row that has it; the edge sends it only if
  the profile switches it on. The domestic violence columns make no fact: the vocabulary has no code
  for them.

If a row of the stay was refused, or the file was not read whole, nobody knows which rows belong
together: there is no new fact about it, and known ones stay.

An earlier reading of the file finds the two rows. Memory: one entry for each stay with a row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from exchange.core.model.events import HealthObserved
from exchange.core.model.vocabulary import (
    DurationBand,
    HealthCondition,
    LaborSector,
    OutcomeDirection,
    OutcomeDomain,
    ReportedBy,
    TraffickingType,
)
from producers.facts import Complete, Reading, Withdrawn
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import YES, read_integer
from producers.sources.hmis.reading.row import ANSWERS, Row
from producers.sources.hmis.reading.walk import Surveyed, rows
from producers.sources.hmis.rules.rule import FileRule, RowFacts, outcome
from producers.sources.hmis.rules.stays import Stay

DOMAINS: Final[Mapping[str, OutcomeDomain]] = {
    "GeneralHealthStatus": OutcomeDomain.physical_health,
    "DentalHealthStatus": OutcomeDomain.dental_health,
    "MentalHealthStatus": OutcomeDomain.mental_health,
}
RATINGS: Final = frozenset(range(1, 6))
UNRATED: Final = frozenset({8, 9, 99})
AT_ENTRY, AT_EXIT = 1, 3
BETWEEN: Final = frozenset({2, 5})
STAGES: Final = frozenset({AT_ENTRY, AT_EXIT, *BETWEEN})
STAY_UNREAD: Final = "another assessment of the stay was refused, so it is not known which belong together"
OUTCOME, PREGNANCY = "HealthOutcome/", "Pregnancy/"


@dataclass(frozen=True, slots=True)
class Assessment:
    """One row's day, place and ratings, in the order of `DOMAINS`."""

    day: date
    row: int
    ratings: tuple[int | None, ...]


@dataclass(slots=True)
class Health:
    """The rows of one stay together."""

    entry: Assessment | None = None
    exit: Assessment | None = None
    pregnant: tuple[date, int] | None = None
    unread: bool = False

    def take(self, row: Row, day: date) -> None:
        """Add a row."""
        place = (day, row.where.row)
        stage = read_integer(row.text("DataCollectionStage"))
        if stage == AT_ENTRY and (self.entry is None or place < (self.entry.day, self.entry.row)):
            self.entry = _assessment(row, day)
        elif stage == AT_EXIT and (self.exit is None or place > (self.exit.day, self.exit.row)):
            self.exit = _assessment(row, day)
        if read_integer(row.text("PregnancyStatus")) == YES and (self.pregnant is None or place < self.pregnant):
            self.pregnant = place


def _assessment(row: Row, day: date) -> Assessment:
    ratings = (read_integer(row.text(column)) for column in DOMAINS)
    return Assessment(day, row.where.row, tuple(rating if rating in RATINGS else None for rating in ratings))


@dataclass
class HealthRule(FileRule):
    """`OutcomeAssessed` from pairs of rows, `HealthObserved` for a pregnancy."""

    by_stay: dict[str, Health] = field(default_factory=dict)

    def before(self, file: Surveyed | None) -> None:
        """Find the rows that belong together, and the stays of which one cannot be read."""
        unread = set[str]()
        for row in rows(file):
            if isinstance(row, Row) and not row.withdrawn and row.key(self.layout.keys[0]):
                stay, day = self.stays.of(row), self.stays.day(row, self.day_column)
                if isinstance(stay, Stay) and day:
                    self.by_stay.setdefault(stay.key, Health()).take(row, day)
                if not (isinstance(stay, Stay) and day) or _stage_unread(row):
                    unread.add(row.text(layout.STAY))
        unread |= file.survey.unread_stays if file else set()
        self.stays.unread.update(unread)
        for key, health in self.by_stay.items():
            health.unread = key in unread or not self.absence.shows(self.layout)

    def facts(self, row_facts: RowFacts, day: date) -> Iterator[Reading]:
        """The facts of a row, given the other rows of its stay."""
        row, health = row_facts.row, self.by_stay[row_facts.stay.key]
        for column in DOMAINS:
            row.answer(column, RATINGS | UNRATED)
        row.answer("PregnancyStatus", ANSWERS)
        row.answer("DataCollectionStage", STAGES)
        if health.unread:
            if _states(health, row, day):
                row.refuse("", STAY_UNREAD, follows=True)
            return
        if health.entry and health.exit and health.exit.row == row.where.row:
            yield from self._outcomes(row_facts, health.entry, health.exit)
        if health.pregnant == (day, row.where.row):
            yield RowFacts(row_facts.stay, row, PREGNANCY).fact("observed", day, self._pregnancy(row_facts.stay, day))

    def period_of(self, row: Row, column: str) -> int:
        """Only of what follows from another row: a row of a pair decides what the other states."""
        return 0 if column else super().period_of(row, column)

    def complete(self, row_facts: RowFacts) -> Iterator[Complete]:
        """Only the later row of a pair completes the outcomes of its stay."""
        health = self.by_stay[row_facts.stay.key]
        last = health.entry and health.exit and health.exit.row == row_facts.row.where.row
        if last and not health.unread:
            yield Complete(row_facts.stay.prefix + OUTCOME, row_facts.row.where, spares=self.absence.spares)

    def _outcomes(self, row_facts: RowFacts, entry: Assessment, leave: Assessment) -> Iterator[Reading]:
        age = self.stays.person(row_facts.stay).age_band(leave.day)
        for domain, before, after in zip(DOMAINS.values(), entry.ratings, leave.ratings, strict=True):
            if before is not None and after is not None:
                direction = _moved(before, after) if entry.day <= leave.day else OutcomeDirection.not_known
                body = outcome(domain, direction, ReportedBy.not_collected, age)
                yield RowFacts(row_facts.stay, row_facts.row, OUTCOME).fact(domain, leave.day, body)

    def _pregnancy(self, stay: Stay, day: date) -> HealthObserved:
        return HealthObserved(
            HealthCondition.pregnancy,
            TraffickingType.not_known,
            LaborSector.not_collected,
            DurationBand.not_collected,
            self.stays.person(stay).age_band(day),
        )

    def _withdrawn(self, row: Row) -> Iterator[Reading]:
        """A withdrawn row withdraws its facts, unless live rows of the stay still state them."""
        stay = row.key(layout.STAY)
        if not stay or not row.key(self.layout.keys[0]):
            return
        left = self.by_stay.get(stay, Health())
        if left.unread:
            return
        stage = read_integer(row.text("DataCollectionStage"))
        for prefix in self.stays.prefixes(stay):
            if stage not in BETWEEN and not (left.entry and left.exit):
                yield Withdrawn(prefix + OUTCOME, row.where)
            if read_integer(row.text("PregnancyStatus")) not in (0, None) and left.pregnant is None:
                yield Withdrawn(prefix + PREGNANCY, row.where)


def _stage_unread(row: Row) -> bool:
    text = row.text("DataCollectionStage")
    return bool(text) and read_integer(text) not in STAGES


def _states(health: Health, row: Row, day: date) -> bool:
    """Whether a row would state a fact of its stay."""
    later = health.entry is not None and health.exit is not None and health.exit.row == row.where.row
    return later or health.pregnant == (day, row.where.row)


def _moved(before: int, after: int) -> OutcomeDirection:
    """1 is best and 5 worst."""
    if after == before:
        return OutcomeDirection.unchanged
    return OutcomeDirection.improved if after < before else OutcomeDirection.worsened
