"""The figures that a finished demo leaves, and the page over them, as a process."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from exchange.engine.errors import PartitionUnknown, PositionOutOfRange
from exchange.engine.log import Log, Partition
from exchange.engine.reading import read_whole
from exchange.trial.demo.demo_page import MADE_UP
from exchange.trial.demo.kept_figures import FiguresUnreadable, KeptFigures, ReadOnly, keep_figures
from tests.kits.serve_process import read_as_of, served
from tests.kits.serve_world import DRAWN, FIRST, JANUARY, POINTS, Topics


@pytest.fixture
def topics() -> Topics:
    found = Topics()
    for month in range(FIRST, JANUARY + 1):
        found.publish(month)
    return found


@pytest.fixture
def file(topics: Topics, tmp_path: Path) -> Path:
    path = tmp_path / "new folder" / "demo.figures"
    asyncio.run(keep_figures(topics.log, path))
    return path


async def values(log: Log, partition: Partition) -> list[bytes]:
    reader = await log.reader()
    return [one.value async for records in read_whole(reader, partition, records_max=7) for one in records]


async def test_the_file_is_a_log_with_every_public_record_in_order(topics: Topics, tmp_path: Path) -> None:
    path = tmp_path / "demo.figures"
    kept = await keep_figures(topics.log, path)
    log = KeptFigures.of(path)
    found = [await values(log, one) for one in (POINTS, DRAWN)]
    assert found == [await values(topics.log, one) for one in (POINTS, DRAWN)]
    assert sum(map(len, found)) == kept


def test_nothing_is_left_beside_the_file(file: Path) -> None:
    assert list(file.parent.iterdir()) == [file]


async def test_the_log_of_a_file_has_no_other_topic_and_cannot_be_written(file: Path) -> None:
    log = KeptFigures.of(file)
    reader = await log.reader()
    with pytest.raises(PartitionUnknown):
        reader.assign([Partition("events", 0)])
    reader.assign([POINTS])
    with pytest.raises(PositionOutOfRange):
        await reader.getmany(timeout_s=0, records_max=1)
    for refused in (log.producer(), log.writer("anybody")):
        with pytest.raises(ReadOnly):
            await refused


@pytest.mark.parametrize("at", [0, 30, 200])
def test_a_file_with_one_other_byte_is_not_used(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    with pytest.raises(FiguresUnreadable):
        KeptFigures.of(file)


async def test_the_page_of_a_finished_demo_opens_at_once_and_says_that_all_is_made_up(file: Path) -> None:
    async with served({}, "--serve-only", str(file), command="demo") as running:
        async with httpx.AsyncClient(base_url=running.address, timeout=30) as client:
            await read_as_of(client, "2027-01")
            for address in ("/", "/needs", "/figures/cases", "/embed/cases", "/brief/ca", "/compare"):
                assert MADE_UP in (await client.get(address)).text, address
            cited = (await client.get("/figures/cases")).text
            assert f'-text">{MADE_UP}' in cited
            assert f"note = {{{MADE_UP}" in cited
            page = (await client.get("/needs")).text
            assert "Rank" in page  # the noise is known, as from Kafka
        assert await running.stopped(signal.SIGINT) == 0
    assert not any("Traceback" in line for line in running.said)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no file"),
        (b"a letter", "is no file of figures"),
    ],
)
def test_without_such_a_file_the_command_says_how_to_get_one(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "demo.figures"
    if content is not None:
        path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "exchange.cli", "demo", "--serve-only", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert words in done.stderr
    assert "exchange demo --exit" in done.stderr
    assert "Traceback" not in done.stderr
