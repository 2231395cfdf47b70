"""Whole exchanges on a real Kafka: killed at random, shown as a demo, sent inadmissible records."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from math import comb
from pathlib import Path

import httpx
import pytest

from consumers.replay.result import ReplayVerdict
from exchange.cli.trial.demo_tables import as_plain
from exchange.core.metrics.questions import QUESTIONS
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.demo.demo import Demo, Look
from exchange.trial.demo.demo_page import MADE_UP
from exchange.trial.empty_cluster import NotEmpty, TrialExchange, Worker, trial_exchange
from exchange.trial.kill_test import BATCH, OPEN_S, KillTest
from exchange.trial.kill_test_result import KillTestResult
from exchange.trial.sample import SampledQuarters, sample_exchange
from exchange.trial.state_attacks import ATTACKS, seeded_order
from exchange.wire.topics import EVENTS, partition_of
from tests.kits.serve_process import Served, served
from tests.kits.warm_kit.programs import COLD

pytestmark = pytest.mark.timeout(540)
NOWHERE = Settings(bootstrap_servers="", batch_records=BATCH, open_transaction_s=OPEN_S)


async def killed(folder: Path, rounds: int, events: int, seed: int, attacks: Sequence[str] = ()) -> KillTestResult:
    lines: list[str] = []
    async with trial_exchange(NOWHERE, folder) as ground:
        test = KillTest(ground, rounds=rounds, events=events, seed=seed, say=lines.append, attacks=attacks)
        result = await test.run()
    print("\n".join(lines))
    return result


async def test_nothing_is_lost_or_doubled_when_processes_die_and_state_is_damaged(tmp_path: Path) -> None:
    """A small one by day, with one attack; at night, twenty rounds, and each attack."""
    attacks = ["gate-state put back from an older copy"]
    result = await killed(tmp_path, rounds=1, events=4_000, seed=3, attacks=attacks)
    assert result.events == 4_000
    assert result.cells > 1_000
    assert (result.lost, result.duplicated, result.disordered, result.cells_differing) == (0, 0, 0, 0), result
    assert [one.attack for one in result.attacks] == attacks
    assert [one.refused_with for one in result.attacks] == [("GateStateBehind",)]
    assert result.attacks[0].mended_by == ("`exchange gate rebuild`",)
    assert result.exact


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_nothing_is_lost_or_doubled_in_twenty_rounds(tmp_path: Path) -> None:
    result = await killed(tmp_path, rounds=20, events=200_000, seed=20)
    assert result.exact, result


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_each_attack_on_state_is_refused_and_mended_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    result = await killed(tmp_path, rounds=len(ATTACKS), events=100_000, seed=21, attacks=seeded_order(21))
    assert {one.attack for one in result.attacks} == set(ATTACKS)
    assert result.exact, result


async def test_the_demo_ends_true_and_matches_its_replay(settings: Settings, tmp_path: Path) -> None:
    looks: list[Look] = []
    async with trial_exchange(settings, tmp_path) as ground:
        sample = sample_exchange(5, 8, events=3_000, span=SampledQuarters(quarters=1))
        result = await Demo(ground, sample, show=looks.append, say=lambda _: None).run()
    assert result.true, f"{result.differing} of {result.cells} cells differ"
    assert result.replay.matched
    assert result.look.events == result.look.delivered == result.replay.events
    assert result.look.picture.heard == 8
    plain = json.loads(json.dumps(as_plain(result)))
    assert (plain["events"], plain["differing"], plain["replay"]["verdict"]) == (result.look.events, 0, "match")
    assert plain["hmis"] is None
    assert len(plain["figures"]) == len(result.protected.headlines)
    assert len(looks) > 1
    assert [one["question"] for one in plain["questions"]] == [question.name for question in QUESTIONS]
    asked = [figure["truth_inside"] for one in plain["questions"] for figure in one["figures"]]
    covered = result.protected.covered
    assert covered is not None
    judged = [one for one in asked if one is not None]
    assert judged
    assert covered.shown
    print(f"{sum(judged)} of {len(judged)} asked, {covered} in all")
    assert chance_of_misses(len(judged), judged.count(False)) > 1e-6
    assert chance_of_misses(covered.shown, covered.missed) > 1e-6, covered


def chance_of_misses(intervals: int, misses: int) -> float:
    """The chance of at least so many misses, if nine of ten intervals held the truth."""
    return sum(comb(intervals, n) * 0.1**n * 0.9 ** (intervals - n) for n in range(misses, intervals + 1))


def test_a_tenth_of_misses_is_likely_and_many_more_are_not() -> None:
    assert chance_of_misses(200, 20) > 0.5
    assert chance_of_misses(200, 45) < 1e-6 < chance_of_misses(200, 40)


@pytest.mark.slow
async def test_the_demo_sees_one_event_too_many(settings: Settings, tmp_path: Path) -> None:
    """Its teeth: a second copy of one event, as a forgetful gate writes it, is not the truth."""
    async with trial_exchange(settings, tmp_path) as ground:
        demo = Demo(
            ground,
            sample_exchange(6, 4, events=2_000, span=SampledQuarters(quarters=1)),
            show=lambda _: None,
            say=lambda _: None,
        )
        original = demo._settled
        doubled = []

        async def settled_with_a_double() -> tuple[Look, list[Mapping[bytes, int]]]:
            if not doubled:
                doubled.append(await _double_one(ground))
            look, cells = await original()
            while look.events == look.delivered:  # the double is not counted yet
                look, cells = await original()
            return look, cells

        demo._settled = settled_with_a_double  # type: ignore[method-assign]
        result = await demo.run()
    assert not result.true
    assert result.replay.verdict is ReplayVerdict.BROKEN  # no chain holds an event twice
    assert result.replay.breaks == 1
    assert not result.replay.differences  # the fold counted what the log holds


async def _double_one(ground: TrialExchange) -> bytes:
    async for record in ground.all_events():
        partition = partition_of(record.key.decode(), ground.settings.partitions)
        producer = await ground.log.producer()
        await producer.send(Partition(EVENTS, partition), [(record.key, record.value)])
        await producer.close()
        return record.value
    raise AssertionError("no events")


async def at_work(worker: Worker) -> None:
    """Wait until the gate and the fold of partition 0 run."""
    running = [f'"lane": "{lane}", "state": "running"' for lane in ("gate-0", "fold-0")]
    async with asyncio.timeout(60):
        while True:
            log = worker.log_file.read_text(encoding="utf-8", errors="replace")
            if all(words in log for words in running):
                return
            await asyncio.sleep(0.1)


async def test_a_worker_ends_with_a_message_at_a_record_that_it_cannot_count(
    settings: Settings, tmp_path: Path
) -> None:
    async with trial_exchange(settings, tmp_path) as ground:
        worker = await ground.start_worker()
        await at_work(worker)  # at its start the gate would notice that it never wrote this record
        producer = await ground.log.producer()
        await producer.send(Partition(EVENTS, 0), [(b"nobody", b"what no gate admits")])
        await producer.close()
        async with asyncio.timeout(60):
            status = await worker.process.wait()
        said = worker.last_lines(3)
    assert status == 1
    assert "events-0 offset 0" in said
    assert "what no gate admits" not in worker.log_file.read_text()


async def test_a_worker_without_topics_names_the_next_step(bootstrap_servers: str) -> None:
    """Started from nothing, by day too."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "exchange.cli", "worker"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, COLD: "cold", "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers},
    )
    assert done.returncode == 1
    assert "exchange topics apply" in done.stderr


async def test_a_trial_never_mixes_with_a_service(exchange: KafkaLog, settings: Settings, tmp_path: Path) -> None:
    producer = await exchange.producer()
    await producer.send(Partition(EVENTS, 1), [(b"harbor-light", b"an event of a service")])
    await producer.close()
    with pytest.raises(NotEmpty):
        async with trial_exchange(settings, tmp_path):
            pass


@pytest.mark.slow
def test_the_kill_test_command_prints_json(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "exchange.cli", "kill-test", "--rounds", "1", "--events", "5000", "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "EXCHANGE_BOOTSTRAP_SERVERS"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"] == 5000


async def test_a_demo_serves_its_page_and_when_it_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    """From its first seconds; figures move while its calendar runs."""
    file = tmp_path / "demo.figures"
    async with running_demo("--events", "10000", str(file)) as (ran, lines):
        address = await lines.having("the page: http")
        async with httpx.AsyncClient(base_url=address.partition("the page: ")[2]) as client:
            page = await client.get("/", timeout=60, headers={"accept": "text/html"})
            assert MADE_UP in page.text
            first = await as_of(client, after="")
            assert await as_of(client, after=first) > first
        ran.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(ran.wait(), 120) == 130
        said = await lines.all()
    assert said[-1] == "Stopped. Nothing of the demo is left on this machine."
    assert any("Stopping the worker, the page" in line for line in said)
    assert not any("Traceback" in line for line in said)
    assert not file.exists()


@pytest.mark.slow
async def test_a_finished_demo_leaves_figures_that_its_page_shows_again(tmp_path: Path) -> None:
    file = tmp_path / "demo.figures"
    async with running_demo("--exit", "--events", "20000", str(file)) as (ran, lines):
        assert await asyncio.wait_for(ran.wait(), 400) == 0
        said = await lines.all()
    assert any(line.startswith(f"The released figures stay in {file}") for line in said)
    async with served({}, "--serve-only", str(file), command="demo") as again, again_client(again) as client:
        await as_of(client, after="")
        assert MADE_UP in (await client.get("/needs", timeout=60)).text
        async with asyncio.timeout(60):  # until all is read, there is no brief, and it says so
            while (brief := await client.get("/brief/ca", timeout=60)).status_code != 200:
                assert brief.status_code in {404, 503}
                await asyncio.sleep(0.2)


async def as_of(client: httpx.AsyncClient, *, after: str) -> str:
    """The newest month of the service, once it is another one than `after`."""
    async with asyncio.timeout(180):
        while True:
            found = (await client.get("/v1/status", timeout=60)).json()["as_of"] or ""
            if found > after:
                return found
            await asyncio.sleep(0.2)


def again_client(service: Served) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=service.address)


class Lines:
    """What a process said, line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        self._stream = process.stdout
        self._said: list[str] = []

    async def having(self, words: str) -> str:
        async with asyncio.timeout(120):
            async for line in self._stream:
                self._said.append(line.decode().rstrip())
                if words in self._said[-1]:
                    return self._said[-1]
        raise AssertionError(self._said)

    async def all(self) -> list[str]:
        self._said += [line.decode().rstrip() async for line in self._stream]
        return self._said


@asynccontextmanager
async def running_demo(*words: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Lines]]:
    out = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "exchange.cli", "demo", *words,
        stdout=out, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    try:
        yield process, Lines(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
