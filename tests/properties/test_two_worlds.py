"""No client's record changes what an edge says of others: two worlds that differ in one client.

Both worlds live through one random script: records come, change and go, the schedule runs, people
run the edge by hand, clients refuse, the vault is put back from a backup. One world lacks a client:
what is about that client does not happen there, runs by hand among it. Whatever the exchange then
holds of the others must be the same: events with their bits, totals with theirs, scheduled
heartbeats.

Each client lives in a state of its own, so that a total is of one client. Every vault has the same
keys, so that chance is the same.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Correction, Heartbeat, Tally
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, UsState
from producers.caps import tally
from producers.delivery import heartbeat
from producers.edge import Edge
from producers.facts import Fact, Where
from producers.vault import sent_chain
from producers.vault.chain_row import ChainRow
from producers.vault.event_tail import cap_of
from producers.vault.store import Vault
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.edge_kit.agency import SECRET, Agency

ONE: Final = UsState.nv
"""The home of the client who is missing from one world."""
HOMES: Final = (ONE, UsState.ca, UsState.tx, UsState.wa)
QUARTERS: Final = tuple(parse_period(f"2026Q{n}") for n in range(1, 5))
SERVICES: Final = tuple(service for service in v.Service if service is not v.Service.not_applicable)[:9]
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 60))]
CLASSES = [LegalClass.individual, LegalClass.tally_only]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that happens on a day. `client`: whom it is about; None: it is for all."""

    day: date
    what: str
    client: UsState | None = None
    key: str = ""
    period: int = 0
    service: v.Service = v.Service.food
    to: UsState | None = None
    """Whose the record is from now on."""


def script(random: Random) -> list[Deed]:
    """A year: each week records change, and somebody or the schedule runs the edge, or nobody."""
    deeds, day = [], date(2026, 1, 5)
    while day < date(2027, 2, 20):
        deeds += [_change(random, day) for _ in range(random.randrange(4))]
        if random.random() < 0.5:
            what = random.choice(["by hand", "hold", "hold and retract", "retry"])
            deeds.append(Deed(day, what, random.choice([ONE, *HOMES])))
        if random.random() < 0.15:
            deeds.append(Deed(day, "keep a backup"))
        if random.random() < 0.7:
            deeds.append(Deed(day, "scheduled"))
        if random.random() < 0.08:
            deeds.append(Deed(day, "put the backup back"))
        day += timedelta(days=random.choice([5, 7, 7, 9]))
    return deeds


def _change(random: Random, day: date) -> Deed:
    client, begun = random.choice(HOMES), 1 + min(3, (day.month - 1) // 3) if day.year == 2026 else 4
    what = random.choice(["record", "record", "record", "remove", "move"])
    number, period = random.randrange(12), QUARTERS[random.randrange(begun)]
    to = client if client is ONE else random.choice(HOMES[1:])
    return Deed(day, what, client, f"{client}-{number}", period, random.choice(SERVICES), to)


class OneWorld:
    """One agency in one world, with all clients or without the one."""

    def __init__(self, folder: Path, legal_class: LegalClass, *, without: UsState | None) -> None:
        folder.mkdir()
        self._agency, self._without = Agency(folder, legal_class), without
        self._records: dict[str, Fact] = {}
        self._backup = False
        with Vault.open(self._agency.profile, SECRET) as vault:
            for name in ("cap_key", "secret"):
                vault.set(name, bytes(range(32)))
            vault.commit()

    async def live(self, deeds: list[Deed]) -> None:
        for deed in deeds:
            if deed.client is None or deed.client is not self._without:
                await self._do(deed)

    async def _do(self, deed: Deed) -> None:
        match deed.what:
            case "record":
                body = e.NeedIdentified(deed.service)
                assert deed.client is not None
                where = Where("records", 1)
                self._records[deed.key] = Fact(deed.key, deed.period, deed.client, body, f"of-{deed.client}", where)
            case "move":
                if deed.key in self._records:
                    self._records[deed.key] = replace(self._records[deed.key], client=f"of-{deed.to}")
            case "remove":
                self._records.pop(deed.key, None)
            case "keep a backup":
                self._agency.keep("backup")
                self._backup = True
            case "put the backup back":
                if self._backup:
                    await self._run(deed)  # one run of the schedule is lost, in both worlds
                    self._agency.restore("backup")
                    self._backup = False
            case _:
                await self._run(deed)

    async def _run(self, deed: Deed) -> None:
        by_schedule = deed.client is None
        options = replace(self._agency.options, scheduled=by_schedule)
        async with self._agency.edge(today=deed.day, options=options) as edge:
            match deed.what:
                case "hold" | "hold and retract":
                    edge.hold(f"of-{deed.client}", retract="retract" in deed.what)
                case "retry":
                    edge.retry_refused()
                case "by hand":
                    await self._publish(edge, {deed.client})
                case _:
                    await self._publish(edge, set(HOMES))

    async def _publish(self, edge: Edge, clients: "set[UsState | None]") -> None:
        for _, fact in sorted(self._records.items()):
            if fact.state in clients:
                await edge.publish(fact)
        stated = [key.decode().removeprefix("f:") for key in edge._fact_store.keys(b"f:")]
        for key in stated:
            gone = key not in self._records and any(key.startswith(f"{client}-") for client in clients)
            if gone and edge._fact_store.current(b"f:" + key.encode()) is not None:
                await edge.retract(key)

    def said_of_others(self) -> Counter[tuple[object, ...]]:
        """All that the exchange holds and that is not about the one client."""
        return Counter(self._said())

    def _said(self) -> Iterator[tuple[object, ...]]:
        for _, event in self._agency.exchange.events():
            back, body = isinstance(event.body, Correction), event.body
            if isinstance(body, Correction):
                body = body.body
            if isinstance(body, Heartbeat):
                if body.scheduled == v.Scheduled.yes:
                    yield "heartbeat", event.period, body.reporting_minutes
            elif event.state is not ONE and not (isinstance(body, Tally) and not any(body.counts)):
                yield event.period, event.state, body, back, event.cap


def others(seed: int, legal_class: LegalClass, folder: Path) -> "list[Counter[tuple[object, ...]]]":
    """What is said of others with the one client, and without."""
    deeds, said = script(Random(seed)), []
    for name, without in (("with", None), ("without", ONE)):
        world = OneWorld(folder / f"{legal_class}-{name}", legal_class, without=without)
        asyncio.run(world.live(deeds))
        said.append(world.said_of_others())
    return said


@pytest.mark.parametrize("legal_class", CLASSES)
@pytest.mark.parametrize("seed", SEEDS)
def test_one_client_moves_nobody_else(seed: int, legal_class: LegalClass, tmp_path: Path) -> None:
    with_one, without = others(seed, legal_class, tmp_path)
    assert with_one == without
    assert sum(1 for said in without if said[-1]), "nothing with bits was said of others"


BY_WHAT_WAS_READ_BACK = BrokenRule(
    sent_chain,
    "Chain.adopt",
    "self._fact_store.exhaust_through(_1)",
    "marked(link) and self._fact_store.exhaust_through(_1)",
)
ANY_RUN_CLOSES = BrokenRule(
    tally, "closes_before", "max(closed, due_before(today)) if scheduled else closed", "current_quarter(today)"
)
BY_HAND_IS_SCHEDULED = BrokenRule(
    heartbeat, "closing_beat", "Scheduled.yes if scheduled else Scheduled.no", "Scheduled.yes"
)


def marked(link: ChainRow) -> bool:
    return bool(cap_of(link.tail))


@pytest.mark.parametrize(
    ("broken", "legal_class", "seed"),
    [
        pytest.param(BY_WHAT_WAS_READ_BACK, LegalClass.individual, 1, id="exhausted by what was read back"),
        pytest.param(ANY_RUN_CLOSES, LegalClass.tally_only, 3, id="a hold closes a quarter"),
        pytest.param(BY_HAND_IS_SCHEDULED, LegalClass.individual, 0, id="a run by hand counts as scheduled"),
    ],
)
def test_an_edge_where_one_client_moves_others_is_noticed(
    broken: BrokenRule, legal_class: LegalClass, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_rule(monkeypatch, broken, marked=marked)
    with_one, without = others(seed, legal_class, tmp_path)
    assert with_one != without
