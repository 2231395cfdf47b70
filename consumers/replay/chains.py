"""Whether every agency's events are 1, 2, 3… once each, and each follows the one before.

The counts of a log in which a chain stands twice are right for that log, and wrong for the world.
So a replay checks the chains too. The signature of an agency's last heartbeat vouches for all that
the chain holds before it (`signed`), so the newest event of each agency should be one.

Rules kept: a broken chain is a result with a name and not an error: the agency's code, the place,
the two sequences. An agency's code is not about a client. After a break the chain is followed on
from the event that broke it, so that one mistake is one result.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from exchange.core.admission.gate import Registration, Verify, heartbeat_reason
from exchange.core.errors import ExchangeError
from exchange.core.model.event_layout import PREVIOUS, sequence_of
from exchange.core.model.events import Heartbeat
from exchange.engine.log import Partition, Record
from exchange.wire.codec import decode

BROKEN_MAX: Final = 100
"""Breaks that one partition lists; `breaks` counts them all."""


@dataclass(frozen=True, slots=True, order=True)
class BrokenChain:
    """An event that does not follow its agency's event before it.

    `after`: that event's sequence; 0: there is none. `sequence`: of the event itself.
    """

    partition: int
    offset: int
    agency: str
    after: int
    sequence: int

    def __str__(self) -> str:
        """One line for an operator."""
        place = f"events-{self.partition} offset {self.offset}"
        if self.sequence <= self.after:
            return f"{place}: event {self.sequence} of {self.agency} came again, after event {self.after}"
        if self.sequence == self.after + 1:
            return f"{place}: event {self.sequence} of {self.agency} does not carry the digest of event {self.after}"
        return f"{place}: event {self.sequence} of {self.agency} follows event {self.after}"


@dataclass(frozen=True, slots=True)
class _Head:
    """An agency's newest event."""

    sequence: int
    digest: bytes
    record: Record


class Chains:
    """Follows the chains of one partition of `events`."""

    def __init__(self, source: Partition) -> None:
        self._source = source
        self._heads: dict[bytes | None, _Head] = {}
        self.broken: list[BrokenChain] = []
        self.breaks = 0

    def take(self, records: Sequence[Record]) -> None:
        """Take records in order."""
        heads = self._all_follow(records)
        if heads is None:
            self._one_by_one(records)
        else:
            self._heads.update(heads)

    def _all_follow(self, records: Sequence[Record]) -> dict[bytes | None, _Head] | None:
        """The new heads if every record follows; None if any does not, or may not.

        The hot loop: one comparison and one hash an event. Where each digest is that of the event
        before, the sequences are right if the last is as far from the first as there are events.
        """
        known = self._heads
        digests = {key: head.digest for key, head in known.items()}
        newest: dict[bytes | None, Record] = {}
        for record in records:
            key, value = record.key, record.value or b""
            previous = digests.get(key)
            if previous != value[PREVIOUS] and previous is not None:
                return None
            digests[key] = sha256(value).digest()
            newest[key] = record
        counts = Counter(record.key for record in records)
        heads = {key: _Head(_sequence(record), digests[key], record) for key, record in newest.items()}
        right = all(
            head.sequence == counts[key] + (known[key].sequence if key in known else 0) for key, head in heads.items()
        )
        return heads if right else None

    def _one_by_one(self, records: Sequence[Record]) -> None:
        for record in records:
            value, head = record.value or b"", self._heads.get(record.key)
            sequence, after = _sequence(record), head.sequence if head else 0
            if sequence != after + 1 or (head is not None and value[PREVIOUS] != head.digest):
                self._note(record, after)
            self._heads[record.key] = _Head(sequence, sha256(value).digest(), record)

    def heads(self) -> dict[str, int]:
        """Agency → sequence of its newest event."""
        return {_code(key): head.sequence for key, head in self._heads.items()}

    def unsigned(self, registered: Mapping[str, Registration], verify: Verify) -> list[str]:
        """The agencies whose newest event is no heartbeat that is signed with a registered key."""
        return sorted(
            _code(key) for key, head in self._heads.items() if not _is_signed(key, head.record, registered, verify)
        )

    def _note(self, record: Record, after: int) -> None:
        self.breaks += 1
        if len(self.broken) < BROKEN_MAX:
            self.broken.append(
                BrokenChain(self._source.partition, record.offset, _code(record.key), after, _sequence(record))
            )


def in_two_places(heads: Sequence[Mapping[str, int]]) -> list[str]:
    """The agencies with events in more than one partition: each has one, for ever."""
    every = [agency for part in heads for agency in part]
    return sorted({agency for agency in every if every.count(agency) > 1})


def _code(key: bytes | None) -> str:
    return (key or b"").decode("ascii", "replace")


def _sequence(record: Record) -> int:
    return sequence_of(record.value or b"")


def _is_signed(key: bytes | None, record: Record, registered: Mapping[str, Registration], verify: Verify) -> bool:
    registration = registered.get(_code(key))
    try:
        event = decode(record.value or b"")
    except ExchangeError:
        return False
    if registration is None or not isinstance(event.body, Heartbeat):
        return False
    return heartbeat_reason(registration, event, event.body, verify) is None
