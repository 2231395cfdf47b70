"""Canaries are marked by the laws of the caps; clients are marked by an edge.

What a real one lets a client add is no more.

One client with far too many records, all changed month after month, goes through the real edge and
the real gate; the admitted events go through the release lane. All that the client moves there, by
the noise of each table, is mu²: the attacks rely on its never passing 2 `RHO_PLANNED`. Edges that
forget are seen to pass it.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import pytest

from exchange.core.counting.tables import field_type
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import CORRECTABLE, About
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import RHO_PLANNED, TABLE_COSTS
from exchange.trial.attack.cohort import squared_mu
from exchange.trial.attack.release_in_memory import MemoryReleaseLane
from exchange.wire.codec import decode
from producers.caps import marking
from producers.caps.choice import ClientPeriod
from producers.facts import Fact
from tests.kits.edge_kit.clients import Homes
from tests.kits.edge_kit.facts import HERE
from tests.kits.strategies import made_sound

PERIOD = parse_period("2026Q1")
START = epoch_of(2026, 1)
MONTHS = 24
MONTHS_TO_PASS = 16
"""In which an edge that forgets has passed the bound."""
EACH = 9
"""Facts of each kind of body."""
BODIES = [kind for kind in sorted(CORRECTABLE, key=lambda kind: kind.__name__) if kind.about is About.CLIENT]


def facts_in(month: int) -> list[Fact]:
    """The client's records: other facts under the same keys, some months the same, some removed."""
    chance = random.Random(f"history|{month // 2}")
    found = []
    for kind in BODIES:
        for n in range(EACH - month % 3):
            values = {f.name: chance.choice(list(field_type(kind, f.name))) for f in fields(kind)}
            body = made_sound(kind(**values))  # type: ignore[arg-type]
            place = chance.choice([UsState.ca, UsState.wy])
            found.append(Fact(f"{kind.__name__}/{n}", PERIOD, place, body, "canary", HERE))
    return found


async def publish(agency: Homes, facts: Sequence[Fact], before: Sequence[Fact]) -> None:
    async with agency.edge() as edge:
        for fact in facts:
            await edge.publish(fact)
        for key in {fact.key for fact in before} - {fact.key for fact in facts}:
            await edge.retract(key)


def worth(folder: Path, months: int = MONTHS) -> float:
    """mu² of all that the client added to releases."""
    folder.mkdir()
    agency, lane, seen = Homes(folder), MemoryReleaseLane(START, TABLE_COSTS.values()), 0
    added: dict[tuple[str, int, int], int] = {}
    for month in range(months):
        asyncio.run(publish(agency, facts_in(month), facts_in(month - 1) if month else ()))
        admitted = agency.exchange.admitted
        lane.arrive(START + month, [decode(value) for value in admitted[seen:]])
        seen = len(admitted)
        after, increments = lane.counted(START + month)
        lane.settle(after)
        for one in increments:
            added |= {(one.due.row.name, START + month, at): n for at, n in enumerate(one.counts) if n}
    return float(squared_mu(added))


def test_no_history_that_an_edge_lets_through_is_worth_more_than_a_canary(tmp_path: Path) -> None:
    found = worth(tmp_path / "real")
    assert found <= 2 * RHO_PLANNED
    assert found > 2 * RHO_PLANNED / 5, "else it says little"


def forgotten(_: marking.Caps, *__: object) -> dict[int, object]:
    return {}


def uncounted(_: ClientPeriod, *__: object) -> None:
    return None


@pytest.mark.parametrize(
    ("place", "mutant"),
    [
        pytest.param((marking.Caps, "_read_chain"), forgotten, id="caps per run"),
        pytest.param((ClientPeriod, "count_correction"), uncounted, id="correction not counted"),
        pytest.param((ClientPeriod, "_is_full"), lambda *_: False, id="no cap"),
    ],
)
def test_an_edge_that_forgets_is_found_out(
    place: tuple[type, str], mutant: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*place, mutant)
    assert worth(tmp_path / "mutant", MONTHS_TO_PASS) > 2 * RHO_PLANNED
