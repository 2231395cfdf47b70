"""An inbox that lost records gets its agency's accepted events again, from `events`.

A vault that was lost is made again from the agency's inbox. Where that was flooded, deleted, or
left behind with another cluster, the events themselves still stand in `events`, as the same bytes.
The gate recognises each as one that it has admitted, so a refill counts nothing twice.

Rules kept: nothing but accepted events of this agency is written, and none that the inbox has. The
order does not matter: each event names the one before by its digest.
"""

from typing import Final

from exchange.core.admission.gate import Registration
from exchange.core.model.chain import digest_of
from exchange.engine.log import Log, Pair, Partition, Reader
from exchange.engine.reading import read_whole
from exchange.wire.topics import EVENTS, inbox_of

RECORDS_MAX: Final = 5_000


async def refill(log: Log, registration: Registration) -> int:
    """Write what the inbox of an agency lacks; returns how many events. Safe to repeat.

    Raises the engine's errors.
    """
    inbox, key = Partition(inbox_of(registration.agency), 0), registration.agency.encode("ascii")
    reader, producer = await log.reader(), await log.producer()
    written = 0
    try:
        held = await _digests(reader, inbox)
        async for records in read_whole(reader, Partition(EVENTS, registration.partition), records_max=RECORDS_MAX):
            values = [record.value for record in records if record.key == key and record.value is not None]
            lacking: list[Pair] = [(key, value) for value in values if digest_of(value) not in held]
            if lacking:
                await producer.send(inbox, lacking)
            written += len(lacking)
    finally:
        await producer.close()
        await reader.close()
    return written


async def _digests(reader: Reader, inbox: Partition) -> set[bytes]:
    found = set[bytes]()
    async for records in read_whole(reader, inbox, records_max=RECORDS_MAX):
        found.update(digest_of(record.value) for record in records if record.value is not None)
    return found
