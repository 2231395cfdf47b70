"""An agency's facts about itself: profile, places, money, activities, practices, staff survey."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.trial.sample import shares
from exchange.trial.sample.draws import Uniform, pick, several
from exchange.trial.sample.roster import Traits
from exchange.trial.sample.sample_calendar import WEEKS_A_QUARTER

PRACTICES: Final = 40
"""The number of practices in the sample's catalogue."""
_HOUSING: Final = (v.Service.emergency_shelter, v.Service.transitional_housing)

agency_profiled = cache(e.AgencyProfiled)
activity_held = cache(e.ActivityHeld)
practice_shared = cache(e.PracticeShared)
provider_surveyed = cache(e.ProviderSurveyed)


def quarter_at_desk(traits: Traits, first_day: int, uniform: Uniform) -> Iterator[tuple[int, e.Correctable]]:
    """(day, body) of one quarter, in no order."""
    tallies = traits.legal_class == v.LegalClass.tally_only
    mode = v.ReportingMode.tallies if tallies else v.ReportingMode.events
    yield first_day, agency_profiled(traits.agency_type, mode)
    for service in _HOUSING[: int(uniform() * 3)]:
        yield first_day, e.CapacityReported(service, 4 + int(uniform() * 28))
    for _ in range(1 + int(uniform() * 2)):
        service = pick(shares.NEEDS, uniform) if uniform() < 0.4 else v.Service.not_applicable
        money = e.FundingReceived(pick(traits.funders, uniform), service, 5_000 + 500 * int(uniform() * 200))
        yield first_day + _day(uniform), money
    for _ in range(1 + int(uniform() * 6)):
        held = pick(shares.ACTIVITY, uniform), pick(shares.AUDIENCE, uniform), pick(shares.REFERRED_TO, uniform)
        yield first_day + _day(uniform), activity_held(*held)
    for _ in range(int(uniform() * 3)):
        about = pick(shares.NEEDS, uniform)
        practice = practice_shared(1 + int(uniform() * PRACTICES), pick(shares.PRACTICE, uniform), about)
        yield first_day + _day(uniform), practice
    yield from _survey(traits.agency_type, first_day + _day(uniform), uniform)


def _day(uniform: Uniform) -> int:
    return int(uniform() * WEEKS_A_QUARTER * 7)


def _survey(kind: v.AgencyType, day: int, uniform: Uniform) -> Iterator[tuple[int, e.Correctable]]:
    none, no_years = v.Barrier.not_applicable, v.YearsBand.not_applicable
    yield day, provider_surveyed(kind, none, none, pick(shares.YEARS, uniform))
    for barrier in several(shares.PROVIDER_BARRIERS, 4, uniform):
        yield day, provider_surveyed(kind, barrier, none, no_years)
    for wanted in several(shares.PROVIDER_BARRIERS, 3, uniform):
        yield day, provider_surveyed(kind, none, wanted, no_years)
