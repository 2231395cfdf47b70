"""Numbers of a sentence, read back, are the point's by the stated rule, and never too narrow."""

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC, METRICS, points
from exchange.core.picture.wording.metric_wording import wording_of
from exchange.core.picture.wording.readings import BASES, reading
from exchange.core.picture.wording.sentences import alt_text, copied_text, heading, sentence_of
from exchange.core.picture.wording.statuses import status_of
from exchange.core.picture.wording.wording_kinds import ForEach, PerHundred
from exchange.core.release.catalogue import DECLARED
from tests.kits.release_world import AFTER, everything, released, releases

NUMBER = r"\d[\d,]*(?:\.\d+)?"
BETWEEN = re.compile(rf": between (?P<low>{NUMBER}) and (?P<high>{NUMBER})(?: of {NUMBER})?, [a-z0-9 ]+\.$")
AT_LEAST = re.compile(rf": at least (?P<low>{NUMBER})(?: of {NUMBER})?, with no upper limit, [a-z0-9 ]+\.$")
EXACT = re.compile(r": (an exact count|exact, but for rounding)\.$")


@cache
def all_kinds() -> tuple[MetricPoint, ...]:
    """Every cell of every metric, once."""
    made = releases(DECLARED, AFTER - 24, AFTER, lambda *_: 50, variance=9)
    found = {(one.metric, one.dimensions): one for one in points(released(made), AFTER, everything)}
    assert {one.metric for one in found.values()} == {metric.name for metric in METRICS}
    return tuple(found.values())


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@st.composite
def noisy(draw: st.DrawFn) -> MetricPoint:
    point = draw(st.sampled_from(all_kinds()))
    decimals = BY_METRIC[point.metric].unit.decimals
    whole = st.integers(0, draw(st.sampled_from([9, 400, 12_000, 3_000_000, 10**9])))
    low, value, high = sorted(Decimal(draw(whole)).scaleb(-decimals) for _ in range(3))
    if reading(point).bare:
        return replace(point, value=value, low=value, high=value)
    return replace(point, value=value, low=low, high=draw(st.sampled_from([high, None])))


@given(noisy())
def test_numbers_read_back_are_those_of_the_point(point: MetricPoint) -> None:
    said, found = sentence_of(point), reading(point)
    numbers = [number(one) for one in re.findall(NUMBER, said)]
    assert found.value in numbers
    assert abs(found.value - point.value * found.base) <= found.step / 2
    if found.bare:
        assert EXACT.search(said)
        return
    match = BETWEEN.search(said) or AT_LEAST.search(said)
    low, high = number(match["low"]), match.groupdict().get("high")
    assert low <= point.low * found.base
    assert point.low * found.base - low < found.step
    assert low <= found.value
    assert (high is None) == (point.high is None)
    if high is not None:
        assert 0 <= number(high) - point.high * found.base < found.step
        assert found.value <= number(high)


@given(noisy())
def test_the_interval_that_is_read_is_hardly_wider_than_the_published_one(point: MetricPoint) -> None:
    found = reading(point)
    least = Decimal("0.01") if isinstance(wording_of(point.metric), ForEach) else 1
    if found.high is not None and not found.bare:
        width = (point.high - point.low) * found.base
        assert found.step == least or found.step * 10 <= width < found.step * 100
        assert found.high - found.low < width + 2 * found.step


@given(noisy())
def test_a_ratio_is_read_of_the_least_base_that_shows_its_interval(point: MetricPoint) -> None:
    found = reading(point)
    if not isinstance(wording_of(point.metric), PerHundred):
        assert found.base == 1
    elif found.high is not None and not found.bare:
        smaller = [base for base in BASES if base < found.base]
        assert all((point.high - point.low) * base < 4 for base in smaller)
        assert found.base == BASES[-1] or (point.high - point.low) * found.base >= 4


def test_every_cell_of_an_epoch_has_a_sentence_of_its_own() -> None:
    said = {}
    for point in all_kinds():
        for text in (sentence_of(point), heading(point), alt_text(point), copied_text(point, "https://x.example/")):
            assert not re.search(r"[{}]|  | ,|,,|None", text), text
        hidden = sentence_of(replace(point, value=None, low=None, high=None, withheld=True))
        assert hidden.startswith(heading(point))
        assert status_of(point).shows_number
        key = heading(point)
        assert said.setdefault((point.metric, key), point.dimensions) == point.dimensions, key


def test_no_number_stands_without_its_interval() -> None:
    for point in all_kinds():
        said = sentence_of(point)
        assert BETWEEN.search(said) or AT_LEAST.search(said) or EXACT.search(said), said
        assert not re.search(r"roughly|approximately|uncertain|percent|%", said)
