"""Laws of funders' reports: sums, periods, forms of input, damage; and mutants that break them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from exchange.core.model import events as e
from exchange.core.model.period import period_text
from producers.checks.file_check import profile_without_one
from producers.facts import ClientHeld, Fact, RowRefused, Where
from producers.reports import counted_facts, damage_seen, report_making
from producers.reports.funder_report import FunderReport, HowCertain
from producers.reports.kinds.all_kinds import TABLES
from producers.reports.report_rows import ReportKind
from producers.sources import open_source
from tests.kits.broken_rules import BrokenRule, notices
from tests.kits.export_damage import DAMAGES, Files, town
from tests.kits.report_inputs import QUARTERS, cell, report_of, report_on, some_facts
from tests.kits.sheet_files import write_csv
from tests.kits.sizes import examples
from tests.unit.reports.test_report_cells import (
    test_a_client_counts_once_and_a_0_stands_only_where_such_things_are_recorded,
    test_an_export_of_other_quarters_and_a_missing_file_make_cells_incomplete,
)

OF_FACTS: Final = (ReportKind.OTIP, ReportKind.TIMS, ReportKind.OVW, ReportKind.NEEDS)
SEEDS: Final = range(examples(15))


def values(made: FunderReport) -> list[int]:
    return [cell.value or 0 for cell in made.cells]


def test_a_report_on_two_agencies_is_the_sum_of_their_reports() -> None:
    compared = 0
    for seed in SEEDS:
        random = Random(seed)
        one, other = some_facts(random, ("a", "b", "c")), some_facts(random, ("d", "e"))
        for kind in OF_FACTS:
            whole, first, second = (report_on(facts, kind, "2026H2") for facts in ([*one, *other], one, other))
            for whole_cell, left, right in zip(whole.cells, first.cells, second.cells, strict=True):
                if left.value is not None and right.value is not None:
                    assert whole_cell.value == left.value + right.value
                    assert whole_cell.certain is HowCertain.EXACT
                    compared += whole_cell.value > 0
    assert compared > 50


def test_quarters_add_up_to_their_year_and_a_client_counts_once_in_it() -> None:
    for seed in SEEDS:
        facts = some_facts(Random(seed), "abcdef")
        for kind in OF_FACTS:
            year = report_on(facts, kind, "2026")
            quarters = [values(report_on(facts, kind, quarter)) for quarter in QUARTERS]
            rows = [row for section in TABLES[kind].sections for row in section.rows]
            for row, whole, parts in zip(rows, year.cells, zip(*quarters, strict=True), strict=True):
                if row.measure is None or whole.value is None or row.measure.either_way:
                    continue
                if not row.measure.by_client:
                    assert whole.value == sum(parts)
                else:
                    assert max(parts) <= whole.value
                    assert row.measure.looks_back or whole.value <= sum(parts)


SHEET: Final = ("case", "quarter", "new_case", "gender", "age_band", "referral_source", "need", "served", "exit_reason")


def as_sheet(facts: Iterable[Fact]) -> list[tuple[str, ...]]:
    """What our sheet can state of facts: opened cases, services and closures."""
    rows: list[tuple[str, ...]] = [SHEET]
    for one in facts:
        case, quarter, body = one.client, period_text(one.period), one.body
        match body:
            case e.CaseOpened():
                rows.append((case, quarter, "yes", body.gender, body.age_band, body.referral_source, "", "", ""))
            case e.ServiceProvided():
                rows.append((case, quarter, "", "", "", "", body.service, "yes", ""))
            case e.CaseClosed():
                rows.append((case, quarter, "", "", "", "", "", "", body.exit_reason))
            case _:
                pass
    return rows


def test_an_export_and_a_sheet_of_the_same_facts_give_the_same_report() -> None:
    with TemporaryDirectory() as folder:
        path = town().folder(Path(folder))
        found = [one for one in open_source(path, profile_without_one(path)).read() if isinstance(one, Fact)]
        sheet = write_csv(Path(folder, "cases.csv"), as_sheet(found))
        compared = 0
        for period in ("2026Q1", "2026H1", "2026"):
            of_export = report_of(path, ReportKind.OTIP, period)
            of_sheet = report_of(sheet, ReportKind.OTIP, period)
            assert not of_sheet.is_damaged
            for one, other in zip(of_export.cells, of_sheet.cells, strict=True):
                if one.value is not None and other.value is not None and not one.section.startswith("Type of"):
                    assert one.value == other.value, one
                    compared += one.value > 0
    assert compared > 20


def damaged(random: Random, folder: Path) -> Path:
    files = Files.of(town())
    for damage in random.sample(DAMAGES, random.randrange(1, 3)):
        damage(files, random)
    for name, content in files.contents().items():
        (folder / name).write_bytes(content)
    return folder


def test_damage_never_makes_a_number_exact_that_is_not() -> None:
    with TemporaryDirectory() as place:
        Path(place, "whole").mkdir()
        whole = town().folder(Path(place, "whole"))
        before = {kind: report_of(whole, kind, "2026H1") for kind in ReportKind}
        touched = 0
        for seed in range(examples(60)):
            folder = Path(place, str(seed))
            folder.mkdir()
            damaged(Random(seed), folder)
            for kind in ReportKind if seed % 4 == 0 else (ReportKind.NEEDS, ReportKind.HMIS):
                after = report_of(folder, kind, "2026H1")
                for was, now in zip(before[kind].cells, after.cells, strict=True):
                    true = was.value or 0
                    if now.certain is HowCertain.EXACT:
                        assert now.value == true or now.value == 0 == true, (seed, kind, now, was)
                    elif now.certain is HowCertain.AT_LEAST:
                        assert (now.value or 0) <= true or was.certain is not HowCertain.EXACT, (seed, kind, now, was)
                    touched += now.value != was.value
        assert touched


def test_an_exit_that_cannot_be_read_leaves_no_number_of_closed_cases_exact() -> None:
    with TemporaryDirectory() as folder:
        path = town().change("Exit.csv", 0, ExitDate="soon").folder(Path(folder))
        closed = cell(
            report_of(path, ReportKind.OTIP, "2026H1"),
            "Client Case Closure",
            "Clients whose case was closed (one form each)",
        )
        assert closed.certain is HowCertain.AT_LEAST
        assert "1 row could not be read" in closed.remarks


def test_a_client_on_hold_is_nowhere_and_everybody_else_counts_as_without_them() -> None:
    for seed in SEEDS:
        facts = some_facts(Random(seed), "abc")
        held = report_on([ClientHeld("b", Where("file", 0)), *facts], ReportKind.TIMS, "2026")
        without = report_on([one for one in facts if one.client != "b"], ReportKind.TIMS, "2026")
        assert values(held) == values(without)


def test_a_row_of_the_period_that_was_refused_is_in_every_cell_that_it_may_state() -> None:
    for seed in SEEDS:
        facts = some_facts(Random(seed), "abc")
        refused = RowRefused(Where("file", 3), "need", "must be a code of service")
        for kind in OF_FACTS:
            made = report_on([*facts, refused], kind, "2026")
            assert HowCertain.EXACT not in {cell.certain for cell in made.cells}
            assert all("1 row could not be read" in cell.remarks for cell in made.cells if cell.value is not None)


MUTANTS: Final[dict[str, tuple[BrokenRule, Callable[[], None]]]] = {
    "a client for each fact": (
        BrokenRule(
            counted_facts,
            "CountedFacts._number",
            "self._numbers.setdefault(client, _1)",
            "self._numbers.setdefault(str(len(self._numbers)), _1)",
        ),
        test_a_client_counts_once_and_a_0_stands_only_where_such_things_are_recorded,
    ),
    "a 0 for what is never recorded": (
        BrokenRule(
            report_making,
            "_Filling._lacks",
            "not self._facts.states(body) or (field and not self._facts.answers(body, field))",
            "False",
        ),
        test_a_client_counts_once_and_a_0_stands_only_where_such_things_are_recorded,
    ),
    "facts of other periods": (
        BrokenRule(counted_facts, "CountedFacts.take", "self.period.has(fact.period)", "True"),
        test_a_client_counts_once_and_a_0_stands_only_where_such_things_are_recorded,
    ),
    "a quarter has the year's facts": (
        BrokenRule(counted_facts, "CountedFacts.take", "self.period.has(fact.period)", "True"),
        test_quarters_add_up_to_their_year_and_a_client_counts_once_in_it,
    ),
    "two clients with one number": (
        BrokenRule(counted_facts, "CountedFacts._number", "len(self._numbers) + 1", "1"),
        test_a_report_on_two_agencies_is_the_sum_of_their_reports,
    ),
    "held clients counted": (
        BrokenRule(report_making, "_Filling._left_out", "client in self._refusing or self._on_hold(client)", "False"),
        test_a_client_on_hold_is_nowhere_and_everybody_else_counts_as_without_them,
    ),
    "refused rows forgotten": (
        BrokenRule(damage_seen, "DamageSeen.refused", "period > self.period.quarters[-1]", "True"),
        test_a_row_of_the_period_that_was_refused_is_in_every_cell_that_it_may_state,
    ),
    "damage of a known file reaches nothing": (
        BrokenRule(damage_seen, "DamageSeen._reaches", "any(one in reached for one in needed)", "False"),
        test_an_exit_that_cannot_be_read_leaves_no_number_of_closed_cases_exact,
    ),
    "reasons forgotten": (
        BrokenRule(
            report_making, "_Filling._cell", "HowCertain.AT_LEAST if reasons else HowCertain.EXACT", "HowCertain.EXACT"
        ),
        test_damage_never_makes_a_number_exact_that_is_not,
    ),
    "a missing file is no damage": (
        BrokenRule(damage_seen, "DamageSeen.not_whole", "self.whole[_1] = reading.why", "pass"),
        test_an_export_of_other_quarters_and_a_missing_file_make_cells_incomplete,
    ),
    "any export covers any period": (
        BrokenRule(damage_seen, "DamageSeen.words", "yield from self._period_words()", "yield from ()"),
        test_an_export_of_other_quarters_and_a_missing_file_make_cells_incomplete,
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_broken_rule_is_noticed(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[mutant]
    notices(monkeypatch, law, broken)
