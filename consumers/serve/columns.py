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

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Final, Generic, NamedTuple, TypeVar

import pyarrow as pa

from exchange.core.metrics.figures import Dimensions
from exchange.core.metrics.query import codes_of
from exchange.core.metrics.table import METRICS
from exchange.wire.point_rows import PointRow

T = TypeVar("T", bound=Hashable)
Series = tuple[str, Dimensions]
"""(metric, its dimensions with their codes)."""
Origins = tuple[tuple[str, str], ...]
"""(table, epoch in words) of each release that a point was computed from."""
_METRIC_ORDER: Final = {metric.name: number for number, metric in enumerate(METRICS)}
_ARRIVALS: Final = 0
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


@dataclass(slots=True)
class Dictionaries:
    """All names that columns have codes for. They only grow."""

    series: Dictionary[Series] = field(default_factory=Dictionary)
    units: Dictionary[str] = field(default_factory=Dictionary)
    origins: Dictionary[Origins] = field(default_factory=Dictionary)

    def row(self, point: PointRow, offset: int) -> PointCodes:
        """A point in codes."""
        return PointCodes(
            self.series.of((point.metric, point.dimensions)),
            point.period or _ARRIVALS,
            *point.numbers,
            point.decimals,
            self.units.of(point.unit),
            WITHHELD * point.withheld | USABLE * point.usable,
            self.origins.of(point.computed_from),
            offset,
        )

    def metric_of(self, row: PointCodes) -> str:
        """The metric of a row."""
        return self.series.values[row.series][0]


@cache
def _places_of_codes(dimension: str) -> Mapping[str, int]:
    """The place of each code of a dimension in its list."""
    return {code: number for number, code in enumerate(codes_of(dimension))}


@cache
def _order(series: Series) -> tuple[int, str, tuple[tuple[str, int, str], ...]]:
    """What series are sorted by. A name that this version does not know comes last."""
    metric, dimensions = series
    known = ((name, _places_of_codes(name).get(code, len(_places_of_codes(name))), code) for name, code in dimensions)
    return _METRIC_ORDER.get(metric, len(METRICS)), metric, tuple(known)


class EpochColumns:
    """All points of one epoch, sealed."""

    def __init__(self, batch: pa.RecordBatch, parts: Mapping[str, slice]) -> None:
        self.batch = batch
        self.parts = parts
        """Metric → its rows."""

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def rows(self, metric: str) -> Iterator[PointCodes]:
        """The rows of a metric, in order."""
        part = self.parts.get(metric)
        if part is not None:
            held = self.batch.slice(part.start, part.stop - part.start)
            yield from map(PointCodes, *(column.to_pylist() for column in held.columns))

    def all_rows(self) -> Iterator[PointCodes]:
        """Every row, in order."""
        yield from map(PointCodes, *(column.to_pylist() for column in self.batch.columns))


class Filling:
    """The points of an epoch while they come."""

    def __init__(self, sealed: EpochColumns | None = None) -> None:
        self._rows = {(row.series, row.period): row for row in sealed.all_rows()} if sealed else {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[PointCodes]:
        return iter(self._rows.values())

    def add(self, row: PointCodes) -> None:
        """Take a point; it replaces an earlier one."""
        self._rows[row.series, row.period] = row

    def sealed(self, names: Dictionaries) -> EpochColumns:
        """What came so far, in order."""
        series = names.series.values

        def order(row: PointCodes) -> tuple[object, ...]:
            metric, name, dimensions = _order(series[row.series])
            return metric, name, row.period, dimensions

        return columns_of(sorted(self._rows.values(), key=order), names)


def columns_of(rows: list[PointCodes], names: Dictionaries) -> EpochColumns:
    """Sorted rows as columns."""
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, SCHEMA, strict=True)]
    return EpochColumns(pa.record_batch(arrays, schema=SCHEMA), parts_of(rows, names))


def parts_of(rows: list[PointCodes], names: Dictionaries) -> Mapping[str, slice]:
    """Metric → its rows, of sorted rows."""
    found, start = {}, 0
    for metric, some in groupby(rows, names.metric_of):
        stop = start + sum(1 for _ in some)
        found[metric], start = slice(start, stop), stop
    return found
