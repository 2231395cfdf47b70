"""Bands of 50 % and dots lie within the published interval, and hold the truth as often as said."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.intervals import Z, fieller
from exchange.core.metrics.view import Origin
from exchange.core.picture.comparisons.likely_bands import dots, half_band

NEEDS = ("unmet_needs_by_service", "needs_by_service")


def a_point(
    metric: str, value: str, low: str | None, high: str | None, *tables: str, unit: str = "events"
) -> MetricPoint:
    ends = [None if one is None else Decimal(one) for one in (low, high)]
    origins = tuple(Origin(table, 24_200) for table in tables or (metric,))
    dimensions = (("quantile", "p50"),) if metric.startswith("days") else (("service", "food"),)
    return MetricPoint(metric, dimensions, 600, 24_200, Decimal(value), ends[0], ends[1], unit, False, True, origins)


def a_share(value: str, low: str, high: str) -> MetricPoint:
    return a_point("unmet_need_share", value, low, high, *NEEDS, unit="share")


def test_the_half_band_of_a_count_is_a_third_of_its_interval() -> None:
    assert half_band(a_point("needs_by_service", "1000", "804", "1196")) == (932, 1068)  # 0.6745 × 100


def test_a_cut_lower_end_of_a_count_does_not_narrow_its_band() -> None:
    assert half_band(a_point("needs_by_service", "100", "0", "296")) == (32, 168)
    assert half_band(a_point("needs_by_service", "20", "0", "216")) == (0, 88)


def test_a_ratio_leans_as_its_interval_does() -> None:
    low, high = half_band(a_share("0.4000", "0.3000", "0.6000"))
    assert 0 < Decimal("0.4") - low < high - Decimal("0.4")


@pytest.mark.parametrize(
    "point",
    [
        a_share("0.4000", "0.0000", "0.9000"),
        a_share("0.9000", "0.8000", "1.0000"),
        a_point("unmet_need_share", "0.4000", "0.2000", None, *NEEDS, unit="share"),
        a_point("days_to_service", "12", "8", "30", "services_by_wait_band"),
        a_point("places_by_service", "40", "40", "40"),
    ],
)
def test_where_the_band_is_not_known_there_is_none(point: MetricPoint) -> None:
    assert half_band(point) is None
    assert dots(point) == ()


def test_twenty_dots_rise_and_their_ends_are_those_of_the_interval() -> None:
    for point in (a_point("needs_by_service", "1000", "804", "1196"), a_share("0.4000", "0.3000", "0.6000")):
        found = dots(point)
        assert len(found) == 20
        assert list(found) == sorted(found)
        assert abs(found[0] - point.low) <= Decimal("0.001") * (1 if point.unit == "share" else 1000)
        assert abs(found[-1] - point.high) <= Decimal("0.001") * (1 if point.unit == "share" else 1000)
        assert found[9] <= point.value <= found[10]


@pytest.mark.parametrize(("above", "below"), [(40, 100), (300, 100), (60, 70), (70, 400)])
def test_the_half_band_of_a_ratio_holds_the_truth_half_of_the_time(above: int, below: int) -> None:
    """By simulation, with a denominator whose noise is up to 29 % of it; never less than half."""
    rng = np.random.default_rng(7)
    sd, held, seen, published = 20, 0, 0, 0
    truth = Fraction(above, below)
    for _ in range(2000):
        n, d = above + round(rng.normal(0, sd)), below + round(rng.normal(0, sd))
        low, high = fieller(n, d, sd * sd, sd * sd, 0, z=Z)
        if d <= 0 or high is None:
            continue
        ends = (f"{float(low):.4f}", f"{float(high):.4f}")
        band = half_band(a_point("dollars_per_unmet_need", f"{n / d:.4f}", *ends, "dollars_by_service", *NEEDS))
        if band is not None:
            seen += 1
            held += band[0] <= truth <= band[1]
            published += low <= truth <= high
    assert seen > 800
    assert held >= 0.5 * seen - 3 * (0.25 * seen) ** 0.5
    assert held <= 0.72 * seen
    assert published >= 0.93 * seen
