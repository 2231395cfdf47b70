"""A sample nation's yearly events within caps, by released table and code.

For planning a budget, from generated facts only. Every client's period is treated as a whole and
its marks are chosen by hash, like an edge that knew everything at once. A real edge learns of
events one by one, so it keeps a little less. Counts are from a fixed sample, scaled to a number of
clients. An event that a totals-only agency would tally counts like any other.
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

SCALE: Final = 0.1
SEED: Final = 2003
_ROWS_OF: Final = {
    body: tuple(row for row in RELEASED_TABLES if row.table is None or row.table.body is body) for body in CORRECTABLE
}


@dataclass(frozen=True, slots=True)
class Volumes:
    """A year of so many clients: (released table, code) → events within caps; each rule's share."""

    clients: int
    events: Mapping[tuple[str, str], Fraction]
    kept: Mapping[CapRule, Fraction]


def yearly_volumes(clients: int = NATIONAL_CLIENTS_A_YEAR) -> Volumes:
    """The volumes of a year with this many new clients."""
    found, kept = _of_the_sample()
    per_client = Fraction(clients) / (Fraction(str(SCALE)) * NATIONAL_CLIENTS_A_YEAR)
    return Volumes(clients, {cell: n * per_client for cell, n in found.items()}, kept)


@cache
def _of_the_sample() -> tuple[Mapping[tuple[str, str], int], Mapping[CapRule, Fraction]]:
    """The sample's own events within caps, and the share of its events that each rule keeps."""
    units: dict[tuple[str, str, int], list[Correctable]] = defaultdict(list)
    for agency in sample_exchange(SEED, scale=SCALE).agencies:
        for fact in agency.facts():
            if fact.client:
                units[agency.code, fact.client, fact.period].append(fact.body)
    found: Counter[tuple[str, str]] = Counter()
    candidates: Counter[CapRule] = Counter()
    kept: Counter[CapRule] = Counter()
    for unit, bodies in units.items():
        found_keys = _keys(bodies)
        for rule, keys in found_keys.items():
            candidates[rule] += len(keys)
            kept[rule] += min(len(keys), rule.most)
        for body, bits in zip(bodies, _marks(bodies, found_keys, "|".join(map(str, unit))), strict=True):
            found.update(_released(body, bits))
    return found, {rule: Fraction(kept[rule], candidates[rule]) for rule in RULES if candidates[rule]}


def marks(bodies: Sequence[Correctable], unit: str) -> list[Cap]:
    """The bits of each body of one client and period, from all of them in order of arrival."""
    return _marks(bodies, _keys(bodies), unit)


def _marks(bodies: Sequence[Correctable], keys: Mapping[CapRule, dict[str, int]], unit: str) -> list[Cap]:
    chosen = {rule: _chosen(rule, found, unit) for rule, found in keys.items()}
    bits, past = [NONE] * len(bodies), len(bodies)
    for n, body in enumerate(bodies):
        for bit in (Cap.NATION, Cap.STATE):
            about = [(rule, key or str(n)) for rule, key in _rules(body) if rule.bit is bit]
            if about and all(chosen[rule].get(key) == n for rule, key in about):
                bits[n] |= bit
            elif any(key not in chosen[rule] for rule, key in about):
                past = min(past, n)
    if past < len(bodies):
        bits[past] |= Cap.PAST
    return bits


@lru_cache(maxsize=1 << 16)
def _rules(body: Correctable) -> tuple[tuple[CapRule, str], ...]:
    """The rules for a body, each with the code that must differ; empty: each event is another."""
    return tuple((rule, rule.key(body)) for rule in rules_of(body) if rule.body)


def _keys(bodies: Sequence[Correctable]) -> dict[CapRule, dict[str, int]]:
    """For each rule, its keys, each with the position of its first body."""
    found: dict[CapRule, dict[str, int]] = defaultdict(dict)
    for n, body in enumerate(bodies):
        for rule, key in _rules(body):
            found[rule].setdefault(key or str(n), n)
    return found


def _chosen(rule: CapRule, keys: dict[str, int], unit: str) -> dict[str, int]:
    """The keys within the cap: by hash, so common ones are no likelier than rare; or the first."""
    if len(keys) <= rule.most:
        return keys
    order = sorted(keys, key=lambda key: sha256(f"{unit}|{key}".encode()).digest()) if rule.distinct else list(keys)
    return {key: keys[key] for key in order[: rule.most]}


@lru_cache(maxsize=1 << 16)
def _released(body: Correctable, bits: Cap) -> tuple[tuple[str, str], ...]:
    values = ((row.name, row.value_of(body)) for row in _ROWS_OF[type(body)] if bits & row.bit)
    return tuple((name, value) for name, value in values if value is not None)
