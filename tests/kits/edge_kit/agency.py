"""An agency under test.

Its source of truth, its vault on disk, and runs that may be killed anywhere.

A kill leaves exactly what a killed process leaves: the vault's files as they lie on the disk at
that moment, copied before anything is closed. `truth` is the agency's own records; a run
reads it anew, as a real source would be.
"""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from exchange.core.counting.cells import increments
from exchange.core.counting.tables import TALLIED, fed_by
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import ALL_CAPS, Event
from exchange.core.model.period import period_of
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass, UsState
from producers.caps.policy import Leaves, Policy
from producers.caps.tally import current_quarter
from producers.delivery.report import Report
from producers.delivery.run_options import RunOptions
from producers.edge import Edge
from producers.errors import EdgeError
from producers.facts import Fact, Where
from producers.profile import Profile
from producers.secret_files import Secret
from producers.switches import SWITCHES
from producers.vault.fact_store import FactStore
from producers.vault.sent_chain import Chain
from producers.vault.store import Vault
from tests.kits.edge_kit.exchange import Exchange, Killed, Trouble, UnkindLink, registered

SECRET = Secret(raw_key=bytes(range(32)))
TODAY = date(2026, 10, 20)
PERIODS = [period_of(2025, q) for q in (1, 2, 3, 4)] + [period_of(2026, q) for q in (1, 2, 3, 4)]
AGENCY = "harbor-light"
PLANTED = "Xq7-planted"

Key = str
Recorded = tuple[int, UsState, e.Correctable]


def some_body(rng: random.Random) -> e.Correctable:
    """A sound body of a kind that every table family knows.

    Few different ones, so that equal bodies are common.
    """
    kind = rng.randrange(7)
    if kind == 0:
        return e.CaseOpened(
            rng.choice([v.Gender.woman, v.Gender.man]),
            rng.choice(list(v.AgeBand)),
            v.ForeignNational.withheld_by_agency,
            v.ReferralSource.not_known,
        )
    if kind == 1:
        return e.NeedIdentified(rng.choice(list(v.Service)))
    if kind == 2:
        return e.NeedUnmet(v.Service.emergency_shelter, rng.choice(list(v.UnmetReason)), v.FundingSource.not_applicable)
    if kind == 3:
        return e.CapacityReported(v.Service.emergency_shelter, rng.choice([0, 12, 2**32 - 1]))
    if kind == 4:
        return e.ActivityHeld(v.Activity.outreach_event, v.AudienceBand.people_1_10, v.AgencyType.school)
    if kind == 5:
        return e.CaseClosed(rng.choice(list(v.ExitReason)), v.ExitDestination.not_known, v.DurationBand.not_known)
    return e.ReferralMade(rng.choice([v.Service.transportation, v.Service.food]), v.AgencyType.legal)


class Agency:
    """One agency, one vault, one exchange."""

    def __init__(
        self,
        folder: Path,
        legal_class: LegalClass = LegalClass.individual,
        seed: int = 0,
        trouble: Trouble | None = None,
        **profile: object,
    ) -> None:
        self.folder = folder
        self.profile = Profile.model_validate(
            {
                "agency": AGENCY,
                "state": "ca",
                "legal_class": legal_class,
                "vault": folder / "agency.vault",
                "small_counts": legal_class is LegalClass.tally_only,
                "sensitive": tuple(SWITCHES),  # the counts expected are those of the records as they are
                **profile,
            }
        )
        self.random = random.Random(seed)
        self.policy = Policy(legal_class, self.profile.sensitive)
        self.report = Report()
        self.truth: dict[Key, Recorded] = {}
        with Vault.create(self.profile, SECRET) as vault:
            self.public_key = Chain(vault, FactStore(vault)).public_key
        registration = registered(AGENCY, legal_class, self.public_key, small_counts=self.profile.small_counts)
        self.exchange = Exchange(registration, seed=seed, trouble=trouble or Trouble())
        self.messages: list[str] = []
        self.links: list[UnkindLink] = []
        self.kill_at_commit = 0.0

    @property
    def options(self) -> RunOptions:
        exchange = self.exchange
        waits = {"pause": exchange.pause, "clock": exchange.clock}
        return RunOptions(scheduled=True, withdraw=True, incomplete=True, say=self.messages.append, **waits)

    def edge(self, **options: object) -> Edge:
        link = self.exchange.link()
        self.links.append(link)
        options = {"secret": SECRET, "link": link, "today": TODAY, "options": self.options, **options}
        return Edge.open(self.profile, **options)

    def fact(self, key: Key) -> Fact:
        period, state, body = self.truth[key]
        client = "" if body.about is e.About.AGENCY else f"{PLANTED}-client-{key}"
        return Fact(f"{PLANTED}|{key}", period, state, body, client, Where("export", 1))

    def change_truth(self, changes: int) -> None:
        for _ in range(changes):
            if self.truth and self.random.random() < 0.3:
                del self.truth[self.random.choice(sorted(self.truth))]
            else:
                key = f"{self.random.randrange(30)}"
                state = self.random.choice([UsState.ca, UsState.ca, UsState.nv])
                self.truth[key] = (self.random.choice(PERIODS), state, some_body(self.random))

    async def read_truth(self, edge: Edge) -> None:
        """Publish the facts in the records and withdraw the facts that are no longer there."""
        keys = sorted(self.truth)
        self.random.shuffle(keys)
        for key in keys:
            await edge.publish(self.fact(key))
        for known in edge._fact_store.keys(b"f:"):
            key = known.decode().removeprefix(f"f:{PLANTED}|")
            if key not in self.truth and edge._fact_store.current(known) is not None:
                await edge.retract(f"{PLANTED}|{key}")

    async def run(self) -> bool:
        """One run over the records; whether it came to its end."""
        try:
            with self._killing():
                async with self.edge() as edge:
                    await self.read_truth(edge)
                    if self.random.random() < 0.5:
                        await edge.flush()
        except Killed:
            self._put_back("killed")
            return False
        except EdgeError as error:
            self.messages.append(f"{error!r} {error}")
            return False
        return True

    @contextmanager
    def _killing(self) -> Iterator[None]:
        """Kill at commits too; at the first kill the files are kept as they are then."""
        commit, agency = Vault.commit, self

        def killing(vault: Vault) -> None:
            if agency.exchange.chance(agency.kill_at_commit):
                raise Killed
            commit(vault)
            if agency.exchange.chance(agency.kill_at_commit):
                raise Killed

        leave = Edge.__aexit__

        async def leaving(edge: Edge, kind: object, error: BaseException | None, at: object) -> None:
            if isinstance(error, Killed):
                edge._vault.close()
            else:
                await leave(edge, kind, error, at)

        try:
            Vault.commit, Edge.__aexit__ = killing, leaving  # type: ignore[method-assign, assignment]
            Killed.snapshot = lambda: self.keep("killed")
            yield
        finally:
            Vault.commit, Edge.__aexit__ = commit, leave  # type: ignore[method-assign]
            Killed.snapshot = None

    def keep(self, name: str) -> None:
        """Copy the vault's files as they lie on the disk now."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for file in self.folder.glob("agency.vault*"):
            shutil.copy(file, place / file.name)

    def _put_back(self, name: str) -> None:
        for file in self.folder.glob("agency.vault*"):
            file.unlink()
        for file in (self.folder / name).iterdir():
            shutil.copy(file, self.folder / file.name)

    def restore(self, name: str) -> None:
        """Put a backup in the vault's place."""
        self._put_back(name)

    def admitted(self) -> Counter[bytes]:
        """The counts of what the gate admitted, heartbeats apart."""
        counts: Counter[bytes] = Counter()
        for agency, event in self.exchange.events():
            for cell, n in increments(agency, event):
                if not cell.startswith(b"heartbeats"):
                    counts[cell] += n
        return +counts + Counter({cell: n for cell, n in counts.items() if n < 0})

    def refused_keys(self) -> set[Key]:
        """The keys of the records that the gate refuses."""
        judged = {key: self.policy.judge(*recorded) for key, recorded in self.truth.items()}
        return {k for k, j in judged.items() if isinstance(j, Leaves) and self.exchange.unknown_rule(j.tail)}

    def expected(self) -> Counter[bytes]:
        """The counts that the records ask for, without what this gate refuses."""
        counts: Counter[bytes] = Counter()
        for period, state, body in self.truth.values():
            judged = self.policy.judge(period, state, body)
            if isinstance(judged, Leaves) and self.exchange.unknown_rule(judged.tail) is None:
                event = Event(1, bytes(32), period, state, ALL_CAPS, body)
                counts.update(dict(increments(AGENCY, event)))
        return +counts

    def expected_tallied(self) -> Counter[bytes]:
        """The counts of a tally-only agency: its own bodies, and client tables of past quarters."""
        tallied = {table.name for name in TallyTable for table in fed_by(TALLIED[name])}
        counts: Counter[bytes] = Counter()
        for period, state, body in self.truth.values():
            if isinstance(self.policy.judge(period, state, body), Leaves):
                for cell, n in increments(AGENCY, Event(1, bytes(32), period, state, ALL_CAPS, body)):
                    of_client = body.about is e.About.CLIENT
                    over = period < current_quarter(TODAY)
                    if not of_client or (over and cell.split(b"|")[0].decode() in tallied):
                        counts[cell] += n
        return +counts
