"""What `draws` records: closed epochs, spent budget, refused commands, releases to publish.

`draws` is kept for ever and is the only state of the release lane. This module folds it, record by
record, in offset order. The lane, the publisher, the calendar and the commands all read `draws`
here, so that none of them can read anything else from it.

Promised: taking records one by one or after a pause gives the same.

Not promised: anything about a transaction that is not committed. The records must come from a
read-committed reader.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from exchange.core.errors import ExchangeError, LedgerBehind
from exchange.core.model.epochs import EpochInvalid
from exchange.core.release.closed_epochs import Closed, Moment, carried_out, drawn, refused_at, released, relocated
from exchange.core.release.closing import ABOUT_THE_COMMAND
from exchange.engine.log import Partition, Reader, Record
from exchange.engine.reading import decided_ends, go_on, read_to
from exchange.wire.public_records import decode_heading
from exchange.wire.release_records import (
    Spent,
    decode_relocation,
    decode_spent,
    is_relocation_part,
    parse_ledger_part,
    parse_release_part,
)
from exchange.wire.topics import DRAWS

SOURCE: Final = Partition(DRAWS, 0)


class DrawsDamaged(ExchangeError):
    """`draws` does not hold the records that the release lane wrote there.

    No epoch is closed or published.
    """

    hint = (
        "Put the topic back from a replica, or make a new cluster from the last archive with `exchange restore`. It cannot"
        " be rebuilt: a second draw would have other noise, and the"
        " two together reveal more than the budget allows."
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A release to publish: its key and value in `releases`, and its epoch.

    `offset`: its offset in `draws`.
    """

    key: bytes
    value: bytes
    epoch: int
    offset: int


@dataclass(slots=True)
class DrawsState:
    """Everything in `draws` so far.

    `commands`: the ledger's entry for each command, by its offset in `epochs`, without agency
    tables. `keeps`: whether past figures of agency tables are kept. Only the draw of such tables
    needs them, and they are by far the largest part.
    """

    keeps: bool = False
    closed: Closed = field(default_factory=Closed)
    commands: dict[int, Spent] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    _keys: set[bytes] = field(default_factory=set)

    @property
    def refused(self) -> str:
        """The reason why the newest command was refused; empty where it was not."""
        newest = max(self.commands, default=None)
        return "" if newest is None else self.commands[newest].refused

    @property
    def hindered(self) -> str:
        """The newest reason since the last closed epoch that lies in the exchange itself.

        Empty where there is none. A command that was repeated, or came too early, hides no other.
        """
        for offset in sorted(self.commands, reverse=True):
            refused = self.commands[offset].refused
            if not refused:
                return ""
            if refused not in ABOUT_THE_COMMAND:
                return refused
        return ""

    def take(self, record: Record) -> None:
        """Take the next record.

        Raises DrawsDamaged unless it is of the ledger, or the first draw of a table and epoch.
        After the record that a restore writes first, every record is a copy from the archive.
        """
        if record.key is None or record.value is None:
            raise DrawsDamaged(f"{DRAWS}-0 offset {record.offset} holds no draw.")
        part, command = _parsed(record.key)
        if part is not None:
            if record.key in self._keys:
                raise DrawsDamaged(f"{DRAWS}-0 offset {record.offset} is a second draw of one table and epoch.")
            self._keys.add(record.key)
            self.parts.append(Part(*part[:1], record.value, part[1], record.offset))
            self.closed = drawn(self.closed, part[0], record.value)
            heading = decode_heading(record.value)
            if not heading.bit:
                self.closed = released(self.closed, heading.table, heading.codes)
        elif is_relocation_part(record.key):
            self.closed = relocated(self.closed, decode_relocation(record.value))
        elif command is not None:
            spent = decode_spent(record.value)
            brief = self.commands[command] = replace(spent, shown=(), reported=())
            self.closed = after(self.closed, spent if self.keeps else brief)
        else:
            raise DrawsDamaged(f"{DRAWS}-0 offset {record.offset} holds no draw.")


def _parsed(key: bytes) -> tuple[tuple[bytes, int] | None, int | None]:
    """The release or the command that a record is about.

    Neither where the key is not one of a draw.
    """
    try:
        return parse_release_part(key), parse_ledger_part(key)
    except (EpochInvalid, UnicodeDecodeError):
        return None, None


def after(closed: Closed, spent: Spent) -> Closed:
    """The closed epochs and the ledger after this command."""
    times = (spent.registered, spent.cut.cluster, spent.surely_ms)
    moment = Moment(spent.at_ms, spent.cut.offsets, *times, spent.clients_a_year)
    if spent.refused:
        return refused_at(closed, spent.position, moment.surely_ms)
    accounts = dict(spent.accounts)
    return carried_out(
        closed,
        spent.position,
        moment,
        epoch=spent.epoch,
        cut=spent.cut,
        accounts=accounts,
        shown=spent.shown,
        profiles=spent.reported,
    )


class DrawsFollower:
    """Reads `draws` on from where it stopped. Nobody else may use the reader.

    Committed records never change, so reading on gives the same as reading everything again.
    `waits`: called at each look while a transaction is open, and at each batch.
    """

    def __init__(self, reader: Reader, *, keeps: bool = False, waits: Callable[[], None] = go_on) -> None:
        self._reader = reader
        self._waits = waits
        self._position: int | None = None
        self.read = DrawsState(keeps)

    async def catch_up(self) -> DrawsState:
        """Everything that is written now, once all of it is decided.

        Nothing may be judged by less: an epoch that is not seen would be drawn again. Raises the
        engine's errors, DrawsDamaged, LedgerBehind, MessageUnreadable.
        """
        if self._position is None:
            begins = await self._reader.beginning_offsets([SOURCE])
            if begins[SOURCE]:
                raise DrawsDamaged(f"{DRAWS} begins at offset {begins[SOURCE]}: what was spent before is unknown.")
            self._reader.assign([SOURCE])
            self._reader.seek(SOURCE, 0)
            self._position = 0
        end = (await decided_ends(self._reader, [SOURCE], waits=self._waits))[SOURCE]
        if end < self._position:
            raise LedgerBehind(f"{DRAWS} ends at offset {end}, and was read up to {self._position} before.")
        async for _, records in read_to(self._reader, {SOURCE: end}):
            for record in records:
                self.read.take(record)
            self._waits()
        self._position = await self._reader.position(SOURCE)
        return self.read
