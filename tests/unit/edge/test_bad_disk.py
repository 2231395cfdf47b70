"""A vault on a disk that is full: a real one of some megabytes."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from producers import errors
from tests.kits.edge_kit.desk import Desk, need

NEEDS = 12_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes, which `grow` makes larger."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=False)
    if done.returncode:
        pytest.skip("this machine lets nobody mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_the_run_and_after_room_was_made_it_goes_on(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(disk, monkeypatch)
    desk.write(need("first"))
    desk.run("publish", "facts.jsonl")
    many = "\n".join(json.dumps(need(f"{n}")) for n in range(NEEDS))
    (tmp_path / "many.jsonl").write_text(many, encoding="utf-8")
    full = desk.run("publish", str(tmp_path / "many.jsonl"), ends=1)
    assert isinstance(full.exception, errors.VaultFull)
    assert "Free some space and run again" in str(full.exception)
    desk.run("edge", "status")
    assert desk.sent() == 1
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    desk.run("publish", str(tmp_path / "many.jsonl"))
    assert desk.sent() == NEEDS + 1
    assert len(set(desk.exchange.inbox)) == len(desk.exchange.inbox)
