"""What the witnesses of other hosts remember, from the pulses of their workers.

The release lane compares its ledger with them before it draws: a host that missed the newest month
may be the first that starts after Kafka was put back. A living worker sends its pulse every two
seconds, with what the witness of its host remembers.

Rule kept: only pulses of the last seconds count. An older one may be of an exchange that was here
before, and was put back together with the ledger.

Not promised: that a host is heard that is down, or whose clock is far off.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from exchange.core.model.ledger_head import LedgerHead
from exchange.core.release.closed_epochs import Closed
from exchange.core.release.witness import check_head
from exchange.engine.errors import LogUnavailable, PositionOutOfRange
from exchange.engine.log import Log, Partition, Record
from exchange.engine.reading import read_to
from exchange.wire.message import MessageUnreadable
from exchange.wire.pulse import WORKER_KEY, decode_worker_pulse
from exchange.wire.topics import PULSE

SOURCE: Final = Partition(PULSE, 0)
RECENT_MS: Final = 15_000
"""As long as a worker counts as living without a pulse."""
RECORDS_MAX: Final = 2_000
"""Offsets of `pulse` that are read back: more than many workers with many lanes write meanwhile."""


async def check_others(log: Log, closed: Closed, now_ms: int) -> None:
    """Raise LedgerBehind or LedgerDiffers if a living worker's witness remembers another ledger.

    `now_ms`: the caller's clock, milliseconds since 1970.
    """
    for head in await _heads(log, now_ms):
        check_head(head, closed.trail)


async def _heads(log: Log, now_ms: int) -> list[LedgerHead]:
    reader = await log.reader()
    try:
        if not await reader.present([SOURCE]):
            return []  # an alert of its own; nobody can be heard, and the witness of this host was asked
        begin, end = (await reader.beginning_offsets([SOURCE]))[SOURCE], (await reader.stable_offsets([SOURCE]))[SOURCE]
        reader.assign([SOURCE])
        reader.seek(SOURCE, max(begin, end - RECORDS_MAX))
        return [head async for _, some in read_to(reader, {SOURCE: end}) for head in _recent(some, now_ms)]
    except PositionOutOfRange:  # old pulses were deleted meanwhile: the lane tries again
        raise LogUnavailable(f"{PULSE} was cut off while it was read.") from None
    finally:
        await reader.close()


def _recent(records: Sequence[Record], now_ms: int) -> Iterator[LedgerHead]:
    for record in records:
        if record.value is None or not (record.key or b"").startswith(WORKER_KEY):
            continue
        with suppress(MessageUnreadable):  # one that is none counts for nothing
            pulse = decode_worker_pulse(record.value)
            if pulse.remembers is not None and abs(now_ms - pulse.at_ms) <= RECENT_MS:
                yield pulse.remembers
