"""A sample nation's yearly events within caps, by released table and code.

For planning a budget, from generated facts only. Every client's period is treated as a whole and
its marks are chosen by hash, like an edge that knew everything at once. Counts are from a fixed
sample, scaled to a number of clients. An event that a totals-only agency would tally counts like
any other.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import sha256
from typing import Final

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule, rules_of
from exchange.core.model.events import CORRECTABLE, Correctable
from exchange.core.release.client_tables import RELEASED_TABLES
from exchange.trial.sample import NATIONAL_CLIENTS_A_YEAR, sample_exchange

SCALE: Final = Fraction(1, 10)
SEED: Final = 2003
CAPPED: Final = Cap.NATION | Cap.STATE
"""The bits whose caps cut a client short; with ONE all but one event are left out on purpose."""
Group = CapRule | tuple[Cap, str]
"""What admits the same keys: a rule, or the rules of a bit with one choice."""
_ROWS_OF: Final = {
    body: tuple(row for row in RELEASED_TABLES if row.table is None or row.table.body is body) for body in CORRECTABLE
}


@dataclass(frozen=True, slots=True)
class Volumes:
    """A year of so many clients: (released table, code) → events within caps; each rule's share."""

    clients: int
    events: Mapping[tuple[str, str], Fraction]
    kept: Mapping[CapRule, Fraction]


def yearly_volumes(
    clients: int = NATIONAL_CLIENTS_A_YEAR,
    *,
    seed: int = SEED,
    late: Fraction = Fraction(0),
    scale: Fraction = SCALE,
) -> Volumes:
    """The volumes of a year with this many new clients, by a sample of this seed.

    `late`: the share of events that come after their period was counted, at random. `scale`: the
    size of the sample; 1 is the nation.
    """
    found, kept = _of_a_sample(seed, late, scale)
    per_client = Fraction(clients) / (scale * NATIONAL_CLIENTS_A_YEAR)
    return Volumes(clients, {cell: n * per_client for cell, n in found.items()}, kept)


@cache
def _of_a_sample(
    seed: int, late: Fraction, scale: Fraction
) -> tuple[Mapping[tuple[str, str], int], Mapping[CapRule, Fraction]]:
    """A sample's own events within caps, and the share of its events that each rule keeps."""
    found: Counter[tuple[str, str]] = Counter()
    candidates: Counter[CapRule] = Counter()
    kept: Counter[CapRule] = Counter()
    for unit, bodies in _in_time(seed, late, scale).items():
        for body, bits in zip(bodies, marks(bodies, unit), strict=True):
            found.update(_released(body, bits))
            for rule, _ in _rules(body):
                candidates[rule] += 1
                kept[rule] += bool(bits & rule.bit)
    return found, {rule: Fraction(kept[rule], candidates[rule]) for rule in RULES if candidates[rule]}


def _in_time(seed: int, late: Fraction, scale: Fraction) -> Mapping[str, list[Correctable]]:
    """The facts about each client's period that come before it is counted."""
    units: dict[str, list[Correctable]] = defaultdict(list)
    for agency in sample_exchange(seed, scale=float(scale)).agencies:
        for number, fact in enumerate(agency.facts()):
            if fact.client and not (late and _share(f"{seed}|{agency.code}|{number}") < late):
                units[f"{agency.code}|{fact.client}|{fact.period}"].append(fact.body)
    return units


def _share(text: str) -> Fraction:
    """A number from 0 to 1 that a text stands for."""
    return Fraction(int.from_bytes(_rank(text)[:4], "big"), 1 << 32)


def _rank(text: str) -> bytes:
    return sha256(text.encode("ascii")).digest()


def marks(bodies: Sequence[Correctable], unit: str) -> list[Cap]:
    """The bits of each body of one client and period, from all of them in order of arrival."""
    firsts: dict[CapRule, dict[str, int]] = defaultdict(dict)
    keys: dict[Group, dict[str, None]] = defaultdict(dict)
    for n, body in enumerate(bodies):
        for rule, key in _rules(body):
            firsts[rule].setdefault(key or str(n), n)
            keys[_group(rule)][key or str(n)] = None
    chosen = {group: _chosen(group, found, unit) for group, found in keys.items()}
    bits, past = [NONE] * len(bodies), False
    for n, body in enumerate(bodies):
        about = [(rule, key or str(n)) for rule, key in _rules(body)]
        for bit in {rule.bit for rule, _ in about}:
            mine = [(rule, key) for rule, key in about if rule.bit is bit]
            if not all(key in chosen[_group(rule)] for rule, key in mine):
                past = past or bool(bit & CAPPED)
            elif all(firsts[rule][key] == n for rule, key in mine):
                bits[n] |= bit
    if past:
        bits[0] |= Cap.PAST
    return bits


def _group(rule: CapRule) -> Group:
    return (rule.bit, rule.choice) if rule.choice else rule


def _most(group: Group) -> int:
    if isinstance(group, CapRule):
        return group.most
    return next(rule.most for rule in RULES if (rule.bit, rule.choice) == group)


def _chosen(group: Group, keys: Mapping[str, None], unit: str) -> set[str]:
    """The keys within the cap: by hash, so common ones are no likelier than rare."""
    if len(keys) <= _most(group):
        return set(keys)
    return set(sorted(keys, key=lambda key: _rank(f"{unit}|{key}"))[: _most(group)])


@lru_cache(maxsize=1 << 16)
def _rules(body: Correctable) -> tuple[tuple[CapRule, str], ...]:
    """The rules for a body, each with the code that must differ; empty: each event is another."""
    return tuple((rule, rule.key(body)) for rule in rules_of(body) if rule.body)


@lru_cache(maxsize=1 << 16)
def _released(body: Correctable, bits: Cap) -> tuple[tuple[str, str], ...]:
    values = ((row.name, row.value_of(body)) for row in _ROWS_OF[type(body)] if bits & row.bit)
    return tuple((name, value) for name, value in values if value is not None)
