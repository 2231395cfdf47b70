"""What a source hands to the edge: facts, withdrawals, and rows it had to refuse.

A `Fact` has the identity of the source row and slot that it comes from, so that the same row read again adds nothing and
a changed row becomes a correction. Keys and clients stay in the vault; only period, state and body can leave.

Some sources are exports of a whole database rather than lists of what is new. They also say how old they are (`Edition`,
first of all), where they have said everything (`Complete`), and whom the database has dropped (`ClientWithdrawn`).
Readings take effect in the order in which they come.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from exchange.core.model.events import Correctable
from exchange.core.model.period import FIRST, LAST
from exchange.core.model.vocabulary import UsState


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the input, for messages, numbered as a person finds it there.

    `row`: of a CSV file as a spreadsheet numbers it, blank rows included, so that the header is mostly row 1; of JSON Lines the
    line; 0: the file as a whole.
    """

    file: str
    row: int


NOWHERE: Final = Where("", 0)
"""The place of a fact that code made: no row of any file."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, ready to become an event.

    `key`: the agency's own key of this fact. `client`: the agency's own key of the client; empty for facts about the agency.
    Both stay in the vault. `where`: the row that it comes from; code that has no row leaves it out.
    """

    key: str
    period: int
    state: UsState
    body: Correctable
    client: str = ""
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The source withdrew everything it once said under keys that begin so."""

    key_prefix: str
    where: Where


@dataclass(frozen=True, slots=True)
class Edition:
    """How old everything in this run is; comes first, from sources that come in dated editions.

    `made_at` sorts by age as text; empty when the source does not tell. What the edge must do: keep it with every key that
    a run states or withdraws. Where a key's edition is newer than this run's, nothing of this run changes that key, be
    it a fact, a withdrawal or a completion; equal or unknown ages go by arrival, as without editions. So a file that arrives
    late or twice never undoes a newer one, and still adds what was never heard of. `database`: which database it came from;
    empty when not told. Keys of two databases mean different rows, so a run from another one than the vault knows is refused.
    """

    made_at: str
    database: str
    where: Where


@dataclass(frozen=True, slots=True)
class Complete:
    """The source has said all it has to say in a part of its keys: what it once said there and not in this run is gone.

    What the edge must do, when this comes: take every key that begins with `key_prefix` and whose period lies within
    `first`–`last` (a year: all four quarters of it), and withdraw those that no `Fact` of this run has stated so far. A fact
    that the policy kept back, or that says the same as before, counts as stated. Refused rows state nothing; but what lies in
    a period that has not begun by the run's clock stays, because every such row is refused: the clock was set back.
    """

    key_prefix: str
    where: Where
    first: int = FIRST
    last: int = LAST


@dataclass(frozen=True, slots=True)
class ClientWithdrawn:
    """The source withdrew a client: what was once said about this client and not in this run is gone. Comes last.

    Needed beside `Withdrawn` because the source need not say any more which rows were this client's. Two clients that the
    agency found to be one are told like this too: their rows come again in the same run under the client who stays.
    """

    client: str
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


Reading = Fact | Withdrawn | Edition | Complete | ClientWithdrawn | RowRefused | RowIgnored


class Source(Protocol):
    """An input that can be read from its beginning any number of times, always in the same order."""

    @property
    def stays_here(self) -> Mapping[str, int]:
        """Kind of identifier → columns of this kind that the last `read` skipped without reading them."""

    def rows(self) -> int | None:
        """The number of rows to read, if that is cheap to know; for the progress bar."""

    def read(self) -> Iterator[Reading]:
        """The readings of each row, in order. Raises SourceUnreadable."""
