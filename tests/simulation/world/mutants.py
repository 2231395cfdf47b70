"""The engine with one rule broken each.

`test_mutants` shows that the simulation notices every one of them.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack

from exchange.engine.errors import Fenced, LogUnavailable
from exchange.engine.lanes.lane import Lane
from exchange.engine.lanes.ownership import Ownership
from exchange.engine.lanes.step import Applied, Outcome, Step, hand_over
from exchange.engine.log import Partition, Reader, Writer
from exchange.testing.memory_log import MemoryLog, MemoryReader


class StateReadBeforeTheProducerId(Lane):
    """A zombie may commit between the two."""

    async def _begin(self, resources: AsyncExitStack) -> tuple[Writer, Step]:
        step = await self._remember()
        writer = await self._take_over(resources)
        return writer, step


class StalledBetweenCommits(Lane):
    """Only commits count as progress: a backlog looks like a stall."""

    def _got_further(self) -> None: ...


class NeverStalled(Lane):
    """To wait for a commit counts as progress: one that hangs is never noticed."""

    async def _committed(self, reader: Reader) -> None:
        while self._commit is not None and not self._commit.done():
            self._stall_timer.renew()
            await asyncio.sleep(0.5)
        await super()._committed(reader)


class PositionOutsideTheTransaction(Lane):
    """Outputs in one transaction, the position record in the next."""

    async def _transact(self, writer: Writer, outcome: Outcome, applied: Applied) -> None:
        *others, (state, pairs) = outcome.outputs
        await super()._transact(writer, Outcome([*others, (state, pairs[:-1])]), applied)
        await super()._transact(writer, Outcome([(state, pairs[-1:])]), applied)


class SendNotAwaited(Lane):
    """`commit` waits for sends, but not for their success."""

    async def _send(self, writer: Writer, outcome: Outcome) -> None:
        for partition, records in outcome.outputs:
            await writer.send(partition, records)


class SeekForgottenAfterAssign(Lane):
    """Only the new source is sought; under `auto_offset_reset=none` the others raise."""

    async def _follow(self, reader: Reader, step: Step) -> None:
        await super()._follow(_SeeksOnlyNew(reader, self._sources.read), step)  # type: ignore[arg-type]


class _SeeksOnlyNew:
    def __init__(self, reader: Reader, known: Mapping[Partition, int]) -> None:
        self._reader, self._known = reader, dict(known)

    def __getattr__(self, name: str) -> Callable[..., object]:
        return getattr(self._reader, name)

    def seek(self, partition: Partition, offset: int) -> None:
        if partition not in self._known:
            self._reader.seek(partition, offset)


class LatestReader(MemoryReader):
    """What `auto_offset_reset=latest` does with a partition that was assigned and not sought."""

    def assign(self, partitions: Collection[Partition]) -> None:
        super().assign(partitions)
        for partition in partitions:
            self.seek(partition, self._broker.end_of(partition))


class LatestLog(MemoryLog):
    async def reader(self) -> MemoryReader:
        return LatestReader(self._broker, self._connect())


class CommitRetried(Lane):
    """A commit without an answer is taken for one that was not done."""

    async def _transact(self, writer: Writer, outcome: Outcome, applied: Applied) -> None:
        while True:
            try:
                return await super()._transact(writer, outcome, applied)
            except LogUnavailable:
                writer = await self._log.writer(self.name)


class MemoryKeptAfterFailure(Lane):
    """The step survives a failure, with what was never committed in it."""

    _kept: Step | None = None

    async def _remember(self) -> Step:
        if self._kept is None:
            self._kept = await super()._remember()
        return self._kept


class RestoreReadsOn(Lane):
    """Restores every record it gets until it is past the sampled end."""

    async def _restore(self, reader: Reader, step: Step) -> None:
        state = self._state_partition
        end = (await reader.end_offsets([state]))[state]
        reader.assign([state])
        reader.seek(state, 0)
        while await reader.position(state) < end:
            batch = await reader.getmany(timeout_s=0.5, records_max=self._limits.records_max)
            hand_over(self.name, step, batch.get(state, []))


class RestoreEndsWhereAllIsDecided(Lane):
    """Restores up to the last stable offset: an old state while a foreign transaction is open."""

    async def _restore(self, reader: Reader, step: Step) -> None:
        await super()._restore(StableIsTheEnd(reader), step)  # type: ignore[arg-type]


class StableIsTheEnd:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.end_offsets = reader.stable_offsets

    def __getattr__(self, name: str) -> Callable[..., object]:
        return getattr(self._reader, name)


class RestartWithoutANewGeneration(Ownership):
    """A fenced worker fences back."""

    async def _keep(self, lane: Lane) -> None:  # type: ignore[override]
        while True:
            try:
                await lane.run()
            except Fenced:
                continue
            except Exception as error:  # noqa: BLE001 (as in the original)
                self._fail(error)
                return
