"""`exchange doctor` on a real Kafka: all is well, a setting is wrong, nobody answers."""

import asyncio
import json
import socket

import pytest

from exchange.core.exit_status import ExitStatus
from exchange.engine.broker import broker_process, server
from exchange.engine.kafka.admin import Admin
from exchange.engine.kafka.log import KafkaLog
from tests.kits.command_line import CommandResult, exchange


def doctor(servers: str, *words: str) -> CommandResult:
    settings = {"EXCHANGE_PARTITIONS": "4", "EXCHANGE_REPLICATION": "1", "COLUMNS": "200"}
    return exchange("doctor", *words, EXCHANGE_BOOTSTRAP_SERVERS=servers, **settings)


def found(servers: str) -> tuple[int, dict[str, dict[str, str]]]:
    ran = doctor(servers, "--json")
    findings = json.loads(ran.stdout)
    assert len({finding["check"] for finding in findings}) == len(findings)
    return ran.returncode, {finding["check"]: finding for finding in findings}


def test_a_provisioned_exchange_is_fit(exchange: KafkaLog, bootstrap_servers: str) -> None:
    status, findings = found(bootstrap_servers)
    assert status == ExitStatus.DONE, findings
    expected = {"connection", "brokers", "Kafka's version", "broker settings", "replicas", "topics", "state", "rights"}
    assert {name for name, one in findings.items() if one["state"] == "ok"} >= expected
    assert findings["clock"]["state"] == "warning"  # no worker runs
    shown = doctor(bootstrap_servers)
    assert shown.returncode == ExitStatus.DONE
    assert "all in step" in shown.stdout


async def test_a_topic_with_another_setting_is_a_fault(
    admin: Admin, exchange: KafkaLog, bootstrap_servers: str
) -> None:
    await admin.set_configs({"quarantine": {"retention.ms": "1000"}})
    async with asyncio.timeout(30):
        while (await admin.configs(["quarantine"]))["quarantine"]["retention.ms"] != "1000":  # noqa: ASYNC110 - brokers do not tell
            await asyncio.sleep(0.05)
    status, findings = await asyncio.to_thread(found, bootstrap_servers)
    assert status == ExitStatus.ERROR
    assert findings["topics"]["state"] == "fault"
    assert "quarantine: " in findings["topics"]["found"]
    assert "topics apply" in findings["topics"]["do"]
    assert findings["state"]["state"] == "ok"


@pytest.mark.slow
def test_brokers_with_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"auto.create.topics.enable": "true", "group.min.session.timeout.ms": "20000"}
    monkeypatch.setattr(server, "ONE_NODE_SETTINGS", {**server.ONE_NODE_SETTINGS, **wrong})
    with broker_process() as broker:
        status, findings = found(broker.bootstrap_servers)
    assert status == ExitStatus.ERROR
    assert {name for name in findings if name in wrong} == set(wrong)
    assert all(findings[name]["state"] == "fault" for name in wrong)
    assert "Set it to false" in findings["auto.create.topics.enable"]["do"]
    assert findings["topics"]["state"] == "fault"
    assert "missing" in findings["topics"]["found"]


def test_where_nobody_answers_the_connection_is_the_fault_and_the_rest_is_not_known() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        status, findings = found(f"127.0.0.1:{taken.getsockname()[1]}")
    assert status == ExitStatus.ERROR
    assert findings["connection"]["state"] == "fault"
    assert "EXCHANGE_BOOTSTRAP_SERVERS" in findings["connection"]["do"]
    assert {findings[name]["state"] for name in ("brokers", "known holes", "topics", "rights")} == {"not known"}
    assert findings["Python"]["state"] == "ok"
