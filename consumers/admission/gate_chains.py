"""The state of a gate as a fold of the events that it admitted, for one partition of them.

An event in `events` was admitted once, so it is not judged again: it moves its agency's head, and a
tally or a correction changes what its agency may send. A rebuild feeds the fold from the log, a
restore from the events that it copies.

Rules kept: every chain must be whole: 1, 2, 3… and each event carries the digest of the one before.
A broken one is named.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from exchange.core.admission.gate import ACCEPTED, AgencyState, Arrival, evolve
from exchange.core.admission.plain import extend
from exchange.core.errors import SequenceBroken
from exchange.core.model.chain import Head, digest_of
from exchange.core.model.event_layout import KIND, PREFIX, follows, sequence_of
from exchange.core.model.events import Correction, Tally
from exchange.engine.log import Pair, Record
from exchange.wire.codec import EventReader


@dataclass(slots=True)
class ChainState:
    """One agency, as its gate would keep it. `heard_ms`: the time of its newest event."""

    state: AgencyState = field(default_factory=lambda: AgencyState(None))
    heard_ms: int = 0


class _Kinds:
    """Which events change more than the head of their agency: tallies and corrections.

    Only the first event of each kind is decoded, and all of those.
    """

    def __init__(self) -> None:
        self._events = EventReader()
        self._heads_only: dict[tuple[bytes, int], bool] = {}

    def are_heads_only(self, values: Sequence[bytes]) -> bool:
        """Whether events of all these kinds were met, and change only the head."""
        kinds = {(value[:PREFIX], value[KIND]) for value in values}
        return all(self._heads_only.get(kind) for kind in kinds)

    def arrival(self, value: bytes, place: str) -> Arrival | None:
        """The event, if it changes more than the head. Raises SequenceBroken where it is none."""
        kind = (value[:PREFIX], value[KIND])
        if self._heads_only.get(kind):
            return None
        arrival = self._events.read(value)
        if not isinstance(arrival, Arrival):
            raise SequenceBroken(f"{place} holds no event.")
        self._heads_only[kind] = not isinstance(arrival.body, Tally | Correction)
        return None if self._heads_only[kind] else arrival


@dataclass(slots=True)
class GateChains:
    """The agencies of a partition by code, the number of its events, and the newest as a pair."""

    agencies: dict[str, ChainState] = field(default_factory=dict)
    events: int = 0
    newest: Sequence[Pair] = ()
    _kinds: _Kinds = field(default_factory=_Kinds)

    def take_records(self, records: Iterable[Record], log: str) -> None:
        """Take the next events, of any agencies. Raises SequenceBroken as `take` does."""
        for key, of_agency in groupby(records, attrgetter("key")):
            some = list(of_agency)
            self.take(key, [one.value for one in some], some[-1].timestamp, [one.offset for one in some], log)

    def take(
        self, key: bytes | None, values: Sequence[bytes | None], heard_ms: int, offsets: Sequence[int], log: str
    ) -> None:
        """Take the next events of one agency. Raises SequenceBroken unless each extends its chain.

        `heard_ms`: the time of the last. `log`, `offsets`: where they stand, for the error.
        """
        code, some = (key or b"").decode("ascii", "replace"), [value or b"" for value in values]
        agency = self.agencies.get(code)
        if agency is None:
            agency = self.agencies[code] = ChainState()
        if not self._extend(agency.state, some):
            for offset, value in zip(offsets, some, strict=True):
                self._take(code, agency.state, value, f"{log} offset {offset}")
        agency.heard_ms = heard_ms
        self.events += len(some)
        self.newest = [(key, values[-1])]

    def _extend(self, state: AgencyState, values: Sequence[bytes]) -> bool:
        """Take events that change only the head at once; False, and nothing done, for others."""
        if min(map(len, values)) <= KIND or not self._kinds.are_heads_only(values):
            return False
        return extend(state, values, list(map(digest_of, values)))

    def _take(self, code: str, state: AgencyState, value: bytes, place: str) -> None:
        if len(value) <= KIND:
            raise SequenceBroken(f"{place} holds no event.")
        sequence, head = sequence_of(value), state.head
        if not follows(value, head.sequence, head.digest):
            raise SequenceBroken(f"{place}: event {sequence} of {code} does not follow event {head.sequence}.")
        arrival = self._kinds.arrival(value, place)
        if arrival is not None:
            evolve(state, arrival, ACCEPTED)
        else:
            state.head = Head(sequence, digest_of(value))
            state.digests.put(sequence, state.head.digest)
