"""The gate's state and its agencies' receipts, made anew from `events` and the inboxes.

The gate's state is a fold of what it admitted, so `events` alone gives heads, digests and tallies.
An event in `events` was admitted once, so it is not judged again. Where each inbox is read on
follows from the head: behind the record that it is the digest of. An inbox that does not hold that
record is read from its beginning, and the chain recognises what was admitted before.

Rules kept:
- No gate runs meanwhile. The lanes' own transactional ids are taken over first, so that a frozen
  worker that thaws is fenced. Whoever calls this refuses to while workers are in their group.
- Every chain must be whole: 1, 2, 3… and each event carries the digest of the one before. A broken
  one is named, and nothing is written.
- The position record of the state (`kept_state`) is written last. If the work is interrupted, the
  gate refuses what is there; do it again.

Runs that were refused before are remembered again (`refused_runs`), so that an inbox that is read
from its beginning makes no honest agency look `Forked`.

Not promised: open refusals, and the time of the last fork. The records that were refused are judged
again, with the same verdict.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final

from consumers.admission.gate_step import tally_key
from consumers.admission.kept_state import EventsCutOff, KeptState
from consumers.admission.refused_runs import Places, recall, refused_places
from exchange.core.admission.gate import ACCEPTED, AgencyState, Arrival, Registration, evolve
from exchange.core.admission.plain import extend
from exchange.core.errors import ExchangeError, SequenceBroken
from exchange.core.model.chain import Head, digest_of
from exchange.core.model.event_layout import KIND, PREFIX, follows, sequence_of
from exchange.core.model.events import Correction, Tally
from exchange.engine.log import Log, Pair, Partition, Reader, Record, Writer
from exchange.engine.reading import decided_ends, read_before, read_whole
from exchange.wire import records as m
from exchange.wire.codec import EventReader
from exchange.wire.topics import EVENTS, GATE_STATE, LaneName, inbox_of, receipts_of

RECORDS_MAX: Final = 5_000
PAIRS_MAX: Final = 1_000
"""State records of one transaction: at most 4 MB of digests."""


class WorkersRunning(ExchangeError):
    """Workers are running, and own the gate. Nothing was written."""

    hint = "Stop every worker first. A worker that was killed leaves its group within 6 s."


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One partition of `gate-state`, made anew.

    `records`: of the state. `inboxes_from_beginning`: how many do not hold the newest event.
    """

    partition: int
    events: int
    agencies: int
    records: int
    inboxes_from_beginning: int


Report = Callable[[int], None]
"""Called with the number of events that were read since the last call."""


def _silent(_: int) -> None:
    """Report to nobody."""


async def rebuild_gate(log: Log, registrations: Iterable[Registration]) -> None:
    """Write the state of every gate and the receipts of these agencies.

    Raises as `rebuild_partition` does.
    """
    by_partition: dict[int, list[str]] = {}
    for one in registrations:
        by_partition.setdefault(one.partition, []).append(one.agency)
    rebuilding = [
        asyncio.create_task(rebuild_partition(log, partition, agencies))
        for partition, agencies in sorted(by_partition.items())
    ]
    try:
        await asyncio.gather(*rebuilding)
    finally:
        for task in rebuilding:
            task.cancel()
        await asyncio.gather(*rebuilding, return_exceptions=True)


async def rebuild_partition(log: Log, partition: int, registered: Collection[str], report: Report = _silent) -> Rebuilt:
    """Make one partition of `gate-state` anew; no gate of it can write meanwhile.

    Raises SequenceBroken, EventsCutOff, or the engine's errors.
    """
    async with AsyncExitStack() as resources:
        writer = await log.writer(LaneName.GATE.at(partition))
        resources.push_async_callback(writer.close)
        first = await log.reader()
        resources.push_async_callback(first.close)
        chains = await _read_chains(first, partition, report)
        reader = await log.reader()  # a new one: the first still waits for more events
        resources.push_async_callback(reader.close)
        places = await _places(reader, partition, chains, registered)
        stale = await _keys(reader, Partition(GATE_STATE, partition))
        state = dict(_state(chains, places))
        pairs = KeptState(partition).closed(
            {**dict.fromkeys(stale - state.keys()), **state}, chains.newest, events=chains.events
        )
        await _write(writer, Partition(GATE_STATE, partition), pairs)
        await _write_receipts(writer, reader, chains, registered)
    late = sum(place is None for place in places.values())
    return Rebuilt(partition, chains.events, len(chains.agencies), len(state), late)


@dataclass(slots=True)
class _Agency:
    """One agency, as its gate would keep it."""

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
class _Chains:
    agencies: dict[str, _Agency] = field(default_factory=dict)
    events: int = 0
    newest: Sequence[Pair] = ()
    kinds: _Kinds = field(default_factory=_Kinds)

    def take(self, records: Sequence[Record], log: str) -> None:
        """Take the next events. Raises SequenceBroken unless each extends its agency's chain."""
        for key, of_agency in groupby(records, attrgetter("key")):
            code, some = (key or b"").decode("ascii", "replace"), list(of_agency)
            agency = self.agencies.get(code)
            if agency is None:
                agency = self.agencies[code] = _Agency()
            if not self._extend(agency, some):
                for record in some:
                    self._take(code, agency, record, f"{log} offset {record.offset}")
            agency.heard_ms = some[-1].timestamp
        self.events += len(records)

    def _extend(self, agency: _Agency, records: Sequence[Record]) -> bool:
        """Take events that change only the head at once; False, and nothing done, for others."""
        values = [record.value or b"" for record in records]
        if min(map(len, values)) <= KIND or not self.kinds.are_heads_only(values):
            return False
        return extend(agency.state, values, list(map(digest_of, values)))

    def _take(self, code: str, agency: _Agency, record: Record, place: str) -> None:
        value = record.value or b""
        if len(value) <= KIND:
            raise SequenceBroken(f"{place} holds no event.")
        state, sequence = agency.state, sequence_of(value)
        head = state.head
        if not follows(value, head.sequence, head.digest):
            raise SequenceBroken(f"{place}: event {sequence} of {code} does not follow event {head.sequence}.")
        arrival = self.kinds.arrival(value, place)
        if arrival is not None:
            evolve(state, arrival, ACCEPTED)
        else:
            state.head = Head(sequence, digest_of(value))
            state.digests.put(sequence, state.head.digest)


async def _read_chains(reader: Reader, partition: int, report: Report) -> _Chains:
    source, chains = Partition(EVENTS, partition), _Chains()
    if begin := (await reader.beginning_offsets([source]))[source]:
        raise EventsCutOff(f"{EVENTS}-{partition} begins at offset {begin}: what was before is gone.")
    end = (await decided_ends(reader, [source]))[source]
    reader.assign([source])
    reader.seek(source, 0)
    async for records in read_before(reader, source, end, records_max=RECORDS_MAX):
        chains.take(records, f"{EVENTS}-{partition}")
        chains.newest = [(records[-1].key, records[-1].value)]
        report(len(records))
    return chains


async def _places(
    reader: Reader, partition: int, chains: _Chains, registered: Collection[str]
) -> dict[str, int | None]:
    """Where each inbox is read on: behind the newest admitted record; None: not found.

    The state of its agency remembers the runs that were refused there.
    """
    inboxes = {Partition(inbox_of(agency), 0): agency for agency in chains.agencies if agency in registered}
    found: dict[str, int | None] = dict.fromkeys(chains.agencies)
    refused = await refused_places(reader, partition)
    present = await reader.present(list(inboxes))
    ends = await reader.end_offsets(present) if present else {}
    for inbox in (inbox for inbox, end in ends.items() if end):
        agency = inboxes[inbox]
        found[agency] = await _behind(reader, inbox, chains.agencies[agency].state, refused.get(agency, {}))
    return found


async def _behind(reader: Reader, inbox: Partition, state: AgencyState, refused: Places) -> int | None:
    async for records in read_whole(reader, inbox, records_max=RECORDS_MAX):
        recall(state, records, refused)
        for record in records:
            if record.value is not None and digest_of(record.value) == state.head.digest:
                return record.offset + 1
    return None


async def _keys(reader: Reader, state: Partition) -> set[bytes]:
    """The keys of what is there now, damaged or not: those of no agency are deleted."""
    keys: set[bytes] = set()
    async for records in read_whole(reader, state, records_max=RECORDS_MAX):
        for record in records:
            if record.key is not None:
                (keys.discard if record.value is None else keys.add)(record.key)
    return keys


def _state(chains: _Chains, places: Mapping[str, int | None]) -> Iterator[tuple[bytes, bytes | None]]:
    for code, agency in chains.agencies.items():
        key, state = code.encode("ascii"), agency.state
        yield b"head|" + key, m.encode_gate_head(state.head)
        for number, digests in state.digests.take_changed():
            yield b"block|%b|%d" % (key, number), m.encode_gate_block(digests)
        for tally, sequence in state.tallies.items():
            yield tally_key(code, *tally), m.encode_gate_tally(sequence)
        inbox = m.GateInbox(places[code] or 0, agency.heard_ms, 0, None, b"".join(state.refused_runs))
        yield b"inbox|" + key, m.encode_gate_inbox(inbox)


async def _write(writer: Writer, state: Partition, pairs: Sequence[Pair]) -> None:
    for start in range(0, len(pairs), PAIRS_MAX):
        await writer.begin()
        await (await writer.send(state, pairs[start : start + PAIRS_MAX]))
        await writer.commit()


async def _write_receipts(writer: Writer, reader: Reader, chains: _Chains, registered: Collection[str]) -> None:
    """Tell each registered agency its head, also one of which there is no event."""
    receipts = {Partition(receipts_of(agency), 0): agency for agency in registered}
    present = await reader.present(list(receipts))
    if not present:
        return
    await writer.begin()
    sent = []
    for partition in sorted(present):
        code = receipts[partition]
        head = chains.agencies.get(code, _Agency()).state.head
        sent.append(await writer.send(partition, [(code.encode("ascii"), m.encode_receipt(m.Receipt(head)))]))
    await asyncio.gather(*sent)
    await writer.commit()
