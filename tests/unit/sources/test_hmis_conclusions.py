"""What an export shows, and what it does not: one kind of mistake of real exports a test."""

from pathlib import Path
from random import Random

import pytest

from exchange.core.model.events import CaseClosed, CaseOpened, NeedIdentified, ServiceProvided
from exchange.core.model.vocabulary import Gender
from producers.facts import Complete, NotWhole, Reading, Taken
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading.layout import FILES, GENDERS_2024
from tests.kits.export_damage import DAMAGES, GARBAGE, NO_DATE, Files, town
from tests.kits.hmis_exports import (
    STAY,
    Written,
    bodies,
    facts,
    only,
    readings,
    refusals,
    refused,
    sample,
    settings,
    withdrawn,
)

DAY = "2026-12-01 00:00:00"
VERBS = (" is ", " was ", " are ", " has ", " have ", " cannot ", " does ", " holds ", " took ", " stays: ", " shows ")


def read(files: dict[str, bytes], folder: Path, **changed: object) -> list[Reading]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return list(HmisExport(folder, settings(**changed)).read())


def spares(found: list[Reading], prefix: str) -> bool:
    """Whether every completion that covers a key spares it; `prefix` is a whole key."""
    return all(r.spares(prefix) for r in found if isinstance(r, Complete) and prefix.startswith(r.key_prefix))


# Withdrawn only by a date


@pytest.mark.parametrize("word", NO_DATE)
def test_what_stands_for_no_date_withdraws_nothing(tmp_path, word):
    written = sample()
    for file, header in written.headers.items():
        if "DateDeleted" in header:
            for row in range(len(written.tables[file])):
                written.change(file, row, DateDeleted=word)
    found = readings(written, tmp_path)
    assert not withdrawn(found)
    assert facts(found) == facts(readings(sample(), tmp_path))


@pytest.mark.parametrize("word", ["yes", "1", "x!", "2026-02-30", "2099-12-31", "1/5/2027"])
def test_a_row_that_may_be_deleted_is_refused_and_its_stay_spared(tmp_path, word):
    found = readings(sample().change("Exit.csv", DateDeleted=word), tmp_path)
    assert ("Exit.csv", 1, "DateDeleted") in refused(found)
    assert not withdrawn(found)
    assert not bodies(found, CaseClosed)
    assert spares(found, "hmis/project/J1/stay/E1/Exit/X1/closed")


@pytest.mark.parametrize("day", ["2026-12-01", "1/2/2026 9:00", "46000", "2026-12-01T03:00:00Z"])
def test_a_date_in_any_form_withdraws(tmp_path, day):
    assert withdrawn(readings(sample().change("Exit.csv", DateDeleted=day), tmp_path)) == {
        "hmis/project/J1/stay/E1/Exit/X1/"
    }


@pytest.mark.parametrize("file", ["Client.csv", "Enrollment.csv"])
def test_a_full_export_whose_every_row_is_deleted_says_so(tmp_path, file):
    written = sample().change(file, DateDeleted=DAY)
    assert (file, 0, "DateDeleted") in refused(readings(written, tmp_path))
    delta = readings(written.change("Export.csv", ExportDirective="1"), tmp_path)
    assert (file, 0, "DateDeleted") not in refused(delta)


# Sheltered unless proven otherwise


@pytest.mark.parametrize("flag", ["", "NULL", "99", "no", "false", "-"])
def test_a_provider_is_sheltered_unless_its_flag_is_0(tmp_path, flag):
    found = readings(sample().change("Organization.csv", VictimServiceProvider=flag), tmp_path)
    assert not [fact for fact in facts(found) if fact.client]
    assert ("Organization.csv", 1, "VictimServiceProvider") in refused(found)
    assert not [r for r in found if isinstance(r, Complete) and r.key_prefix == "hmis/project/J1/"]


@pytest.mark.parametrize("spoil", ["missing", "empty", "misspelt", "another key", "two flags", "cut off"])
def test_a_provider_is_sheltered_where_its_organization_cannot_be_read(tmp_path, spoil):
    written = sample()
    if spoil == "another key":
        written.change("Organization.csv", OrganizationID="O 1")
    if spoil == "misspelt":
        written.rename = lambda column: column.replace("VictimServiceProvider", "VictimServicesProvider")
    if spoil == "two flags":
        written.change("Organization.csv", DateUpdated="2026-02-01")
        written.add("Organization.csv", OrganizationID="O1", VictimServiceProvider="1", DateUpdated="2026-01-01")
    folder = (written.without("Organization.csv") if spoil == "missing" else written).folder(tmp_path)
    organizations = folder / "Organization.csv"
    if spoil == "empty":
        organizations.write_bytes(b"")
    if spoil == "cut off":
        organizations.write_bytes(organizations.read_bytes()[:-30])
    found = list(HmisExport(folder, settings()).read())
    assert not [fact for fact in facts(found) if fact.client]
    assert refusals(found)
    assert bodies(list(HmisExport(folder, settings(totals_only=True)).read()), CaseOpened)


# A record that took in others


def quoted(folder: Path, *rows: int) -> list[Reading]:
    """Rows of Services.csv, at whose free text a quotation mark opens."""
    written = sample()
    written.tables["Services.csv"].clear()
    for number in range(9):
        day = f"2026-03-{number + 1:02}"
        written.add(
            "Services.csv", **STAY, ServicesID=f"S{number}", DateProvided=day, RecordType="142", TypeProvided="7"
        )
    path = written.folder(folder)
    lines = (path / "Services.csv").read_text().split("\n")
    for row in rows:
        lines[row] = lines[row].replace("Zyxwvut", '"Zyxwvut', 1)
    (path / "Services.csv").write_text("\n".join(lines))
    return list(HmisExport(path, settings()).read())


@pytest.mark.parametrize(("rows", "lines"), [((2, 6), 5), ((3, 4), 2), ((1, 9), 9), ((5,), 5)])
def test_a_quote_in_the_wrong_place_says_how_many_lines_it_took_and_withdraws_nothing(tmp_path, rows, lines):
    found = quoted(tmp_path, *rows)
    (fault,) = [r for r in refusals(found) if r.where.file == "Services.csv"]
    assert f"it took {lines} lines" in fault.rule
    read = {fact.key.split("/")[6] for fact in facts(found) if "/Services/" in fact.key}
    assert read == {f"S{n}" for n in range(9) if not min(rows) <= n + 1 < min(rows) + lines}
    assert not [r for r in found if isinstance(r, Complete) and "/Services/" in r.key_prefix]
    assert not [r for r in found if isinstance(r, Complete) and r.key_prefix == "hmis/project/J1/"]
    assert [r.where.file for r in found if isinstance(r, NotWhole)] == ["Services.csv"]


def test_a_quote_that_closes_before_a_comma_does_not_join_two_rows(tmp_path):
    written = sample().add("Client.csv", PersonalID="P2", DOB="2015-06-06", DOBDataQuality="1")
    folder = written.folder(tmp_path)
    header, one, other, *_ = (folder / "Client.csv").read_text().split("\n")
    one, other = one.replace("Zyxwvut", '"Zyxwvut', 1), other.replace("Quirinius", 'Quirinius"', 1)
    (folder / "Client.csv").write_text(f"{header}\n{one}\n{other}\n")
    found = list(HmisExport(folder, settings()).read())
    assert ("Client.csv", 1, "") in refused(found)
    assert not bodies(found, CaseOpened)


def test_a_line_break_in_a_quoted_text_is_no_damage(tmp_path):
    written = sample().change("Exit.csv", OtherDestination="one,\ntwo,\nthree")
    assert not refusals(readings(written, tmp_path))


# A stay is in one project


def test_a_stay_that_has_moved_leaves_its_former_project_and_no_other_stay_does(tmp_path):
    written = sample().change("Export.csv", ExportDirective="1").change("Enrollment.csv", ProjectID="J2")
    written.add("Project.csv", ProjectID="J2", OrganizationID="O1", ProjectType="6")
    moved = moved_in(written, tmp_path)
    assert not moved.spares("hmis/project/J1/stay/E1/Enrollment/opened")
    assert moved.spares("hmis/project/J2/stay/E1/Enrollment/opened")
    assert moved.spares("hmis/project/J1/stay/E9/Enrollment/opened")
    assert moved.spares("hmis/project/J1/Funder/F1/received")


def test_a_moved_stay_leaves_in_a_delta_only_what_the_delta_has(tmp_path):
    """A delta has the rows that changed: an exit that did not is still the stay's."""
    written = sample().change("Enrollment.csv", ProjectID="J2")
    written.add("Project.csv", ProjectID="J2", OrganizationID="O1", ProjectType="6")
    exit_of_it, service = "hmis/project/J1/stay/E1/Exit/X1/closed", "hmis/project/J1/stay/E1/Services/S1/provided"
    assert not any(moved_in(written, tmp_path).spares(key) for key in (exit_of_it, service)), "a full one has all"
    written.change("Export.csv", ExportDirective="1").tables["Exit.csv"].clear()
    moved = moved_in(written, tmp_path)
    assert moved.spares(exit_of_it)
    assert not moved.spares(service)


def moved_in(written, folder) -> Complete:
    (moved,) = [r for r in readings(written, folder) if isinstance(r, Complete) and r.key_prefix == "hmis/project/"]
    return moved


def test_a_moved_stay_whose_row_is_refused_leaves_nothing(tmp_path):
    written = sample().change("Enrollment.csv", ProjectID="J2", EntryDate="x")
    written.add("Project.csv", ProjectID="J2", OrganizationID="O1", ProjectType="6")
    assert spares(readings(written, tmp_path), "hmis/project/J1/stay/E1/Enrollment/opened")


def test_a_withdrawn_project_takes_its_funders_along(tmp_path):
    written = sample().change("Project.csv", DateDeleted=DAY)
    found = readings(written, tmp_path)
    assert "hmis/project/J1/Funder/" in withdrawn(found)
    assert ("Funder.csv", 1, "ProjectID") not in refused(found)


# Columns and years


def test_a_column_that_is_missing_leaves_a_known_answer_alone(tmp_path):
    written = sample()
    for file, column in (("Enrollment.csv", "ReferralSource"), ("Exit.csv", "Destination"), ("Client.csv", "DOB")):
        written.headers[file].remove(column)
    found = readings(written, tmp_path)
    opened = next(fact for fact in facts(found) if isinstance(fact.body, CaseOpened))
    closed = next(fact for fact in facts(found) if isinstance(fact.body, CaseClosed))
    assert opened.unread == {"gender", "age_band", "referral_source"}
    assert closed.unread == {"exit_destination"}
    assert spares(found, "hmis/project/J1/stay/E1/Exit/X1/housing")
    assert not spares(found, "hmis/project/J1/stay/E1/Exit/X1/safe_client")


def test_each_year_has_its_own_meaning_of_gender(tmp_path):
    of_2024 = sample().change("Export.csv", CSVVersion="2024 v1.2").change("Client.csv", Woman="1", Man="0", Sex="1")
    of_2024.headers["Client.csv"] += GENDERS_2024
    assert only(readings(of_2024, tmp_path, gender_from_sex=True), CaseOpened).gender is Gender.woman
    of_2026 = sample().change("Client.csv", Woman="1", Sex="1")
    of_2026.headers["Client.csv"] += GENDERS_2024
    assert only(readings(of_2026, tmp_path, gender_from_sex=True), CaseOpened).gender is Gender.man


# Dates


@pytest.mark.parametrize(
    ("first", "second", "read"),
    [
        ("3/14/2026", "2/10/2026", 2),
        ("14/3/2026", "10/2/2026", 2),
        ("2/3/2026", "4/5/2026", 0),
        ("2/3/2026", "3/3/2026", 0),
        ("3/3/2026", "4/4/2026", 2),
        ("3/14/2026", "14/3/2026", 0),
        ("2/3/2026", "2026-03-01", 1),
        ("46095", "46000.5", 2),
        ("46095", "2026-03-01", 1),
    ],
)
def test_a_date_is_read_only_if_its_whole_column_proves_the_day(tmp_path, first, second, read):
    written = sample().change("Services.csv", DateProvided=first)
    written.add("Services.csv", **STAY, ServicesID="S2", DateProvided=second, RecordType="142", TypeProvided="7")
    found = readings(written, tmp_path)
    assert len(bodies(found, ServiceProvided)) == read
    assert (("Services.csv", 0, "DateProvided") in refused(found)) == ("/" in first and read < 2)
    assert all(r.follows for r in refusals(found) if r.where.row and "/" in first)


def test_a_day_after_the_export_is_refused_once_with_its_column(tmp_path):
    found = readings(sample().change("Enrollment.csv", EntryDate="2027-03-01"), tmp_path)
    assert [(r.where.file, r.column) for r in refusals(found) if not r.follows] == [("Enrollment.csv", "EntryDate")]


# Households


def family(**head: str) -> Written:
    """A household of three in permanent housing: the head, a child, and one who came later."""
    written = sample().change("Project.csv", ProjectType="13").without("Exit.csv", "Services.csv", "Event.csv")
    home = {"ProjectID": "J1", "HouseholdID": "H"}
    written.change("Enrollment.csv", **home, RelationshipToHoH="1", **head)
    for number, entered in ((2, "2026-02-10"), (3, "2026-05-01")):
        written.add("Client.csv", PersonalID=f"P{number}", DOB="2018-01-01", DOBDataQuality="1")
        stay = {"EnrollmentID": f"E{number}", "PersonalID": f"P{number}"}
        written.add("Enrollment.csv", **stay, **home, EntryDate=entered, RelationshipToHoH="2")
    return written


def waits(found: list[Reading]) -> list[tuple[str, str]]:
    return [(fact.client, fact.body.wait_band) for fact in facts(found) if isinstance(fact.body, ServiceProvided)]


def test_a_household_moves_in_with_its_head_or_at_its_own_later_entry(tmp_path):
    found = readings(family(MoveInDate="2026-03-01"), tmp_path)
    assert waits(found) == [("P1", "days_8_30"), ("P2", "days_8_30"), ("P3", "same_day")]
    assert not refusals(found)


def test_only_the_head_is_a_case_unless_the_profile_says_everyone(tmp_path):
    assert len(bodies(readings(family(), tmp_path), CaseOpened)) == 1
    assert len(bodies(readings(family(), tmp_path, everyone_is_a_case=True), CaseOpened)) == 3
    assert len(bodies(readings(family(), tmp_path), NeedIdentified)) == 3


def test_of_a_household_without_a_known_head_none_is_a_case_and_that_is_reported(tmp_path):
    written = family()
    written.headers["Enrollment.csv"].remove("RelationshipToHoH")
    found = readings(written, tmp_path)
    assert not bodies(found, CaseOpened)
    assert {r.column for r in refusals(found)} == {"RelationshipToHoH"}
    assert spares(found, "hmis/project/J1/stay/E1/Enrollment/opened")


def test_a_member_who_left_before_the_move_in_never_moved_in(tmp_path):
    written = family(MoveInDate="2026-03-01")
    written.tables["Exit.csv"] = []
    written.add("Exit.csv", ExitID="X2", EnrollmentID="E2", PersonalID="P2", ExitDate="2026-02-20")
    assert waits(readings(written, tmp_path)) == [("P1", "days_8_30"), ("P3", "same_day")]


@pytest.mark.parametrize("day", ["2026-02-09", "2026-09-01"])
def test_a_move_in_outside_the_stay_is_none_and_reported(tmp_path, day):
    written = sample().change("Project.csv", ProjectType="13").change("Enrollment.csv", MoveInDate=day)
    found = readings(written, tmp_path)
    assert not [b for b in bodies(found, ServiceProvided) if b.service == "long_term_housing"]
    assert refused(found) == {("Enrollment.csv", 1, "MoveInDate")}
    assert refusals(found)[0].part


@pytest.mark.parametrize("spoil", [{"MoveInDate": "x"}, {"EntryDate": "x"}, {"RelationshipToHoH": "9"}])
def test_where_the_head_cannot_be_read_no_move_in_of_the_others_is_gone(tmp_path, spoil):
    found = readings(family(MoveInDate="2026-03-01").change("Enrollment.csv", **spoil), tmp_path)
    assert "P2" not in {client for client, _ in waits(found)}
    assert spares(found, "hmis/project/J1/stay/E2/Enrollment/housed")


# How it is taken, and what is said


def taken(written: Written, folder: Path) -> str:
    (words,) = [reading.words for reading in readings(written, folder) if isinstance(reading, Taken)]
    return words


def test_every_run_says_how_the_export_was_taken_and_why(tmp_path):
    assert "full export of 2025Q1 to 2026Q4 for 1 project," in taken(sample(), tmp_path)
    assert "ExportDirective" in taken(sample().change("Export.csv", ExportDirective="1"), tmp_path)
    assert "ExportPeriodType" in taken(sample().change("Export.csv", ExportPeriodType="1"), tmp_path)
    assert "cannot be read" in taken(sample().change("Export.csv", ExportStartDate="x"), tmp_path)
    assert "covers no quarter whole" in taken(
        sample().change("Export.csv", ExportStartDate="2026-02-01", ExportEndDate="2026-03-01"), tmp_path
    )
    assert "Exit.csv" in taken(sample().without("Exit.csv"), tmp_path)
    assert "Nothing" in taken(sample().change("Export.csv", CSVVersion="2022"), tmp_path)


def test_a_folder_in_a_folder_is_read_and_two_are_not_guessed(tmp_path):
    outer = tmp_path / "outer"
    (outer / "export" / "inner").mkdir(parents=True)
    sample().folder(outer / "export" / "inner")
    assert facts(HmisExport(outer, settings()).read()) == facts(readings(sample(), tmp_path))
    (outer / "export" / "other").mkdir()
    sample().folder(outer / "export" / "other")
    with pytest.raises(Exception, match="Several folders"):
        list(HmisExport(outer, settings()).read())


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_of_each_file_is_found_by_its_header(tmp_path, separator):
    files = Files.of(sample())
    files.separators = dict.fromkeys(files.tables, separator)
    found = read(files.contents(), tmp_path)
    assert not refusals(found)
    assert len(facts(found)) == len(facts(readings(sample(), tmp_path)))


def test_a_surplus_field_without_a_value_is_read_only_where_every_row_has_it_or_the_last_column_fits(tmp_path):
    files = Files.of(town())
    for row in files.tables["Services.csv"][1:]:
        row.append("")
    assert not refusals(read(files.contents(), tmp_path))
    files = Files.of(town())
    files.tables["Services.csv"][3].append("")
    assert refused(read(files.contents(), tmp_path)) == {("Services.csv", 3, "")}


@pytest.mark.parametrize("seed", range(40))
def test_every_rule_has_a_verb_and_no_value(tmp_path, seed):
    files, random = Files.of(town()), Random(seed)
    for damage in (DAMAGES[seed % len(DAMAGES)], random.choice(DAMAGES)):
        damage(files, random)
    for refusal in refusals(read(files.contents(), tmp_path)):
        assert any(verb in f" {refusal.rule} " for verb in VERBS), refusal.rule
        assert not any(word in refusal.rule for word in GARBAGE if len(word) > 3)


def test_what_a_refusal_follows_from_is_a_refusal_of_its_own(tmp_path):
    found = readings(sample().change("Enrollment.csv", EntryDate="x"), tmp_path)
    assert [(r.where.file, r.record) for r in refusals(found) if not r.follows] == [("Enrollment.csv", "E1")]
    assert {r.where.file for r in refusals(found) if r.follows} == {
        "Exit.csv",
        "Services.csv",
        "Event.csv",
        "HealthAndDV.csv",
    }


def test_all_files_are_known_by_their_columns_of_dates():
    assert {column for file in FILES for column in file.dates} >= {"DOB", "EntryDate", "DateProvided", "DateDeleted"}
    assert "DOBDataQuality" not in {column for file in FILES for column in file.dates}
