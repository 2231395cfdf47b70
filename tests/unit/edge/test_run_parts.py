"""A long run is signed in parts, and no part ends between a correction and what follows it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from exchange.core.model import events as e
from exchange.core.model.vocabulary import UsState
from exchange.trial.attack.two_worlds import BODIES
from producers.delivery import run_chain, run_part
from producers.facts import Fact
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.edge_kit.accounts import every_prefix_checked
from tests.kits.edge_kit.clients import Homes, client_of
from tests.kits.edge_kit.facts import FOOD, HERE, Q1, Q2, SHELTER, publish

HOMES = (*list(UsState)[:12],)
EVENTS = 6
Standing = Counter[tuple[int, e.Body]]


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_chain, "EVENTS_A_RUN", EVENTS)
    monkeypatch.setattr(run_chain, "CHUNK", 2)


def fact(home: UsState, n: int, body: e.Correctable, period: int = Q1) -> Fact:
    return Fact(f"{home}-{n}", period, home, body, client_of(home), HERE)


def parts(agency: Homes) -> Iterator[list[e.Event]]:
    """The events of each signed run, without its heartbeat."""
    part: list[e.Event] = []
    for _, event in agency.exchange.events():
        if isinstance(event.body, e.Heartbeat):
            yield part
            part = []
        else:
            part.append(event)
    assert not part


def standing(agency: Homes) -> Iterator[dict[UsState, Standing]]:
    """What stands about each client after each signed run."""
    found: dict[UsState, Standing] = defaultdict(Counter)
    for part in parts(agency):
        for event in part:
            body, n = event.body, 1
            if isinstance(body, e.Correction):
                body, n = body.body, -1
            found[event.state][event.period, body] += n
        yield {home: +stands for home, stands in found.items()}


async def test_a_correction_and_what_follows_it_are_signed_at_once(tmp_path: Path) -> None:
    agency = Homes(tmp_path)
    await publish(agency, *(fact(home, 0, FOOD) for home in HOMES))
    sent = len(list(parts(agency)))
    await publish(agency, *(fact(home, 0, SHELTER) for home in HOMES), *(fact(home, 1, FOOD) for home in HOMES[:3]))
    after = list(parts(agency))[sent:]
    assert len(after) > 3
    for part in after:
        assert len(part) <= EVENTS
        corrected = {event.state for event in part if isinstance(event.body, e.Correction)}
        stated = {event.state for event in part if not isinstance(event.body, e.Correction)}
        assert corrected <= stated
    assert list(standing(agency))[-1][HOMES[0]] == Counter({(Q1, SHELTER): 1, (Q1, FOOD): 1})


async def test_all_about_a_client_stays_together_though_it_is_longer_than_a_part(tmp_path: Path) -> None:
    agency, home = Homes(tmp_path), HOMES[0]
    others = HOMES[1:]
    await publish(agency, *(fact(home, n, FOOD) for n in range(EVENTS)), *(fact(one, 0, FOOD) for one in others))
    sent = len(list(parts(agency)))
    await publish(agency, *(fact(home, n, SHELTER) for n in range(EVENTS)), *(fact(one, 0, SHELTER) for one in others))
    stood = [stands[home] for stands in list(standing(agency))[sent:]]
    assert max(map(len, list(parts(agency))[sent:])) == 2 * EVENTS
    assert all(one == Counter({(Q1, FOOD): EVENTS}) or one == Counter({(Q1, SHELTER): EVENTS}) for one in stood)


async def test_more_about_one_client_than_the_exchange_admits_at_once_is_sent_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (run_chain, run_part):
        monkeypatch.setattr(module, "RUN_EVENTS_MAX", 2 * EVENTS)
    agency, home = Homes(tmp_path), HOMES[0]
    await publish(agency, *(fact(home, n, FOOD) for n in range(2 * EVENTS)))
    await publish(agency, *(fact(home, n, SHELTER) for n in range(2 * EVENTS)))
    assert max(map(len, parts(agency))) < 2 * EVENTS
    assert list(standing(agency))[-1][home] == Counter({(Q1, SHELTER): 2 * EVENTS})


async def lived(agency: Homes, seed: int) -> dict[UsState, list[Standing]]:
    """A life of changes; what the records said of each client at the end of each run."""
    random, records = Random(f"parts|{seed}"), dict[str, Fact]()
    said: dict[UsState, list[Standing]] = {home: [Counter()] for home in HOMES}
    for _ in range(6):
        for _ in range(random.randrange(40)):
            one = fact(random.choice(HOMES), random.randrange(6), random.choice(BODIES), random.choice([Q1, Q2]))
            records[one.key] = one
        gone = [key for key in sorted(records) if random.random() < 0.1]
        async with agency.edge(options=replace(agency.options, withdraw=True)) as edge:
            for key in gone:
                if edge._fact_store.current(b"f:" + key.encode()) is not None:
                    await edge.retract(key)
                del records[key]
            for one in records.values():
                await edge.publish(one)
        for home in HOMES:
            said[home].append(Counter((one.period, one.body) for one in records.values() if one.state is home))
    return said


def half_changed(agency: Homes, said: dict[UsState, list[Standing]]) -> bool:
    """Whether a client who was corrected stood, after a signed run, as no record ever said."""
    for stands, part in zip(standing(agency), parts(agency), strict=True):
        for home in {event.state for event in part if isinstance(event.body, e.Correction)}:
            if stands.get(home, Counter()) not in said[home]:
                return True
    return False


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(n, marks=pytest.mark.slow) for n in range(6, 60))])
async def test_nobody_is_ever_counted_half_changed(seed: int, tmp_path: Path) -> None:
    agency = Homes(tmp_path)
    with every_prefix_checked():
        said = await lived(agency, seed)
    assert not half_changed(agency, said)
    assert len(list(parts(agency))) > 12
    assert {home: stands for home, stands in list(standing(agency))[-1].items() if stands} == {
        home: states[-1] for home, states in said.items() if states[-1]
    }


MUTANTS = {
    "no parts": BrokenRule(run_part, "choose", "not corrections or _1 <= events", "True"),
    "a part ends when it is full": BrokenRule(
        run_chain, "RunChain.chain_some", "RUN_EVENTS_MAX - 1 if self._parted else EVENTS_A_RUN", "EVENTS_A_RUN"
    ),
    "facts, not clients": BrokenRule(run_part, "_members", "yield client, None", "yield None, key"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_noticed(mutant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch, MUTANTS[mutant])
    found = []
    for seed in range(12):
        (tmp_path / str(seed)).mkdir()
        agency = Homes(tmp_path / str(seed))
        try:
            with every_prefix_checked():
                found.append(half_changed(agency, asyncio.run(lived(agency, seed))))
        except AssertionError:  # a prefix passes a cap
            found.append(True)
        if found[-1]:
            return
    pytest.fail("not noticed")
