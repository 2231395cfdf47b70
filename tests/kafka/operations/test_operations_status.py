"""`status` on a real Kafka shows what was published, judged and counted, even without a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO
from itertools import accumulate

import pytest
from rich.console import Console

from consumers.admission import gate_step
from consumers.admission.enrolment import Enrolment, register
from consumers.admission.registry import read_registry
from consumers.counting import fold_step
from consumers.status.open_alerts import read_alerts
from consumers.status.reader import StatusReader, looking
from consumers.status.status import NOT_RUNNING, ExchangeStatus, status_of
from consumers.status.troubles import FAILED_SAYS
from exchange.cli.operator.status_tables import rendered
from exchange.core.admission.gate import Registration
from exchange.core.counting.generation import GENERATION
from exchange.core.model.chain import digest_of
from exchange.core.model.events import ALL_CAPS, ActivityHeld, Event
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import Activity, AgencyType, AudienceBand, LegalClass, UsState
from exchange.engine.kafka.admin import Admin
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import exchange_topics
from exchange.engine.lanes.lane import Lane, LaneLimits
from exchange.engine.log import Partition
from exchange.trial.sample_key import SampleKey
from exchange.wire.codec import encode
from exchange.wire.pulse import Alert, AlertKind, Pulse, WorkerPulse, encode_alert, encode_pulse, encode_worker_pulse
from exchange.wire.topics import ALERTS, GATE_STATE, PULSE, LaneName, aggregates_of, inbox_of
from tests.kafka.conftest import PARTITIONS

NOW = 1_900_000_000_000
CODES = ("harbor-light", "new-door", "open-hand", "safe-way", "blue-house")
BODY = ActivityHeld(next(iter(Activity)), next(iter(AudienceBand)), next(iter(AgencyType)))
PERIOD, STATE = parse_period("2026Q1"), next(iter(UsState))
QUICK = LaneLimits(fetch_wait_s=0.05)


def chain(agency: str, *runs: int) -> list[bytes]:
    """Runs of so many events, each closed by the last of them, a heartbeat."""
    values, previous = list[bytes](), bytes(32)
    for last in accumulate(runs):
        while len(values) < last:
            sequence = len(values) + 1
            body = SampleKey(agency).heartbeat(sequence, previous, PERIOD, STATE) if sequence == last else BODY
            values.append(encode(Event(sequence, previous, PERIOD, STATE, ALL_CAPS, body)))
            previous = digest_of(values[-1])
    return values


async def send(log: KafkaLog, topic: str, *pairs: tuple[bytes, bytes | None]) -> None:
    producer = await log.producer()
    await producer.send(Partition(topic, 0), pairs)
    await producer.close()


async def publish(log: KafkaLog, agency: str, values: list[bytes]) -> None:
    await send(log, inbox_of(agency), *((agency.encode(), value) for value in values))


@asynccontextmanager
async def running(log: KafkaLog, step: str) -> AsyncIterator[None]:
    """All gate lanes, or all fold lanes, for as long as the block lasts."""
    registry = await read_registry(log)
    lanes = [
        Lane(log, step, p, lambda p=p: gate_step.GateStep(p, registry), Partition(GATE_STATE, p), limits=QUICK)
        if step == LaneName.GATE
        else Lane(
            log, step, p, lambda p=p: fold_step.FoldStep(p), Partition(aggregates_of(GENERATION), p), limits=QUICK
        )
        for p in range(PARTITIONS)
    ]
    tasks = [asyncio.create_task(lane.run()) for lane in lanes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)


async def until_idle(looker: StatusReader, step: str, *, unsigned: int = 0) -> ExchangeStatus:
    """The status once the lanes have nothing to do. `unsigned`: records that are left to wait.

    A look reads one topic after another, so the first that finds the lanes idle may have read the
    others before they were: it looks once more.
    """
    async with asyncio.timeout(60):
        while True:
            status = status_of(await looker.look(), NOW)
            if sum(lane.lag for lane in status.lanes if lane.lane.startswith(step)) == unsigned:
                return status_of(await looker.look(), NOW)


def lags(status: ExchangeStatus) -> dict[str, int]:
    return {lane.lane: lane.lag for lane in status.lanes if lane.lag}


@pytest.fixture
async def agencies(admin: Admin, exchange: KafkaLog) -> dict[str, Registration]:
    enrolments = [Enrolment(code, LegalClass.individual, SampleKey(code).public) for code in CODES]
    return {r.agency: r for r in await register(exchange, admin, *enrolments, replication=1)}


async def test_an_exchange_in_which_nothing_happened(exchange: KafkaLog) -> None:
    async with looking(exchange, PARTITIONS) as looker:
        status = status_of(await looker.look(), NOW)
    assert (status.running, status.since_pulse_ms) == (False, None)
    assert (status.events, status.lag, status.known, status.heard_from) == (0, 0, 0, 0)
    assert {lane.state for lane in status.lanes} == {NOT_RUNNING}
    assert len(status.lanes) == 2 * PARTITIONS


async def test_the_numbers_are_right_at_every_stage(exchange: KafkaLog, agencies: dict[str, Registration]) -> None:
    light, door = chain("harbor-light", 5), chain("new-door", 3, 4)
    published = {"harbor-light": light, "new-door": [*door[:3], *door[4:]], "open-hand": [b"nothing"] * 2}
    for agency, values in published.items():
        await publish(exchange, agency, values)
    async with looking(exchange, PARTITIONS) as looker:
        waiting = status_of(await looker.look(), NOW)
        assert {a.agency: a.waiting for a in waiting.agencies if a.waiting} == {a: len(v) for a, v in published.items()}
        by_lane = {
            f"gate-{p}": sum(len(v) for a, v in published.items() if agencies[a].partition == p) for p in range(4)
        }
        assert lags(waiting) == {lane: lag for lane, lag in by_lane.items() if lag}

        async with running(exchange, LaneName.GATE):
            judged = await until_idle(looker, LaneName.GATE, unsigned=5)
        heads = {a.agency: (a.sequence, a.head, a.refused) for a in judged.agencies}
        assert heads == {
            "harbor-light": (5, digest_of(light[4]).hex()[:8], ""),
            "new-door": (3, digest_of(door[2]).hex()[:8], "gap"),
            "open-hand": (0, "", ""),
            "safe-way": (0, "", ""),
            "blue-house": (0, "", ""),
        }
        assert dict(judged.refusals) == {"gap": 1}
        assert (judged.known, judged.heard_from, judged.refused_now, judged.events) == (5, 2, 1, 0)
        waits = {f"gate-{agencies[a].partition}" for a in ("new-door", "open-hand")}
        assert lags(judged).keys() == waits | {f"fold-{agencies[a].partition}" for a in ("harbor-light", "new-door")}

        async with running(exchange, LaneName.FOLD):
            counted = await until_idle(looker, LaneName.FOLD)
        assert (counted.events, counted.lag) == (8, 5)

        await publish(exchange, "new-door", door[3:])
        async with running(exchange, LaneName.GATE), running(exchange, LaneName.FOLD):
            await until_idle(looker, LaneName.GATE, unsigned=2)
            repaired = await until_idle(looker, LaneName.FOLD)
        assert (repaired.events, repaired.refused_now, dict(repaired.refusals)) == (12, 0, {"gap": 1})
        async with looking(exchange, PARTITIONS) as fresh:
            assert status_of(await fresh.look(), NOW) == repaired


async def test_a_missing_inbox_is_named_and_takes_no_other_figure_away(
    exchange: KafkaLog, admin: Admin, agencies: dict[str, Registration]
) -> None:
    await publish(exchange, "harbor-light", chain("harbor-light", 3))
    await admin.delete([inbox_of("new-door")])
    async with asyncio.timeout(10):
        while inbox_of("new-door") in await admin.partitions():  # noqa: ASYNC110 (Kafka tells of no end)
            await asyncio.sleep(0.05)
    async with looking(exchange, PARTITIONS) as looker:
        status = status_of(await looker.look(), NOW)
    missing = {agency.agency for agency in status.agencies if agency.inbox_missing}
    assert (missing, status.lag) == ({"new-door"}, 3)
    page = StringIO()
    Console(width=200, file=page).print(rendered(status, every_agency=True))
    assert "inbox missing: run exchange topics apply" in page.getvalue()


async def test_rates_ages_and_alerts_are_those_of_the_newest_pulses(exchange: KafkaLog) -> None:
    well = Pulse("fold-0", "worker-a", 0, "running", 0, 0, 0, 0, 500, 0, 0, 0)
    beats = [
        replace(well, worker="old", at_ms=NOW - 20_000, records=9_000),
        replace(well, worker="old", at_ms=NOW - 19_000, state="stopped", records=9_000),
        replace(well, at_ms=NOW - 10_000, records=700),  # a life before
        replace(well, at_ms=NOW - 8_000, records=0),
        replace(well, at_ms=NOW - 2_000, records=600),
        replace(well, lane="fold-1", at_ms=NOW - 60_000),
        replace(well, lane="fold-2", at_ms=NOW - 3_000),
        replace(well, lane="fold-2", at_ms=NOW - 2_000, state="stopped"),
        replace(well, lane="fold-3", at_ms=NOW - 2_000, state="failed"),
    ]
    filler = replace(well, lane="gate-0", at_ms=NOW - 70_000)
    pairs = [(pulse.lane.encode(), encode_pulse(pulse)) for pulse in [filler] * 500 + beats]
    await send(exchange, PULSE, *pairs)
    alive = WorkerPulse("worker-a", NOW - 60_000, NOW - 1_000)
    await send(exchange, PULSE, (b"worker-a", encode_worker_pulse(alive)))
    alert = Alert("lane:fold-3", AlertKind.FAILED, NOW - 1_000, FAILED_SAYS)
    over = Alert("lane:fold-1", AlertKind.STALLED, NOW - 1_000, "look")
    await send(exchange, ALERTS, (b"lane:fold-1", encode_alert(over)), (b"lane:fold-3", encode_alert(alert)))
    await send(exchange, ALERTS, (b"lane:fold-1", None))
    async with looking(exchange, PARTITIONS) as looker:
        status = status_of(await looker.look(), NOW)
    lanes = {lane.lane: lane for lane in status.lanes if lane.since_pulse_ms is not None}
    assert status.running
    assert status.events_a_second == pytest.approx(100)
    assert (lanes["fold-0"].state, lanes["fold-0"].worker) == ("running", "worker-a")
    assert lanes["fold-0"].since_commit_ms == 2_500
    assert {name: lane.state for name, lane in lanes.items()} == {
        "gate-0": NOT_RUNNING,
        "fold-0": "running",
        "fold-1": NOT_RUNNING,
        "fold-2": NOT_RUNNING,
        "fold-3": "failed",
    }
    kinds = {alert.subject: alert.kind for alert in status.alerts}
    assert kinds == {f"lane:{lane}": AlertKind.STALLED for lane in ("fold-1", "gate-0")} | {
        "lane:fold-3": AlertKind.FAILED
    }
    assert alert in status.alerts
    assert await read_alerts(exchange) == [alert]


async def test_a_position_is_found_behind_many_cells_and_markers(
    exchange: KafkaLog, agencies: dict[str, Registration]
) -> None:
    await publish(exchange, "harbor-light", chain("harbor-light", 1))
    async with looking(exchange, PARTITIONS) as looker:
        async with running(exchange, LaneName.GATE), running(exchange, LaneName.FOLD):
            await until_idle(looker, LaneName.GATE)
            assert (await until_idle(looker, LaneName.FOLD)).events == 1
        state = Partition(aggregates_of(GENERATION), agencies["harbor-light"].partition)
        writer = await exchange.writer("a-fold-that-gave-up")
        for _ in range(20):
            await writer.begin()
            await (await writer.send(state, [(b"cell-%d" % n, b"1") for n in range(100)]))
            await writer.abort()
        await writer.close()
        assert status_of(await looker.look(), NOW).events == 1
    async with looking(exchange, PARTITIONS) as fresh:
        assert status_of(await fresh.look(), NOW).events == 1


async def test_every_topic_that_status_needs_is_made_by_provisioning(exchange: KafkaLog) -> None:
    async with looking(exchange, PARTITIONS) as looker:
        await looker.look()
    assert {spec.name for spec in exchange_topics(partitions=PARTITIONS, replication=1)} >= {PULSE, ALERTS, GATE_STATE}
