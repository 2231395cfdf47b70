"""The gate's state and its agencies' receipts, made anew from `events` and the inboxes.

The gate's state is a fold of what it admitted (`gate_chains`), so `events` alone gives heads,
digests and tallies. Where each inbox is read on follows from the head: behind the record that it is
the digest of. An inbox that does not hold that record is read from its beginning, and the chain
recognises what was admitted before. A restore, which has just copied the events, has folded them.

Rules kept:
- No gate runs meanwhile. The lanes' own transactional ids are taken over first, so that a frozen
  worker that thaws is fenced. Whoever calls this refuses to while workers are in their group.
- Every chain must be whole. A broken one is named, and nothing is written.
- The position record of the state (`kept_state`) is written last. If the work is interrupted, the
  gate refuses what is there; do it again.

Runs that were refused before are remembered again (`refused_runs`), so that an inbox that is read
from its beginning makes no honest agency look `Forked`.

Not promised: open refusals, and the time of the last fork. The records that were refused are judged
again, with the same verdict.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from consumers.admission.gate_chains import ChainState, GateChains
from consumers.admission.held_tallies import tally_key
from consumers.admission.kept_state import EventsCutOff, KeptState
from consumers.admission.refused_runs import Places, recall, refused_places
from exchange.core.admission.gate import AgencyState, Registration
from exchange.core.errors import ExchangeError
from exchange.core.model.chain import digest_of
from exchange.engine.log import Log, Partition, Reader, Writer
from exchange.engine.reading import decided_ends, read_before, read_whole
from exchange.wire import records as m
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


async def write_new_gates(log: Log, folded: Mapping[int, GateChains], registrations: Iterable[Registration]) -> None:
    """Write the state of every gate and the receipts of these agencies on a new cluster.

    There, `gate-state` is empty, and so are the inboxes and `quarantine`: every inbox is read from
    its beginning. `folded`: partition → its events. Raises the engine's errors.
    """
    by_partition: dict[int, list[str]] = {}
    for one in registrations:
        by_partition.setdefault(one.partition, []).append(one.agency)
    writing = [
        asyncio.create_task(_write_new_gate(log, partition, folded[partition], agencies))
        for partition, agencies in sorted(by_partition.items())
    ]
    try:
        await asyncio.gather(*writing)
    finally:
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)


async def _write_new_gate(log: Log, partition: int, chains: GateChains, registered: Collection[str]) -> None:
    async with AsyncExitStack() as resources:
        writer = await log.writer(LaneName.GATE.at(partition))
        resources.push_async_callback(writer.close)
        reader = await log.reader()
        resources.push_async_callback(reader.close)
        await _write_state(writer, partition, chains, dict(_state(chains, dict.fromkeys(chains.agencies))))
        await _write_receipts(writer, reader, chains, registered)


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
        await _write_state(writer, partition, chains, {**dict.fromkeys(stale - state.keys()), **state})
        await _write_receipts(writer, reader, chains, registered)
    late = sum(place is None for place in places.values())
    return Rebuilt(partition, chains.events, len(chains.agencies), len(state), late)


async def _read_chains(reader: Reader, partition: int, report: Report) -> GateChains:
    source, chains = Partition(EVENTS, partition), GateChains()
    if begin := (await reader.beginning_offsets([source]))[source]:
        raise EventsCutOff(f"{EVENTS}-{partition} begins at offset {begin}: what was before is gone.")
    end = (await decided_ends(reader, [source]))[source]
    reader.assign([source])
    reader.seek(source, 0)
    async for records in read_before(reader, source, end, records_max=RECORDS_MAX):
        chains.take_records(records, f"{EVENTS}-{partition}")
        report(len(records))
    return chains


async def _places(
    reader: Reader, partition: int, chains: GateChains, registered: Collection[str]
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


def _state(chains: GateChains, places: Mapping[str, int | None]) -> Iterator[tuple[bytes, bytes | None]]:
    for code, agency in chains.agencies.items():
        key, state = code.encode("ascii"), agency.state
        yield b"head|" + key, m.encode_gate_head(state.head)
        for number, digests in state.digests.take_changed():
            yield b"block|%b|%d" % (key, number), m.encode_gate_block(digests)
        for tally, sequence in state.tallies.items():
            yield tally_key(code, *tally), m.encode_gate_tally(sequence)
        inbox = m.GateInbox(places[code] or 0, agency.heard_ms, 0, None, b"".join(state.refused_runs))
        yield b"inbox|" + key, m.encode_gate_inbox(inbox)


async def _write_state(writer: Writer, partition: int, chains: GateChains, state: Mapping[bytes, bytes | None]) -> None:
    pairs = KeptState(partition).closed(state, chains.newest, events=chains.events)
    for start in range(0, len(pairs), PAIRS_MAX):
        await writer.begin()
        await (await writer.send(Partition(GATE_STATE, partition), pairs[start : start + PAIRS_MAX]))
        await writer.commit()


async def _write_receipts(writer: Writer, reader: Reader, chains: GateChains, registered: Collection[str]) -> None:
    """Tell each registered agency its head, also one of which there is no event."""
    receipts = {Partition(receipts_of(agency), 0): agency for agency in registered}
    present = await reader.present(list(receipts))
    if not present:
        return
    await writer.begin()
    sent = []
    for partition in sorted(present):
        code = receipts[partition]
        head = chains.agencies.get(code, ChainState()).state.head
        sent.append(await writer.send(partition, [(code.encode("ascii"), m.encode_receipt(m.Receipt(head)))]))
    await asyncio.gather(*sent)
    await writer.commit()
