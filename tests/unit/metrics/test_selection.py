"""What may be asked for, and which points an answer holds."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.errors import ExchangeError
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.query import CodeUnknown, DimensionUnknown, MetricUnknown, codes_of, select
from exchange.core.metrics.table import METRICS, points
from exchange.core.model.epochs import EpochInvalid
from exchange.core.release.catalogue import DECLARED
from tests.kits.release_world import AFTER, APRIL, everything, released, releases

POINT = MetricPoint(
    "unmet_need_share",
    (("division", "pacific"), ("service_group", "housing")),
    None,
    APRIL,
    Decimal("0.5"),
    None,
    None,
    "share",
    False,
    True,
    (),
)


def test_metrics_epochs_and_dimensions_narrow() -> None:
    assert select().takes(POINT)
    assert select(["unmet_need_share"], since="2026-03", where={"division": "pacific"}).takes(POINT)
    assert not select(["cases"]).takes(POINT)
    assert not select(since="2026-05").takes(POINT)
    assert not select(where={"division": "mountain"}).takes(POINT)
    assert not select(where={"service": "all"}).takes(POINT)


def test_what_is_not_usable_is_left_out_and_what_is_withheld_is_not() -> None:
    unusable, withheld = replace(POINT, usable=False), replace(POINT, withheld=True, value=None)
    assert not select().takes(unusable)
    assert select().about(unusable)
    assert select(everything=True).takes(unusable)
    assert select().takes(withheld)


@pytest.mark.parametrize(
    ("asked", "error", "near"),
    [
        ({"metrics": ["unmet_need_shares"]}, MetricUnknown, "unmet_need_share"),
        ({"where": {"divisions": "pacific"}}, DimensionUnknown, "No metric has a dimension divisions .near: division"),
        ({"metrics": ["cases"], "where": {"division": "pacific"}}, DimensionUnknown, "cases has no dimension"),
        ({"where": {"division": "pacifc"}}, CodeUnknown, "pacific"),
        ({"where": {"state": "zz"}}, CodeUnknown, "state has no code"),
        ({"since": "2026-3"}, EpochInvalid, "2026-11"),
    ],
)
def test_what_nothing_has_is_refused_with_near_ones(asked, error: type[ExchangeError], near: str) -> None:
    with pytest.raises(error, match=near):
        select(**asked)


def test_every_code_that_a_point_has_can_be_asked_for() -> None:
    made = released(releases(list(DECLARED), APRIL, AFTER + 12, lambda *_: 200, 64))
    found = {pair for point in points(made, AFTER + 12, everything) for pair in point.dimensions}
    assert {name for name, _ in found} == {name for metric in METRICS for kind in metric.dimensions for name in kind}
    for name, code in found:
        assert code in set(codes_of(name))


@given(st.lists(st.sampled_from(["unmet_need_share", "state_needs_by_service_group"]), max_size=3), st.booleans())
def test_the_same_question_is_the_same_in_words(metrics: list[str], everything: bool) -> None:
    where = {"service_group": "all", "state": "ca"}
    turned = dict(reversed(where.items()))
    one, other = select(metrics, where=where, everything=everything), select(metrics[::-1], where=turned)
    assert (one.plain() == other.plain()) == (not everything)
    assert select(since="2026-01").plain() != select(since="2026-02").plain()
