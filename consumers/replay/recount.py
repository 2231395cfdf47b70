"""Two ways to count a partition of `events` again: the fold's step, and the slow definitions.

`ByStep` gives the log to a fresh `FoldStep` and keeps the newest bytes of each key that the step
would write. These are the contents of a compacted `aggregates`; there is no second fold that could
be wrong. `ByDefinition` decodes every event and uses `exchange.core.counting.counts.fold`, not the
plan that counts slices: an auditor's independent path.

Rules kept: a record that cannot be counted stops the replay. The error names its offset, never its
value.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Protocol

from consumers.counting.fold_step import FoldStep
from consumers.replay.errors import CannotReplay
from exchange.core.counting.counts import Counts, fold
from exchange.core.counting.generation import GENERATION
from exchange.core.errors import CannotCount
from exchange.core.model.events import Event
from exchange.engine.errors import CannotApply
from exchange.engine.log import Partition, Record
from exchange.wire.codec import decode
from exchange.wire.records import NOTHING, Position, decode_position
from exchange.wire.topics import EVENTS, POSITION_KEY


class Recount(Protocol):
    """Counts the records of one partition of `events`."""

    def take(self, records: Sequence[Record]) -> None:
        """Count records, in order. Raises CannotReplay."""

    def counted(self) -> tuple[Position, dict[bytes, int]]:
        """The position reached, and every cell that is not zero."""


class ByStep:
    """Counts with the step that the fold's lane runs."""

    def __init__(self, partition: int) -> None:
        self._source = Partition(EVENTS, partition)
        self._step = FoldStep(partition)
        self._written: dict[bytes | None, bytes | None] = {}

    def take(self, records: Sequence[Record]) -> None:
        """Count records as one batch of the lane."""
        try:
            self._step.apply({self._source: records})
        except CannotApply as error:
            raise _cannot(self._source.partition, error.offset, error.reason) from None
        except Exception:  # noqa: BLE001 - foreign bytes may raise anything; which record it was is found below
            raise self._culprit(records) from None

    def counted(self) -> tuple[Position, dict[bytes, int]]:
        """The contents of a compacted partition of `aggregates`."""
        for _, pairs in self._step.outcome().outputs:
            self._written.update(pairs)
        last = self._written.get(POSITION_KEY)
        at = decode_position(last) if last else Position(0, 0, GENERATION, 0)
        cells = {key: int(count) for key, count in self._written.items() if key and count and key != POSITION_KEY}
        return at, cells

    def _culprit(self, records: Sequence[Record]) -> CannotReplay:
        for record in records:
            try:
                FoldStep(self._source.partition).apply({self._source: [record]})
            except Exception as error:  # noqa: BLE001 - as above
                return _cannot(self._source.partition, record.offset, _reason(error))
        return _cannot(self._source.partition, records[0].offset, CannotCount.__name__)


class ByDefinition:
    """Counts with decode and increments, event by event."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._counts = Counts()
        self._position = self._events = self._offset = 0
        self._newest = NOTHING

    def take(self, records: Sequence[Record]) -> None:
        """Decode and fold. fold(a + b) = merge(fold a, fold b), so batches add up."""
        try:
            self._counts.add_cells(fold(self._decoded(records)).items())
        except Exception as error:  # noqa: BLE001 - foreign bytes may raise anything; `fold` takes one event at a time
            raise _cannot(self._partition, self._offset, _reason(error)) from None
        self._events += len(records)
        self._position = records[-1].offset + 1
        self._newest = sha256(records[-1].value or b"").digest()

    def counted(self) -> tuple[Position, dict[bytes, int]]:
        """The counts and their digest."""
        return Position(
            self._position, self._counts.digest, GENERATION, self._events, self._newest
        ), self._counts.cells()

    def _decoded(self, records: Sequence[Record]) -> Iterator[tuple[str, Event]]:
        for record in records:
            self._offset = record.offset
            if record.key is None or record.value is None:
                raise CannotCount
            yield record.key.decode("ascii"), decode(record.value)


def _cannot(partition: int, offset: int, reason: str) -> CannotReplay:
    return CannotReplay(f"{EVENTS}-{partition} offset {offset}: {reason}.")


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, CannotApply) else type(error).__name__
