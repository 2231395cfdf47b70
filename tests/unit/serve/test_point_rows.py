"""A row says what the one decoder says, of sound values and of damaged ones."""

import random

from exchange.wire.message import MessageUnreadable
from exchange.wire.point_rows import PointRow, PointRows
from exchange.wire.public_records import decode_point, encode_point, encode_release, point_key
from tests.kits.serve_world import FIRST, JANUARY, of_epoch, releases, world


def outcome(rows: PointRows, value: bytes) -> PointRow | None:
    try:
        return rows.row(value)
    except MessageUnreadable:
        return None


def test_a_row_says_what_the_point_says() -> None:
    rows = PointRows()
    for _ in range(2):  # parts are unknown at first, then remembered
        for point in world():
            row = rows.row(encode_point(point))
            assert (row.metric, row.dimensions, row.period, row.epoch) == (
                point.metric,
                point.dimensions,
                point.period,
                point.epoch,
            )
            assert (row.unit, row.withheld, row.usable) == (point.unit, point.withheld, point.usable)
            for number, digits in zip(row.numbers, (point.value, point.low, point.high), strict=True):
                assert (number is None) == (digits is None)
                assert digits is None or number == digits.scaleb(row.decimals)
            assert point_key(point).startswith(row.metric.encode())
            assert len(row.computed_from) == len(point.computed_from)


def test_a_damaged_value_is_what_it_is_to_a_decoder_that_remembers_nothing() -> None:
    rows, points = PointRows(), of_epoch(JANUARY)[::17]
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
        fresh = outcome(PointRows(), damaged)
        assert outcome(rows, damaged) == fresh, damaged
        read += fresh is not None
    assert read > 10


def test_what_is_no_point_is_unreadable() -> None:
    rows = PointRows()
    for value in (b"", b"\0", encode_release(releases(FIRST)[0]), encode_point(world()[0])[:-1]):
        assert outcome(rows, value) is None


def test_it_decodes_through_forgetting(monkeypatch) -> None:
    monkeypatch.setattr("exchange.wire.point_rows.REMEMBERED_MAX", 5)
    rows = PointRows()
    for point in of_epoch(JANUARY)[:300]:
        value = encode_point(point)
        assert rows.row(value).metric == decode_point(value).metric
