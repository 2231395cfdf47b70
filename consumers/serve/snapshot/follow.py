"""Follow `metrics` and `releases` into the snapshot, for as long as the service runs.

Rules kept:
- Kafka may go away and come back: what was read stays, and `Hearing` says how old it is.
- A snapshot belongs to one topic of one cluster. If its position is not in the log, or another
  record stands before it, the topic was made anew: the snapshot is thrown away, and read again.
- Nothing is written and no group is joined: the rights to read `metrics` and `releases` are enough.

Errors that waiting cannot cure, such as a missing right, end it: the engine's named errors.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from consumers.metrics.subscribe import mark_of
from consumers.serve.snapshot.due_figures import DueFigures
from consumers.serve.snapshot.memory import give_back
from consumers.serve.snapshot.snapshot import PointSnapshot
from exchange.core.release.released import Released
from exchange.engine.errors import LogUnavailable, PartitionUnknown, PositionOutOfRange, TransactionOpen
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.loop_time import loop_s
from exchange.engine.reading import newest_before
from exchange.wire.topics import METRICS, RELEASES

POINTS, DRAWN = Partition(METRICS, 0), Partition(RELEASES, 0)
RECORDS_MAX: Final = 500
"""Taken in one go, by a thread: readers are answered meanwhile."""
WAIT_S: Final = 0.2
LOOK_S: Final = 2.0
"""How often the ends of the topics are asked for: so old may be what counts as heard just now."""
SETTLE_S: Final = 0.3
"""So long nothing more may come before an epoch is compared with its releases."""
QUIET_S: Final = 10.0
"""The same for an epoch whose releases do not show that it is whole: of tables that this version
does not know, or that came late."""
AGAIN_S: Final = 2.0
_logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Hearing:
    """What is known of Kafka. `heard_s`: when it last answered, by the loop's clock; None: never.

    `complete`: everything that was in the topics at that time has been read.
    """

    heard_s: float | None = None
    complete: bool = False
    problem: str = ""

    def age_s(self) -> float | None:
        """Seconds since Kafka answered."""
        return None if self.heard_s is None else max(0.0, loop_s() - self.heard_s)


class Follower:
    """One life of following. `changed` is called when the picture changed."""

    def __init__(self, log: Log, snapshot: PointSnapshot, changed: Callable[[], None]) -> None:
        self.snapshot = snapshot
        self.hearing = Hearing()
        self._log = log
        self._changed = changed
        self._due = DueFigures()
        self._came_s = 0.0

    @property
    def released(self) -> Released:
        """The releases that were read so far."""
        return self._due.released

    async def run(self) -> None:
        """Follow until cancelled. Raises the engine's named errors that waiting does not cure."""
        while True:
            try:
                await self._follow()
            except (LogUnavailable, PartitionUnknown, TransactionOpen) as error:
                self._away(str(error))
                await asyncio.sleep(AGAIN_S)
            except PositionOutOfRange:
                self._start_anew()
                await asyncio.sleep(WAIT_S)

    def _away(self, problem: str) -> None:
        if self.hearing.problem != problem:
            _logger.warning("Kafka is away", problem=problem)
        self.hearing.problem = problem

    def _start_anew(self) -> None:
        """The topics are others than before: nothing of the snapshot may be shown beside them."""
        _logger.warning("the topics were made anew: the snapshot is thrown away")
        self.snapshot.forget()
        self._due = DueFigures()
        self.hearing.heard_s, self.hearing.complete = None, False
        self._changed()

    async def _follow(self) -> None:
        points = await self._log.reader()
        try:
            drawn = await self._log.reader()
            try:
                await self._read(points, drawn)
            finally:
                await drawn.close()
        finally:
            await points.close()

    async def _read(self, points: Reader, drawn: Reader) -> None:
        """Each topic has a reader: of one, a request for more would wait for the other's news."""
        await self._begin(points, drawn)
        looked_s = 0.0
        while True:
            found = await points.getmany(timeout_s=WAIT_S, records_max=RECORDS_MAX)
            beside = await drawn.getmany(timeout_s=0.0, records_max=RECORDS_MAX)
            await self._take(found.get(POINTS, ()), beside.get(DRAWN, ()))
            if loop_s() - looked_s > LOOK_S or (not found and not beside and not self.hearing.complete):
                looked_s = loop_s()
                await self._look(points, drawn)
            if not found:
                await self._settle()

    async def _begin(self, points: Reader, drawn: Reader) -> None:
        """Seek both topics. Raises PositionOutOfRange where the snapshot is of another topic."""
        begins, ends = await points.beginning_offsets([POINTS, DRAWN]), await points.end_offsets([POINTS])
        points.assign([POINTS])
        drawn.assign([DRAWN])
        position = self.snapshot.position
        if position:
            if not begins[POINTS] <= position <= ends[POINTS]:
                raise PositionOutOfRange
            if self.snapshot.mark and not await self._stands(points, begins[POINTS], position):
                raise PositionOutOfRange
        points.seek(POINTS, max(position, begins[POINTS]))
        self._due = DueFigures()
        drawn.seek(DRAWN, begins[DRAWN])
        self.hearing.heard_s, self.hearing.problem = loop_s(), ""

    async def _stands(self, reader: Reader, begin: int, position: int) -> bool:
        record = await newest_before(reader, POINTS, max(begin, position - 1), position)
        return record is None or mark_of(record) == self.snapshot.mark

    async def _take(self, points: Sequence[Record], drawn: Sequence[Record]) -> None:
        if not points and not drawn:
            return
        before, snapshot = self.snapshot.picture, self.snapshot
        if points:
            self._came_s = loop_s()

        def take() -> None:
            self._due.take(drawn)
            snapshot.take(points)

        await asyncio.to_thread(take)
        if snapshot.picture is not before:
            self._changed()

    async def _look(self, points: Reader, drawn: Reader) -> None:
        """Ask for the ends: whether Kafka answers, and whether everything was read."""
        ends = await points.end_offsets([POINTS, DRAWN])
        at_ends = await points.position(POINTS) >= ends[POINTS] and await drawn.position(DRAWN) >= ends[DRAWN]
        if at_ends and not self.hearing.complete:
            await asyncio.to_thread(give_back)
        self.hearing.complete = at_ends
        self.hearing.heard_s, self.hearing.problem = loop_s(), ""

    async def _settle(self) -> None:
        """Show the arriving epoch once it is whole."""
        snapshot, quiet_s = self.snapshot, loop_s() - self._came_s
        epoch = snapshot.arriving
        if epoch is None or quiet_s < SETTLE_S:
            return
        due = await asyncio.to_thread(self._due.of, epoch)
        every = due is not None and snapshot.arrived >= due
        whole = every or quiet_s > QUIET_S
        if whole and await asyncio.to_thread(lambda: snapshot.end_run(every_figure=every)):
            self._changed()
