"""What a replay finds out, as frozen values: what was rebuilt, where it was compared, which cells differ.

A partition is compared only where its aggregates stand exactly at the cut: nothing else is comparable. `matched` is said
only when every partition was compared and every cell, the number of events and the digest are equal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from exchange.core.counting.cells import parse_cell
from exchange.core.counting.counts import MODULUS
from exchange.core.errors import CellUnknown
from exchange.wire.records import Position
from exchange.wire.topics import POSITION_KEY


class ReplayVerdict(Enum):
    """How a replay ends."""

    MATCH = "match"
    DIFFERENT = "different"
    NOT_COMPARED = "not compared"
    """Some partition's aggregates do not stand at the cut; those that do are equal."""


@dataclass(frozen=True, slots=True, order=True)
class CellDifference:
    """One cell on which aggregates and replay disagree; the reserved key stands for the number of events counted."""

    cell: bytes
    partition: int
    live: int
    replayed: int

    @property
    def name(self) -> str:
        """The cell, if a declared table has it: foreign bytes in the topic are not repeated."""
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
    """One partition of `events`, folded again up to `cut`, the first offset left out."""

    partition: int
    cut: int
    end: int
    """The log's end when the replay came to it; markers take offsets, so it lies beyond the last event."""
    complete: bool
    """Whether no event stood between the cut and that end."""
    replayed: Position
    live: Position | None
    """Where the aggregates stood; None when there are none."""
    cells: Mapping[bytes, int]
    differences: tuple[CellDifference, ...]

    @property
    def compared(self) -> bool:
        """Whether the aggregates stood at the cut."""
        return self.live is not None and self.live.position == self.replayed.position


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A whole replay. `counts`: all partitions' tables together, in the cells' order."""

    partitions: tuple[PartitionReplay, ...]
    counts: Mapping[bytes, int]
    fingerprint: str

    @property
    def events(self) -> int:
        """How many events were folded."""
        return sum(part.replayed.events for part in self.partitions)

    @property
    def digest(self) -> int:
        """Of all counts together: the digest is linear, so it is the sum of the partitions'."""
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
    def verdict(self) -> ReplayVerdict:
        """What is to be said."""
        if any(part.differences for part in self.partitions):
            return ReplayVerdict.DIFFERENT
        return ReplayVerdict.MATCH if all(part.compared for part in self.partitions) else ReplayVerdict.NOT_COMPARED

    @property
    def complete(self) -> bool:
        """Whether the cut left no event out."""
        return all(part.complete for part in self.partitions)

    @property
    def matched(self) -> bool:
        """Whether every partition was compared and nothing differs."""
        return self.verdict is ReplayVerdict.MATCH


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How far a replay is. Offsets count markers too, so `read` of `total` is the measure and `events` the news."""

    events: int
    read: int
    total: int
    partitions_done: int
    partitions: int


Hook = Callable[[ReplayProgress], None]


def no_hook(_: ReplayProgress) -> None:
    """Nobody looks."""
