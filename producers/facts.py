"""What a source hands to the edge: facts, withdrawals, and rows it had to refuse.

A `Fact` has the identity of the source row and slot that it comes from, so that the same row read again adds nothing and
a changed row becomes a correction. Keys and clients stay in the vault; only period, state and body can leave.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from exchange.core.events import Correctable
from exchange.core.vocabulary import UsState


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the input, for messages: `row` counts from 1 at the first row behind the header (0: the whole file)."""

    file: str
    row: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, ready to become an event. `client`: the agency's own key, empty for agency bodies."""

    key: str
    period: int
    state: UsState
    body: Correctable
    client: str
    where: Where


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The source withdrew everything it once said under keys that begin so."""

    key_prefix: str
    where: Where


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row, or a part of one, that became no fact. `rule` says why, in words without the value."""

    where: Where
    column: str
    rule: str


@dataclass(frozen=True, slots=True)
class RowIgnored:
    """A row that is not for the exchange (no trafficking program, outside the scope); `why` is a short fixed phrase."""

    where: Where
    why: str


Reading = Fact | Withdrawn | RowRefused | RowIgnored


class Source(Protocol):
    """An input that can be read from its beginning any number of times, always in the same order."""

    def rows(self) -> int | None:
        """How many rows there are to read, if that is cheap to know; for the progress bar."""

    def read(self) -> Iterator[Reading]:
        """What each row says, in order."""
