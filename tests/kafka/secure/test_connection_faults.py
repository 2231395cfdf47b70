"""Each reason why no connection comes about has its own name, found within seconds."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import pytest
from aiokafka.conn import create_conn

from consumers.metrics.subscribe import metrics_log
from exchange.core.exit_status import ExitStatus
from exchange.engine.errors import LogUnavailable
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.connection import faults, look
from exchange.engine.kafka.edge_link import KafkaLink
from exchange.settings import Settings
from tests.kits.command_line import exchange
from tests.kits.edge_kit.desk import PROFILE, need
from tests.kits.secure_kit.broker import NOWHERE, PASSWORD, SecureBroker
from tests.kits.secure_kit.certificates import Authority

NAMED_S_MAX = 6.0
SLACK_S = 20.0
"""For the start of a Python process on a busy machine."""
OPERATOR = "exchange-operator"
Variables = Mapping[str, str]


class Machine:
    """Settings of a client's machine, as environment variables without their prefix."""

    def __init__(self, broker: SecureBroker, folder: Path) -> None:
        self._broker = broker
        self._foreign = Authority.make(folder, "foreign")
        own = broker.authority
        self.good = own.issue("agency-good")
        self.expired = own.issue("agency-expired", expired=True)
        self.foreign = self._foreign.issue("agency-foreign")

    def plain(self, listener: str = "OPEN") -> dict[str, str]:
        return {"BOOTSTRAP_SERVERS": self._broker.at(listener), "SECURITY_PROTOCOL": "PLAINTEXT"}

    def tls(self, listener: str, own: Path | None = None, host: str = "127.0.0.1") -> dict[str, str]:
        made = {
            "BOOTSTRAP_SERVERS": self._broker.at(listener, host),
            "SECURITY_PROTOCOL": "SSL",
            "SSL_CAFILE": str(self._broker.authority.file),
        }
        return made | ({"SSL_CERTFILE": str(own), "SSL_KEYFILE": str(own)} if own else {})

    def signed_in(self, listener: str, user: str = OPERATOR, password: str = PASSWORD) -> dict[str, str]:
        protocol = {"SECURITY_PROTOCOL": "SASL_SSL" if listener == "SECRET" else "SASL_PLAINTEXT"}
        return self.tls(listener) | protocol | {"SASL_USERNAME": user, "SASL_PASSWORD": password}

    def wrong(self) -> dict[type[faults.ConnectionFault], Variables]:
        """Settings that are wrong in one point, and the name of the fault."""
        foreign = {"SSL_CAFILE": str(self._foreign.file)}
        nowhere = {"BOOTSTRAP_SERVERS": "kafka.nowhere.invalid:9092", "SECURITY_PROTOCOL": "SSL"}
        return {
            faults.SignInRefused: self.signed_in("SECRET", password="wrong"),
            faults.MechanismNotOffered: self.signed_in("SECRET") | {"SASL_MECHANISM": "SCRAM-SHA-256"},
            faults.SignInExpected: self.plain("NAMED"),
            faults.SignInNotOffered: self.signed_in("OPEN"),
            faults.TlsExpected: self.plain("MUTUAL"),
            faults.TlsNotOffered: self.tls("OPEN"),
            faults.ServerUntrusted: self.tls("MUTUAL", self.good) | foreign,
            faults.ServerCertificateExpired: self.tls("EXPIRED"),
            faults.ServerNameDiffers: self.tls("MUTUAL", self.good, host="localhost"),
            faults.ClientCertificateMissing: self.tls("MUTUAL"),
            faults.ClientCertificateExpired: self.tls("MUTUAL", self.expired),
            faults.ClientCertificateRefused: self.tls("MUTUAL", self.foreign),
            faults.HostUnknown: self.plain() | nowhere,
            faults.AdvertisedHostUnknown: self.tls("MOVED"),
            faults.AdvertisedInClear: self.plain("BARE"),
        }

    def right(self) -> list[Variables]:
        return [self.plain(), self.tls("MUTUAL", self.good), self.signed_in("SECRET"), self.signed_in("NAMED")]


@pytest.fixture(scope="module")
def machine(secure: SecureBroker, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(secure, tmp_path_factory.mktemp("machine"))


def settings_of(variables: Variables) -> Settings:
    return Settings.model_validate({name.lower(): value for name, value in variables.items()})


EVERY = sorted(
    (
        one
        for one in vars(faults).values()
        if isinstance(one, type) and issubclass(one, faults.ConnectionFault) and one is not faults.ConnectionFault
    ),
    key=lambda one: one.__name__,
)
RARE = {faults.TlsRefused, faults.OwnSecretRefused, faults.BrokerUnproven}
"""The first needs a broker and an OpenSSL without a common version; no kit of ours can be so old.
The others are about an embedded broker, in `tests/kafka/engine/test_broker_lock.py`."""


@pytest.mark.parametrize("fault", [one for one in EVERY if one not in RARE], ids=lambda one: one.__name__)
async def test_each_fault_has_its_own_name_and_its_mend(
    machine: Machine, secure: SecureBroker, fault: type[faults.ConnectionFault]
) -> None:
    settings = settings_of(machine.wrong()[fault])
    client = settings.client("test")
    began = time.monotonic()
    with pytest.raises(faults.ConnectionFault) as raised:
        await look.check_connection(client)
    assert time.monotonic() - began < NAMED_S_MAX
    assert type(raised.value) is fault
    assert str(raised.value).endswith(fault.hint)
    assert PASSWORD not in str(raised.value)
    with pytest.raises(fault):
        async with administer(client):
            pass
    with pytest.raises(fault):
        async with metrics_log(settings):
            pass
    link = KafkaLink(client, "harbor-light")
    with pytest.raises(fault):
        await link.connect()
    await link.close()


async def test_an_unknown_user_is_refused_as_a_wrong_password_is(machine: Machine) -> None:
    """The broker does not tell them apart, on purpose; so the message names both."""
    client = settings_of(machine.signed_in("SECRET", user="nobody")).client("test")
    with pytest.raises(faults.SignInRefused, match=r"nobody or the password.*which of the two"):
        await look.check_connection(client)


async def test_an_advertised_name_is_distinguished_from_the_address_that_is_right(
    machine: Machine, secure: SecureBroker
) -> None:
    with pytest.raises(faults.AdvertisedHostUnknown) as raised:
        await look.check_connection(settings_of(machine.tls("MOVED")).client("test"))
    assert f"{secure.at('MOVED')} answers" in str(raised.value)
    assert NOWHERE in str(raised.value)


async def test_settings_that_fit_pass(machine: Machine) -> None:
    for variables in machine.right():
        await look.check_connection(settings_of(variables).client("test"))


async def test_a_broker_that_is_away_is_no_fault(machine: Machine) -> None:
    for servers in ("127.0.0.1:1", "127.0.0.1:1,kafka.nowhere.invalid:9092"):
        client = settings_of(machine.tls("MUTUAL", machine.good) | {"BOOTSTRAP_SERVERS": servers}).client("test")
        await look.check_connection(client)
        with pytest.raises(LogUnavailable):
            async with administer(client):
                pass


async def test_one_good_broker_of_a_list_is_enough(machine: Machine, secure: SecureBroker) -> None:
    servers = f"kafka.nowhere.invalid:9092,{secure.at('MUTUAL')},127.0.0.1:1"
    variables = machine.tls("MUTUAL", machine.good) | {"BOOTSTRAP_SERVERS": servers}
    await look.check_connection(settings_of(variables).client("test"))


async def test_where_another_listener_without_tls_answers_the_agency_is_not_named_in_clear(
    machine: Machine, secure: SecureBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second look asks without TLS, to tell two causes apart; it says nothing of who asks."""
    asked: list[tuple[str, object]] = []
    real = create_conn

    async def recorded(host: str, port: int, **words: object) -> object:
        asked.append((str(words["security_protocol"]), words["client_id"]))
        return await real(host, port, **words)

    monkeypatch.setattr(look, "create_conn", recorded)
    with pytest.raises(faults.TlsNotOffered):
        await look.check_connection(settings_of(machine.tls("OPEN")).client("edge-harbor-light"))
    assert ("PLAINTEXT", look.NOBODY) in asked
    assert ("PLAINTEXT", "edge-harbor-light") not in asked


ELSEWHERE = {"BOOTSTRAP_SERVERS": "192.0.2.7:9092"}


@pytest.mark.usefixtures("agency")
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_whoever_works_refuses_to_work_in_clear(machine: Machine, protocol: str) -> None:
    """Of every kind of user; at once, so nothing is sent."""
    variables = machine.signed_in("NAMED") | ELSEWHERE | {"SECURITY_PROTOCOL": protocol}
    for words in (*EVERY_COMMAND, ("replay",), ("doctor",)):
        ran = exchange(*words, **prefixed(variables))
        assert ran.returncode == (ExitStatus.ERROR if words == ("doctor",) else ExitStatus.USAGE), ran.stderr
        said = " ".join((ran.stderr + ran.stdout).split())
        assert f"{protocol} to 192.0.2.7:9092 is refused" in said, (words, said)
        assert "192.0.2.7:9092" in said
        assert PASSWORD not in said


@pytest.mark.usefixtures("agency")
def test_the_profile_alone_leads_through_tls_and_sign_in(machine: Machine, secure: SecureBroker) -> None:
    """Nothing in the environment: what `[kafka]` names is used, and a wrong password is named."""
    Path("kafka.password").write_text("wrong\n")
    Path("kafka.password").chmod(0o600)
    lines = f"""
[kafka]
bootstrap_servers = "{secure.at("SECRET")}"
security_protocol = "SASL_SSL"
ssl_cafile = "{secure.authority.file}"
sasl_username = "{OPERATOR}"
sasl_password_file = "kafka.password"
"""
    Path("agency.toml").write_text(PROFILE.partition("[kafka]")[0] + lines)
    wrong = exchange("publish", "facts.jsonl", "--profile", "agency.toml")
    assert wrong.stderr.strip().endswith(faults.SignInRefused.hint), wrong.stderr
    Path("kafka.password").write_text(PASSWORD + "\n")
    right = exchange("publish", "facts.jsonl", "--profile", "agency.toml")
    assert "ClusterAuthorizationFailedError" in right.stderr, "it has signed in, and has no right yet"


# As people meet them

EVERY_COMMAND = (
    ("topics", "check"),
    ("subscribe", "--once"),
    ("publish", "facts.jsonl", "--profile", "agency.toml"),
)
"""A command of an operator, of an evaluator and of an agency."""


@pytest.fixture
def agency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of an agency, which the commands run in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agency.toml").write_text(PROFILE.partition("[kafka]")[0])
    (tmp_path / "facts.jsonl").write_text(json.dumps(need("1")))
    assert exchange("edge", "init", "--key-file", "--profile", "agency.toml").returncode == 0


@pytest.mark.usefixtures("agency")
def test_a_command_ends_within_seconds_with_the_name_of_the_fault(machine: Machine) -> None:
    cases = list(zip(cycle(EVERY_COMMAND), machine.wrong().items(), strict=False))
    cases += [(words, (faults.SignInRefused, machine.signed_in("SECRET", password="wrong"))) for words in EVERY_COMMAND]
    for words, (fault, variables) in cases:
        began = time.monotonic()
        ran = exchange(*words, **prefixed(variables))
        assert time.monotonic() - began < NAMED_S_MAX
        assert ran.returncode == ExitStatus.ERROR, (words, fault, ran.stderr)
        assert ran.stderr.strip().endswith(fault.hint), (words, fault, ran.stderr)
        assert PASSWORD not in ran.stderr


@pytest.mark.parametrize(
    "fault",
    [
        faults.AdvertisedHostUnknown,
        pytest.param(faults.SignInRefused, marks=pytest.mark.slow),
        pytest.param(faults.ClientCertificateRefused, marks=pytest.mark.slow),
    ],
)
def test_a_worker_ends_within_seconds_with_the_name_of_the_fault(
    machine: Machine, fault: type[faults.ConnectionFault]
) -> None:
    """As a process: its watchdog would end this one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    path = os.pathsep.join(one for one in sys.path if one)
    ran = subprocess.run(
        [sys.executable, "-m", "exchange.cli", "worker"],
        env=kept | prefixed(machine.wrong()[fault]) | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=NAMED_S_MAX + SLACK_S,
        check=False,
    )
    assert ran.returncode == ExitStatus.ERROR
    assert ran.stderr.strip().endswith(fault.hint)


def test_what_is_missing_or_impossible_is_a_mistake_of_usage() -> None:
    """Without a broker: nothing is asked."""
    secret = {"BOOTSTRAP_SERVERS": "127.0.0.1:1", "SECURITY_PROTOCOL": "SASL_PLAINTEXT"}
    cases = {
        "EXCHANGE_SASL_USERNAME and EXCHANGE_SASL_PASSWORD": secret,
        "needs EXCHANGE_SASL_PASSWORD": secret | {"SASL_USERNAME": "exchange-operator"},
        "needs EXCHANGE_SASL_USERNAME": secret | {"SASL_PASSWORD": PASSWORD},
        "a port is at most 65,535": {"BOOTSTRAP_SERVERS": "127.0.0.1:99999"},
    }
    for words, variables in cases.items():
        ran = exchange("topics", "check", **prefixed(variables))
        assert ran.returncode == ExitStatus.USAGE, ran.stderr
        assert words in ran.stderr


def prefixed(variables: Variables) -> dict[str, str]:
    return {f"EXCHANGE_{name}": value for name, value in variables.items()}
