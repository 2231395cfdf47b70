"""Who is missing, and when agencies may be part of a change."""

from decimal import Decimal

import pytest

from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.model.period import period_of
from exchange.core.picture.comparisons.coverage_notes import Coverage, CoverageMoved, coverage, joiners
from tests.kits.release_world import APRIL, everything, released, releases

TABLES = ("reporting", "reporting_by_division", "reporting_by_agency_type", "reporting_on_time")
NUMBERS = {"publishing": 40, "silent": 10, "on_time": 30, "late": 10}


def of(publishing: int | None, silent: int | None = 10) -> Coverage:
    numbers = (None if one is None else Decimal(one) for one in (publishing, silent))
    return Coverage(*numbers)


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (of(50, 50), of(50, 50), CoverageMoved.NO),
        (of(50, 50), of(55, 45), CoverageMoved.NO),  # 10 % more, but 5 points
        (of(50, 50), of(56, 50), CoverageMoved.JOINED),
        (of(50, 50), of(50, 33), CoverageMoved.JOINED),  # the silent ones left: coverage is 10 points higher
        (of(50, 50), of(50, 34), CoverageMoved.NO),
        (of(90, 10), of(180, 20), CoverageMoved.JOINED),  # as many joined again, and coverage is the same
        (of(50, 50), of(44, 50), CoverageMoved.LEFT),
        (of(90, 10), of(79, 21), CoverageMoved.LEFT),
        (of(0, 50), of(1, 49), CoverageMoved.JOINED),
        (of(None), of(50), CoverageMoved.NOT_KNOWN),
        (of(50), of(50, None), CoverageMoved.NOT_KNOWN),
        (of(50), Coverage(), CoverageMoved.NOT_KNOWN),
        (of(0, 0), of(5, 5), CoverageMoved.NOT_KNOWN),
    ],
)
def test_a_change_may_be_agencies_joining_or_leaving(before: Coverage, after: Coverage, moved: CoverageMoved) -> None:
    assert joiners(before, after) is moved


def test_coverage_is_read_from_the_points_of_a_period() -> None:
    made = releases(TABLES, APRIL, APRIL, lambda _, __, ___, ____, cell: NUMBERS[cell[-1]])
    metrics = [BY_METRIC[name] for name in TABLES]
    found = [p for p in points(released(made), APRIL, everything, metrics) if p.period == period_of(2026, 1)]
    assert coverage(found) == Coverage(Decimal(40), Decimal(10), Decimal(30), Decimal(10))
    assert coverage(found).share == Decimal("0.8")
    assert coverage(found, division="pacific") == coverage(found, agency_type="legal") == of(40)
    assert coverage([]) == Coverage()


def test_a_hidden_cell_is_not_known_rather_than_nobody() -> None:
    made = releases(TABLES, APRIL, APRIL, lambda _, __, ___, ____, cell: None if cell[-1] == "silent" else 5)
    found = points(released(made), APRIL, everything, [BY_METRIC["reporting"]])
    assert coverage(found).known is None
    assert coverage(found).share is None
