"""Any other sheet: what is suggested, what is asked, what is remembered, and what is never read."""

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.cli import app
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from producers.errors import MappingInvalid, MappingUnsure, SourceUnreadable
from producers.facts import Fact, Reading, RowRefused
from producers.sources.sheets.mapping.evidence import look_at, looks_identifying, suggested
from producers.sources.sheets.mapping.mapping_file import FIELDS, PRODUCTS, SheetMapping, fingerprint
from producers.sources.sheets.reading.sheet_rows import SheetRow
from tests.kits.sheet_files import Rows, readings, write_csv, write_xlsx

HEADER = ("Client ID", "Date of service", "First Name", "What was given", "Staff")
ROWS = (
    HEADER,
    ("0017", "2026-02-10", "Zaphod", "Food", "A"),
    ("0017", "2026-03-02", "Zaphod", "Clothing", "B"),
    ("18", "2026-02-11", "Trillian", "Bus pass", "A"),
    ("19", "2026-02-12", "Ford", "bus  PASS", "A"),
    ("20", "2026-02-12", "Marvin", "Transportation", "A"),
    ("21", "2026-02-12", "Arthur", "Legal help", "A"),
)
PROFILE = 'agency = "harbor-light"\nstate = "ca"\nlegal_class = "individual"\nvault = "v.vault"\n'


def map_it(
    folder: Path, rows: Rows = ROWS, *words: str, typed: str | None = None, file: str = "services.csv"
) -> Result:
    (folder / "agency.toml").write_text(PROFILE, encoding="utf-8")
    path = folder / file
    (write_csv if path.suffix == ".csv" else write_xlsx)(path, rows)
    command = ["edge", "map", str(path), "--profile", str(folder / "agency.toml"), *words]
    return CliRunner(env={"COLUMNS": "1000"}).invoke(app, command, input=typed)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is a person."""
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True)


SURE: tuple[str, ...] = ("--rows", "services", "--column", "case=Client ID", "--column", "quarter=Date of service")
SURE += ("--column", "need=What was given")


def facts(found: list[Reading]) -> list[Fact]:
    return [one for one in found if isinstance(one, Fact)]


def refused(found: list[Reading]) -> list[tuple[int, str]]:
    return [(one.where.row, one.column) for one in found if isinstance(one, RowRefused)]


def test_a_mapping_is_made_once_and_used_whenever_the_header_is_the_same(tmp_path: Path) -> None:
    made = map_it(tmp_path, ROWS, *SURE)
    assert made.exit_code == 0, made.output
    found = readings(tmp_path / "services.csv")
    bodies = [one.body for one in facts(found)]
    assert e.NeedIdentified(v.Service.food) in bodies
    assert sum(isinstance(body, e.ServiceProvided) for body in bodies) == 4
    assert {one.period for one in facts(found)} == {parse_period("2026Q1")}
    assert {one.client for one in facts(found)} == {"0017", "20", "21"}
    assert refused(found) == [(4, "need"), (5, "need")]
    later = write_csv(tmp_path / "later.csv", [HEADER, ("22", "2026-05-01", "x", "Food", "")])
    assert [one.client for one in facts(readings(later))] == ["22", "22"]


@pytest.mark.parametrize(
    "header",
    [
        ("Client ID", "Date of service", "First Name", "What was given", "Staff", "New"),
        ("Client ID", "Date of service", "First Name", "What Was Given", "Staff"),
        ("Date of service", "Client ID", "First Name", "What was given", "Staff"),
    ],
)
def test_another_header_is_another_sheet(tmp_path: Path, header: Sequence[str]) -> None:
    map_it(tmp_path, ROWS, *SURE)
    with pytest.raises(SourceUnreadable, match="edge map"):
        readings(write_csv(tmp_path / "other.csv", [header, ("1",) * len(header)]))


def test_a_mapping_of_a_workbook_finds_the_header_below_a_title(tmp_path: Path) -> None:
    rows = [("Our services",), (), *ROWS]
    assert map_it(tmp_path, rows, *SURE, file="services.xlsx").exit_code == 0
    found = readings(tmp_path / "services.xlsx")
    assert len(facts(found)) == 8
    assert refused(found) == [(6, "need"), (7, "need")]


def test_without_a_terminal_nothing_unsure_is_taken_and_nothing_is_written(tmp_path: Path) -> None:
    rows = [("Client", "When", "Kind"), ("1", "2026-02-01", "Food"), ("2", "2026-02-02", "Klingon")]
    made = map_it(tmp_path, rows)
    assert isinstance(made.exception, MappingUnsure)
    assert "quarter" in str(made.exception)
    assert not (tmp_path / "mappings").exists()


def test_values_go_before_names(tmp_path: Path) -> None:
    header = ("service", "note of staff code", "b")
    rows = [
        SheetRow(n, (f"S-{n}", "x", word))
        for n, word in enumerate(("Food", "Clothing", "Legal help", "Transportation"))
    ]
    seen = look_at(header, rows)
    first, *_ = suggested(FIELDS["need"], seen)
    assert (first.column.name, first.sure) == ("b", True)


def test_two_columns_for_one_field_are_a_question() -> None:
    rows = [SheetRow(n, (word, word)) for n, word in enumerate(("Food", "Clothing", "Legal help"))]
    found = suggested(FIELDS["need"], look_at(("a", "b"), rows))
    assert [one.column.name for one in found] == ["a", "b"]
    assert not found[0].sure


def test_missing_answers_are_no_evidence() -> None:
    rows = [SheetRow(n, ("Not known",)) for n in range(9)]
    assert suggested(FIELDS["gender"], look_at(("x",), rows)) == []


@pytest.mark.parametrize(
    "name", ["First Name", "Email", "SSN", "DOB", "Street address", "Notes", "Nationality", "Photo"]
)
def test_columns_that_look_like_identifiers_are_not_even_looked_at(name: str) -> None:
    (seen,) = look_at((name,), [SheetRow(1, ("Food",)), SheetRow(2, ("Clothing",))])
    assert (seen.filled, seen.words, seen.hits) == (0, {}, {})
    assert suggested(FIELDS["need"], [seen]) == []
    assert suggested(FIELDS["case"], [seen]) == []


def test_an_identifier_cannot_be_chosen_by_hand(tmp_path: Path) -> None:
    made = map_it(tmp_path, ROWS, *SURE, "--column", "need=First Name")
    assert isinstance(made.exception, MappingInvalid)
    assert "never read" in str(made.exception)


def test_case_and_date_are_marked_as_used_here_and_never_sent(tmp_path: Path) -> None:
    output = map_it(tmp_path, ROWS, *SURE).stdout
    lines = [line for line in output.splitlines() if "never sent" in line]
    assert [line.split(":")[0] for line in lines] == ["Case", "Quarter"]
    assert "2 other columns are not read; 1 of them look like identifiers" in output
    made = (tmp_path / "mappings" / "services.toml").read_text(encoding="utf-8")
    assert made.count("# used, and never sent") == 2


def test_no_value_of_the_sheet_is_in_the_mapping_or_in_what_is_printed(tmp_path: Path) -> None:
    made = map_it(tmp_path, ROWS, *SURE)
    text = (tmp_path / "mappings" / "services.toml").read_text(encoding="utf-8")
    for value in ("Zaphod", "0017", "2026-02", "Bus pass", "Food"):
        assert value not in text
        assert value not in made.output
    if os.name == "posix":
        assert (tmp_path / "mappings" / "services.toml").stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("terminal")
def test_at_a_terminal_words_become_codes_only_if_somebody_says_so(tmp_path: Path) -> None:
    made = map_it(tmp_path, ROWS, *SURE[2:], typed="services\n" + "-\n" * 30)
    assert made.exit_code == 0, made.output
    asked = made.output
    assert "Bus pass" in asked
    assert "Zaphod" not in asked


@pytest.mark.usefixtures("terminal")
def test_variants_of_a_word_are_asked_once_and_remembered_together(tmp_path: Path) -> None:
    given = [part for code in FIELDS if code not in ("case", "quarter", "need") for part in ("--column", f"{code}=")]
    made = map_it(tmp_path, ROWS, *SURE, *given, typed="transportation\n")
    assert made.exit_code == 0, made.output
    assert made.output.count("what is “") == 1
    data = tomllib.loads((tmp_path / "mappings" / "services.toml").read_text(encoding="utf-8"))
    assert data["words"] == {"need": {"Bus pass": "transportation", "bus  PASS": "transportation"}}
    found = readings(tmp_path / "services.csv")
    assert not refused(found)
    assert sum(one.body == e.NeedIdentified(v.Service.transportation) for one in facts(found)) == 3


@pytest.mark.parametrize("word", ["a@b.org", "555-12345", "x" * 61, "2026-02-10"])
def test_words_that_look_like_identifiers_are_not_shown(tmp_path: Path, word: str) -> None:
    assert looks_identifying(word)
    assert not looks_identifying("Bus pass (2 rides)")


def test_a_first_row_that_is_a_record_is_refused_and_not_repeated(tmp_path: Path) -> None:
    made = map_it(tmp_path, ROWS[1:])
    assert isinstance(made.exception, SourceUnreadable)
    assert "Zaphod" not in str(made.exception)
    assert "0017" not in str(made.exception)


def mapping(folder: Path, text: str) -> Path:
    (folder / "mappings").mkdir(exist_ok=True)
    path = folder / "mappings" / "m.toml"
    path.write_text(text, encoding="utf-8")
    return path


def made_for(header: Sequence[str], **columns: str) -> str:
    lines = "\n".join(f'{code} = "{name}"' for code, name in columns.items())
    return f'name = "m"\nheader = "{fingerprint(header)}"\n\n[columns]\n{lines}\n'


def test_a_mapping_that_names_a_missing_column_is_an_error_and_is_not_used_in_part(tmp_path: Path) -> None:
    mapping(tmp_path, made_for(HEADER, case="Client ID", quarter="Date of service", need="Gone"))
    with pytest.raises(MappingInvalid, match=r"for need a column that a\.csv does not have"):
        readings(write_csv(tmp_path / "a.csv", ROWS))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("name = ", "not TOML"),
        ('name = "m"\n[columns]\ncase = "a"\nquarter = "b"\n', "lacks its name or its header"),
        ('name = "m"\nheader = "x"\n[columns]\ncase = "a"\n', "no column for quarter"),
        ('name = "m"\nheader = "x"\n[columns]\ncase = "a"\nquarter = "b"\nssn = "c"\n', "a field that there is not"),
        ('name = "m"\nheader = "x"\nextra = 1\n[columns]\ncase = "a"\nquarter = "b"\n', "1 unknown keys"),
        ('name = "m"\nheader = "x"\n[columns]\ncase = "a"\nquarter = 5\n', "no text"),
        (
            'name = "m"\nheader = "x"\n[columns]\ncase = "a"\nquarter = "b"\n[constants]\nserved = "often"\n',
            "no word of it",
        ),
        (
            'name = "m"\nheader = "x"\n[columns]\ncase = "a"\nquarter = "b"\n[words.need]\nRide = "rides"\n',
            "no code of it",
        ),
        (
            'name = "m"\nheader = "x"\n[columns]\ncase = "a"\nquarter = "b"\nneed = "c"\n[constants]\nneed = "food"\n',
            "both",
        ),
    ],
)
def test_a_mapping_that_breaks_a_rule_is_named_with_the_rule(tmp_path: Path, text: str, rule: str) -> None:
    with pytest.raises(MappingInvalid, match=rule):
        SheetMapping.load(mapping(tmp_path, text))


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    words = {"need": {'a "quoted" \\ word': "food", "ñ": ""}}
    made = SheetMapping("n", "f", {"case": 'a "b"', "quarter": "c", "need": "d"}, {"served": "yes"})
    read = SheetMapping.load(mapping(tmp_path, made.as_toml(words)))
    assert (read.name, read.header, read.columns, read.constants) == (
        made.name,
        made.header,
        made.columns,
        made.constants,
    )
    assert read.reword("need", 'A "Quoted" word') == "food"
    assert read.reword("need", "ñ") == ""
    assert read.reword("need", "else") == "else"


def test_a_mapping_is_checked_against_a_file(tmp_path: Path) -> None:
    map_it(tmp_path, ROWS, *SURE)
    made = str(tmp_path / "mappings" / "services.toml")
    assert map_it(tmp_path, ROWS, "--check", made).exit_code == 0
    other = map_it(tmp_path, [HEADER[::-1], ("a", "b", "c", "d", "e")], "--check", made)
    assert isinstance(other.exception, MappingInvalid)


def test_a_known_sheet_needs_no_mapping(tmp_path: Path) -> None:
    made = map_it(tmp_path, [("case", "quarter", "need"), ("1", "2026Q1", "food")])
    assert isinstance(made.exception, SourceUnreadable)


def test_every_mapping_of_a_product_can_be_loaded_and_has_a_sample() -> None:
    for path in PRODUCTS.glob("*.toml") if PRODUCTS.is_dir() else ():
        SheetMapping.load(path)
        assert (Path(__file__).parent / "products" / f"{path.stem}.csv").exists()
