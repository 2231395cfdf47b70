"""One worker's own record in `pulse`: that it started, that it lives, and why it ended.

It is what remains of a worker that ends. From it `exchange status`, `exchange alerts` and the watch
of other workers see a crash loop and the reason of each end.

Rules kept: nothing here holds up the start or the end of a worker, or fails it. The end is written
as soon as its reason is known, because stopping may hang.

Not promised: a record of the end where no broker answers, or where the process is killed. Readers
then miss its pulse.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

from consumers.release.ledger_watch import LedgerWatch
from consumers.worker.end_reason import reason_of
from exchange.core.errors import ExchangeError
from exchange.engine.log import Log, Partition
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire.pulse import WorkerPulse, encode_worker_pulse
from exchange.wire.topics import PULSE

PULSE_EVERY_S: Final = 2.0
LAST_PULSE_S_MAX: Final = 2.0
"""How long an ending worker waits until its last pulse is written."""
AGAIN_S: Final = 0.2
REASON_CHARACTERS_MAX: Final = 500
PULSES: Final = Partition(PULSE, 0)


class WorkerLife:
    """Call `start` inside the loop, `end` when the reason is known, and await `close` at last."""

    def __init__(self, log: Log, worker: str, *, ledger: LedgerWatch | None = None, clock: Clock = wall_ms) -> None:
        self.worker = worker
        self._ledger = ledger
        self._log, self._clock = log, clock
        self._started_ms = clock()
        self._reason = ""
        self._ending = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send pulses."""
        self._writing = asyncio.create_task(self._write(), name="worker pulse")

    def end(self, error: BaseException | None = None) -> None:
        """Write the last pulse. `error`: its reason; None: the worker was stopped. Only once."""
        if not self._ending.is_set():
            self._reason = "" if error is None else reason_of(error)[:REASON_CHARACTERS_MAX]
            self._ending.set()

    async def close(self) -> None:
        """Wait until the last pulse is written, in bounded time; never raises."""
        self.end()
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=LAST_PULSE_S_MAX)
            self._writing.cancel()
            await asyncio.wait({self._writing})

    async def _write(self) -> None:
        while True:
            with suppress(ExchangeError):  # the lanes report brokers that are away, and a missing topic
                await self._write_until_the_end()
                return
            await self._pause()
            await asyncio.sleep(AGAIN_S)

    async def _write_until_the_end(self) -> None:
        producer = await self._log.producer()
        try:
            while True:
                ended = self._ending.is_set()
                await producer.send(
                    PULSES, [(self.worker.encode("ascii"), encode_worker_pulse(self._pulse(ended=ended)))]
                )
                if ended:
                    return
                await self._pause()
        finally:
            await producer.close()

    def _pulse(self, *, ended: bool) -> WorkerPulse:
        alive = WorkerPulse(self.worker, self._started_ms, self._clock(), ended, self._reason)
        if self._ledger is None:
            return alive
        return replace(alive, remembers=self._ledger.remembered, refuses=self._ledger.refused[:REASON_CHARACTERS_MAX])

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PULSE_EVERY_S):
                await self._ending.wait()


@asynccontextmanager
async def recorded(life: WorkerLife) -> AsyncIterator[WorkerLife]:
    """Record the life of the worker that runs in the block, and the error that ends it."""
    life.start()
    try:
        yield life
    except Exception as error:
        life.end(error)
        raise
    finally:
        await life.close()
