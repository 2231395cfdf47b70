"""Three brokers of the compose file run the demo: encrypted, with passwords and printed rights.

The worker has the worker's rights and no others. The demo itself acts for everybody else, so it
has the admin's certificate.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exchange.engine.errors import EngineError
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.clients import ClientSettings
from exchange.engine.kafka.rights import rights
from exchange.settings import Settings
from exchange.trial.demo.demo import Demo
from exchange.trial.empty_cluster import TrialExchange, Worker, environment, trial_exchange
from exchange.trial.sample import SampledQuarters, sample_exchange
from tests.kits.cluster_kit.kafka_admin import give_passwords, give_rights, kafka_admin
from tests.kits.cluster_kit.three_brokers import ThreeBrokers, three_brokers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
async def brokers(tmp_path: Path) -> AsyncIterator[ThreeBrokers]:
    with three_brokers(tmp_path) as running:
        async with kafka_admin(running.of_admin().client("test")) as admin:
            await give_passwords(admin, (running.secrets / "users").iterdir())
            await give_rights(admin, rights(group=Settings().group))
        yield running


@dataclass(slots=True)
class WithTheWorkersRights(TrialExchange):
    """A trial whose workers are users of their own."""

    of_worker: Settings = field(default_factory=Settings)

    async def start_worker(self) -> Worker:
        worker = await Worker.start(self.of_worker, self.folder / "worker.log")
        self.workers.append(worker)
        return worker


async def test_three_brokers_of_the_compose_file_run_the_demo(
    brokers: ThreeBrokers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"partitions": 4, "replication": 3, "calendar": "off"}
    settings = brokers.of_admin().model_copy(update=own)
    for name, value in environment(settings).items():  # as the edges read them
        monkeypatch.setenv(f"EXCHANGE_{name.upper()}", value)
    of_worker = brokers.of_user("exchange-worker").model_copy(update=own)
    async with trial_exchange(settings, tmp_path) as trial:
        ground = WithTheWorkersRights(settings, trial.log, trial.admin, None, tmp_path, trial.workers, 0, of_worker)
        sample = sample_exchange(5, 8, events=6_000, span=SampledQuarters(quarters=2))
        result = await Demo(ground, sample, show=lambda _: None, say=print).run()
    assert result.true, f"{result.differing} of {result.cells} cells differ"
    assert result.replay.matched
    assert result.look.events == result.look.delivered == result.replay.events


async def test_nobody_enters_without_a_password_and_without_a_right_nobody_reads(brokers: ThreeBrokers) -> None:
    stranger = brokers.of_user("exchange-worker").model_copy(update={"sasl_username": "exchange-operator"})
    plain = ClientSettings(brokers.servers(9092))
    for settings in (stranger.client("test"), plain):
        with pytest.raises(EngineError):
            async with administer(settings):
                pass
    async with administer(brokers.of_user("exchange-evaluators").client("test")) as admin:
        assert await admin.partitions() == {}
