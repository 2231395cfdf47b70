"""Each worker's own look at the ledger, and what it may name to agencies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.release import ledger_watch
from consumers.release.draws_state import DrawsFollower, DrawsState
from consumers.release.ledger_watch import LedgerWatch
from consumers.release.witness_file import WitnessBusy, WitnessFiles, read_witness
from consumers.release.witnessed import witnessed_draws
from exchange.core.errors import LedgerBehind
from exchange.core.model.epochs import epoch_of
from exchange.core.model.ledger_head import LedgerHead
from exchange.core.release.closed_epochs import Closed
from exchange.core.release.cuts import BEGINNING
from exchange.core.release.witness import Trail, Witness
from exchange.engine.log import Partition
from exchange.testing.connection import DirectConnection
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.release_records import Spent, encode_spent, ledger_part
from exchange.wire.topics import DRAWS

SOURCE = Partition(DRAWS, 0)
START = epoch_of(2026, 1)
LOOK_S = 0.01


def closed(*epochs: int) -> Closed:
    trail = Trail()
    for epoch in epochs:
        trail = trail.drawn(b"cases", b"%d" % epoch).closed(epoch)
    return Closed(trail=trail)


def file_in(folder: Path) -> Path:
    [path] = folder.glob("ledger-*.json")
    return path


class Draws:
    """A log in memory that holds `draws` alone."""

    def __init__(self) -> None:
        self.broker = MemoryBroker(lambda _after, call: call(), lambda: 0.0)
        self.broker.create(DRAWS)
        self.log = MemoryLog(self.broker, DirectConnection)

    def close(self, *epochs: int) -> None:
        for number, epoch in enumerate(epochs):
            spent = Spent(number + 1, epoch, 0, 0, "", 0, replace(BEGINNING, cluster=self.broker.cluster), ())
            self.broker.append(SOURCE, (ledger_part(epoch), encode_spent(spent)))

    def folded(self) -> Closed:
        state = DrawsState()
        for record in self.broker.committed(SOURCE):
            state.take(record)
        return state.closed


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_watch, "LOOK_S", LOOK_S)


@asynccontextmanager
async def looking(draws: Draws, folder: Path) -> AsyncIterator[LedgerWatch]:
    watch = LedgerWatch(draws.log, WitnessFiles(folder))
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - the watch tells nobody
            await asyncio.sleep(LOOK_S)


async def test_every_look_is_remembered_and_a_shorter_copy_is_refused_by_name(tmp_path: Path) -> None:
    draws = Draws()
    draws.close(START, START + 1)
    async with looking(draws, tmp_path) as watch:
        await until(lambda: watch.remembered is not None)
        assert watch.remembered is not None
        assert (watch.remembered.epoch, watch.refused) == (START + 1, "")
    older = Draws()
    older.close(START)
    async with looking(older, tmp_path) as watch:
        named = watch.head_from_now_on()
        await until(lambda: watch.refused != "")
        assert watch.refused.startswith("LedgerBehind: The ledger in `draws` ends with 2026-01, and 2026-02")
        await until(lambda: named() is not None)
        assert (watch.remembered or LedgerHead()).epoch == START + 1
        assert (named() or LedgerHead()).epoch == START  # so that agencies notice it
    async with looking(draws, tmp_path) as watch:
        await until(lambda: watch.remembered is not None)
        assert watch.refused == ""


async def test_what_no_witness_could_remember_is_named_to_nobody(tmp_path: Path) -> None:
    draws = Draws()
    draws.close(START)
    async with looking(draws, tmp_path) as watch:
        await until(lambda: watch.remembered is not None)
    file_in(tmp_path).write_bytes(b"damaged")
    async with looking(draws, tmp_path) as watch:
        named = watch.head_from_now_on()
        await until(lambda: watch.refused.startswith("WitnessDamaged"))
        await asyncio.sleep(10 * LOOK_S)
        assert (named(), watch.remembered) == (None, None)


def test_a_gate_names_only_what_a_later_look_shows() -> None:
    """An earlier owner may have named more than a look that was under way when this one began."""
    watch = LedgerWatch(Draws().log, WitnessFiles(Path("/nowhere")))
    watch._head = LedgerHead(START)
    watch._looks = 5
    named = watch.head_from_now_on()
    shown = []
    for _ in range(3):
        shown.append(named())
        watch._looks += 1
    assert shown == [None, None, LedgerHead(START)]


def test_two_workers_of_one_host_never_set_the_witness_back(tmp_path: Path) -> None:
    """The other one sees more between this one's reading of the file and its turn."""
    files, behind, ahead = WitnessFiles(tmp_path), closed(START), closed(START, START + 1)

    class Overtaken(WitnessFiles):
        def _locked(self, name: str):
            if not list(tmp_path.glob("ledger-*.json")):
                files.sees(ahead, "here")
            return super()._locked(name)

    with pytest.raises(LedgerBehind):
        Overtaken(tmp_path).sees(behind, "here")
    assert (files.known(behind, "here") or pytest.fail("lost")).head.epoch == START + 1


async def test_a_ledger_that_other_workers_overtake_is_read_again_and_never_refused(tmp_path: Path) -> None:
    """They close months, and write the file, between a reading of `draws` and its comparison."""
    draws, files, months = Draws(), WitnessFiles(tmp_path), [START + 1, START + 2]
    draws.close(START)

    def overtaken(found: Closed, cluster: str) -> Witness:
        if months:
            draws.close(months.pop(0))
            files.sees(draws.folded(), cluster)
        return files.sees(found, cluster)

    seen = await witnessed_draws(DrawsFollower(await draws.log.reader()), draws.log, overtaken)
    assert (seen.closed.trail.head.epoch, months) == (START + 2, [])


def test_a_ledger_that_stays_behind_is_refused_once_it_was_read_again(tmp_path: Path) -> None:
    draws = Draws()
    draws.close(START)
    looks: list[Closed] = []

    def behind(found: Closed, _: str) -> None:
        looks.append(found)
        raise LedgerBehind("2026-01, and 2026-02 was closed before.")

    async def read() -> None:
        await witnessed_draws(DrawsFollower(await draws.log.reader()), draws.log, behind)

    with pytest.raises(LedgerBehind):
        asyncio.run(read())
    assert len(looks) == 2


def test_a_witness_that_another_worker_is_writing_is_waited_for(tmp_path: Path) -> None:
    files = WitnessFiles(tmp_path)
    files.sees(closed(START), "here")
    path = file_in(tmp_path)
    with files._locked(path.name):
        files.sees(closed(START), "here")  # nothing to write
        with pytest.raises(WitnessBusy):
            files.sees(closed(START, START + 1), "here")
    files.sees(closed(START, START + 1), "here")
    assert read_witness(path) == files.known(closed(), "here")


def test_a_log_that_becomes_shorter_under_a_worker_is_refused() -> None:
    async def shorter() -> None:
        draws = Draws()
        draws.close(START, START + 1)
        follower = DrawsFollower(await draws.log.reader())
        await follower.catch_up()
        log = draws.broker.log(SOURCE)
        log.end, log.entries = log.end - 1, log.entries[:-1]
        with pytest.raises(LedgerBehind, match="ends at offset 1, and was read up to 2"):
            await follower.catch_up()

    asyncio.run(shorter())


async def test_a_missing_topic_says_nothing_and_the_watch_goes_on(tmp_path: Path) -> None:
    draws = Draws()
    draws.broker.delete(DRAWS)
    async with looking(draws, tmp_path) as watch:
        await asyncio.sleep(5 * LOOK_S)
        assert (watch.remembered, watch.refused) == (None, "")
        draws.broker.create(DRAWS)
        await until(lambda: watch.remembered is not None)
