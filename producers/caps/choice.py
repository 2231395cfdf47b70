"""Which of what an agency says of one client in one period is within the caps: by keyed hash, and never by arrival.

For each rule (`exchange.core.admission.cap_rules`), a keyed hash of client, period, rule and the rule's key (a service, a barrier …) puts all
keys in an order of their own; those that come first are within. So the commonest service is no likelier to be kept than
the rarest, and nobody without the vault's key can tell which ones were. What a rule does not tell apart (two events of one
service, two openings) has one place; in one choice it is the event's own hash that decides, later the one that is there stays.

A choice is made over all that is to be sent of a client, given all that has left already: what stands with its bits, and how
many corrections each rule has had. A key that would come before one that stands displaces it, if every rule of that bit
can pay for the correction; an event takes its place in all rules of a bit, or in none. A place that is freed goes to what
comes next; what went without before stays so, because each change of mind is one event more.

Promised: laws 1–3 of `exchange.core.admission.cap_rules`, whatever is asked in whatever order. Pure: no vault, no clock, no randomness.
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
"""The bits that are chosen; `Cap.PAST` follows from them."""
OVER: Final = next(rule for rule in RULES if rule.bit is Cap.PAST)
_ABOUT: Final = {
    (kind, bit): tuple(rule for rule in RULES if rule.bit is bit and rule.body is kind)
    for kind in CORRECTABLE
    for bit in CHOSEN
}
_HASH_OCTETS: Final = 8
Own = str | tuple[int, bytes | None]


class Place(NamedTuple):
    """What a body takes under a rule. `name`: the rule's; `key`: empty where each event is one by itself."""

    rule: CapRule
    name: bytes
    key: str


@lru_cache(maxsize=1 << 16)
def places_of(body: Correctable, bit: Cap) -> tuple[Place, ...]:
    """The places that a body must get to carry the bit: all of them, and none means never."""
    rules = (OVER,) if bit is Cap.PAST else (rule for rule in _ABOUT.get((type(body), bit), ()) if rule.concerns(body))
    return tuple(Place(rule, name_of(rule), rule.key(body)) for rule in rules)


@lru_cache
def name_of(rule: CapRule) -> bytes:
    """What a rule is called in hashes, wherever it stands in the list."""
    body = rule.body.__name__ if rule.body else ""
    return "|".join((rule.bit.name or "", body, *rule.strand, rule.distinct)).encode("ascii")


@dataclass(frozen=True, slots=True)
class Ranks:
    """The order of one client's period. `key`: the vault's own, 32 bytes; `unit`: what tells client and period apart."""

    key: bytes
    unit: bytes

    @classmethod
    def of(cls, key: bytes, client: bytes, period: int) -> "Ranks":
        """The order of a client, by the agency's own name of it, in a period."""
        return cls(key, period.to_bytes(2, "big") + client)

    def of_key(self, place: Place) -> bytes:
        """Where a key of a rule stands: the first are within. 8 bytes."""
        return self._hash(place.name + b"|" + place.key.encode("ascii"), b"key")

    def of_fact(self, name: bytes) -> bytes:
        """Where one of several that are alike stands. 8 bytes."""
        return self._hash(name, b"fact")

    def _hash(self, what: bytes, person: bytes) -> bytes:
        unit = len(self.unit).to_bytes(4, "big") + self.unit
        return blake2b(unit + what, digest_size=_HASH_OCTETS, key=self.key, person=person).digest()


@dataclass(slots=True)
class SentMarks:
    """What has left, with the `bits` of it that have not been taken back.

    `sequence`: where it stands, 0 while it has not left; `fact`: what still says so, and could be told anew without a bit.
    """

    sequence: int
    body: Correctable
    bits: Cap
    fact: bytes | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be sent."""

    fact: bytes
    body: Correctable


@dataclass(frozen=True, slots=True)
class Displaced:
    """What has to make room, and the bits that its correction carries; it is told anew without them."""

    standing: SentMarks
    bits: Cap


@dataclass(slots=True)
class ClientPeriod:
    """One client in one period: what stands of it, which corrections it has had, and what may still be marked.

    `may_mark`: whether anything new may carry a bit; `may_take`: whether corrections may.
    """

    ranks: Ranks
    may_mark: bool = True
    may_take: bool = True
    ever: bool = False
    """Whether anything of it ever carried a bit."""
    _held: dict[bytes, dict[Own, SentMarks]] = field(default_factory=dict)
    """Rule's name → what has its places."""
    _corrections: Counter[bytes] = field(default_factory=Counter)

    def stands(self, one: SentMarks) -> None:
        """Something has left, and these bits of it have not been taken back."""
        if not one.bits:
            return
        self.ever = True
        for bit in Cap(one.bits):
            for place in places_of(one.body, bit):
                self._held.setdefault(place.name, {})[_own(place, one)] = one

    def was_corrected(self, body: Correctable, bits: Cap) -> None:
        """A correction of such a body has left with these bits."""
        for bit in bits:
            self.ever = True
            self._corrections.update(place.name for place in places_of(body, bit))

    def take_back(self, one: SentMarks) -> Cap:
        """The bits that the correction of what stands carries: as many as its rules have corrections left for."""
        bits = NONE
        for bit in Cap(one.bits):
            if self._can_pay(one, bit):
                self._free(one, bit)
                bits |= bit
        return bits

    def choose(self, wanted: Sequence[Wanted]) -> tuple[dict[bytes, Cap], list[Displaced]]:
        """The bits of each fact that is to be sent, those with none left out; and what must make room for them."""
        if not self.may_mark or not wanted:
            return {}, []
        fresh = {one.fact: SentMarks(0, one.body, NONE, one.fact) for one in wanted}
        displaced: dict[int, Displaced] = {}
        over: list[SentMarks] = []
        for bit in CHOSEN:
            for one, places in self._in_order(fresh.values(), bit):
                over += self._place(one, places, bit, displaced)
        self._mark_first_over([*over, *(gone.standing for gone in displaced.values())], fresh)
        bits = {fact: one.bits for fact, one in fresh.items() if one.bits}
        self.ever |= bool(bits)
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
        """Give it its place under every rule of the bit, or under none; itself, where it is past a cap."""
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
        """What stands under a full rule, comes last there and behind this, and can be taken back; None: nothing does."""
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
        """Take it out of all rules of a bit, by a correction that carries it."""
        one.bits &= ~bit
        for place in places_of(one.body, bit):
            self._corrections[place.name] += 1
            del self._held[place.name][_own(place, one)]

    def _mark_first_over(self, over: list[SentMarks], fresh: dict[bytes, SentMarks]) -> None:
        """The first that is past a cap says so, once for ever; nothing takes it back."""
        there = self._held.setdefault(name_of(OVER), {})
        if not over or there:
            return
        first = min(over, key=lambda one: self.ranks.of_fact(one.fact or b""))
        first = fresh.setdefault(first.fact or b"", SentMarks(0, first.body, NONE, first.fact))
        first.bits |= Cap.PAST
        there[""] = first


def _own(place: Place, one: SentMarks) -> Own:
    """What it takes under a rule: the rule's key, or one of its own where each event is one by itself."""
    return place.key if place.rule.distinct else (one.sequence, one.fact)
