"""The gate's state and every agency's receipt, made anew from `events`.

It is for a cluster whose inboxes are empty: each will be read from its beginning. An event in
`events` was admitted once, so it is not judged again. A record that is no event stops the work.

Rules kept: the events of an agency follow each other, by sequence and digest. The gate of each
partition is fenced first. Its state and receipts are written in one transaction.
"""

from collections.abc import Iterable, Sequence

from exchange.core.admission.gate import ACCEPTED, AgencyState, Arrival, Registration, evolve
from exchange.core.errors import SequenceBroken
from exchange.core.model.chain import Head
from exchange.core.model.period import period_text
from exchange.engine.log import Log, Pair, Partition, Record
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

    def take(self, arrival: Arrival, at_ms: int) -> None:
        head = self._state.head
        follows = arrival.sequence == head.sequence + 1 and (not head.sequence or arrival.previous == head.digest)
        if not follows:
            raise SequenceBroken(f"Event {arrival.sequence} of {self._agency} does not follow event {head.sequence}.")
        evolve(self._state, arrival, ACCEPTED)
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
    found, events, source = (
        {agency: _Agency(agency) for agency in agencies},
        EventReader(),
        Partition(EVENTS, partition),
    )
    reader = await log.reader()
    try:
        async for records in read_whole(reader, source):
            for record in records:
                agency, arrival = _read(record, events)
                if agency not in found or arrival is None:
                    raise SequenceBroken(f"{EVENTS}-{partition} offset {record.offset} holds no event of its agencies.")
                found[agency].take(arrival, record.timestamp)
    finally:
        await reader.close()
    return found


def _read(record: Record, events: EventReader) -> tuple[str, Arrival | None]:
    arrival = events.read(record.value)
    return (record.key or b"").decode("ascii", "replace"), arrival if isinstance(arrival, Arrival) else None
