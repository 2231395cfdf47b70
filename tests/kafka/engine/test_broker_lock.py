"""The lock of the embedded broker: who lacks its secret can do nothing at it, whoever it is."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from exchange.engine import own_brokers
from exchange.engine.broker import BrokerDataUnusable, BrokerProcess, broker_process
from exchange.engine.broker.directory import living_holder
from exchange.engine.broker.server import HOST, LOG_FILE
from exchange.engine.errors import BrokerMoved
from exchange.engine.kafka.admin import TopicSpec, administer
from exchange.engine.kafka.clients import ClientSettings, client_at
from exchange.engine.kafka.connection import faults
from exchange.engine.kafka.connection.look import check_connection
from tests.kits.lock_kit.false_broker import AUTHENTICATE, false_broker
from tests.kits.lock_kit.intruder import DONE, REQUESTS

NOBODY = 65_534
OWN = -1
ACCOUNTS = [OWN, NOBODY] if os.geteuid() == 0 else [OWN]
"""Only root may become another account. Who is not root tries without the secret as itself."""
TRIES = 2 * (len(REQUESTS) + 6)
REFUSED = {"KafkaConnectionError", "SaslAuthenticationFailed", "IncompatibleBrokerVersion"}
"""The last: the controller does not even offer such a request."""
TOPIC = "restricted"


class Seen:
    """Every command line and environment of this machine, looked at again and again in a thread."""

    def __init__(self) -> None:
        self.lines: set[bytes] = set()
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._enough.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        self.lines.add((process / name).read_bytes())
                    except OSError:
                        continue

    def holds(self, words: str) -> bool:
        return any(words.encode() in line for line in self.lines)


@pytest.fixture(scope="module")
def started() -> Iterator[tuple[BrokerProcess, Seen]]:
    with Seen() as seen, broker_process() as broker:
        asyncio.run(make_topic(broker.bootstrap_servers))
        yield broker, seen


@pytest.fixture(scope="module")
def broker(started: tuple[BrokerProcess, Seen]) -> BrokerProcess:
    return started[0]


async def make_topic(address: str) -> None:
    async with administer(client_at(address)) as admin:
        await admin.create([TopicSpec(TOPIC, 1)])


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: "own" if account == OWN else "another")
def test_who_lacks_the_secret_can_neither_list_nor_read_nor_write(broker: BrokerProcess, account: int) -> None:
    holder = living_holder(broker.data_dir)
    assert holder is not None
    ports = [str(holder.client_port), str(holder.controller_port)]
    words = [str(account), TOPIC, str(broker.data_dir), str(own_brokers.links()), *ports]
    program = [sys.executable, "-m", "tests.kits.lock_kit.intruder", *words]
    ran = subprocess.run(program, capture_output=True, text=True, check=True, timeout=300)
    outcomes = dict(line.rsplit(" ", 1) for line in ran.stdout.splitlines())
    assert int(outcomes.pop("account")) == (os.geteuid() if account == OWN else account)
    at_ports = {name: outcome for name, outcome in outcomes.items() if name.endswith(tuple(ports))}
    knowing = {name: outcome for name, outcome in at_ports.items() if "knowing" in name}
    assert len(at_ports) - len(knowing) == TRIES
    assert {name for name, outcome in at_ports.items() if outcome not in REFUSED} - set(knowing) == set()
    if account == OWN:  # the program can do all of this, if it has the secret
        assert [outcome for name, outcome in knowing.items() if name.endswith(ports[0])] == [DONE] * 3
    else:
        of_files = {outcome for name, outcome in outcomes.items() if name not in at_ports}
        assert (of_files, knowing) == ({"PermissionError"}, {})
    topics = asyncio.run(listed(broker.bootstrap_servers))
    assert topics == {TOPIC: 1}


async def listed(address: str) -> dict[str, int]:
    async with administer(client_at(address)) as admin:
        return await admin.partitions()


def test_no_command_line_and_no_environment_ever_holds_the_secret(started: tuple[BrokerProcess, Seen]) -> None:
    broker, seen = started
    assert seen.holds("kafka.Kafka")
    assert not seen.holds(own_brokers.secret_in(broker.data_dir))


def test_every_file_is_for_its_owner_alone_and_the_log_holds_no_key(broker: BrokerProcess) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [broker.data_dir, *broker.data_dir.rglob("*")]}
    assert {path for path, mode in modes.items() if mode & 0o077} == set()
    log = (broker.data_dir / LOG_FILE).read_text()
    assert own_brokers.secret_in(broker.data_dir) not in log
    assert "storedKey" not in log


async def test_a_client_without_the_secret_learns_whose_kafka_it_is(broker: BrokerProcess) -> None:
    with pytest.raises(faults.SignInExpected, match="only the account that started it"):
        await check_connection(ClientSettings(broker.bootstrap_servers))


async def test_a_secret_that_the_broker_does_not_know_is_named(broker: BrokerProcess, tmp_path: Path) -> None:
    own_brokers.new_secret(tmp_path)
    port = int(broker.bootstrap_servers.rpartition(":")[2])
    own_brokers.link_port(port, tmp_path)
    try:
        with pytest.raises(faults.OwnSecretRefused, match="exchange up"):
            await check_connection(client_at(broker.bootstrap_servers))
    finally:
        own_brokers.link_port(port, broker.data_dir)
    await check_connection(client_at(broker.bootstrap_servers))


async def test_a_program_that_took_the_port_gets_nothing(tmp_path: Path) -> None:
    secret = own_brokers.new_secret(tmp_path)
    async with false_broker() as (port, false):
        own_brokers.link_port(port, tmp_path)
        with pytest.raises(faults.BrokerUnproven, match="does not know the password"):
            await check_connection(client_at(f"{HOST}:{port}"))
        assert false.kinds[-1] == AUTHENTICATE
        assert secret.encode() not in false.heard
    own_brokers.unlink_port(port, tmp_path)


def test_a_port_that_was_taken_is_left_and_data_without_their_secret_are_refused(tmp_path: Path) -> None:
    with broker_process(tmp_path / "data") as broker:
        before = broker.bootstrap_servers
    with socket.create_server((HOST, int(before.rpartition(":")[2]))), broker_process(tmp_path / "data") as broker:
        assert broker.bootstrap_servers != before
        with pytest.raises(BrokerMoved, match=broker.bootstrap_servers):
            client_at(before)
        asyncio.run(make_topic(broker.bootstrap_servers))
    (tmp_path / "data" / own_brokers.SECRET_FILE).unlink()  # as those of an earlier version
    with (
        pytest.raises(BrokerDataUnusable, match="cannot be read"),
        broker_process(tmp_path / "data"),
    ):
        pass
