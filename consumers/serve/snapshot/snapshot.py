"""The snapshot: every point of `metrics` up to a position, and which epochs are whole.

Rules kept:
- An epoch is seen by readers once all of it is there, never in part: a page never shows half a
  month. It is whole when `metrics` goes on to another epoch, or when it has every figure that its
  releases bring (`exchange.core.metrics`), or when no more has come for a while.
- An epoch is *settled* when a later one is whole, or when it has every figure. Until then a late
  point may still be added, and nobody may keep its pages for ever.
- `Picture` is a value: it never changes, and a reader that holds one sees one state.
- What cannot be read is counted, never guessed.

A *run* is a stretch of the topic with points of one epoch: what one event of the stream is about.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType

from consumers.metrics.subscribe import mark_of
from consumers.serve.snapshot.columns import Dictionaries, EpochColumns, Filling
from exchange.engine.log import Record
from exchange.wire.message import MessageUnreadable
from exchange.wire.point_rows import PointRows


@dataclass(frozen=True, slots=True)
class PointRun:
    """Points of one epoch that came together: offsets of the first and the last one."""

    epoch: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What readers see.

    `position`: offset behind the last run. `mark`: of the record before it. `settled`: epochs that
    nothing is added to any more.
    """

    names: Dictionaries = field(default_factory=Dictionaries)
    epochs: Mapping[int, EpochColumns] = field(default_factory=lambda: MappingProxyType({}))
    runs: tuple[PointRun, ...] = ()
    settled: frozenset[int] = frozenset()
    position: int = 0
    mark: str = ""

    @property
    def newest(self) -> int | None:
        """The newest whole epoch."""
        return max(self.epochs, default=None)

    def runs_behind(self, place: int) -> Iterator[PointRun]:
        """The runs with points behind an offset, in their order."""
        first = bisect_right(self.runs, place, key=lambda run: run.last)
        return islice(self.runs, first, None)

    def until(self, epoch: int) -> tuple[int, ...]:
        """Its epochs up to this one, in order."""
        return tuple(sorted(one for one in self.epochs if one <= epoch))


class PointSnapshot:
    """Takes the records of `metrics` in their order."""

    def __init__(self, picture: Picture | None = None) -> None:
        self._begin(picture or Picture())

    def _begin(self, picture: Picture) -> None:
        self.picture = picture
        self.position = self.picture.position
        """The next offset to be read."""
        self.unreadable = 0
        self.unknown = 0
        """Points of metrics that this version does not know: kept, and not shown."""
        self._open: PointRun | None = None
        self._newest = 0
        """The offset of the open run's newest point."""
        self._filling = Filling()
        self._last: Record | None = None
        names = self.picture.names
        self._rows = PointRows(names.series_of, names.marks_of)

    @property
    def mark(self) -> str:
        """Of the record before the position; empty: nothing was read."""
        return mark_of(self._last) if self._last else self.picture.mark

    @property
    def arriving(self) -> int | None:
        """The epoch whose points are coming now."""
        return self._open.epoch if self._open else None

    @property
    def arrived(self) -> int:
        """How many figures the arriving epoch has, of metrics that this version knows."""
        return self._filling.of_known(self.picture.names.known)

    def forget(self) -> None:
        """Begin again, with nothing."""
        self._begin(Picture())

    def take(self, records: Iterable[Record]) -> None:
        """Take records. Points of another epoch than before end the run."""
        known = self.picture.names.known
        for record in records:
            self.position = record.offset + 1
            if record.value is None:
                continue
            try:
                row = self._rows.row(record.value)
            except MessageUnreadable:
                self.unreadable += 1
                continue
            if self._open is None or self._open.epoch != row.epoch:
                self._begin_run(row.epoch, record.offset)
            self._last, self._newest = record, record.offset
            self.unknown += not known[row.series]
            self._filling.add(row, record.offset)

    def _begin_run(self, epoch: int, offset: int) -> None:
        self.end_run()
        self._open = PointRun(epoch, offset, offset)
        self._filling = Filling(self.picture.epochs.get(epoch))

    def end_run(self, *, every_figure: bool = False) -> bool:
        """Show what has come of the arriving epoch; whether there was anything.

        `every_figure`: it has all that its releases bring.
        """
        if self._open is None:
            return False
        run, before = replace(self._open, last=self._newest), self.picture
        epochs = {**before.epochs, run.epoch: self._filling.sealed(before.names)}
        settled = {one for one in epochs if one < max(epochs)} | ({run.epoch} if every_figure else set())
        self.picture = replace(
            before,
            epochs=MappingProxyType(epochs),
            runs=(*before.runs, run),
            settled=before.settled | settled,
            position=run.last + 1,
            mark=self.mark,
        )
        self._open, self._filling = None, Filling()
        return True
