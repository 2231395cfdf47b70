"""`exchange edge template`: a sheet with drop-downs that `exchange publish` reads as it is."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner, Result

from exchange.cli import app
from producers.errors import TemplateUnwritable
from producers.facts import Fact
from producers.sources.sheets.form.form_columns import CASES, SURVEY
from producers.sources.sheets.reading.excel_book import sheets_of
from tests.kits.edge_kit.desk import Desk
from tests.kits.sheet_files import edit_part, readings, write_csv

LIST_CHARS_MAX = 255
"""A list that is written into a validation and longer than this is dropped by Excel."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["edge", "template", *arguments], catch_exceptions=True)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_sheet_has_our_columns_with_a_drop_down_for_each_list(tmp_path: Path, language: str) -> None:
    path = tmp_path / "cases.xlsx"
    assert run(str(path), "--language", language).exit_code == 0
    cases, survey = sheets_of(path)
    assert list(list(cases.rows())[-1].cells) == [getattr(column, language) for column in CASES]
    assert list(list(survey.rows())[-1].cells) == [getattr(column, language) for column in SURVEY]
    book = CalamineWorkbook.from_path(str(path))
    assert [str(sheet.visible).rpartition(".")[2] for sheet in book.sheets_metadata] == [
        "Visible",
        "Visible",
        "VeryHidden",
    ]
    lists = book.get_sheet_by_name("lists").to_python()
    offered = [{str(row[at]) for row in lists if row[at] != ""} for at in range(len(lists[0]))]
    for column in (*CASES, *SURVEY):
        words = {getattr(word, language) for word in column.words}
        assert not words or words in offered, column.code


def test_every_drop_down_is_a_named_range_and_none_is_written_out(tmp_path: Path) -> None:
    path = tmp_path / "cases.xlsx"
    run(str(path))
    with ZipFile(path) as archive:
        sheets = [archive.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)]
        names = set(re.findall(r'definedName name="(\w+)"', archive.read("xl/workbook.xml").decode()))
    used = [name for sheet in sheets for name in re.findall(r"<formula1>([^<]*)</formula1>", sheet)]
    assert used
    assert set(used) <= names
    assert all(len(name) < LIST_CHARS_MAX and '"' not in name for name in used)


def test_the_file_names_nobody_and_is_the_same_for_everybody(tmp_path: Path) -> None:
    one, two = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    run(str(one))
    run(str(two))
    with ZipFile(one) as first, ZipFile(two) as second:
        assert {name: first.read(name) for name in first.namelist()} == {
            name: second.read(name) for name in second.namelist()
        }
        properties = first.read("docProps/core.xml").decode()
    assert "<dc:creator></dc:creator>" in properties


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "cases.xlsx"
    path.write_bytes(b"filled")
    assert isinstance(run(str(path)).exception, TemplateUnwritable)
    assert path.read_bytes() == b"filled"
    assert isinstance(run(str(tmp_path / "no" / "cases.xlsx")).exception, TemplateUnwritable)
    assert run(str(tmp_path / "cases.csv")).exit_code == 2


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_sheet_is_published_as_it_was_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    desk = Desk(tmp_path, monkeypatch)
    path = tmp_path / "cases.xlsx"
    run(str(path), "--language", language)
    first = {column.code: column.words[0] for column in CASES if column.words}
    cells = ["0017", "2026Q1", *(getattr(first[column.code], language) for column in CASES[2:])]
    row = "".join(f'<c t="inlineStr"><is><t>{text.replace("&", "&amp;")}</t></is></c>' for text in cells)
    edit_part(path, "xl/worksheets/sheet1.xml", "</sheetData>", f'<row r="4">{row}</row></sheetData>')
    found = [one for one in readings(path) if isinstance(one, Fact)]
    assert {one.client for one in found} == {"0017"}
    said = desk.run("publish", "cases.xlsx").stdout
    assert re.search(r"new facts +│ +8", said), said
    again = desk.run("publish", "cases.xlsx").stdout
    assert re.search(r"already known +│ +8", again), again
    assert re.search(r"new facts +│ +0", again), again


@pytest.mark.parametrize("words", ["code", "en", "es"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_an_export_of_the_form_is_published_unmapped(tmp_path: Path, words: str, delimiter: str) -> None:
    path = tmp_path / "form.xlsx"
    assert run(str(path), "--xlsform").exit_code == 0
    book = CalamineWorkbook.from_path(str(path))
    header, *questions = book.get_sheet_by_name("survey").to_python()
    choices = [
        dict(zip(("list", "code", "en", "es"), row, strict=True))
        for row in book.get_sheet_by_name("choices").to_python()[1:]
    ]
    asked = [dict(zip(header, row, strict=True)) for row in questions]
    titles = {"code": "name", "en": "label::English (en)", "es": "label::Español (es)"}
    cells = {"case": "17", "quarter": "2026Q1"}
    answers = [
        cells.get(str(one["name"]))
        or next(choice[words] for choice in choices if f"select_one {choice['list']}" == one["type"])
        for one in asked
    ]
    meta = ("start", "_id", "_uuid", "_submission_time")
    export = write_csv(
        tmp_path / "export.csv",
        [
            ["start", *(one[titles[words]] for one in asked), *meta[1:]],
            ["2026-02-10T10:00", *answers, "5", "uuid", "2026-02-11"],
        ],
        encoding="utf-8-sig",
        delimiter=delimiter,
    )
    assert len([one for one in readings(export) if isinstance(one, Fact)]) == 8
