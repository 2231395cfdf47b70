"""The printed rights are complete and no more: each role does its whole job with its own alone.

The rights are given to a real broker with an authorizer by the printed lines, and then asked back.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import NoError
from aiokafka.protocol.transaction import InitProducerIdRequest

from exchange.core.exit_status import ExitStatus
from exchange.engine.broker.server import HOST
from exchange.engine.kafka.clients import ClientSettings
from exchange.engine.kafka.connection.granted import BITS, Description, may_join, may_use
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import exchange_topics
from exchange.engine.kafka.rights import PRINCIPALS, WATCH_GROUP, Operation, Resource, Right, acl_lines, rights
from exchange.engine.log import Partition
from exchange.wire.topics import EPOCHS, TRANSACTIONAL_LANES, LaneName, Party
from tests.kafka.secure.conftest import AGENCY, USERS
from tests.kits.command_line import CommandResult, exchange
from tests.kits.edge_kit.desk import PROFILE, need
from tests.kits.secure_kit.acls import give, take
from tests.kits.secure_kit.broker import PASSWORD, SecureBroker
from tests.kits.serve_process import read_as_of, served

GROUP = "exchange-workers"
OPERATOR, WORKER = PRINCIPALS[Party.OPERATOR], PRINCIPALS[Party.WORKERS]
AUDITOR, EVALUATOR = PRINCIPALS[Party.AUDIT], PRINCIPALS[Party.EVALUATORS]
GRANTED = rights([AGENCY], group=GROUP)
TOPICS = [spec.name for spec in exchange_topics(partitions=4, replication=1, agencies=[AGENCY, "other-door"])]
IMPLIED = {
    Operation.READ: {Operation.DESCRIBE},
    Operation.WRITE: {Operation.DESCRIBE},
    Operation.ALTER_CONFIGS: {Operation.DESCRIBE_CONFIGS},
}
"""What Kafka allows beside, by itself."""
START_S_MAX = 60.0
NAMED_S_MAX = 26.0
"""Six seconds, and the start of a process on a busy machine."""
pytestmark = pytest.mark.timeout(300)


def variables(broker: SecureBroker, user: str) -> dict[str, str]:
    return {
        "EXCHANGE_BOOTSTRAP_SERVERS": broker.at("NAMED"),
        "EXCHANGE_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "EXCHANGE_SASL_USERNAME": user,
        "EXCHANGE_SASL_PASSWORD": PASSWORD,
        "EXCHANGE_PARTITIONS": "4",
        "EXCHANGE_REPLICATION": "1",
        "EXCHANGE_CALENDAR": "off",
    }


@pytest.fixture(scope="module")
def granted(secure: SecureBroker) -> SecureBroker:
    """The broker with the printed rights."""
    asyncio.run(give(secure.at("OPEN"), acl_lines(GRANTED)))
    return secure


@contextmanager
def worker(broker: SecureBroker, log_file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    path = os.pathsep.join(one for one in sys.path if one)
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "exchange.cli", "worker"],
            env=kept | variables(broker, WORKER) | {"PYTHONPATH": path},
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def done(ran: CommandResult) -> CommandResult:
    assert ran.returncode == ExitStatus.DONE, ran.stderr
    return ran


def test_every_role_does_its_whole_job(granted: SecureBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_operator, as_agency = variables(granted, OPERATOR), variables(granted, f"agency-{AGENCY}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agency.toml").write_text(PROFILE.partition("[kafka]")[0])
    (tmp_path / "facts.jsonl").write_text(json.dumps(need("1")))
    key = json.loads(done(exchange("edge", "init", "--key-file", "--json", "--profile", "agency.toml")).stdout)

    done(exchange("topics", "apply", **as_operator))
    done(exchange("topics", "check", **as_operator))
    words = ("--legal-class", "individual", "--public-key", key["public_key"])
    done(exchange("agencies", "add", AGENCY, *words, **as_operator))
    with worker(granted, tmp_path / "worker.log") as working:
        published = exchange("publish", "facts.jsonl", "--profile", "agency.toml", "--json", **as_agency)
        assert json.loads(done(published).stdout)["delivered"] > 0, (tmp_path / "worker.log").read_text()
        assert "is closed. Tables published" in done(exchange("release", "close", "2026-10", **as_operator)).stdout
        assert json.loads(done(exchange("release", "list", "--json", **as_operator)).stdout)["epochs"][0]["public"] > 0
        assert "cannot be read" not in done(exchange("budget", **as_operator)).stderr
        assert AGENCY in done(exchange("agencies", "list", **as_operator)).stdout
        assert json.loads(done(exchange("status", "--json", **as_operator)).stdout)["running"] is True
        done(exchange("alerts", **as_operator))
        done(exchange("agencies", "add", "new-door", *words, "--follows", AGENCY, "--from", "2027", **as_operator))
        assert done(exchange("agencies", "refill", AGENCY, **as_operator)).stdout.startswith("0 events written")
        until = time.monotonic() + START_S_MAX
        while "No matching point" in points_of(granted):
            assert time.monotonic() < until, (tmp_path / "worker.log").read_text()
        assert asyncio.run(figures_served(granted)) > 0
        done(exchange("replay", **variables(granted, AUDITOR)))
        done(exchange("archive", "copy", **as_operator))
        assert working.poll() is None


def points_of(broker: SecureBroker) -> str:
    ran = done(exchange("subscribe", "--once", "--all", **variables(broker, EVALUATOR)))
    return ran.stdout + ran.stderr


async def figures_served(broker: SecureBroker) -> int:
    """How many figures an evaluator's service shows of the month."""
    async with served(variables(broker, EVALUATOR)) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        return int((await read_as_of(client, "2026-10"))["figures"])


# Nothing else


def bits(held: set[Operation]) -> int:
    whole = held.union(*(IMPLIED.get(one, set()) for one in held))
    return sum(BITS[one] for one in whole)


def of_the_table(user: str, topic: str) -> int:
    return bits(
        {
            right.operation
            for right in GRANTED
            if right.principal == user
            and right.resource is Resource.TOPIC
            and (topic.startswith(right.name) if right.prefixed else topic == right.name)
        }
    )


async def connected(broker: SecureBroker, user: str) -> AIOKafkaConnection:
    return await create_conn(
        HOST,
        broker.ports["NAMED"],
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=user,
        sasl_plain_password=PASSWORD,
    )


@pytest.mark.parametrize("user", USERS)
async def test_the_matrix_that_is_found_equals_the_table(granted: SecureBroker, user: str) -> None:
    connection = await connected(granted, user)
    try:
        answer = await connection.send(Description(TOPICS, cluster=True))
        found = {topic: max(may, 0) for _, topic, _, _, may in answer.topics}
        assert found == {topic: of_the_table(user, topic) for topic in TOPICS}
        assert max(answer.cluster_operations, 0) == 0
        mine = user == WORKER
        assert {group: await may_join(connection, group) for group in (GROUP, WATCH_GROUP, "others")} == {
            GROUP: mine,
            WATCH_GROUP: mine,
            "others": False,
        }
        ids = [*(lane.at(99) for lane in LaneName), "others-0"]
        used = {name: (await may_use(connection, name), await writes_as(connection, name)) for name in ids}
        assert used == {name: (mine and name.partition("-")[0] in TRANSACTIONAL_LANES,) * 2 for name in ids}
    finally:
        connection.close()


async def writes_as(connection: AIOKafkaConnection, transactional_id: str) -> bool:
    answer = await connection.send(InitProducerIdRequest(transactional_id, 1000))
    return bool(answer.error_code == NoError.errno)


# A right that is lacking is named


@contextmanager
def without(broker: SecureBroker, *lacking: Right) -> Iterator[None]:
    lines = list(acl_lines(lacking))
    asyncio.run(take(broker.at("OPEN"), lines))
    try:
        yield
    finally:
        asyncio.run(give(broker.at("OPEN"), lines))


def right(user: str, operation: Operation, resource: Resource, name: str) -> Right:
    [found] = [
        one
        for one in GRANTED
        if (one.principal, one.operation, one.resource, one.name) == (user, operation, resource, name)
    ]
    return found


@pytest.mark.parametrize(
    ("operation", "resource", "name"),
    [
        (Operation.READ, Resource.GROUP, WATCH_GROUP),
        (Operation.WRITE, Resource.TOPIC, "quarantine"),
        pytest.param(Operation.READ, Resource.GROUP, GROUP, marks=pytest.mark.slow),
        pytest.param(Operation.READ, Resource.TOPIC, "epochs", marks=pytest.mark.slow),
    ],
)
def test_a_worker_names_the_right_that_it_lacks(
    granted: SecureBroker, tmp_path: Path, operation: Operation, resource: Resource, name: str
) -> None:
    done(exchange("topics", "apply", **variables(granted, OPERATOR)))
    with without(granted, right(WORKER, operation, resource, name)), worker(granted, tmp_path / "log") as working:
        assert working.wait(NAMED_S_MAX) == ExitStatus.ERROR
        log = (tmp_path / "log").read_text()
        assert f"{WORKER} lacks these rights: {operation} {resource} {name}" in log
        assert "exchange topics rights" in log


def lacking(broker: SecureBroker, lacks: Right, *words: str, user: str) -> CommandResult:
    began = time.monotonic()
    with without(broker, lacks):
        ran = exchange(*words, **variables(broker, user))
    assert time.monotonic() - began < NAMED_S_MAX
    return ran


def test_commands_name_the_topic_that_they_have_no_right_to(granted: SecureBroker) -> None:
    done(exchange("topics", "apply", **variables(granted, OPERATOR)))
    read = Operation.READ, Resource.TOPIC
    cases: Mapping[tuple[str, ...], tuple[str, str]] = {
        ("subscribe", "--once"): (EVALUATOR, "metrics"),
        ("serve", "--port", "0"): (EVALUATOR, "releases"),
        ("replay",): (AUDITOR, "events"),
    }
    for words, (user, topic) in cases.items():
        ran = lacking(granted, right(user, *read, topic), *words, user=user)
        assert ran.returncode == ExitStatus.ERROR
        assert f"The Kafka user {user} has no right to the topic {topic}." in ran.stderr, ran.stderr
        assert "topics apply" not in ran.stderr


def test_a_stranger_reads_about_rights_and_not_about_missing_topics(granted: SecureBroker) -> None:
    done(exchange("topics", "apply", **variables(granted, OPERATOR)))
    for words in (("topics", "check"), ("subscribe", "--once"), ("replay",), ("release", "list")):
        ran = exchange(*words, **variables(granted, "stranger"))
        assert ran.returncode == ExitStatus.ERROR
        assert "The Kafka user stranger has no right to the topic" in ran.stderr, ran.stderr


def test_the_doctor_calls_what_it_may_not_see_not_known_and_never_ok(granted: SecureBroker) -> None:
    done(exchange("topics", "apply", **variables(granted, OPERATOR)))

    def states(user: str) -> dict[str, str]:
        ran = exchange("doctor", "--json", **variables(granted, user))
        return {one["check"]: one["state"] for one in json.loads(ran.stdout)}

    fit = states(OPERATOR)
    assert {fit[check] for check in ("brokers", "broker settings", "topics", "replicas", "state", "rights")} == {"ok"}
    strange = states("stranger")
    unseen = ("broker settings", "topics", "replicas", "state", "clock")
    assert {strange[check] for check in unseen} == {"not known"}
    assert strange["rights"] == "warning"
    assert strange["brokers"] == strange["Kafka's version"] == "ok"
    settings = [one for one in GRANTED if one.resource is Resource.CLUSTER]
    with without(granted, *settings):
        assert states(OPERATOR)["broker settings"] == "not known"


def test_nothing_is_asked_for_by_an_operator_who_could_not_see_the_outcome(granted: SecureBroker) -> None:
    """The command would be carried out and paid, and then reported as failed."""
    done(exchange("topics", "apply", **variables(granted, OPERATOR)))
    before = asyncio.run(end_of_commands(granted))
    describes = [one for one in GRANTED if (one.principal, one.name) == (OPERATOR, "releases")]
    with without(granted, *describes):
        ran = exchange("release", "close", "2030-01", **variables(granted, OPERATOR))
    assert ran.returncode == ExitStatus.ERROR
    assert "releases" in ran.stderr
    assert "exchange topics rights" in ran.stderr
    assert asyncio.run(end_of_commands(granted)) == before


async def end_of_commands(broker: SecureBroker) -> int:
    log = KafkaLog(ClientSettings(broker.at("OPEN")))
    reader = await log.reader()
    try:
        return (await reader.end_offsets([Partition(EPOCHS, 0)]))[Partition(EPOCHS, 0)]
    finally:
        await reader.close()
        await log.close()
