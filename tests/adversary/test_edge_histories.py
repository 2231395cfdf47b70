"""Canaries are marked by the laws of marks; clients are marked by an edge.

What a real one lets a client add is no more.

One client with far too many records, all changed run after run, refuses and comes back, and the
vault is lost and put back; all of it goes through the real edge and the real gate, and the admitted
events go through the release lane. What the client moves there in a table, by the table's noise, is
mu²: it never passes what the table pays for, and the attacks rely on all of it together never
passing 2 `RHO_PLANNED`. Edges that forget are seen to pass it in some table.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.counting.tables import field_type
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import CORRECTABLE, About, Correctable
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import RHO_PLANNED, TABLE_COSTS
from exchange.trial.attack.cohort import squared_mu
from exchange.trial.attack.release_in_memory import MemoryReleaseLane
from exchange.wire.codec import decode
from producers.caps import marking
from producers.caps.choice import Present, Ranks, choose
from producers.errors import KeyUnknown
from producers.facts import Fact
from tests.kits.edge_kit.clients import Homes
from tests.kits.edge_kit.facts import HERE
from tests.kits.strategies import made_sound

PERIOD = parse_period("2026Q1")
START = epoch_of(2026, 1)
RUNS = (*sorted([0, 1, 2, 3] * 3), *range(4, 14))
"""The month of each run: often before the quarter is counted in April, then until its year is."""
REFUSES, RETURNS, BACKUP, LOSS = 4, 5, 9, 13
EACH = 9
"""Facts of each kind of body."""
BODIES = [kind for kind in sorted(CORRECTABLE, key=lambda kind: kind.__name__) if kind.about is About.CLIENT]


def facts_in(run: int) -> list[Fact]:
    """The client's records: in each run some have changed, some are removed or back."""
    found = []
    for kind in BODIES:
        for n in range(EACH - run % 3):
            chance = random.Random(f"history|{kind.__name__}|{n}|{(run + n) // 3}")
            values = {f.name: chance.choice(list(field_type(kind, f.name))) for f in fields(kind)}
            body = made_sound(kind(**values))  # type: ignore[arg-type]
            place = chance.choice([UsState.ca, UsState.wy])
            found.append(Fact(f"{kind.__name__}/{n}", PERIOD, place, body, "canary", HERE))
    return found


async def publish(agency: Homes, run: int) -> None:
    async with agency.edge() as edge:
        if run == REFUSES:
            edge.hold("canary", retract=True)
        if run == RETURNS:
            edge.unhold("canary")
        facts = facts_in(run)
        for fact in facts:
            await edge.publish(fact)
        for key in {fact.key for fact in facts_in(run - 1)} - {fact.key for fact in facts} if run else ():
            with suppress(KeyUnknown):  # withdrawn by the refusal, or by a vault that is older
                await edge.retract(key)


def worth(folder: Path) -> dict[str, float]:
    """mu² of what the client added to the releases of each table."""
    folder.mkdir()
    agency, lane, seen = Homes(folder), MemoryReleaseLane(TABLE_COSTS.values()), 0
    for run, month in enumerate(RUNS):
        if run == LOSS:
            agency.restore("backup")
        asyncio.run(publish(agency, run))
        if run == BACKUP:
            agency.keep("backup")
        admitted = agency.exchange.admitted
        lane.arrive(START + month, [decode(value) for value in admitted[seen:]])
        seen = len(admitted)
    added: dict[tuple[str, int, int], int] = {}
    for epoch in range(START, START + RUNS[-1]):
        after, counts = lane.counted(epoch)
        lane.settle(after)
        for one in counts:
            added |= {(one.due.row.name, epoch, at): n for at, n in enumerate(one.counts) if n}
    return {
        name: float(squared_mu({place: n for place, n in added.items() if place[0] == name})) for name in TABLE_COSTS
    }


def overpaid(found: dict[str, float]) -> set[str]:
    """The tables in which a client moved more than is paid for."""
    return {name for name, cost in TABLE_COSTS.items() if found[name] > float(cost.squared_l2 / cost.variance)}


def test_no_history_that_an_edge_lets_through_is_worth_more_than_a_canary(tmp_path: Path) -> None:
    found = worth(tmp_path / "real")
    assert overpaid(found) == set()
    assert 2 * RHO_PLANNED / 5 < sum(found.values()) <= 2 * RHO_PLANNED, "little of it would say little"


def per_run(
    ranks: Ranks, facts: Sequence[Present], arrived: Collection[type[Correctable]], *, scheduled: bool
) -> dict[bytes, Cap]:
    """Chosen among what is new alone."""
    new = [one for one in facts if one.sent is None]
    return {one.fact: one.sent or NONE for one in facts} | choose(ranks, new, arrived, scheduled=scheduled)


def uncapped(_: Ranks, facts: Sequence[Present], *__: object, **___: object) -> dict[bytes, Cap]:
    return {one.fact: Cap.NATION | Cap.STATE | Cap.ONE for one in facts}


def none_arrived(ranks: Ranks, facts: Sequence[Present], _: object, *, scheduled: bool) -> dict[bytes, Cap]:
    return choose(ranks, facts, scheduled=scheduled)


@pytest.mark.parametrize(
    ("place", "mutant"),
    [
        pytest.param((marking, "choose"), per_run, id="caps per run"),
        pytest.param((marking, "choose"), uncapped, id="no cap"),
        pytest.param((marking, "choose"), none_arrived, id="an arrival marked again"),
    ],
)
def test_an_edge_that_forgets_is_found_out(
    place: tuple[object, str], mutant: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*place, mutant)
    assert overpaid(worth(tmp_path / "mutant"))
