"""One sample agency: the facts that its edge reads, and the events of an honest edge (`sent`).

Rules kept: the same seed and arguments give the same facts in the same order on every machine;
facts come in the order of their weeks; the sample starts in its steady state, with open cases of
the three years before; of these, only facts within the span are given. Memory: the facts of the
agency's open cases, not those of its whole history.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from heapq import heappop, heappush
from itertools import chain
from random import Random
from typing import Final

from exchange.core.model.epochs import month_after
from exchange.core.model.events import Correctable
from exchange.core.model.vocabulary import AgencyType, LegalClass, UsState
from exchange.core.release.tiers import MONTHS_OF_QUARTER
from exchange.trial.sample.cases import LONGEST_DAYS, history, lasting
from exchange.trial.sample.desk import quarter_at_desk
from exchange.trial.sample.draws import Uniform
from exchange.trial.sample.roster import Traits
from exchange.trial.sample.sample_calendar import WEEKS_A_QUARTER, WEEKS_A_YEAR, SampledQuarters
from exchange.trial.sample.sent import Marks, marks_of, with_tallies
from producers.facts import Fact, Where

_WARM_UP_WEEKS: Final = LONGEST_DAYS // 7
_SECOND_STATE_SHARE: Final = 0.2
Planned = tuple[int, str, int, UsState, Correctable]
"""Day, client (empty: the agency itself), slot within the client's case, state, body."""


@dataclass(frozen=True, slots=True)
class SampleAgency:
    """An agency of a sample. `clients_a_year`: new ones, on average.

    `late`: the share of facts about clients that are recorded after their period was counted.
    """

    code: str
    traits: Traits
    clients_a_year: float
    span: SampledQuarters
    seed: int
    late: float = 0.0

    @property
    def agency_type(self) -> AgencyType:
        """The type of agency."""
        return self.traits.agency_type

    @property
    def state(self) -> UsState:
        """Its home state; `traits.states` are all its states."""
        return self.traits.states[0]

    @property
    def legal_class(self) -> LegalClass:
        """The data that it may share."""
        return self.traits.legal_class

    @property
    def small_counts(self) -> bool:
        """Whether counsel agreed to counts of 1–10 in tallies: true for all tally-only agencies."""
        return self.legal_class is LegalClass.tally_only

    def facts(self) -> Iterator[Fact]:
        """All its facts within the span, in order; each call starts anew and gives the same."""
        return (fact for _, fact in self.dated())

    def dated(self) -> Iterator[tuple[int, Fact]]:
        """The facts, each with its month of recording, as an epoch; months come in order.

        Facts that are late may come after the span.
        """
        year_only = self.legal_class is LegalClass.year_only
        quarters = [self.span.period_at(day, year_only=False) for day in range(self.span.days)]
        client_periods = [self.span.period_at(day, year_only=year_only) for day in range(self.span.days)]
        months = [self.span.month_at(day) for day in range(self.span.days)]
        waiting: list[tuple[int, int, Fact]] = []
        for row, (day, client, slot, state, body) in enumerate(self._planned(), start=1):
            period = client_periods[day] if client else quarters[day]
            fact = Fact(f"{client or 'desk'}.{slot}", period, state, body, client, Where(self.code, row))
            while waiting and waiting[0][0] <= months[day]:
                month, _, earlier = heappop(waiting)
                yield month, earlier
            if client and (after := self._months_late(fact.key)):
                heappush(waiting, (month_after(period) + after, row, fact))
            else:
                yield months[day], fact
        yield from ((month, fact) for month, _, fact in sorted(waiting, key=lambda one: one[:2]))

    def _months_late(self, key: str) -> int:
        """How long after the month in which its period is counted a fact is recorded; 0: in time.

        At most as long as a count of what came too late can see it.
        """
        if not self.late:
            return 0
        chance = Random(f"{self.seed}|{self.code}|{key}|late")  # noqa: S311 - a sample must be repeatable
        return 1 + chance.randrange(MONTHS_OF_QUARTER) if chance.random() < self.late else 0

    def sent(self) -> Iterator[Fact]:
        """An honest edge's events, no heartbeats: the facts, or own facts and tallies."""
        if self.legal_class is LegalClass.tally_only:
            return with_tallies(self.facts(), self.span.closed, self.marks())
        return self.facts()

    @property
    def cap_key(self) -> bytes:
        """Its vault's key for the choice within the caps: repeatable here, random in a real one."""
        return sha256(f"{self.seed}|{self.code}|caps".encode("ascii")).digest()

    def marks(self) -> Marks:
        """The bits of all facts about clients, by key, if the edge learns of all at once."""
        return marks_of(self.facts(), self.cap_key)

    def _planned(self) -> Iterator[Planned]:
        uniform = Random(f"{self.seed}|{self.code}").random  # noqa: S311 - a sample must be repeatable, and hides nothing
        weeks: list[list[Planned]] = [[] for _ in range(self.span.weeks)]
        firsts = range(0, self.span.days, WEEKS_A_QUARTER * 7)
        desk = chain.from_iterable(quarter_at_desk(self.traits, first, uniform) for first in firsts)
        self._plan(weeks, "", self.state, desk)
        phase, number = uniform(), 0
        for week in range(-_WARM_UP_WEEKS, self.span.weeks):
            opened = int((week + 1 + _WARM_UP_WEEKS) * self.clients_a_year / WEEKS_A_YEAR + phase)
            while number < opened:
                number += 1
                self._open_case(weeks, f"client-{number:06d}", week, uniform)
            if week >= 0:
                yield from sorted(weeks[week])
                weeks[week] = []

    def _open_case(self, weeks: list[list[Planned]], client: str, week: int, uniform: Uniform) -> None:
        opened = week * 7 + int(uniform() * 7)
        band, days = lasting(uniform)
        if opened + days < 0:
            return
        elsewhere = len(self.traits.states) > 1 and uniform() < _SECOND_STATE_SHARE
        state = self.traits.states[-1] if elsewhere else self.state
        self._plan(weeks, client, state, history(self.traits, opened, band, opened + days, uniform))

    def _plan(
        self, weeks: list[list[Planned]], client: str, state: UsState, bodies: Iterator[tuple[int, Correctable]]
    ) -> None:
        days = self.span.days
        for slot, (day, body) in enumerate(bodies):
            if 0 <= day < days:
                weeks[day // 7].append((day, client, slot, state, body))
