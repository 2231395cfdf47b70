"""The truth beside a demo's metrics: the same releases without their noise, and the same as if nobody had a cap."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchange.core import vocabulary as v
from exchange.core.caps import Cap
from exchange.core.draw import counted, drawn
from exchange.core.events import CaseOpened, Event, NeedIdentified
from exchange.core.figures import MetricPoint
from exchange.core.metrics import BY_METRIC
from exchange.trial.truth import Arrived, coverage, true_points, true_releases, uncapped, where
from tests.draw_world import MARCH, all_due, correcting, event, from_agency

FOOD, HOUSING = NeedIdentified(v.Service.food), NeedIdentified(v.Service.emergency_shelter)
CASE = CaseOpened(v.Gender.woman, v.AgeBand.age_21_23, v.ForeignNational.no, v.ReferralSource.hotline)
arrivals = st.lists(
    st.builds(
        lambda body, cap, gone: correcting(event(body, cap)) if gone else event(body, cap),
        st.sampled_from([FOOD, HOUSING, CASE]),
        st.sampled_from([0, Cap.NATION, Cap.NATION | Cap.STATE, 63]),
        st.booleans(),
    ),
    max_size=40,
)


def arrived(events: list[Event]) -> Arrived:
    """One third of them in each month of the quarter."""
    return {MARCH - n: from_agency(events[n::3]) for n in range(3)}


@given(arrivals, st.integers(-500, 500))
def test_true_releases_are_those_that_were_noised(events: list[Event], noise: int) -> None:
    exact = counted(all_due(MARCH), from_agency(events))
    published = [drawn(one, [noise] * one.due.length) for one in exact]
    assert true_releases(published, arrived(events)) == tuple(drawn(one, [0] * one.due.length) for one in exact)


@given(arrivals)
def test_without_caps_everything_counts(events: list[Event]) -> None:
    published = [drawn(one, [0] * one.due.length) for one in counted(all_due(MARCH), [])]
    found = {r.table: sum(filter(None, r.increments)) for r in true_releases(published, arrived(events), uncapped)}
    come = sum(1 if e.body.about.value == "client" else -1 for e in events if _body(e) == CASE)
    assert found["cases"] == come


def _body(one: Event) -> object:
    return getattr(one.body, "body", one.body)


def test_coverage_counts_shown_points_with_noise_whose_interval_holds_the_truth() -> None:
    truth = _point("20", "20", "20")
    held, missed, withheld = _point("22", "15", "29"), _point("30", "25", "35"), replace(truth, withheld=True)
    for published, expected in ((held, (1, 1)), (missed, (1, 0)), (withheld, (0, 0)), (truth, (0, 0))):
        found = coverage([published], {where(truth): truth})
        assert (found.shown, found.held) == expected
    assert coverage([held], {}).shown == 0


def test_true_points_are_the_formulas_of_true_releases() -> None:
    events = [event(CASE)] * 30
    published = [drawn(one, [7] * one.due.length) for one in counted(all_due(MARCH), from_agency(events))]
    points = true_points(true_releases(published, arrived(events)), [MARCH], [BY_METRIC["cases"]])
    assert {p.value for p in points.values() if p.period is None} == {Decimal(30)}


def _point(value: str, low: str, high: str) -> MetricPoint:
    a, b, c = Decimal(value), Decimal(low), Decimal(high)
    return MetricPoint("cases", (), None, MARCH, a, b, c, "clients", withheld=False, usable=True, computed_from=())
