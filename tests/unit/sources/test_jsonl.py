"""JSON Lines: strict, line by line, and no value or name of the file in any message."""

import json
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import CORRECTABLE
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import UsState
from producers.errors import SourceUnreadable
from producers.facts import Fact, Reading, RowRefused, Where, Withdrawn
from producers.sources.identifying import identifying
from producers.sources.jsonl import BODIES, LINE_OCTETS_MAX, JsonLines

PLANTED = "Jane Q. Planted"
NEED = {"key": "1", "period": "2026Q1", "client": "17", "body": "need_identified", "fields": {"service": "food"}}


def read(folder: Path, *lines: object) -> list[Reading]:
    path = folder / "facts.jsonl"
    path.write_bytes(b"\n".join(x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines))
    return list(JsonLines(path, UsState.ca).read())


def without(*columns: str, **changes: object) -> dict[str, object]:
    return {k: x for k, x in {**NEED, **changes}.items() if k not in columns}


def test_a_line_is_a_fact(tmp_path: Path) -> None:
    (fact,) = read(tmp_path, NEED)
    food = e.NeedIdentified(v.Service.food)
    assert fact == Fact("1", parse_period("2026Q1"), UsState.ca, food, "17", Where("facts.jsonl", 1))


def test_state_and_client_are_optional(tmp_path: Path) -> None:
    bare, other = read(tmp_path, without("client"), without(key="2", state="nv"))
    assert isinstance(bare, Fact)
    assert isinstance(other, Fact)
    assert (bare.client, bare.state, other.state) == ("", UsState.ca, UsState.nv)


def test_a_withdrawal(tmp_path: Path) -> None:
    assert read(tmp_path, {"withdraw": "case-1/"}) == [Withdrawn("case-1/", Where("facts.jsonl", 1))]


def test_every_body_but_the_tally_can_be_written(tmp_path: Path) -> None:
    assert set(BODIES.values()) == set(CORRECTABLE) - {e.Tally}
    for number, (name, body) in enumerate(BODIES.items()):
        hints = get_type_hints(body)
        said = {f.name: 7 if hints[f.name] is int else str(next(iter(hints[f.name]))) for f in fields(body)}
        (fact,) = read(tmp_path, without(key=str(number), body=name, fields=said))
        assert isinstance(fact, Fact), name
        assert {f.name: getattr(fact.body, f.name) for f in fields(body)} == said


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        (without("key"), "key", "missing"),
        (without("period"), "period", "missing"),
        (without("body"), "body", "missing"),
        (without("fields"), "fields", "missing"),
        (without(fields={}), "service", "missing"),
        (without(key=""), "key", "text"),
        (without(key=7), "key", "text"),
        (without(key="k" * 201), "key", "text"),
        (without(client=""), "client", "text"),
        (without(period="2026Q5"), "period", "quarter"),
        (without(period=2026), "period", "quarter"),
        (without(period="1999Q1"), "period", "quarter"),
        (without(state=PLANTED), "state", "state"),
        (without(state="not_applicable"), "state", "state"),
        (without(body=PLANTED), "body", "docs/BODIES.md"),
        (without(body="tally"), "body", "docs/BODIES.md"),
        (without(body="heartbeat"), "body", "docs/BODIES.md"),
        (without(body="correction"), "body", "docs/BODIES.md"),
        (without(fields=PLANTED), "fields", "object"),
        (without(fields={"service": PLANTED}), "service", "code"),
        (without(fields={"service": "Food"}), "service", "code"),
        (without(fields={"service": 7}), "service", "code"),
        (without(fields={"service": "food", PLANTED: 1}), "fields, number 2", "known are service"),
        ({PLANTED: 1, **NEED}, "number 1", "known are key"),
        ({"withdraw": ""}, "withdraw", "text"),
        ({"withdraw": "a", **NEED}, "number 2", "known are withdraw"),
        (without(body="capacity_reported", fields={"service": "food", "places": True}), "places", "whole number"),
        (without(body="capacity_reported", fields={"service": "food", "places": 1.5}), "places", "whole number"),
        (without(body="capacity_reported", fields={"service": "food", "places": PLANTED}), "places", "whole number"),
        ([NEED], "", "object"),
        (b"not json " + PLANTED.encode(), "", "JSON"),
        (b'{"key": NaN}', "", "JSON"),
        (b'{"key": "1", "key": "2"}', "", "twice"),
        (b'{"key": "\xff"}', "", "UTF-8"),
        (b'{"key": "\\ud800", "period": "2026Q1", "body": "need_identified", "fields": {}}', "key", "text"),
        (b"[" * 30_000, "", "JSON"),
        (b"7" * 5_000, "", "JSON"),
        (b'{"key": "' + b"k" * LINE_OCTETS_MAX + b'"}', "", "longer"),
    ],
)
def test_what_is_wrong_is_named_by_row_column_and_rule(tmp_path: Path, line: object, column: str, rule: str) -> None:
    first, refused, last = read(tmp_path, without(key="0"), line, without(key="3"))
    assert isinstance(refused, RowRefused)
    assert (refused.where, refused.column) == (Where("facts.jsonl", 2), column)
    assert rule in refused.rule
    assert PLANTED not in f"{refused}"
    assert isinstance(first, Fact)
    assert isinstance(last, Fact)


def test_a_key_written_twice_is_refused_the_second_time(tmp_path: Path) -> None:
    first, second = read(tmp_path, NEED, without(fields={"service": "housing"}))
    assert isinstance(first, Fact)
    assert second == RowRefused(
        Where("facts.jsonl", 2),
        "key",
        "is repeated: an earlier line of this file has it",
        record="1",
        period=parse_period("2026Q1"),
    )


def test_a_refused_line_is_named_by_its_key_and_period_where_they_can_be_read(tmp_path: Path) -> None:
    lines = (without(body=7), without(period="x"), without(key=7), b"no")
    refused = [reading for reading in read(tmp_path, *lines) if isinstance(reading, RowRefused)]
    q1 = parse_period("2026Q1")
    assert [(row.record, row.period) for row in refused] == [("1", q1), ("1", 0), ("", q1), ("", 0)]


@pytest.mark.parametrize("text", ["[\n", '[{"key": "1"}]', "\ufeff  [", json.dumps([NEED], indent=1)])
def test_a_json_array_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "facts.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceUnreadable, match="holds a JSON array; JSON Lines has one object a line"):
        list(JsonLines(path, UsState.ca).read())


def test_a_refused_line_has_not_used_its_key(tmp_path: Path) -> None:
    refused, fact = read(tmp_path, without(period="no"), NEED)
    assert isinstance(refused, RowRefused)
    assert isinstance(fact, Fact)


def test_columns_that_look_like_identifiers_stay_here(tmp_path: Path) -> None:
    path = tmp_path / "facts.jsonl"
    row = {**NEED, "firstName": PLANTED, "fields": {"service": "food", "date_of_birth": PLANTED}}
    path.write_text(json.dumps(row), encoding="utf-8")
    source = JsonLines(path, UsState.ca)
    (fact,) = source.read()
    assert isinstance(fact, Fact)
    assert PLANTED not in f"{fact}"
    assert source.stays_here == {"name": 1, "birth date": 1}


def test_no_field_of_the_contract_looks_like_an_identifier() -> None:
    assert [f.name for body in BODIES.values() for f in fields(body) if identifying(f.name)] == []


@pytest.mark.parametrize(
    "column",
    [
        *("FirstName", "LastName", "NameDataQuality", "SSN", "DOB", "PersonalID", "i_FullName", "dateOfBirth"),
        *("ZipCode", "phone", "e-mail", "Passport", "A-Number", "caseNumber", "MRN", "IPAddress", "photo", "Notes"),
        *("VeteranStatusDate", "Latitude", "UserID", "country_of_birth"),
    ],
)
def test_identity_columns_are_known(column: str) -> None:
    assert identifying(column)


def test_rows_counts_lines_and_blank_ones_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "facts.jsonl"
    path.write_text("\n".join([json.dumps(NEED), "", "  ", json.dumps(without(key="2"))]) + "\n", encoding="utf-8")
    source = JsonLines(path, UsState.ca)
    assert source.rows() == 4
    assert [reading.where.row for reading in source.read()] == [1, 4]
    assert list(source.read()) == list(source.read())


@pytest.mark.parametrize("name", ["none.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceUnreadable):
        list(JsonLines(tmp_path / name, UsState.ca).read())
