"""Closing epochs on a real Kafka, with real workers that are killed, and by operators' commands."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from consumers.release.draws_state import DrawsFollower
from consumers.release.history import read_closings
from exchange.core.model.epochs import epoch_text
from exchange.core.release.agency_tables import ShownCount
from exchange.core.release.budget import RHO_TOTAL, TABLE_COSTS
from exchange.core.release.client_tables import ARRIVALS
from exchange.core.release.cuts import BEGINNING
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.commands import variables_of
from exchange.trial.empty_cluster import trial_exchange
from exchange.wire.public_records import decode_release
from exchange.wire.release_records import Spent, encode_spent, ledger_part
from exchange.wire.topics import DRAWS
from tests.kafka.release.closing_kit import START, WAIT_S, ask, drawing, handled
from tests.kits.command_line import CommandResult, in_a_thread

REFUSED = 5


async def run(settings: Settings, *words: str) -> CommandResult:
    return await in_a_thread(variables_of(settings), *words)


async def interrupted(settings: Settings, *words: str) -> CommandResult:
    """A command that is interrupted once it waits, and has told it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange.cli", *words, env=os.environ | variables_of(settings), stdout=pipe, stderr=pipe
    )
    assert process.stderr is not None
    await asyncio.wait_for(process.stderr.readline(), WAIT_S)
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode is not None
    return CommandResult(process.returncode, out.decode(), err.decode())


async def test_a_draw_that_is_killed_alone_is_begun_again(settings: Settings, log: KafkaLog, tmp_path: Path) -> None:
    async with trial_exchange(settings, tmp_path) as ground:
        worker = await ground.start_worker()
        await ask(log, START)
        (await drawing(worker)).kill()
        closings = await handled(log, 1)
        assert worker.alive
    assert [spent.refused for spent in closings.commands.values()] == [""]


async def test_operators_close_list_and_see_what_is_left(settings: Settings, log: KafkaLog, tmp_path: Path) -> None:
    month = epoch_text(START)
    status, _, said = await interrupted(settings, "release", "close", month, "--yes")
    assert status == 130
    assert "Traceback" not in said
    async with trial_exchange(settings, tmp_path) as ground:
        await ground.start_worker()
        await handled(log, 1)  # the command stayed written
        status, out, said = await run(settings, "release", "close", epoch_text(START + 1), "--json")
        assert (status, json.loads(out)["refused"]) == (0, ""), said
        assert json.loads(out)["tables"] == len(ARRIVALS)
        status, out, said = await run(settings, "release", "close", month)
        assert (status, out) == (REFUSED, "")
        assert f"{month} was not closed: EpochClosed." in said  # behind a word about waiting, if it had to
        status, out, said = await run(settings, "release", "list", "--json")
        assert status == 0, said
        listed = json.loads(out)
        assert [(one["epoch"], len(one["tables"]), one["public"]) for one in listed["epochs"]] == [
            (month, len(ARRIVALS), len(ARRIVALS)),
            (epoch_text(START + 1), len(ARRIVALS), len(ARRIVALS)),
        ]
        assert [(one["epoch"], one["refused"]) for one in listed["refused"]] == [(month, "EpochClosed")]
        assert listed["epochs"][0]["rho_paid"] == float(
            sum(TABLE_COSTS[name].rho for name in listed["epochs"][0]["tables"])
        )
        status, out, said = await run(settings, "budget", "--json")
        [year, quarter] = json.loads(out)["ledger"]
        assert (year["period"], quarter["period"]) == ("2020", "2020Q1")
        assert quarter["spent"] == listed["epochs"][0]["rho_paid"]
        assert quarter["spent"] + quarter["left"] == pytest.approx(float(RHO_TOTAL))
        status, out, said = await run(settings, "status", "--json")
        looked = json.loads(out)
        assert (looked["closed"], looked["closing_refused"]) == (epoch_text(START + 1), "EpochClosed")
        lanes = {lane["lane"]: lane["state"] for lane in looked["lanes"]}
        assert lanes["release-0"] == lanes["publisher-0"] == "running"
        await asyncio.sleep(6)  # pulse and watch have seen the refusal: to repeat a command is no trouble
        status, out, said = await run(settings, "alerts", "--json")
        assert (status, json.loads(out)) == (0, []), said


async def test_a_ledger_part_of_thousands_of_agencies_fits(exchange: KafkaLog) -> None:
    """One record far above a megabyte is written and read; else its quarter could never close."""
    amounts = tuple((f"agency-number-{n}", n + 1) for n in range(3_000))
    shown = tuple(ShownCount("activities_by_activity", number, amounts) for number in range(100))
    value = encode_spent(Spent(1, START, 1, 1, "", 0, BEGINNING, (), shown=shown))
    assert len(value) > 5_000_000
    writer = await exchange.writer("release-0")
    await writer.begin()
    await (await writer.send(Partition(DRAWS, 0), [(ledger_part(0), value)]))
    await writer.commit()
    await (await exchange.writer("release-0")).close()
    await writer.close()
    reader = await exchange.reader()
    closings = await DrawsFollower(reader, keeps=True).catch_up()
    await reader.close()
    assert len(closings.closed.kept.shown.held) == 100


@pytest.mark.slow
async def test_what_is_public_has_the_noise_of_its_plan(settings: Settings, log: KafkaLog, tmp_path: Path) -> None:
    """Ordinary random numbers or none would fail: the spread is the plan's, drawn by OpenDP."""
    async with trial_exchange(settings, tmp_path) as ground:
        await ground.start_worker()
        await ask(log, START + 11)  # a January: every table is due
        await handled(log, 1)
        closings, _ = await read_closings(log)
    ratios = []
    for part in closings.parts:
        release = decode_release(part.value)
        if release.clients:  # nothing ever arrived: every count is noise
            ratios += [float((n or 0) ** 2 / release.variance) for n in release.counts]
    assert len(ratios) > 3_000
    assert sum(ratios) / len(ratios) == pytest.approx(1, abs=6 * (2 / len(ratios)) ** 0.5)
