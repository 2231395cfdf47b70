"""A table: columns with a meaning each, as text and as numbers.

Rules kept: no text is empty, a dash, or a 0 that was not published. Where a number is not shown,
the text has words in its place and the number is None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Column:
    """`texts`: none is empty. `numbers`: where it is a column of numbers; None: not shown.

    `whole`: they are whole numbers.
    """

    name: str
    says: str
    texts: Sequence[str]
    numbers: Sequence[float | int | None] | None = None
    whole: bool = False

    @property
    def cells(self) -> Sequence[object]:
        """Numbers where they are shown, else words."""
        if self.numbers is None:
            return self.texts
        return [text if number is None else number for number, text in zip(self.numbers, self.texts, strict=True)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`name`: of its files, which may have a folder. `about`: what columnar files say of it."""

    name: str
    title: str
    columns: tuple[Column, ...]
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.columns[0].texts)
