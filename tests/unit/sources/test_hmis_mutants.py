"""The HMIS source with one rule broken each, as it once was: a named law notices every one."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from producers import intake
from producers.errors import SourceUnreadable
from producers.sources import jsonl
from producers.sources.hmis import hmis_export
from producers.sources.hmis.reading import bounded_lines, date_orders, unique, walk
from producers.sources.hmis.rules import absence, agency_rows, enrollment, export_row, households, persons, rule, stays
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.export_damage import DAMAGES
from tests.kits.hmis_exports import sample, settings, withdrawn
from tests.properties import test_hmis_damage as laws
from tests.unit.sources import test_hmis_conclusions as told
from tests.unit.sources import test_hmis_withdrawn as gone


class Mutant(NamedTuple):
    """A rule, its former mistake, and the law that must notice."""

    module: ModuleType
    name: str
    rule: str
    instead: str
    law: Callable[[Path], object]


def on(law: Callable[..., object], *values: object, **named: object) -> Callable[[Path], object]:
    """A law with the values of one of its examples, after the folder."""
    return lambda folder: law(folder, *values, **named)


def damaged(*damages: tuple[str, int]) -> Callable[[Path], object]:
    """The law that damage changes nothing, with these damages by name and seed."""
    known = {damage.__name__: damage for damage in DAMAGES}
    whole: Any = laws.test_a_damaged_copy_of_a_published_export_changes_nothing
    law = whole.hypothesis.inner_test
    return lambda _: law([(known[name], seed) for name, seed in damages])


def deleted_beside_damage(folder: Path) -> None:
    written = sample().change("Exit.csv", DateDeleted=told.DAY)
    path = written.folder(folder)
    with (path / "Exit.csv").open("a") as file:
        file.write("cut off")
    assert not withdrawn(hmis_export.HmisExport(path, settings()).read())


def array_of_lines(folder: Path) -> None:
    (folder / "a.jsonl").write_text("[\n {}\n]\n")
    try:
        found = list(jsonl.JsonLines(folder / "a.jsonl", settings().state).read())
    except SourceUnreadable as refused:
        assert "array" in str(refused)  # noqa: PT017 - the sentence is the point
        return
    raise AssertionError(found)


MUTANTS: dict[str, Mutant] = {
    "any text in DateDeleted withdraws": Mutant(
        unique,
        "standing",
        "not text or is_nothing(text)",
        "not text",
        on(told.test_what_stands_for_no_date_withdraws_nothing, "0000-00-00"),
    ),
    "what is no date withdraws": Mutant(
        unique,
        "standing",
        "is_some_day(text)",
        "True",
        on(told.test_a_row_that_may_be_deleted_is_refused_and_its_stay_spared, "yes"),
    ),
    "a day that has not come withdraws": Mutant(
        walk,
        "_withdrawn",
        "_not_yet(file, record)",
        "False",
        on(told.test_a_row_that_may_be_deleted_is_refused_and_its_stay_spared, "2099-12-31"),
    ),
    "an empty flag is read as 0": Mutant(
        agency_rows,
        "AgencyReader._why_not_read",
        "NotRead.SHELTERED if organization in self._open else NotRead.UNPROVEN",
        "NotRead.SHELTERED if organization in self._open else None",
        on(told.test_a_provider_is_sheltered_unless_its_flag_is_0, ""),
    ),
    "the newest of two flags alone decides": Mutant(
        agency_rows,
        "AgencyReader._doubt",
        "self._doubtful.add(record.cells['OrganizationID'])",
        "None",
        on(told.test_a_provider_is_sheltered_where_its_organization_cannot_be_read, "two flags"),
    ),
    "an unproven provider's facts are withdrawn": Mutant(
        hmis_export,
        "_completed",
        "agency.proven()",
        "agency.counted()",
        on(told.test_a_provider_is_sheltered_unless_its_flag_is_0, ""),
    ),
    "a record may take in others": Mutant(
        bounded_lines,
        "csv_records",
        "lines.separated >= 2 * (width - 1)",
        "False",
        on(told.test_a_quote_that_closes_before_a_comma_does_not_join_two_rows),
    ),
    "a damaged file withdraws": Mutant(
        walk,
        "_withdrawn",
        "not file.survey.whole",
        "False",
        deleted_beside_damage,
    ),
    "a damaged file completes its rows": Mutant(
        absence,
        "Absence.shows",
        "found is not None and found.survey.whole",
        "found is not None",
        on(told.test_a_quote_in_the_wrong_place_says_how_many_lines_it_took_and_withdraws_nothing, (2, 6), 5),
    ),
    "a refused row is evidence": Mutant(
        rule,
        "FileRule.readings",
        "self.stays.unread.add(row.text(layout.STAY))",
        "None",
        damaged(("garbage_in_a_cell", 5)),
    ),
    "a consequence is told as a cause": Mutant(
        stays,
        "StayIndex.of",
        "key in self.unread",
        "False",
        on(told.test_what_a_refusal_follows_from_is_a_refusal_of_its_own),
    ),
    "a missing column clears": Mutant(
        absence,
        "Absence.spares",
        "slot in self._unread_slots",
        "False",
        on(told.test_a_column_that_is_missing_leaves_a_known_answer_alone),
    ),
    "a field that was not read is corrected": Mutant(
        intake,
        "FactIntake.take",
        "self._as_known(key, fact) if fact.unread else fact",
        "fact",
        damaged(("a_file_is_missing", 663)),
    ),
    "a client's missing column clears": Mutant(
        rule,
        "FileRule._with_unread_person",
        "not person.unread",
        "True",
        on(told.test_a_column_that_is_missing_leaves_a_known_answer_alone),
    ),
    "a stay may be in two projects": Mutant(
        absence,
        "Absence.spares_unmoved",
        "parts[3] != 'stay'",
        "True",
        on(told.test_a_stay_that_has_moved_leaves_its_former_project_and_no_other_stay_does),
    ),
    "a delta takes along what it does not have": Mutant(
        absence,
        "Absence.spares_unmoved",
        "_row_of(parts) not in (self._restated or ())",
        "False",
        on(told.test_a_moved_stay_leaves_in_a_delta_only_what_the_delta_has),
    ),
    "any year is read": Mutant(
        export_row,
        "ExportRow._first",
        "year not in YEARS",
        "not year",
        on(gone.test_an_export_of_a_year_that_is_not_known_is_refused_whole, "2022 v1.3"),
    ),
    "columns of another year are read": Mutant(
        export_row,
        "has_columns_of",
        "not found or year in found",
        "True",
        on(gone.test_an_export_with_the_columns_of_another_year_than_it_states_is_refused_whole),
    ),
    "gender by whichever columns are there": Mutant(
        persons,
        "Clients._gender",
        "self.year == GENDERS_YEAR",
        "'Woman' in row.cells",
        on(told.test_each_year_has_its_own_meaning_of_gender),
    ),
    "a date is read where it happens to parse": Mutant(
        date_orders,
        "FormsSeen.is_open",
        "self.month_first == self.day_first and (self.month_first or bool(self.either))",
        "False",
        on(told.test_a_date_is_read_only_if_its_whole_column_proves_the_day, "2/3/2026", "4/5/2026", 0),
    ),
    "a column may contradict itself": Mutant(
        date_orders,
        "FormsSeen.is_open",
        "self.month_first or bool(self.either)",
        "not self.month_first and bool(self.either)",
        on(told.test_a_date_is_read_only_if_its_whole_column_proves_the_day, "3/14/2026", "14/3/2026", 0),
    ),
    "five digits are a day anywhere": Mutant(
        date_orders,
        "FormsSeen.forms",
        "self.serials and not self.others",
        "True",
        on(told.test_a_date_is_read_only_if_its_whole_column_proves_the_day, "46095", "2026-03-01", 1),
    ),
    "a future day is a day": Mutant(
        stays,
        "StayIndex.day",
        "day is None or self.agency.had_come(day)",
        "True",
        on(told.test_a_day_after_the_export_is_refused_once_with_its_column),
    ),
    "each member needs a date of its own": Mutant(
        households,
        "Households.moved_in",
        "self._heads_of(own) if member else []",
        "[]",
        on(told.test_a_household_moves_in_with_its_head_or_at_its_own_later_entry),
    ),
    "a move-in may be outside its stay": Mutant(
        households,
        "Households.moved_in",
        "not own.holds(own.moved)",
        "False",
        on(told.test_a_move_in_outside_the_stay_is_none_and_reported, "2026-02-09"),
    ),
    "a lost head empties the house": Mutant(
        enrollment,
        "EnrollmentRule._moved",
        "stay.member and households.lacks_head(stay.key)",
        "False",
        on(told.test_where_the_head_cannot_be_read_no_move_in_of_the_others_is_gone, {"EntryDate": "x"}),
    ),
    "everyone is a case": Mutant(
        stays,
        "StayIndex._is_case",
        "self.agency.settings.everyone_is_a_case",
        "True",
        on(told.test_only_the_head_is_a_case_unless_the_profile_says_everyone),
    ),
    "the last of two rows counts": Mutant(
        unique,
        "_winner",
        "newest.row if known else NO_ROW",
        "newest.row",
        damaged(("a_row_twice_with_another_code", 1)),
    ),
    "an array is fourteen broken lines": Mutant(
        jsonl,
        "JsonLines._expect_lines",
        "begins.startswith('[') or begins == '{'",
        "False",
        array_of_lines,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_source_with_one_rule_broken_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[name]
    for broken in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            check = partial(mutant.law, Path(folder))
            if not broken:
                check()
                break_rule(monkeypatch, BrokenRule(mutant.module, mutant.name, mutant.rule, mutant.instead))
                continue
            with pytest.raises((AssertionError, pytest.fail.Exception)):
                check()
