"""The contracts travel with the code: editable installs and wheels find schemas and code lists."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# What an installed package finds, run away from the source tree and without the current directory
# on the path.
LIST_PACKAGE_DATA = """
from importlib.resources import files
import schemas
for folder, suffix in (("avro", ".avsc"), ("vocabulary", ".csv")):
    for entry in files("schemas").joinpath(folder).iterdir():
        if entry.name.endswith(suffix):
            print(folder, entry.name, len(entry.read_bytes()))
print(schemas.__file__)
"""


def in_source_tree() -> set[str]:
    found = [("avro", path) for path in (ROOT / "schemas/avro").glob("*.avsc")]
    found += [("vocabulary", path) for path in (ROOT / "schemas/vocabulary").glob("*.csv")]
    return {f"{folder} {path.name} {path.stat().st_size}" for folder, path in found}


def listed_by(python: Path, away: Path) -> tuple[set[str], Path]:
    *found, where = run([python, "-I", "-c", LIST_PACKAGE_DATA], away).splitlines()
    return set(found), Path(where)


def run(command: list[str | Path], away: Path) -> str:
    ran = subprocess.run(command, cwd=away, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    assert found, "uv is brought by the Makefile: run `make sync`"
    return found


@pytest.fixture(scope="module")
def wheel_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that holds our wheel and nothing else."""
    away = tmp_path_factory.mktemp("wheel")
    run(
        [uv(), "build", "--wheel", "--offline", "--no-build-isolation", "--python", sys.executable, "-o", away, ROOT],
        away,
    )
    run([uv(), "venv", "--offline", "--python", sys.executable, away / "env"], away)
    python = away / "env/bin/python"
    wheel = next(away.glob("*.whl"))
    run([uv(), "pip", "install", "--offline", "--no-deps", "--python", python, wheel], away)
    return python


def test_there_are_contracts_to_look_for() -> None:
    assert {line.split()[0] for line in in_source_tree()} == {"avro", "vocabulary"}


def test_an_editable_install_finds_the_contracts(tmp_path: Path) -> None:
    found, where = listed_by(Path(sys.executable), tmp_path)
    assert where == ROOT / "schemas/__init__.py"
    assert found == in_source_tree()


def test_a_wheel_finds_the_contracts(wheel_python: Path, tmp_path: Path) -> None:
    found, where = listed_by(wheel_python, tmp_path)
    assert where.is_relative_to(wheel_python.parents[1])
    assert found == in_source_tree()


def test_a_wheel_brings_the_command_the_types_and_the_pinned_archives(wheel_python: Path, tmp_path: Path) -> None:
    assert wheel_python.with_name("exchange").exists()
    packages = {path.name: path for path in wheel_python.parents[1].glob("lib/python3.*/site-packages/*")}
    assert {"exchange", "consumers", "producers", "schemas"} <= packages.keys()
    assert (packages["exchange"] / "py.typed").exists()
    assert (packages["exchange"] / "engine/broker/jars.csv").exists()
    assert (packages["exchange"] / "testing/in_memory_exchange.py").exists()
    assert not {"tests", "docs", "deploy"} & packages.keys()
