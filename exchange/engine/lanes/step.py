"""A step: the pure, synchronous part of a lane. It is all that `gate` and `fold` implement.

A step holds its state in memory and nowhere else. The lane calls `restore` for every record of the
state partition, then `restored`, then `apply` for batch after batch, and `outcome` after one or
more of them. An outcome is written in one transaction, and the next is asked for only after that
one is committed. After any failure the lane drops the step and makes a new one. So a step never
undoes anything, and needs no locks.

This rule makes it exactly once: the next offset of every source is part of the state, and an
outcome holds it together with the outputs. A position is stored nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from exchange.core.errors import StateDamaged
from exchange.engine.defects import defects_as
from exchange.engine.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from exchange.engine.log import Pair, Partition, Record


@dataclass(frozen=True, slots=True)
class Outcome:
    """The records that follow from the batches since the last outcome, in the order of writing.

    A partition may be listed more than once. The state partition's records end with the position
    record, so that a reader of the state which stops at one sees whole transactions only.
    """

    outputs: Sequence[tuple[Partition, Sequence[Pair]]]


@dataclass(slots=True)
class Applied:
    """The batches that the next outcome is for."""

    batches: int = 0
    records: int = 0
    positions: dict[Partition, int] = field(default_factory=dict)

    def take(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        """Count a batch."""
        self.batches += 1
        self.records += sum(map(len, batch.values()))
        self.positions.update({source: records[-1].offset + 1 for source, records in batch.items()})


class Step(Protocol):
    """Pure: no I/O, no clock, no randomness.

    `apply` should stay under 50 ms of CPU for `LaneLimits.records_max`.
    """

    independent: bool
    """Whether no source waits for another: a missing one is left out, and one whose position is
    outside its log is read again from its beginning. Only for a step that recognises records it
    read before."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state partition, in offset order; None is a tombstone.

        A later record of the same key replaces an earlier one.
        """

    def restored(self) -> None:
        """All state was handed over. Raises `StateDamaged` when its digest differs."""

    @property
    def busy(self) -> bool:
        """Whether work is left that needs no new batch: `apply` with an empty one goes on with it.

        The lane then reads without waiting.
        """

    @property
    def full(self) -> bool:
        """Whether so much is left that nothing should be read before the next `apply`.

        Only where `busy`.
        """

    @property
    def whole(self) -> bool:
        """Whether an outcome now parts nothing that belongs in one transaction.

        False only where `busy`, and after some `apply` no more.
        """

    def seeks(self) -> Mapping[Partition, int]:
        """Sources to read on from another offset, each given once. Asked after each `apply`."""

    def positions(self) -> Mapping[Partition, int | None]:
        """The sources wanted now, each with the next offset to read.

        None: never read; start where the log begins. A number must be inside the log, or the lane
        refuses to start. So a step whose source is kept for ever gives 0, not None, and a truncated
        log is noticed. May gain or lose sources at any `apply`. Cheap: it is called after each
        batch.
        """

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        """Change the memory. Raises `CannotApply` to stop the lane at a record."""

    def outcome(self) -> Outcome:
        """The records to write for all batches since the last call, positions among them."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a partition, or the end of a part of it.

    `begin`: the first offset that still exists. `newest`: the last committed record, if any.
    """

    begin: int
    newest: Record | None


@runtime_checkable
class Vouching(Protocol):
    """A step whose state names the newest record of partitions that it reads or writes.

    The lane shows it that record at each start, before anything is read or written. So a state that
    was lost or put back from an older copy does no work twice, and a log that was cut off or
    replaced is noticed.
    """

    def vouches_for(self) -> Mapping[Partition, int | None]:
        """The partitions, each with the offset before which the named record is; None: its end."""

    def compare(self, partition: Partition, tail: Tail) -> None:
        """Compare the state with one of them. Raises a `StateDamaged` that names what is wrong."""


class PlainStep:
    """What a step is that does all its work on a batch at once and reads each source once."""

    busy = full = False
    whole = True

    def seeks(self) -> Mapping[Partition, int]:
        """None."""
        return {}


def defects_named(lane: str) -> AbstractContextManager[None]:
    """Raise a defect of a step as `StepFailed`, by its type and place."""
    return defects_as(StepFailed, f"Lane {lane}")


def hand_over(lane: str, step: Step, records: Sequence[Record]) -> int:
    """Give a step records of its state; returns how many."""
    restore = step.restore
    with defects_named(lane):
        for record in records:
            if record.key is None:
                raise StateDamaged(f"The state of {lane} holds a record without a key.")
            restore(record.key, record.value)
    return len(records)
