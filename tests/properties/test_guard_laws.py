"""Whatever a spreadsheet or a narrower export does to a file, it costs nobody anything for good.

A generated agency publishes a good export, a damaged one, and the good one again. Damaged: rows are
lost, keys of clients and of facts are spelt otherwise or made anew. Laws:

- a guarded run never withdraws much, and never lets a fact stand under two keys;
- after the good export is published again, the exchange holds what that export states, and nothing
  was confirmed;
- nothing new about a held client leaves, whatever became of the key.

Each fault that the guard was made for, put back, breaks a law.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.vocabulary import UsState
from producers.delivery import withdrawal_guard
from producers.errors import WithdrawalsUnconfirmed
from producers.facts import Complete, Fact
from producers.vault import client_table, unsettled
from producers.vault.client_table import ClientTable
from producers.vault.unsettled import Unsettled
from tests.kits.edge_kit.agency import Agency
from tests.kits.edge_kit.facts import HERE, Q1, Q2

IS_MUCH = withdrawal_guard.is_much
"""As it is without a fault."""
SERVICES = [service for service in v.Service if service is not v.Service.not_applicable][:5]
HELD, FREE = UsState.nv, UsState.ca
"""The states of the held client's facts, and of all others'."""
SPELLINGS: tuple[Callable[[int], str], ...] = (
    lambda n: f"{n}.0",
    lambda n: f"{n}",
    lambda n: f"'{n:05}",
    lambda n: f" {n:05}",
)


@dataclass(frozen=True)
class Damage:
    """What happens to each client (by number) in the damaged export."""

    lost: frozenset[int] = frozenset()
    spelt: tuple[tuple[int, int], ...] = ()
    """(client, spelling)"""
    anew: bool = False
    """Every key is another one, as after a change of the case system."""
    whole: bool = True
    """Whether the source says that it is complete."""


@dataclass(frozen=True)
class Life:
    facts: tuple[tuple[int, int, int], ...]
    """(client, number, service)"""
    damage: Damage
    held: int = 0


CLIENTS = 30
LIVES = st.builds(
    Life,
    st.lists(
        st.tuples(st.integers(1, CLIENTS), st.integers(0, 3), st.integers(0, 4)),
        min_size=5,
        max_size=60,
        unique_by=lambda fact: fact[:2],
    ).map(tuple),
    st.builds(
        Damage,
        st.frozensets(st.integers(1, CLIENTS), max_size=CLIENTS),
        st.lists(
            st.tuples(st.integers(1, CLIENTS), st.integers(0, len(SPELLINGS) - 1)),
            max_size=CLIENTS,
            unique_by=lambda s: s[0],
        ).map(tuple),
        st.booleans(),
        st.booleans(),
    ),
    st.integers(1, CLIENTS),
)


def stated(life: Life, damage: Damage = Damage()) -> list[Fact]:
    spelt = dict(damage.spelt)
    found = []
    for client, number, service in life.facts:
        if client in damage.lost:
            continue
        key = (
            f"anew-{client}" if damage.anew else SPELLINGS[spelt[client]](client) if client in spelt else f"{client:05}"
        )
        body = e.NeedIdentified(SERVICES[service])
        state = HELD if client == life.held else FREE
        found.append(Fact(f"x/{key}/{number}", (Q1, Q2)[number % 2], state, body, key, HERE))
    return found


def standing(agency: Agency) -> Counter[tuple[object, ...]]:
    """The events that stand, corrections taken off."""
    found: Counter[tuple[object, ...]] = Counter()
    for _, event in agency.exchange.events():
        back, body = isinstance(event.body, e.Correction), event.body
        if not isinstance(body, e.Heartbeat):
            found[event.period, event.state, body.body if isinstance(body, e.Correction) else body] += -1 if back else 1
    return found


def of(facts: list[Fact]) -> Counter[tuple[object, ...]]:
    return Counter((fact.period, fact.state, fact.body) for fact in facts)


async def published(agency: Agency, facts: list[Fact], *, whole: bool, **how: Any) -> None:
    edge = agency.edge(options=replace(agency.options, **({"withdraw": False} | how)))
    try:
        async with edge:
            await edge.read_all([*facts, Complete("x/", HERE)] if whole else facts)
    except WithdrawalsUnconfirmed:
        assert edge.report.complete


async def lived(life: Life, folder: Path) -> None:
    """Live through the three exports; the laws are asserted on the way."""
    agency, good, damaged = Agency(folder), stated(life), stated(life, life.damage)
    await published(agency, good, whole=True)
    assert standing(agency) == of(good)
    async with agency.edge() as edge:
        edge.hold(f"{life.held:05}")
    before = standing(agency)
    await published(agency, damaged, whole=life.damage.whole)
    after = standing(agency)
    gone = sum((before - after).values())
    assert not IS_MUCH(gone, len(good)), "much was withdrawn"
    assert not after - before, "a fact stands under two keys, or one of a held client"
    await published(agency, good, whole=True)
    free = {fact: n for fact, n in standing(agency).items() if fact[1] is FREE and n}
    assert free == {fact: n for fact, n in of(good).items() if fact[1] is FREE}, "the good export does not stand"


def live(life: Life) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(lived(life, Path(folder)))


MANY = tuple((client, number, (client + number) % 5) for client in range(1, 21) for number in range(2))
FEWER = Life(MANY, Damage(lost=frozenset(range(1, 11))), 30)
SPELT = Life(MANY, Damage(spelt=tuple((client, client % 4) for client in range(1, 21))), 30)
SOME_SPELT = Life(MANY, Damage(spelt=((3, 0), (4, 1)), whole=False), 30)
ANEW = Life(MANY, Damage(anew=True), 30)
ANEW_LINES = Life(MANY, Damage(anew=True, whole=False), 30)
HELD_SPELT = Life(((7, 0, 0), (8, 0, 0)), Damage(spelt=((7, 0),), whole=False), 7)


@settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(LIVES)
@example(FEWER)
@example(SPELT)
@example(SOME_SPELT)
@example(ANEW)
@example(ANEW_LINES)
@example(HELD_SPELT)
def test_no_damage_costs_anything_for_good(life: Life) -> None:
    live(recognisable(life))


def recognisable(life: Life) -> Life:
    """Without keys made anew where nobody could tell them from new records."""
    damage = life.damage
    told = len(stated(life, damage)) > withdrawal_guard.FACTS_MAX and (damage.whole or not damage.lost)
    return replace(life, damage=replace(damage, anew=damage.anew and told))


# Faults that the guard was made for, put back


def never(*_: object, **__: object) -> bool:
    return False


def nothing(*_: object) -> None:
    return None


def no_other(*_: object) -> unsettled.Other:
    return unsettled.Other()


def dropping_nothing(_: Unsettled, __: object) -> int:
    return 0


def by_name_alone(table: ClientTable, client: str, number: int | None = None) -> bool:
    rows = table._vault.all("SELECT id, name FROM client WHERE held = 1")
    return any(number == held or client.encode() == bytes(name) for held, name in rows)


Fault = tuple[object, str, Any]
FAULTS: dict[str, tuple[Life, tuple[Fault, ...]]] = {
    "nothing is much": (FEWER, ((withdrawal_guard, "is_much", never),)),
    "keys are compared as they are written": (SOME_SPELT, ((unsettled, "form_of", str),)),
    "all keys may be new": (ANEW_LINES, ((withdrawal_guard, "hardly_known", never),)),
    "a complete export's keys may all be new": (ANEW, ((withdrawal_guard, "hardly_known", never),)),
    "what waits is taken all the same": (SPELT, ((Unsettled, "drop_new", dropping_nothing),)),
    "what waits is withdrawn all the same": (FEWER, ((Unsettled, "keep_all", nothing),)),
    "no known key is looked for": (SOME_SPELT, ((Unsettled, "_other", no_other),)),
    "a hold is for one spelling": (
        HELD_SPELT,
        ((client_table.ClientTable, "is_held", by_name_alone), (Unsettled, "_other", no_other)),
    ),
}


@pytest.fixture
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Life:
    """A life in which the laws hold, until the fault is put in."""
    life, faults = FAULTS[request.param]
    live(life)
    for holder, name, fault in faults:
        monkeypatch.setattr(holder, name, fault)
    return life


@pytest.mark.parametrize("broken", FAULTS, indirect=True)
def test_a_guard_with_a_fault_breaks_a_law(broken: Life) -> None:
    with pytest.raises(AssertionError):
        live(broken)
