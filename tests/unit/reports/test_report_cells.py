"""What a cell of a funder's report says: exact, at least, incomplete, or cannot be known here."""

from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from producers.facts import ClientHeld, NotWhole, RowIgnored, RowRefused, Taken, Where
from producers.reports.funder_report import HowCertain
from producers.reports.kinds.all_kinds import TABLES
from producers.reports.report_period import ReportPeriodInvalid, parse_report_period
from producers.reports.report_rows import ReportKind
from producers.sources.hmis.reading.walk import NEWER
from producers.sources.sheets.form.consent import KEPT_BACK
from tests.kits.export_damage import town
from tests.kits.report_inputs import cell, fact, given, opened, report_of, report_on, trafficked

AT_LEAST = HowCertain.AT_LEAST
FOOD, LEGAL = v.Service.food, v.Service.legal
NEEDED = "Services that clients needed"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026Q3", "2026-07-01", "2026-09-30"),
        ("2026h2", "2026-07-01", "2026-12-31"),
        ("2026", "2026-01-01", "2026-12-31"),
        ("FY2026", "2025-10-01", "2026-09-30"),
    ],
)
def test_a_period_has_whole_quarters(text: str, first: str, last: str) -> None:
    period = parse_report_period(text)
    assert (str(period.first), str(period.last)) == (first, last)


@pytest.mark.parametrize("text", ["", "2026Q5", "2026H3", "FY2026Q1", "1999Q4", "FY2000", "07/2026", "2026-07"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ReportPeriodInvalid, match="2026H2"):
        parse_report_period(text)


def test_every_table_has_its_rows_once_and_every_section_its_name() -> None:
    for table in TABLES.values():
        titles = [section.title for section in table.sections]
        assert len(titles) == len({*titles})
        for section in table.sections:
            labels = [row.label for row in section.rows]
            assert len(labels) == len({*labels}), section.title
            assert (
                section.source
                or not any(row.name.startswith("official name") for row in section.rows)
                or (table.kind is ReportKind.NEEDS)
            )
            assert all(row.why for row in section.rows if row.measure is None)


def test_a_client_counts_once_and_a_0_stands_only_where_such_things_are_recorded() -> None:
    facts = [fact("1", "2026Q3", e.NeedIdentified(FOOD)), fact("1", "2026Q3", e.NeedIdentified(FOOD))]
    made = report_on([*facts, fact("2", "2026Q3", e.NeedIdentified(FOOD)), fact("2", "2026Q1", given(FOOD))])
    assert (cell(made, NEEDED, "Food").value, cell(made, NEEDED, "Legal help").value) == (2, 0)
    assert cell(made, NEEDED, "Legal help").certain is HowCertain.EXACT
    assert cell(made, "Services that clients got", "Food").number == "0"
    barrier = cell(made, "Barriers that clients met", "Language")
    assert (barrier.value, barrier.number) == (None, "cannot be known here")
    assert "our sheet: Barrier" in barrier.remarks


def test_a_field_that_nobody_answers_is_not_known_and_one_not_read_is_at_least() -> None:
    body = opened(gender="not_collected")
    unasked = report_on([fact("1", "2026Q3", body)], ReportKind.OTIP)
    assert cell(unasked, "Gender", "Woman").value is None
    assert cell(unasked, "Age", "18 and over").value == 1
    some = [fact("1", "2026Q3", body, "gender"), fact("2", "2026Q3", opened())]
    part = cell(report_on(some, ReportKind.OTIP), "Gender", "Woman")
    assert (part.number, part.remarks) == ("at least 1", "1 answer could not be read, and may belong here.")
    assert cell(report_on(some, ReportKind.OTIP), "Gender", "Gender not known").number == "at least 0"


def test_rows_that_could_not_be_read_make_what_they_may_state_incomplete_and_nothing_else() -> None:
    facts = [fact("1", "2026Q3", e.NeedIdentified(FOOD)), fact("1", "2026Q3", given(FOOD))]
    where = Where("anna-smith.csv", 7)
    refused = RowRefused(where, "need", "no word of the list")
    made = report_on([*facts, refused, RowRefused(where, "case", "is empty")])
    food = cell(made, NEEDED, "Food")
    assert (food.number, food.remarks) == ("at least 1", "1 row could not be read.")
    assert cell(made, "How well needs were met", "All needs met").number == "incomplete: 1"
    assert cell(made, "How well needs were met", "No need met").value is None
    assert made.is_damaged
    assert [(cause.file, cause.rows) for cause in made.causes] == [("the file", 1)]
    later = RowRefused(where, "need", "no word of the list", period=parse_report_period("2026Q4").quarters[0])
    assert not report_on([*facts, later]).is_damaged
    earlier = RowRefused(where, "need", "no word of the list", period=parse_report_period("2026Q1").quarters[0])
    looked_back = report_on([*facts, fact("1", "2026Q1", trafficked(v.TraffickingType.sex)), earlier], ReportKind.TIMS)
    assert cell(looked_back, "Clients", "Total clients served").number == "1"
    assert cell(looked_back, "Type of trafficking", "Sex trafficking").number == "at least 1"
    assert not report_on([*facts, RowRefused(where, "case", NEWER)]).is_damaged


def test_how_needs_ended_is_incomplete_either_way() -> None:
    facts = [
        fact("1", "2026Q3", e.NeedIdentified(FOOD)),
        fact("1", "2026Q3", given(FOOD)),
        fact("2", "2026Q3", e.NeedUnmet(LEGAL, v.UnmetReason.no_capacity, v.FundingSource.not_collected)),
        fact("2", "2026Q3", given(FOOD)),
        fact("3", "2026Q3", e.NeedUnmet(LEGAL, v.UnmetReason.waitlist, v.FundingSource.not_collected)),
        fact("4", "2026Q3", e.NeedIdentified(LEGAL)),
        fact("5", "2026Q3", e.NeedUnmet(LEGAL, v.UnmetReason.client_declined, v.FundingSource.not_collected)),
        fact("5", "2026Q3", given(FOOD)),
        fact("6", "2026Q3", given(v.Service.information_referral)),
    ]
    made = report_on(facts, ReportKind.OVW)
    rows = {one.label: one.value for one in made.cells if one.section == "Number of victims/survivors"}
    assert list(rows.values()) == [2, 1, 1, 1, 6 - 2]
    reasons = {one.label: one.value for one in made.cells if one.section.startswith("Reasons") and one.value}
    assert reasons == {"Program full": 1, "Program full, name on a waiting list": 1}
    damaged = report_on([*facts, RowRefused(Where("file", 9), "case", "is empty")], ReportKind.OVW)
    assert cell(damaged, "Number of", "Served").number == "incomplete: 2"


def test_clients_on_hold_are_in_no_number_and_rows_without_consent_are_named() -> None:
    facts = [fact(client, "2026Q3", e.NeedIdentified(FOOD)) for client in "12"]
    held = report_on([ClientHeld("2", Where("file", 0)), *facts])
    assert cell(held, NEEDED, "Food").number == "1"
    assert "1 client on hold: in no number here. --with-held counts them too." in held.notes
    unasked = report_on([*facts, RowIgnored(Where("file", 4), KEPT_BACK)])
    assert cell(unasked, NEEDED, "Food").remarks == "1 row without an answer on consent are not counted."


def test_an_export_of_other_quarters_and_a_missing_file_make_cells_incomplete() -> None:
    third = parse_report_period("2026Q3").quarters[0]
    facts = [fact("1", "2026Q3", e.NeedIdentified(FOOD))]
    whole = report_on([Taken("as full", Where("Export.csv", 0), (third, third)), *facts])
    assert not whole.is_damaged
    assert "The file is a full export of 2026Q3 to 2026Q3." in whole.notes
    for covers in (None, (third - 2, third - 1)):
        other = report_on([Taken("as a delta", Where("Export.csv", 0), covers), *facts])
        assert other.is_damaged
        assert cell(other, NEEDED, "Food").number == "at least 1"
    missing = report_on([NotWhole(Where("x", 0), "a sheet has rows that cannot be read"), *facts])
    assert "a sheet has rows that cannot be read" in cell(missing, NEEDED, "Food").remarks.lower()


def test_a_year_as_a_whole_is_placed_in_no_quarter_and_a_fact_without_a_client_in_no_count_of_clients() -> None:
    facts = [fact("1", "2026", e.NeedIdentified(FOOD)), fact("", "2026Q3", e.NeedIdentified(FOOD))]
    food = cell(report_on(facts), NEEDED, "Food")
    assert food.number == "at least 0"
    assert "1 fact of a whole year cannot be placed in this period" in food.remarks
    assert "1 fact without a client cannot be counted by client" in food.remarks
    assert cell(report_on(facts[:1], period="2026"), NEEDED, "Food").number == "1"


def test_an_export_is_counted_as_hud_counts(tmp_path: Path) -> None:
    made = report_of(town().folder(tmp_path), ReportKind.HMIS, "2026H1")
    rows = {one.label: one.value for one in made.cells if one.section.startswith("Q5a")}
    everybody = {row["PersonalID"] for row in town().tables["Enrollment.csv"] if row["EntryDate"] <= "2026-06-30"}
    assert rows["Total number of persons served"] == len(everybody)
    assert rows["Number of adults (age 18 or over)"] == 2
    assert rows["Number of children (under age 18)"] == len(everybody) - 2
    assert rows["Number of leavers"] + rows["Number of stayers"] == len(everybody)
    assert cell(made, "Q24e", "Female").value == len(everybody)
    assert cell(made, "Q5a", "Number of veterans").value is None
    assert "bed nights" in cell(made, "Q5a", "Number of stayers").remarks


def test_what_hmis_has_no_code_for_is_not_known_and_its_needs_are_at_least(tmp_path: Path) -> None:
    made = report_of(town().folder(tmp_path), ReportKind.NEEDS, "2026H1")
    dental = cell(made, "Services that clients got", "Dental care")
    assert dental.value is None
    assert dental.remarks.startswith("HMIS has no code for this")
    assert "only with a referral" in cell(made, NEEDED, "Legal help").remarks
    assert cell(made, NEEDED, "Long-term housing").certain is HowCertain.AT_LEAST


def test_a_damaged_row_of_one_file_leaves_the_cells_of_others_exact(tmp_path: Path) -> None:
    written = town().change("Exit.csv", 0, ExitDate="soon")
    made = report_of(written.folder(tmp_path), ReportKind.OTIP, "2026H1")
    assert cell(made, "Client Characteristics", "New clients (one form each)").certain is HowCertain.EXACT
    assert cell(made, "Client Case Closure", "Clients whose case was closed (one form each)").certain is AT_LEAST
    moved = town().change("Enrollment.csv", 1, MoveInDate="soon")
    made = report_of(moved.folder(tmp_path), ReportKind.OTIP, "2026H1")
    assert cell(made, "Client Characteristics", "New clients (one form each)").certain is HowCertain.EXACT
    assert "2 rows could not be read" in cell(made, "Client Service", "Long-term housing").remarks
    assert cell(made, "Client Service", "Legal help").certain is HowCertain.EXACT
