"""A whole Kafka that is put back, and an old cluster that comes back: no month is drawn again.

A broker's data directory is copied while it is stopped, as a snapshot of its disk would be. Workers
and commands are real processes; the witness files of all of them are in one folder, as on one host.
"""

import asyncio
import fcntl
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from consumers.release.draws_state import DrawsState
from consumers.release.history import read_closings
from exchange.core.model.epochs import epoch_text
from exchange.engine.broker import embedded_broker
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import exchange_topics, provision
from exchange.engine.log import Partition
from exchange.engine.reading import read_whole
from exchange.settings import Settings
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange
from exchange.wire.topics import DRAWS, RELEASES
from tests.kafka.operations.state_kit import WAIT_S, ends
from tests.kafka.release.closing_kit import START, Publishing, ask, handled, needs

MARCH, APRIL = START + 1, START + 2
OF_DRAWS, OF_RELEASES = Partition(DRAWS, 0), Partition(RELEASES, 0)
STAYS_S = 6.0
"""Longer than a worker takes from a command to its draw."""


@asynccontextmanager
async def running(home: Path, folder: Path, *, empty: bool = False) -> AsyncIterator[TrialExchange]:
    """The exchange whose brokers keep their data in this directory; workers end with the block."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - one system call
    async with embedded_broker(home) as broker:
        settings = Settings.model_validate({"bootstrap_servers": ""}).at(broker.bootstrap_servers)
        log = KafkaLog(settings.client("test"))
        try:
            async with administer(settings.client("test")) as admin:
                await provision(admin, [] if empty else exchange_topics(partitions=4, replication=1))
                ground = TrialExchange(settings, log, admin, broker, folder)
                try:
                    yield ground
                finally:
                    await asyncio.gather(*(worker.stop() for worker in ground.workers))
        finally:
            await log.close()


def put_back(home: Path, copy: Path) -> None:
    shutil.rmtree(home)
    shutil.copytree(copy, home)


async def public(ground: TrialExchange) -> dict[bytes, bytes]:
    reader = await ground.log.reader()
    try:
        found = [(r.key or b"", r.value or b"") async for some in read_whole(reader, OF_RELEASES) for r in some]
    finally:
        await reader.close()
    assert len(dict(found)) == len(set(found))
    return dict(found)


async def closes(ground: TrialExchange, *epochs: int) -> None:
    for epoch in epochs:
        status, _, err = await command(ground.settings, "release", "close", epoch_text(epoch), "--yes")
        assert status == 0, err


async def refuses(ground: TrialExchange, epoch: int, says: str) -> None:
    """The command names the reason, the worker's alert too, and nothing is drawn."""
    status, _, err = await command(ground.settings, "release", "close", epoch_text(epoch), "--yes")
    assert (status, says in err) == (1, True), err
    before = await ends(ground, [OF_DRAWS, OF_RELEASES])
    await ask(ground.log, epoch)  # from a host without a witness
    await alerted(ground, says)
    await asyncio.sleep(STAYS_S)
    assert await ends(ground, [OF_DRAWS, OF_RELEASES]) == before


async def alerted(ground: TrialExchange, says: str) -> None:
    """Wait for the alert about the ledger, or with no text until there is none."""
    async with asyncio.timeout(WAIT_S):
        while True:
            status, out, err = await command(ground.settings, "alerts", "--json")
            assert status == 0, err
            found = [one for one in json.loads(out) if one["subject"] == "ledger"]
            if [says in one["says"] and one["kind"] == "ledger refused" for one in found] == [True] * bool(says):
                return
            assert all(worker.alive for worker in ground.workers)
            await asyncio.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_broker_put_back_whole_closes_nothing_until_a_newer_copy_is_there(tmp_path: Path) -> None:
    home, older, newer = tmp_path / "kafka", tmp_path / "older", tmp_path / "newer"
    behind = "The ledger in `draws` ends with 2020-02, and 2020-03 was closed before."
    async with running(home, tmp_path) as ground:
        agencies = Publishing(ground)
        await agencies.register()
        await ground.start_worker()
        await agencies.send(list(needs(Random(1), 12)))
        await closes(ground, START)
    shutil.copytree(home, older)
    async with running(home, tmp_path) as ground:
        await ground.start_worker()
        await closes(ground, MARCH)
        drawn = await public(ground)
    shutil.copytree(home, newer)
    put_back(home, older)
    async with running(home, tmp_path) as ground:
        await ground.start_worker()
        await refuses(ground, MARCH, behind)
        assert drawn.items() > (await public(ground)).items()
        status, _, err = await command(ground.settings, "release", "adopt", "2020-02")
        assert (status, behind in err) == (1, True), err
        agencies.now_at(ground)
        await agencies.send(list(needs(Random(2), 6)))  # it returns once the gate has admitted them
    put_back(home, newer)
    async with running(home, tmp_path) as ground:
        await ground.start_worker()
        await closes(ground, APRIL)
        await alerted(ground, "")
        now = await public(ground)
        assert {key: now[key] for key in drawn} == drawn


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_an_old_cluster_that_comes_back_after_a_restore_is_refused_and_the_new_one_goes_on(
    tmp_path: Path,
) -> None:
    archive = str(tmp_path / "archive")
    async with running(tmp_path / "one", tmp_path) as old:
        agencies = Publishing(old)
        await agencies.register()
        worker = await old.start_worker()
        await agencies.send(list(needs(Random(1), 12)))
        await closes(old, START)
        status, _, err = await command(old.settings, "archive", archive)
        assert status == 0, err
        await worker.stop()
        old.workers.clear()
        async with running(tmp_path / "two", tmp_path / "new", empty=True) as new:
            status, _, err = await command(new.settings, "restore", archive)
            assert status == 0, err
            await new.start_worker()
            await old.start_worker()
            await refuses(old, MARCH, "The exchange has left cluster")
            await closes(new, MARCH)
            await alerted(new, "")
            status, _, err = await command(old.settings, "release", "adopt", "2020-02")
            assert (status, "2020-03 was closed before" in err) == (1, True), err
        assert (await ends(old, [OF_DRAWS]))[OF_DRAWS] < 10
        status, _, err = await command(old.settings, "restore", archive)  # it lacks March
        assert (status, "2020-03 was closed before" in err) == (1, True), err


@pytest.mark.slow
async def test_a_worker_killed_between_the_commit_and_the_witness_publishes_the_same_draw(tmp_path: Path) -> None:
    """The witness cannot be written meanwhile, so nothing becomes public before the kill."""
    async with running(tmp_path / "kafka", tmp_path) as ground:
        agencies = Publishing(ground)
        await agencies.register()
        worker = await ground.start_worker()
        await agencies.send(list(needs(Random(1), 12)))
        witness = await witness_of(ground)
        before = witness.read_bytes()
        with (witness.parent / f".{witness.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            await ask(ground.log, START)
            drawn = await committed(ground)
            await worker.kill()
        ground.workers.clear()
        assert (await public(ground), witness.read_bytes()) == ({}, before)
        await ground.start_worker()
        closings = await handled(ground.log, 1)
        assert closings.parts == drawn.parts
        assert await public(ground) == {part.key: part.value for part in drawn.parts}
        assert json.loads(witness.read_bytes())["epoch"] == "2020-02"


async def witness_of(ground: TrialExchange) -> Path:
    folder = ground.settings.state_folder
    async with asyncio.timeout(WAIT_S):
        while not (found := list(folder.glob("ledger-*.json"))):  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.1)
    return found[0]


async def committed(ground: TrialExchange) -> DrawsState:
    async with asyncio.timeout(WAIT_S):
        while True:
            closings, _ = await read_closings(ground.log)
            if closings.closed.last_epoch is not None:
                return closings
            await asyncio.sleep(0.02)
