"""The operator's commands as an operator runs them: what they print, and their exit status."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys

from exchange.engine.kafka.admin import Admin
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.wire.pulse import Alert, AlertKind, encode_alert
from exchange.wire.topics import ALERTS
from tests.kits.command_line import Run, as_a_process

KEY = "ab" * 32
WAIT_S = 60


async def test_topics_are_applied_once_and_then_as_they_should_be(admin: Admin, exchange: KafkaLog, run: Run) -> None:
    await admin.delete([ALERTS])
    async with asyncio.timeout(WAIT_S):
        while True:
            found = await run("topics", "check")
            if found.stdout == "alerts: missing\n":  # until then it is there, or half gone
                break
            await asyncio.sleep(0.2)
    assert found.returncode == 1
    assert "`exchange topics apply` creates missing topics" in found.stderr
    applied = await run("topics", "apply")
    assert (applied.returncode, applied.stdout) == (0, "alerts: created\n")
    for command in ("apply", "check"):
        done = await run("topics", command)
        assert (done.returncode, done.stdout) == (0, "All topics are correct.\n")


async def test_a_wrong_partition_count_is_found_and_never_changed(exchange: KafkaLog, run: Run) -> None:
    found = await run("topics", "check", "--json", EXCHANGE_PARTITIONS="12")
    assert found.returncode == 1
    assert {"topic": "events", "setting": "partitions", "wanted": "12", "found": "4"} in json.loads(found.stdout)
    assert "topics apply" not in (await run("topics", "check", EXCHANGE_PARTITIONS="12")).stderr  # it would not help
    refused = await run("topics", "apply", EXCHANGE_PARTITIONS="12")
    assert refused.returncode == 1
    assert "events: partitions is 4, not 12" in refused.stderr
    assert "set EXCHANGE_PARTITIONS to what `events` has" in refused.stderr


async def test_an_agency_is_added_listed_changed_and_suspended(
    admin: Admin, exchange: KafkaLog, run: Run, variables: dict[str, str]
) -> None:
    added = await run("agencies", "add", "harbor-light", "--legal-class", "tally_only", "--public-key", KEY)
    assert added.returncode == 0, added.stderr
    refused = await as_a_process(
        variables, "agencies", "add", "harbor-light", "--legal-class", "individual", stdin=b"n\n"
    )
    assert refused.returncode == 1
    assert "Has its counsel confirmed the change?" in refused.stdout
    kept = await run("agencies", "add", "harbor-light", "--small-counts", "--suspend")
    assert kept.returncode == 0, kept.stderr
    listed = json.loads((await run("agencies", "list", "--json")).stdout)
    assert [(a["agency"], a["legal_class"], a["small_counts"], a["status"], a["keys"]) for a in listed] == [
        ("harbor-light", "tally_only", True, "suspended", {"1": KEY})
    ]
    agreed = await as_a_process(
        variables, "agencies", "add", "harbor-light", "--legal-class", "individual", "--resume", stdin=b"y\n"
    )
    assert agreed.returncode == 0, agreed.stderr
    table = (await run("agencies", "list")).stdout
    assert "individual" in table
    assert "suspended" not in table


async def test_a_code_that_follows_another_is_registered_with_its_first_period_and_shown(
    admin: Admin, exchange: KafkaLog, run: Run
) -> None:
    new_key = "ab" * 32
    await run("agencies", "add", "old-door", "--legal-class", "tally_only", "--public-key", KEY)
    words = ("agencies", "add", "new-door", "--legal-class", "individual", "--public-key", new_key)
    half = await run(*words, "--follows", "old-door")
    assert half.returncode == 2
    assert "--follows and --from go together" in half.stderr
    added = await run(*words, "--follows", "old-door", "--from", "2026Q3")
    assert added.returncode == 0, added.stderr
    assert "follows old-door from 2026Q3" in added.stdout
    listed = {one["agency"]: one for one in json.loads((await run("agencies", "list", "--json")).stdout)}
    assert (listed["new-door"]["follows"], listed["new-door"]["first_period"]) == ("old-door", "2026Q3")
    assert (listed["old-door"]["follows"], listed["old-door"]["until_period"]) == ("", "2026Q3")
    refilled = await run("agencies", "refill", "new-door")
    assert (refilled.returncode, refilled.stdout) == (0, "0 events written to the inbox of new-door.\n")
    assert "nobody is not registered" in (await run("agencies", "refill", "nobody")).stderr


WRONG = (
    (("new-door", "--public-key", KEY), "--legal-class"),
    (("new-door", "--legal-class", "individual"), "--public-key"),
    (("new-door", "--legal-class", "individual", "--public-key", "zz"), "64 hexadecimal digits"),
    (("New Door", "--legal-class", "individual", "--public-key", KEY), "harbor-light"),
    (("new-door", "--legal-class", "individual", "--public-key", KEY, "--small-counts"), "tally_only"),
    (("new-door", "--suspend"), "new-door is not registered. `exchange agencies list`"),
)


async def test_what_is_missing_or_wrong_is_reported_and_nothing_registered(exchange: KafkaLog, run: Run) -> None:
    for words, says in WRONG:
        refused = await run("agencies", "add", *words)
        assert refused.returncode == 1
        assert refused.stderr.startswith("exchange: ")
        assert says in refused.stderr
    assert json.loads((await run("agencies", "list", "--json")).stdout) == []
    assert (await run("agencies", "list")).stdout.startswith(
        "No agency is registered yet. Add one: `exchange agencies add"
    )


async def test_status_and_alerts_are_shown_and_labelled(exchange: KafkaLog, run: Run) -> None:
    await run("agencies", "add", "harbor-light", "--legal-class", "tally_only", "--public-key", KEY)
    alert = Alert("lane:gate-0", AlertKind.STALLED, 1_800_000_000_000, "Start a worker.")
    none = await run("alerts", "--json")
    assert [(one["subject"], one["kind"]) for one in json.loads(none.stdout)] == [("workers", "not running")]
    assert "start one with `exchange worker`" in none.stdout
    producer = await exchange.producer()
    await producer.send(Partition(ALERTS, 0), [(b"lane:gate-0", encode_alert(alert))])
    await producer.close()
    shown = await run("status")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("RESTRICTED: OPERATORS ONLY")
    assert "no worker is running" in shown.stdout
    assert "harbor-light" in shown.stdout
    assert "Start a worker." in shown.stdout
    plain = json.loads((await run("status", "--json")).stdout)
    assert plain["restricted"] == "restricted: operators only"
    assert (plain["known"], plain["running"], plain["alerts"][0]["kind"]) == (1, False, "stalled")
    assert json.loads((await run("alerts", "--json")).stdout)[0]["subject"] == "lane:gate-0"


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
    for words in (("status",), ("alerts",), ("agencies", "list")):
        refused = await run(*words)
        assert refused.returncode == 1
        assert "exchange topics apply" in refused.stderr
