"""A lane: one exactly-once unit of work.

It owns one partition's state and moves it along its sources.

The theory, in the order of the code:

1. The writer comes first. When `Log.writer` returns, no earlier owner of this lane can write any
   more, and each transaction that it had begun is committed or aborted. State that is read before
   that moment may be overtaken by a zombie's last commit.
2. State and positions are restored together from the compacted state partition: committed records
   only, up to a sampled end and not a record further. Meanwhile only an owner who has fenced this
   one can write there. The end is that of everything written: while a foreign transaction is open
   there, the last stable offset would give an old state. So the lane waits for it, and then stops
   with `TransactionOpen`.
   A step that vouches for a log is then shown the newest record of it (`vouching`), because a
   state that was put back from an older copy looks whole.
3. Each source is sought to its stored position. `assign` drops all positions, so a new source means
   seeking all of them.
4. Read a batch, apply it, and write outputs, changed state and positions in one transaction.
   Batches are applied while the transaction before them commits. Their own transaction begins only
   after that one succeeded, so transactions are committed in the order of the batches. A lane that
   is behind may put several batches into one transaction, and then writes a cell that changed in
   each of them once. What a step says belongs together (`Step.whole`) is in one transaction. Memory
   may run ahead of the log, but never survives a failure.
5. After a failure the memory, reader and writer are dropped and everything starts again at 1. A
   commit is never repeated: step 1 finds out whether it succeeded. `Fenced` ends the lane. Only a
   new generation of the group may start it again, or two owners would fence each other for ever.

Promised: outputs and state are those of one pass over the sources, whatever crashes, as far as
`Log` keeps its promises. A lane that has work and gets nowhere for `stall_after_s` seconds ends
with `LaneStalled`. A lane that applies batches gets somewhere, however far its commits are apart:
after `batches_max` of them, and what belongs together, it waits for the commit.

Not promised: progress while the step itself blocks the event loop. Nothing inside the loop can
notice that.

`exchange.engine.lanes.supervised` has what lanes share: trying again, backing off and ending.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exchange.engine.errors import Fenced, LogUnavailable, PartitionUnknown, PositionOutOfRange
from exchange.engine.lanes.progress import Hook, LaneProgress, LaneState, no_hook
from exchange.engine.lanes.sources import Sources, nothing_else
from exchange.engine.lanes.stall_timer import cancelled, failed
from exchange.engine.lanes.step import Applied, defects_named, hand_over
from exchange.engine.lanes.supervised import BACKOFF, Backoff, SupervisedTask
from exchange.engine.lanes.vouching import compare
from exchange.engine.loop_time import loop_s
from exchange.engine.reading import decided_ends, read_before

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AsyncExitStack

    from exchange.engine.lanes.sources import Needs
    from exchange.engine.lanes.step import Outcome, Step
    from exchange.engine.log import Log, Partition, Reader, Record, Writer


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """How much a lane takes at once, and how long it may take."""

    records_max: int = 50_000
    """Records of one batch. More than one fetch brings, so that no fetch is cut in two."""
    batches_max: int = 1
    """Batches of one transaction while the lane is behind."""
    fetch_wait_s: float = 0.5
    """How long one read waits for records."""
    sample_every_s: float = 3.0
    """How often the lane looks where its sources end, for the lag."""
    stall_after_s: float = 12.0
    """A lane stalls that gets nowhere for so long and has work, or does not know whether."""
    backoff: Backoff = BACKOFF


class Lane(SupervisedTask):
    """One pure step on one partition, exactly once."""

    def __init__(
        self,
        log: Log,
        step_name: str,
        partition: int,
        make_step: Callable[[], Step],
        state: Partition,
        *,
        limits: LaneLimits | None = None,
        hook: Hook = no_hook,
        needs: Needs = nothing_else,
    ) -> None:
        self._needs = needs
        self._limits = limits or LaneLimits()
        super().__init__(
            step_name,
            partition,
            stall_after_s=self._limits.stall_after_s,
            backoff=self._limits.backoff,
            hook=hook,
        )
        self._log = log
        self._make_step = make_step
        self._state_partition = state
        self._sources = Sources(self._limits.sample_every_s, needs)
        self._commit: asyncio.Task[None] | None = None

    @property
    def progress(self) -> LaneProgress:
        """How far the lane is."""
        return replace(
            super().progress, lag=self._sources.lag, rereads=self._sources.rereads, absent=self._sources.absent
        )

    # Starting

    async def _attempt(self, resources: AsyncExitStack) -> None:
        self._sources = Sources(self._limits.sample_every_s, self._needs)
        writer, step = await self._begin(resources)
        reader = await self._log.reader()  # a new one: the other still waits for more state
        resources.push_async_callback(reader.close)
        self._enter(LaneState.RUNNING)
        try:
            await self._work(writer, reader, step)
        finally:
            await self._drop_commit()

    async def _begin(self, resources: AsyncExitStack) -> tuple[Writer, Step]:
        """Fence first, then read state."""
        writer = await self._take_over(resources)
        return writer, await self._remember()

    async def _take_over(self, resources: AsyncExitStack) -> Writer:
        self._enter(LaneState.STARTING)
        writer = await self._log.writer(self.name)
        resources.push_async_callback(writer.close)
        return writer

    async def _remember(self) -> Step:
        self._enter(LaneState.RESTORING)
        with defects_named(self.name):
            step = self._make_step()
        reader = await self._log.reader()
        try:
            await self._restore(reader, step)
            with defects_named(self.name):
                step.restored()
        finally:
            await reader.close()
        await compare(self.name, step, self._log, self._stall_timer.renew)
        return step

    async def _restore(self, reader: Reader, step: Step) -> None:
        self._restored = 0
        state = self._state_partition
        begin = (await reader.beginning_offsets([state]))[state]
        end = (await decided_ends(reader, [state], waits=self._stall_timer.renew))[state]
        reader.assign([state])
        reader.seek(state, begin)
        # An owner that fences this one meanwhile writes behind `end`. Half of its transaction
        # would be no state.
        async for records in read_before(reader, state, end, records_max=self._limits.records_max):
            self._restored += hand_over(self.name, step, records)
            self._stall_timer.renew()

    # Work

    async def _work(self, writer: Writer, reader: Reader, step: Step) -> None:
        limits, applied = self._limits, Applied()
        while True:
            await self._follow(reader, step)
            await self._sample(reader, step)
            try:
                batch = await self._read(reader, step)
            except PositionOutOfRange:
                if not step.independent:
                    raise
                self._sources.lost()
                await asyncio.sleep(limits.backoff.first_s)
                continue
            await asyncio.sleep(0)  # a turn for the transaction under way, before the loop is busy with the batch
            if batch or step.busy:
                await self._sources.note(reader, batch)
                with defects_named(self.name):
                    step.apply(batch)
                self._sources.seek(reader, step.seeks())
                applied.take(batch)
                self._got_further()
                behind = applied.batches < limits.batches_max and self._sources.readable
                if (behind or not step.whole) and not failed(self._commit):
                    continue
            await self._committed(reader)
            if applied.batches:
                with defects_named(self.name):
                    outcome = step.outcome()
                self._commit = asyncio.create_task(self._transact(writer, outcome, applied))
                applied = Applied()
                await asyncio.sleep(0)

    async def _read(self, reader: Reader, step: Step) -> Mapping[Partition, Sequence[Record]]:
        """The next records. A step that has work left is not kept waiting, nor given too much."""
        if step.full:
            return {}
        wait_s = 0.0 if step.busy else self._limits.fetch_wait_s
        return await reader.getmany(timeout_s=wait_s, records_max=self._limits.records_max)

    def _got_further(self) -> None:
        """Note that a batch was applied. While a commit hangs, only few more can be."""
        self._stall_timer.renew()

    async def _follow(self, reader: Reader, step: Step) -> None:
        await self._sources.follow(reader, step, self.name)

    async def _sample(self, reader: Reader, step: Step) -> None:
        """Look now and then where the sources end.

        A lane at their end, with no commit under way, has not stalled. Nor has one that an open
        transaction of somebody else keeps from the end.
        """
        if await self._sources.sample(reader, step):
            # Past aborted records a lane moves without a commit. That is no stall either.
            if (self._sources.readable == 0 or self._sources.moved) and (self._commit is None or self._commit.done()):
                self._stall_timer.renew()
            self._hook(self.progress)

    async def _committed(self, reader: Reader) -> None:
        """Wait until the transaction under way is committed.

        It never is where a partition that it writes to was deleted. If that is only a source's own,
        the lane begins anew and leaves that source out.
        """
        commit = self._commit
        if commit is None:
            return
        while not (await asyncio.wait({commit}, timeout=self._limits.sample_every_s))[0]:
            await self._fail_if_gone(reader)
        try:
            commit.result()
        except PartitionUnknown:
            await self._fail_if_gone(reader)
            raise

    async def _fail_if_gone(self, reader: Reader) -> None:
        if gone := await self._sources.gone(reader):
            raise LogUnavailable(f"{min(gone).topic} does not exist any more.")

    async def _drop_commit(self) -> None:
        """Forget the transaction under way. Being fenced outweighs any other error."""
        commit, self._commit = self._commit, None
        if commit is not None:
            await cancelled(commit)
            if not commit.cancelled() and isinstance(error := commit.exception(), Fenced):
                raise error

    async def _transact(self, writer: Writer, outcome: Outcome, applied: Applied) -> None:
        if outcome.outputs:
            await writer.begin()
            await self._send(writer, outcome)
            await writer.commit()
            self._transactions += 1
            self._written_at = loop_s()
        self._records += applied.records
        self._positions.update(applied.positions)
        self._stall_timer.renew()
        self._hook(self.progress)

    async def _send(self, writer: Writer, outcome: Outcome) -> None:
        sent = [await writer.send(partition, records) for partition, records in outcome.outputs]
        await asyncio.gather(*sent)  # `commit` does not look at sends that failed
