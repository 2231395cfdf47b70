"""The truth beside a demo's metrics: the same releases without noise, and without caps."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.admission.cap_rules import Cap
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.view import Origin
from exchange.core.model import vocabulary as v
from exchange.core.model.events import CaseOpened, Event, NeedIdentified
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.draw import counted, drawn
from exchange.core.release.tiers import Bucket
from exchange.trial.noiseless import Arrived, coverage, happened, true_points, true_releases, where
from exchange.trial.sample import sample_exchange
from tests.kits.draw_world import MARCH, all_due, correcting, due, event, from_agency

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


def test_what_happened_is_every_fact_about_a_client_with_every_bit() -> None:
    sample = sample_exchange(3, agencies=4, clients_a_year=60)
    found = happened(sample)
    assert tuple(sorted(found)) == sample.span.months
    facts = [fact for agency in sample.agencies for fact in agency.facts() if fact.client]
    said = [event for pairs in found.values() for _, event in pairs]
    assert Counter((e.period, e.state, e.body) for e in said) == Counter((f.period, f.state, f.body) for f in facts)
    last = sample.span.months[-1]
    [nothing] = counted([due(TABLE_COSTS["cases"], last, since=last - 2)], [])
    cases = sum(isinstance(fact.body, CaseOpened) for fact in facts if fact.period in sample.span.periods[-1:])
    [whole] = true_releases([drawn(nothing, [9] * nothing.due.length)], found)
    assert whole.of(Bucket.QUARTER) == (cases,)


def test_coverage_counts_shown_points_with_noise_whose_interval_holds_the_truth() -> None:
    truth = _point("20", "20", "20")
    held, missed, withheld = _point("22", "15", "29"), _point("30", "25", "35"), replace(truth, withheld=True)
    for published, expected in ((held, (1, 1)), (missed, (1, 0)), (withheld, (0, 0)), (truth, (0, 0))):
        found = coverage([published], {where(truth): truth})
        assert (found.shown, found.held) == expected
    assert coverage([held], {}).shown == 0
    of_agencies = replace(held, computed_from=(Origin("practices_by_practice_use", MARCH - 2, MARCH),))
    assert coverage([of_agencies], {where(truth): truth}).shown == 0  # rounded, without noise


def test_true_points_are_the_formulas_of_true_releases() -> None:
    events = [event(CASE)] * 30
    published = [drawn(one, [7] * one.due.length) for one in counted(all_due(MARCH), from_agency(events))]
    points = true_points(true_releases(published, arrived(events)), [MARCH], [BY_METRIC["cases"]])
    assert {p.value for p in points.values() if p.period is None} == {Decimal(30)}


FROM = (Origin("cases", MARCH - 2, MARCH),)


def _point(value: str, low: str, high: str) -> MetricPoint:
    a, b, c = Decimal(value), Decimal(low), Decimal(high)
    return MetricPoint("cases", (), None, MARCH, a, b, c, "clients", withheld=False, usable=True, computed_from=FROM)
