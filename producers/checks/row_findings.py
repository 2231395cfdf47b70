"""Findings, collected while files are read: row numbers by rule, file and column, never a value.

Memory: four bytes a finding.
"""

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from producers.checks.check_rule import CheckRule
from producers.checks.rules.all_rules import BY_ID


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """All rows in which a rule fires in one column. `rows`: 0 for the file as a whole.

    `words`: of a refusal, in publishing's own words, where the rule stands for several.
    """

    rule: CheckRule
    file: str
    column: str
    rows: tuple[int, ...]
    words: str = ""

    @property
    def count(self) -> int:
        """How many times it fired."""
        return len(self.rows)


@dataclass(slots=True)
class Findings:
    """Collects what fires. `disabled`: the rules that cannot be checked, and never fire."""

    disabled: Collection[str] = ()
    _rows: dict[tuple[str, str, str, str], "array[int]"] = field(default_factory=dict)

    def add(self, name: str, row: int, *, file: str = "", column: str = "", words: str = "") -> None:
        """Note that a rule fires in a row of its file; 0: in the file as a whole."""
        if name in self.disabled:
            return
        rule = BY_ID[name]
        key = (name, file or rule.table, column or rule.column, words)
        self._rows.setdefault(key, array("I")).append(row)

    def all(self) -> Iterator[RuleFinding]:
        """Each finding, in the order of rules, files and columns."""
        order = {name: place for place, name in enumerate(BY_ID)}
        for name, file, column, words in sorted(self._rows, key=lambda key: (order[key[0]], *key[1:])):
            yield RuleFinding(BY_ID[name], file, column, tuple(sorted(self._rows[name, file, column, words])), words)
