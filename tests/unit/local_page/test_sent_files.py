"""A file comes straight into one private file, and nothing of it stays."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exchange.cli.agency.local_page import chosen_file
from exchange.cli.agency.local_page.chosen_file import FileStalled, FileTooLarge, received_file
from exchange.cli.agency.local_page.private_place import LOCK, PrivatePlace
from tests.kits.own_page import OwnPage

SHEET = b"Case,Quarter,Service needed\nC-1,2026Q1,Food\n"
KILLED = """
import os, sys
from pathlib import Path
from exchange.cli.agency.local_page.private_place import PrivatePlace
with PrivatePlace(Path(sys.argv[1])) as place:
    (place.folder / "records.csv").write_bytes(b"Jane")
    print(place.folder, flush=True)
    os.kill(os.getpid(), 9)
"""


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def some(*chunks: bytes, stall: bool = False) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if stall:
        await asyncio.sleep(60)


async def test_a_file_is_kept_for_its_owner_alone_and_by_its_kind_alone(page: OwnPage) -> None:
    assert (await page.put("Jane%20Planted.CSV", SHEET)).status_code == 204
    assert page.kept() == ["records.csv"]
    (path,) = (page.folder / "place").rglob("*.csv")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == SHEET
    assert "Planted" not in (await page.get("file")).text
    await page.post("forget")
    assert page.kept() == []


async def test_another_file_takes_its_place(page: OwnPage) -> None:
    await page.put("a.csv", SHEET)
    await page.put("b.jsonl", b"{}\n")
    assert page.kept() == ["records.jsonl"]
    own = page.folder / "own.csv"
    own.write_bytes(SHEET)
    await page.post("file", path=str(own))
    assert page.kept() == []
    await page.post("forget")
    assert own.exists()


@pytest.mark.parametrize("name", ["", "x", "x.exe", "..", "../../x", "%2e%2e%2fx.sh", "x.zip.exe", "\x01"])
async def test_another_kind_of_file_is_refused(page: OwnPage, name: str) -> None:
    assert (await page.put(name, SHEET)).status_code == 400
    assert page.kept() == []


@pytest.mark.parametrize("name", ["../../../x.csv", "C:\\x\\y.csv", "%2e%2e%2f%2e%2e%2fx.csv", "/etc/x.csv"])
async def test_no_name_leads_out_of_the_private_place(page: OwnPage, name: str) -> None:
    assert (await page.put(name, SHEET)).status_code == 204
    assert page.kept() == ["records.csv"]


async def test_a_huge_file_is_refused_before_it_is_read(page: OwnPage) -> None:
    answer = await page.put("x.csv", b"x", octets=chosen_file.OCTETS_MAX + 1)
    assert answer.status_code == 400
    assert "path on this machine" in answer.text
    assert page.kept() == []


@pytest.mark.parametrize(
    ("body", "octets", "error"),
    [
        (some(b"x" * 10, b"y"), 10, FileTooLarge),
        (some(b"x" * 9), 10, FileStalled),
        (some(b"x", stall=True), 10, FileStalled),
    ],
)
async def test_a_body_that_is_not_what_it_was_said_to_be_leaves_nothing(
    tmp_path: Path, body: AsyncIterator[bytes], octets: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen_file, "STALL_S", 0.05)
    with pytest.raises(error):
        await received_file("x.csv", body, octets, tmp_path)
    assert names_in(tmp_path) == []


async def test_a_full_disk_is_said(page: OwnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen_file, "SPARE_OCTETS", 1 << 62)
    answer = await page.put("x.csv", SHEET)
    assert answer.status_code == 400
    assert "free disk" in answer.text


@pytest.mark.parametrize("path", ["", "relative.csv", "/nowhere/x.csv", "\0", "~nobody-here/x"])
async def test_a_path_that_is_none_is_said(page: OwnPage, path: str) -> None:
    await page.post("file", path=path)
    assert page.pages.file is None
    assert "There is no file or folder at this path" in (await page.get("file")).text


async def test_a_path_may_stand_in_quotes(page: OwnPage) -> None:
    own = page.folder / "own file.csv"
    own.write_bytes(SHEET)
    await page.post("file", path=f' "{own}" ')
    assert page.pages.file is not None


def test_the_place_is_gone_at_the_end(tmp_path: Path) -> None:
    root = tmp_path / "x.page"
    with PrivatePlace(root) as place:
        (place.folder / "records.csv").write_bytes(SHEET)
        assert root.stat().st_mode & 0o777 == 0o700
        with PrivatePlace(root) as other:
            assert place.folder.exists()
            assert other.folder != place.folder
        assert place.folder.exists(), "another page that ends leaves it alone"
    assert not root.exists()


def test_what_a_killed_page_left_is_swept_at_the_next_start(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "x.page"], capture_output=True, text=True, check=False
    )
    left = Path(ran.stdout.strip())
    assert (left / "records.csv").exists(), ran.stderr
    with PrivatePlace(tmp_path / "x.page") as place:
        assert not left.exists()
        assert place.folder.exists()
    assert not (tmp_path / "x.page").exists()


def test_a_folder_that_is_just_made_is_no_rest(tmp_path: Path) -> None:
    (tmp_path / "begins").mkdir()
    with PrivatePlace(tmp_path):
        assert (tmp_path / "begins").exists()
    held = sqlite3.connect(tmp_path / "begins" / LOCK)
    held.close()
    with PrivatePlace(tmp_path):
        assert not (tmp_path / "begins").exists()
