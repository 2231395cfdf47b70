"""Sample agencies: seeded, calibrated to published figures, of any size, with the exact truth.

`sample_exchange(seed)` gives 40 agencies at the national average; `scale=1.0` the nation for a year
(288 agencies, 13,631 new clients, about 50 facts a client); `events=100_000` gives the clients for
that many published events. Promised: the same arguments give the same sample everywhere; every body
is sound; half of the agencies share totals only. The truth is for edges whose profiles switch on
all sensitive facts, so that every table has cells, and as if nothing came late. Not promised: that
anything but the calibrated shares resembles the world.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

from exchange.core.counting.tables import TALLIED
from exchange.core.errors import ExchangeError
from exchange.core.model.vocabulary import LegalClass
from exchange.trial.sample.roster import Traits, roster
from exchange.trial.sample.sample_agency import SampleAgency
from exchange.trial.sample.sample_calendar import SampledQuarters
from exchange.trial.sample.sent import SignedChain, chained_values
from exchange.trial.sample.truth import Run, heartbeat_tables, true_cells

__all__ = [
    "FACTS_A_CLIENT",
    "NATIONAL_AGENCIES",
    "NATIONAL_CLIENTS_A_YEAR",
    "Run",
    "SampleAgency",
    "SampleExchange",
    "SampleTooSmall",
    "SampledQuarters",
    "SignedChain",
    "chained_values",
    "heartbeat_tables",
    "sample_exchange",
]

NATIONAL_AGENCIES: Final = 288
NATIONAL_CLIENTS_A_YEAR: Final = 13_631
FACTS_A_CLIENT: Final = 50.0
"""Average facts about a client in a whole case; `test_sample_calibration.py` checks it to 2 %."""
DESK_FACTS_A_QUARTER: Final = 11.5
"""Facts about the agency itself in a quarter, on average."""


class SampleTooSmall(ExchangeError):
    """So many agencies cannot make so few events: their tallies and own facts alone are more."""

    hint = "Ask for more events, fewer agencies or fewer quarters."


@dataclass(frozen=True, slots=True)
class SampleExchange:
    """The agencies of a sample, in the order of their numbers."""

    seed: int
    span: SampledQuarters
    agencies: tuple[SampleAgency, ...]

    def truth(self, runs: Iterable[Run] = ()) -> dict[bytes, int]:
        """Cell → exact count of every table, by a second pass over the facts.

        Heartbeat tables need `runs`.
        """
        return true_cells(self.agencies, runs)

    @property
    def expected_events(self) -> int:
        """About how many events honest edges send, heartbeats aside."""
        fixed = sum(_fixed_events(agency.traits, self.span) for agency in self.agencies)
        clients = sum(a.clients_a_year for a in self.agencies if a.legal_class is not LegalClass.tally_only)
        return round(fixed + clients * self.span.years * FACTS_A_CLIENT)


def sample_exchange(
    seed: int,
    agencies: int = 40,
    *,
    scale: float | None = None,
    clients_a_year: float | None = None,
    events: int | None = None,
    tally_share: float = 0.5,
    span: SampledQuarters | None = None,
    late: float = 0.0,
) -> SampleExchange:
    """A sample of one size. At most one of three arguments sets it; default: the national average.

    `scale`: 1.0 is the nation, agencies and clients alike. `clients_a_year`: new clients of all
    agencies together. `events`: about so many published events in the whole span. `late`: the share
    of facts about clients that come after their period was counted, at random. Raises
    SampleTooSmall, and ValueError for two sizes.
    """
    if sum(size is not None for size in (scale, clients_a_year, events)) > 1:
        raise ValueError("Give one of scale, clients_a_year and events.")
    count = agencies if scale is None else max(1, round(NATIONAL_AGENCIES * scale))
    span = span or SampledQuarters()
    traits = roster(count, tally_share, Random(f"{seed}|roster").random)  # noqa: S311 - repeatable, and hides nothing
    clients = NATIONAL_CLIENTS_A_YEAR * (count / NATIONAL_AGENCIES if scale is None else scale)
    if clients_a_year is not None:
        clients = clients_a_year
    elif events is not None:
        clients = _clients_for(events, traits, span)
    made = (
        SampleAgency(_code(n, one), one, clients * one.size, span, seed, late) for n, one in enumerate(traits, start=1)
    )
    return SampleExchange(seed, span, tuple(made))


def _code(number: int, traits: Traits) -> str:
    return f"sample-{traits.agency_type.value.replace('_', '-')}-{number:04d}"


def _clients_for(events: int, traits: list[Traits], span: SampledQuarters) -> float:
    fixed = sum(_fixed_events(one, span) for one in traits)
    share = sum(one.size for one in traits if one.legal_class is not LegalClass.tally_only)
    if events <= fixed or not share:
        raise SampleTooSmall
    return (events - fixed) / (share * span.years * FACTS_A_CLIENT)


def _fixed_events(traits: Traits, span: SampledQuarters) -> float:
    """Events that do not grow with the number of clients: about the agency, and its tallies."""
    tallies = len(TALLIED) * len(span.closed) * len(traits.states)
    return DESK_FACTS_A_QUARTER * span.quarters + tallies * (traits.legal_class is LegalClass.tally_only)
