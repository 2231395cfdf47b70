"""What an agency reports about itself: something for every agency table."""

from collections.abc import Iterator
from typing import Final

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v

FUNDED_ONCE: Final = "dollars_by_service"
"""The one agency table that stays hidden: the same dollars are shown by source (rule 3)."""
PLACES: Final = 10
DOLLARS: Final = 25_000


def reports(kind: v.AgencyType = v.AgencyType.legal) -> Iterator[e.Body]:
    """One of each body about an agency, so that each of its tables has a cell of it."""
    no_barrier, no_years = v.Barrier.not_applicable, v.YearsBand.not_applicable
    yield e.AgencyProfiled(kind, v.ReportingMode.events)
    yield e.ActivityHeld(v.Activity.outreach_event, v.AudienceBand.people_11_50, kind)
    yield e.PracticeShared(1, v.PracticeUse.adopted, v.Service.legal)
    yield e.CapacityReported(v.Service.emergency_shelter, PLACES)
    yield e.FundingReceived(v.FundingSource.ovc, v.Service.legal, DOLLARS)
    yield e.ProviderSurveyed(kind, no_barrier, no_barrier, v.YearsBand.years_3_5)
    yield e.ProviderSurveyed(kind, v.Barrier.no_capacity, no_barrier, no_years)
    yield e.ProviderSurveyed(kind, no_barrier, v.Barrier.no_capacity, no_years)
