"""The readings that a source hands to the edge: facts, withdrawals, and rows that it refused.

A `Fact` has the key of the source row and slot that it comes from. So the same row, read again,
adds nothing, and a changed row becomes a correction. Keys and clients stay in the vault; only
period, state and body can leave.

Some sources are exports of a whole database, not lists of new records. They also state their age
(`Edition`, first of all), how much of it they hold (`Taken`), where they are complete (`Complete`),
and which clients the database has dropped (`ClientWithdrawn`). Readings take effect in the order in
which they come.

Damage is no evidence. A field that the source could not read (`Fact.unread`) changes no known
answer. A refused row does not show that its facts are gone, so a source spares their keys
(`Spares`). Totals of a file that was not read whole (`NotWhole`) are not final.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, runtime_checkable

from exchange.core.model.events import Correctable
from exchange.core.model.period import FIRST, LAST
from exchange.core.model.vocabulary import UsState


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the input, for messages, numbered as a person finds it there.

    `row`: in a CSV file the spreadsheet's row number, blank rows included, so the header is mostly
    row 1; in JSON Lines the line number; 0: the file as a whole.
    """

    file: str
    row: int


NOWHERE: Final = Where("", 0)
"""The place of a fact that code made: no row of any file."""

Spares = Callable[[str], bool]
"""Whether the fact of a key stays, though the source is complete and did not state it."""


def spares_nothing(_: str) -> bool:
    """No key stays."""
    return False


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, ready to become an event.

    `key`: the agency's own key of this fact. `client`: the agency's own key of the client; empty
    for facts about the agency. Both stay in the vault. `where`: the row that the fact comes from;
    code that has no row leaves it out. `unread`: the fields of the body, or `state`, that the
    source could not read, for want of a column or because a cell is damaged: where the fact is
    known already, they keep the known code.
    """

    key: str
    period: int
    state: UsState
    body: Correctable
    client: str = ""
    where: Where = NOWHERE
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The source withdrew all facts whose keys begin so."""

    key_prefix: str
    where: Where


@dataclass(frozen=True, slots=True)
class Edition:
    """The age of everything in this run; comes first, from sources that have dated editions.

    `made_at` sorts by age as text; empty when the source has no date. The edge keeps it with every
    key that a run states or withdraws. Where a key's edition is newer than this run's, nothing in
    this run changes that key, neither a fact nor a withdrawal nor a completion. Equal or unknown
    ages go by arrival, as without editions. So a file that arrives late or twice never undoes a
    newer one, and still adds facts that were never seen. `database`: the database that the source
    comes from; empty when unknown. Keys of two databases mean different rows, so a run from another
    database than the vault's is refused.
    """

    made_at: str
    database: str
    where: Where


@dataclass(frozen=True, slots=True)
class Complete:
    """The source is complete in a part of its keys.

    An earlier fact there that is not in this run is gone.

    When this comes, the edge looks at every key that begins with `key_prefix` and whose period lies
    within `first`–`last` (a year: all four quarters of it), and withdraws those that no `Fact` of
    this run has stated so far. A fact that the policy kept back, or that did not change, counts as
    stated. Refused rows state nothing, so the source `spares` their keys. Facts in a period that
    has not begun by the run's clock stay too: every such row is refused, because the clock was set
    back.
    """

    key_prefix: str
    where: Where
    first: int = FIRST
    last: int = LAST
    spares: Spares = field(default=spares_nothing, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ClientWithdrawn:
    """The source withdrew a client.

    Earlier facts about this client that are not in this run are gone, but for those that the source
    `spares`. Comes last.

    Needed beside `Withdrawn`, because the source may no longer list this client's rows. Two clients
    whom the agency found to be one come like this too: their rows come again in the same run under
    the client who stays.
    """

    client: str
    where: Where
    spares: Spares = field(default=spares_nothing, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ClientHeld:
    """A client refused consent: nothing more about them leaves, until `exchange edge unhold`.

    Comes before the client's facts. What was sent before stays.
    """

    client: str
    where: Where


@dataclass(frozen=True, slots=True)
class Taken:
    """How the edge took the source as a whole: `words` for a person, without a value of a record.

    Comes once, after `Edition`. `covers`: the first and the last quarter that the source states it
    covers whole; None if it covers none, or holds only what changed.
    """

    words: str
    where: Where
    covers: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class NotWhole:
    """A part of the source is missing or damaged, so rows may be missing: no total is final.

    `why`: a short fixed phrase.
    """

    where: Where
    why: str


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row, or a part of one, that became no fact.

    `rule`: the broken rule in words, without the value. `part`: the rest of the row was read.
    `follows`: only because another row or file was refused, which has a refusal of its own.
    `record`: the source's own key of the row; only a list for the agency itself may show it.
    `period`: of what became no fact, 0 if unknown: no total of it is final.
    """

    where: Where
    column: str
    rule: str
    part: bool = False
    follows: bool = False
    record: str = field(default="", repr=False)
    period: int = 0


@dataclass(frozen=True, slots=True)
class RowIgnored:
    """A row that is not for the exchange (no trafficking program, outside the scope).

    `why`: a short fixed phrase.
    """

    where: Where
    why: str


Reading = (
    Fact | Withdrawn | Edition | Taken | NotWhole | Complete | ClientHeld | ClientWithdrawn | RowRefused | RowIgnored
)


class Source(Protocol):
    """An input that can be read any number of times, always in the same order."""

    @property
    def stays_here(self) -> Mapping[str, int]:
        """Kind of identifier → columns of this kind that the last `read` skipped unread."""

    def rows(self) -> int | None:
        """About how many rows are to be read, if that is cheap to know; for the progress bar."""

    def read(self) -> Iterator[Reading]:
        """The readings of each row, in order.

        A row that cannot be read is a `RowRefused`, and the next one follows. Raises
        SourceUnreadable for the input as a whole.
        """


@runtime_checkable
class ReadsFilesAlone(Protocol):
    """A source of which its files decide every reading, with the profile and the program alone."""

    def files(self) -> Sequence[Path]:
        """The files whose names and bytes decide; raises OSError, SourceUnreadable."""


class Nothing:
    """A source without a row: for a run that reports nothing, and withdraws nothing."""

    stays_here: Mapping[str, int] = MappingProxyType({})

    def rows(self) -> int:
        """No row."""
        return 0

    def read(self) -> Iterator[Reading]:
        """No reading, not even the end of a complete export."""
        return iter(())
