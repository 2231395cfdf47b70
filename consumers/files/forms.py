"""Tables as CSV and Parquet. Equal tables have equal bytes, with the same version of pyarrow."""

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from consumers.files.tables import FileColumn, FileTable

if TYPE_CHECKING:
    import pyarrow as pa


def as_csv(table: FileTable) -> bytes:
    """UTF-8, LF, a header, and no empty cell."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow([column.name for column in table.columns])
    rows.writerows(zip(*(column.texts for column in table.columns), strict=True))
    return out.getvalue().encode()


def as_parquet(table: FileTable, about: Mapping[str, str]) -> bytes:
    """zstd; numbers are numbers, and null where they are not shown. `about`: of the whole file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [_array(column) for column in table.columns]
    fields = [
        pa.field(column.name, array.type, metadata={"description": column.says})
        for column, array in zip(table.columns, arrays, strict=True)
    ]
    schema = pa.schema(fields, metadata={"title": table.title, **about})
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), out, compression="zstd")
    return out.getvalue()


def _array(column: FileColumn) -> "pa.Array":
    import pyarrow as pa

    if column.numbers is None:
        return pa.array(column.texts, pa.string())
    return pa.array(column.numbers, pa.int64() if column.whole else pa.float64())
