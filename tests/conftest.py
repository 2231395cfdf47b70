"""Finds a Kafka for the tests that need one, and gives each test names of its own on it.

Where the Kafka comes from: `EXCHANGE_BOOTSTRAP_SERVERS`, else a container when a Docker daemon
answers, else the embedded broker. `EXCHANGE_TEST_KAFKA` (`given`, `container`, `embedded` or
`oldest`, the oldest Kafka that is supported) insists on one of them. Nothing is ever skipped: where
no Kafka can be had, the tests that need one fail. The last lines of a run name the one that was
used.

What needs a Kafka is in `tests/kafka` and is marked `kafka` by itself; what asks for
`bootstrap_servers`, `finds_kafka`.

`make test` runs two processes more than there are processors; `tests/kits/sharing_out.py` decides
what each takes.
"""

import gc
import os
import re
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random

import pytest
import typer.main
import typer.testing
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import settings

from exchange.cli import command_line
from exchange.engine.broker import KAFKA_VERSION, ONE_NODE_SETTINGS, broker_process
from exchange.engine.kafka.clients import client_at
from tests.kits import first_imports, oldest_kafka, sharing_out, sizes
from tests.kits.warm_kit import programs

# Confluent 8.2 is Apache Kafka 4.2; testcontainers' KafkaContainer knows Confluent's images alone.
PUBLIC_IMAGE = "confluentinc/cp-kafka:8.2.0"
DAEMON_WAIT_S = 5
CONTAINER_START_S = 120

FRESH = "FRESH_SEEDS"
_NUMBERS = count()

# No deadline: the laws are not about time. The blob repeats a failure.
settings.register_profile("laws", deadline=None, print_blob=True, max_examples=sizes.BY_DAY)
settings.register_profile("night", settings.get_profile("laws"), max_examples=sizes.BY_NIGHT)
settings.register_profile("fast", settings.get_profile("laws"), max_examples=sizes.IN_A_HURRY)
settings.load_profile("laws")


def pytest_configure() -> None:
    """Share one choice of fresh seeds among all processes of a run.

    Where this process was started with Ctrl-C ignored (in the background, by some CI), its children
    must not be.
    """
    os.environ.setdefault(FRESH, str(secrets.randbelow(2**32)))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    programs.install()
    for module, name in ((typer.main, "get_command"), (typer.testing, "_get_command")):
        setattr(module, name, command_line)  # built once, not for each command


@pytest.fixture(autouse=True)
def _witness_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a test's workers and commands remember of a ledger is not the next test's.

    Nor is it in the home of whoever runs the tests, where a test leaves our settings out.
    """
    folder = tmp_path_factory.getbasetemp() / f"state{next(_NUMBERS)}"
    folder.mkdir()  # `mktemp` lists all folders of earlier tests each time
    monkeypatch.setenv("EXCHANGE_STATE_DIR", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    # a command that runs in this process would set up its logging for all later tests
    monkeypatch.setattr("exchange.logs.set_up_logs", lambda *_: None)


@dataclass(frozen=True, slots=True)
class FoundKafka:
    """A Kafka for the tests, and a sentence for a person about where it came from."""

    bootstrap_servers: str
    origin: str


@contextmanager
def given() -> Iterator[FoundKafka]:
    servers = os.environ.get("EXCHANGE_BOOTSTRAP_SERVERS")
    assert servers, "EXCHANGE_TEST_KAFKA=given needs EXCHANGE_BOOTSTRAP_SERVERS"
    yield FoundKafka(servers, "named by EXCHANGE_BOOTSTRAP_SERVERS")


@contextmanager
def container() -> Iterator[FoundKafka]:
    from testcontainers.community.kafka import KafkaContainer

    image = os.environ.get("EXCHANGE_TEST_KAFKA_IMAGE", PUBLIC_IMAGE)
    kafka = KafkaContainer(image).with_kraft()
    # Some engines allow 1,024 open files, and deleted topics hold theirs for a minute by default.
    for key, value in (*ONE_NODE_SETTINGS.items(), ("log.segment.delete.delay.ms", "1000")):
        kafka.with_env("KAFKA_" + re.sub(r"[.-]", "_", key).upper(), value)
    kafka.start(timeout=CONTAINER_START_S)
    try:
        yield FoundKafka(kafka.get_bootstrap_server(), f"a container of {image}")
    finally:
        kafka.stop()


@contextmanager
def embedded() -> Iterator[FoundKafka]:
    with broker_process() as broker:
        yield FoundKafka(broker.bootstrap_servers, f"the embedded Apache Kafka {KAFKA_VERSION}")


@contextmanager
def oldest() -> Iterator[FoundKafka]:
    with oldest_kafka.oldest_kafka() as broker:
        yield FoundKafka(broker.bootstrap_servers, f"the oldest supported Apache Kafka, {oldest_kafka.VERSION}")


ORIGINS: Mapping[str, Callable[[], AbstractContextManager[FoundKafka]]] = {
    "given": given,
    "container": container,
    "embedded": embedded,
    "oldest": oldest,
}
OWN_TO_EACH_PROCESS = {"embedded", "oldest"}
"""Origins from which each process of a run starts a Kafka of its own."""


def choose_origin() -> str:
    insisted = os.environ.get("EXCHANGE_TEST_KAFKA")
    if insisted is not None:
        return insisted
    if os.environ.get("EXCHANGE_BOOTSTRAP_SERVERS"):
        return "given"
    return "container" if docker_answers() else "embedded"


def docker_answers() -> bool:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=DAEMON_WAIT_S)
    except DockerException:
        return False
    with closing(client):
        try:
            return bool(client.ping())
        except (DockerException, OSError):
            return False


@pytest.fixture(scope="session")
def found_kafka(pytestconfig: pytest.Config) -> Iterator[FoundKafka]:
    """The Kafka of this test run; started at the first test that needs it, and only then."""
    with ORIGINS[choose_origin()]() as found:
        pytestconfig.stash[FOUND] = found
        yield found


@pytest.fixture(scope="session")
def bootstrap_servers(found_kafka: FoundKafka) -> str:
    """Where clients connect."""
    return found_kafka.bootstrap_servers


@pytest.fixture
def namespace() -> str:
    """A prefix for topics, groups and transactional ids that no other test or run uses."""
    return f"t{secrets.token_hex(5)}-"


@pytest.fixture
async def own_topics(bootstrap_servers: str, namespace: str) -> AsyncIterator[str]:
    """The `namespace`; topics whose names begin with it are deleted after the test."""
    yield namespace
    admin = AIOKafkaAdminClient(**client_at(bootstrap_servers).connection())
    await admin.start()
    try:
        ours = [topic for topic in await admin.list_topics() if topic.startswith(namespace)]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()


@pytest.fixture
def fresh_random(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Random:
    """Random numbers that no earlier run had, for slow tests.

    The last lines of a run say how to have them again.
    """
    chosen = os.environ[FRESH]
    record_property("Fresh seeds", f"{FRESH}={chosen} runs the same again")
    return Random(f"{chosen} {request.node.name}")


FOUND = pytest.StashKey[FoundKafka]()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Which tests need a Kafka, and which take long, follows from where they are."""
    finds = "found_kafka" in getattr(item, "fixturenames", ())
    if item.nodeid.startswith(sharing_out.FOLDER):
        item.add_marker("kafka")
        if finds:
            item.add_marker("finds_kafka")
    elif sharing_out.is_long(item.nodeid):
        item.add_marker("long")
    if finds and not item.nodeid.startswith(sharing_out.FOLDER):
        raise pytest.UsageError(f"{item.nodeid} needs a Kafka: it belongs to {sharing_out.FOLDER}")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """All processes collect all tests, and what that makes lasts: look for no garbage in it."""
    gc.disable()
    try:
        first_imports.import_tests(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=sharing_out.turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return sharing_out.processes()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> sharing_out.KafkaFirst:
    scheduler = sharing_out.KafkaFirst(config, log)
    scheduler.one_cluster = choose_origin() not in OWN_TO_EACH_PROCESS
    return scheduler


def pytest_runtest_call(item: pytest.Item) -> None:
    """Note in the report which Kafka was found; another process prints the report."""
    found = item.config.stash.get(FOUND, None)
    if found is not None and item.get_closest_marker("finds_kafka"):
        item.user_properties.append(("Kafka", f"{found.origin}, at {found.bootstrap_servers}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for some in terminalreporter.stats.values() for report in some]
    properties = {pair for report in reports for pair in getattr(report, "user_properties", ())}
    for name, value in sorted(properties):
        terminalreporter.write_line(f"{name}: {value}")
