"""The fold step: it reads `events` and writes every table's counts to `aggregates.<generation>`.

That topic is its output and its state. Each transaction writes the cells that changed (a tombstone
for a cell that became zero) and, last, the position record: offset, digest of all counts, code
fingerprint. A live reader of the topic stops only at position records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

from exchange.core.counting.columnar import ColumnPlan
from exchange.core.counting.counts import Counts, Numbers
from exchange.core.counting.generation import GENERATION
from exchange.core.errors import CannotCount, ExchangeError, StateDamaged
from exchange.core.model.events import Event
from exchange.engine.errors import CannotApply
from exchange.engine.lanes.lane import LaneLimits
from exchange.engine.lanes.step import Outcome, PlainStep, Tail
from exchange.engine.log import Pair, Partition, Record
from exchange.wire.event_tails import event_of, tail_of
from exchange.wire.records import NOTHING, Position, decode_position, encode_position
from exchange.wire.topics import EVENTS, POSITION_KEY, aggregates_of

BATCHES_MAX: Final = 4
"""Batches of one transaction while the fold is behind.

200,000 events at once change fewer than half as many cells as four times 50,000.
"""


def limits(given: LaneLimits) -> LaneLimits:
    """The limits of a fold lane, from the limits of any lane."""
    return replace(given, batches_max=BATCHES_MAX)


class CountedOtherEvents(StateDamaged):
    """The counts are of other events than `events` holds. Nothing was counted."""

    hint = (
        "`events` was replaced, or the counts are of another log: restore the one that is wrong. If `events` is right, stop"
        " the workers, delete this topic of counts and run `exchange topics apply`: the worker counts everything again."
    )


class CountsDamaged(StateDamaged):
    """The counts do not have the digest that was written with them. Nothing was counted."""

    hint = (
        "They were cut off, or something else wrote there: `exchange topics rights` shows who may. Stop the workers, delete"
        " this topic of counts and run `exchange topics apply`: the worker counts everything again."
    )


class FoldStep(PlainStep):
    """Counts one partition of `events`. Pure: the lane does all reading and writing."""

    independent = False

    def __init__(self, partition: int) -> None:
        self._source = Partition(EVENTS, partition)
        self._state = Partition(aggregates_of(GENERATION), partition)
        self._counts = Counts()
        self._plan = ColumnPlan(self._counts.slots)
        self._at = Position(0, 0, GENERATION, 0)
        self._restored: dict[bytes, int] = {}
        self._changed: list[Numbers] = []

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take a cell or the position record."""
        try:
            if key == POSITION_KEY:
                self._at = decode_position(value or b"")
            else:
                self._restored[key] = int(value) if value else 0
        except (ValueError, ExchangeError):
            raise self._damaged() from None

    def restored(self) -> None:
        """Check the counts against the digest written with them. Raises CountsDamaged."""
        if self._at.fingerprint != GENERATION:
            raise StateDamaged(f"{self._state.topic} was written by other code ({self._at.fingerprint}).")
        try:
            self._counts.put(self._restored)
            self._counts.check(self._at.digest)
        except ExchangeError:
            raise self._damaged() from None
        self._restored.clear()

    def _damaged(self) -> CountsDamaged:
        return CountsDamaged(f"{self._state.topic}-{self._state.partition} does not have its digest.")

    def vouches_for(self) -> Mapping[Partition, int | None]:
        """The event before its position."""
        return {self._source: self._at.position}

    def compare(self, partition: Partition, tail: Tail) -> None:
        """Refuse to count on from an event that is not the one that was counted last."""
        log = f"{partition.topic}-{partition.partition}"
        counts = f"{self._state.topic}-{self._state.partition}"
        if tail.begin:
            raise CountedOtherEvents(f"{log} begins at offset {tail.begin}: what was before is gone.")
        found = NOTHING if tail.newest is None or tail.newest.value is None else sha256(tail.newest.value).digest()
        if found != self._at.newest:
            raise CountedOtherEvents(f"{counts} was counted up to offset {self._at.position} of another {log}.")

    def positions(self) -> Mapping[Partition, int | None]:
        """The one source. It starts at 0, so that a truncated log is noticed."""
        return {self._source: self._at.position}

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        """Count a batch at once; go record by record only to find one that cannot be counted."""
        records = batch.get(self._source, ())
        if not records:
            return
        try:
            slots, added = self._count(records)
        except ExchangeError:
            raise self._culprit(records) from None
        self._counts.add(slots, added)
        self._changed.append(slots)
        last = records[-1]
        newest = sha256(last.value or b"").digest()
        events = self._at.events + len(records)
        self._at = Position(last.offset + 1, self._counts.digest, GENERATION, events, newest)

    def outcome(self) -> Outcome:
        """The changed cells with their counts, and the position."""
        if not self._changed:
            return Outcome([])
        changed = self._counts.at(self._changed)
        self._changed.clear()
        pairs: list[Pair] = [(cell, b"%d" % count if count else None) for cell, count in changed]
        pairs.append((POSITION_KEY, encode_position(self._at)))
        return Outcome([(self._state, pairs)])

    def _count(self, records: Sequence[Record]) -> tuple[Numbers, Numbers]:
        keys = [record.key for record in records]
        values = [record.value for record in records]
        if None in keys or None in values:
            raise CannotCount
        return self._plan.count(keys, values, _event)  # type: ignore[arg-type]  # no None is left

    def _culprit(self, records: Sequence[Record]) -> CannotApply:
        for record in records:
            try:
                self._count([record])
            except ExchangeError as error:
                return CannotApply(self._source, record.offset, type(error).__name__)
        return CannotApply(self._source, records[0].offset, CannotCount.__name__)


def _event(value: bytes) -> Event:
    """An event that is no row of slices, by its layout: its place in the chain does not count."""
    return event_of(tail_of(value))
