"""The yearly survey of providers: each row has up to three answers of the agency, none of a client.

Rules kept: a year that the sheet names is complete if every row of the sheet was read.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import period_text
from exchange.core.model.vocabulary import UsState
from producers.edge_phrases import code_rule
from producers.facts import Complete, Fact, Reading, RowIgnored, RowRefused, Spares, Where
from producers.sources.sheets.form.field_rows import FieldRow, FieldTable
from producers.sources.sheets.form.form_columns import COLUMNS
from producers.sources.sheets.form.form_facts import EMPTY, Problem
from producers.sources.sheets.form.form_table import CONTRADICTED, REPEATED
from producers.sources.sheets.form.period_cells import YEAR_RULE, read_year

ROOT: Final = "survey/"
E = TypeVar("E", v.Barrier, v.YearsBand)


class SurveyTable:
    """One sheet of answers."""

    def __init__(self, table: FieldTable, state: UsState) -> None:
        self._table, self._state = table, state

    def read(self) -> Iterator[Reading]:
        """The readings of each row; raises SourceUnreadable."""
        said, contradicted = dict[str, e.Correctable](), set[str]()
        whole, years = True, dict[int, None]()
        for row in self._table.rows():
            problems = _problems(row)
            whole &= not problems
            for key, year, body in () if problems else _answers(row.values):
                years[year] = None
                if said.setdefault(key, body) != body:
                    contradicted.add(key)
        for row in self._table.rows():
            yield from self._readings(row, said, contradicted)
        where = Where(self._table.name, 0)
        for year in years if whole else ():
            yield Complete(f"{ROOT}{period_text(year)}/", where, spares=self._spares(contradicted))

    def _readings(self, row: FieldRow, left: dict[str, e.Correctable], contradicted: set[str]) -> Iterator[Reading]:
        if problems := _problems(row):
            yield from (RowRefused(row.where, column, rule) for column, rule in problems)
            return
        states = False
        for key, year, body in _answers(row.values):
            if key in contradicted:
                states = True
                yield RowRefused(row.where, key.split("/")[2], CONTRADICTED, part=True, period=year)
            elif left.pop(key, None) is not None:
                states = True
                yield Fact(key, year, self._state, body, where=row.where)
        if not states:
            yield RowIgnored(row.where, REPEATED)

    def _spares(self, contradicted: set[str]) -> Spares:
        return lambda key: key in contradicted or key.split("/")[2] not in self._table.fields


def _problems(row: FieldRow) -> list[Problem]:
    if row.fault:
        return [(row.column, row.fault)]
    found: list[Problem] = []
    if read_year(row.values.get("survey_year", "")) is None:
        found.append(("survey_year", YEAR_RULE))
    if not row.values.get("agency_type"):
        found.append(("agency_type", EMPTY))
    for field, text in row.values.items():
        kind = COLUMNS[field].kind
        if text and kind is not None and COLUMNS[field].read(text) is None:
            found.append((field, code_rule(kind)))
    return found


def _answers(values: Mapping[str, str]) -> Iterator[tuple[str, int, e.ProviderSurveyed]]:
    """(key, year, answer) of each cell of a row that was read."""
    year, of = read_year(values["survey_year"]), v.AgencyType(str(COLUMNS["agency_type"].read(values["agency_type"])))
    if year is None:
        return
    none, never = v.Barrier.not_applicable, v.YearsBand.not_applicable
    barrier, support = _code(values, "barrier_met", v.Barrier), _code(values, "support_needed", v.Barrier)
    years = _code(values, "years_band", v.YearsBand)
    prefix = f"{ROOT}{period_text(year)}"
    if barrier is not None:
        yield f"{prefix}/barrier_met/{barrier}", year, e.ProviderSurveyed(of, barrier, none, never)
    if support is not None:
        yield f"{prefix}/support_needed/{support}", year, e.ProviderSurveyed(of, none, support, never)
    if years is not None:
        yield f"{prefix}/years_band", year, e.ProviderSurveyed(of, none, none, years)


def _code(values: Mapping[str, str], field: str, kind: type[E]) -> E | None:
    code = COLUMNS[field].read(values.get(field, ""))
    return None if code is None else kind(str(code))
