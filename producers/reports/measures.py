"""What a cell of a report counts, as values: facts, clients, or how clients' needs ended.

Rules kept: a measure names the bodies and fields that it needs, so that whoever fills a report
knows when the input cannot answer it. `open`: facts or clients that may belong to the cell, but
whose field was not read.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from exchange.core.model.events import Correctable, NeedIdentified, NeedUnmet, ServiceProvided
from exchange.core.model.vocabulary import Service, UnmetReason
from producers.reports.client_stays import ClientStay
from producers.reports.counted_facts import STAYS, Body, Clients, CountedFacts, Evidence

Where = Mapping[str, frozenset[str]]
Needs = tuple[tuple[Evidence, str], ...]
"""Bodies and fields that a measure needs; an empty field: the body alone."""
Wants = tuple[tuple[Body, str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class CellCount:
    """A number, and how many facts or clients more may belong to it."""

    value: int
    open: int = 0


class Measure(Protocol):
    """What a cell counts."""

    @property
    def needs(self) -> Needs:
        """What the input must state, in any period, for the number to mean anything."""

    @property
    def wants(self) -> Wants:
        """The codes that it counts, by body and field."""

    @property
    def by_client(self) -> bool:
        """Whether it counts clients, each once in a period."""

    @property
    def looks_back(self) -> bool:
        """Whether it needs what was before the period, too."""

    @property
    def either_way(self) -> bool:
        """Whether what could not be read may also make the number too high."""

    def count(self, facts: CountedFacts) -> CellCount:
        """The number."""


def codes(**where: str | Iterable[str]) -> dict[str, frozenset[str]]:
    """A condition on fields: `codes(service="housing", barrier=("language", "culture"))`."""
    return {name: frozenset((one,) if isinstance(one, str) else one) for name, one in where.items()}


def fits(body: Correctable, where: Where, unread: frozenset[str] = frozenset()) -> bool:
    """Whether a body meets a condition; fields that were not read meet any."""
    return all(name in unread or getattr(body, name) in wanted for name, wanted in where.items())


def _wants(body: Body, where: Where) -> Wants:
    return tuple((body, name, wanted) for name, wanted in where.items())


def _needs(body: Body, where: Where) -> Needs:
    return ((body, ""), *((body, name) for name in where))


@dataclass(frozen=True, slots=True)
class FactsOf:
    """Facts of one kind that meet a condition: quarters add up to their year."""

    body: Body
    where: Where = field(default_factory=dict)
    by_client = looks_back = either_way = False

    @property
    def needs(self) -> Needs:
        """Its body, and the fields of its condition."""
        return _needs(self.body, self.where)

    @property
    def wants(self) -> Wants:
        """The codes of its condition."""
        return _wants(self.body, self.where)

    def count(self, facts: CountedFacts) -> CellCount:
        """How many."""
        value = open_ = 0
        for body, unread, count in facts.of(self.body):
            judged = unread & self.where.keys()
            if not fits(body, self.where, judged):
                continue
            value, open_ = (value, open_ + count) if judged else (value + count, open_)
        return CellCount(value, open_)


@dataclass(frozen=True, slots=True)
class ClientsOf:
    """Clients with such a fact in the period, each once."""

    body: Body
    where: Where = field(default_factory=dict)
    by_client = True
    looks_back = either_way = False

    @property
    def needs(self) -> Needs:
        """Its body, and the fields of its condition."""
        return _needs(self.body, self.where)

    @property
    def wants(self) -> Wants:
        """The codes of its condition."""
        return _wants(self.body, self.where)

    def count(self, facts: CountedFacts) -> CellCount:
        """How many."""
        return _count(facts.clients, self.body, self.where)


@dataclass(frozen=True, slots=True)
class ClientsAlso:
    """Clients with such a fact in the period, of whose case another holds, then or before."""

    of: ClientsOf
    about: ClientsOf
    by_client, looks_back, either_way = True, True, False

    @property
    def needs(self) -> Needs:
        """What both need."""
        return (*self.of.needs, *self.about.needs)

    @property
    def wants(self) -> Wants:
        """The codes of its condition."""
        return (*self.of.wants, *self.about.wants)

    def count(self, facts: CountedFacts) -> CellCount:
        """How many."""
        of = clients_with(facts.clients, self.of.body, self.of.where)
        about = clients_with(facts.so_far, self.about.body, self.about.where)
        opened = self.of.count(facts).open + _count(facts.so_far, self.about.body, self.about.where).open
        return CellCount(len(of & about), opened)


@dataclass(frozen=True, slots=True)
class ClientsWithout:
    """Clients with such a fact in the period, of whose case nothing states another field."""

    of: ClientsOf
    body: Body
    names: tuple[str, ...]
    by_client = looks_back = either_way = True

    @property
    def needs(self) -> Needs:
        """What both need."""
        return (*self.of.needs, *((self.body, name) for name in self.names))

    @property
    def wants(self) -> Wants:
        """The codes of its condition."""
        return self.of.wants

    def count(self, facts: CountedFacts) -> CellCount:
        """How many."""
        of = clients_with(facts.clients, self.of.body, self.of.where)
        return CellCount(len(of - clients_with(facts.so_far, self.body, {})), self.of.count(facts).open)


class NeedsEnd(StrEnum):
    """How the needs of one client stand at the end of a period."""

    SERVED = "served"
    PARTLY = "partially served"
    NOT = "not served"
    PENDING = "neither yet"


_STANDING: Final = (NeedIdentified, ServiceProvided, NeedUnmet)


@dataclass(frozen=True, slots=True)
class ClientsByNeeds:
    """Clients by how what they asked for ended."""

    ends: frozenset[NeedsEnd]
    by_client, looks_back, either_way = True, False, True

    @property
    def needs(self) -> Needs:
        """Services, what was asked for, and for those who got none what was not met."""
        base: Needs = ((ServiceProvided, "service"), (NeedIdentified, "service"))
        return (*base, (NeedUnmet, "service")) if NeedsEnd.NOT in self.ends else base

    @property
    def wants(self) -> Wants:
        """The codes of its condition."""
        return ()

    def count(self, facts: CountedFacts) -> CellCount:
        """How many."""
        return CellCount(len(clients_by_needs(facts, self.ends)), _unread_services(facts))


@dataclass(frozen=True, slots=True)
class ReasonsOf:
    """Clients whose needs ended so, and of whom a reason is recorded."""

    ends: frozenset[NeedsEnd]
    where: Where
    by_client, looks_back, either_way = True, False, True

    @property
    def needs(self) -> Needs:
        """The reasons of what was not met."""
        return (*ClientsByNeeds(self.ends).needs, *_needs(NeedUnmet, self.where))

    @property
    def wants(self) -> Wants:
        """The codes of its condition."""
        return _wants(NeedUnmet, self.where)

    def count(self, facts: CountedFacts) -> CellCount:
        """How many."""
        reasons = _count(facts.clients, NeedUnmet, self.where)
        of = clients_with(facts.clients, NeedUnmet, self.where) & clients_by_needs(facts, self.ends)
        return CellCount(len(of), reasons.open + _unread_services(facts))


@dataclass(frozen=True, slots=True)
class StaysOf:
    """Clients with a stay in the period, each once, whose latest stay meets a condition."""

    fits: Callable[[ClientStay], bool] = field(default=lambda _: True)
    looks_back = False
    by_client = either_way = True
    by: tuple[str, ...] = ()
    wants: Wants = ()

    @property
    def needs(self) -> Needs:
        """Stays, and what of them the condition needs."""
        return tuple((STAYS, name) for name in ("", *self.by))

    def count(self, facts: CountedFacts) -> CellCount:
        """How many."""
        open_ = sum(not one.stay.unread.isdisjoint(self.by) for one in facts.stays)
        return CellCount(sum(map(self.fits, facts.stays)), open_)


def clients_with(clients: Clients, body: Body, where: Where) -> set[int]:
    """The clients of all bodies of a kind that surely meet a condition."""
    return _clients(clients, body, where, sure=True)


def _clients(clients: Clients, body: Body, where: Where, *, sure: bool) -> set[int]:
    """The clients whose body meets a condition, surely or only if a field not read does."""
    found: set[int] = set()
    for (one, unread), some in clients.items():
        judged = unread & where.keys()
        if type(one) is body and bool(judged) is not sure and fits(one, where, judged):
            found |= some
    return found


def _count(clients: Clients, body: Body, where: Where) -> CellCount:
    surely = clients_with(clients, body, where)
    return CellCount(len(surely), len(_clients(clients, body, where, sure=False) - surely))


def clients_by_needs(facts: CountedFacts, ends: frozenset[NeedsEnd]) -> set[int]:
    """The clients whose needs ended in one of these ways."""
    asked, given, unmet, declined = _services_by_client(facts)
    found = set[int]()
    for client in asked.keys() | given.keys() | unmet.keys():
        end = end_of(
            asked.get(client, NOTHING) - declined.get(client, NOTHING),
            given.get(client, NOTHING),
            unmet.get(client, NOTHING),
        )
        found |= {client} if end in ends else set()
    return found


ServicesOf = dict[int, set[str]]
"""Client → services."""
NOTHING: Final[set[str]] = set()
NO_SERVICE_ALONE: Final = frozenset({Service.information_referral})
"""What OVW counts as no service of its own."""
OWN_CHOICE: Final = frozenset({UnmetReason.client_declined, UnmetReason.client_moved})
"""Reasons by which a service was not asked for: OVW counts the person as served by the others."""


def _services_by_client(facts: CountedFacts) -> tuple[ServicesOf, ServicesOf, ServicesOf, ServicesOf]:
    """What clients asked for, got, did not get, and declined."""
    asked, given, unmet, declined = ServicesOf(), ServicesOf(), ServicesOf(), ServicesOf()
    for (body, unread), some in facts.clients.items():
        match body:
            case NeedIdentified():
                into = asked
            case ServiceProvided() if body.service not in NO_SERVICE_ALONE:
                into = given
            case NeedUnmet():
                into = declined if body.unmet_reason in OWN_CHOICE else unmet
            case _:
                continue
        for client in some if "service" not in unread else ():
            into.setdefault(client, set()).add(body.service)
    return asked, given, unmet, declined


def _unread_services(facts: CountedFacts) -> int:
    kept = ((body, unread) for body, unread in facts.clients if isinstance(body, _STANDING) and "service" in unread)
    return len(set[int]().union(*(facts.clients[one] for one in kept)))


def end_of(asked: set[str], given: set[str], unmet: set[str]) -> NeedsEnd:
    """How needs ended: services asked for, given, and recorded as not met."""
    open_ = (asked - given) | unmet
    if given and not open_:
        return NeedsEnd.SERVED
    if given:
        return NeedsEnd.PARTLY
    return NeedsEnd.NOT if unmet else NeedsEnd.PENDING
