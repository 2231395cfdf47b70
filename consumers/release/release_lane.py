"""The release lane: commands of `epochs` in, draws out, each exactly once.

The theory, in the order of the code:

1. For each command, the writer `release-0` comes first. When it is there, no earlier owner can
   write any more, and each transaction that one had begun is committed or aborted. Only then is
   `draws` read to its end: it is the whole state, and final.
   The witness of this host compares it, and refuses an older copy (`witness_file`).
2. A command before the state's position was handled by another owner, and is passed over.
3. The command is judged purely (`exchange.core.release.closing.decide_close`), with this worker's
   clock and the present ends of `events` and `agencies`.
4. Refused: one transaction writes the reason to the ledger, and nothing else. Accepted: the draw is
   counted and made in a process of its own (`consumers.release.draw_process`). Then one transaction
   writes every release and, last, the ledger part: cut, accounts, position.
5. After a failure everything is dropped and begins again at 1, which finds out whether that commit
   succeeded. Nobody who may read releases has seen noise that was drawn and not committed: `draws`
   is restricted, and its reader, the publisher, reads committed records. The next draw is of the
   same counts for the same accounts, and the only one.

Promised: at most one draw of each table and epoch, no budget spent without its draw, and no draw
without its budget, whatever crashes. The writer is opened for each command, because an id that is
idle for a week expires.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import structlog

from consumers.release.draw_process import Drawer
from consumers.release.draw_task import Drawn
from consumers.release.draws_state import DrawsDamaged, DrawsFollower, DrawsState
from consumers.release.other_witnesses import RefusedElsewhere, check_others
from consumers.release.witness_file import WITNESS_REFUSES, WitnessFiles
from consumers.release.witnessed import witnessed_draws
from exchange.core.errors import ClusterUnknown, ExchangeError, ExchangeMoved, RestoreUnfinished, SequenceBroken
from exchange.core.model.epochs import epoch_text
from exchange.core.release.closed_epochs import Closed, Moment, check_cluster
from exchange.core.release.closing import CloseRefused, Draw, decide_close
from exchange.engine.errors import PositionOutOfRange
from exchange.engine.lanes.progress import Hook, LaneState, no_hook
from exchange.engine.lanes.supervised import SingleLane
from exchange.engine.log import Log, Pair, Partition, Reader, Record
from exchange.engine.reading import decided_ends, newest_before
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire.message import MessageUnreadable
from exchange.wire.release_records import Spent, decode_close, encode_spent, ledger_part
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, RELEASES, LaneName

COMMANDS: Final = Partition(EPOCHS, 0)
TARGET: Final = Partition(DRAWS, 0)
PUBLIC: Final = Partition(RELEASES, 0)
WAIT_S: Final = 0.5
OTHERS_S: Final = 0.5
"""Pause before other workers are heard again."""
logger = structlog.get_logger(__name__)


class ReleaseLane(SingleLane):
    """The one release lane. `partitions`: of `events`. `clock`: decides which months are over.

    `worker`: whose lane it is; its own pulses are not another witness. `clients_a_year`: for which
    sizes are planned; it counts at the first epoch and never after.
    """

    halts_on = (
        DrawsDamaged,
        ClusterUnknown,
        ExchangeMoved,
        RestoreUnfinished,
        SequenceBroken,
        PositionOutOfRange,
        RefusedElsewhere,
        *WITNESS_REFUSES,
    )

    def __init__(
        self,
        log: Log,
        partitions: int,
        drawer: Drawer,
        witness: WitnessFiles,
        *,
        worker: str = "",
        clients_a_year: int = 0,
        clock: Clock = wall_ms,
        hook: Hook = no_hook,
    ) -> None:
        super().__init__(LaneName.RELEASE, hook=hook)
        self._log, self._drawer, self._witness, self._worker, self._clock = log, drawer, witness, worker, clock
        self._events = [Partition(EVENTS, number) for number in range(partitions)]
        self._clients_a_year = clients_a_year
        self._seen = DrawsState()

    @property
    def refused(self) -> str:
        """The reason why the newest command was refused; empty where it was not."""
        return self._seen.refused

    @property
    def hindered(self) -> str:
        """Why the exchange itself cannot close the next epoch; empty where nothing is known."""
        return self._seen.hindered

    async def _work(self, resources: AsyncExitStack) -> None:
        self._enter(LaneState.STARTING)
        draws, commands = await self._reader(resources), await self._reader(resources)
        follower = DrawsFollower(draws, waits=self._moved)
        await (await self._log.writer(self.name)).close()  # fences earlier owners and settles their transactions
        self._enter(LaneState.RESTORING)
        self._note(await follower.catch_up())
        await self._refuse_empty_draws(commands)
        check_cluster(self._seen.closed, await self._log.cluster_id())
        self._note(await self._witnessed(follower, self._seen))
        self._restored = len(self._seen.commands) + len(self._seen.parts)
        commands.assign([COMMANDS])
        commands.seek(COMMANDS, self._seen.closed.position)
        self._enter(LaneState.RUNNING)
        while True:
            batch = await commands.getmany(timeout_s=WAIT_S, records_max=1)
            await self._sample(commands, follower, busy=bool(batch))
            for record in batch.get(COMMANDS, ()):
                await self._handle(record, follower)
            self._moved()

    async def _reader(self, resources: AsyncExitStack) -> Reader:
        reader = await self._log.reader()
        resources.push_async_callback(reader.close)
        return reader

    async def _refuse_empty_draws(self, reader: Reader) -> None:
        """Raise DrawsDamaged where `draws` is empty and `releases` is not.

        Every epoch would be drawn again.
        """
        if self._seen.commands:
            return
        begin = (await reader.beginning_offsets([PUBLIC]))[PUBLIC]
        end = (await decided_ends(reader, [PUBLIC], waits=self._moved))[PUBLIC]
        reader.assign([PUBLIC])
        # Markers of a foreign transaction are no releases. What was deleted may have been some.
        if begin or await newest_before(reader, PUBLIC, begin, end) is not None:
            raise DrawsDamaged(f"{DRAWS} is empty, and {RELEASES} is not.")

    def _note(self, seen: DrawsState) -> None:
        self._seen = seen
        self._positions[COMMANDS] = seen.closed.position

    async def _sample(self, commands: Reader, follower: DrawsFollower, *, busy: bool) -> None:
        if self._seen.closed.position < await commands.position(COMMANDS):
            self._note(await follower.catch_up())  # a commit may be readable only some time after it is acknowledged
        end = (await commands.end_offsets([COMMANDS]))[COMMANDS]
        handled = self._seen.closed.position
        # behind the last command there may be markers of foreign transactions, which nobody handles
        self._lag = max(0, end - (handled if busy else max(handled, await commands.position(COMMANDS))))

    # One command

    async def _handle(self, record: Record, follower: DrawsFollower) -> None:
        writer = await self._log.writer(self.name)
        try:
            self._note(await self._witnessed(follower))
            closed = self._seen.closed
            if record.offset < closed.position:
                return
            await self._hear_others(closed)
            pairs = await self._decided(record, closed)
            await self._hear_others(closed)  # one may have been started during the draw
            await writer.begin()
            await (await writer.send(TARGET, pairs))
            await writer.commit()
        finally:
            await writer.close()
        self._wrote(len(pairs))
        self._note(await self._witnessed(follower))

    async def _witnessed(self, follower: DrawsFollower, found: DrawsState | None = None) -> DrawsState:
        return await witnessed_draws(follower, self._log, self._witness.sees, found)

    async def _hear_others(self, closed: Closed) -> None:
        """Wait until every other living worker has looked at its witness, and compare with it."""
        while waits := await check_others(self._log, closed, self._clock(), but=self._worker):
            logger.warning("closing waits until other workers have looked at their witness", workers=waits)
            self._moved()
            await asyncio.sleep(OTHERS_S)

    async def _decided(self, record: Record, closed: Closed) -> Sequence[Pair]:
        """The records to write for a command."""
        epoch = named_by(record)
        moment = await self._moment(record)
        decision = decide_close(closed, epoch, moment)
        if isinstance(decision, CloseRefused):
            logger.warning("an epoch was not closed", epoch=_text(epoch), reason=decision.name)
            return [(ledger_part(record.offset), encode_spent(refusal(closed, record.offset, decision, moment)))]
        drawn = await self._drawer.draw(decision.task, self._report)
        logger.info("an epoch is closed", epoch=_text(epoch), tables=len(drawn.parts))
        spent = encode_spent(payment(record.offset, decision, drawn))
        return [*drawn.parts, (ledger_part(record.offset), spent)]

    async def _moment(self, command: Record) -> Moment:
        """Both clocks, and the present ends of everything, once all of it is decided."""
        registered = Partition(AGENCIES, 0)
        reader = await self._log.reader()
        try:
            ends = await decided_ends(reader, [*self._events, registered], waits=self._moved)
        finally:
            await reader.close()
        cut = tuple(ends[source] for source in self._events)
        cluster = await self._log.cluster_id()
        return Moment(self._clock(), cut, ends[registered], cluster, command.timestamp, self._clients_a_year)

    def _report(self, _: int) -> None:
        self._busy()


def refusal(closed: Closed, offset: int, refused: CloseRefused, moment: Moment) -> Spent:
    """The ledger's entry for a refused command: everything as it was."""
    accounts, last = tuple(sorted(closed.ledger.accounts.items())), closed.last_epoch or 0
    cut, registered = closed.last_cut, closed.registered
    times = (moment.at_ms, moment.surely_ms)
    return Spent(offset + 1, last, *times, refused.name, registered, cut, accounts, closed.clients_a_year)


def payment(offset: int, draw: Draw, drawn: Drawn) -> Spent:
    """The ledger's entry for an accepted command."""
    epoch, moment, accounts = draw.task.epoch, draw.task.moment, tuple(sorted(draw.accounts.items()))
    return Spent(
        position=offset + 1,
        epoch=epoch,
        at_ms=moment.at_ms,
        surely_ms=moment.surely_ms,
        refused="",
        registered=moment.registered,
        cut=drawn.cut,
        accounts=accounts,
        clients_a_year=draw.task.clients_a_year,
        shown=drawn.shown,
        reported=drawn.profiles,
    )


def named_by(record: Record) -> int | None:
    """The epoch that a command closes; None where the record is no command."""
    try:
        return None if record.value is None else decode_close(record.value).epoch
    except MessageUnreadable:
        return None


def _text(epoch: int | None) -> str:
    try:
        return "?" if epoch is None else epoch_text(epoch)
    except (ExchangeError, ValueError):
        return "?"
