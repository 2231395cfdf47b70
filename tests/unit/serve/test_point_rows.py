"""A row says what the one decoder says, of sound values and of damaged ones."""

import random

import pytest

from exchange.core.metrics.view import Origin
from exchange.core.model.epochs import parse_epoch
from exchange.wire.message import MessageUnreadable, decode_plain, encode_plain
from exchange.wire.point_rows import PointRow, PointRows
from exchange.wire.public_records import decode_point, encode_point, encode_release
from tests.kits.serve_world import FIRST, JANUARY, of_epoch, releases, world


def plainly() -> PointRows:
    """A decoder whose parts are the names themselves."""
    return PointRows(lambda *series: series, lambda marks: marks)


def outcome(rows: PointRows, value: bytes) -> PointRow | None:
    try:
        return rows.row(value)
    except MessageUnreadable:
        return None


def test_a_row_says_what_the_point_says() -> None:
    rows = plainly()
    for _ in range(2):  # parts are unknown at first, then remembered
        for point in world():
            row = rows.row(encode_point(point))
            assert (row.series, row.period, row.epoch) == (
                (point.metric, point.dimensions),
                point.period,
                point.epoch,
            )
            assert row.marks[:3] == (point.unit, point.withheld, point.usable)
            for number, digits in zip(row[3:6], (point.value, point.low, point.high), strict=True):
                assert (number is None) == (digits is None)
                assert digits is None or number == digits.scaleb(row.decimals)
            assert [Origin(table, parse_epoch(epoch)) for table, epoch in row.marks.computed_from] == [
                *point.computed_from
            ]


def test_a_damaged_value_is_what_it_is_to_a_decoder_that_remembers_nothing() -> None:
    rows, points = plainly(), of_epoch(JANUARY)[::17]
    values = [encode_point(point) for point in points]
    for value in values:
        rows.row(value)
    chance, read = random.Random(3), 0
    for value in values * 12:
        octets = bytearray(value)
        for _ in range(chance.choice((1, 1, 2, 5))):
            match chance.randrange(3):
                case 0:
                    octets[chance.randrange(len(octets))] = chance.randrange(256)
                case 1:
                    del octets[chance.randrange(len(octets)) :]
                    octets += b"\0"
                case _:
                    octets.insert(chance.randrange(len(octets)), chance.choice(b"\0\1\2\x80\xff"))
        damaged = bytes(octets)
        fresh = outcome(plainly(), damaged)
        assert outcome(rows, damaged) == fresh, damaged
        read += fresh is not None
    assert read > 10


def test_what_is_no_point_is_unreadable() -> None:
    rows = plainly()
    for value in (b"", b"\0", encode_release(releases(FIRST)[0]), encode_point(world()[0])[:-1]):
        assert outcome(rows, value) is None


def test_it_decodes_through_forgetting(monkeypatch) -> None:
    monkeypatch.setattr("exchange.wire.point_rows.REMEMBERED_MAX", 5)
    rows = plainly()
    for point in of_epoch(JANUARY)[:300]:
        value = encode_point(point)
        assert rows.row(value).series[0] == decode_point(value).metric


def test_numbers_of_a_point_have_the_decimals_of_the_finest() -> None:
    plain = decode_plain("metric_point", encode_point(next(one for one in of_epoch(JANUARY) if one.value is not None)))
    for texts, wanted in (
        (("1.5", "-1", "2.25"), (150, -100, 225, 2)),
        (("3", None, "0.125"), (3_000, None, 125, 3)),
        (("-0.10", "7", None), (-10, 700, None, 2)),
    ):
        value = encode_plain("metric_point", plain | dict(zip(("value", "low", "high"), texts, strict=True)))
        assert plainly().row(value)[3:7] == wanted


def test_parts_that_were_met_are_not_handed_over_again() -> None:
    series, marks = [], []
    rows = PointRows(lambda *one: series.append(one), marks.append)
    values = [encode_point(point) for point in of_epoch(JANUARY)]
    for value in values:
        rows.row(value)
    assert set(series) == {(point.metric, point.dimensions) for point in of_epoch(JANUARY)}
    came = len(series), len(marks)
    for value in values:
        rows.row(value)
    assert (len(series), len(marks)) == came


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("9" * 18, True),
        ("-" + "9" * 18, True),
        ("9" * 19, False),
        ("9" * 18 + ".9", False),
        ("1." + "0" * 17, True),
        ("1." + "0" * 18, False),
        ("", False),
        ("-", False),
        (".5", False),
        ("5.", False),
        ("+5", False),
        ("5 ", False),
        ("٣", False),
        ("1e3", False),
    ],
)
def test_a_number_is_one_that_a_column_holds(text: str, held: bool) -> None:
    for known in (False, True):
        rows, good = plainly(), encode_point(next(one for one in of_epoch(JANUARY) if one.value is not None))
        plain = decode_plain("metric_point", good)
        if known:
            rows.row(good)
        found = outcome(rows, encode_plain("metric_point", plain | {"value": text, "low": None, "high": None}))
        assert (found is not None) is held
