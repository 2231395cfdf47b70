"""Excel and CSV files are read as rows of text; what was not read is never an empty cell."""

import io
import os
from datetime import date, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from producers.errors import SourceUnreadable
from producers.sources.hmis.reading.bounded_lines import TOO_LONG
from producers.sources.sheets.reading import cell_scan, excel_book
from producers.sources.sheets.reading.delimited import DelimitedSheet
from producers.sources.sheets.reading.excel_book import NOT_EXACT, sheets_of
from producers.sources.sheets.reading.sheet_rows import SheetRow, letters
from tests.kits.sheet_files import Rows, edit_part, write_csv, write_xlsx

HEADER = ("case", "count", "day")


def excel(path: Path, *sheets: Rows, **how: object) -> list[SheetRow]:
    (sheet,) = sheets_of(write_xlsx(path, *sheets, **how))
    return list(sheet.rows())


def delimited(path: Path, octets: bytes) -> list[SheetRow]:
    path.write_bytes(octets)
    return list(DelimitedSheet(path).rows())


def texts(rows: list[SheetRow]) -> list[list[str]]:
    return [list(row.cells) for row in rows]


def test_cells_are_texts_as_a_person_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = excel(path, [HEADER, ("007", 5.0, 5.25), (7, True, "  n/a "), ("", "NULL", "x")])
    assert texts(rows) == [list(HEADER), ["007", "5", "5.25"], ["7", "TRUE", ""], ["", "", "x"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 2, 10), "2026-02-10"),
        (datetime(2026, 2, 10), "2026-02-10"),  # noqa: DTZ001 - as Excel has it
        (datetime(2026, 2, 10, 3, 4), "2026-02-10 03:04:00"),  # noqa: DTZ001
        (12.0, "12"),
        (-3.0, "-3"),
        (False, "FALSE"),
        ("12.0", "12.0"),
        (123456789012345678.0, NOT_EXACT),
    ],
)
def test_each_kind_of_value_has_one_text(value: object, text: str) -> None:
    assert excel_book.text_of(value) == text


def test_row_numbers_are_those_that_excel_shows_with_blank_rows_before_and_between(tmp_path: Path) -> None:
    rows = excel(tmp_path / "a.xlsx", [(), (), HEADER, (), ("1", 2), ("", ""), ("3",)])
    assert [row.number for row in rows] == [3, 5, 7]


def test_columns_before_the_first_used_one_keep_their_places(tmp_path: Path) -> None:
    rows = excel(tmp_path / "a.xlsx", [("", "", "case"), ("", "", "17")])
    assert [row.cell(2) for row in rows] == ["case", "17"]
    assert rows[0].cell(99) == ""


def test_an_error_cell_refuses_its_row_and_no_other(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADER, ("1", "=1/0", "x"), ("2", "3", "y")])
    edit_part(
        path,
        "xl/worksheets/sheet1.xml",
        r'<c r="B2"><f>1/0</f><v>0</v></c>',
        '<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>',
    )
    (sheet,) = sheets_of(path)
    _, broken, whole = sheet.rows()
    assert (broken.number, broken.fault, letters(broken.at), list(broken.cells)) == (2, cell_scan.ERROR, "B", [])
    assert list(whole.cells) == ["2", "3", "y"]


@pytest.mark.parametrize("value", ["", "<v></v>", "<v/>"])
def test_a_formula_that_was_never_calculated_refuses_its_row(tmp_path: Path, value: str) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADER, ("1", "=A1", "x")])
    edit_part(path, "xl/worksheets/sheet1.xml", r"<f>A1</f><v>0</v>", f"<f>A1</f>{value}")
    (sheet,) = sheets_of(path)
    assert [row.fault for row in sheet.rows()] == ["", cell_scan.UNCALCULATED]


def test_a_formula_whose_result_is_an_empty_text_is_an_empty_cell(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADER, ("1", "=A1", "x")])
    edit_part(path, "xl/worksheets/sheet1.xml", r'<c r="B2"><f>A1</f><v>0</v>', '<c r="B2" t="str"><f>A1</f><v></v>')
    (sheet,) = sheets_of(path)
    assert texts(list(sheet.rows()))[1] == ["1", "", "x"]


def test_cells_without_references_are_counted_along(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [("1", "2"), ("3", "=A1")])
    edit_part(path, "xl/worksheets/sheet1.xml", r'<c r="B2"><f>A1</f><v>0</v>', '<c t="e"><v>#N/A</v>')
    edit_part(path, "xl/worksheets/sheet1.xml", r'<row r="2"', "<row")
    with ZipFile(path) as archive, archive.open("xl/worksheets/sheet1.xml") as stream:
        assert cell_scan.scanned(stream).faults == {2: (1, cell_scan.ERROR)}


def test_rows_with_merged_cells_are_refused(tmp_path: Path) -> None:
    rows = excel(tmp_path / "a.xlsx", [HEADER, ("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9")], merged=["B2:B3"])
    assert [(row.number, row.fault) for row in rows] == [(1, ""), (2, cell_scan.MERGED), (3, cell_scan.MERGED), (4, "")]


def test_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [("seen",)], [("hidden",)], [("seen too",)], hidden=(1,))
    assert [(sheet.name, texts(list(sheet.rows()))) for sheet in sheets_of(path)] == [
        ("a.xlsx, sheet 1", [["seen"]]),
        ("a.xlsx, sheet 3", [["seen too"]]),
    ]


def test_a_workbook_with_macros_is_read_and_its_macros_are_bytes(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsm", [HEADER])
    with ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"Sub Auto_Open()")
    (sheet,) = sheets_of(path)
    assert texts(list(sheet.rows())) == [list(HEADER)]


def test_a_number_with_more_digits_than_excel_keeps_refuses_its_row(tmp_path: Path) -> None:
    rows = excel(tmp_path / "a.xlsx", [HEADER, (123456789012345678, 1)])
    assert (rows[1].fault, rows[1].at) == (NOT_EXACT, 0)


def test_entities_are_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADER])
    edit_part(path, "xl/worksheets/sheet1.xml", r"<worksheet", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet')
    with pytest.raises(SourceUnreadable, match="entities"):
        sheets_of(path)


def test_a_cell_far_outside_is_refused_before_the_reader_makes_room_for_all_between(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [HEADER])
    edit_part(
        path,
        "xl/worksheets/sheet1.xml",
        r"</sheetData>",
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
    )
    with pytest.raises(SourceUnreadable, match="far outside"):
        sheets_of(path)


def test_a_sheet_that_states_to_be_huge_is_read_as_it_is(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADER])
    edit_part(path, "xl/worksheets/sheet1.xml", r'<dimension ref="[^"]*"', '<dimension ref="A1:XFD1048576"')
    (sheet,) = sheets_of(path)
    assert texts(list(sheet.rows())) == [list(HEADER)]


def test_a_zip_bomb_and_a_lying_one_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADER])
    with ZipFile(path, "a", ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros", bytes(1 << 20))
    monkeypatch.setattr(excel_book, "UNPACKED_OCTETS_MAX", 1 << 20)
    with pytest.raises(SourceUnreadable, match="unpacks to more"):
        sheets_of(path)
    octets = path.read_bytes().replace((1 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(octets)
    with pytest.raises(SourceUnreadable, match="damaged"):
        sheets_of(path)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"\xd0\xcf\x11\xe0 and more", "password"),
        (b"not a workbook", "damaged"),
        (b"PK\x03\x04 cut off", "damaged"),
        (b"", "damaged"),
    ],
)
def test_what_is_no_workbook_is_named(tmp_path: Path, octets: bytes, words: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(octets)
    with pytest.raises(SourceUnreadable, match=words):
        sheets_of(tmp_path / "a.xlsx")


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("Client.csv", "x")
    with pytest.raises(SourceUnreadable, match="damaged"):
        sheets_of(tmp_path / "a.xlsx")


def test_a_file_that_excel_holds_open_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADER])

    def denied(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(SourceUnreadable, match="close it in Excel"):
        sheets_of(path)
    with pytest.raises(SourceUnreadable, match="Close it in Excel"):
        sheets_of(tmp_path / "~$a.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_separators(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = write_csv(tmp_path / "a.csv", [("caso", "año"), ("17", "Español")], encoding=encoding, delimiter=delimiter)
    assert texts(list(DelimitedSheet(path).rows())) == [["caso", "año"], ["17", "Español"]]


def test_numbers_of_rows_in_a_csv_file_are_those_of_a_spreadsheet(tmp_path: Path) -> None:
    rows = delimited(tmp_path / "a.csv", b'a,b\r\n\r\n"1\n1",2\r\n,\r\n3,4')
    assert [(row.number, list(row.cells)) for row in rows] == [(1, ["a", "b"]), (3, ["1\n1", "2"]), (5, ["3", "4"])]


def test_a_record_that_swallowed_others_is_a_fault_and_no_field_of_it_is_read(tmp_path: Path) -> None:
    rows = delimited(tmp_path / "a.csv", b'a,b,c\n1,"x,2\n3,y,4\n5,z",6\n7,w,8\n')
    assert [(row.number, bool(row.fault)) for row in rows] == [(1, False), (2, True), (3, False)]
    assert "3 lines" in rows[1].fault
    assert not rows[1].cells


def test_a_quote_that_is_never_closed_takes_no_row_before_it(tmp_path: Path) -> None:
    rows = delimited(tmp_path / "a.csv", b'a,b\n1,2\n3,"4\n5,6\n')
    assert [list(row.cells) for row in rows if not row.fault] == [["a", "b"], ["1", "2"]]
    assert rows[-1].fault


def test_a_line_without_end_is_a_fault_and_costs_no_memory(tmp_path: Path) -> None:
    rows = delimited(tmp_path / "a.csv", b"a,b\n1," + b"x" * (3 << 20) + b"\n2,3\n")
    assert [row.fault for row in rows][1:] == [TOO_LONG, ""]


def test_where_lines_end_with_cr_alone_the_row_after_a_line_without_end_is_read(tmp_path: Path) -> None:
    rows = delimited(tmp_path / "a.csv", b"a,b\r1," + b"x" * (3 << 20) + b"\r2,3\r")
    assert [row.fault for row in rows][1:] == [TOO_LONG, ""]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [HEADER, ("1", "2", "3")])
    rows = DelimitedSheet(path).rows()
    next(rows)
    path.write_bytes(path.read_bytes() + b"4,5,6\n")
    with pytest.raises(SourceUnreadable, match="changed while it was read"):
        list(rows)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable):
        DelimitedSheet(tmp_path / "a.csv")
    with pytest.raises(SourceUnreadable, match="nothing at"):
        sheets_of(tmp_path / "a.xlsx")


@pytest.mark.parametrize(("at", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (-1, "")])
def test_letters_of_columns(at: int, name: str) -> None:
    assert letters(at) == name


def test_a_part_that_is_no_xml_is_damage() -> None:
    with pytest.raises(SourceUnreadable):
        cell_scan.scanned(io.BytesIO(b"<worksheet><sheetData><row r='x'>"))


def test_no_temporary_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_xlsx(tmp_path / "a.xlsx", [HEADER, ("1", 2, 3)])
    empty = tmp_path / "tmp"
    empty.mkdir()
    monkeypatch.setenv("TMPDIR", str(empty))
    for sheet in sheets_of(tmp_path / "a.xlsx"):
        list(sheet.rows())
    assert os.listdir(empty) == []  # noqa: PTH208
