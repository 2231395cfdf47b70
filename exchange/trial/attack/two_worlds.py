"""Two worlds that differ in one client, and all that an edge says of the others in them.

Both worlds live through one random script, at a real edge and a real gate in memory: records come,
change, move to another client and go, the schedule runs, people run the edge by hand, clients
refuse, rows cannot be read, the vault is put back from a backup and reads back what it lost. One
world lacks a client: what is about that client does not happen there, runs by hand among it.

What may be said of the others must be the same: events with their marks, totals with theirs,
scheduled heartbeats with their minutes. So batches, exhausted periods and coverage are, too.

Each client lives in a state of its own, so that an event or a total tells whom it is about. Every
vault has the same keys, so that chance is the same.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from random import Random
from typing import Final

from exchange.core.admission.cap_rules import Cap
from exchange.core.admission.gate import Registration
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.testing import SECRET, MemoryGate
from producers.delivery.run_options import RunOptions
from producers.edge import Edge
from producers.errors import QuarterKeptOpen, WithdrawalsUnconfirmed
from producers.facts import Fact, RowRefused, Where
from producers.profile import Profile
from producers.setup import confirm_holds
from producers.vault.fact_store import SOURCE, FactStore
from producers.vault.sent_chain import Chain
from producers.vault.store import Vault

ONE: Final = UsState.nv
"""The home of the client who is missing from one world."""
OTHERS: Final = (UsState.ca, UsState.tx, UsState.wa)
HOMES: Final = (ONE, *OTHERS)
QUARTERS: Final = tuple(period_of(2026, n) for n in range(1, 5))
BEGINS: Final = date(2026, 1, 5)
RECORDS: Final = 12
"""Keys of records for each client."""
MINUTES: Final = 20
"""Stated by people at each run of the schedule."""
AGENCY: Final = "harbor-light"
VAULT: Final = "agency.vault"
BY_HAND: Final = ("by hand", "hold", "hold and retract", "unhold", "retry")
_SERVICES: Final = tuple(service for service in v.Service if service is not v.Service.not_applicable)[:7]
_FUNDER: Final = v.FundingSource.ovc
BODIES: Final[tuple[e.Correctable, ...]] = (
    *map(e.NeedIdentified, _SERVICES),
    *(e.NeedUnmet(service, v.UnmetReason.waitlist, _FUNDER) for service in _SERVICES[:5]),
    *(
        e.ServiceProvided(service, v.WaitBand.same_day, v.CostBand.not_known, v.UnitBand.not_known, _FUNDER)
        for service in _SERVICES[:5]
    ),
    e.CaseOpened(v.Gender.woman, v.AgeBand.age_21_23, v.ForeignNational.no, v.ReferralSource.hotline),
)
Said = Counter[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that happens on a day. `client`: whom it is about; None: it is for all."""

    day: date
    what: str
    client: UsState | None = None
    key: str = ""
    period: int = 0
    body: e.Correctable = BODIES[0]
    to: UsState | None = None
    """Whose the record is from now on, though it stays where it is."""
    dated: bool = True
    """Whether a spoiled record still tells its period."""


def script(seed: int, *, weeks: int = 58) -> tuple[Deed, ...]:
    """Each week records change, and somebody or the schedule runs the edge, or nobody.

    In every other script records move from the one client to others.
    """
    random, confirmed = Random(f"two worlds|{seed}"), Random(f"confirmed|{seed}")  # noqa: S311 - a generated life
    return tuple(_confirming(confirmed, _deeds(random, weeks, moves=bool(seed % 2))))


def _confirming(random: Random, deeds: Iterable[Deed]) -> Iterator[Deed]:
    """Now and then, mostly not at once, a person confirms that every hold is entered again."""
    for deed in deeds:
        yield deed
        if deed.what == "scheduled" and random.random() < 0.1:
            yield Deed(deed.day, "confirm holds")


def _deeds(random: Random, weeks: int, *, moves: bool) -> Iterator[Deed]:
    day = BEGINS
    while day < BEGINS + timedelta(weeks=weeks):
        if random.random() < 0.5:
            what, client = random.choice(BY_HAND), random.choice([ONE, *HOMES])
            if not (moves and client is ONE and "hold" in what):  # a refusal goes with a record that moves
                yield Deed(day, what, client)
        yield from (_change(random, day, moves=moves) for _ in range(random.randrange(5)))
        if random.random() < 0.7:
            yield Deed(day, "scheduled")
            if random.random() < 0.15:  # the disk fails soon after a backup, or long after
                yield Deed(day, "keep a backup")
                yield replace(_change(random, day, moves=moves), what="record", client=ONE, key=f"{ONE}-0")
        if random.random() < 0.12:
            yield Deed(day, "put the backup back")
        day += timedelta(days=random.choice([5, 7, 7, 9]))


def _change(random: Random, day: date, *, moves: bool) -> Deed:
    client, begun = random.choice(HOMES), 1 + min(3, (day.month - 1) // 3) if day.year == BEGINS.year else 4
    what = random.choice(["record", "record", "record", "remove", "pass on", *(["move", "move"] if moves else [])])
    key = f"{client}-{random.randrange(RECORDS)}"
    period, body = QUARTERS[random.randrange(begun)], random.choice(BODIES)
    if what == "move":  # it is about the client who gets the record; without the one, a new record
        return Deed(day, what, random.choice(OTHERS), f"{ONE}-{random.randrange(RECORDS)}", period, body)
    to = random.choice(OTHERS) if client is not ONE else ONE
    return Deed(day, what, client, key, period, body, to)


class OneWorld:
    """One agency in one world, with all clients or without the one."""

    def __init__(self, folder: Path, legal_class: LegalClass, *, without: UsState | None) -> None:
        folder.mkdir(parents=True)
        self._folder, self._without, self._backup = folder, without, False
        totals = legal_class is LegalClass.tally_only
        own = {"agency": AGENCY, "state": "ca", "legal_class": legal_class, "small_counts": totals}
        self._profile = Profile.model_validate({**own, "vault": folder / VAULT})
        with Vault.create(self._profile, SECRET) as vault:
            for name in ("cap_key", "secret"):
                vault.set(name, bytes(range(32)))
            vault.commit()
            key = Chain(vault, FactStore(vault)).public_key
        self._gate = MemoryGate(Registration(AGENCY, legal_class, totals, 0, (key,)))
        self._records: dict[str, Fact] = {}
        self._spoiled: dict[str, int] = {}
        """Records whose rows cannot be read, with the period that each row tells, or 0."""

    async def live(self, deeds: tuple[Deed, ...]) -> None:
        """Go through a script."""
        for deed in deeds:
            if deed.client is None or deed.client is not self._without:
                await self._do(deed)

    async def _do(self, deed: Deed) -> None:
        match deed.what:
            case "record" | "move":
                self._record(deed)
            case "remove":
                if self._is_of(deed.client, deed.key):
                    self._records.pop(deed.key, None)
            case "pass on" | "spoil" | "mend":
                self._change(deed)
            case "keep a backup":
                self._copy(self._folder, self._folder / "backup")
                self._backup = True
            case "put the backup back":
                if self._backup:
                    await self._run(deed)  # one run of the schedule is lost, in both worlds
                    self._copy(self._folder / "backup", self._folder)
                    self._backup = False
            case "confirm holds":
                confirm_holds(self._profile, SECRET)
            case _:
                await self._run(deed)

    def _record(self, deed: Deed) -> None:
        assert deed.client is not None
        if deed.what == "move" or self._is_of(deed.client, deed.key):
            where = Where("records", 1)
            self._records[deed.key] = Fact(deed.key, deed.period, deed.client, deed.body, _name(deed.client), where)

    def _change(self, deed: Deed) -> None:
        """A record gets another client, or its row cannot be read for a while."""
        if deed.what == "spoil":
            self._spoiled[deed.key] = deed.period if deed.dated else 0
        elif deed.what == "mend":
            self._spoiled.pop(deed.key, None)
        elif deed.key in self._records and self._is_of(deed.client, deed.key):
            self._records[deed.key] = replace(self._records[deed.key], client=_name(deed.to))

    def _is_of(self, client: UsState | None, key: str) -> bool:
        """Whether a record is this client's, and has not moved to another."""
        return key not in self._records or self._records[key].state is client

    async def _run(self, deed: Deed) -> None:
        """One run. Where much would be withdrawn, a person looks, and lets it go."""
        with suppress(QuarterKeptOpen):
            try:
                await self._run_once(deed, RunOptions(scheduled=deed.client is None))
            except WithdrawalsUnconfirmed:
                await self._run_once(deed, RunOptions(withdraw=True))

    async def _run_once(self, deed: Deed, options: RunOptions) -> None:
        link = self._gate.link()
        async with Edge.open(self._profile, secret=SECRET, link=link, today=deed.day, options=options) as edge:
            match deed.what:
                case "hold" | "hold and retract":
                    edge.hold(_name(deed.client), retract="retract" in deed.what)
                case "unhold":
                    edge.unhold(_name(deed.client))
                case "retry":
                    edge.retry_refused()
                case "by hand":
                    await self._publish(edge, {deed.client})
                case _:
                    edge.spent(MINUTES)
                    await self._publish(edge, set(HOMES))

    async def _publish(self, edge: Edge, clients: "set[UsState | None]") -> None:
        for key, fact in sorted(self._records.items()):
            if fact.state in clients and key in self._spoiled:
                await edge.read_all([RowRefused(fact.where, "", "the row cannot be read", period=self._spoiled[key])])
            elif fact.state in clients:
                await edge.publish(fact)
        facts = FactStore(edge.vault)
        for stated in facts.keys(SOURCE):
            key = stated.removeprefix(SOURCE).decode()
            gone = key not in self._records and any(key.startswith(f"{client}-") for client in clients)
            if gone and facts.current(stated) is not None:
                await edge.retract(key)

    @staticmethod
    def _copy(of: Path, to: Path) -> None:
        """The vault's files as they lie on the disk now, in the place of those that were there."""
        to.mkdir(exist_ok=True)
        for old in to.glob(f"{VAULT}*"):
            old.unlink()
        for file in of.glob(f"{VAULT}*"):
            shutil.copy(file, to / file.name)

    def said_of_others(self) -> Said:
        """All that the exchange holds and that is not about the one client."""
        return Counter(chain.from_iterable(_said(event) for _, event in self._gate.events()))


def _name(client: UsState | None) -> str:
    return f"of-{client}"


def _said(event: e.Event) -> Iterator[tuple[object, ...]]:
    back, body = isinstance(event.body, e.Correction), event.body
    if isinstance(body, e.Correction):
        body = body.body
    if isinstance(body, e.Heartbeat):
        if body.scheduled == v.Scheduled.yes:
            yield "heartbeat", event.period, body.reporting_minutes, body.on_time, body.nothing_to_report
    elif event.state is not ONE and not (isinstance(body, e.Tally) and not any(body.counts)):
        yield event.period, event.state, body, back, Cap(event.cap)


def others(lived: tuple[Deed, ...], legal_class: LegalClass, folder: Path) -> tuple[Said, Said]:
    """What is said of others with the one client, and without."""
    said = []
    for name, without in (("with", None), ("without", ONE)):
        world = OneWorld(folder / f"{legal_class}-{name}", legal_class, without=without)
        asyncio.run(world.live(lived))
        said.append(world.said_of_others())
    return said[0], said[1]
