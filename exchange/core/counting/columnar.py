"""Counting without decoding: each field of an event is one byte at a known place.

So the coordinates of a cell are slices of the record. The plan is compiled once from the event
classes and the tables. Records of one kind (one byte tells it) form one array of rows. Each table
reads its columns as one number a row, counts equal numbers, names the cell of each distinct number,
and remembers it.

Some records take the slow path, `exchange.core.counting.cells.increments`: kinds with numbers to
sum or to count by, `Tally`, `Correction`, and records of unexpected length (a symbol past the
64th). The slow path defines the right result; a property test holds the two equal. Wide fields that
no table reads, such as a heartbeat's signature, are passed over.

Only admitted records come here. The gate has shown that each is the shortest encoding of an event
of a known schema.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import accumulate, repeat
from operator import itemgetter
from typing import Final

import numpy as np
import numpy.typing as npt

from exchange.core.counting.cells import NATION, grouped, increments
from exchange.core.counting.counts import Numbers
from exchange.core.counting.tables import NOT_APPLICABLE, TABLES, Dimension, Scope, Table, domain, field_type, is_number
from exchange.core.errors import CannotCount, PeriodInvalid
from exchange.core.model.event_layout import FIELDS, HEAD, KIND, STATE, parse_period_octets
from exchange.core.model.events import BODIES, Body, Event
from exchange.core.model.field_types import FieldType, field_types
from exchange.core.model.period import period_text
from exchange.core.model.vocabulary import UsState

_STATES: Final = tuple(str(state.value).encode("ascii") for state in UsState)
REMEMBERED: Final = 1 << 16
"""Codes of one table whose slots are remembered; when there are more, all are found anew."""
_OCTET, _ONE, _BYTE, _TWO_BYTES = map(np.uint64, (8, 1, 0xFF, 0xFFFF))
_AGENCY_SHIFT: Final = np.uint64(40)
"""Below an agency's number in a code: two bytes of period, up to three of dimensions."""
Decode = Callable[[bytes], Event]
Rows = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint64]
Name = Callable[[Iterator[bytes]], Numbers]
"""The slots of cells, by their names."""
_NOT_COUNTED: Final = -1


@dataclass(slots=True)
class TablePlan:
    """How one table reads a cell's code from a record: the period, then the bytes at `columns`."""

    table: Table
    columns: tuple[int, ...]
    """Places in the record: of the state, where the table has one, then of each dimension."""
    parts: tuple[tuple[bytes, ...], ...]
    """For each column its part of a cell's name for each Avro index (empty: not counted)."""
    codes: Codes = field(default_factory=lambda: np.empty(0, np.uint64))
    """The codes met so far, ascending."""
    slots: Numbers = field(default_factory=lambda: np.empty(0, np.int64))
    """For each of them the slot of its cell, or that it is not counted."""

    def slots_of(self, codes: Codes, agencies: Sequence[bytes], name: Name, remembered: int) -> Numbers:
        """The slots of distinct codes, ascending."""
        places = np.searchsorted(self.codes, codes)
        known = places < len(self.codes)
        known[known] = self.codes[places[known]] == codes[known]
        if known.all():
            return self.slots[places]
        if len(self.codes) > remembered:
            self.codes, self.slots = self.codes[:0], self.slots[:0]
            known[:] = False
        new = codes[~known]
        slots = self._named(new, agencies, name)
        places = np.searchsorted(self.codes, new)
        self.codes, self.slots = np.insert(self.codes, places, new), np.insert(self.slots, places, slots)
        return self.slots[np.searchsorted(self.codes, codes)]

    def _named(self, codes: Codes, agencies: Sequence[bytes], name: Name) -> Numbers:
        """The slots of codes that are new; raises IndexError for one past the last of its list."""
        counted = np.full(len(codes), fill_value=True)
        indices = []
        for at, parts in zip(range(len(self.columns) - 1, -1, -1), self.parts, strict=True):
            index = (codes >> np.uint64(8 * at) & _BYTE) >> _ONE
            counted &= np.array([part != b"" for part in parts])[index]
            indices.append(index)
        named = codes[counted]
        periods = (named >> np.uint64(8 * len(self.columns)) & _TWO_BYTES).tolist()
        words: list[Iterable[bytes]] = [
            map({period: _period_part(period) for period in set(periods)}.__getitem__, periods)
        ]
        if self.table.scope is Scope.AGENCY:
            words.append(map(agencies.__getitem__, (named >> _AGENCY_SHIFT).tolist()))
        elif self.table.scope is Scope.NATION:
            words.append(repeat(NATION.encode("ascii"), len(named)))
        words += [
            map(parts.__getitem__, index[counted].tolist()) for parts, index in zip(self.parts, indices, strict=True)
        ]
        front = self.table.name.encode("ascii")
        slots = np.full(len(codes), _NOT_COUNTED, np.int64)
        slots[counted] = name(map(b"|".join, zip(repeat(front), *words)))
        return slots


@dataclass(slots=True)
class KindPlan:
    """The records of one body: how long they are, and the tables that count them by slices."""

    length: int
    tables: tuple[TablePlan, ...] = ()
    by_agency: bool = False
    by_slices: bool = True
    narrow: Sequence[int] | None = None
    """Places of the state, the marks, the kind and each field of one byte; None: all from there."""


class ColumnPlan:
    """The compiled plan of all tables.

    `slots` gives the caller's numbers of cells, once for each code.

    Remembers codes (about `remembered` a table) and the agencies it has met; otherwise without
    state.
    """

    def __init__(self, slots: Name, tables: Sequence[Table] = TABLES, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._slots = slots
        self._kinds: dict[int, KindPlan] = {i << 1: _kind_plan(body, tables) for i, body in enumerate(BODIES)}
        self._numbers: dict[bytes, int] = {}
        self._agencies: list[bytes] = []

    def count(self, keys: Sequence[bytes], values: Sequence[bytes], decode: Decode) -> tuple[Numbers, Numbers]:
        """The slots and increments of records; raises CannotCount for bytes that no gate admits.

        `keys`: the agencies, `values`: the event bytes, in the same order. Returns two arrays of
        one length, slots and increments; a slot may come more than once.
        """
        counted: list[tuple[Numbers, Numbers]] = []
        decoded: list[tuple[bytes, int]] = []
        for kind, places in _by_kind(values):
            plan, some = self._kinds.get(kind), _picked(values, places)
            if plan is None or not plan.by_slices or set(map(len, some)) != {plan.length}:
                decoded += _decoded(_picked(keys, places), some, decode)
                continue
            rows = np.frombuffer(b"".join(some), np.uint8).reshape(len(some), plan.length)
            if ((rows[:, STATE:] if plan.narrow is None else rows[:, plan.narrow]) & 0x81).any():
                raise CannotCount
            agencies = self._numbered(_picked(keys, places)) if plan.by_agency else None
            counted += self._by_slices(plan, rows, agencies)
        cells, times = (cell for cell, _ in decoded), (n for _, n in decoded)
        counted.append((self._slots(cells), np.fromiter(times, np.int64, len(decoded))))
        return np.concatenate([slots for slots, _ in counted]), np.concatenate([n for _, n in counted])

    def _by_slices(self, plan: KindPlan, rows: Rows, agencies: Codes | None) -> Iterator[tuple[Numbers, Numbers]]:
        columns: dict[int, Codes] = {}
        period = rows[:, HEAD].astype(np.uint64) << _OCTET | rows[:, HEAD + 1]
        for table in plan.tables:
            codes = period
            for at in table.columns:
                if at not in columns:
                    columns[at] = rows[:, at].astype(np.uint64)
                codes = codes << _OCTET | columns[at]
            if table.table.scope is Scope.AGENCY and agencies is not None:
                codes = codes | agencies << _AGENCY_SHIFT
            distinct, times = np.unique(codes, return_counts=True)
            try:
                slots = table.slots_of(distinct, self._agencies, self._slots, self._remembered)
            except IndexError:  # a code past the last of its list
                raise CannotCount from None
            counts = slots != _NOT_COUNTED
            yield slots[counts], times[counts]

    def _numbered(self, keys: Sequence[bytes]) -> Codes:
        """The agencies as numbers, new ones numbered as they come."""
        for key in set(keys):
            if key not in self._numbers:
                self._numbers[key] = len(self._agencies)
                self._agencies.append(key)
        return np.fromiter(map(self._numbers.__getitem__, keys), np.uint64, len(keys))


def _decoded(keys: Sequence[bytes], values: Sequence[bytes], decode: Decode) -> Iterator[tuple[bytes, int]]:
    for key, value in zip(keys, values, strict=True):
        yield from increments(key.decode("ascii"), decode(value))


def _by_kind(values: Sequence[bytes]) -> Iterator[tuple[int, list[int]]]:
    """Each kind with the places of its records."""
    if not values:
        return
    try:
        kinds = np.frombuffer(bytes(map(itemgetter(KIND), values)), np.uint8)
    except IndexError:
        raise CannotCount from None
    order = np.argsort(kinds, kind="stable")
    distinct, starts = np.unique(kinds[order], return_index=True)
    for kind, places in zip(distinct.tolist(), np.split(order, starts[1:]), strict=True):
        yield kind, places.tolist()


def _picked(items: Sequence[bytes], places: list[int]) -> Sequence[bytes]:
    return itemgetter(*places)(items) if len(places) > 1 else [items[places[0]]]


def _period_part(octets: int) -> bytes:
    try:
        return period_text(parse_period_octets(octets.to_bytes(2, "big"))).encode("ascii")
    except PeriodInvalid:
        raise CannotCount from None


def _kind_plan(body: type[Body], tables: Sequence[Table]) -> KindPlan:
    mine = [table for table in tables if table.body is body]
    widths = {one.name: _width(one) for one in field_types(body)}
    read = [d.field for table in mine for d in table.dimensions]
    if 0 in widths.values() or any(table.measure for table in mine) or any(is_number(body, name) for name in read):
        return KindPlan(0, by_slices=False)
    ends = list(accumulate(widths.values(), initial=FIELDS))
    places = dict(zip(widths, ends, strict=False))
    plans: tuple[TablePlan, ...] = tuple(_table_plan(table, places) for table in mine)
    narrow = [*range(STATE, FIELDS), *(place for name, place in places.items() if widths[name] == 1)]
    by_agency = any(table.scope is Scope.AGENCY for table in mine)
    return KindPlan(ends[-1], plans, by_agency, narrow=None if len(narrow) == ends[-1] - STATE else narrow)


def _width(one: FieldType) -> int:
    """The bytes of a field; 0 if it has not always as many."""
    if one.octets:
        return one.octets if one.hint in (int, bytes) else 0
    return int(one.bounds is not None or (isinstance(one.hint, type) and issubclass(one.hint, Enum)))


def _table_plan(table: Table, places: Mapping[str, int]) -> TablePlan:
    state = (STATE,) if table.scope is Scope.STATE else ()
    columns = (*state, *(places[d.field] for d in table.dimensions))
    if len(columns) > 3:
        raise ValueError(f"{table.name} has more axes than a code has room for")
    parts = tuple(_parts(table, d) for d in table.dimensions)
    return TablePlan(table, columns, (_STATES, *parts) if state else parts)


def _parts(table: Table, dimension: Dimension) -> tuple[bytes, ...]:
    known = domain(table, dimension)
    values = [grouped(dimension, str(member.value)) for member in field_type(table.body, dimension.field)]
    return tuple(value.encode("ascii") if value in known and value != NOT_APPLICABLE else b"" for value in values)
