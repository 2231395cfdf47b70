"""A step: the pure, synchronous part of a lane. What `gate` and `fold` implement, and all they need to know.

A step holds its state in memory and nowhere else. The lane calls `restore` for every record of the state partition,
then `restored`, then `apply` for batch after batch, and `outcome` after one or more of them. An outcome is written in one
transaction, and the next is asked for only after that one is committed; after any failure the lane drops the step and
makes a new one. So a step never undoes anything, and needs no locks.

The rule that makes it exactly once: the next offset of every source is part of the state, and an outcome holds it
together with the outputs. A position never lives anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from exchange.core.errors import StateDamaged
from exchange.engine.defects import defects_as
from exchange.engine.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from exchange.engine.log import Pair, Partition, Record


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the batches since the last outcome lead to: records per partition, in the order they shall be written.

    A partition may stand here more than once. The state partition's records end with the position record, so that a
    reader of the state which stops at one sees whole transactions only.
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
    """Pure: no I/O, no clock, no randomness. `apply` should stay under 50 ms of CPU for `LaneLimits.records_max`."""

    independent: bool
    """Whether each source stands for itself: one that is missing is left out, one whose position left its log is read
    again from its beginning. Only for a step that knows by itself what it has read before."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state partition, in offset order; None is a tombstone.

        A later one of the same key replaces an earlier one.
        """

    def restored(self) -> None:
        """All state has been handed over. Raises `StateDamaged` when its digest says otherwise."""

    def positions(self) -> Mapping[Partition, int | None]:
        """The sources wanted now, each with the next offset as the state has it.

        None: never read, start wherever the log begins. A number must be inside the log, or the lane refuses to start;
        so a step whose source is kept for ever gives 0, not None, and a truncated log is noticed. May gain or lose
        sources at any `apply`; cheap, as it is asked after every batch.
        """

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        """Change the memory. Raises `CannotApply` to stop the lane at a record."""

    def outcome(self) -> Outcome:
        """What is to be written for everything applied since the last time; positions among it."""


def defects_named(lane: str) -> AbstractContextManager[None]:
    """Raise a defect of a step as `StepFailed`, by its type and place."""
    return defects_as(StepFailed, f"Lane {lane}")


def hand_over(lane: str, step: Step, records: Sequence[Record]) -> int:
    """Give records of its state to a step; how many."""
    restore = step.restore
    with defects_named(lane):
        for record in records:
            if record.key is None:
                raise StateDamaged(f"The state of {lane} holds a record without a key.")
            restore(record.key, record.value)
    return len(records)
