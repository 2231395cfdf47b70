"""The calendar: writes the command that closes a month, some hours after the month is over.

Rules kept:
- Months are by UTC, and closing is by the clock, never by volume.
- One command at a time: none is written while another waits to be handled.
- A refused command is not written again for an hour, so that a fault does not fill `epochs`.
- None is written on a cluster to which the ledger does not belong, nor while a restore goes on, nor
  where the witness of this host refuses the ledger.
- The first month is the one in which the first event arrived. An exchange without events closes
  nothing.

Not promised: that a command is written only once. Two workers may for a moment both be the
calendar. The second command for a month is refused (`EpochClosed`) and harms nothing.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

import structlog

from consumers.release.close_request import write_command
from consumers.release.draws_state import DrawsDamaged, DrawsFollower, DrawsState
from consumers.release.release_lane import COMMANDS
from consumers.release.witness_file import WITNESS_REFUSES, WitnessFiles
from consumers.release.witnessed import witnessed_draws
from exchange.core.errors import ClusterUnknown, ExchangeMoved, RestoreUnfinished
from exchange.core.model.epochs import ends_ms, epoch_at, epoch_text
from exchange.core.release.closed_epochs import Closed, check_cluster
from exchange.engine.errors import PositionOutOfRange
from exchange.engine.lanes.progress import Hook, LaneState, no_hook
from exchange.engine.lanes.supervised import SingleLane
from exchange.engine.log import Log, Partition, Reader
from exchange.engine.reading import decided_ends, newest_before, read_to
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire.release_records import Asker, Close
from exchange.wire.topics import EVENTS, LaneName

LOOK_S: Final = 10.0
HOUR_MS: Final = 3_600_000
AGAIN_MS: Final = HOUR_MS
logger = structlog.get_logger(__name__)


def month_to_close(closed: Closed, first_arrival_ms: int | None, now_ms: int, grace_ms: int) -> int | None:
    """The month to close now, if any.

    The one after the last closed month, or that of the first event, when it is over.
    """
    if closed.last_epoch is not None:
        epoch = closed.last_epoch + 1
    elif first_arrival_ms is not None:
        epoch = epoch_at(first_arrival_ms)
    else:
        return None
    return epoch if now_ms > ends_ms(epoch) + grace_ms else None


class Calendar(SingleLane):
    """Writes commands while it runs. `grace_ms`: how long after a month's end."""

    halts_on = (DrawsDamaged, ClusterUnknown, ExchangeMoved, RestoreUnfinished, PositionOutOfRange, *WITNESS_REFUSES)

    def __init__(
        self,
        log: Log,
        partitions: int,
        grace_ms: int,
        witness: WitnessFiles,
        *,
        clock: Clock = wall_ms,
        hook: Hook = no_hook,
    ) -> None:
        super().__init__(LaneName.CALENDAR, hook=hook)
        self._log, self._grace_ms, self._witness, self._clock = log, grace_ms, witness, clock
        self._events = [Partition(EVENTS, number) for number in range(partitions)]
        self._first_ms: int | None = None

    async def _work(self, resources: AsyncExitStack) -> None:
        self._enter(LaneState.STARTING)
        draws, others = await self._log.reader(), await self._log.reader()
        for reader in (draws, others):
            resources.push_async_callback(reader.close)
        follower = DrawsFollower(draws, waits=self._moved)
        self._lag = 0
        self._enter(LaneState.RUNNING)
        while True:
            seen = await witnessed_draws(follower, self._log, self._show)
            if await self._may_ask(seen, others):
                await self._ask(seen, others)
            self._moved()
            await asyncio.sleep(LOOK_S)

    def _show(self, closed: Closed, cluster: str) -> None:
        check_cluster(closed, cluster)
        self._witness.sees(closed, cluster)

    async def _may_ask(self, seen: DrawsState, reader: Reader) -> bool:
        """Whether each command was handled and none was refused lately.

        Never where `epochs` was made anew.
        """
        end, handled = (await decided_ends(reader, [COMMANDS], waits=self._moved))[COMMANDS], seen.closed.position
        refused_lately = seen.refused and self._clock() - seen.closed.at_ms < AGAIN_MS
        return end >= handled and not refused_lately and not await self._waits(reader, handled, end)

    async def _waits(self, reader: Reader, handled: int, end: int) -> bool:
        """Whether a command waits. Foreign transactions leave markers, which are none."""
        if end == handled:
            return False
        reader.assign([COMMANDS])
        reader.seek(COMMANDS, handled)
        return await newest_before(reader, COMMANDS, handled, end) is not None

    async def _ask(self, seen: DrawsState, reader: Reader) -> None:
        now_ms = self._clock()
        if seen.closed.last_epoch is None and self._first_ms is None:
            self._first_ms = await self._first_arrival_ms(reader)
        epoch = month_to_close(seen.closed, self._first_ms, now_ms, self._grace_ms)
        if epoch is None:
            return
        await write_command(self._log, Close(epoch, Asker.CALENDAR, now_ms))
        logger.info("the calendar closes an epoch", epoch=epoch_text(epoch))
        self._wrote(1)

    async def _first_arrival_ms(self, reader: Reader) -> int | None:
        """When the first event arrived, by its record's time; None while there is none."""
        begins = await reader.beginning_offsets(self._events)
        ends = await decided_ends(reader, self._events, waits=self._moved)
        found = [await _first_ms(reader, source, begins, ends[source]) for source in self._events]
        return min((at_ms for at_ms in found if at_ms is not None), default=None)


async def _first_ms(reader: Reader, source: Partition, begins: Mapping[Partition, int], end: int) -> int | None:
    reader.assign([source])
    reader.seek(source, begins[source])
    async for _, records in read_to(reader, {source: end}, records_max=1):
        return records[0].timestamp
    return None
