"""Which events about one client in one period are within the caps.

Chosen by keyed hash, never by arrival.

For each rule (`exchange.core.admission.cap_rules`), a keyed hash of client, period, rule and the
rule's key (a service, a barrier …) puts all keys in an order of their own; the first ones are
within the cap. So the commonest service is no likelier to be kept than the rarest, and nobody
without the vault's key can tell which ones were. Events that a rule does not tell apart (two events
about one service, two openings) share one place. Within one choice the event's own hash decides
between them; later, the event that has the place keeps it.

A choice covers all events about a client that are to be sent. It takes into account all that were
sent: those that still carry bits, and how many corrections each rule has had. A key that comes
before the key of a sent event displaces that event, if every rule of the bit can pay for the
correction. An event takes its place in all rules of a bit, or in none. A free place goes to the
next key. An event that was sent without the bit stays without it, because each change is one more
event.

Promised: laws 1–3 of `exchange.core.admission.cap_rules`, in whatever order events come. Pure: no
vault, no clock, no randomness.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule
from exchange.core.model.events import CORRECTABLE, Correctable

CHOSEN: Final = (Cap.NATION, Cap.STATE)
"""The bits that are chosen here; `Cap.PAST` follows from them."""
OVER: Final = next(rule for rule in RULES if rule.bit is Cap.PAST)
_ABOUT: Final = {
    (kind, bit): tuple(rule for rule in RULES if rule.bit is bit and rule.body is kind)
    for kind in CORRECTABLE
    for bit in CHOSEN
}
_HASH_OCTETS: Final = 8
Own = str | tuple[int, bytes | None]


class Place(NamedTuple):
    """The place that a body takes under a rule.

    `name`: the rule's; `key`: empty where each event has a place of its own.
    """

    rule: CapRule
    name: bytes
    key: str


@lru_cache(maxsize=1 << 16)
def places_of(body: Correctable, bit: Cap) -> tuple[Place, ...]:
    """The places that a body needs to carry the bit: all of them. Without any it never does."""
    rules = (OVER,) if bit is Cap.PAST else (rule for rule in _ABOUT.get((type(body), bit), ()) if rule.concerns(body))
    return tuple(Place(rule, name_of(rule), rule.key(body)) for rule in rules)


@lru_cache
def name_of(rule: CapRule) -> bytes:
    """The name of a rule in hashes; it does not depend on the order of the list."""
    body = rule.body.__name__ if rule.body else ""
    return "|".join((rule.bit.name or "", body, *rule.strand, rule.distinct)).encode("ascii")


@dataclass(frozen=True, slots=True)
class Ranks:
    """The order of one client's period.

    `key`: the vault's own, 32 bytes; `unit`: identifies client and period.
    """

    key: bytes
    unit: bytes

    @classmethod
    def of(cls, key: bytes, client: bytes, period: int) -> "Ranks":
        """The order for a client, by the agency's own key, in a period."""
        return cls(key, period.to_bytes(2, "big") + client)

    def of_key(self, place: Place) -> bytes:
        """The rank of a key of a rule, 8 bytes: the smallest are within the cap."""
        return self._hash(place.name + b"|" + place.key.encode("ascii"), b"key")

    def of_fact(self, name: bytes) -> bytes:
        """The rank of one of several equal facts, 8 bytes."""
        return self._hash(name, b"fact")

    def _hash(self, what: bytes, person: bytes) -> bytes:
        unit = len(self.unit).to_bytes(4, "big") + self.unit
        return blake2b(unit + what, digest_size=_HASH_OCTETS, key=self.key, person=person).digest()


@dataclass(slots=True)
class SentMarks:
    """An event with those of its `bits` that were not taken back.

    `sequence`: its place in the chain, 0 before it is chained. `fact`: the key of the fact that
    still states it, and that could be sent again without a bit.
    """

    sequence: int
    body: Correctable
    bits: Cap
    fact: bytes | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fact that is to be sent."""

    fact: bytes
    body: Correctable


@dataclass(frozen=True, slots=True)
class Displaced:
    """A sent event that has to make room.

    `bits`: those of its correction; the fact is sent again without them.
    """

    sent: SentMarks
    bits: Cap


@dataclass(slots=True)
class ClientPeriod:
    """One client in one period: sent events, corrections so far, and what may carry bits.

    `may_mark`: whether new events may carry bits; `may_take`: whether corrections may.
    """

    ranks: Ranks
    may_mark: bool = True
    may_take: bool = True
    _held: dict[bytes, dict[Own, SentMarks]] = field(default_factory=dict)
    """Rule's name → the events that have its places."""
    _corrections: Counter[bytes] = field(default_factory=Counter)

    def add_sent(self, one: SentMarks) -> None:
        """Add an event that was sent, with the bits that were not taken back."""
        for bit in Cap(one.bits):
            for place in places_of(one.body, bit):
                self._held.setdefault(place.name, {})[_own(place, one)] = one

    def count_correction(self, body: Correctable, bits: Cap) -> None:
        """Count a correction of such a body that was sent with these bits."""
        for bit in bits:
            self._corrections.update(place.name for place in places_of(body, bit))

    def correct(self, one: SentMarks) -> Cap:
        """The bits of the correction of a sent event: those whose rules have corrections left."""
        bits = NONE
        for bit in Cap(one.bits):
            if self._can_pay(one, bit):
                self._free(one, bit)
                bits |= bit
        return bits

    def choose(self, wanted: Sequence[Wanted]) -> tuple[dict[bytes, Cap], list[Displaced]]:
        """The bits of each wanted fact that gets any, and the events that must make room."""
        if not self.may_mark or not wanted:
            return {}, []
        fresh = {one.fact: SentMarks(0, one.body, NONE, one.fact) for one in wanted}
        displaced: dict[int, Displaced] = {}
        over: list[SentMarks] = []
        for bit in CHOSEN:
            for one, places in self._in_order(fresh.values(), bit):
                over += self._place(one, places, bit, displaced)
        self._mark_first_over([*over, *(gone.sent for gone in displaced.values())], fresh)
        bits = {fact: one.bits for fact, one in fresh.items() if one.bits}
        return bits, list(displaced.values())

    def _in_order(self, ones: Iterable[SentMarks], bit: Cap) -> list[tuple[SentMarks, tuple[Place, ...]]]:
        concerned = [(one, places) for one in ones if (places := places_of(one.body, bit))]
        if len(concerned) < 2:
            return concerned
        ranks = self.ranks
        return sorted(concerned, key=lambda item: ([*map(ranks.of_key, item[1])], ranks.of_fact(item[0].fact or b"")))

    def _place(
        self, one: SentMarks, places: tuple[Place, ...], bit: Cap, displaced: dict[int, Displaced]
    ) -> list[SentMarks]:
        """Give the event its place under every rule of the bit, or under none.

        Returns it where it is past a cap.
        """
        held = [self._held.setdefault(place.name, {}) for place in places]
        taken = any(_own(place, one) in there for place, there in zip(places, held, strict=True))
        full = [place for place, there in zip(places, held, strict=True) if self._is_full(place, there, one)]
        if not taken and len(full) == 1 and (loser := self._loser(full[0], bit)):
            self._free(loser, bit)
            before = displaced.get(loser.sequence)
            displaced[loser.sequence] = Displaced(loser, bit | (before.bits if before else NONE))
            full = []
        if not taken and not full:
            one.bits |= bit
            for place in places:
                self._held[place.name][_own(place, one)] = one
        return [one] if full else []

    def _is_full(self, place: Place, there: dict[Own, SentMarks], one: SentMarks) -> bool:
        return len(there) >= place.rule.most and _own(place, one) not in there

    def _loser(self, place: Place, bit: Cap) -> SentMarks | None:
        """The last correctable event under a full rule that comes after this place, or None."""
        own = self.ranks.of_key(place)
        found = [
            (rank, held)
            for held in self._held[place.name].values()
            if held.sequence and held.fact and (rank := self._rank(held, place)) > own
        ]
        for _, held in sorted(found, key=lambda item: item[0], reverse=True):
            if self._can_pay(held, bit):
                return held
        return None

    def _rank(self, one: SentMarks, under: Place) -> bytes:
        return self.ranks.of_key(under._replace(key=under.rule.key(one.body)))

    def _can_pay(self, one: SentMarks, bit: Cap) -> bool:
        return self.may_take and all(
            self._corrections[place.name] < place.rule.corrections for place in places_of(one.body, bit)
        )

    def _free(self, one: SentMarks, bit: Cap) -> None:
        """Take the event out of all rules of a bit, by a correction that carries the bit."""
        one.bits &= ~bit
        for place in places_of(one.body, bit):
            self._corrections[place.name] += 1
            del self._held[place.name][_own(place, one)]

    def _mark_first_over(self, over: list[SentMarks], fresh: dict[bytes, SentMarks]) -> None:
        """Mark the first event that is past a cap, once for ever; nothing takes the mark back."""
        there = self._held.setdefault(name_of(OVER), {})
        if not over or there:
            return
        first = min(over, key=lambda one: self.ranks.of_fact(one.fact or b""))
        first = fresh.setdefault(first.fact or b"", SentMarks(0, first.body, NONE, first.fact))
        first.bits |= Cap.PAST
        there[""] = first


def _own(place: Place, one: SentMarks) -> Own:
    """The key of an event's place: the rule's, or one of its own if the rule has no field."""
    return place.key if place.rule.distinct else (one.sequence, one.fact)
