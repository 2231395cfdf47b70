"""Facts that are looked up and written many at once are taken as if they came one by one."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from producers import cooperative
from producers.facts import ClientWithdrawn, Complete, Fact, Reading, RowIgnored, Withdrawn
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.facts import FOOD, HERE, SHELTER, need

OFF = e.NeedIdentified(v.Service.substance_use)
BODIES: list[e.Correctable] = [FOOD, SHELTER, OFF]


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path, sensitive=())


def rows(agency: Agency) -> list[tuple[object, ...]]:
    """All that the vault knows of facts, but for what chance and the order of numbers decide."""
    query = (
        "SELECT fact.key, client.name, period, want, todo, sent > 0, edition FROM fact "
        "LEFT JOIN client ON client.id = fact.client ORDER BY 1"
    )
    with Vault.open(agency.profile, SECRET) as vault:
        return vault.all(query)


def some_readings(random: Random) -> list[Reading]:
    """Few keys and clients, so that most come again: changed, moved, switched off or withdrawn."""
    found: list[Reading] = []
    for _ in range(60):
        key, client = f"p/{random.randrange(9)}", random.choice(["ann", "bea", "cy", ""])
        found.append(replace(need(key, random.choice(BODIES)), client=client))
        if random.random() < 0.15:
            withdraws: list[Reading] = [
                Withdrawn(key, HERE),
                Complete("p/", HERE),
                ClientWithdrawn(client or "ann", HERE),
            ]
            found.append(random.choice(withdraws))
    return found


@pytest.mark.parametrize("seed", range(8))
async def test_many_at_once_are_taken_as_one_by_one(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random, worlds = Random(seed), []
    runs = [some_readings(random) for _ in range(3)]
    for at_once in (1, 7, 500):
        folder = tmp_path / str(at_once)
        folder.mkdir()
        agency = Agency(folder, sensitive=())
        monkeypatch.setattr(cooperative, "STEPS", at_once)
        said = []
        for readings in runs:
            async with agency.edge() as edge:
                await edge.read_all(readings)
            said.append(edge.report.outcomes)
        worlds.append((said, rows(agency), agency.admitted()))
    assert worlds[0] == worlds[1] == worlds[2]


async def test_what_came_before_a_source_failed_is_kept(agency: Agency) -> None:
    def failing() -> Iterator[Fact]:
        yield need("a")
        yield need("b", client="c-2")
        raise OSError("unreadable")

    with pytest.raises(OSError, match="unreadable"):
        async with agency.edge() as edge:
            await edge.read_all(failing())
    assert [key for key, *_ in rows(agency)] == [b"f:a", b"f:b"]


async def test_what_was_looked_up_for_one_reading_is_not_believed_later(agency: Agency) -> None:
    """A fact that the policy refuses is looked up and not put."""
    async with agency.edge() as edge:
        await edge.publish(need("a", FOOD))
        await edge.read_all([RowIgnored(HERE, "x"), need("a", FOOD, period=parse_period("2030Q1"))])
        await edge.flush()
        await edge.publish(need("a", SHELTER))
    assert b"needs_by_service|2026Q1|ca|food" not in agency.admitted()
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1


def test_what_waits_is_run_before_anything_is_asked_and_undone_with_its_block(agency: Agency) -> None:
    put = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
    with Vault.open(agency.profile, SECRET) as vault:
        vault.later(put, ("one", b"1"))
        assert vault.get("one") == b"1"
        with suppress(InterruptedError), vault.writing():
            vault.later(put, ("one", b"2"))
            raise InterruptedError
        assert vault.get("one") == b"1"
        vault.later(put, ("one", b"3"))
        vault.commit()
    with Vault.open(agency.profile, SECRET) as vault:
        assert vault.get("one") == b"3"
        vault.later(put, ("one", b"4"))
    with Vault.open(agency.profile, SECRET) as vault:
        assert vault.get("one") == b"3", "it was not committed"
