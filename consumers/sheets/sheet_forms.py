"""Sheets as CSV and as columnar files. Equal sheets have equal bytes, with the same pyarrow.

Text files are UTF-8 without an empty cell. Columnar files have null where no number is shown, and
say of each column what it means.
"""

import csv
import io
from typing import TYPE_CHECKING, Final

from consumers.sheets.sheet import Column, Sheet

if TYPE_CHECKING:
    import pyarrow as pa

_BOM: Final = "\ufeff"


def lines_about(sheet: Sheet) -> tuple[str, ...]:
    """What stands above a table for people: its notes, and its month."""
    notes, as_of = sheet.about.get("notes"), sheet.about.get("as_of")
    return tuple(line for line in (notes, as_of and f"As of {as_of}.") if line)


def as_csv(sheet: Sheet, *, excel: bool = False) -> bytes:
    """With a header. `excel`: a byte-order mark, and CRLF in place of LF."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\r\n" if excel else "\n")
    rows.writerow([column.name for column in sheet.columns])
    rows.writerows(zip(*(column.texts for column in sheet.columns), strict=True))
    return ((_BOM if excel else "") + out.getvalue()).encode()


def as_parquet(sheet: Sheet) -> bytes:
    """Compressed with zstd."""
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(_table(sheet), out, compression="zstd")
    return out.getvalue()


def as_arrow(sheet: Sheet) -> bytes:
    """Arrow's file form."""
    import pyarrow as pa

    out = io.BytesIO()
    table = _table(sheet)
    with pa.ipc.new_file(out, table.schema) as file:
        file.write_table(table)
    return out.getvalue()


def _table(sheet: Sheet) -> "pa.Table":
    import pyarrow as pa

    arrays = [_array(column) for column in sheet.columns]
    fields = [
        pa.field(column.name, array.type, metadata={"description": column.says})
        for column, array in zip(sheet.columns, arrays, strict=True)
    ]
    schema = pa.schema(fields, metadata={"title": sheet.title, **sheet.about})
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(column: Column) -> "pa.Array":
    import pyarrow as pa

    if column.numbers is None:
        return pa.array(column.texts, pa.string()).dictionary_encode()
    return pa.array(column.numbers, pa.int64() if column.whole else pa.float64())
