"""Long work at the edge lets other tasks run, Ctrl-C too, and may be stopped at any such moment."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from producers import cooperative
from producers.edge import Edge
from producers.facts import Complete, Fact
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.facts import HERE, bodies, need, publish

COUNT, STEPS = 120, 10


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooperative, "STEPS", STEPS)


def facts(count: int = COUNT) -> list[Fact]:
    services = list(v.Service)[:9]
    return [need(f"case/{n:03}", e.NeedIdentified(services[n % 9])) for n in range(count)]


async def turns_during(work: Coroutine[object, object, object]) -> int:
    """How often another task had its turn; the exchange in memory itself never gives one."""
    turns = 0

    async def ticking() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    ticker = asyncio.create_task(ticking())
    await asyncio.sleep(0)
    before = turns
    try:
        await work
    finally:
        ticker.cancel()
    return turns - before


def lose_vault(agency: Agency) -> None:
    """A new vault with the old key: everything is in the inbox alone."""
    with Vault.open(agency.profile, SECRET) as vault:
        key = vault.get("signing_key")
    agency.profile.vault.unlink()
    with Vault.create(agency.profile, SECRET) as vault:
        vault.set("signing_key", key)
        vault.commit()


async def taken(agency: Agency) -> Edge:
    edge = agency.edge()
    async with edge:
        await edge.read_all(facts())
    return edge


async def test_reading_an_inbox_back_and_claiming_it_gives_other_tasks_their_turn(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await publish(agency, *facts())
    lose_vault(agency)
    indexed, walked, adopted, claimed = [COUNT // STEPS] * 4
    assert await turns_during(taken(agency)) >= indexed + walked + adopted + claimed


async def test_chaining_a_run_gives_other_tasks_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.delivery.run_chain.CHUNK", STEPS)
    async with Agency(tmp_path).edge() as edge:
        await edge.read_all(facts())
        decided, chained = [COUNT // STEPS] * 2
        assert await turns_during(edge.flush()) >= decided + chained - 1


async def test_withdrawing_gives_other_tasks_their_turn(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await publish(agency, *facts())
    async with agency.edge() as edge:
        assert await turns_during(edge.retract_all("case/0")) >= 100 // STEPS
        assert await turns_during(edge.read(Complete("case/", HERE))) >= (COUNT - 100) // STEPS
    assert not agency.admitted()


@pytest.mark.parametrize("turn", [1, 7, 13, 19, 25, 31, 37, 43, 49])
async def test_a_run_that_is_stopped_while_it_reads_back_loses_and_doubles_nothing(tmp_path: Path, turn: int) -> None:
    agency = Agency(tmp_path)
    await publish(agency, *facts())
    whole = agency.admitted()
    lose_vault(agency)
    running = asyncio.create_task(taken(agency))
    for _ in range(turn):
        await asyncio.sleep(0)
    running.cancel()  # as Ctrl-C does
    with suppress(asyncio.CancelledError):
        await running
    again = await taken(agency)
    assert again.report.complete
    assert agency.admitted() == whole
    assert sum(isinstance(body, e.NeedIdentified) for body in bodies(agency)) == COUNT
