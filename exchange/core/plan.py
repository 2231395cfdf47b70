"""Counting without decoding: every field of an event is one byte at a known place, so a cell's coordinates are slices.

The plan is compiled once from the event classes and the tables. Records are put together by kind (one byte tells it) into
one array of rows; each table reads its columns as one number a row, counts equal numbers, and names the cell of each
distinct one, remembering it. Kinds with numbers to sum, `Tally`, `Correction` and records of unexpected length (a symbol
past the 64th) take the decoding path of `exchange.core.cells.increments`, which also defines what is right: a property
test holds the two equal.

Only admitted records come here: the gate has shown that they are the shortest encoding of an event of a known schema.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from exchange.core.cells import NATION, cell_bytes, grouped, increments
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
_OCTET: Final = np.uint64(8)
_AGENCY_SHIFT: Final = np.uint64(40)
"""Below an agency's number in a code: two bytes of period, up to three of dimensions."""
Decode = Callable[[bytes], Event]
T = TypeVar("T", bound=Hashable)
Rows = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint64]


@dataclass(slots=True)
class TablePlan(Generic[T]):
    """How one table reads its cells from a record: the bytes at `columns`, behind the period's two, are the cell's code."""

    table: Table
    columns: tuple[int, ...]
    """Places in the record: of the state, where the table has one, then of each dimension."""
    values: tuple[tuple[str, ...], ...]
    """For each dimension, its value for each Avro index (empty: not counted)."""
    memo: dict[int, T | None] = field(default_factory=dict)

    def cell(self, code: int, agencies: Sequence[bytes]) -> bytes | None:
        """The cell of a code; None when an event with it is not in the table."""
        octets = code.to_bytes(8, "big")[8 - 2 - len(self.columns) :]
        period, indices = _two_bytes(octets[0], octets[1]), [octet >> 1 for octet in octets[2:]]
        place = NATION
        if self.table.scope is Scope.STATE:
            place = _STATES[indices.pop(0)]
        elif self.table.scope is Scope.AGENCY:
            place = agencies[code >> int(_AGENCY_SHIFT)].decode("ascii")
        values = tuple(values[index] for values, index in zip(self.values, indices, strict=True))
        return None if "" in values else cell_bytes(self.table, period, place, values)


@dataclass(slots=True)
class KindPlan(Generic[T]):
    """The records of one body: how long they are, and the tables that count them by slices."""

    length: int
    tables: tuple[TablePlan[T], ...] = ()
    by_agency: bool = False
    by_slices: bool = True


class Plan(Generic[T]):
    """The compiled plan of all tables. `intern` gives the caller's own name for a cell, asked once for each code.

    Remembers codes (at most 65,536 a table) and the agencies it has met; otherwise without state.
    """

    def __init__(self, intern: Callable[[bytes], T], tables: Sequence[Table] = TABLES) -> None:
        self._intern = intern
        self._kinds: dict[int, KindPlan[T]] = {i << 1: _kind_plan(body, tables) for i, body in enumerate(BODIES)}
        self._numbers: dict[bytes, int] = {}
        self._agencies: list[bytes] = []

    def count(self, keys: Sequence[bytes], values: Sequence[bytes], decode: Decode) -> dict[T, int]:
        """What the records add to which cells, all together; raises CannotCount for bytes no gate admits.

        `keys` are the agencies, `values` the event bytes, in the same order.
        """
        counted: dict[T, int] = {}
        for kind, places in _by_kind(values):
            plan, some = self._kinds.get(kind), _picked(values, places)
            if plan is None or not plan.by_slices or set(map(len, some)) != {plan.length}:
                self._count_decoding(_picked(keys, places), some, decode, counted)
                continue
            rows = np.frombuffer(b"".join(some), np.uint8).reshape(len(some), plan.length)
            if (rows[:, _STATE:] & 0x81).any():
                raise CannotCount
            agencies = self._numbered(_picked(keys, places)) if plan.by_agency else None
            self._count_rows(plan, rows, agencies, counted)
        return counted

    def _count_rows(self, plan: KindPlan[T], rows: Rows, agencies: Codes | None, counted: dict[T, int]) -> None:
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
            self._add(table, distinct.tolist(), times.tolist(), counted)

    def _add(self, table: TablePlan[T], codes: list[int], times: list[int], counted: dict[T, int]) -> None:
        memo, get = table.memo, counted.get
        for code, n in zip(codes, times, strict=True):
            try:
                cell = memo[code]
            except KeyError:
                cell = self._remember(table, code)
            if cell is not None:
                counted[cell] = get(cell, 0) + n

    def _remember(self, table: TablePlan[T], code: int) -> T | None:
        if len(table.memo) >= _REMEMBERED:
            table.memo.clear()
        try:
            cell = table.cell(code, self._agencies)
        except IndexError:  # a code past the last of its list
            raise CannotCount from None
        found = table.memo[code] = None if cell is None else self._intern(cell)
        return found

    def _numbered(self, keys: Sequence[bytes]) -> Codes:
        """The agencies as numbers, new ones numbered as they come."""
        for key in set(keys):
            if key not in self._numbers:
                self._numbers[key] = len(self._agencies)
                self._agencies.append(key)
        return np.fromiter(map(self._numbers.__getitem__, keys), np.uint64, len(keys))

    def _count_decoding(
        self, keys: Sequence[bytes], values: Sequence[bytes], decode: Decode, counted: dict[T, int]
    ) -> None:
        for key, value in zip(keys, values, strict=True):
            for cell, n in increments(key.decode("ascii"), decode(value)):
                name = self._intern(cell)
                counted[name] = counted.get(name, 0) + n


def _by_kind(values: Sequence[bytes]) -> Iterator[tuple[int, list[int]]]:
    """Each kind with the places of its records."""
    if not values:
        return
    try:
        kinds = np.frombuffer(bytes(map(itemgetter(_KIND), values)), np.uint8)
    except IndexError:
        raise CannotCount from None
    order = np.argsort(kinds, kind="stable")
    distinct, starts = np.unique(kinds[order], return_index=True)
    for kind, places in zip(distinct.tolist(), np.split(order, starts[1:]), strict=True):
        yield kind, places.tolist()


def _picked(items: Sequence[bytes], places: list[int]) -> Sequence[bytes]:
    return itemgetter(*places)(items) if len(places) > 1 else [items[places[0]]]


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
    plans: tuple[TablePlan[T], ...] = tuple(_table_plan(table, names) for table in mine)
    return KindPlan(_FIELDS + len(names), plans, by_agency=any(table.scope is Scope.AGENCY for table in mine))


def _table_plan(table: Table, names: list[str]) -> TablePlan[T]:
    state = (_STATE,) if table.scope is Scope.STATE else ()
    columns = (*state, *(_FIELDS + names.index(d.field) for d in table.dimensions))
    if len(columns) > 3:
        raise ValueError(f"{table.name} has more axes than a code has room for")
    return TablePlan(table, columns, tuple(_codes(table, d) for d in table.dimensions))


def _codes(table: Table, dimension: Dimension) -> tuple[str, ...]:
    known = domain(table, dimension)
    values = [grouped(dimension, str(member.value)) for member in field_type(table.body, dimension.field)]
    return tuple(value if value in known and value != NOT_APPLICABLE else "" for value in values)
