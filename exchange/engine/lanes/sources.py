"""The partitions that a lane reads: which, how far it is in each, and where they end.

Rules kept:
- When the wanted partitions change, all are assigned and then each is sought, because assigning
  drops all positions.
- A stored position that is not in its log stops the lane, and so does a partition that does not
  exist.
- Where the step's sources are independent, neither stops it. A missing partition is left out until
  it appears; so is one whose answers have no partition to go to (`Needs`). A partition whose
  position was lost is read again from where its log begins. No other source waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.engine.errors import PartitionUnknown, PositionOutOfRange
from exchange.engine.lanes.step import defects_named
from exchange.engine.loop_time import loop_s

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import TypeAlias

    from exchange.engine.lanes.step import Step
    from exchange.engine.log import Partition, Reader

    Needs: TypeAlias = Callable[[Partition], Partition]
    """The partition that a source's own records are written to besides the lane's; maybe itself."""


def nothing_else(source: Partition) -> Partition:
    """The `Needs` of sources whose records are answered nowhere."""
    return source


class Sources:
    """The sources of one attempt.

    `read`: the next offset of each. `rereads`: how many are read again. `absent`: the topics for
    whose sake a source is left out.
    """

    def __init__(self, sample_every_s: float, needs: Needs = nothing_else) -> None:
        self._needs = needs
        self.absent: tuple[str, ...] = ()
        self._sample_every_s = sample_every_s
        self._sampled_at = float("-inf")
        self._wanted: Collection[Partition] | None = None
        self._ends: dict[Partition, int] = {}
        self._stable: dict[Partition, int] = {}
        self.read: dict[Partition, int] = {}
        self._read_before: dict[Partition, int] = {}
        self.moved = False
        self.rereads = 0

    @property
    def lag(self) -> int | None:
        """Offsets, markers included, from the positions to the ends of everything written.

        None before the first look.
        """
        return None if self._wanted is None else self._left(self._ends)

    @property
    def readable(self) -> int | None:
        """As `lag`, but only what is decided: a reader gets nothing from an open transaction on."""
        return None if self._wanted is None else self._left(self._stable)

    def _left(self, ends: Mapping[Partition, int]) -> int:
        return sum(max(0, end - self.read[source]) for source, end in ends.items())

    @property
    def _missing(self) -> bool:
        return self._wanted is not None and len(self._wanted) > len(self.read)

    async def follow(self, reader: Reader, step: Step, lane: str) -> None:
        """Read exactly the sources that the step wants now."""
        with defects_named(lane):
            wanted = step.positions()
        if self._wanted == wanted.keys() and not (self._missing and self._sample_is_due()):
            return
        present = await self._present(reader, wanted.keys()) if step.independent else wanted.keys()
        if self._wanted == wanted.keys() and present == self.read.keys():
            return  # the sample that is due comes next
        begins = await reader.beginning_offsets(present)
        ends, stable = await reader.end_offsets(present), await reader.stable_offsets(present)
        starts = {p: self._start(p, wanted[p], begins[p], ends[p], step) for p in present}
        reader.assign(present)
        for source, start in starts.items():
            reader.seek(source, start)
        self._wanted, self._ends, self._stable = set(wanted), ends, stable
        self.read, self._sampled_at = starts, loop_s()

    async def _present(self, reader: Reader, wanted: Collection[Partition]) -> Collection[Partition]:
        """The sources that can be read and answered."""
        needed = {source: self._needs(source) for source in wanted}
        there = await reader.present({*needed, *needed.values()})
        self.absent = tuple(sorted({p.topic for pair in needed.items() for p in pair if p not in there}))
        return {source for source, beside in needed.items() if source in there and beside in there}

    async def gone(self, reader: Reader) -> Collection[Partition]:
        """The partitions that the sources need and that do not exist any more."""
        needed = {self._needs(source) for source in self.read}
        return needed - await reader.present(needed)

    async def sample(self, reader: Reader, step: Step) -> bool:
        """Look where the sources end, when it is time; returns whether it was.

        `moved`: whether anything was read since the last time.
        """
        if not self._sample_is_due():
            return False
        try:
            self._ends = await reader.end_offsets(self.read.keys())
            self._stable = await reader.stable_offsets(self.read.keys())
        except PartitionUnknown:
            if not step.independent:
                raise
            self._wanted = None  # one of them is gone: follow those that are left
            return False
        self._sampled_at = loop_s()
        await self.note(reader, self.read)
        self.moved = self.read != self._read_before
        self._read_before = dict(self.read)
        return True

    def lost(self) -> None:
        """A position is outside its log: look at all of them again."""
        self._wanted = None

    def seek(self, reader: Reader, offsets: Mapping[Partition, int]) -> None:
        """Read on from these offsets, as far as these sources are read."""
        for source in offsets.keys() & self.read.keys():
            reader.seek(source, offsets[source])
            self.read[source] = offsets[source]

    async def note(self, reader: Reader, sources: Iterable[Partition]) -> None:
        """Records of these sources were read: note the positions."""
        self.read.update({source: await reader.position(source) for source in list(sources)})

    def _sample_is_due(self) -> bool:
        return loop_s() - self._sampled_at >= self._sample_every_s

    def _start(self, source: Partition, position: int | None, begin: int, end: int, step: Step) -> int:
        if position is None:
            return begin
        if begin <= position <= end:
            return position
        if step.independent:
            self.rereads += 1
            return begin
        raise PositionOutOfRange(
            f"{source.topic}-{source.partition}: stored position {position}, the log holds {begin} to {end}."
        )
