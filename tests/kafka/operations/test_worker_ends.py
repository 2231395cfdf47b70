"""A real worker that must end, ends: its brokers frozen or gone, its lanes failed, asked or not.

Each worker is a process. Without the thread of its watchdog, one whose broker is frozen lives on,
and one whose broker is gone mostly does.
"""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from consumers.worker.watchdog import WatchdogLimits
from exchange.core.exit_status import ExitStatus
from exchange.engine.lanes.lane import LaneLimits
from exchange.engine.lanes.ownership import OwnershipLimits
from exchange.settings import Settings
from exchange.trial.empty_cluster import WORKER, TrialExchange, Worker, trial_exchange

START_S_MAX = 180.0
SLACK_S = 10.0
"""Of the machine, beside the limits that are promised."""
END_S_MAX = WatchdogLimits().end_s_max
NOTICED_S_MAX = max(LaneLimits().stall_after_s, OwnershipLimits().lost_after_s)
"""Until lanes without a broker fail."""
LOG_BYTES_MAX = 100_000
UNWATCHED = (
    "-c",
    """
import sys
from consumers.worker.watchdog import Watchdog
Watchdog._look = lambda _: None
sys.argv[1:] = ["worker"]
from exchange.cli import main
main()
""",
)
"""A worker whose watchdog never looks."""
NOWHERE = Settings(bootstrap_servers="")

pytestmark = pytest.mark.timeout(540)


async def started(ground: TrialExchange, *programs: Sequence[str]) -> list[Worker]:
    """Worker processes that have started."""
    for program in programs:
        ground.started += 1
        log_file = ground.folder / f"worker-{ground.started}.log"
        ground.workers.append(await Worker.start(ground.settings, log_file, program))
    async with asyncio.timeout(START_S_MAX):
        for worker in ground.workers:
            while "worker started" not in worker.log_file.read_text():
                assert worker.alive, worker.last_lines()
                await asyncio.sleep(0.05)
    return ground.workers


async def status_of(worker: Worker, within_s: float) -> int | None:
    try:
        async with asyncio.timeout(within_s + SLACK_S):
            return await worker.process.wait()
    except TimeoutError:
        raise AssertionError(worker.last_lines()) from None


def last_line(worker: Worker) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(worker.last_lines(1))
    return found


async def test_a_worker_ends_when_asked_though_its_broker_is_frozen(tmp_path: Path) -> None:
    async with trial_exchange(NOWHERE, tmp_path) as ground:
        assert ground.broker is not None
        worker, hangs = await started(ground, WORKER, UNWATCHED)
        os.kill(ground.broker.pid, signal.SIGSTOP)
        try:
            for one in (worker, hangs):
                one.send(signal.SIGINT)
            assert await status_of(worker, END_S_MAX) == ExitStatus.HUNG
            line = last_line(worker)
            assert (line["reason"], line["part"]) == ("SIGINT", "stop of Faust and the lanes")
            assert line["tasks"]
            assert hangs.alive
            hangs.send(signal.SIGINT)
            assert await status_of(hangs, 0) == ExitStatus.INTERRUPTED
        finally:
            os.kill(ground.broker.pid, signal.SIGCONT)


@pytest.mark.slow
async def test_a_worker_ends_by_itself_when_its_broker_is_gone_and_its_log_stays_small(tmp_path: Path) -> None:
    async with trial_exchange(NOWHERE, tmp_path) as ground:
        assert ground.broker is not None
        asked, unasked = await started(ground, WORKER, WORKER)
        await ground.broker.halt(kill=True)
        asked.send(signal.SIGTERM)
        # An error, where a lane failed before the signal was heard.
        assert await status_of(asked, END_S_MAX) in (ExitStatus.DONE, ExitStatus.HUNG, ExitStatus.ERROR)
        status = await status_of(unasked, NOTICED_S_MAX + END_S_MAX)
        assert status in (ExitStatus.ERROR, ExitStatus.HUNG)
        if status == ExitStatus.HUNG:
            assert last_line(unasked)["reason"]
        else:  # what failed first decides: a lane, the group or the pulse
            assert "\nexchange: " in unasked.last_lines(), unasked.last_lines()
        assert all(worker.log_file.stat().st_size < LOG_BYTES_MAX for worker in (asked, unasked))
