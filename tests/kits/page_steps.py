"""The lists "To add" of docs/ARCHITECTURE.md, read and followed in a copy of the tree."""

import re
from collections.abc import Callable, Mapping

from tests.kits.tree_copy import ROOT, TreeCopy

PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
NEW_TEST = "test_to_add_example.py"
Edit = Callable[[TreeCopy], None]


def steps(title: str) -> list[str]:
    """The numbered steps below a title in italics."""
    _, found, rest = PAGE.partition(f"*{title}*\n\n")
    assert found, f"the page has no list: {title}"
    lines = rest.partition("\n\n")[0].replace("\n   ", " ").splitlines()
    assert [line.partition(". ")[0] for line in lines] == [str(n) for n in range(1, len(lines) + 1)]
    return [line.partition(". ")[2] for line in lines]


def files_of(step: str) -> list[str]:
    """The paths at the beginning of a step: before its colon."""
    return [span for span in re.findall(r"`([^`]+)`", step.partition(": ")[0]) if (ROOT / span).exists()]


def commands_of(step: str) -> list[str]:
    return re.findall(r"`((?:make|pytest) [^`]+)`", step)


def run(tree: TreeCopy, command: str) -> None:
    tool, *arguments = command.split()
    if tool == "pytest":
        tree.passes(*arguments)
        return
    (target,) = arguments
    rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", tree.read("Makefile"), re.MULTILINE)
    assert rule
    for module in re.findall(r"\$\(BIN\)/python (-m \S+)", rule[1]):
        tree.runs(*module.split())


def follow(tree: TreeCopy, title: str, edits: Mapping[str, Edit]) -> None:
    *edited, last = steps(title)
    assert [file for step in edited for file in files_of(step)] == list(edits)
    assert last.startswith("Run ")
    for edit in edits.values():
        edit(tree)
    for command in commands_of(last):
        run(tree, command)
    if "your test" in last:
        tree.passes(*(file for file in tree.files("tests") if file.endswith(NEW_TEST)))
