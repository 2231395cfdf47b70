"""Counting marked events about clients by slices, as the fold counts: nearly nothing is decoded.

An event about a client is a row: period, state, marks, kind, then its fields, one byte each. Three
slices say where it counts: its period in which block, its state in which place, its fields in which
value. What a slice means is learnt from the definitions, once for each of its values: from
`exchange.core.release.tiers.block_of`, `ReleasedTable.place` and `ReleasedTable.value_of`.

Promised: what `exchange.core.release.draw.counted` counts of the same events, which a property test
holds. Every byte of a row that is counted is one that its field may have. Left to the caller:
corrections, tallies, events about agencies, and whatever has another length or schema.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from exchange.core.counting.tables import Tier
from exchange.core.errors import PeriodInvalid
from exchange.core.model.event_layout import (
    CAP,
    FIELDS,
    HEAD,
    KIND,
    PREFIX,
    SEQUENCE,
    SEQUENCE_OCTETS,
    STATE,
    cap_octet,
    parse_period_octets,
    state_of_octet,
)
from exchange.core.model.events import BODIES, About, Body
from exchange.core.model.vocabulary import UsState
from exchange.core.release.client_tables import ReleasedTable
from exchange.core.release.draw import Counted, Due, Reading, reading_of
from exchange.core.release.tiers import block_of
from exchange.wire.event_rows import body_of, row_codes, row_length
from exchange.wire.schemas import newest

if TYPE_CHECKING:
    from exchange.core.admission.cap_rules import Cap

Octets: TypeAlias = npt.NDArray[np.uint8]
Numbers: TypeAlias = npt.NDArray[np.int64]
Which: TypeAlias = npt.NDArray[np.bool_]

_BODY: Final = KIND - HEAD
"""In a row, the first byte of the body."""
_STATE, _CAP = STATE - HEAD, CAP - HEAD
_CODE_BITS: Final = 7
"""A code is an even byte: seven bits say which."""
_NOWHERE, _UNMET = -1, -2


class Values:
    """The values of some records, side by side in one array of bytes."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self._lengths = np.fromiter(map(len, values), np.int64, len(values))
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._octets = np.frombuffer(b"".join((*values, bytes(FIELDS))), np.uint8)

    def __len__(self) -> int:
        return len(self._lengths)

    def part(self, first: int, length: int, places: Numbers | slice = slice(None)) -> Octets:
        """So many bytes of each record, from this one on; behind a short record, any bytes."""
        parts: Octets = sliding_window_view(self._octets, length)[self._starts[places] + first]
        return parts

    def sequences(self) -> npt.NDArray[np.uint64]:
        """The events' places in their agencies' chains."""
        return self.part(SEQUENCE.start, SEQUENCE_OCTETS).view(">u8")[:, 0].astype(np.uint64)

    def rows(self) -> Iterator[tuple[type[Body], Numbers, Octets]]:
        """The rows of each kind of event about clients, with their places among the records."""
        prefix = np.frombuffer(newest("event").prefix, np.uint8)
        newest_ones = (self.part(0, PREFIX) == prefix).all(axis=1)
        kinds = self.part(KIND, 1)[:, 0]
        for octet, body in _ROWS.items():
            length = HEAD + _BODY + row_length(body)
            places = np.flatnonzero((kinds == octet) & (self._lengths == length) & newest_ones)
            if len(places):
                yield body, places, self.part(HEAD, length - HEAD, places)


_ROWS: Final[Mapping[int, type[Body]]] = {
    cap_octet(place)[0]: body for place, body in enumerate(BODIES) if body.about is About.CLIENT and row_length(body)
}
"""By the byte of their kind, the events about clients that are rows."""


class Learnt:
    """A number for each key below `size`, asked for once: when the key is met first."""

    def __init__(self, size: int) -> None:
        self._numbers = np.full(size, _UNMET, np.int64)

    def of(self, keys: Numbers, ask: Callable[[int], int]) -> Numbers:
        """The numbers of these keys. `ask`: for the number of the key at one place."""
        found = self._numbers[keys]
        unmet = np.flatnonzero(found == _UNMET)
        if not len(unmet):
            return found
        new, first = np.unique(keys[unmet], return_index=True)
        self._numbers[new] = [ask(place) for place in unmet[first].tolist()]
        return self._numbers[keys]


@dataclass(slots=True)
class Periods:
    """What the two bytes of a period mean: which period, and in which block of a tier it counts."""

    known: Learnt = field(default_factory=lambda: Learnt(1 << 16))
    blocks: dict[tuple[Tier, int], Learnt] = field(default_factory=dict)

    def of(self, rows: Octets) -> Numbers:
        """The period of each row; below 0: its bytes are none."""
        return self.known.of(_words(rows), lambda place: _period(rows[place]))

    def blocks_of(self, tier: Tier, epoch: int, rows: Octets) -> Numbers:
        """The block of each row, whose periods are known; below 0: it counts in none."""

        def ask(place: int) -> int:
            block = block_of(tier, epoch, _period(rows[place]))
            return _NOWHERE if block is None else block

        return self.blocks.setdefault((tier, epoch), Learnt(1 << 16)).of(_words(rows), ask)


def _words(rows: Octets) -> Numbers:
    return rows[:, 0].astype(np.int64) << 8 | rows[:, 1]


def _period(row: Octets) -> int:
    try:
        return parse_period_octets(row[:_STATE].tobytes())
    except PeriodInvalid:
        return _NOWHERE


class TableSlices:
    """The counts of one table that is due, of the events of one body."""

    def __init__(self, due: Due, body: type[Body], counts: Numbers) -> None:
        self.due, self._counts = due, counts
        row, codes = due.row, row_codes(body)
        self._places, self._values = ({name: n for n, name in enumerate(all_)} for all_ in (row.places, row.codes))
        dimensions = row.table.dimensions if row.table else ()
        self._columns = [_BODY + codes[one.field][0] for one in dimensions]
        self._states, self._learnt = Learnt(1 << 8), Learnt(1 << _CODE_BITS * len(self._columns))

    def add(self, rows: Octets, blocks: Numbers) -> None:
        """Count rows in their blocks."""
        places = self._states.of(rows[:, _STATE].astype(np.int64), lambda at: self._place(rows[at]))
        values = self._learnt.of(self._keys(rows), lambda at: self._value(rows[at]))
        cells = (blocks * len(self._places) + places) * len(self._values) + values
        cells = cells[(places != _NOWHERE) & (values != _NOWHERE)]
        self._counts += np.bincount(cells, minlength=len(self._counts))

    def _keys(self, rows: Octets) -> Numbers:
        keys = np.zeros(len(rows), np.int64)
        for column in self._columns:
            keys = keys << _CODE_BITS | rows[:, column] >> 1
        return keys

    def _place(self, row: Octets) -> int:
        return self._places.get(self.due.row.place(state_of_octet(row[_STATE])), _NOWHERE)

    def _value(self, row: Octets) -> int:
        body = body_of(row[_BODY:].tobytes())
        value = None if body is None else self.due.row.value_of(body)
        return _NOWHERE if value is None else self._values[value]


class BodySlices:
    """The tables that count the events of one body, in groups that look at the same events."""

    def __init__(self, body: type[Body], due: Iterable[tuple[Due, Numbers]]) -> None:
        self._known = [(_STATE, _which(_STATES)), (_CAP, _which(_CAPS))]
        self._known += [(_BODY + place, _which(octets)) for place, octets in row_codes(body).values()]
        self._groups: dict[tuple[Reading, Tier, int], dict[Cap, list[TableSlices]]] = {}
        for one, counts in due:
            if _feeds(body, one.row):
                group = self._groups.setdefault((reading_of(one.row.tier), one.row.tier, one.epoch), {})
                group.setdefault(one.row.bit, []).append(TableSlices(one, body, counts))

    def sound(self, rows: Octets, periods: Periods) -> Which:
        """Which of the rows are events: each byte is one that its field may have."""
        sound: Which = periods.of(rows) != _NOWHERE
        for column, known in self._known:
            sound &= known[rows[:, column]]
        return sound

    def add(self, rows: Octets, behind: Mapping[Reading, Which], periods: Periods) -> None:
        """Count rows that are sound. `behind`: which of them are behind a reading's cut."""
        for (reading, tier, epoch), of_bits in self._groups.items():
            if reading not in behind:
                continue
            blocks = periods.blocks_of(tier, epoch, rows)
            here = behind[reading] & (blocks != _NOWHERE)
            for bit, tables in of_bits.items():
                places = np.flatnonzero(here & (rows[:, _CAP] >> 1 & bit).astype(np.bool_))
                for table in tables if len(places) else ():
                    table.add(rows[places], blocks[places])


def _which(octets: bytes) -> Which:
    which = np.zeros(1 << 8, np.bool_)
    which[list(octets)] = True
    return which


_STATES: Final = b"".join(map(cap_octet, range(len(UsState))))
_CAPS: Final = b"".join(map(cap_octet, range(64)))


def _feeds(body: type[Body], row: ReleasedTable) -> bool:
    return row.table is None or body is row.table.body


class SliceCounts:
    """The counts of tables that are due, of marked events about clients."""

    def __init__(self, due: Sequence[Due]) -> None:
        self._counts = [(one, np.zeros(one.length, np.int64)) for one in due]
        self._bodies: dict[type[Body], BodySlices] = {}
        self._periods = Periods()

    def take(self, values: Values, behind: Mapping[Reading, Which]) -> tuple[Numbers, Numbers]:
        """Count the rows that have marks; those without are in no table.

        Returns two lists of places: of what is no row, for the caller, and of damaged rows.
        """
        others, damaged = np.full(len(values), fill_value=True), [np.empty(0, np.int64)]
        for body, places, rows in values.rows():
            others[places] = False
            if body not in self._bodies:
                self._bodies[body] = BodySlices(body, self._counts)
            marked = np.flatnonzero(rows[:, _CAP])
            damaged.append(self._count(self._bodies[body], places[marked], rows[marked], behind))
        return np.flatnonzero(others), np.concatenate(damaged)

    def _count(self, slices: BodySlices, places: Numbers, rows: Octets, behind: Mapping[Reading, Which]) -> Numbers:
        """Count the rows that are sound. Returns the places of the others."""
        sound = slices.sound(rows, self._periods)
        if not sound.all():
            return places[~sound]
        slices.add(rows, {reading: which[places] for reading, which in behind.items()}, self._periods)
        return places[:0]

    def counted(self, reading: Reading) -> tuple[Counted, ...]:
        """The exact counts so far of the tables of one reading, in their order."""
        mine = (one for one in self._counts if reading_of(one[0].row.tier) is reading)
        return tuple(Counted(due, tuple(counts.tolist())) for due, counts in mine)
