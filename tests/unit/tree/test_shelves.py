"""No folder holds more than a person takes in at once, and no module name stands for two things."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[3]
PRODUCT: Final = ("exchange", "consumers", "producers", "schemas", "tools")
A_DOZEN_OR_SO: Final = 16
COMMANDS: Final = "exchange/cli/"
"""A command has the name of what it runs."""
PACKAGES: Final[Mapping[str, str]] = {
    "errors": "the errors of one package",
    "log": "the interface of a log, and Kafka's",
    "reader": "what reads a log, and what reads a status",
}
"""Names that stand twice, each with its reason."""


def modules(root: Path) -> Iterator[Path]:
    """Every module of the product, from the root, but for those that every package has."""
    for package in PRODUCT:
        for path in sorted((root / package).rglob("*.py")):
            if path.stem not in ("__init__", "__main__"):
                yield path.relative_to(root)


def crowded(root: Path) -> dict[str, int]:
    """The folders with more modules than a dozen or so."""
    found: dict[str, int] = defaultdict(int)
    for path in modules(root):
        found[str(path.parent)] += 1
    return {folder: count for folder, count in found.items() if count > A_DOZEN_OR_SO}


def twice(root: Path) -> dict[str, list[str]]:
    """The names of two modules, but for a command's own and those that have a reason."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in modules(root):
        if not str(path).startswith(COMMANDS) and path.stem not in PACKAGES:
            found[path.stem].append(str(path))
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def test_no_folder_is_crowded() -> None:
    assert crowded(ROOT) == {}


def test_no_module_name_stands_for_two_things() -> None:
    assert twice(ROOT) == {}


@pytest.mark.parametrize(
    ("added", "found_out"),
    [("consumers/serve/counts.py", twice), *((f"producers/caps/one_{n}.py", crowded) for n in range(1))],
)
def test_what_is_too_much_is_found_out(tmp_path: Path, added: str, found_out: object) -> None:
    for path in (added, "exchange/core/counting/counts.py", *(f"producers/caps/other_{n}.py" for n in range(16))):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert callable(found_out)
    assert found_out(tmp_path)
