"""The bytes of an export, as vendors really write them: one law a quirk."""

import csv
import io
import zipfile
from dataclasses import replace

import pytest

from exchange.core.model.events import CaseOpened
from producers.facts import Edition, Where
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading import bounded_lines, csv_rows, files
from producers.sources.hmis.reading.layout import FUNDER
from tests.kits.hmis_exports import facts, ignored, only, readings, refusals, refused, sample, settings

ENROLLMENT = "Enrollment.csv"


def plain(folder):
    return readings(sample(), folder)


def wherever(found):
    """The readings without the numbers of their rows."""
    return [replace(reading, where=Where(reading.where.file, 0)) for reading in found]


def test_a_zip_and_a_folder_say_the_same(tmp_path):
    assert list(HmisExport(sample().zip(tmp_path), settings()).read()) == plain(tmp_path)


@pytest.mark.parametrize("encode", [lambda text: text.encode("utf-8-sig"), lambda text: text.encode("cp1252")])
def test_a_byte_order_mark_or_windows_1252_changes_nothing(tmp_path, encode):
    written = (
        sample().change("Client.csv", LastName="O’Quirinius é").change("Organization.csv", OrganizationName="“Harbor”")
    )
    written.encode = encode
    assert readings(written, tmp_path) == plain(tmp_path)


def test_a_byte_order_mark_before_a_quoted_name_changes_nothing(tmp_path):
    written = sample()
    written.quoting, written.encode = csv.QUOTE_ALL, lambda text: text.encode("utf-8-sig")
    assert readings(written, tmp_path) == plain(tmp_path)


def test_windows_1252_is_read_as_what_it_was_written_as(tmp_path):
    written = sample().change("Funder.csv", OtherFunder="L’Étoile “bleue”")
    written.encode = lambda text: text.encode("cp1252")
    with files.bundle(written.folder(tmp_path)) as found:
        (record,) = csv_rows.CsvFile(found, FUNDER).records()
    assert record.cells["OtherFunder"] == "L’Étoile “bleue”"


def test_a_byte_order_mark_on_one_file_only_changes_nothing(tmp_path):
    folder = sample().folder(tmp_path)
    (folder / "Exit.csv").write_bytes(b"\xef\xbb\xbf" + (folder / "Exit.csv").read_bytes())
    assert list(HmisExport(folder, settings()).read()) == plain(tmp_path)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
def test_line_ends_and_quoting_change_nothing(tmp_path, newline, quoting):
    written = sample()
    written.newline, written.quoting = newline, quoting
    assert readings(written, tmp_path) == plain(tmp_path)


def test_a_mix_of_line_ends_blank_lines_and_a_last_line_without_one_change_nothing(tmp_path):
    written = sample()

    def mixed(text):
        lines = text.splitlines()
        return (
            ("\n\n" + "".join(f"{line}{end}" for line, end in zip(lines, ["\r\n", "\n\r\n"] * 9, strict=False)))
            .rstrip()
            .encode()
        )

    written.encode = mixed
    assert wherever(readings(written, tmp_path)) == wherever(plain(tmp_path))


def test_commas_quotes_and_line_breaks_inside_a_quoted_field_change_nothing(tmp_path):
    written = sample().change("Exit.csv", OtherDestination='a, "b"\r\nc\n\nd').change("Client.csv", LastName='x","y')
    assert readings(written, tmp_path) == plain(tmp_path)


def test_moved_columns_and_names_in_another_case_change_nothing(tmp_path):
    written = sample()
    for header in written.headers.values():
        header.reverse()
    written.rename = lambda column: f" {column.swapcase()}\xa0"
    assert readings(written, tmp_path) == plain(tmp_path)


def test_file_names_in_another_case_or_folder_change_nothing(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in sample().contents().items():
            archive.writestr(f"some\\..//{name.upper()}", content)
        archive.writestr("notes.txt", "not ours")
        archive.writestr("../../Disabilities.csv", "not read")
    assert list(HmisExport(path, settings()).read()) == plain(tmp_path)


def test_space_no_break_space_and_empty_quotes_around_a_value_change_nothing(tmp_path):
    written = sample().change(ENROLLMENT, EntryDate="\xa0 2026-02-10 ", EnrollmentID=" E1", ReferralSource="\t11.0 ")
    assert only(readings(written, tmp_path), CaseOpened) == only(plain(tmp_path), CaseOpened)


@pytest.mark.parametrize("number", ["11", "011", " 11", "11.0", "11."])
def test_an_integer_is_read_in_every_form_it_comes_in(tmp_path, number):
    assert (
        only(readings(sample().change(ENROLLMENT, ReferralSource=number), tmp_path), CaseOpened).referral_source
        == "shelter"
    )


def test_a_row_with_too_many_or_too_few_fields_is_refused_and_the_next_one_is_read(tmp_path):
    folder = sample().folder(tmp_path)
    exits = (folder / "Exit.csv").read_text().splitlines()
    (folder / "Exit.csv").write_text("\n".join([exits[0], exits[1] + ",surplus", "too,few", exits[1]]))
    found = list(HmisExport(folder, settings()).read())
    assert refused(found) == {("Exit.csv", 1, ""), ("Exit.csv", 2, "")}
    assert {fact.where.row for fact in facts(found) if fact.where.file == "Exit.csv"} == {4}


def test_rows_are_numbered_as_a_spreadsheet_numbers_them(tmp_path):
    """The header is row 1 if nothing precedes it; blank rows count; a row of many lines is one."""
    folder = sample().folder(tmp_path)
    header, row = (folder / "Exit.csv").read_text().splitlines()
    several = '"a\nb\nc"' + ",surplus" * header.count(",")
    (folder / "Exit.csv").write_text("\n".join(["", header, several, "", row + ",surplus", "too,few"]))
    found = list(HmisExport(folder, settings()).read())
    told = [(r.where.row, r.column) for r in refusals(found) if r.where.file == "Exit.csv"]
    assert told == [(3, "DateDeleted"), (5, ""), (6, "")]


def test_a_quote_that_is_never_closed_costs_its_own_rows_alone(tmp_path):
    folder = sample().folder(tmp_path)
    with (folder / "Exit.csv").open("a") as file:
        file.write('"X2,never closed\n' + "x,\n" * 9)
    found = list(HmisExport(folder, settings()).read())
    assert ("Exit.csv", 2, "") in refused(found)
    assert any(fact.where.file == "Exit.csv" for fact in facts(found))


@pytest.mark.parametrize(
    "endless",
    ["x" * 3_000_000, '"' + ("x" * 999 + "\n") * 3_000, (',"' + "x" * 99 + '\n"') * 20_000, '"' + "x" * 200_000 + '"'],
)
def test_a_record_without_end_is_refused_in_bounded_memory_and_the_rest_is_read(tmp_path, endless):
    folder = sample().folder(tmp_path)
    exits = (folder / "Exit.csv").read_text().splitlines()
    (folder / "Exit.csv").write_text(
        "\n".join([exits[0], exits[1], endless, '"', exits[1].replace("X1", "X2").replace("E1", "E2")])
    )
    found = list(HmisExport(folder, settings()).read())
    assert ("Exit.csv", 2, "") in refused(found)
    assert any(fact.where.file == "Exit.csv" for fact in facts(found))


def test_no_line_and_no_record_is_handed_to_the_parser_beyond_its_bound():
    for text in ("x" * 5_000_000, '"' + ("x" * 99 + "\n") * 50_000):
        lines = bounded_lines.BoundedLines(io.TextIOWrapper(io.BytesIO(text.encode()), newline=""), ",")
        longest = 0
        while True:
            try:
                longest = max(longest, len(next(lines)))
            except csv.Error:
                assert lines.taken == 0
            except StopIteration:
                break
            assert lines.taken < bounded_lines.RECORD_CHARS_MAX
        assert longest < bounded_lines.RECORD_CHARS_MAX


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x00\x00", b"\xff\xfeE\x00n\x00"])
def test_a_file_without_a_header_is_refused_as_a_whole(tmp_path, content):
    folder = sample().folder(tmp_path)
    (folder / "Exit.csv").write_bytes(content)
    found = list(HmisExport(folder, settings()).read())
    assert refused(found) == {("Exit.csv", 0, "")}


def test_a_missing_column_is_named_and_the_file_refused(tmp_path):
    written = sample()
    written.headers["Exit.csv"].remove("ExitDate")
    (refusal,) = refusals(readings(written, tmp_path))
    assert (refusal.where.file, refusal.where.row, refusal.rule) == ("Exit.csv", 0, "the column ExitDate is missing")


def test_a_column_that_is_there_twice_is_not_guessed(tmp_path):
    written = sample()
    written.headers["Exit.csv"].append("exitdate")
    (refusal,) = refusals(readings(written, tmp_path))
    assert refusal.rule == "the column ExitDate is there twice"


def test_a_column_that_only_some_exports_have_may_be_missing(tmp_path):
    written = sample()
    for column in ("ReferralSource", "DateUpdated", "DateDeleted", "EnrollmentCoC"):
        written.headers[ENROLLMENT].remove(column)
    assert only(readings(written, tmp_path), CaseOpened).referral_source == "not_collected"


def test_files_with_a_header_only_say_nothing_and_are_no_error(tmp_path):
    written = sample()
    for file in ("Exit.csv", "Services.csv", "Event.csv", "HealthAndDV.csv", "Funder.csv"):
        written.tables[file] = []
    found = readings(written, tmp_path)
    assert not refusals(found)
    assert {type(fact.body).__name__ for fact in facts(found)} == {"CaseOpened", "AgencyProfiled"}


@pytest.mark.parametrize("file", ["ProjectCoC.csv", "Funder.csv", "Exit.csv", "Services.csv", "Event.csv"])
def test_a_small_export_may_lack_a_file(tmp_path, file):
    found = readings(sample().without(file), tmp_path)
    assert not refusals(found)
    assert ignored(found, file) == ["the export lacks this file"]
    assert only(found, CaseOpened)


@pytest.mark.parametrize("file", ["Export.csv", "Project.csv", "Client.csv", "Enrollment.csv"])
def test_what_nothing_can_be_read_without_is_missed_by_name(tmp_path, file):
    found = readings(sample().without(file), tmp_path)
    assert (file, 0, "") in refused(found)
    assert not facts(found)
    assert [reading.where.file for reading in refusals(found)] == [file]


def test_the_age_of_the_export_comes_first_of_all(tmp_path):
    first = plain(tmp_path)[0]
    assert isinstance(first, Edition)
    assert (first.made_at, first.database) == ("2027-01-02T03:04:05", "db1")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_rows_are_counted_by_the_ends_of_lines(tmp_path, newline):
    written = sample()
    written.newline = newline
    rows = sum(map(len, written.tables.values()))
    assert HmisExport(written.folder(tmp_path), settings()).rows() == rows
    written.encode = lambda text: text.rstrip(newline).encode("utf-16")
    assert HmisExport(written.folder(tmp_path), settings()).rows() == rows
    broken = sample().change("Exit.csv", OtherDestination="a\nb")
    assert HmisExport(broken.folder(tmp_path), settings()).rows() == rows + 1
