"""A copy of the source tree for tests that edit files as a person does and run real commands."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = (
    "consumers", "deploy", "docs", "exchange", "producers", "schemas", "tests", "tools",
    "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TreeCopy:
    """Real files; what is run in it imports the copy, because the current directory comes first."""

    root: Path

    def read(self, file: str) -> str:
        return (self.root / file).read_text(encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        (self.root / file).write_text(text, encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that is in a file exactly once."""
        text = self.read(file)
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        self.write(file, text.replace(old, new))

    def before(self, file: str, mark: str, added: str) -> None:
        """Insert before a text that is in a file exactly once."""
        self.edit(file, mark, added + mark)

    def append(self, file: str, text: str) -> None:
        self.write(file, self.read(file) + text)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`python …` in the copy."""
        environment = {**os.environ, "PYTHONPATH": ""}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=240, check=False
        )

    def runs(self, *arguments: str) -> str:
        """What a command that must succeed prints."""
        ran = self.run(*arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def passes(self, *tests: str) -> None:
        """These tests pass in the copy."""
        self.runs("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)

    def files(self, folder: str) -> dict[str, bytes]:
        """All files below a folder, but for compiled ones."""
        paths = sorted(path for path in (self.root / folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {str(path.relative_to(self.root)): path.read_bytes() for path in paths}


@pytest.fixture
def tree(tmp_path: Path) -> TreeCopy:
    """Compiled files are copied too, so that commands start as fast as in the real tree."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, tmp_path / name)
    return TreeCopy(tmp_path)
