"""Laws of exports: files hold exact counts, only owners read them, no other file is replaced."""

import csv
import json
import os
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from consumers.replay import PartitionReplay, ReplayResult, replay
from consumers.replay.table_files import (
    MANIFEST,
    NOTICE,
    ExportFailed,
    ExportRefused,
    Format,
    ParquetExtraMissing,
    check_destination,
    columns_of,
    export,
    tables_of,
)
from exchange.core.counting.cells import cell_bytes
from exchange.core.counting.counts import Counts, merge
from exchange.core.counting.generation import GENERATION
from exchange.core.counting.tables import BY_NAME, TABLES
from exchange.core.errors import CellUnknown
from exchange.core.model.period import parse_period
from exchange.wire.records import Position
from tests.unit.replay.replay_world import Seeded


@pytest.fixture
async def result() -> ReplayResult:
    return await replay(Seeded(1, 2), processes=0)


def of(cells: dict[bytes, int]) -> ReplayResult:
    counts = Counts()
    counts.add_cells(cells.items())
    at = Position(9, counts.digest, GENERATION, 9)
    return ReplayResult((PartitionReplay(0, 9, 9, True, None, at, at, cells, ()),), cells, GENERATION)


def read_csv(directory: Path, result: ReplayResult) -> dict[bytes, int]:
    cells: dict[bytes, int] = {}
    for table in TABLES:
        with (directory / f"{table.name}.csv").open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == columns_of(table)
        for period, place, *values, count in rows:
            cells[cell_bytes(table, parse_period(period), place, tuple(values))] = int(count)
    return cells


def read_parquet(directory: Path) -> dict[bytes, int]:
    from pyarrow import parquet

    cells: dict[bytes, int] = {}
    for table in TABLES:
        file = parquet.read_table(directory / f"{table.name}.parquet")
        assert tuple(file.column_names) == columns_of(table)
        assert file.schema.metadata[b"notice"].decode() == NOTICE
        for row in file.to_pylist():
            period, place, *values, count = row.values()
            assert isinstance(count, int)
            cells[cell_bytes(table, parse_period(period), place, tuple(values))] = count
    return cells


def test_csv_holds_every_cell_and_no_other(result: ReplayResult, tmp_path: Path) -> None:
    written = export(result, tmp_path / "out", Format.CSV)
    assert read_csv(tmp_path / "out", result) == dict(result.counts)
    assert (written.tables, written.rows) == (len(TABLES), len(result.counts))
    assert {p.name for p in (tmp_path / "out").iterdir()} == {MANIFEST, *(f"{t.name}.csv" for t in TABLES)}


def test_parquet_holds_every_cell_and_no_other(result: ReplayResult, tmp_path: Path) -> None:
    export(result, tmp_path / "out", Format.PARQUET)
    assert read_parquet(tmp_path / "out") == dict(result.counts)


@pytest.mark.parametrize("format_", list(Format))
def test_the_same_counts_give_the_same_bytes(result: ReplayResult, tmp_path: Path, format_: Format) -> None:
    export(result, tmp_path / "one", format_)
    export(result, tmp_path / "two", format_)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_rows_are_sorted_and_columns_named_by_place_dimensions_and_measure(tmp_path: Path) -> None:
    counts = {
        b"dollars_by_funding_source|2026Q1|us|ovc": 4_294_967_295 * 3,
        b"state_cases|2026Q2|ny": 3,
        b"state_cases|2026Q1|tx": 4,
        b"state_cases|2026|ca": 5,
        b"state_cases|2026Q1|ak": 6,
    }
    export(of(counts), tmp_path / "out", Format.CSV)
    lines = {name: (tmp_path / "out" / f"{name}.csv").read_text().splitlines() for name in BY_NAME}
    assert lines["dollars_by_funding_source"] == ["period,nation,funding_source,dollars", "2026Q1,us,ovc,12884901885"]
    assert lines["heartbeats_by_agency"][0] == "period,agency,scheduled,count"
    assert lines["health_by_condition_and_age_group"][0] == "period,state,health_condition,age_group,count"
    assert lines["state_cases"] == ["period,state,count", "2026,ca,5", "2026Q1,ak,6", "2026Q1,tx,4", "2026Q2,ny,3"]
    assert lines["cases_by_gender"] == ["period,nation,gender,count"]


def test_every_declared_table_has_its_rows_and_a_foreign_cell_is_refused() -> None:
    assert [table for table, _ in tables_of({})] == list(TABLES)
    with pytest.raises(CellUnknown):
        tables_of({b"no_such_table|2026Q1|ny": 1})


def test_the_manifest_has_its_notice_and_the_digests(result: ReplayResult, tmp_path: Path) -> None:
    export(result, tmp_path / "out", Format.CSV)
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    assert manifest["notice"] == NOTICE
    assert "never to be published" in NOTICE
    assert (manifest["verdict"], manifest["events"], manifest["fingerprint"]) == ("match", result.events, GENERATION)
    assert manifest["cut"] == {str(p): offset for p, offset in result.cut.items()}
    counts = Counts()
    counts.add_cells(result.counts.items())
    assert int(manifest["digest"], 16) == counts.digest
    for part, said in zip(result.partitions, manifest["partitions"], strict=True):
        assert int(said["digest"], 16) == part.replayed.digest
    for entry in manifest["tables"]:
        assert sha256((tmp_path / "out" / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert entry["columns"] == list(columns_of(BY_NAME[entry["table"]]))
    assert sum(entry["rows"] for entry in manifest["tables"]) == len(merge(result.counts.items()))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("format_", list(Format))
@pytest.mark.parametrize("there", [False, True])
def test_nobody_but_the_owner_can_read_an_export(
    result: ReplayResult, tmp_path: Path, format_: Format, there: bool
) -> None:
    out = tmp_path / "out"
    with umask(0):
        if there:
            out.mkdir(mode=0o777)
        export(result, out, format_)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}


def test_an_earlier_export_is_replaced_only_when_forced_and_strangers_are_left_alone(
    result: ReplayResult, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export(result, out, Format.CSV)
    before = (out / MANIFEST).read_bytes()
    with pytest.raises(ExportRefused, match="--force"):
        export(of({}), out, Format.PARQUET)
    assert (out / MANIFEST).read_bytes() == before
    (out / "notes.txt").write_text("mine")
    export(of({}), out, Format.PARQUET, force=True)
    assert {p.name for p in out.iterdir()} == {MANIFEST, "notes.txt", *(f"{t.name}.parquet" for t in TABLES)}
    assert json.loads((out / MANIFEST).read_bytes())["events"] == 9


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("manifest", [None, b"{}", b"nonsense", b'{"kind": "exchange replay export"}'])
def test_a_directory_of_somebody_else_is_never_written_to(tmp_path: Path, force: bool, manifest: bytes | None) -> None:
    (tmp_path / "cases.csv").write_text("mine")
    if manifest is not None:
        (tmp_path / MANIFEST).write_bytes(manifest)
    with pytest.raises(ExportRefused):
        export(of({}), tmp_path, Format.CSV, force=force)
    assert (tmp_path / "cases.csv").read_text() == "mine"


def test_a_forged_manifest_makes_it_delete_nothing_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    out = tmp_path / "out"
    export(of({}), out, Format.CSV)
    manifest = json.loads((out / MANIFEST).read_bytes())
    manifest["tables"][0]["file"] = "../mine.csv"
    (out / MANIFEST).write_text(json.dumps(manifest))
    export(of({}), out, Format.CSV, force=True)
    assert (tmp_path / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize("where", ["file", "no/such/parent"])
def test_where_no_directory_can_be_is_refused_before_the_work(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportRefused):
        check_destination(tmp_path / where, Format.CSV, force=True)


def test_a_full_disk_leaves_the_earlier_export_and_no_pieces(result: ReplayResult, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(result, out, Format.CSV)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        with pytest.raises(ExportFailed, match="File too large"):
            export(result, out, Format.CSV, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_without_pyarrow_the_extra_is_named_before_the_work(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetExtraMissing, match=r"\[parquet\]"):
        check_destination(tmp_path / "out", Format.PARQUET, force=False)
    check_destination(tmp_path / "out", Format.CSV, force=False)
