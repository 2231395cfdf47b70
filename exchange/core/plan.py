"""Counting without decoding: every field of an event is one byte at a known place, so a cell's coordinates are slices.

The plan is compiled once from the event classes and the tables. Records are put together by kind (one byte tells it), then
each table counts equal slices and names the cell of each distinct slice, remembering it. Kinds with numbers to sum,
`Tally`, `Correction` and records of unexpected length (a symbol past the 64th) take the decoding path of
`exchange.core.cells.increments`, which also defines what is right: a property test holds the two equal.

Only admitted records come here: the gate has shown that they are the shortest encoding of an event of a known schema.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import Final, Generic, TypeVar

from exchange.core.cells import cell_bytes, grouped, increments
from exchange.core.errors import CannotCount
from exchange.core.events import BODIES, Body, Correction, Event, Tally
from exchange.core.period import is_period
from exchange.core.tables import NOT_APPLICABLE, TABLES, Dimension, Scope, Table, domain, field_type, is_number
from exchange.core.vocabulary import UsState

HEAD: Final = 45
"""Bytes before the period: magic, schema id, sequence, previous."""
_STATE, _KIND, _FIELDS = HEAD + 2, HEAD + 4, HEAD + 5
_STATES: Final = tuple(str(state.value) for state in UsState)
_REMEMBERED: Final = 1 << 16
Decode = Callable[[bytes], Event]
T = TypeVar("T", bound=Hashable)
Slice = bytes | tuple[bytes, bytes]
"""Bytes cut from a record, with the agency before them for tables by agency."""


@dataclass(slots=True)
class TablePlan(Generic[T]):
    """How one table reads its cells from a record: `cut` gives the slice that tells them apart."""

    table: Table
    cut: Callable[[bytes], bytes]
    codes: tuple[tuple[int, tuple[str, ...]], ...]
    """For each dimension: its place in the slice, and its value for each Avro index (empty: not counted)."""
    memo: dict[bytes | tuple[bytes, bytes], T | None] = field(default_factory=dict)

    def cell(self, raw: bytes, place: str) -> bytes | None:
        """The cell that an event with this slice counts in; None when it is not in the table."""
        period = _two_bytes(raw[0], raw[1])
        values = tuple(codes[_one_byte(raw[at])] for at, codes in self.codes)
        return None if "" in values else cell_bytes(self.table, period, place, values)


@dataclass(slots=True)
class KindPlan(Generic[T]):
    """The records of one body: how long they are, and the tables that count them by slices."""

    length: int
    by_state: tuple[TablePlan[T], ...] = ()
    by_agency: tuple[TablePlan[T], ...] = ()
    by_slices: bool = True


class Plan(Generic[T]):
    """The compiled plan of all tables. `intern` gives the caller's own name for a cell, asked once for each slice.

    Remembers slices (at most 65,536 a table); otherwise without state.
    """

    def __init__(self, intern: Callable[[bytes], T], tables: Sequence[Table] = TABLES) -> None:
        self._intern = intern
        self._kinds: dict[int, KindPlan[T]] = {i << 1: _kind_plan(body, tables) for i, body in enumerate(BODIES)}

    def count(self, keys: Sequence[bytes], values: Sequence[bytes], decode: Decode) -> dict[T, int]:
        """What the records add to which cells, all together; raises CannotCount for bytes no gate admits.

        `keys` are the agencies, `values` the event bytes, in the same order.
        """
        counted: dict[T, int] = {}
        for kind, (some_keys, some) in _by_kind(keys, values).items():
            plan = self._kinds.get(kind)
            if plan is None or not plan.by_slices or set(map(len, some)) != {plan.length}:
                self._count_decoding(some_keys, some, decode, counted)
                continue
            for table in plan.by_state:
                self._count(table, Counter(map(table.cut, some)), counted)
            for table in plan.by_agency:
                self._count(table, Counter(zip(some_keys, map(table.cut, some), strict=True)), counted)
        return counted

    def _count(self, table: TablePlan[T], slices: Counter[Slice], counted: dict[T, int]) -> None:
        memo, get = table.memo, counted.get
        for raw, n in slices.items():
            try:
                cell = memo[raw]
            except KeyError:
                cell = self._remember(table, raw)
            if cell is not None:
                counted[cell] = get(cell, 0) + n

    def _remember(self, table: TablePlan[T], raw: Slice) -> T | None:
        if len(table.memo) >= _REMEMBERED:
            table.memo.clear()
        try:
            if isinstance(raw, bytes):
                cell = table.cell(raw, _STATES[_one_byte(raw[2])])
            else:
                cell = table.cell(raw[1], raw[0].decode("ascii"))
        except IndexError:  # a code past the last of its list
            raise CannotCount from None
        found = table.memo[raw] = None if cell is None else self._intern(cell)
        return found

    def _count_decoding(
        self, keys: Sequence[bytes], values: Sequence[bytes], decode: Decode, counted: dict[T, int]
    ) -> None:
        for key, value in zip(keys, values, strict=True):
            for cell, n in increments(key.decode("ascii"), decode(value)):
                name = self._intern(cell)
                counted[name] = counted.get(name, 0) + n


def _by_kind(keys: Sequence[bytes], values: Sequence[bytes]) -> dict[int, tuple[list[bytes], list[bytes]]]:
    found: dict[int, tuple[list[bytes], list[bytes]]] = {}
    for key, value in zip(keys, values, strict=True):
        kind = value[_KIND] if len(value) > _KIND else -1
        try:
            some_keys, some = found[kind]
        except KeyError:
            some_keys, some = found[kind] = ([], [])
        some_keys.append(key)
        some.append(value)
    return found


def _one_byte(octet: int) -> int:
    """The Avro index of a byte: zigzag, so an odd one is negative and a high bit starts a longer number."""
    if octet & 0x81:
        raise CannotCount
    return octet >> 1


def _two_bytes(low: int, high: int) -> int:
    number = ((high << 7) | (low & 0x7F)) >> 1
    if not low & 0x80 or high & 0x80 or low & 1 or not is_period(number):
        raise CannotCount
    return number


def _kind_plan(body: type[Body], tables: Sequence[Table]) -> KindPlan[T]:
    mine = [table for table in tables if table.body is body]
    names = [f.name for f in fields(body)]
    plain = body not in (Tally, Correction) and not any(is_number(body, name) for name in names)
    if not plain or any(table.measure for table in mine):
        return KindPlan(0, by_slices=False)
    by_state: tuple[TablePlan[T], ...] = tuple(
        _table_plan(table, names) for table in mine if table.scope is Scope.STATE
    )
    by_agency: tuple[TablePlan[T], ...] = tuple(
        _table_plan(table, names) for table in mine if table.scope is Scope.AGENCY
    )
    return KindPlan(_FIELDS + len(names), by_state, by_agency)


def _table_plan(table: Table, names: list[str]) -> TablePlan[T]:
    offsets = [_FIELDS + names.index(d.field) for d in table.dimensions]
    end = max(offsets, default=_STATE) + 1
    if end - HEAD - 3 <= len(offsets) + 2:  # few foreign bytes in between: one slice is cheaper than two
        cut: Callable[[bytes], bytes] = itemgetter(slice(HEAD, end))
        places = [offset - HEAD for offset in offsets]
    else:
        cut, places = _cut(offsets), list(range(3, 3 + len(offsets)))
    codes = tuple((at, _codes(table, d)) for at, d in zip(places, table.dimensions, strict=True))
    return TablePlan(table, cut, codes)


def _cut(offsets: list[int]) -> Callable[[bytes], bytes]:
    """Period, state and the bytes at the offsets, in their order."""
    if len(offsets) == 1:
        only = slice(offsets[0], offsets[0] + 1)
        return lambda value: value[HEAD : _STATE + 1] + value[only]
    if len(offsets) == 2 and offsets[0] < offsets[1]:
        pair = slice(offsets[0], offsets[1] + 1, offsets[1] - offsets[0])
        return lambda value: value[HEAD : _STATE + 1] + value[pair]
    pick = itemgetter(*offsets)
    return lambda value: value[HEAD : _STATE + 1] + bytes(pick(value))


def _codes(table: Table, dimension: Dimension) -> tuple[str, ...]:
    known = domain(table, dimension)
    values = [grouped(dimension, str(member.value)) for member in field_type(table.body, dimension.field)]
    return tuple(value if value in known and value != NOT_APPLICABLE else "" for value in values)
