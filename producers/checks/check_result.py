"""The result of a check, as values, for every form in which it is shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from producers.checks.check_rule import Level, RepairStep
from producers.checks.row_findings import RuleFinding
from producers.checks.rules.all_rules import CHANGES, RULES

VERSION: Final = list(CHANGES)[-1]
_ORDER: Final = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class FileChecked:
    """What was found in a file.

    `facts`: body → how many facts of it can be published; they still stand, whatever else was
    found. `right`: findings that a person called right earlier. `not_checked`: rule → why it was
    not. `rows`: how many the file has. `with_history`: whether the vault had quarters to compare
    with.
    """

    findings: tuple[RuleFinding, ...]
    right: tuple[RuleFinding, ...]
    not_checked: Mapping[str, str]
    facts: Mapping[str, int]
    rows: int
    with_history: bool = False

    def count(self, level: Level) -> int:
        """How many rows, or files, have a finding of this level."""
        return sum(found.count for found in self.findings if found.rule.level is level)

    @property
    def clean(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return not (self.count(Level.ERROR) or self.count(Level.WARNING))

    def by_repair(self) -> Iterator[tuple[RepairStep, Sequence[RuleFinding]]]:
        """The findings that one repair mends, together; the gravest first."""
        order = list(RepairStep)
        sorted_by_repair = sorted(self.findings, key=lambda found: order.index(found.rule.repair))
        groups = [(repair, list(some)) for repair, some in groupby(sorted_by_repair, key=lambda one: one.rule.repair)]
        yield from ((repair, sorted(some, key=_gravity)) for repair, some in sorted(groups, key=_of_group))

    def plain(self) -> dict[str, object]:
        """As JSON-able data: every row number, no value."""
        return {
            "rules": VERSION,
            "rows": self.rows,
            "checked": len(RULES) - len(self.not_checked),
            "counts": {str(level): self.count(level) for level in Level},
            "findings": [plain_finding(found) for found in self.findings],
            "called_right": [plain_finding(found) for found in self.right],
            "not_checked": dict(self.not_checked),
            "stands": dict(self.facts),
            "history": self.with_history,
        }


def _gravity(found: RuleFinding) -> tuple[int, int]:
    return _ORDER[found.rule.level], -found.count


def _of_group(group: tuple[RepairStep, Sequence[RuleFinding]]) -> tuple[int, int]:
    return min(_ORDER[found.rule.level] for found in group[1]), -sum(found.count for found in group[1])


def name_of(found: RuleFinding) -> str:
    """How a person names a finding to call it right: `V01:2026Q3:NeedIdentified`."""
    return ":".join(part for part in (found.rule.id, found.file, found.column) if part)


def plain_finding(found: RuleFinding) -> dict[str, object]:
    """A finding as JSON-able data."""
    rule = found.rule
    return {
        "name": name_of(found),
        "rule": rule.id,
        "level": str(rule.level),
        "file": found.file,
        "column": found.column,
        "meaning": rule.meaning,
        "words": found.words,
        "repair": str(rule.repair),
        "your_figures": str(rule.effect),
        "report": rule.report,
        "count": found.count,
        "rows": [row for row in found.rows if row],
    }
