"""An agency on Windows: its commands need nothing of POSIX, each library has a wheel for it."""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from exchange.core.exit_status import ExitStatus
from tools import windows_folder

ROOT = windows_folder.ROOT
Commanded = Callable[..., "subprocess.CompletedProcess[bytes]"]
FACT = {
    "key": "1/opened",
    "period": "2026Q1",
    "client": "1",
    "body": "case_opened",
    "fields": {
        "gender": "woman",
        "age_band": "age_18_20",
        "foreign_national": "not_known",
        "referral_source": "hotline",
        "elsewhere": "no",
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an agency on Windows keeps its files: a space, a letter beyond ASCII."""
    folder = tmp_path / "OneDrive - Refugio Ñandú" / "Exchange files"
    folder.mkdir(parents=True)
    (tmp_path / "keys").mkdir()
    text = (
        'agency = "north-star"\nstate = "ca"\nlegal_class = "individual"\nvault = "north-star.vault"\n'
        'key_file = "../../keys/north-star.key"\n[kafka]\nbootstrap_servers = "127.0.0.1:1"\n'
    )
    (folder / "agency.toml").write_text("\ufeff" + text, encoding="utf-8", newline="\r\n")  # as Notepad writes it
    (folder / "my facts.jsonl").write_text(json.dumps(FACT) + "\n", encoding="utf-8", newline="\r\n")
    return folder


@pytest.fixture
def commanded(folder: Path) -> Commanded:
    """Runs a command there, in a process of its own that lacks what Windows lacks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}

    def run(*words: str, ends: int = 0) -> "subprocess.CompletedProcess[bytes]":
        done = subprocess.run(
            [sys.executable, "-m", "tests.kits.as_on_windows", *words],
            cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}, capture_output=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == ends, done.stderr.decode("cp1252")
        return done

    return run


def test_an_agency_on_windows_makes_its_vault_looks_and_publishes(commanded: Commanded, folder: Path) -> None:
    made = commanded("edge", "init", "--profile", "agency.toml", "--key-file").stdout.decode("cp1252")
    assert "exchange agencies add north-star" in made
    facts = ("publish", "my facts.jsonl", "--profile", "agency.toml")
    shown = json.loads(commanded(*facts, "--dry-run", "--json").stdout)
    assert shown["published"] == 1
    assert "CaseOpened" in commanded(*facts, "--dry-run").stdout.decode("cp1252")
    away = commanded(*facts, ends=ExitStatus.ERROR).stderr.decode("cp1252")
    assert "cannot be reached; 1 event is kept in the vault" in away
    state = json.loads(commanded("edge", "status", "--profile", "agency.toml", "--json").stdout)
    assert state["events_waiting"] == 1
    assert (folder / "north-star.vault").stat().st_size > 0


def test_a_name_that_the_console_cannot_write_is_written_by_its_numbers(commanded: Commanded, folder: Path) -> None:
    (folder / "факты.jsonl").write_text("{}\n", encoding="utf-8")
    done = commanded("publish", "факты.jsonl", "--profile", "agency.toml", "--dry-run", ends=ExitStatus.ERROR)
    assert "exchange edge init" in done.stderr.decode("cp1252")
    commanded("edge", "init", "--profile", "agency.toml", "--key-file")
    said = commanded(
        "publish", "факты.jsonl", "--profile", "agency.toml", "--dry-run", ends=ExitStatus.SOME_REFUSED
    ).stdout
    assert b"\\u0444" in said


def test_a_command_that_needs_posix_says_where_it_runs(commanded: Commanded) -> None:
    assert b"(WSL)" in commanded("up", ends=ExitStatus.ERROR).stderr


@pytest.mark.parametrize("python", windows_folder.PYTHONS)
def test_every_library_of_the_base_install_has_a_wheel_for_windows(python: str) -> None:
    """By `uv.lock` alone: no network."""
    locked = {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]}
    fitting = tags_of(python)
    needed = [
        line.partition("==")[0] for line in windows_folder.applying(windows_folder.locked_requirements([]), python)
    ]
    assert "colorama" in needed  # needed on Windows alone
    assert len(needed) > 20
    lacking = [
        name
        for name in needed
        if not any(parse_wheel_filename(Path(wheel["url"]).name)[3] & fitting for wheel in locked[name]["wheels"])
    ]
    assert lacking == []


def tags_of(python: str) -> set[Tag]:
    major, minor = map(int, python.split("."))
    platforms = [windows_folder.PLATFORM]
    return {
        *cpython_tags((major, minor), platforms=platforms),
        *compatible_tags((major, minor), f"cp{major}{minor}", platforms),
    }


def test_requirements_of_other_systems_are_left_out_and_markers_with_them() -> None:
    locked = ["a==1 ; sys_platform == 'win32' --hash=sha256:1", "b==2 ; os_name == 'posix' --hash=sha256:2",
              "c==3 ; python_version >= '3.13' --hash=sha256:3 --hash=sha256:4"]  # fmt: skip
    assert list(windows_folder.applying(locked, "3.12")) == ["a==1 --hash=sha256:1"]
    assert list(windows_folder.applying(locked, "3.13")) == ["a==1 --hash=sha256:1",
                                                             "c==3 --hash=sha256:3 --hash=sha256:4"]  # fmt: skip


def test_the_installer_is_ascii_and_looks_at_every_command() -> None:
    """Not every `cmd.exe` understands `||` behind a command; a path may hold a space."""
    text = (ROOT / "deploy" / "windows" / "install.cmd").read_text(encoding="ascii")
    lines = text.splitlines()
    assert "||" not in text
    for name in ("%HERE%", "%INSIDE%", "%SHIMS%", "%HOME_OF_EDGE%"):
        for line in lines:
            if name in line:
                before = line.partition(name)[0]
                assert before.count('"') % 2 == 1, line
    for version in windows_folder.PYTHONS:
        assert version in text
    assert "--require-hashes" in text
    assert "--isolated" in text


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit):
        windows_folder.main([str(tmp_path)])
    assert "is not empty" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_the_folder_holds_each_wheel_with_its_digest(tmp_path: Path) -> None:
    """Asks the package index, as `make sync` does."""
    windows_folder.main([str(tmp_path / "edge"), "--python", "3.13"])
    requirements = (tmp_path / "edge" / "requirements.txt").read_text(encoding="ascii")
    wheels = list((tmp_path / "edge" / "wheels").iterdir())
    assert len(wheels) > 20
    for wheel in wheels:
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() in requirements, wheel.name
    assert any(wheel.name.startswith("service_events_exchange") for wheel in wheels)
    for name in windows_folder.PARTS:
        content = (tmp_path / "edge" / name).read_bytes()
        assert content.count(b"\r\n") == content.count(b"\n") > 10
