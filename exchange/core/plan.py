"""Counting without decoding: every field of an event is one byte at a known place, so a cell's coordinates are slices.

The plan is compiled once from the event classes and the tables. Records are put together by kind (one byte tells it), then
each table counts equal slices and names the cell of each distinct slice, remembering it. Kinds with numbers to sum,
`Tally`, `Correction` and records of unexpected length (a symbol past the 64th) take the decoding path of
`exchange.core.cells.increments`, which also defines what is right: a property test holds the two equal.

Only admitted records come here: the gate has shown that they are the shortest encoding of an event of a known schema.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import Final

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


@dataclass(slots=True)
class TablePlan:
    """How one table reads its cells from a record: `cut` gives the slice, `values_at` where in it each dimension is."""

    table: Table
    cut: Callable[[bytes], bytes]
    codes: tuple[tuple[int, tuple[str, ...]], ...]
    """For each dimension: its place in the slice, and its value for each Avro index (empty: not counted)."""
    memo: dict[bytes, tuple[bytes, bytes] | None] = field(default_factory=dict)

    def split_cell(self, raw: bytes) -> tuple[bytes, bytes] | None:
        """The cell before and after its place; None when an event with this slice is not in the table."""
        memo = self.memo
        if raw in memo:
            return memo[raw]
        if len(memo) >= _REMEMBERED:
            memo.clear()
        found = memo[raw] = self._split(raw)
        return found

    def _split(self, raw: bytes) -> tuple[bytes, bytes] | None:
        period = _two_bytes(raw[0], raw[1])
        values = tuple(codes[_one_byte(raw[at])] for at, codes in self.codes)
        if "" in values:
            return None
        before, after = cell_bytes(self.table, period, "\n", values).split(b"\n")
        return before, after


@dataclass(slots=True)
class KindPlan:
    """The records of one body: how long they are, and the tables that count them by slices."""

    length: int
    tables: tuple[TablePlan, ...]
    by_slices: bool


class Plan:
    """The compiled plan of all tables. Remembers slices (at most 65,536 a table); otherwise without state."""

    def __init__(self, tables: Sequence[Table] = TABLES) -> None:
        self._kinds: dict[int, KindPlan] = {i << 1: _kind_plan(body, tables) for i, body in enumerate(BODIES)}

    def count(self, keys: Sequence[bytes], values: Sequence[bytes], decode: Decode) -> dict[bytes, int]:
        """What the records add to which cells, all together; raises CannotCount for bytes no gate admits.

        `keys` are the agencies, `values` the event bytes, in the same order.
        """
        counted: dict[bytes, int] = {}
        for kind, (some_keys, some) in _by_kind(keys, values).items():
            plan = self._kinds.get(kind)
            if plan is None or not plan.by_slices or set(map(len, some)) != {plan.length}:
                _count_decoding(some_keys, some, decode, counted)
                continue
            for table in plan.tables:
                if table.table.scope is Scope.STATE:
                    _count_states(table, some, counted)
                else:
                    _count_agencies(table, some_keys, some, counted)
        return counted


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


def _count_states(plan: TablePlan, values: Sequence[bytes], counted: dict[bytes, int]) -> None:
    for raw, n in Counter(map(plan.cut, values)).items():
        split = plan.split_cell(raw)
        if split is not None:
            cell = b"%b%b%b" % (split[0], _STATES[_one_byte(raw[2])].encode(), split[1])
            counted[cell] = counted.get(cell, 0) + n


def _count_agencies(plan: TablePlan, keys: Sequence[bytes], values: Sequence[bytes], counted: dict[bytes, int]) -> None:
    for (agency, raw), n in Counter(zip(keys, map(plan.cut, values), strict=True)).items():
        split = plan.split_cell(raw)
        if split is not None:
            cell = b"%b%b%b" % (split[0], agency, split[1])
            counted[cell] = counted.get(cell, 0) + n


def _count_decoding(keys: Sequence[bytes], values: Sequence[bytes], decode: Decode, counted: dict[bytes, int]) -> None:
    for key, value in zip(keys, values, strict=True):
        for cell, n in increments(key.decode("ascii"), decode(value)):
            counted[cell] = counted.get(cell, 0) + n


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


def _kind_plan(body: type[Body], tables: Sequence[Table]) -> KindPlan:
    mine = [table for table in tables if table.body is body]
    names = [f.name for f in fields(body)]
    plain = body not in (Tally, Correction) and not any(is_number(body, name) for name in names)
    if not plain or any(table.measure for table in mine):
        return KindPlan(0, (), by_slices=False)
    return KindPlan(_FIELDS + len(names), tuple(_table_plan(table, names) for table in mine), by_slices=True)


def _table_plan(table: Table, names: list[str]) -> TablePlan:
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
