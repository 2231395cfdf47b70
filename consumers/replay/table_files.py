"""Rebuilt tables as files: a CSV or Parquet file for each table, and a manifest.

Columns: `period`, then `state` or `agency`, then each dimension by its name, then `count` (in a
table of sums, the name of the summed field). Rows are sorted by these; a cell without a row is
zero. Every declared table has a file, so that a missing one is noticed.

Rules kept:
- These are exact restricted counts: only the owner may read the directory (0700, files 0600), and
  the manifest says so.
- An earlier export is overwritten only on request. A file that no export wrote is never touched.
- The manifest is written last and removed first, so a directory with a manifest is whole.
"""

import csv
import importlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType
from typing import IO, Final

from consumers.replay.result import ReplayResult
from exchange.core.counting.cells import parse_cell
from exchange.core.counting.tables import TABLES, Table
from exchange.core.errors import ExchangeError
from exchange.core.model.period import period_text

NOTICE: Final = "Exact restricted counts: for operators and auditors only, never to be published or passed on."
KIND: Final = "exchange replay export"
MANIFEST: Final = "manifest.json"
_OURS: Final = re.compile(r"[a-z_]+\.(csv|parquet)")
Row = tuple[str | int, ...]


class Format(StrEnum):
    """The format of the files."""

    CSV = "csv"
    PARQUET = "parquet"


class ExportRefused(ExchangeError):
    """The export cannot be written to this directory."""

    hint = "Name a directory that is new or empty."


class ExportFailed(ExchangeError):
    """The files could not be written."""

    hint = "What was in the directory before may be gone, and there is no manifest: export again."


class ParquetExtraMissing(ExchangeError):
    """Parquet needs the extra `parquet`."""

    hint = 'In the clone run `pip install ".[parquet]"`, or export with --format csv.'


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that was written."""

    directory: Path
    format: Format
    tables: int
    rows: int


def check_destination(directory: Path, format_: Format, *, force: bool) -> None:
    """Raise ExportRefused or ParquetExtraMissing if `export` would; call it before the long work.

    With `force` an earlier export, known by its manifest, is replaced. Any other directory with
    files is refused.
    """
    if format_ is Format.PARQUET:
        _parquet()
    if not directory.exists():
        if not directory.absolute().parent.is_dir():
            raise ExportRefused(f"{directory.absolute().parent} is no directory.")
        return
    if not directory.is_dir():
        raise ExportRefused(f"{directory} is no directory.")
    if not any(directory.iterdir()):
        return
    if _earlier(directory) is None:
        raise ExportRefused(f"{directory} is not empty, and what is in it is no earlier export.")
    if not force:
        raise ExportRefused(f"{directory} holds an earlier export; --force replaces it.")


def export(result: ReplayResult, directory: Path, format_: Format, *, force: bool = False) -> Exported:
    """Write every table of a replay. Raises ExportRefused, ExportFailed, ParquetExtraMissing."""
    check_destination(directory, format_, force=force)
    tables = tables_of(result.counts)
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)
        staged = Path(tempfile.mkdtemp(prefix=".incomplete-", dir=directory))
        try:
            entries = [_write(staged, table, rows, format_) for table, rows in tables]
            with _owners(staged / MANIFEST) as out:
                out.write(json.dumps(_manifest(result, format_, entries), indent=2).encode() + b"\n")
            _install(staged, directory)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise ExportFailed(f"{directory}: {error.strerror or type(error).__name__}.") from None
    return Exported(directory, format_, len(tables), sum(len(rows) for _, rows in tables))


def columns_of(table: Table) -> tuple[str, ...]:
    """The header of a table's file."""
    return ("period", table.scope.value, *(d.name for d in table.dimensions), table.measure or "count")


def tables_of(counts: Mapping[bytes, int]) -> list[tuple[Table, list[Row]]]:
    """Every declared table with its rows, sorted.

    Raises CellUnknown for a cell of no declared table.
    """
    found: dict[str, list[Row]] = {table.name: [] for table in TABLES}
    for cell, count in counts.items():
        at = parse_cell(cell)
        found[at.table.name].append((period_text(at.period), at.place, *at.values, count))
    return [(table, sorted(found[table.name])) for table in TABLES]


def _write(staged: Path, table: Table, rows: Sequence[Row], format_: Format) -> dict[str, object]:
    path = staged / f"{table.name}.{format_}"
    with _owners(path) as out:
        if format_ is Format.CSV:
            _write_csv(out, columns_of(table), rows)
        else:
            _write_parquet(out, columns_of(table), rows)
    return {
        "table": table.name,
        "file": path.name,
        "columns": columns_of(table),
        "rows": len(rows),
        "about": table.about.value,
        "tier": table.tier.value,
        "sha256": sha256(path.read_bytes()).hexdigest(),
    }


def _write_csv(out: IO[bytes], columns: Sequence[str], rows: Iterable[Row]) -> None:
    text = TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    text.detach()


def _write_parquet(out: IO[bytes], columns: Sequence[str], rows: Sequence[Row]) -> None:
    pyarrow, parquet = _parquet()
    *coded, measured = columns
    types = [pyarrow.string()] * len(coded) + [pyarrow.int64()]
    schema = pyarrow.schema(list(zip([*coded, measured], types, strict=True)), metadata={"notice": NOTICE})
    by_column = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pyarrow.array(values, type_) for values, type_ in zip(by_column, types, strict=True)]
    parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), out)


def _parquet() -> tuple[ModuleType, ModuleType]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ParquetExtraMissing from None


def _manifest(result: ReplayResult, format_: Format, entries: Sequence[dict[str, object]]) -> dict[str, object]:
    partitions = [
        {
            "partition": part.partition,
            "cut": part.cut,
            "events": part.replayed.events,
            "digest": f"{part.replayed.digest:064x}",
            "compared": part.compared,
        }
        for part in result.partitions
    ]
    return {
        "kind": KIND,
        "notice": NOTICE,
        "format": format_.value,
        "fingerprint": result.fingerprint,
        "verdict": result.verdict.value,
        "events": result.events,
        "digest": f"{result.digest:064x}",
        "cut": result.cut,
        "partitions": partitions,
        "tables": entries,
    }


def _owners(path: Path) -> IO[bytes]:
    """A new file that only its owner may read, whatever the umask is."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _install(staged: Path, directory: Path) -> None:
    """Replace an earlier export. Its manifest is removed first; the new one is put there last."""
    earlier = _earlier(directory) or []
    (directory / MANIFEST).unlink(missing_ok=True)
    for name in earlier:
        (directory / name).unlink(missing_ok=True)
    for path in sorted(staged.iterdir(), key=lambda path: path.name == MANIFEST):
        path.replace(directory / path.name)


def _earlier(directory: Path) -> list[str] | None:
    """The files of an earlier export; None if the directory holds no export."""
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        if manifest["kind"] != KIND:
            return None
        names = [str(entry["file"]) for entry in manifest["tables"]]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return [name for name in names if _OURS.fullmatch(name)]
