"""The agencies of a demo: profile, the secret of the vault, and records month by month."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from exchange.core.model.epochs import month_of, quarter_of_epoch
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.sample import SampleAgency
from producers.delivery.report import Report
from producers.delivery.sending import RunOptions
from producers.facts import Fact, Reading
from producers.profile import Profile
from producers.profile_sections import HmisProfile, KafkaProfile
from producers.secret_files import Secret
from producers.sources.hmis import HmisExport, HmisSettings
from producers.switches import SWITCHES

HMIS_AGENCY: Final = "hmis-export"
STAFF_MINUTES: Final = (3, 10, 20, 45, 90, 150)
"""Staff minutes that a report takes, agency after agency: one in each band, so all may be shown."""


@dataclass(slots=True)
class DemoAgency:
    """An agency of the demo: profile, the secret of its vault, its records, its edge's report."""

    profile: Profile
    secret: Secret
    readings: Callable[[int], Iterable[Reading]]
    """Its facts of a month, which is an epoch; months are requested in order."""
    minutes: int = STAFF_MINUTES[0]
    """Staff minutes that its people state for each report."""
    cap_key: bytes = field(default_factory=partial(secrets.token_bytes, 32))
    """The generator's key, for a generated agency: its truth must know the facts in totals."""
    scheduled: bool = True
    """Whether its schedule begins its runs."""
    report: Report = field(default_factory=Report)
    delivered: int = 0
    """From the runs before that of `report`."""

    def options(self, month: int) -> RunOptions:
        """How its run after a month began; it closes the quarter that the month ends, if any."""
        closes = quarter_of_epoch(month) if month_of(month) % 3 == 0 else None
        totals = self.profile.legal_class is LegalClass.tally_only
        return RunOptions(scheduled=self.scheduled, closes=closes if totals else None)


def sample_agency(ground: TrialExchange, agency: SampleAgency, number: int) -> DemoAgency:
    """The generated agency of this number, with all sensitive facts switched on.

    So every table has cells.
    """
    profile = Profile(
        agency=agency.code,
        state=agency.state,
        legal_class=agency.legal_class,
        small_counts=agency.small_counts,
        vault=ground.folder / f"{agency.code}.vault",
        kafka=KafkaProfile(bootstrap_servers=ground.settings.bootstrap_servers),
        sensitive=tuple(SWITCHES),
    )
    secret, minutes = Secret(raw_key=secrets.token_bytes(32)), STAFF_MINUTES[number % len(STAFF_MINUTES)]
    return DemoAgency(profile, secret, _Records(agency.dated()).of, minutes, agency.cap_key)


def hmis_agency(ground: TrialExchange, export: Path, state: UsState, month: int) -> DemoAgency:
    """The agency of a real export, recorded in one month; `state` is for rows that name none."""
    profile = Profile(
        agency=HMIS_AGENCY,
        state=state,
        legal_class=LegalClass.individual,
        vault=ground.folder / f"{HMIS_AGENCY}.vault",
        kafka=KafkaProfile(bootstrap_servers=ground.settings.bootstrap_servers),
        hmis=HmisProfile(all_projects_trafficking=True, gender_from_sex=True),
    )
    source = HmisExport(export, HmisSettings.from_profile(profile))
    return DemoAgency(
        profile,
        Secret(raw_key=secrets.token_bytes(32)),
        lambda now: source.read() if now == month else (),
        scheduled=False,
    )


class _Records:
    """An agency's records, month by month."""

    def __init__(self, dated: Iterator[tuple[int, Fact]]) -> None:
        self._dated = dated
        self._next = next(dated, None)

    def of(self, month: int) -> Iterator[Fact]:
        """The facts recorded up to the end of a month and not requested before."""
        while self._next is not None and self._next[0] <= month:
            yield self._next[1]
            self._next = next(self._dated, None)


def day_after(month: int) -> date:
    """The first day after a month, which is an epoch."""
    return date((month + 1) // 12, month_of(month + 1), 1)
