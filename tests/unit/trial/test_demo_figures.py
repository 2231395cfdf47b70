"""The demo's own agencies are enough and even enough for figures about agencies to be shown."""

from collections import defaultdict

from exchange.cli.trial.demo import AGENCIES, YEARS
from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.model.events import About, Event, Heartbeat
from exchange.core.model.period import period_of, year_period
from exchange.core.model.vocabulary import OnTime, Scheduled
from exchange.core.release.agency_tables import Heard, PastEpochs, agency_releases
from exchange.core.release.disclosure import AGENCY_RELEASES
from exchange.core.release.released import Released
from exchange.core.release.tiers import is_due
from exchange.trial.demo.demo_agencies import STAFF_MINUTES, day_after
from exchange.trial.demo.public_view import HEADLINES
from exchange.trial.sample import SampledQuarters, SampleExchange, sample_exchange
from producers.caps.tally import current_quarter
from producers.delivery.heartbeat import minutes_band
from tests.kits.release_world import everything

ABOUT_AGENCIES = ("practice_use_share", "places_by_service", "dollars_by_funding_source", "reporting_minutes")
SEED = 1


def demo_sample() -> SampleExchange:
    """Its agencies' facts about themselves do not depend on the number of clients."""
    span = SampledQuarters(period_of(2024, 1), quarters=4 * YEARS)
    return sample_exchange(SEED, AGENCIES, clients_a_year=AGENCIES, span=span)


def arrived(sample: SampleExchange) -> dict[int, list[tuple[str, Event]]]:
    """By month: what the agencies report of themselves, and the heartbeat of each month's run."""
    found: dict[int, list[tuple[str, Event]]] = defaultdict(list)
    for number, agency in enumerate(sample.agencies):
        for month, fact in agency.dated():
            if fact.body.about is About.AGENCY:
                found[month].append((agency.code, Event(1, bytes(32), fact.period, fact.state, 0, fact.body)))
        minutes = minutes_band(STAFF_MINUTES[number % len(STAFF_MINUTES)])
        beat = Heartbeat(Scheduled.yes, minutes, 1, bytes(64), OnTime.yes)
        for month in sample.span.months:
            period = current_quarter(day_after(month))
            found[month].append((agency.code, Event(1, bytes(32), period, agency.state, 0, beat)))
    return found


def released(sample: SampleExchange) -> Released:
    """The agency tables of every quarter, the last of them counted in the month after the span."""
    events, kept, found = arrived(sample), PastEpochs(), Released()
    names = [agency.code for agency in sample.agencies]
    so_far: list[tuple[str, Event]] = []
    for month in (*sample.span.months, sample.span.months[-1] + 1):
        so_far += events[month]
        tables = [one for one in AGENCY_RELEASES if is_due(one.tier, month)]
        made = agency_releases(month, tables, Heard(so_far, events[month]), names, kept)
        kept, found = made.kept, found.taking(made.releases)
    return found


def test_a_practice_a_capacity_a_funding_and_a_minutes_figure_are_shown() -> None:
    sample = demo_sample()
    last = sample.span.months[-1] + 1
    metrics = [BY_METRIC[name] for name in ABOUT_AGENCIES if name in HEADLINES]
    year = year_period(sample.span.periods[-1])
    found = [one for one in points(released(sample), last, everything, metrics) if one.period == year]
    assert {one.metric for one in found if one.shown and one.value} == set(ABOUT_AGENCIES)
