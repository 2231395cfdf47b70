"""The lists "To add" of docs/ARCHITECTURE.md, read and followed in a copy of the tree."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Addition:
    """One list of the page: its title, its edits by file, and the derived text that must appear."""

    title: str
    edits: Mapping[str, Edit]
    derived: Mapping[str, str] = field(default_factory=dict)
    """File → text that `make docs` writes into it."""

    def agrees_with_the_page(self) -> None:
        """Its steps name exactly the files that are edited, in order, and `make docs` if needed."""
        *edited, last = steps(self.title)
        assert [file for step in edited for file in files_of(step)] == list(self.edits)
        assert last.startswith("Run ")
        assert commands_of(last)
        assert not self.derived or commands_of(last)[0] == "make docs"

    @property
    def commands(self) -> list[str]:
        return commands_of(steps(self.title)[-1])

    @property
    def runs_the_new_test(self) -> bool:
        return "your test" in steps(self.title)[-1]


def follow(tree: TreeCopy, additions: Sequence[Addition]) -> None:
    """All edits in one copy; then every command that a list names, once."""
    for addition in additions:
        for edit in addition.edits.values():
            edit(tree)
    commands = list(dict.fromkeys(command for addition in additions for command in addition.commands))
    for target in (command.removeprefix("make ") for command in commands if command.startswith("make ")):
        make(tree, target)
    new = [file for file in tree.files("tests") if file.endswith(NEW_TEST)]
    assert len(new) == sum(addition.runs_the_new_test for addition in additions)
    named = [file for command in commands if command.startswith("pytest ") for file in command.split()[1:]]
    tree.passes(*dict.fromkeys((*named, *new)))
    for addition in additions:
        for file, text in addition.derived.items():
            assert text in tree.read(file), addition.title


def make(tree: TreeCopy, target: str) -> None:
    """The Python commands of a rule of the Makefile."""
    rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", tree.read("Makefile"), re.MULTILINE)
    assert rule
    for module in re.findall(r"\$\(BIN\)/python (-m \S+)", rule[1]):
        tree.runs(*module.split())
