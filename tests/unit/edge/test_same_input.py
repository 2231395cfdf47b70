"""Whether a run need not read: each thing that has a say in its reading makes it read."""

import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from exchange.testing import InMemoryExchange
from producers import same_input
from producers.errors import EdgeError, SourceChanged
from producers.profile_sections import HmisProfile
from producers.setup import hold_client
from producers.sources import open_source
from producers.vault.store import Vault
from tests.kits.edge_kit.desk import PROFILE, Desk
from tests.kits.edge_kit.facts import need
from tests.kits.hmis_exports import sample

TODAY = date(2026, 11, 29)


class World:
    """An agency whose last two runs have read the same file."""

    def __init__(self, exchange: InMemoryExchange, folder: Path) -> None:
        self.exchange, self.folder, self.written = exchange, folder, sample()
        self.profile = exchange.profile("harbor-light", hmis=HmisProfile(all_projects_trafficking=True))
        exchange.enrol(self.profile)
        self.secret = exchange._secrets["harbor-light"]

    async def run(self, meanwhile: Callable[[Path], object] = lambda _: None) -> bool:
        """Whether the run need not read. `meanwhile`: what happens while it reads."""
        path = self.written.folder(self.folder)
        source = open_source(path, self.profile)
        async with self.exchange.edge(self.profile) as edge:
            if edge.same_input.again(source):
                return True
            readings = list(source.read())
            meanwhile(path)
            await edge.read_all(readings)
            edge.same_input.read()
        return False


@pytest.fixture
async def world(tmp_path: Path):
    async with InMemoryExchange(today=TODAY) as exchange:
        world = World(exchange, tmp_path)
        assert [await world.run() for _ in range(3)] == [False, True, True]
        yield world


def a_file(world: World) -> None:
    world.written.change("Exit.csv", Destination="101")


def a_profile(world: World) -> None:
    world.profile = world.profile.model_copy(update={"sensitive": ("foreign_national",)})


def the_quarter(world: World) -> None:
    world.exchange.today = date(2027, 1, 1)


def a_hold(world: World) -> None:
    hold_client(world.profile, world.secret, "P1", retract=False)


def no_hold(world: World) -> None:
    with Vault.open(world.profile, world.secret) as vault:
        vault.run("UPDATE client SET held = 0 WHERE held = 1")
        vault.commit()


CHANGES = (a_file, a_profile, the_quarter, a_hold, no_hold)


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: changes.__name__)
async def test_whatever_has_a_say_makes_the_next_run_read(world: World, changes: Callable[[World], None]) -> None:
    changes(world)
    assert not await world.run()
    assert await world.run()


async def test_a_run_that_corrected_leaves_its_seal_and_one_that_withdrew_does_not(world: World) -> None:
    world.written.change("Services.csv", TypeProvided="5")
    assert [await world.run() for _ in range(2)] == [False, True]
    world.written.tables["Services.csv"].clear()
    assert [await world.run() for _ in range(3)] == [False, False, True]


async def test_another_day_of_the_quarter_changes_nothing(world: World) -> None:
    world.exchange.today = date(2026, 12, 30)
    assert await world.run()


async def test_another_program_reads(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same_input, "program", lambda: b"another")
    assert not await world.run()
    assert await world.run()


async def test_a_run_that_did_anything_before_reads(world: World) -> None:
    source = open_source(world.folder / "export", world.profile)
    async with world.exchange.edge(world.profile) as edge:
        await edge.publish(need("own"))
        assert not edge.same_input.again(source)


async def test_a_run_that_does_anything_after_leaves_no_seal(world: World) -> None:
    a_profile(world)
    source = open_source(world.folder / "export", world.profile)
    async with world.exchange.edge(world.profile) as edge:
        assert not edge.same_input.again(source)
        await edge.read_all(source.read())
        edge.same_input.read()
        edge.hold("P1")
    assert not await world.run()


async def test_a_run_that_was_stopped_leaves_no_seal(world: World) -> None:
    with pytest.raises(EdgeError):
        await _stopped(world)
    assert not await world.run()


async def _stopped(world: World) -> None:
    async with world.exchange.edge(world.profile) as edge:
        assert edge.same_input.again(open_source(world.folder / "export", world.profile))
        raise EdgeError


async def test_a_file_that_changes_while_it_is_read_leaves_the_vault_as_it_was(world: World) -> None:
    """Its size and times are as before: only its bytes show it."""
    world.written.change("Exit.csv", Destination="101").change("Services.csv", TypeProvided="5")
    before, published = await _facts(world), len(world.exchange.events)

    def change(folder: Path) -> None:
        path = folder / "Exit.csv"
        seen = path.stat()
        octets = bytearray(path.read_bytes())
        octets[-30] ^= 1
        path.write_bytes(octets)
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    with pytest.raises(SourceChanged):
        await world.run(change)
    assert await _facts(world) == before
    assert len(world.exchange.events) == published
    assert not await world.run()
    assert len(world.exchange.events) > published


async def _facts(world: World) -> list[tuple[object, ...]]:
    with Vault.open(world.profile, world.secret) as vault:
        return vault.all("SELECT * FROM fact ORDER BY key")


def test_a_person_sees_that_the_file_was_not_read_again_and_the_same_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, monkeypatch)
    profile = PROFILE.replace("[kafka]", "[hmis]\nall_projects_trafficking = true\n\n[kafka]")
    (tmp_path / "agency.toml").write_text(profile, encoding="utf-8")
    sample().change("Exit.csv", ExitDate="never").zip(tmp_path)
    first, again, dry, last = (
        desk.run("publish", "export.zip", *words, ends=3) for words in ((), (), ("--dry-run",), ())
    )
    assert [same.stderr.count("it is not read again") for same in (first, again, dry, last)] == [0, 1, 1, 1]
    assert again.stdout == last.stdout
    assert re.search("already known +│ +[1-9]", again.stdout) or "facts already known" in again.stdout
    assert "refused: what to correct" in again.stdout or "ExitDate" in again.stdout
