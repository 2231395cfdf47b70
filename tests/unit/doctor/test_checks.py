"""Each check of `exchange doctor`: what it finds, and that what is not known is never ok."""

import shutil
from collections import namedtuple
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from consumers.doctor import machine_checks
from consumers.doctor.cluster_checks import brokers_found, holes_found, replicas_found, version_found
from consumers.doctor.examine import OF_BROKERS, OF_EXCHANGE, connected, unreached
from consumers.doctor.machine_checks import disk_found, libraries_found, python_found, review_found
from consumers.doctor.settings_checks import settings_found
from exchange.cli.shared.findings_table import print_findings
from exchange.core.findings import CheckResult, State, is_fit, listed, ok
from exchange.engine.broker.server import ONE_NODE_SETTINGS
from exchange.engine.encryption import PlaintextRefused
from exchange.engine.kafka.cluster.brokers import BrokerState, Replicas
from exchange.engine.kafka.cluster.holes import KAFKA, Harm
from exchange.engine.kafka.cluster.versions import of_level
from exchange.kafka_address import NoKafka
from exchange.settings import Settings

GOOD = {
    **ONE_NODE_SETTINGS,
    "unclean.leader.election.enable": "false",
    "group.min.session.timeout.ms": "6000",
    "transaction.partition.verification.enable": "true",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
}
ONE = BrokerState(1, "kafka-1.example.org:9092", True, of_level(33), GOOD)
THREE = [ONE, replace(ONE, node=2), replace(ONE, node=3)]


def states(found: Iterable[CheckResult]) -> list[tuple[str, State]]:
    return [(finding.check, finding.state) for finding in found]


def test_a_good_cluster_is_ok() -> None:
    found = [brokers_found(THREE, 3), version_found(THREE), *holes_found(THREE), *settings_found(THREE, 3)]
    assert [finding.state for finding in found] == [State.OK] * 4


def test_a_broker_that_does_not_answer_and_too_few_brokers_are_faults() -> None:
    away = replace(ONE, node=3, answers=False)
    found = brokers_found([*THREE[:2], away], 3)
    assert (found.state, found.found) == (State.FAULT, "of 3, no answer from 3 at kafka-1.example.org:9092")
    assert "EXCHANGE_REPLICATION" in brokers_found(THREE[:2], 3).do


@pytest.mark.parametrize(
    ("levels", "state", "said"),
    [
        ([33, 33], State.OK, "4.4.x"),
        ([33, 29], State.WARNING, "4.2.x, 4.4.x"),
        ([33, 21], State.FAULT, "before 4.0"),
        ([34], State.OK, "4.5 or newer"),
        ([None], State.NOT_KNOWN, "no broker names"),
    ],
)
def test_the_release_of_the_oldest_broker_counts(levels: list[int | None], state: State, said: str) -> None:
    brokers = [replace(ONE, version=None if level is None else of_level(level)) for level in levels]
    found = version_found(brokers)
    assert found.state is state
    assert said in found.found


def test_a_known_hole_is_named_with_its_meaning_and_the_release_that_closes_it() -> None:
    found = {finding.check: finding for finding in holes_found([replace(ONE, version=of_level(29))])}
    assert set(found) == {"CVE-2026-111115", "CVE-2026-111108", "CVE-2026-111073", "CVE-2026-83525"}
    one = found["CVE-2026-111115"]
    assert one.state is State.WARNING
    assert "may be open" in one.found
    assert "without signing in" in one.found
    assert "4.2.2" in one.do
    assert "kafka-topics.sh --version" in one.do


def test_a_hole_that_lets_somebody_in_is_a_fault_where_it_is_surely_there() -> None:
    surely = [finding for finding in holes_found([replace(ONE, version=of_level(27))]) if "open: " in finding.found]
    assert ("CVE-2026-111115", State.WARNING) in states(surely)  # it stops brokers
    opens = [replace(hole, harm=Harm.OPENS) for hole in KAFKA if hole.name == "CVE-2026-111115"]
    assert states(holes_found([replace(ONE, version=of_level(27))], opens)) == [("CVE-2026-111115", State.FAULT)]


def test_without_a_release_no_hole_is_called_closed() -> None:
    assert states(holes_found([replace(ONE, version=None)])) == [("known holes", State.NOT_KNOWN)]


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("auto.create.topics.enable", "true", State.FAULT),
        ("unclean.leader.election.enable", "true", State.FAULT),
        ("transaction.max.timeout.ms", "9000", State.FAULT),
        ("transaction.max.timeout.ms", "900000", State.WARNING),
        ("group.min.session.timeout.ms", "10000", State.FAULT),
        ("transaction.partition.verification.enable", "false", State.FAULT),
        ("authorizer.class.name", "", State.FAULT),
        ("transaction.state.log.min.isr", "1", State.WARNING),
        ("offsets.topic.replication.factor", "1", State.WARNING),
        ("transaction.max.timeout.ms", None, State.NOT_KNOWN),
    ],
)
def test_each_setting_that_does_not_fit_is_named(name: str, value: str | None, state: State) -> None:
    wrong = replace(ONE, node=2, settings={**GOOD, name: value})
    found = list(settings_found([ONE, wrong], 3))
    assert (name, state) in states(found)
    assert all(finding.do for finding in found)


def test_settings_that_may_not_be_read_are_not_known() -> None:
    hidden = replace(ONE, node=2, settings=None)
    assert states(settings_found([ONE, hidden], 3)) == [("broker settings", State.NOT_KNOWN)]
    assert states(settings_found([], 3)) == [("broker settings", State.NOT_KNOWN)]


def test_a_kafka_on_this_machine_alone_needs_no_authorizer() -> None:
    local = replace(ONE, address="127.0.0.1:9092", settings={**GOOD, "authorizer.class.name": ""})
    assert states(settings_found([local], 1)) == [("broker settings", State.OK)]


@pytest.mark.parametrize(
    ("replicas", "state"),
    [
        ({"events": Replicas(3, 0)}, State.OK),
        ({"events": Replicas(3, 0), "draws": Replicas(1, 0)}, State.WARNING),
        ({"events": Replicas(3, 2)}, State.WARNING),
        ({}, State.NOT_KNOWN),
    ],
)
def test_replicas(replicas: dict[str, Replicas], state: State) -> None:
    assert replicas_found(replicas, 3).state is state


@pytest.mark.parametrize(
    ("version", "today", "state"),
    [
        ((3, 11), date(2026, 11, 30), State.OK),
        ((3, 11), date(2027, 11, 1), State.WARNING),
        ((3, 10), date(2026, 11, 30), State.FAULT),
        ((3, 15), date(2026, 11, 30), State.FAULT),
    ],
)
def test_python(version: tuple[int, int], today: date, state: State) -> None:
    assert python_found(version, today).state is state


def test_a_library_with_a_known_hole_is_named_and_one_that_is_missing_is_no_hole() -> None:
    found = list(libraries_found({"cryptography": "49.0.1", "aiokafka": "0.14.0"}.get))
    assert [(finding.check, finding.state) for finding in found] == [("CVE-2026-69247", State.WARNING)]
    assert "cryptography 49.0.1" in found[0].found
    assert states(libraries_found({"cryptography": "50.0.2"}.get)) == [("libraries", State.OK)]
    assert states(libraries_found(machine_checks.installed_version)) == [("libraries", State.OK)]


def test_a_table_that_nobody_reviewed_for_half_a_year_is_a_warning() -> None:
    assert review_found(date(2027, 5, 29), date(2026, 11, 30)).state is State.OK
    assert review_found(date(2027, 5, 30), date(2026, 11, 30)).state is State.WARNING


@pytest.mark.parametrize(("free", "state"), [(1 << 40, State.OK), (1 << 30, State.WARNING), (1 << 20, State.FAULT)])
def test_the_disk(free: int, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as the standard library has it
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, free))
    assert disk_found(tmp_path).state is state


def test_a_connection_that_the_network_could_read_is_not_made() -> None:
    far = Settings(
        bootstrap_servers="kafka.example.org:9092",
        security_protocol="SASL_PLAINTEXT",
        sasl_username="u",
        sasl_password=SecretStr("p"),
    )
    with pytest.raises(PlaintextRefused):
        connected(far)
    assert connected(far.model_copy(update={"security_protocol": "SASL_SSL"})).state is State.OK
    assert connected(Settings(bootstrap_servers="127.0.0.1:9092")).state is State.OK


def test_where_nothing_is_reached_every_check_of_the_cluster_is_not_known() -> None:
    found = unreached(NoKafka())
    assert (found[0].check, found[0].state) == ("connection", State.FAULT)
    assert "exchange up" in found[0].do
    assert states(found[1:]) == [(check, State.NOT_KNOWN) for check in (*OF_BROKERS, *OF_EXCHANGE)]


def test_it_is_fit_with_warnings_and_unfit_with_a_fault_or_what_is_not_known() -> None:
    one = ok("a", "b")
    assert is_fit([one, replace(one, state=State.WARNING)])
    assert not is_fit([one, replace(one, state=State.FAULT)])
    assert not is_fit([one, CheckResult("a", State.NOT_KNOWN, "b")])


def test_a_long_list_is_cut_with_its_number() -> None:
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_where_nothing_is_to_do_no_column_is_kept_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    fit = ok("rights", "this user has those of an operator")
    print_findings([fit])
    assert "next" not in capsys.readouterr().out
    print_findings([fit, CheckResult("clock", State.WARNING, "not compared", "Start a worker.")])
    assert "Start a worker." in capsys.readouterr().out
