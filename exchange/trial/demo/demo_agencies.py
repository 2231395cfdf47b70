"""The agencies of a demo: profile, the secret of the vault, and records month by month."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from exchange.core.model.epochs import month_of, quarter_of_epoch
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.sample import SampleAgency
from exchange.wire.records import Receipt
from producers.delivery.address import kafka_link
from producers.delivery.report import Report
from producers.delivery.run_options import RunOptions
from producers.edge import Edge
from producers.facts import Fact, Reading
from producers.profile import Profile
from producers.profile_sections import HmisProfile, KafkaProfile
from producers.secret_files import Secret
from producers.sources.hmis import HmisExport, HmisSettings
from producers.switches import SWITCHES

HMIS_AGENCY: Final = "hmis-export"
STAFF_MINUTES: Final = (3, 10, 20, 45, 90, 150)
"""Staff minutes that a report takes, agency after agency: one in each band, so all may be shown."""


class KeptLink:
    """An agency's connection that outlives its runs: to connect costs more than a small run."""

    def __init__(self, profile: Profile) -> None:
        self._link = kafka_link(profile)
        self._newest: Receipt | None = None
        self._cluster = ""
        self._rests = False

    async def connect(self) -> None:
        """Connect, unless the connection was kept since the last run."""
        kept, self._rests = self._rests, False
        if not kept:
            await self._link.connect()

    async def cluster_id(self) -> str:
        """The cluster's id: a demo has one cluster."""
        self._cluster = self._cluster or await self._link.cluster_id()
        return self._cluster

    async def send(self, values: Sequence[bytes]) -> None:
        """Append values to the inbox, in order."""
        await self._link.send(values)

    async def latest(self) -> Receipt | None:
        """The newest receipt; what was read in an earlier run is not read again."""
        self._newest = await self._link.latest() or self._newest
        return self._newest

    async def receipt(self, timeout_s: float) -> Receipt | None:
        """The newest receipt of those that came since the last one returned."""
        found = await self._link.receipt(timeout_s)
        self._newest = found or self._newest
        return found

    async def inbox(self) -> Sequence[bytes]:
        """Every record of this agency in its inbox now."""
        return await self._link.inbox()

    async def close(self) -> None:
        """A run has ended."""
        self._rests = True

    async def end(self) -> None:
        """Close the connection."""
        await self._link.close()


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
    link: KeptLink = field(init=False)
    report: Report = field(default_factory=Report)
    delivered: int = 0
    """From the runs before that of `report`."""

    def __post_init__(self) -> None:
        self.link = KeptLink(self.profile)

    def edge(self, month: int) -> Edge:
        """Its edge after a month."""
        options, today = self.options(month), day_after(month)
        return Edge.open(self.profile, secret=self.secret, link=self.link, today=today, options=options)

    def options(self, month: int) -> RunOptions:
        """How its run after a month began; it closes the quarter that the month ends, if any."""
        closes = quarter_of_epoch(month) if month_of(month) % 3 == 0 else None
        totals = self.profile.legal_class is LegalClass.tally_only
        # nobody sits there to be asked, and made-up records are never damaged
        return RunOptions(scheduled=self.scheduled, closes=closes if totals else None, withdraw=True)


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
