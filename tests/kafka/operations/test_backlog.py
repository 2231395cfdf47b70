"""A backlog is no stall: a worker with half a core works through it, and no lane is stalled."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from consumers.admission.enrolment import Enrolment, register
from consumers.status.open_alerts import expected_lanes
from consumers.status.reader import looking
from consumers.status.status import ExchangeStatus, status_of
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.log import Partition
from exchange.engine.wall_clock import wall_ms
from exchange.settings import Settings
from exchange.trial.chain_writer import ChainWriter
from exchange.trial.empty_cluster import TrialExchange, Worker, trial_exchange
from exchange.trial.sample import sample_exchange
from exchange.wire.pulse import AlertKind
from exchange.wire.topics import inbox_of

PORTION = 10_000
SLICE_S = 0.05
"""How long the worker runs, and then does not: a quota of half a core."""


async def fill(ground: TrialExchange, agencies: list[ChainWriter], events: int) -> int:
    """Put events into the inboxes while no worker runs; returns how many."""
    producer = await ground.log.producer()
    sent = 0
    for agency in agencies:
        await register(
            ground.log, ground.admin, Enrolment(agency.code, LegalClass.individual, agency.key.public), replication=1
        )
    while sent < events:
        for agency in agencies:
            pairs = [(agency.code.encode(), value) for value in agency.take(PORTION)]
            await producer.send(Partition(inbox_of(agency.code), 0), pairs)
            sent += len(pairs)
    await producer.close()
    return sent


@asynccontextmanager
async def half_a_core(worker: Worker) -> AsyncIterator[None]:
    async def slices() -> None:
        while True:
            for number in (signal.SIGSTOP, signal.SIGCONT):
                worker.send(number)
                await asyncio.sleep(SLICE_S)

    slicing = asyncio.create_task(slices())
    try:
        yield
    finally:
        slicing.cancel()
        worker.send(signal.SIGCONT)


def stalled(status: ExchangeStatus) -> set[str]:
    return {alert.subject for alert in status.alerts if alert.kind is AlertKind.STALLED}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("events", "halved"), [(300_000, True), (1_000_000, False)])
async def test_a_worker_gets_through_a_backlog_without_a_false_stall(
    settings: Settings, tmp_path: Path, *, events: int, halved: bool
) -> None:
    sample = sample_exchange(1, 12, events=3 * events, tally_share=0.0)
    lanes = expected_lanes(settings.partitions, calendar=False)
    async with trial_exchange(settings, tmp_path) as ground:
        sent = await fill(ground, [ChainWriter(agency, 1) for agency in sample.agencies], events)
        worker = await ground.start_worker()
        begun_ms, found = wall_ms(), set[str]()
        async with looking(ground.log, settings.partitions) as looker, asyncio.timeout(900):
            counted = 0
            while counted < sent:
                if halved:
                    async with half_a_core(worker):
                        await asyncio.sleep(4)
                else:
                    await asyncio.sleep(4)
                status = status_of(await looker.look(), wall_ms(), lanes=lanes)
                counted = status.events or 0
                found |= stalled(status)
                assert worker.alive, worker.last_lines()
        print(f"{sent:,} events in {(wall_ms() - begun_ms) / 1000:.0f} s")
        assert found == set()
        assert '"restarts": 1' not in worker.log_file.read_text()
