"""Points in columns: the memory of `exchange serve`, some 60 bytes a point.

Rules kept:
- No object is kept for a point. Names are kept once, in dictionaries that only grow; a column
  holds their codes. Value and interval are whole numbers of so many decimals, so that the digits
  that were published can be written again.
- `EpochColumns` holds all points of one epoch and never changes. Its rows are sorted by metric,
  then period, then dimensions in the order of the code lists: by content alone, so the order is the
  same after a restart, and whatever order the topic has.
- A point with the same metric, dimensions and period as an earlier one of its epoch replaces it.

Not safe for several threads at a time; what is sealed may be read by any.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Final, Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from consumers.sheets.figure_columns import order_of_dimensions, order_of_metric
from exchange.core.metrics.figures import Dimensions
from exchange.core.metrics.table import BY_METRIC
from exchange.wire.point_rows import Origins, PointMarks, PointRow

T = TypeVar("T", bound=Hashable)
Numbers = np.ndarray[tuple[int], np.dtype[np.int32]]
Series = tuple[str, Dimensions]
"""(metric, its dimensions with their codes)."""
ARRIVALS_CODE: Final = 0
"""In place of a period: the arrivals of the epoch's month. No period is 0."""
WITHHELD, USABLE = 1, 2
SCHEMA: Final = pa.schema(
    [
        ("series", pa.int32()),
        ("period", pa.int32()),
        ("value", pa.int64()),
        ("low", pa.int64()),
        ("high", pa.int64()),
        ("decimals", pa.int8()),
        ("unit", pa.int32()),
        ("flags", pa.int8()),
        ("origins", pa.int32()),
        ("offset", pa.int64()),
    ]
)


class PointCodes(NamedTuple):
    """One row of an epoch, in codes; see `SCHEMA`."""

    series: int
    period: int
    value: int | None
    low: int | None
    high: int | None
    decimals: int
    unit: int
    flags: int
    origins: int
    offset: int


class Dictionary(Generic[T]):
    """A dictionary: values in the order of first sight, each with its number."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[T, int] = {}

    def of(self, value: T) -> int:
        """The number of a value; a new one for a new value."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number


@dataclass(frozen=True, slots=True)
class SeriesRanks:
    """What rows are sorted by, at the number of each series.

    `metrics`, `dimensions`: their places, int32. `names`: the metric of each place.
    """

    metrics: Numbers
    dimensions: Numbers
    names: tuple[str, ...]


class Dictionaries:
    """All names that columns have codes for. They only grow."""

    def __init__(self) -> None:
        self.series: Dictionary[Series] = Dictionary()
        self.units: Dictionary[str] = Dictionary()
        self.origins: Dictionary[Origins] = Dictionary()
        self.known: list[bool] = []
        """At the number of each series: whether this version knows its metric."""
        self._of_metric: dict[str, list[int]] = {}
        self._releases: dict[tuple[str, str], tuple[str, str]] = {}
        self._ranks: SeriesRanks | None = None

    def series_of(self, metric: str, dimensions: Dimensions) -> int:
        """The number of a series."""
        named = tuple((intern(name), intern(code)) for name, code in dimensions)
        number = self.series.of((intern(metric), named))
        if number == len(self.known):
            self.known.append(metric in BY_METRIC)
            self._of_metric.setdefault(metric, []).append(number)
            self._ranks = None
        return number

    def numbers_of(self, metric: str, where: frozenset[tuple[str, str]]) -> list[int]:
        """The numbers of the series of a metric that have exactly these dimensions."""
        numbers, values = self._of_metric.get(metric, ()), self.series.values
        return [number for number in numbers if frozenset(values[number][1]) == where]

    def marks_of(self, marks: PointMarks) -> tuple[int, int, int]:
        """Unit, flags and origins of a point, in codes."""
        origins = tuple(self._releases.setdefault(one, one) for one in marks.computed_from)
        flags = WITHHELD * marks.withheld | USABLE * marks.usable
        return self.units.of(marks.unit), flags, self.origins.of(origins)

    @property
    def ranks(self) -> SeriesRanks:
        """By metric in the order of their table, and by dimensions in the order of their lists."""
        if self._ranks is None:
            keys = [(order_of_metric(one), order_of_dimensions(held)) for one, held in self.series.values]
            metrics, dimensions = sorted({key[0] for key in keys}), sorted({key[1] for key in keys})
            places = ({key: place for place, key in enumerate(some)} for some in (metrics, dimensions))
            by_metric, by_dimensions = places
            self._ranks = SeriesRanks(
                np.array([by_metric[key[0]] for key in keys], np.int32),
                np.array([by_dimensions[key[1]] for key in keys], np.int32),
                tuple(name for _, name in metrics),
            )
        return self._ranks


class EpochColumns:
    """All points of one epoch, sealed."""

    def __init__(self, batch: pa.RecordBatch, parts: Mapping[str, slice]) -> None:
        self.batch = batch
        self.parts = parts
        """Metric → its rows."""
        self._spans = self._found_spans()

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def _found_spans(self) -> Mapping[str, Mapping[int, slice]]:
        """Metric → period → its rows, which are sorted by both. Pages look them up here."""
        periods = self._column("period", slice(0, len(self)))
        cuts = np.flatnonzero(np.diff(periods)) + 1
        found: dict[str, dict[int, slice]] = {}
        for metric, part in self.parts.items():
            first, behind = np.searchsorted(cuts, (part.start, part.stop), "right").tolist()
            ends = [one for one in cuts[first:behind].tolist() if one < part.stop]
            starts = [part.start, *ends]
            whole = periods[starts].tolist() if part.stop > part.start else []
            found[metric] = {
                period: slice(start, stop)
                for period, start, stop in zip(whole, starts, [*ends, part.stop], strict=False)
            }
        return found

    def periods(self, metric: str) -> tuple[int, ...]:
        """The periods of a metric's rows, in order; `ARRIVALS_CODE` for arrivals."""
        return tuple(self._spans.get(metric, ()))

    def rows(self, metric: str, *, period: int | None = None, series: int | None = None) -> Iterator[PointCodes]:
        """The rows of a metric, in order; only those of a period, or of a series."""
        none = slice(0, 0)
        part = self.parts.get(metric, none) if period is None else self._spans.get(metric, {}).get(period, none)
        if series is None:
            yield from self._rows(part)
        else:
            for at in np.flatnonzero(self._column("series", part) == series).tolist():
                yield from self._rows(slice(part.start + at, part.start + at + 1))

    def _column(self, name: str, part: slice) -> Numbers:
        """A column of int32 without nulls, from its buffer: pyarrow's own way imports pandas."""
        held = self.batch[name]
        whole = np.frombuffer(held.buffers()[1], np.int32, held.offset + len(held))
        return whole[held.offset + part.start : held.offset + part.stop]

    def _rows(self, part: slice) -> Iterator[PointCodes]:
        held = self.batch.slice(part.start, part.stop - part.start)
        yield from map(PointCodes, *(column.to_pylist() for column in held.columns))

    def all_rows(self) -> Iterator[PointCodes]:
        """Every row, in order."""
        yield from map(PointCodes, *(column.to_pylist() for column in self.batch.columns))


class Filling:
    """The points of an epoch while they come."""

    def __init__(self, sealed: EpochColumns | None = None) -> None:
        self._rows: dict[tuple[int, int], tuple[int | None, ...]] = {}
        if sealed is not None:
            self._rows = {(row.series, row.period): tuple(row) for row in sealed.all_rows()}

    def __len__(self) -> int:
        return len(self._rows)

    def of_known(self, known: Sequence[bool]) -> int:
        """How many rows are of series that `known` says yes to, by their numbers."""
        return sum(known[series] for series, _ in self._rows)

    def add(self, row: PointRow[int, tuple[int, int, int]], offset: int) -> None:
        """Take a point; it replaces an earlier one."""
        series, period, _, value, low, high, decimals, marks = row
        when = period or ARRIVALS_CODE
        self._rows[series, when] = (series, when, value, low, high, decimals, *marks, offset)

    def sealed(self, names: Dictionaries) -> EpochColumns:
        """What came so far, in order."""
        ranks, rows = names.ranks, list(self._rows.values())
        series = np.array([row[0] for row in rows], np.int32)
        period = np.array([row[1] for row in rows], np.int32)
        metric = ranks.metrics[series]
        order = np.lexsort((ranks.dimensions[series], period, metric))
        columns = zip(*(rows[at] for at in order.tolist()), strict=True) if rows else [()] * len(SCHEMA)
        arrays = [pa.array(column, kind.type) for column, kind in zip(columns, SCHEMA, strict=True)]
        return EpochColumns(pa.record_batch(arrays, schema=SCHEMA), _parts(metric[order], ranks.names))


def _parts(places: Numbers, names: Sequence[str]) -> Mapping[str, slice]:
    """Metric → its rows, of the place of each row's metric, in order."""
    found, starts = np.unique(places, return_index=True)
    ends = [*starts.tolist()[1:], len(places)]
    return {
        names[place]: slice(start, end) for place, start, end in zip(found.tolist(), starts.tolist(), ends, strict=True)
    }
