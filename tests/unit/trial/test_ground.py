"""A trial's workers leave nothing outside of the trial's folder, however they end."""

from pathlib import Path

import psutil
import pytest

from exchange.settings import Settings
from exchange.trial.empty_cluster import Worker
from tests.kits.warm_kit.programs import COLD


async def test_a_workers_temporary_files_are_in_the_folder_that_the_trial_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COLD, "cold")  # the kernel shows the variables with which a process was started
    worker = await Worker.start(Settings(bootstrap_servers="127.0.0.1:1"), tmp_path / "worker-1.log")
    try:
        given: dict[str, str] = {}
        while not given:  # the kernel shows none while the program is being loaded
            given = psutil.Process(worker.process.pid).environ()
    finally:
        await worker.kill()
    assert given["TMPDIR"] == str(tmp_path)
    assert given["EXCHANGE_BOOTSTRAP_SERVERS"] == "127.0.0.1:1"
    assert not worker.alive
