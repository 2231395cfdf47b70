"""The facts of a whole sheet of ours, and what its absences show.

Rules kept: a case's quarter that the sheet names, and of which every row was read, is complete:
what the sheet no longer states about it is gone. A case or quarter without a row shows nothing. If
a row's case or quarter cannot be read, or a row was damaged, no absence shows anything. Two rows
that state different answers to one question refuse both; the first of equal ones counts.

Memory: a number for each fact, and the sheet's cases with their quarters.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from exchange.core.model.vocabulary import UsState
from producers.facts import ClientHeld, Complete, Fact, NotWhole, Reading, RowIgnored, RowRefused, Where
from producers.sources.sheets.form.consent import KEPT_BACK, BlankConsent, ConsentSeen
from producers.sources.sheets.form.field_rows import FieldRow, FieldTable
from producers.sources.sheets.form.form_facts import RowRead, RowReader, RowStated, case_prefix, kind_of
from producers.sources.sheets.form.period_cells import PeriodCells

CONTRADICTED: Final = "another row holds another answer to this about the same case: correct one of them"
REPEATED: Final = "the row repeats an earlier one, or states nothing"
DAMAGED: Final = "a sheet has rows that cannot be read"


@dataclass(slots=True)
class _Seen:
    """The first reading of a sheet: what must be known before any of its rows counts."""

    consent: ConsentSeen = field(default_factory=ConsentSeen)
    bodies: dict[int, int] = field(default_factory=dict)
    contradicted: set[int] = field(default_factory=set)
    unread: set[tuple[str, int]] = field(default_factory=set)
    quarters: dict[tuple[str, int], None] = field(default_factory=dict)
    nameless: bool = False


class FormTable:
    """One sheet with a row for each case, quarter and need."""

    def __init__(self, table: FieldTable, state: UsState, blank_consent: BlankConsent | None) -> None:
        self._table, self._state, self._blank = table, state, blank_consent

    def read(self) -> Iterator[Reading]:
        """The readings of each row; raises ProfileInvalid, SourceUnreadable."""
        reader = RowReader(self._table.fields, self._periods().forms())
        seen = self._survey(reader)
        has_consent = "consent" in self._table.fields
        kept_back = seen.consent.kept_back(self._blank, self._table.name) if has_consent else set[str]()
        where = Where(self._table.name, 0)
        yield from (ClientHeld(client, where) for client in seen.consent.refused)
        told = set[int]()
        for row in self._table.rows():
            yield from self._readings(row, reader, seen, kept_back, told)
        if seen.nameless:
            yield NotWhole(where, DAMAGED)
        else:
            yield from _completed(seen, reader.absent(), kept_back, where)

    def _periods(self) -> PeriodCells:
        cells = PeriodCells()
        for row in self._table.rows():
            if text := row.values.get("quarter"):
                cells.saw(text)
        return cells

    def _survey(self, reader: RowReader) -> _Seen:
        seen = _Seen()
        for row in self._table.rows():
            case, period, _ = reader.case_and_period(row.values)
            seen.nameless |= bool(row.fault) or not (case and period)
            if case and "consent" in self._table.fields:
                seen.consent.saw(case, row.values.get("consent", ""))
            if not (case and period):
                continue
            seen.quarters[case, period] = None
            read = reader.read(row.values)
            if isinstance(read, RowRead):
                _compare(read, seen)
            else:
                seen.unread.add((case, period))
        return seen

    def _readings(
        self, row: FieldRow, reader: RowReader, seen: _Seen, kept_back: set[str], told: set[int]
    ) -> Iterator[Reading]:
        if row.fault:
            yield RowRefused(row.where, row.column, row.fault)
            return
        read = reader.read(row.values)
        if not isinstance(read, RowRead):
            case, period, _ = reader.case_and_period(row.values)
            yield from (RowRefused(row.where, column, rule, record=case, period=period) for column, rule in read)
        elif read.case in kept_back:
            yield RowIgnored(row.where, KEPT_BACK)
        else:
            yield from self._facts(row.where, read, seen, told)

    def _facts(self, where: Where, read: RowRead, seen: _Seen, told: set[int]) -> Iterator[Reading]:
        states = False
        for one in read.stated:
            key = read.key(one)
            if hash(key) in seen.contradicted:
                states = True
                yield RowRefused(where, one.kind, CONTRADICTED, part=True, record=read.case, period=read.period)
            elif hash(key) not in told:
                states = True
                told.add(hash(key))
                yield Fact(key, read.period, self._state, one.body, read.case, where, one.unread)
        if not states:
            yield RowIgnored(where, REPEATED)


def _compare(read: RowRead, seen: _Seen) -> None:
    """Note which facts contradict those of earlier rows."""
    for one in read.stated:
        key, body = hash(read.key(one)), _body_of(read, one)
        if seen.bodies.setdefault(key, body) != body:
            seen.contradicted.add(key)
            seen.unread.add((read.case, read.period))


def _body_of(read: RowRead, one: RowStated) -> int:
    return hash((read.period, one.body))


def _completed(seen: _Seen, absent: frozenset[str], kept_back: set[str], where: Where) -> Iterator[Reading]:
    unread_cases = {case for case, _ in seen.unread}

    def spares(key: str) -> bool:
        return kind_of(key) in absent or hash(key) in seen.contradicted

    for case, period in seen.quarters:
        if case in kept_back or (case, period) in seen.unread:
            continue
        prefix = case_prefix(case)
        yield Complete(RowRead(case, period, None, ()).prefix, where, spares=spares)
        if case not in unread_cases:
            yield Complete(f"{prefix}case/", where, period, period, spares=spares)
