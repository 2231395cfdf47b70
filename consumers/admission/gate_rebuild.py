"""The gate's state and every agency's receipt, made anew from `events`.

It is for a cluster whose inboxes are empty: each will be read from its beginning. An event in
`events` was admitted once, so it is not judged again. A record that is no event stops the work.

Rules kept: the events of an agency follow each other, by sequence and digest. The gate of each
partition is fenced first. Its state and receipts are written in one transaction.
"""

from collections.abc import Iterable, Sequence

from exchange.core.admission.gate import ACCEPTED, AgencyState, Arrival, Registration, evolve
from exchange.core.errors import SequenceBroken
from exchange.core.model.chain import Head, digest_of
from exchange.core.model.event_layout import KIND, PREFIX, PREVIOUS, sequence_of
from exchange.core.model.events import Correction, Tally
from exchange.core.model.period import period_text
from exchange.engine.log import Log, Pair, Partition
from exchange.engine.reading import read_whole
from exchange.wire import records as m
from exchange.wire.codec import EventReader
from exchange.wire.topics import EVENTS, GATE_STATE, LaneName, receipts_of

PAIRS_MAX = 5_000
"""Records of one send."""


async def rebuild_gate(log: Log, registrations: Iterable[Registration]) -> None:
    """Write the state of every gate and the receipts of these agencies.

    Raises SequenceBroken, and the engine's errors.
    """
    by_partition: dict[int, list[str]] = {}
    for one in registrations:
        by_partition.setdefault(one.partition, []).append(one.agency)
    for partition, agencies in sorted(by_partition.items()):
        writer = await log.writer(LaneName.GATE.at(partition))
        try:
            states = await _admitted(log, partition, agencies)
            await writer.begin()
            for agency, lane in states.items():
                await (await writer.send(Partition(receipts_of(agency), 0), [lane.receipt()]))
            pairs = [pair for lane in states.values() for pair in lane.state_records()]
            for first in range(0, len(pairs), PAIRS_MAX):
                await (await writer.send(Partition(GATE_STATE, partition), pairs[first : first + PAIRS_MAX]))
            await writer.commit()
        finally:
            await writer.close()


class _Agency:
    """One agency, as its gate would keep it."""

    def __init__(self, agency: str) -> None:
        self._agency, self._key = agency, agency.encode("ascii")
        self._state, self._heard_ms = AgencyState(None), 0

    def take(self, value: bytes, arrival: Arrival | None, at_ms: int) -> None:
        """Take the next event. `arrival`: of one that changes more than the head."""
        state, sequence = self._state, sequence_of(value)
        head = state.head
        if sequence != head.sequence + 1 or (head.sequence and value[PREVIOUS] != head.digest):
            raise SequenceBroken(f"Event {sequence} of {self._agency} does not follow event {head.sequence}.")
        if arrival is not None:
            evolve(state, arrival, ACCEPTED)
        else:
            state.head = Head(sequence, digest_of(value))
            state.digests.put(sequence, state.head.digest)
        self._heard_ms = at_ms

    def receipt(self) -> Pair:
        return self._key, m.encode_receipt(m.Receipt(self._state.head))

    def state_records(self) -> list[Pair]:
        state, pairs = self._state, list[Pair]()
        if state.head != Head():
            pairs.append((b"head|" + self._key, m.encode_gate_head(state.head)))
        for number, digests in state.digests.take_changed():
            pairs.append((b"block|%b|%d" % (self._key, number), m.encode_gate_block(digests)))
        for (table, period, place), sequence in state.tallies.items():
            key = f"tally|{self._agency}|{table}|{period_text(period)}|{place}"
            pairs.append((key.encode("ascii"), m.encode_gate_tally(sequence)))
        pairs.append((b"inbox|" + self._key, m.encode_gate_inbox(m.GateInbox(0, self._heard_ms, 0, None))))
        return pairs


async def _admitted(log: Log, partition: int, agencies: Sequence[str]) -> dict[str, _Agency]:
    """Every agency of a partition, after all of its events."""
    found = {agency.encode("ascii"): _Agency(agency) for agency in agencies}
    kinds, source = _Kinds(), Partition(EVENTS, partition)
    reader = await log.reader()
    try:
        async for records in read_whole(reader, source):
            for record in records:
                agency, value = found.get(record.key or b""), record.value
                if agency is None or value is None:
                    raise SequenceBroken(f"{EVENTS}-{partition} offset {record.offset} holds no event of its agencies.")
                agency.take(value, kinds.arrival(value), record.timestamp)
    finally:
        await reader.close()
    return {key.decode("ascii"): agency for key, agency in found.items()}


class _Kinds:
    """Which events change more than the head of their agency: tallies and corrections.

    Only the first event of each kind is decoded, and all of those.
    """

    def __init__(self) -> None:
        self._events = EventReader()
        self._heads_only: dict[tuple[bytes, int], bool] = {}

    def arrival(self, value: bytes) -> Arrival | None:
        """The event, if it changes more than the head. Raises SequenceBroken where it is none."""
        if len(value) <= KIND:
            raise SequenceBroken(f"{EVENTS} holds a record that is no event.")
        kind = (value[:PREFIX], value[KIND])
        if self._heads_only.get(kind):
            return None
        arrival = self._events.read(value)
        if not isinstance(arrival, Arrival):
            raise SequenceBroken(f"{EVENTS} holds a record that is no event.")
        self._heads_only[kind] = not isinstance(arrival.body, Tally | Correction)
        return None if self._heads_only[kind] else arrival
