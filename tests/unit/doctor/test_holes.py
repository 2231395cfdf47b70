"""The table of known holes, and how it is judged where a broker tells its minor version alone."""

from datetime import date, timedelta

import pytest

from exchange.engine.broker import KAFKA_VERSION
from exchange.engine.kafka.cluster.holes import KAFKA, LIBRARIES, REVIEWED, SAFE, Affected, Harm, Hole
from exchange.engine.kafka.cluster.versions import (
    LEVELS,
    OLDEST_SUPPORTED,
    Version,
    VersionRange,
    of_level,
    parse_version,
)
from tests.kits import oldest_kafka

MINOR_3, MINOR_4 = VersionRange(Version(4, 2), Version(4, 3)), VersionRange(Version(4, 3), Version(4, 4))


def hole(*ranges: tuple[str, str]) -> Hole:
    return Hole("CVE-0", tuple((parse_version(a), parse_version(b)) for a, b in ranges), Harm.STOPS, "means", "source")


@pytest.mark.parametrize(
    ("ranges", "span", "expected"),
    [
        ([("4.2.0", "4.3.0")], MINOR_3, Affected.YES),
        ([("2.0.0", "4.2.2")], MINOR_3, Affected.POSSIBLY),
        ([("4.2.1", "9.0.0")], MINOR_3, Affected.POSSIBLY),
        ([("2.0.0", "4.2.0")], MINOR_3, Affected.NO),
        ([("4.3.0", "4.3.2")], MINOR_3, Affected.NO),
        ([("2.0.0", "4.2.2"), ("4.3.0", "4.3.2")], MINOR_4, Affected.POSSIBLY),
        ([("4.5.0", "4.5.1")], VersionRange(Version(4, 5), None), Affected.POSSIBLY),
        ([("4.0.0", "9.0.0")], VersionRange(Version(4, 5), None), Affected.POSSIBLY),
        ([("4.0.0", "4.4.0")], VersionRange(Version(4, 5), None), Affected.NO),
    ],
)
def test_a_hole_is_surely_there_possibly_there_or_not(
    ranges: list[tuple[str, str]], span: VersionRange, expected: Affected
) -> None:
    assert hole(*ranges).affects(span) is expected


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (1, "before 4.0"),
        (21, "before 4.0"),
        (22, "4.0.x"),
        (27, "4.1.x"),
        (30, "4.3.x"),
        (33, "4.4.x"),
        (34, "4.5 or newer"),
    ],
)
def test_a_level_is_every_release_that_is_possible(level: int, shown: str) -> None:
    assert str(of_level(level)) == shown


def test_every_minor_release_has_levels_without_a_gap() -> None:
    assert sorted(LEVELS) == list(range(min(LEVELS), max(LEVELS) + 1))
    assert list(LEVELS.values()) == sorted(LEVELS.values())


def test_the_table_names_each_hole_once_with_ranges_in_order_and_a_source() -> None:
    rows = [*KAFKA, *(one for holes in LIBRARIES.values() for one in holes)]
    assert len({one.name for one in rows}) == len(rows)
    for one in rows:
        bounds = [bound for pair in one.ranges for bound in pair]
        assert bounds == sorted(set(bounds)), one.name
        assert one.source
        assert one.means
        assert not one.means.endswith(".")


def test_the_releases_that_are_called_safe_are_in_no_hole() -> None:
    for text in SAFE.removesuffix(", or newer").replace(" or", ",").split(","):
        found = parse_version(text.strip())
        span = VersionRange(found, Version(found.major, found.minor, found.patch + 1))
        assert [one.name for one in KAFKA if one.affects(span) is not Affected.NO] == []


def test_the_pinned_kafka_is_in_no_hole_and_the_oldest_is_the_last_patch_of_the_oldest_supported() -> None:
    pinned = parse_version(KAFKA_VERSION)
    span = VersionRange(pinned, Version(pinned.major, pinned.minor, pinned.patch + 1))
    assert [one.name for one in KAFKA if one.affects(span) is not Affected.NO] == []
    assert parse_version(oldest_kafka.VERSION)[:2] == OLDEST_SUPPORTED[:2]


def test_nobody_reviewed_the_table_in_the_future() -> None:
    from exchange.engine.wall_clock import utc_today

    assert utc_today() + timedelta(days=1) >= REVIEWED
    assert date(2026, 11, 30) <= REVIEWED


@pytest.mark.parametrize(
    ("text", "expected"), [("46.0.7rc1", (46, 0, 7)), ("3.14", (3, 14, 0)), ("25.0.2.1", (25, 0, 2))]
)
def test_a_version_is_read_by_its_first_three_numbers(text: str, expected: tuple[int, int, int]) -> None:
    assert parse_version(text) == expected
