"""Which marks the events about one client in one period have: a pure function of the present facts.

A keyed hash decides, never arrival. For each rule (`exchange.core.admission.cap_rules`) the hash of
client, period, rule and key (a service, a barrier …) puts all keys in an order of their own; the
first ones are within the cap. So the commonest service is no likelier to be kept than the rarest,
and nobody without the vault's key can tell which ones were. Rules with one `choice` share the order
and the chosen keys. A rule that tells no keys apart orders the facts themselves. An event takes its
place under all rules of a bit, or gets no bit.

Two facts with the same keys are equal under a rule. Of them the one whose event has the bit already
keeps it; else their own hash decides. So which keys are marked depends on the facts alone.

Two bits look at what was sent. `Cap.PAST` stays on the event that has it while its client is over a
cap. `Cap.ARRIVAL` is given once for ever, and by scheduled runs only: a run by hand may follow from
one client's arrival, and would move all others' into another month.

Promised: the caps of every rule hold for the result, and for every part of it. Choosing again from
the result changes nothing. Pure: no vault, no clock, no randomness.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import Final, NamedTuple

from exchange.core.admission.cap_rules import MARKS, RULES, Cap, CapRule
from exchange.core.model.events import Correctable

CAPPED: Final = (Cap.NATION, Cap.STATE)
"""The bits whose caps a client can be over."""
CHOSEN: Final = (*CAPPED, Cap.ONE)
"""The bits that the hash gives."""
ARRIVING: Final = frozenset(rule.body for rule in RULES if rule.bit is Cap.ARRIVAL)
"""The bodies that show an arrival."""
_CAPS: Final = tuple(map(Cap, range(MARKS + 1)))
"""Every set of marks, by its number: a choice reckons with numbers, which is ten times faster."""
_PAST: Final = int(Cap.PAST)
_NOT_ARRIVAL: Final = int(MARKS & ~Cap.ARRIVAL)
_HASH_OCTETS: Final = 8
Key = str | bytes


class Place(NamedTuple):
    """The place that a body takes under a rule.

    `number`: the rule's. `order`: the name of the rule, or of its choice, in hashes. `key`: empty
    if the rule tells no keys apart. `by_choice`: whether other rules admit the same keys.
    """

    number: int
    order: bytes
    key: str
    most: int
    by_choice: bool


class Present(NamedTuple):
    """A fact that is there now. `sent`: the marks of the event that states it; None: none does."""

    fact: bytes
    body: Correctable
    sent: Cap | None = None


Needs = list[tuple[Present, tuple[Place, ...]]]


def places_of(body: Correctable) -> dict[Cap, tuple[Place, ...]]:
    """The places that a body needs to carry a chosen bit: all of them. Other bits it never has.

    Remembered by the few fields that the rules look at: there are far more different bodies.
    """
    looks_at = LOOKS_AT.get(type(body))
    if looks_at is None:
        return {}
    key = looks_at, looks_at(body)
    found = PLACES.get(key)
    if found is None:
        rules = _ABOUT[type(body)].items()
        found = {bit: places for bit, of_bit in rules if (places := tuple(_places(body, of_bit)))}
        if len(PLACES) >= PLACES_MAX:
            PLACES.clear()
        PLACES[key] = found
    return found


def _places(body: Correctable, rules: Iterable[tuple[int, CapRule, bytes]]) -> Iterator[Place]:
    for number, rule, order in rules:
        if rule.concerns(body):
            yield Place(number, order, rule.key(body), rule.most, bool(rule.choice))


def order_of(rule: CapRule) -> bytes:
    """The name of a rule's order in hashes; it does not depend on the order of the list."""
    name = rule.choice or "|".join((rule.body.__name__ if rule.body else "", *rule.strand, rule.distinct))
    return f"{rule.bit.name}|{name}".encode("ascii")


def _about(body: type[Correctable]) -> dict[Cap, list[tuple[int, CapRule, bytes]]]:
    """The rules about a kind of body, by bit: each with its number and the name of its order."""
    rules = [(number, rule, order_of(rule)) for number, rule in enumerate(RULES) if rule.body is body]
    return {bit: [one for one in rules if one[1].bit is bit] for bit in CHOSEN}


_ABOUT: Final = {rule.body: _about(rule.body) for rule in RULES if rule.body is not None}


def _looks_at(body: type[Correctable]) -> Callable[[Correctable], object]:
    """What the rules look at in a body of this kind; they look at nothing else."""
    rules = [rule for of_bit in _ABOUT[body].values() for _, rule, _ in of_bit]
    fields = {field for rule in rules for field in (rule.field, *rule.strand) if field}
    return attrgetter(*sorted(fields)) if fields else type


LOOKS_AT: Final = {body: _looks_at(body) for body in _ABOUT}
PLACES: Final[dict[tuple[object, object], dict[Cap, tuple[Place, ...]]]] = {}
"""What `places_of` remembers, at most `PLACES_MAX`."""
PLACES_MAX: Final = 1 << 16


class Ranks:
    """The order of one client's period. `key`: the vault's own, 32 bytes. Remembers each rank."""

    def __init__(self, key: bytes, unit: bytes) -> None:
        unit = len(unit).to_bytes(4, "big") + unit
        self._of_keys, self._of_facts = (
            blake2b(unit, digest_size=_HASH_OCTETS, key=key, person=person) for person in (b"key", b"fact")
        )
        self._keys: dict[tuple[bytes, str], bytes] = {}
        self._facts: dict[bytes, bytes] = {}

    @classmethod
    def of(cls, key: bytes, client: bytes, period: int) -> "Ranks":
        """The order for a client, by the agency's own key, in a period."""
        return cls(key, period.to_bytes(2, "big") + client)

    def of_key(self, order: bytes, key: str) -> bytes:
        """The rank of a key, 8 bytes: the smallest are within the cap."""
        rank = self._keys.get((order, key))
        if rank is None:
            made = self._of_keys.copy()
            made.update(order + b"|" + key.encode("ascii"))
            rank = self._keys[order, key] = made.digest()
        return rank

    def of_fact(self, name: bytes) -> bytes:
        """The rank of a fact among equal ones, 8 bytes."""
        rank = self._facts.get(name)
        if rank is None:
            made = self._of_facts.copy()
            made.update(name)
            rank = self._facts[name] = made.digest()
        return rank


def choose(
    ranks: Ranks,
    facts: Sequence[Present],
    arrived: Collection[type[Correctable]] = frozenset(),
    *,
    scheduled: bool = True,
) -> dict[bytes, Cap]:
    """The marks of each fact's event, for all present facts about one client in one period.

    An event that was sent with other marks has to be sent anew. `arrived`: the bodies of which an
    event was ever sent with `Cap.ARRIVAL`. `scheduled`: whether the run is.
    """
    marks = dict.fromkeys((one.fact for one in facts), 0)
    over: list[Present] = []
    for bit, needing in _needs(facts).items():
        past = _choose_bit(ranks, needing, int(bit), marks)
        over += past if bit in CAPPED else ()
    if over:
        marked = [one for one in facts if one.sent is not None and int(one.sent) & _PAST]
        marks[_first(ranks, marked or over).fact] |= _PAST
    for one in facts:
        if one.sent is not None and int(one.sent) & _NOT_ARRIVAL == marks[one.fact]:
            marks[one.fact] = int(one.sent)
    for body in ARRIVING.difference(arrived) if scheduled else ():
        of_body = [one for one in facts if type(one.body) is body]
        leaving = [one for one in of_body if one.sent != marks[one.fact]]
        if of_body:
            marks[_first(ranks, leaving or of_body).fact] |= int(Cap.ARRIVAL)
    return {fact: _CAPS[mark] for fact, mark in marks.items()}


def _needs(facts: Iterable[Present]) -> dict[Cap, Needs]:
    """Of each bit: the facts that it may be given to, and the places that each needs."""
    needs: dict[Cap, Needs] = defaultdict(list)
    for one in facts:
        for bit, places in places_of(one.body).items():
            needs[bit].append((one, places))
    return needs


def _fits(needing: Needs) -> bool:
    """Whether there is a place for everyone, so that nothing is to be chosen."""
    if len(needing) == 1:
        return True
    taken, keys = set[tuple[int, Key]](), defaultdict[int | bytes, set[Key]](set)
    for one, places in needing:
        for number, order, code, most, by_choice in places:
            key = code or one.fact
            among = keys[order if by_choice else number]
            among.add(key)
            if (number, key) in taken or len(among) > most:
                return False
            taken.add((number, key))
    return True


def _choose_bit(ranks: Ranks, needing: Needs, bit: int, marks: dict[bytes, int]) -> list[Present]:
    """Give one bit; returns the facts that are past a cap."""
    if _fits(needing):
        for one, _ in needing:
            marks[one.fact] |= bit
        return []
    needing.sort(key=lambda item: _order(ranks, item[0], item[1], bit))
    chosen = _chosen(ranks, [place for _, places in needing for place in places if place.by_choice])
    taken: dict[int, set[Key]] = defaultdict(set)

    def is_full(place: Place) -> bool:
        if place.by_choice:
            return place.key not in chosen[place.order]
        return len(taken[place.number]) >= place.most

    for one, places in needing:
        if not any(is_full(place) or place.key in taken[place.number] for place in places):
            marks[one.fact] |= bit
            for place in places:
                taken[place.number].add(place.key or one.fact)
    return [
        one
        for one, places in needing
        if not marks[one.fact] & bit
        and any(is_full(place) and place.key not in taken[place.number] for place in places)
    ]


def _order(ranks: Ranks, one: Present, places: tuple[Place, ...], bit: int) -> tuple[list[bytes], bool, bytes]:
    own = ranks.of_fact(one.fact)
    keys = [ranks.of_key(place.order, place.key) if place.key else own for place in places]
    return keys, not (one.sent and int(one.sent) & bit), own


def _chosen(ranks: Ranks, places: Iterable[Place]) -> dict[bytes, set[str]]:
    """The keys that rules with a choice in common admit, by the name of their order."""
    keys: dict[bytes, dict[str, int]] = defaultdict(dict)
    for place in places:
        keys[place.order][place.key] = place.most
    return {
        order: set(sorted(found, key=lambda key: ranks.of_key(order, key))[: min(found.values())])
        for order, found in keys.items()
    }


def _first(ranks: Ranks, facts: Sequence[Present]) -> Present:
    return min(facts, key=lambda one: ranks.of_fact(one.fact)) if len(facts) > 1 else facts[0]
