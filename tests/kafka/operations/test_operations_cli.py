"""The operator's commands as an operator runs them: what they print, and their exit status."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from exchange.engine.kafka.clients import Admin
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.wire.pulse import Alert, AlertKind, encode_alert
from exchange.wire.topics import ALERTS

KEY = "ab" * 32
WAIT_S = 60


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: str
    err: str


Run = Callable[..., Awaitable[Ran]]


@pytest.fixture
def run(bootstrap_servers: str) -> Run:
    env = {
        **os.environ,
        "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers,
        "EXCHANGE_PARTITIONS": "4",
        "EXCHANGE_REPLICATION": "1",
        "COLUMNS": "200",
    }

    async def run(*words: str, stdin: bytes = b"", **settings: str) -> Ran:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "exchange.cli", *words, env=env | settings, stdin=pipe, stdout=pipe, stderr=pipe
        )
        out, err = await asyncio.wait_for(process.communicate(stdin), WAIT_S)
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    return run


async def test_topics_are_applied_once_and_then_as_they_should_be(admin: Admin, exchange: KafkaLog, run: Run) -> None:
    await admin.delete([ALERTS])
    async with asyncio.timeout(WAIT_S):
        while True:
            found = await run("topics", "check")
            if found.status:
                break
    assert (found.status, found.out) == (1, "alerts: missing\n")
    assert "`exchange topics apply` creates missing topics" in found.err
    applied = await run("topics", "apply")
    assert (applied.status, applied.out) == (0, "alerts: created\n")
    for command in ("apply", "check"):
        done = await run("topics", command)
        assert (done.status, done.out) == (0, "All topics are correct.\n")


async def test_a_wrong_partition_count_is_found_and_never_changed(exchange: KafkaLog, run: Run) -> None:
    found = await run("topics", "check", "--json", EXCHANGE_PARTITIONS="12")
    assert found.status == 1
    assert {"topic": "events", "setting": "partitions", "wanted": "12", "found": "4"} in json.loads(found.out)
    assert "topics apply" not in (await run("topics", "check", EXCHANGE_PARTITIONS="12")).err  # it would not help
    refused = await run("topics", "apply", EXCHANGE_PARTITIONS="12")
    assert refused.status == 1
    assert "events: partitions is 4, not 12" in refused.err
    assert "set EXCHANGE_PARTITIONS to what `events` has" in refused.err


async def test_an_agency_is_added_listed_changed_and_suspended(admin: Admin, exchange: KafkaLog, run: Run) -> None:
    added = await run("agencies", "add", "harbor-light", "--legal-class", "tally_only", "--public-key", KEY)
    assert added.status == 0, added.err
    refused = await run("agencies", "add", "harbor-light", "--legal-class", "individual", stdin=b"n\n")
    assert refused.status == 1
    assert "Has its counsel confirmed the change?" in refused.out
    kept = await run("agencies", "add", "harbor-light", "--small-counts", "--suspend")
    assert kept.status == 0, kept.err
    listed = json.loads((await run("agencies", "list", "--json")).out)
    assert [(a["agency"], a["legal_class"], a["small_counts"], a["status"], a["keys"]) for a in listed] == [
        ("harbor-light", "tally_only", True, "suspended", {"1": KEY})
    ]
    agreed = await run("agencies", "add", "harbor-light", "--legal-class", "individual", "--resume", stdin=b"y\n")
    assert agreed.status == 0, agreed.err
    table = (await run("agencies", "list")).out
    assert "individual" in table
    assert "suspended" not in table


WRONG = (
    (("new-door", "--public-key", KEY), "--legal-class"),
    (("new-door", "--legal-class", "individual"), "--public-key"),
    (("new-door", "--legal-class", "individual", "--public-key", "zz"), "64 hexadecimal digits"),
    (("New Door", "--legal-class", "individual", "--public-key", KEY), "harbor-light"),
    (("new-door", "--legal-class", "individual", "--public-key", KEY, "--small-counts"), "tally_only"),
    (("new-door", "--suspend"), "new-door is not registered. `exchange agencies list`"),
)


async def test_what_is_missing_or_wrong_is_said_and_nothing_registered(exchange: KafkaLog, run: Run) -> None:
    for words, says in WRONG:
        refused = await run("agencies", "add", *words)
        assert refused.status == 1
        assert refused.err.startswith("exchange: ")
        assert says in refused.err
    assert json.loads((await run("agencies", "list", "--json")).out) == []
    assert (await run("agencies", "list")).out.startswith(
        "No agency is registered yet. Add one: `exchange agencies add"
    )


async def test_status_and_alerts_are_shown_and_labelled(exchange: KafkaLog, run: Run) -> None:
    await run("agencies", "add", "harbor-light", "--legal-class", "tally_only", "--public-key", KEY)
    alert = Alert("lane:gate-0", AlertKind.STALLED, 1_800_000_000_000, "Start a worker.")
    none = await run("alerts", "--json")
    assert [(one["subject"], one["kind"]) for one in json.loads(none.out)] == [("workers", "not running")]
    assert "start one with `exchange worker`" in none.out
    producer = await exchange.producer()
    await producer.send(Partition(ALERTS, 0), [(b"lane:gate-0", encode_alert(alert))])
    await producer.close()
    shown = await run("status")
    assert shown.status == 0, shown.err
    assert shown.out.startswith("RESTRICTED: OPERATORS ONLY")
    assert "no worker is running" in shown.out
    assert "harbor-light" in shown.out
    assert "Start a worker." in shown.out
    plain = json.loads((await run("status", "--json")).out)
    assert plain["restricted"] == "restricted: operators only"
    assert (plain["known"], plain["running"], plain["alerts"][0]["kind"]) == (1, False, "stalled")
    assert json.loads((await run("alerts", "--json")).out)[0]["subject"] == "lane:gate-0"


async def test_a_watch_that_is_stopped_leaves_its_last_look_and_a_word(
    exchange: KafkaLog, bootstrap_servers: str
) -> None:
    said = await asyncio.to_thread(watched, bootstrap_servers)
    _, _, left = said.rpartition("\x1b[?1049l")  # the terminal's own screen is back
    assert "no worker is running" in left
    assert left.rstrip().endswith("Stopped watching. The exchange keeps running.")


def watched(bootstrap_servers: str) -> str:
    """What a terminal was sent by a watch that is stopped after its first look."""
    ours, theirs = pty.openpty()
    env = os.environ | {
        "EXCHANGE_BOOTSTRAP_SERVERS": bootstrap_servers,
        "TERM": "xterm",
        "COLUMNS": "120",
        "LINES": "50",
    }
    command = [sys.executable, "-m", "exchange.cli", "status", "--watch"]
    said = b""
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True) as ran:
        os.close(theirs)
        try:
            while more := os.read(ours, 65536):
                if b"agencies " in more + said and b"agencies " not in said:
                    ran.send_signal(signal.SIGINT)
                said += more
        except OSError:  # the other end is closed
            pass
        assert ran.wait(WAIT_S) == 0
    os.close(ours)
    return said.decode()


async def test_without_topics_every_command_names_what_to_do(run: Run) -> None:
    for refused in await asyncio.gather(run("status"), run("alerts"), run("agencies", "list")):
        assert refused.status == 1
        assert "exchange topics apply" in refused.err
