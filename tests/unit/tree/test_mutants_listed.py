"""Every test that the mechanisms' pages name exists, and every mistake to be tried has a test."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.derive.docs import ROOT

PAGES = sorted((ROOT / "docs" / "mechanisms").glob("*.md"))
LIST = ROOT / "docs" / "mechanisms" / "MUTANTS.md"
MUST_DIE = (
    "scale halved",
    "sensitivity 1 instead of the cap",
    "correction not counted",
    "noise redrawn on replay or after a kill",
    "a late event reopening a closed epoch",
    "`<=` for `<`",
    "threshold before noise",
    "one table missing from the budget",
    "crash between spend and publish",
    "ordinary random numbers for OpenDP",
    "caps by arrival",
    "caps per batch, or per agency run",
    "events without the bit in a release",
    "clamped increments",
    "a transaction writing `releases`",
)
AWAITED: set[str] = set()
"""Mistakes in parts that do not exist yet; naming the test removes its line."""
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
SPAN = re.compile(r"`((?:tests/\S+\.py)|test_[^`]+)`")


def rows(path: Path) -> Iterator[list[str]]:
    for row in ROW.findall(path.read_text()):
        yield row.split(" | ")


def named_in(cell: str) -> Iterator[str]:
    """`file::test` of a cell that reads: a file, a colon, its tests, and perhaps another file."""
    file = ""
    for span in SPAN.findall(cell):
        if span.startswith("tests/"):
            file = span
        else:
            assert file, f"{span}: of which file?"
            yield f"{file}::{span}"


def named(path: Path) -> list[str]:
    return [test for row in rows(path) for test in named_in(row[-1])]


@pytest.fixture(scope="module")
def collected(request: pytest.FixtureRequest) -> frozenset[str]:
    """The tests that pytest finds in the named files, slow ones too; with and without params."""
    files = sorted({test.partition("::")[0] for path in PAGES for test in named(path)})
    found = [item for file in files if (ROOT / file).exists() for item in found_in(request.session, ROOT / file)]
    return frozenset(found) | {item.partition("[")[0] for item in found}


def found_in(session: pytest.Session, file: Path) -> Iterator[str]:
    """`file::test` of every test of a file, whether this run takes it or not."""
    open_: list[pytest.Collector] = [pytest.Module.from_parent(session, path=file)]
    while open_:
        for node in open_.pop().collect():
            if isinstance(node, pytest.Collector):
                open_.append(node)
            else:
                yield node.nodeid


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_test_that_a_page_names_exists(page: Path, collected: frozenset[str]) -> None:
    assert [test for test in named(page) if test not in collected] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_page_names_tests(page: Path) -> None:
    assert named(page)


def test_a_test_that_does_not_exist_is_noticed(collected: frozenset[str]) -> None:
    [mutant] = named_in("`tests/unit/release/test_budget.py`: `test_that_nobody_wrote`")
    [wrong] = named_in("`tests/unit/release/test_budget.py`: `test_a_wrong_scale_is_found_out[scale doubled]`")
    assert not {mutant, wrong} & collected


def test_every_mistake_that_has_to_be_tried_is_in_the_list() -> None:
    listed = {row[0] for row in rows(LIST)}
    assert [mutant for mutant in MUST_DIE if not any(each.startswith(mutant) for each in listed)] == []


def test_every_mistake_has_a_test_but_for_those_awaited() -> None:
    without = {row[0] for row in rows(LIST) if not list(named_in(row[-1]))} - {"mutant"}
    assert without == AWAITED
