"""The truth beside a demo's metrics: the same releases without noise, and without caps."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.admission.cap_rules import MARKS, Cap
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.view import Origin
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import month_after
from exchange.core.model.events import CaseOpened, Event, NeedIdentified
from exchange.core.model.period import parse_period
from exchange.core.release.draw import Reading, counted, drawn, reading_of
from exchange.trial.noiseless import Arrived, coverage, happened, true_points, true_releases, where
from exchange.trial.sample import sample_exchange
from tests.kits.draw_world import APRIL, all_due, correcting, event, from_agency
from tests.kits.release_world import JULY

FOOD, HOUSING = NeedIdentified(v.Service.food), NeedIdentified(v.Service.emergency_shelter)
CASE = CaseOpened(v.Gender.woman, v.AgeBand.age_21_23, v.ForeignNational.no, v.ReferralSource.hotline)
MONTHS = range(APRIL - 3, JULY + 1)
arrivals = st.lists(
    st.tuples(
        st.sampled_from(MONTHS),
        st.builds(
            lambda body, cap, period, gone: correcting(event(body, cap, period)) if gone else event(body, cap, period),
            st.sampled_from([FOOD, HOUSING, CASE]),
            st.sampled_from([0, Cap.NATION, Cap.NATION | Cap.STATE, int(MARKS)]),
            st.sampled_from(["2026Q1", "2026Q2"]),
            st.booleans(),
        ),
    ),
    max_size=40,
)


def by_month(events: list[tuple[int, Event]]) -> Arrived:
    return {month: Counter(one for when, one in events if when == month) for month in MONTHS}


def exactly(epoch: int, noise: int, events: list[tuple[int, Event]]) -> list[object]:
    """The releases of an epoch, each from what it reads."""
    since = {Reading.ALL: MONTHS[0], Reading.SINCE_LAST: epoch, Reading.SINCE_COUNTED: epoch - 2}
    return [
        drawn(one, [noise] * due.length)
        for due in all_due(epoch)
        for first in [since[reading_of(due.row.tier)]]
        for one in counted([due], from_agency(given for month, given in events if first <= month <= epoch))
    ]


@given(arrivals, st.integers(-500, 500))
def test_true_releases_are_those_that_were_noised_of_what_had_arrived_by_then(
    events: list[tuple[int, Event]], noise: int
) -> None:
    for epoch in (APRIL, JULY):
        found = true_releases(exactly(epoch, noise, events), by_month(events))  # type: ignore[arg-type]
        assert sorted(found, key=str) == sorted(exactly(epoch, 0, events), key=str)


def test_what_happened_is_every_fact_about_a_client_as_if_nobody_had_caps() -> None:
    sample = sample_exchange(3, agencies=4, clients_a_year=60)
    found = happened(sample)
    assert tuple(sorted(found)) == sample.span.months
    facts = [fact for agency in sample.agencies for fact in agency.facts() if fact.client]
    said = Counter[tuple[object, ...]]()
    for of_month in found.values():
        for one, n in of_month.items():
            said[one.period, one.state, one.body] += n
    assert said == Counter((f.period, f.state, f.body) for f in facts)
    last = sample.span.periods[-1]
    cases = sum(isinstance(fact.body, CaseOpened) for fact in facts if fact.period == last)
    published = [drawn(one, [9] * one.due.length) for one in counted(all_due(month_after(last)), [])]
    whole = {one.table: one for one in true_releases(published, found)}
    assert whole["cases"].of(last) == (cases,)
    assert whole["clients_over_caps"].of(last) == (0,)


def test_what_comes_late_is_in_no_quarter_but_counted_as_late() -> None:
    sample = sample_exchange(3, agencies=4, clients_a_year=400, late=0.2)
    found = happened(sample)
    period = sample.span.periods[1]
    in_time, late = (
        sum(n for month, of in found.items() if (month > month_after(period)) is is_late for n in _cases(of, period))
        for is_late in (False, True)
    )
    assert late > 5
    published = [
        drawn(one, [9] * one.due.length)
        for epoch in (month_after(period), month_after(period) + 3)
        for one in counted(all_due(epoch), [])
    ]
    whole = {(one.table, one.epoch): one for one in true_releases(published, found)}
    assert whole["cases", month_after(period)].of(period) == (in_time,)
    assert whole["cases_too_late", month_after(period) + 3].of(period) == (late,)


def _cases(of: "Arrived | object", period: int) -> list[int]:
    assert isinstance(of, dict)
    return [n for one, n in of.items() if isinstance(one.body, CaseOpened) and one.period == period]


def test_coverage_counts_shown_points_with_noise_whose_interval_holds_the_truth() -> None:
    truth = _point("20", "20", "20")
    held, missed, withheld = _point("22", "15", "29"), _point("30", "25", "35"), replace(truth, withheld=True)
    for published, expected in ((held, (1, 1)), (missed, (1, 0)), (withheld, (0, 0)), (truth, (0, 0))):
        found = coverage([published], {where(truth): truth})
        assert (found.shown, found.held) == expected
    assert coverage([held], {}).shown == 0
    of_agencies = replace(held, computed_from=(Origin("practices_by_practice_use", APRIL),))
    assert coverage([of_agencies], {where(truth): truth}).shown == 0  # rounded, without noise


def test_true_points_are_the_formulas_of_true_releases() -> None:
    events = [(APRIL - 1, event(CASE))] * 30
    published = [drawn(one, [7] * one.due.length) for one in counted(all_due(APRIL), [])]
    points = true_points(true_releases(published, by_month(events)), [APRIL], [BY_METRIC["cases"]])
    assert {p.value for p in points.values() if p.period == parse_period("2026Q1")} == {Decimal(30)}


def _point(value: str, low: str, high: str) -> MetricPoint:
    a, b, c = Decimal(value), Decimal(low), Decimal(high)
    origins, shown = (Origin("cases", APRIL),), {"withheld": False, "usable": True}
    return MetricPoint("cases", (), None, APRIL, a, b, c, "clients", computed_from=origins, **shown)
