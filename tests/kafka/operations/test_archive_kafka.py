"""An exchange moves: archived on one broker, restored on another with fewer partitions.

Real workers, real edges and the real commands. The agencies' edges go on by themselves, and the
next month is what it would have been.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from consumers.admission.enrolment import Enrolment, register
from consumers.release.close_request import close_epoch
from consumers.release.history import read_closings
from consumers.release.release_lane import ReleaseLane
from consumers.release.witness_file import WitnessFiles
from consumers.replay import KafkaSource, replay
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import NeedIdentified
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.core.release.client_tables import ARRIVALS
from exchange.engine.broker import embedded_broker
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.engine.reading import read_whole
from exchange.settings import Settings
from exchange.trial.commands import variables_of
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, RELEASES, inbox_of
from producers.delivery.run_options import RunOptions
from producers.delivery.waiting import WaitLimits
from producers.edge import Edge
from producers.facts import Fact
from producers.profile import Profile
from producers.secret_files import Secret
from producers.setup import make_vault
from tests.kits.command_line import CommandResult, in_a_thread
from tests.simulation.world.closing_world import DrawHere

SECRET = Secret(raw_key=bytes(range(32)))
CODES = ("harbor-light", "new-door", "safe-passage")
JANUARY = epoch_of(2026, 1)
WAIT_S = 90


async def command(settings: Settings, *words: str) -> CommandResult:
    return await in_a_thread(variables_of(settings), *words)


def profile(folder: Path, settings: Settings, agency: str) -> Profile:
    told = {"agency": agency, "state": "ca", "legal_class": "individual"}
    return Profile.model_validate(
        {**told, "kafka": {"bootstrap_servers": settings.bootstrap_servers}, "vault": folder / f"{agency}.vault"}
    )


def needs(first: int, count: int) -> list[Fact]:
    services = [v.Service.food, v.Service.legal, v.Service.emergency_shelter]
    return [
        Fact(f"need/{n}", parse_period("2026Q1"), UsState.ca, NeedIdentified(services[n % 3]), f"client-{n}")
        for n in range(first, first + count)
    ]


async def publish(folder: Path, settings: Settings, agency: str, facts: list[Fact]) -> int:
    """One run of an agency's edge; how many events were accepted in it."""
    options = RunOptions(patience=WaitLimits(poll_s=0.2))
    async with Edge.open(
        profile(folder, settings, agency), secret=SECRET, today=date(2026, 4, 5), options=options
    ) as edge:
        for fact in facts:
            await edge.publish(fact)
    return edge.report.delivered


async def enrol(ground: TrialExchange, folder: Path) -> None:
    for agency in CODES:
        number, key = make_vault(profile(folder, ground.settings, agency), SECRET)
        enrolment = Enrolment(agency, LegalClass.individual, key, number)
        await register(ground.log, ground.admin, enrolment, replication=1)


async def records(log: KafkaLog, topic: str, partitions: int = 1) -> list[tuple[bytes | None, bytes | None, int]]:
    reader = await log.reader()
    try:
        return [
            (record.key, record.value, record.timestamp)
            for number in range(partitions)
            async for some in read_whole(reader, Partition(topic, number))
            for record in some
        ]
    finally:
        await reader.close()


async def chains(log: KafkaLog, partitions: int) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for key, value, _ in await records(log, EVENTS, partitions):
        found.setdefault(key or b"", []).append(value or b"")
    return found


async def close_with_seeded_noise(log: KafkaLog, partitions: int, epoch: int, witness: Path) -> dict[bytes, bytes]:
    """Close an epoch with a lane in this process; its releases by key, as they were drawn."""
    rng = random.Random(epoch)
    drawer = DrawHere(log, lambda _scale, length: [rng.randrange(-9, 10) for _ in range(length)])
    lane = asyncio.create_task(ReleaseLane(log, partitions, drawer, WitnessFiles(witness)).run())
    asking = asyncio.create_task(close_epoch(log, epoch))
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                closings, _ = await read_closings(log)
                if closings.closed.last_epoch == epoch:
                    return {part.key: part.value for part in closings.parts if part.epoch == epoch}
                assert not lane.done(), lane.exception()
                await asyncio.sleep(0.1)
    finally:
        for task in (asking, lane):
            task.cancel()
        await asyncio.gather(asking, lane, return_exceptions=True)


@asynccontextmanager
async def empty_cluster(settings: Settings, partitions: int) -> AsyncIterator[Settings]:
    """Another broker, with nothing on it."""
    async with embedded_broker() as broker:
        yield settings.at(broker.bootstrap_servers).model_copy(update={"partitions": partitions, "replication": 1})


async def test_an_exchange_moves_and_its_agencies_go_on_by_themselves(
    settings: Settings, log: KafkaLog, tmp_path: Path
) -> None:
    folder, archive = tmp_path / "vaults", str(tmp_path / "archive")
    folder.mkdir()
    async with trial_exchange(settings, tmp_path) as old:
        await enrol(old, folder)
        worker = await old.start_worker()
        for agency in CODES:
            await publish(folder, settings, agency, needs(0, 30))
        assert (await close_epoch(log, JANUARY)).tables
        for agency in CODES[:2]:
            await publish(folder, settings, agency, needs(30, 10))
        status, out, err = await command(settings, "archive", archive, "--json")
        assert status == 0, err
        archived = json.loads(out)
        assert archived["epochs"] == ["2026-01"]
        await publish(folder, settings, CODES[0], needs(40, 7))  # what the archive lacks
        await worker.stop()
        before = {topic: await records(log, topic) for topic in (EPOCHS, RELEASES, DRAWS, AGENCIES)}
        lost = await chains(log, settings.partitions)
        async with empty_cluster(settings, 3) as elsewhere:
            await moved(elsewhere, archive, before, lost, tmp_path)
            would_have_been = await close_with_seeded_noise(log, settings.partitions, JANUARY + 1, tmp_path / "one")
            there = KafkaLog(elsewhere.client("test"))
            try:
                assert len(would_have_been) == len(ARRIVALS)
                assert await close_with_seeded_noise(there, 3, JANUARY + 1, tmp_path / "two") == would_have_been
            finally:
                await there.close()


async def moved(
    settings: Settings,
    archive: str,
    before: dict[str, list[tuple[bytes | None, bytes | None, int]]],
    lost: dict[bytes, list[bytes]],
    folder: Path,
) -> None:
    """Restore on this cluster, and let the agencies and a worker go on there."""
    status, out, err = await command(settings, "restore", archive, "--json")
    assert status == 0, err
    assert json.loads(out)["agencies"] == len(CODES)
    log = KafkaLog(settings.client("test"))
    try:
        commands = [record[:2] for record in await records(log, EPOCHS)]
        assert commands == [record[:2] for record in before[EPOCHS]]
        assert await records(log, RELEASES) == before[RELEASES]
        assert (await records(log, DRAWS))[1:-1] == before[DRAWS]
        restored = await chains(log, 3)
        assert {key: lost[key][: len(values)] for key, values in restored.items()} == restored
        assert len(lost[CODES[0].encode()]) > len(restored[CODES[0].encode()])
        status, _, err = await command(settings, "restore", archive)
        assert (status, "hold records: agencies, draws, epochs, events" in err) == (1, True), err
        await going_on(settings, log, lost, folder)
    finally:
        await log.close()


async def going_on(settings: Settings, log: KafkaLog, lost: dict[bytes, list[bytes]], folder: Path) -> None:
    async with administer(settings.client("test")) as admin:
        ground = TrialExchange(settings.model_copy(update={"calendar": "off"}), log, admin, None, folder / "new")
        ground.folder.mkdir()
        worker = await ground.start_worker()
        try:
            for agency in CODES:
                await publish(folder / "vaults", settings, agency, [])
            found = await chains(log, 3)
            assert {key: values[: len(lost[key])] for key, values in found.items()} == lost
            sent = {agency: len(await records(log, inbox_of(agency))) for agency in CODES}
            kept = {agency: len(found[agency.encode()]) - sent[agency] for agency in CODES}
            assert all(count > 0 for count in kept.values()), "an edge sent everything again"
            async with asyncio.timeout(WAIT_S):
                while True:
                    result = await replay(KafkaSource(settings), processes=0)
                    if result.complete:
                        break
                    await asyncio.sleep(0.2)
            assert result.matched
            assert result.events == sum(map(len, found.values()))
        finally:
            await worker.stop()


async def test_a_damaged_archive_and_a_cluster_that_is_not_empty_are_refused_by_name(
    settings: Settings, log: KafkaLog, tmp_path: Path
) -> None:
    async with trial_exchange(settings, tmp_path) as old:
        (tmp_path / "vaults").mkdir()
        await enrol(old, tmp_path / "vaults")
        status, _, err = await command(settings, "archive", str(tmp_path / "archive"))
        assert status == 0, err
        status, _, err = await command(settings, "restore", str(tmp_path / "archive"))
        assert (status, "These topics hold records: agencies" in err) == (1, True), err
        path = next((tmp_path / "archive").glob("agencies-*.avro"))
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        status, _, err = await command(settings, "restore", str(tmp_path / "archive"))
        assert (status, f"{path.name} does not have its digest" in err) == (1, True), err
        status, _, err = await command(settings, "restore", str(tmp_path / "vaults"))
        assert (status, "holds no archive" in err) == (1, True), err
