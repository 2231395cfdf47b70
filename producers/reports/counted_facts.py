"""Facts as a report counts them: by body, in its period, with their clients as numbers.

Memory: a number for each client, and for each different body the set of its clients. Keys stay
here, and are in no report.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Final

from exchange.core.model.events import About, CaseOpened, Correctable, TraffickingFacts
from producers.facts import Fact
from producers.reports.client_stays import ClientStay, latest_stays
from producers.reports.report_period import ReportPeriod
from producers.sources.hmis.hmis_stays import AGES, DESTINATIONS, HEADS, MOVES, SEX, StaySeen

NO_ANSWER: Final = frozenset({"not_collected", "not_applicable", "withheld_by_agency"})
"""Codes of a field that nobody was asked about, or whose answer is not here."""
ABOUT_THE_CASE: Final = (CaseOpened, TraffickingFacts)
"""Bodies that hold for a client's case later on, too."""
Kept = tuple[Correctable, frozenset[str]]
"""A body, and its fields that were not read."""
Clients = dict[Kept, set[int]]
Body = type[Correctable]
STAYS: Final = "stays"
"""In the place of a body: entries and exits, whose days only an HMIS export has."""
OPEN: Final = (SEX, AGES, HEADS, MOVES, DESTINATIONS)
HOUSING: Final = "housing"
"""Services that follow from a stay."""
Evidence = Body | str
"""What a cell is counted from: facts with a body of this kind, or stays."""


@dataclass(slots=True)
class CountedFacts:
    """What the facts of an input are, as far as a report on one period counts them.

    `facts`: body, with its fields that were not read → how many in the period. `clients`: the same
    → its clients; `so_far`: of bodies about a case, up to the period's end. `unnamed`: kind of body
    → facts about a client that name none. `by_year`: kind of body → facts of a whole year that the
    period cuts. `ever`: what the input states in any period: bodies, their fields with an answer,
    and the answers. `left_out`: clients who are counted nowhere. `stays`: of each client with a
    stay in the period, the latest.
    """

    period: ReportPeriod
    facts: Counter[Kept] = field(default_factory=Counter)
    clients: Clients = field(default_factory=dict)
    so_far: Clients = field(default_factory=dict)
    unnamed: Counter[Body] = field(default_factory=Counter)
    by_year: Counter[Body] = field(default_factory=Counter)
    ever: set[tuple[Evidence, str, str]] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)
    stays: tuple[ClientStay, ...] = ()
    _numbers: dict[str, int] = field(default_factory=dict)

    def take(self, fact: Fact, leave_out: Callable[[str], bool]) -> None:
        """Count a fact. `leave_out`: whether the client of a key is counted nowhere."""
        client = self._number(fact.client)
        if fact.client and leave_out(fact.client):
            self.left_out.add(client)
            return
        self.ever.update(_answered(fact.body, fact.unread))
        if isinstance(fact.body, ABOUT_THE_CASE) and fact.period <= self.period.quarters[-1]:
            self._place(self.so_far, (fact.body, fact.unread), client)
        if self.period.has(fact.period):
            self.facts[fact.body, fact.unread] += 1
            self._place(self.clients, (fact.body, fact.unread), client)
        elif self.period.cuts(fact.period):
            self.by_year[type(fact.body)] += 1

    def take_stays(self, stays: Iterable[StaySeen], leave_out: Callable[[str], bool]) -> None:
        """Keep each client's latest stay in the period."""
        stays = list(stays)
        self.ever |= {(STAYS, name, "") for stay in stays for name in {"", *OPEN} - stay.unread}
        counted = (stay for stay in stays if not leave_out(stay.client))
        self.stays = latest_stays(counted, self.period)

    def _number(self, client: str) -> int:
        return self._numbers.setdefault(client, len(self._numbers) + 1) if client else 0

    def _place(self, clients: Clients, kept: Kept, client: int) -> None:
        if client:
            clients.setdefault(kept, set()).add(client)
        elif clients is self.clients and kept[0].about is About.CLIENT:
            self.unnamed[type(kept[0])] += 1

    def states(self, body: Evidence) -> bool:
        """Whether the input states such facts at all, in any period."""
        return (body, "", "") in self.ever

    def answers(self, body: Evidence, name: str) -> bool:
        """Whether any fact of the input, in any period, answers this field."""
        return (body, name, "") in self.ever

    def has_code(self, body: Evidence, name: str, code: str) -> bool:
        """Whether any fact of the input, in any period, has this answer."""
        return (body, name, code) in self.ever

    def of(self, body: Body) -> Iterator[tuple[Correctable, frozenset[str], int]]:
        """The facts of one kind in the period, and what of them was not read."""
        return ((one, unread, count) for (one, unread), count in self.facts.items() if type(one) is body)


@lru_cache(maxsize=1 << 14)
def _answered(body: Correctable, unread: frozenset[str]) -> frozenset[tuple[Evidence, str, str]]:
    """The kind of a body, its fields that have an answer, and the answers."""
    kind = type(body)
    found: set[tuple[Evidence, str, str]] = {(kind, "", "")}
    for one in fields(body):
        code = getattr(body, one.name)
        if one.name not in unread and code not in NO_ANSWER:
            found |= {(kind, one.name, ""), (kind, one.name, str(code))}
    return frozenset(found)
