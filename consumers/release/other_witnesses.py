"""What the witnesses of other hosts remember, from the pulses of their workers.

The release lane compares its ledger with them before it draws: a host that missed the newest month
may be the first that starts after Kafka was put back. A living worker sends its pulse every two
seconds, with what the witness of its host remembers, and why it refuses the ledger.

Rules kept:
- Each worker's newest pulse counts, if it is of the last seconds and not its last. An older one may
  be of an exchange that was here before, and was put back together with the ledger.
- A living worker that has not looked at its witness yet is waited for. One whose witness refuses
  the ledger, for whatever reason, holds up every draw.

Not promised: that a host is heard that is down, or whose clock is far off.
"""

from collections.abc import AsyncIterator
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.core.release.closed_epochs import Closed
from exchange.core.release.witness import check_head
from exchange.engine.errors import LogUnavailable, PositionOutOfRange
from exchange.engine.log import Log, Partition, Reader
from exchange.engine.reading import read_to
from exchange.wire.message import MessageUnreadable
from exchange.wire.pulse import WORKER_KEY, WorkerPulse, decode_worker_pulse
from exchange.wire.topics import PULSE

SOURCE: Final = Partition(PULSE, 0)
RECENT_MS: Final = 15_000
"""As long as a worker counts as living without a pulse."""
RECORDS_MAX: Final = 2_000
"""Offsets of `pulse` that are read back: more than many workers with many lanes write meanwhile."""


class RefusedElsewhere(ExchangeError):
    """The witness file of another worker's host refuses the ledger. Nothing is drawn meanwhile."""

    hint = (
        "The alert `ledger refused` names that worker and the reason. Mend it there, or stop that worker if its file is"
        " wrong. Then start this worker again."
    )


async def check_others(log: Log, closed: Closed, now_ms: int, *, but: str = "") -> list[str]:
    """The living workers that have not looked at their witness yet, apart from `but`.

    `now_ms`: the caller's clock, milliseconds since 1970. Raises LedgerBehind or LedgerDiffers if
    another one's witness remembers another ledger, and RefusedElsewhere if it refuses this one for
    another reason.
    """
    living = [pulse for pulse in (await _newest(log)).values() if _lives(pulse, now_ms) and pulse.worker != but]
    for pulse in living:
        if pulse.remembers is not None:
            check_head(pulse.remembers, closed.trail)
    if refusing := [pulse for pulse in living if pulse.refuses]:
        raise RefusedElsewhere(f"The host of {refusing[0].worker} refuses the ledger: {refusing[0].refuses}")
    return [pulse.worker for pulse in living if pulse.remembers is None]


def _lives(pulse: WorkerPulse, now_ms: int) -> bool:
    return not pulse.ended and abs(now_ms - pulse.at_ms) <= RECENT_MS


async def _newest(log: Log) -> dict[str, WorkerPulse]:
    reader = await log.reader()
    try:
        if not await reader.present([SOURCE]):
            return {}  # an alert of its own; nobody can be heard, and the witness of this host was asked
        begin, end = (await reader.beginning_offsets([SOURCE]))[SOURCE], (await reader.stable_offsets([SOURCE]))[SOURCE]
        reader.assign([SOURCE])
        reader.seek(SOURCE, max(begin, end - RECORDS_MAX))
        return {pulse.worker: pulse async for pulse in _pulses(reader, end)}
    except PositionOutOfRange:  # old pulses were deleted meanwhile: the lane tries again
        raise LogUnavailable(f"{PULSE} was cut off while it was read.") from None
    finally:
        await reader.close()


async def _pulses(reader: Reader, end: int) -> AsyncIterator[WorkerPulse]:
    """The pulses of workers up to an offset, in order."""
    async for _, records in read_to(reader, {SOURCE: end}):
        for record in records:
            if record.value is not None and (record.key or b"").startswith(WORKER_KEY):
                try:
                    pulse = decode_worker_pulse(record.value)
                except MessageUnreadable:  # one that is none counts for nothing
                    continue
                yield pulse
