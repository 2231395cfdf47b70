"""Guesses the bodies behind digests: an agency's heads and the leaves of the auditors' tree.

An event is a few dozen guessable bits, so anybody who knows the bytes before them can try all
values. Here the attacker knows agency, schema, period, state, and that the agency's first event is
a need. It tries every service and every set of cap bits against the digest of that event, as the
gate has it from a real edge, and against its RFC 6962 leaf of (agency, sequence, digest). Before
the first event are 32 random bytes, which the vault keeps. `found`: bodies guessed.

Naive release: a chain that begins with zeros.

Not promised: that a body is safe from somebody who sees the heads directly before and after it.
Then the bytes before it are known, and it falls like the naive one (`neighbouring_heads_known`). So
heads are shown only if a heartbeat is between them, whose signature nobody can guess, or to those
who may read the events.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from exchange.core.counting.tables import NOT_APPLICABLE
from exchange.core.model.chain import digest_of
from exchange.core.model.events import ALL_CAPS, Event, NeedIdentified
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import Service, UsState
from exchange.trial.attack.agency_desk import publish
from exchange.trial.attack.attack_findings import Finding, Measured
from exchange.trial.attack.weakened_noise import Setting
from exchange.wire.codec import decode, encode
from producers.facts import Fact, Where

PERIOD: Final = period_of(2026, 1)
STATE: Final = UsState.ca
AGENCIES: Final = 3
NEEDS: Final = (Service.food, Service.emergency_shelter, Service.transportation)
"""Needs of three clients of one agency; a keyed sort decides the order in which they leave."""
START: Final = bytes(32)
"""The beginning of a chain whose maker did not think of guessing."""
LEAF: Final = b"\x00"
"""The byte that RFC 6962 puts before a leaf."""


class Guessed(NamedTuple):
    """Bodies found among so many first events, and among as many second ones with known head."""

    events: int
    found: int
    found_between_heads: int


def real() -> Guessed:
    """Attack the chains of real edges."""
    return _guessed(list(_chains()))


def naive() -> Guessed:
    """Attack the same events chained from zeros."""
    chains = []
    for values in _chains():
        first = encode(replace(decode(values[0]), previous=START))
        second = encode(replace(decode(values[1]), previous=digest_of(first)))
        chains.append((first, second))
    return _guessed(chains)


def _chains() -> Iterator[tuple[bytes, bytes]]:
    """The first two events of each agency."""
    for number in range(AGENCIES):
        with tempfile.TemporaryDirectory(prefix="exchange-attack-") as folder:
            facts = [
                Fact(f"row-{n}", PERIOD, STATE, NeedIdentified(need), f"client-{n}", Where("needs", n + 1))
                for n, need in enumerate(NEEDS)
            ]
            values = publish(Path(folder), _agency(number), facts).gate.inbox
        yield values[0], values[1]


def _agency(number: int) -> str:
    return f"guessed-{number}"


def _guessed(chains: Sequence[tuple[bytes, bytes]]) -> Guessed:
    found = between = 0
    for number, (first, second) in enumerate(chains):
        digest, next_digest = digest_of(first), digest_of(second)
        leaf = leaf_of(_agency(number), 1, digest)
        for body, tried in _tries(1, START):
            if tried == digest or leaf_of(_agency(number), 1, tried) == leaf:
                found += body == decode(first).body
        between += sum(tried == next_digest for _, tried in _tries(2, digest))
    return Guessed(len(chains), found, between)


def leaf_of(agency: str, sequence: int, digest: bytes) -> bytes:
    """The RFC 6962 leaf hash of an agency's head; each field is preceded by its length."""
    parts = (agency.encode("ascii"), sequence.to_bytes(8, "big"), digest)
    return sha256(LEAF + b"".join(len(part).to_bytes(2, "big") + part for part in parts)).digest()


def _tries(sequence: int, previous: bytes) -> Iterator[tuple[NeedIdentified, bytes]]:
    """Every possible body of the event, with the digest that would result."""
    for service in Service:
        if service != NOT_APPLICABLE:
            for cap in range(ALL_CAPS + 1):
                body = NeedIdentified(service)
                yield body, digest_of(encode(Event(sequence, previous, PERIOD, STATE, cap, body)))


def outcome(name: str, parts: Mapping[Setting, Sequence[Guessed]]) -> Finding:
    """The row: bodies found."""
    measured = {}
    for setting, [found] in parts.items():
        measured[setting] = Measured(found.found, found.found > 0, found.events)
    details = {"neighbouring_heads_known": float(parts[Setting.OURS][0].found_between_heads)}
    return Finding(name, "bodies", 0.0, 0.0, measured, details=details)
