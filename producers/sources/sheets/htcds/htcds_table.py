"""A sheet of HTCDS as facts, a row a case.

Rules kept: an export of Kobo or ODK names each submission, which is the case's key. The Excel
templates have no key but the number in column A, so a case is its number in its quarter: a workbook
of another year has other cases, and a number that moves to another case is a changed case, never a
second one. A quarter of such a workbook is complete if every row of it was read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from exchange.core.model.period import period_text
from exchange.core.model.vocabulary import UsState
from producers.facts import ClientHeld, Complete, Fact, NotWhole, Reading, RowIgnored, RowRefused, Where
from producers.sources.sheets.form.consent import KEPT_BACK, BlankConsent, ConsentSeen
from producers.sources.sheets.form.field_rows import FieldRow, FieldTable
from producers.sources.sheets.form.form_facts import CASE_CHARS_MAX, EMPTY, Problem
from producers.sources.sheets.form.form_table import DAMAGED
from producers.sources.sheets.form.period_cells import PeriodCells, read_period
from producers.sources.sheets.htcds.htcds_columns import CASE, FIELDS
from producers.sources.sheets.htcds.htcds_facts import FROM, HtcdsCase, answers_of, dated

ROOT: Final = "htcds/"
TWICE: Final = "the case is there twice, so none of its rows counts"


@dataclass(slots=True)
class _Cases:
    """The first reading of a sheet."""

    consent: ConsentSeen = field(default_factory=ConsentSeen)
    times: dict[str, int] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    quarters: dict[int, None] = field(default_factory=dict)
    nameless: bool = False


class HtcdsTable:
    """One sheet of HTCDS."""

    def __init__(self, table: FieldTable, state: UsState, blank_consent: BlankConsent | None, *, by_row: bool) -> None:
        self._table, self._state, self._blank, self._by_row = table, state, blank_consent, by_row
        self._forms = dict.fromkeys(("opened_on", "left_on"), PeriodCells().forms())

    def read(self) -> Iterator[Reading]:
        """The readings of each row; raises ProfileInvalid, SourceUnreadable."""
        self._see_dates()
        seen = self._survey()
        where = Where(self._table.name, 0)
        has_consent = "consent" in self._table.fields
        kept_back = seen.consent.kept_back(self._blank, self._table.name) if has_consent else set[str]()
        yield from (ClientHeld(client, where) for client in seen.consent.refused)
        for row in self._rows():
            yield from self._readings(row, seen, kept_back)
        if seen.nameless:
            yield NotWhole(where, DAMAGED)
        else:
            yield from self._completed(seen, kept_back, where)

    def _rows(self) -> Iterator[FieldRow]:
        """The rows with more than a number, which the templates have in every row."""
        for row in self._table.rows():
            if row.fault or any(text for name, text in row.values.items() if name != CASE):
                yield row

    def _see_dates(self) -> None:
        cells = {name: PeriodCells() for name in self._forms}
        for row in self._rows():
            for name, seen in cells.items():
                if text := row.values.get(name):
                    seen.saw(text)
        self._forms = {name: seen.forms() for name, seen in cells.items()}

    def _survey(self) -> _Cases:
        seen = _Cases()
        for row in self._rows():
            client, period, _ = self._named(row.values)
            if row.fault or not client:
                seen.nameless = True
                continue
            seen.times[client] = seen.times.get(client, 0) + 1
            seen.quarters[period] = None
            if "consent" in self._table.fields:
                seen.consent.saw(client, row.values.get("consent", ""))
            if self._case(row.values)[1]:
                seen.unread.add(client)
        seen.unread |= {client for client, times in seen.times.items() if times > 1}
        return seen

    def _named(self, values: Mapping[str, str]) -> tuple[str, int, list[Problem]]:
        """The case's key, empty if it has none, its quarter, and why there is none."""
        key, text = values.get(CASE, ""), values.get("opened_on", "")
        period = self._period("opened_on", text)
        problems = dated("opened_on", text, period)
        if not 0 < len(key) <= CASE_CHARS_MAX or not key.isprintable():
            return "", period, [*problems, (CASE, EMPTY)]
        if self._by_row:
            key = f"{period_text(period)}/{key}" if period else ""
        return key, period, problems

    def _period(self, name: str, text: str) -> int:
        return (read_period(text, self._forms[name]) or 0) if text else 0

    def _case(self, values: Mapping[str, str]) -> tuple[HtcdsCase, list[Problem]]:
        _, opened, problems = self._named(values)
        answers, unknown = answers_of(values)
        left = values.get("left_on", "")
        if left:
            problems = problems + dated("left_on", left, self._period("left_on", left))
        case = HtcdsCase(opened, self._period("left_on", left), answers, self._table.fields)
        return case, [*problems, *unknown]

    def _readings(self, row: FieldRow, seen: _Cases, kept_back: set[str]) -> Iterator[Reading]:
        client, period, _ = self._named(row.values)
        case, problems = self._case(row.values)
        if row.fault:
            yield RowRefused(row.where, FIELDS.get(row.column, (row.column,))[0], row.fault)
        elif problems:
            yield from (RowRefused(row.where, name, rule, record=client, period=period) for name, rule in problems)
        elif seen.times[client] > 1:
            yield RowRefused(row.where, CASE, TWICE, record=client, period=period)
        elif client in kept_back:
            yield RowIgnored(row.where, KEPT_BACK)
        else:
            for name, rule in case.several():
                yield RowRefused(row.where, name, rule, part=True, record=client)
            for one in case.stated():
                key = f"{_prefix(client)}{one.kind}/{one.about}"
                yield Fact(key, one.period or period, self._state, one.body, client, row.where, one.unread)

    def _completed(self, seen: _Cases, kept_back: set[str], where: Where) -> Iterator[Reading]:
        absent = {kind for kind, columns in FROM.items() if not self._table.fields.issuperset(columns)}
        spared = tuple(map(_prefix, seen.unread | kept_back))

        def spares(key: str) -> bool:
            return key.split("/")[-2] in absent or key.startswith(spared)

        if self._by_row:
            yield from (Complete(f"{ROOT}{period_text(one)}/", where, spares=spares) for one in seen.quarters)
        else:
            yield from (Complete(_prefix(client), where, spares=spares) for client in seen.times)


def _prefix(client: str) -> str:
    """What all keys of a case begin with."""
    return f"{ROOT}{quote(client, safe=' /')}/"
