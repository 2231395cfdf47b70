"""What a source can state about a file as a whole, for `exchange edge look`.

Rules kept: no cell of a client's row and no free text is in it. A project's name is the agency's
own data and is there. The name of a column is there only where the format has such a column: the
header of a damaged file may hold a person.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from exchange.core.model.vocabulary import UsState


@dataclass(frozen=True, slots=True)
class ProjectSeen:
    """A project of the file. `kind`: its type in words. `stays`: its rows of enrollments.

    `sheltered`: why only totals about its clients may leave; empty if they all may.
    """

    key: str
    name: str
    kind: str
    states: tuple[UsState, ...]
    stays: int
    sheltered: str


@dataclass(frozen=True, slots=True)
class ColumnsStay:
    """Columns of one file that are never read, and why.

    `others`: how many more there are whose names the format does not have. `order`: the gravest
    reason first.
    """

    file: str
    why: str
    names: tuple[str, ...]
    others: int = 0
    order: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """A file as a whole. `form`: the format and its year, in words."""

    form: str
    projects: tuple[ProjectSeen, ...] = ()
    columns: tuple[ColumnsStay, ...] = ()


@runtime_checkable
class Overseen(Protocol):
    """A source that can state such an overview; others are looked at by their facts alone."""

    def overview(self) -> Overview:
        """The file as a whole; raises SourceUnreadable."""
