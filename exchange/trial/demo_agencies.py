"""The agencies of a demo: an edge's profile, what opens its vault, and what its records say month by month."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from exchange.core.model.epochs import month_of
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.sample import SampleAgency
from producers.delivery.report import Report
from producers.facts import Fact, Reading
from producers.profile import HmisProfile, Profile, Secret
from producers.sources.hmis import HmisExport, HmisSettings
from producers.switches import SWITCHES

HMIS_AGENCY: Final = "hmis-export"


@dataclass(slots=True)
class DemoAgency:
    """An agency of the demo: its edge's profile, what opens its vault, its records, and what its edge did."""

    profile: Profile
    secret: Secret
    readings: Callable[[int], Iterable[Reading]]
    """What its records say in a month, which is an epoch; months are asked for in order."""
    cap_key: bytes = field(default_factory=partial(secrets.token_bytes, 32))
    """Of a generated agency the generator's, so that its truth knows which facts the totals count."""
    report: Report = field(default_factory=Report)
    delivered: int = 0
    """Of the runs before the one that `report` is about."""


def sample_agency(ground: TrialExchange, agency: SampleAgency) -> DemoAgency:
    """A generated agency, with everything sensitive switched on, so that every table has cells."""
    profile = Profile(
        agency=agency.code,
        state=agency.state,
        legal_class=agency.legal_class,
        small_counts=agency.small_counts,
        vault=ground.folder / f"{agency.code}.vault",
        bootstrap_servers=ground.settings.bootstrap_servers,
        scheduled=True,
        sensitive=tuple(SWITCHES),
    )
    return DemoAgency(profile, Secret(raw_key=secrets.token_bytes(32)), _Records(agency.dated()).of, agency.cap_key)


def hmis_agency(ground: TrialExchange, export: Path, state: UsState, month: int) -> DemoAgency:
    """The agency of a real export, all of which it records in one month; it works in this state where the export names none."""
    profile = Profile(
        agency=HMIS_AGENCY,
        state=state,
        legal_class=LegalClass.individual,
        vault=ground.folder / f"{HMIS_AGENCY}.vault",
        bootstrap_servers=ground.settings.bootstrap_servers,
        hmis=HmisProfile(all_projects_trafficking=True, gender_from_sex=True),
    )
    source = HmisExport(export, HmisSettings.from_profile(profile))
    return DemoAgency(
        profile, Secret(raw_key=secrets.token_bytes(32)), lambda now: source.read() if now == month else ()
    )


class _Records:
    """An agency's records, month by month."""

    def __init__(self, dated: Iterator[tuple[int, Fact]]) -> None:
        self._dated = dated
        self._next = next(dated, None)

    def of(self, month: int) -> Iterator[Fact]:
        """What was recorded up to the end of a month and not asked for before."""
        while self._next is not None and self._next[0] <= month:
            yield self._next[1]
            self._next = next(self._dated, None)


def day_after(month: int) -> date:
    """The first day after a month, which is an epoch."""
    return date((month + 1) // 12, month_of(month + 1), 1)
