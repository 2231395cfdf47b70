"""The gate step: inboxes in; `events`, receipts, quarantine and the gate's own state out.

One step serves the agencies of one partition of `events`. `exchange.core.admission.gate.judge`
decides; here records become arrivals and verdicts become bytes. Keys of the state topic:
`inbox|agency` (position and open refusal), `head|agency`, `block|agency|number`,
`tally|agency|table|period|state`; a reserved one, written last, for all of it (`kept_state`).
Refusals leave without their payload.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from consumers.admission.agency_lane import Written
from consumers.admission.held_tallies import tally_change
from consumers.admission.inbox import Inbox
from consumers.admission.kept_state import GateStateDamaged, KeptState
from consumers.admission.registry import Registry
from exchange.core.errors import ExchangeError
from exchange.core.model.chain import SHORT, Head
from exchange.core.model.ledger_head import HeadNow, head_unknown
from exchange.core.model.period import parse_period
from exchange.core.model.tally_tables import TallyTable
from exchange.engine.lanes.lane import LaneLimits
from exchange.engine.lanes.step import Outcome, Tail
from exchange.engine.log import Pair, Partition, Record
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire import records as m
from exchange.wire.codec import EventReader
from exchange.wire.topics import EVENTS, GATE_STATE, QUARANTINE, inbox_of, receipts_of

RECORDS_MAX: Final = 2_000
"""Records judged at once: some 20 ms of CPU, so that the event loop is never blocked for long."""
HELD_MAX: Final = 50_000
"""Records that wait in memory for their heartbeat, of all agencies together; about 20 MB.

Beside them, one stretch that is read again, and records that arrived and are not looked at yet."""
SILENT_MAX: Final = 500
"""Batches without a record of the stretch that is read again, after which another has its turn."""
BATCHES_MAX: Final = 25
"""Records of one transaction while the gate is behind. An agency gets one receipt for them."""


def limits(given: LaneLimits) -> LaneLimits:
    """The settings of a gate lane, which replace those given."""
    return replace(given, records_max=min(RECORDS_MAX, given.records_max), batches_max=BATCHES_MAX)


class GateStep:
    """Judges the inboxes of one partition's agencies.

    Pure, but for the clock, the registry, and the ledger's head for receipts (`head_from_now_on`,
    asked once the state is restored), which others update.
    """

    independent = True  # by the chain, a record read twice is a duplicate and a lost one a gap

    def __init__(
        self, partition: int, registry: Registry, reader: EventReader | None = None, *, clock: Clock = wall_ms
    ) -> None:
        self._partition, self._clock = partition, clock
        self._registry = registry
        self._reader = reader or EventReader()
        self.agencies: dict[str, Inbox] = {}
        self._sources: dict[Partition, Inbox] = {}
        self._written = Written()
        self._serving: dict[Inbox, Iterator[int]] = {}
        self._reading_again: Inbox | None = None
        self._silent = 0
        self._kept = KeptState(partition)
        self._foreign: set[bytes] = set()
        self._holding: set[Inbox] = set()
        self._registered = -1
        self.head_from_now_on: Callable[[], HeadNow] = lambda: head_unknown
        self._head = head_unknown

    @property
    def written(self) -> int:
        """How many events of the partition have been written, those of the newest outcome too."""
        return self._kept.events

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Restore one record of `gate-state`. What no gate wrote may be replaced by a later one."""
        self._foreign.discard(key)
        try:
            if not self._kept.restore(key, value):
                self._restore(key, value)
        except (ValueError, IndexError, ExchangeError):
            if value is not None:
                self._foreign.add(key)

    def check_records(self) -> None:
        """Raise GateStateDamaged where a restored record is left that no gate wrote."""
        if self._foreign:
            raise GateStateDamaged(f"{GATE_STATE}-{self._partition} holds a record that no gate wrote.")

    def _restore(self, key: bytes, value: bytes | None) -> None:
        kind, agency, *rest = key.decode("ascii").split("|")
        lane = self._inbox(agency)
        if value is None and kind in ("inbox", "head", "block"):  # the rebuild deletes what `events` does not have
            _forget(lane, kind, rest)
        elif kind == "tally":
            table, period, state = rest
            tally = (TallyTable(table), parse_period(period), state)
            if value is None:
                lane.state.tallies.pop(tally, None)
            else:
                lane.state.tallies[tally] = m.decode_gate_tally(value)
        elif value is None:
            return
        elif kind == "inbox":
            inbox = m.decode_gate_inbox(value)
            lane.position = lane.reading = None if inbox.position == m.NEVER_READ else inbox.position
            lane.heard_ms, lane.forked_ms = inbox.heard_ms, inbox.forked_ms
            lane.waiting_since_ms = inbox.waiting_since_ms
            lane.state.refused = inbox.refused
            octets = inbox.refused_runs
            lane.state.refused_runs = tuple(octets[at : at + SHORT] for at in range(0, len(octets), SHORT))
        elif kind == "head":
            lane.state.head = m.decode_gate_head(value)
        elif kind == "block":
            lane.state.digests.blocks[int(rest[0])] = bytearray(m.decode_gate_block(value))
        else:
            raise GateStateDamaged

    def restored(self) -> None:
        """Check the state's digest, and every head against that of its sequence.

        Raises GateStateDamaged or GateStateBehind.
        """
        self.check_records()
        self._kept.check()
        self._head = self.head_from_now_on()  # every earlier owner is shut out by now
        for lane in self.agencies.values():
            head, digests = lane.state.head, lane.state.digests
            if head.sequence and not digests.holds(head.sequence, head.digest):
                raise GateStateDamaged

    def vouches_for(self) -> Mapping[Partition, int | None]:
        """The partition of `events` that this step writes, to its end."""
        return {Partition(EVENTS, self._partition): None}

    def compare(self, partition: Partition, tail: Tail) -> None:  # noqa: ARG002 - it is the only one
        """Refuse to admit on a state that is not of the same moment as `events` and `agencies`."""
        self._kept.compare(tail, {agency: lane.state for agency, lane in self.agencies.items()})
        self._kept.compare_registry(self._registry.records)

    def positions(self) -> Mapping[Partition, int | None]:
        """The inboxes of this partition's agencies; a new one is read from its beginning."""
        if self._registered != self._registry.changes:
            self._register()
        return {source: inbox.reading for source, inbox in self._sources.items()}

    def _register(self) -> None:
        """Take all registrations; an inbox at work takes its own later."""
        self._registered, left = self._registry.changes, False
        for registration in self._registry.of_partition(self._partition):
            inbox = self._inbox(registration.agency)
            if inbox in self._serving:
                left = True
            else:
                inbox.register(registration)
            self._sources[Partition(inbox_of(registration.agency), 0)] = inbox
        if left:
            self._registered = -1

    @property
    def busy(self) -> bool:
        """Whether records that were read are not looked at yet."""
        return bool(self._serving)

    @property
    def whole(self) -> bool:
        """Whether no run is half judged: no epoch's cut may fall inside a signed run."""
        return not any(inbox.admitting for inbox in self._serving)

    @property
    def full(self) -> bool:
        """Whether so many records arrived that more would only wait, or be dropped."""
        return sum(inbox.arrived for inbox in self._serving) >= RECORDS_MAX

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        """Take a batch, and work on it and on what was left, by turns, for some 20 ms."""
        now_ms = self._clock()
        for source, records in batch.items():
            inbox = self._sources[source]
            inbox.now_ms = now_ms
            inbox.arrive(records)
            self._holding.add(inbox)
            if inbox not in self._serving:
                self._serving[inbox] = inbox.serve(self._written)
        self._work()
        self._wait_for_second_reading(batch)
        self._shed()

    def _work(self) -> None:
        """Serve inboxes by turns. A run is judged to its end before another has its turn."""
        left = RECORDS_MAX
        while self._serving and left > 0:
            inbox, parts = next(iter(self._serving.items()))
            cost = next(parts, None)
            left -= cost or 0
            if cost is None or not inbox.admitting:
                del self._serving[inbox]
            if cost is not None:
                self._serving[inbox] = parts

    def _shed(self) -> None:
        """Keep no more records in memory than HELD_MAX, and drop the largest holders first.

        An inbox at work stays in view without weight: it may have taken records into its hands.
        """
        weights = {inbox: inbox.held for inbox in self._holding}
        self._holding = {inbox for inbox, weight in weights.items() if weight or inbox in self._serving}
        held = {inbox: weights[inbox] for inbox in self._holding if inbox is not self._reading_again}
        total = sum(held.values())
        for inbox in sorted(held, key=held.__getitem__, reverse=True) if total > HELD_MAX else ():
            inbox.shed()
            total += inbox.held - held[inbox]
            if total <= HELD_MAX:
                return

    def _wait_for_second_reading(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        """One stretch is read again at a time; one from which nothing comes waits for itself."""
        inbox = self._reading_again
        if inbox is None:
            return
        comes = inbox in self._serving or Partition(inbox_of(inbox.agency), 0) in batch
        self._silent = 0 if comes else self._silent + (not self.full)
        if self._silent > SILENT_MAX:
            inbox.closed_at = None
        if inbox.closed_at is None:
            self._reading_again = None

    def seeks(self) -> Mapping[Partition, int]:
        """Inboxes to read on where records were dropped, and one stretch to read again."""
        found: dict[Partition, int | None] = {}
        for source, inbox in self._sources.items():
            if inbox.read_on_at is None or inbox in self._serving:
                continue
            if inbox.closed_at is None:
                found[source] = inbox.read_on()
            elif self._reading_again is None:
                self._reading_again, self._silent = inbox, 0
                found[source] = inbox.read_again()
        return {source: start for source, start in found.items() if start is not None}

    def outcome(self) -> Outcome:
        """Events, refusals, receipts and the gate's own state."""
        state = dict[bytes, bytes | None]()
        touched = [inbox for inbox in self.agencies.values() if inbox.touched]
        for agency, arrival in self._written.tallies:
            state.update(tally_change(agency, arrival, self.agencies[agency].state))
        for inbox in self.agencies.values():
            if inbox.touched or inbox.began_to_wait:
                state.update(_state_of(inbox))
                inbox.touched = inbox.began_to_wait = False
        if not state:
            return Outcome([])
        written = self._written.take()
        outputs: list[tuple[Partition, Sequence[Pair]]] = [
            (Partition(EVENTS, self._partition), written.events),
            (Partition(QUARANTINE, self._partition), written.quarantine),
            *((Partition(receipts_of(inbox.agency), 0), [(inbox.key, self._receipt(inbox))]) for inbox in touched),
            (
                Partition(GATE_STATE, self._partition),
                self._kept.closed(state, written.events, registered=self._registry.records),
            ),
        ]
        return Outcome([(partition, pairs) for partition, pairs in outputs if pairs])

    def _receipt(self, inbox: Inbox) -> bytes:
        return m.encode_receipt(m.Receipt(inbox.state.head, inbox.state.refused, self._head()))

    def _inbox(self, agency: str) -> Inbox:
        inbox = self.agencies.get(agency)
        if inbox is None:
            inbox = self.agencies[agency] = Inbox(agency, self._reader)
        return inbox


def _state_of(inbox: Inbox) -> Iterator[tuple[bytes, bytes]]:
    """The records of one agency that changed; the position last."""
    key, state = inbox.key, inbox.state
    changed = state.digests.take_changed()
    if changed:
        yield b"head|" + key, m.encode_gate_head(state.head)
    for number, digests in changed:
        yield b"block|%b|%d" % (key, number), m.encode_gate_block(digests)
    runs = b"".join(state.refused_runs)
    at = m.NEVER_READ if inbox.position is None else inbox.position
    position = m.GateInbox(at, inbox.heard_ms, inbox.forked_ms, state.refused, runs, inbox.waiting_since_ms)
    yield b"inbox|" + key, m.encode_gate_inbox(position)


def _forget(lane: Inbox, kind: str, rest: Sequence[str]) -> None:
    if kind == "inbox":
        lane.position, lane.reading, lane.state.refused = None, None, None
        lane.heard_ms = lane.forked_ms = lane.waiting_since_ms = 0
        lane.state.refused_runs = ()
    elif kind == "head":
        lane.state.head = Head()
    else:
        lane.state.digests.blocks.pop(int(rest[0]), None)
