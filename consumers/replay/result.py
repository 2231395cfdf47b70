"""The result of a replay: the rebuilt counts, the compared partitions, the differing cells.

A partition is compared only if its aggregates are exactly at the cut. `matched` needs every
partition compared, and every cell, the number of events and the digest equal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from consumers.replay.chains import BrokenChain, in_two_places
from exchange.core.counting.cells import parse_cell
from exchange.core.counting.counts import MODULUS
from exchange.core.errors import CellUnknown
from exchange.wire.records import Position
from exchange.wire.topics import POSITION_KEY


class ReplayVerdict(Enum):
    """The outcome of a replay."""

    MATCH = "match"
    DIFFERENT = "different"
    BROKEN = "broken chain"
    """An agency's events are not 1, 2, 3… once each: the counts are of a wrong log."""
    NOT_COMPARED = "not compared"
    """The aggregates of some partition are not at the cut; the compared partitions are equal."""
    INCOMPLETE = "incomplete"
    """An open transaction hides the end of some partition; the compared partitions are equal."""


@dataclass(frozen=True, slots=True, order=True)
class CellDifference:
    """One cell on which aggregates and replay disagree.

    The reserved key means the number of events counted.
    """

    cell: bytes
    partition: int
    live: int
    replayed: int

    @property
    def name(self) -> str:
        """The cell, if a declared table has it. Foreign bytes in the topic are not repeated."""
        if self.cell == POSITION_KEY:
            return "the position record (events counted)"
        try:
            parse_cell(self.cell)
        except CellUnknown:
            return "a cell of no declared table"
        return self.cell.decode("ascii")

    def __str__(self) -> str:
        """One line for an operator."""
        return f"{self.name} in partition {self.partition}: aggregates {self.live}, replay {self.replayed}"


@dataclass(frozen=True, slots=True)
class PartitionReplay:
    """One partition of `events`, counted again up to `cut`, the first offset left out."""

    partition: int
    cut: int
    end: int
    """The log's end as the replay saw it.

    Markers take offsets, so it lies behind the last event.
    """
    complete: bool
    """Whether there was no event between the cut and that end, as far as anybody can know."""
    undecided: int | None
    """The offset from which an open transaction hides what is written; None: it hides nothing."""
    replayed: Position
    live: Position | None
    """The position of the aggregates; None if there are none."""
    cells: Mapping[bytes, int]
    differences: tuple[CellDifference, ...]
    clean: bool = True
    """Whether the cut is one place in the partition. By heads it may lie between other events."""
    broken: tuple[BrokenChain, ...] = ()
    """The first breaks of chains."""
    breaks: int = 0
    """How many there are in all."""
    heads: Mapping[str, int] = field(default_factory=dict)
    """Agency → sequence of its newest event before the cut."""
    unsigned: tuple[str, ...] | None = None
    """The agencies whose newest event is no signed heartbeat; None: that could not be seen."""

    @property
    def compared(self) -> bool:
        """Whether the aggregates were at the cut."""
        return self.live is not None and self.live.position == self.replayed.position


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A whole replay. `counts`: the tables of all partitions together, in the cells' order."""

    partitions: tuple[PartitionReplay, ...]
    counts: Mapping[bytes, int]
    fingerprint: str

    @property
    def events(self) -> int:
        """The number of events counted."""
        return sum(part.replayed.events for part in self.partitions)

    @property
    def digest(self) -> int:
        """The digest of all counts together.

        It is linear, so it is the sum of the partitions' digests.
        """
        return sum(part.replayed.digest for part in self.partitions) % MODULUS

    @property
    def cut(self) -> dict[int, int]:
        """Partition → first offset left out."""
        return {part.partition: part.cut for part in self.partitions}

    @property
    def differences(self) -> tuple[CellDifference, ...]:
        """Every cell that differs, in the cells' order, then the partitions'."""
        return tuple(sorted(difference for part in self.partitions for difference in part.differences))

    @property
    def breaks(self) -> int:
        """How many events do not follow their agency's event before them."""
        return sum(part.breaks for part in self.partitions)

    @property
    def broken(self) -> tuple[BrokenChain, ...]:
        """The first of them, in the order of partitions and offsets."""
        return tuple(broken for part in self.partitions for broken in part.broken)

    @property
    def in_two_partitions(self) -> tuple[str, ...]:
        """The agencies with events in more than one partition; each belongs to one."""
        return tuple(in_two_places([part.heads for part in self.partitions]))

    @property
    def unsigned(self) -> tuple[str, ...]:
        """The agencies whose newest event is no signed heartbeat, where that could be seen."""
        return tuple(sorted(agency for part in self.partitions for agency in part.unsigned or ()))

    @property
    def verdict(self) -> ReplayVerdict:
        """The outcome to report."""
        if self.breaks or self.in_two_partitions:
            return ReplayVerdict.BROKEN
        if any(part.differences for part in self.partitions):
            return ReplayVerdict.DIFFERENT
        if any(part.undecided is not None for part in self.partitions):
            return ReplayVerdict.INCOMPLETE
        return ReplayVerdict.MATCH if all(part.compared for part in self.partitions) else ReplayVerdict.NOT_COMPARED

    @property
    def complete(self) -> bool:
        """Whether the cut left out no event."""
        return all(part.complete for part in self.partitions)

    @property
    def matched(self) -> bool:
        """Whether every partition was compared and nothing differs."""
        return self.verdict is ReplayVerdict.MATCH


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How far a replay is.

    Offsets count markers too, so `read` of `total` measures it; `events` is for information.
    """

    events: int
    read: int
    total: int
    partitions_done: int
    partitions: int


Hook = Callable[[ReplayProgress], None]


def no_hook(_: ReplayProgress) -> None:
    """Ignore the progress."""
