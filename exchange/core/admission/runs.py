"""Which records of an inbox their agency has signed: the chain that a closing heartbeat ends.

Anybody who carries records could add some, so a record by itself says nothing. A heartbeat whose
signature verifies says that the agency stands behind everything before it in the chain. From it
the chain is walked back over raw bytes, record by record, to the agency's head. Only records on
that walk are signed.

Words. A *stretch*: the records of an inbox behind the gate's position, up to a heartbeat that
verifies. A *stray*: a record of a stretch that is on no walk; it is never judged.

Rules kept:
- What extends the head is always tried first. A forged record before, between or behind honest
  ones changes nothing.
- `Forked` follows only from a heartbeat that the agency signed: its chain has other bytes under a
  used sequence.
- A late copy of a run that the gate refused is no fork. The edge has chained other events in its
  place since (ADR 14), and the gate remembers the heartbeats of such runs.
- A record that comes again never enters a stretch (`is_repeated`).

Not promised: a walk through records that lie behind its heartbeat. The edge sends them again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from exchange.core.admission.gate import AgencyState, Refused
from exchange.core.admission.reasons import RUN_EVENTS_MAX, Reason
from exchange.core.model.chain import SHORT, digest_of
from exchange.core.model.event_layout import KIND, PREVIOUS, follows, link_of, sequence_of
from exchange.core.model.events import BODIES, Heartbeat

RUNS_REMEMBERED_MAX: Final = 64
"""Refused runs of an agency that the gate remembers, newest last."""
NO_EVENT: Final = b""
"""In the place of a record that can be on no walk, whatever its bytes."""
NO_LINK: Final = (0, NO_EVENT)
_HEARTBEAT: Final = bytes([2 * BODIES.index(Heartbeat)])
_KIND: Final = slice(KIND, KIND + 1)
R = TypeVar("R")


def may_close(value: bytes) -> bool:
    """Whether a value claims to be a heartbeat."""
    return value[_KIND] == _HEARTBEAT


def closing(values: Sequence[bytes]) -> list[int]:
    """The places of the values that claim to be heartbeats."""
    return [place for place, value in enumerate(values) if value[_KIND] == _HEARTBEAT]


def is_repeated(state: AgencyState, value: bytes, digest: bytes) -> bool:
    """Whether the gate has accepted this record before, or has retracted its sequence."""
    sequence, digests = sequence_of(value), state.digests
    if not 0 < sequence <= state.head.sequence:
        return False
    return digests.holds(sequence, digest) or digests.is_retracted(sequence)


@dataclass(slots=True)
class Stretch(Generic[R]):
    """The records behind a position, with what a walk needs; in the order of the inbox.

    `values`: NO_EVENT where a record can be on no walk.
    """

    records: list[R] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    _linked_from: int = 0
    """From here on each record follows the one before it."""
    _index: dict[bytes, int] | None = None
    _ends: dict[bytes, int] = field(default_factory=dict)
    """Digest of a heartbeat → where its walk ended, for want of a record."""

    def __len__(self) -> int:
        return len(self.records)

    def take(self, records: Sequence[R], values: Sequence[bytes]) -> None:
        """Take the next records."""
        digests, begin = self.digests, len(self.digests)
        tip, following = (digests[-1], sequence_of(self.values[-1]) + 1) if digests else (NO_EVENT, 0)
        for value in values:
            sequence, previous = link_of(value) if value else NO_LINK
            if sequence != following or previous != tip:
                self._linked_from = len(digests)
            tip, following = digest_of(value), sequence + 1
            digests.append(tip)
        self.records += records
        self.values += values
        if self._index is not None:
            self._index.update(zip(digests[begin:], range(begin, len(digests)), strict=True))

    def drop(self, places: Collection[int]) -> None:
        """Drop the records at these places."""
        kept = [place for place in range(len(self)) if place not in places]
        self.records = [self.records[place] for place in kept]
        self.values = [self.values[place] for place in kept]
        self.digests = [self.digests[place] for place in kept]
        self._linked_from, self._index = len(kept), None
        self._ends.clear()

    def linked(self, sequence: int) -> int:
        """The place of a sequence in the linked records at the end; −1 if it is not there."""
        last = len(self) - 1
        place = last - (sequence_of(self.values[last]) - sequence)
        return place if self._linked_from <= place <= last else -1

    def place_of(self, digest: bytes) -> int:
        """The place of the record with this digest; −1 if there is none."""
        if self._index is None:
            self._index = dict(zip(self.digests, range(len(self)), strict=True))
        return self._index.get(digest, -1)

    def walked_before(self) -> list[int]:
        """Where to begin a walk from the last record: both ends, if it ended and still would.

        So a heartbeat that is repeated costs no second walk.
        """
        last = len(self) - 1
        end = self._ends.get(self.digests[last])
        return [last] if end is None or self.place_of(self.values[end][PREVIOUS]) >= 0 else [last, end]

    def walk_ended(self, path: Sequence[int]) -> None:
        """Note where the walk from the last record ended."""
        self._ends[self.digests[path[0]]] = path[-1]


@dataclass(frozen=True, slots=True)
class Extends:
    """The signed chain reaches the head. `path`: the places of its records, in chain order."""

    path: Sequence[int]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """The signed chain does not reach the head, and never will.

    `walked`: the places of its records. `refused`: the refusal, unless it is a late copy of a run
    that was refused before.
    """

    walked: Collection[int]
    refused: Refused | None


@dataclass(frozen=True, slots=True)
class Misses:
    """A record of the signed chain is missing. `refused`: names the record behind it."""

    refused: Refused


Walk = Extends | PassedOver | Misses


def walk_back(state: AgencyState, stretch: Stretch[R]) -> Walk:
    """Where the chain of a stretch's last record, a heartbeat that verifies, leads."""
    head = state.head
    begin = stretch.linked(head.sequence + 1)
    if begin >= 0 and follows(stretch.values[begin], head.sequence, head.digest):
        return Extends(range(begin, len(stretch)))
    path = stretch.walked_before()
    while not follows(lowest := stretch.values[path[-1]], head.sequence, head.digest):
        before = stretch.place_of(lowest[PREVIOUS])
        if before < 0 or sequence_of(stretch.values[before]) != sequence_of(lowest) - 1:
            stretch.walk_ended(path)
            return _ended(state, stretch, path)
        path.append(before)
    return Extends(path[::-1])


def _ended(state: AgencyState, stretch: Stretch[R], path: Sequence[int]) -> Walk:
    """The walk came to a record whose predecessor is not in the stretch."""
    last, lowest = stretch.values[path[0]], stretch.values[path[-1]]
    if _is_late(state, [lowest[PREVIOUS], *(stretch.digests[place] for place in path)]):
        return PassedOver(frozenset(path), None)
    if sequence_of(lowest) <= state.head.sequence + 1:
        return PassedOver(frozenset(path), Refused(sequence_of(last), Reason.FORKED))
    reason = Reason.RUN_TOO_LONG if len(path) > RUN_EVENTS_MAX else Reason.GAP
    return Misses(Refused(sequence_of(lowest), reason))


def _is_late(state: AgencyState, digests: Sequence[bytes]) -> bool:
    refused = set(state.refused_runs)
    return bool(refused) and any(digest[:SHORT] in refused for digest in digests)


def remember_refused(state: AgencyState, digest: bytes) -> None:
    """Remember the heartbeat of a run of which the gate admitted not all."""
    short = digest[:SHORT]
    if short not in state.refused_runs:
        state.refused_runs = (*state.refused_runs, short)[-RUNS_REMEMBERED_MAX:]
