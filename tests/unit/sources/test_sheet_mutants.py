"""The sources of sheets with one rule broken each: a named law notices every one."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from producers.errors import MappingInvalid
from producers.sources.sheets import spreadsheet
from producers.sources.sheets.form import consent, field_rows, form_facts, form_table
from producers.sources.sheets.htcds import htcds_table
from producers.sources.sheets.mapping import mapping_file
from producers.sources.sheets.reading import cell_scan, delimited, excel_book
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.sheet_files import readings
from tests.unit.sources import test_form_sheet as ours
from tests.unit.sources import test_htcds_sheet as htcds
from tests.unit.sources import test_mapped_sheet as mapped
from tests.unit.sources import test_sheet_reading as reading


class Mutant(NamedTuple):
    """A rule, its mistake, and the law that must notice."""

    module: ModuleType
    name: str
    rule: str
    instead: str
    law: Callable[..., object]
    values: tuple[object, ...] = ()


def cells_pushed_along(folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text("case,quarter,need\n17,2026Q1,food, and more\n", encoding="utf-8")
    assert not ours.facts(readings(path)), "a comma without quotes has pushed the cells behind it along"


MUTANTS: dict[str, Mutant] = {
    "no answer on consent is a yes": Mutant(
        consent,
        "ConsentSeen.kept_back",
        "unanswered and blank is None",
        "False",
        ours.test_blank_consent_is_decided_by_the_profile_and_has_no_default,
    ),
    "consent that cannot be read is a yes": Mutant(
        consent,
        "ConsentSeen.kept_back",
        "self.unreadable - self.refused.keys()",
        "set()",
        ours.test_consent_that_cannot_be_read_keeps_all_rows_of_the_client_here,
    ),
    "a yes outvotes a no": Mutant(
        consent,
        "ConsentSeen.saw",
        "self.refused[client] = None",
        "client in self.given or self.refused.update({client: None})",
        ours.test_one_no_holds_the_client_before_any_fact,
    ),
    "a row without a name is no damage": Mutant(
        form_table,
        "FormTable._survey",
        "bool(row.fault) or not (case and period)",
        "bool(row.fault)",
        ours.test_a_row_without_a_name_makes_every_absence_worthless,
        ({"case": ""},),
    ),
    "a row that took in others is no damage": Mutant(
        form_table,
        "FormTable._survey",
        "bool(row.fault) or not (case and period)",
        "not row.fault and not (case and period)",
        ours.test_a_row_that_took_in_others_makes_every_absence_worthless,
    ),
    "the first of two answers counts": Mutant(
        form_table,
        "_compare",
        "seen.bodies.setdefault(key, body) != body",
        "False",
        ours.test_equal_rows_state_a_fact_once_and_contradicting_rows_none,
    ),
    "a refused row is evidence": Mutant(
        form_table,
        "_completed",
        "case in kept_back or (case, period) in seen.unread",
        "case in kept_back",
        ours.test_a_case_and_quarter_that_was_read_is_complete_and_no_other,
    ),
    "who is kept back is withdrawn": Mutant(
        form_table,
        "_completed",
        "case in kept_back or (case, period) in seen.unread",
        "(case, period) in seen.unread",
        ours.test_blank_consent_is_decided_by_the_profile_and_has_no_default,
    ),
    "an absent column clears": Mutant(
        form_facts,
        "RowReader.absent",
        "not self.fields.issuperset(columns)",
        "False",
        ours.test_an_absent_column_clears_nothing_and_changes_no_answer,
    ),
    "an absent column is an answer": Mutant(
        form_facts,
        "RowReader._without_column",
        "frozenset(fields) - self.fields",
        "frozenset()",
        ours.test_an_absent_column_clears_nothing_and_changes_no_answer,
    ),
    "a word of no list is no answer": Mutant(
        form_facts,
        "_unknown_words",
        "column.kind is not None and column.read(text) is None",
        "False",
        ours.test_a_cell_that_names_nothing_refuses_its_row_by_name_and_states_no_value,
        ({"need": "Klingon lessons"}, "need", "list service"),
    ),
    "cells behind a comma are read": Mutant(
        field_rows,
        "_misfits",
        "len(cells) < width or any(cells[width:])",
        "len(cells) < width",
        cells_pushed_along,
    ),
    "a short row is read": Mutant(
        field_rows,
        "_misfits",
        "len(cells) < width or any(cells[width:])",
        "any(cells[width:])",
        ours.test_a_comma_without_quotes_refuses_the_row,
    ),
    "of two columns with one name the first counts": Mutant(
        spreadsheet,
        "_header",
        "twice_in(row.cells, columns)",
        "''",
        ours.test_sheets_without_our_table_are_left_out_and_a_file_without_any_is_refused,
    ),
    "a file may change while it is read": Mutant(
        delimited,
        "DelimitedSheet.rows",
        "self._now() != self._state",
        "False",
        reading.test_a_file_that_changes_while_it_is_read_is_refused,
    ),
    "an error cell is empty": Mutant(
        cell_scan,
        "_Reader._settle",
        "self._kind == 'e'",
        "False",
        reading.test_an_error_cell_refuses_its_row_and_no_other,
    ),
    "a formula without a value is empty": Mutant(
        cell_scan,
        "_Reader._settle",
        "self._formula and not self._value",
        "False",
        reading.test_a_formula_that_was_never_calculated_refuses_its_row,
        ("",),
    ),
    "a hidden sheet is read": Mutant(
        excel_book,
        "_Parts._sheet",
        "of.get('state', 'visible') == 'visible'",
        "True",
        reading.test_hidden_sheets_are_not_read,
    ),
    "of two rows of a case one counts": Mutant(
        htcds_table,
        "HtcdsTable._readings",
        "seen.times[client] > 1",
        "False",
        htcds.test_a_case_that_is_there_twice_is_none,
    ),
    "a mapping for a header that is nearly the same": Mutant(
        mapping_file,
        "fingerprint",
        "text.strip()",
        "text.strip().lower()",
        mapped.test_another_header_is_another_sheet,
        (("Client ID", "Date of service", "First Name", "What Was Given", "Staff"),),
    ),
    "a mapping is used in part": Mutant(
        mapping_file,
        "SheetMapping.places",
        "column not in cells",
        "False",
        mapped.test_a_mapping_that_names_a_missing_column_is_an_error_and_is_not_used_in_part,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_sheet_with_one_rule_broken_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[name]
    for broken in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            check = partial(mutant.law, Path(folder), *mutant.values)
            if not broken:
                check()
                break_rule(monkeypatch, BrokenRule(mutant.module, mutant.name, mutant.rule, mutant.instead))
                continue
            with pytest.raises((AssertionError, ValueError, MappingInvalid, pytest.fail.Exception)):
                check()
