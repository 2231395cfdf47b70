"""Alerts from what is in the log, without a worker; a section that fails hides only itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest

from consumers.sections import FollowedTopic, look_at_each
from consumers.status.log_facts import LogFacts, look_at_topics
from consumers.status.observed import Observed
from consumers.status.open_alerts import alerts_now, read_alerts
from consumers.status.reader import looking
from consumers.status.status import ExchangeStatus, status_of
from exchange.core.admission.gate import Registration
from exchange.core.counting.generation import GENERATION
from exchange.core.model.chain import Head
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.errors import LogUnavailable
from exchange.engine.lanes.progress import LaneState
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire import records as m
from exchange.wire.pulse import (
    Alert,
    AlertKind,
    Pulse,
    WorkerPulse,
    encode_alert,
    encode_pulse,
    encode_worker_pulse,
)
from exchange.wire.topics import TOPICS, aggregates_of, inbox_of, receipts_of
from tests.simulation.world.exchange_world import World

T0 = 1_800_000_000_000
SILENT = 45 * 86_400_000
HARBOR = Registration("harbor-light", LegalClass.individual, False, 1, ())


class Cluster:
    """An exchange in memory, with two partitions and one agency, that nobody works on."""

    def __init__(self) -> None:
        self.world = World(0)
        self.broker = MemoryBroker(self.world.after, lambda: self.world.now)
        self.log = MemoryLog(self.broker)
        for topic in TOPICS:
            if not topic.per:
                self.broker.create(topic.name, 2 if topic.partitioned else 1)
        self.broker.create(aggregates_of(GENERATION), 2)
        for name in (inbox_of("harbor-light"), receipts_of("harbor-light")):
            self.broker.create(name)
        self.put("agencies", b"harbor-light", m.encode_registration(HARBOR))
        self.put("alerts", b"lane:gate-1", encode_alert(Alert("lane:gate-1", AlertKind.FAILED, T0 - 5, "look")))

    def put(self, topic: str, key: bytes | None, value: bytes | None, partition: int = 0) -> None:
        self.broker.append(Partition(topic, partition), (key, value))

    def works(self, worker: str = "worker-1", at: int = 0) -> None:
        self.put("pulse", worker.encode(), encode_worker_pulse(WorkerPulse(worker, T0 - 60_000, T0 + at)))
        well = Pulse("gate-0", worker, T0 + at, LaneState.RUNNING, 0, 0, 0, 0, 0, 0, 0, 0)
        for lane in ("gate-0", "gate-1", "fold-0", "fold-1"):
            self.put("pulse", lane.encode(), encode_pulse(replace(well, lane=lane)))

    def look(self, members: Callable[[], Awaitable[list[str]]] | None = None) -> ExchangeStatus:
        async def one_look() -> Observed:
            async with looking(self.log, 2, group="exchange-workers", members=members) as looker:
                return await looker.look()

        process = self.world.process("operator")
        task = process.spawn(one_look())
        self.world.run_until(self.world.now + 120)
        return status_of(task.result(), T0, silent_after_ms=SILENT, lanes=["gate-0", "gate-1", "fold-0", "fold-1"])


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.world.end()


def kinds(status: ExchangeStatus) -> dict[str, AlertKind]:
    return {alert.subject: alert.kind for alert in status.alerts}


def test_without_a_worker_that_is_an_alert_and_an_open_one_stays(cluster: Cluster) -> None:
    found = cluster.look()
    assert kinds(found) == {"workers": AlertKind.NOT_RUNNING, "lane:gate-1": AlertKind.FAILED}
    assert found.running is False
    assert found.unknown == ()


def test_a_record_that_is_no_alert_hides_no_other_and_ends_no_watch(cluster: Cluster) -> None:
    cluster.put("alerts", b"foreign", b"not of this exchange")
    found = cluster.look()
    assert kinds(found) == {"workers": AlertKind.NOT_RUNNING, "lane:gate-1": AlertKind.FAILED}
    assert found.unknown == ()
    task = cluster.world.process("worker").spawn(read_alerts(cluster.log))
    cluster.world.run_until(cluster.world.now + 10)
    assert [alert.subject for alert in task.result()] == ["lane:gate-1"]


def test_with_a_worker_there_is_no_alert_and_an_open_one_ends_with_its_cause(cluster: Cluster) -> None:
    cluster.works()
    found = cluster.look()
    assert (kinds(found), found.running) == ({}, True)


def test_a_missed_calendar_stays_an_alert_and_one_that_nobody_misses_is_none(cluster: Cluster) -> None:
    """The command does not know whether the workers' calendar is on."""
    cluster.works()
    assert kinds(cluster.look()) == {}
    missed = Alert("lane:calendar-0", AlertKind.STALLED, T0 - 5, "look")
    cluster.put("alerts", b"lane:calendar-0", encode_alert(missed))
    assert kinds(cluster.look()) == {"lane:calendar-0": AlertKind.STALLED}


def test_a_worker_that_wrote_its_end_is_not_running(cluster: Cluster) -> None:
    cluster.works()
    cluster.put("pulse", b"worker-1", encode_worker_pulse(WorkerPulse("worker-1", T0 - 60_000, T0 + 1, ended=True)))
    found = cluster.look()
    assert found.running is False
    assert {lane.state for lane in found.lanes} == {"not running"}
    assert kinds(found)["workers"] is AlertKind.NOT_RUNNING


def test_a_lost_registry_is_an_alert_that_names_the_agencies(cluster: Cluster) -> None:
    cluster.works()
    cluster.put("gate-state", b"head|new-door", m.encode_gate_head(Head(3, bytes(32))), 1)
    (alert,) = cluster.look().alerts
    assert (alert.subject, alert.kind) == ("topic:agencies", AlertKind.UNREGISTERED)
    assert "new-door" in alert.says
    assert "exchange agencies add" in alert.says
    cluster.put("agencies", b"new-door", m.encode_registration(replace(HARBOR, agency="new-door")))
    for name in (inbox_of("new-door"), receipts_of("new-door")):
        cluster.broker.create(name)
    assert cluster.look().alerts == ()


def test_a_log_without_its_beginning_is_an_alert_that_names_the_place(cluster: Cluster) -> None:
    cluster.works()
    for number in range(5):
        cluster.put("events", b"harbor-light", b"%d" % number, 1)
    cluster.broker.delete_before(Partition("events", 1), 3)
    (alert,) = cluster.look().alerts
    assert (alert.subject, alert.kind) == ("topic:events", AlertKind.CUT_OFF)
    assert "events-1 begins at 3" in alert.says


def test_what_the_group_has_besides_workers_is_named(cluster: Cluster) -> None:
    async def members() -> list[str]:
        return ["console-consumer at /10.0.0.7"]

    cluster.works()
    (alert,) = cluster.look(members).alerts
    assert (alert.subject, alert.kind) == ("group:exchange-workers", AlertKind.FOREIGN_MEMBER)
    assert "console-consumer at /10.0.0.7" in alert.says


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS if not topic.per])
def test_a_missing_topic_is_an_alert_with_its_mend_and_takes_only_its_own_section_away(
    cluster: Cluster, topic: str
) -> None:
    cluster.works()
    cluster.broker.delete(topic)
    found = cluster.look()
    missing = {alert.subject: alert for alert in found.alerts}[f"topic:{topic}"]
    assert missing.kind is AlertKind.MISSING
    assert "exchange topics apply" in missing.says
    whole = {"closed": "", "known": 1, "heard_from": 0, "events": 0, "running": True}
    lost = {
        "draws": {"closed"},
        "agencies": {"known", "heard_from"},
        "gate-state": {"heard_from"},
        "events": {"events"},
        "pulse": {"running"},
    }.get(topic, set())
    assert {name for name in whole if getattr(found, name) is None} == lost
    assert {name: getattr(found, name) for name in whole.keys() - lost} == {n: whole[n] for n in whole.keys() - lost}


@pytest.mark.parametrize("name", [inbox_of("harbor-light"), receipts_of("harbor-light")])
def test_a_missing_topic_of_an_agency_is_an_alert_that_names_the_agency(cluster: Cluster, name: str) -> None:
    cluster.works()
    cluster.broker.delete(name)
    found = cluster.look()
    assert kinds(found) == {f"topic:{name}": AlertKind.MISSING}
    assert "agency harbor-light is left out" in found.alerts[0].says
    assert found.unknown == ()


DAMAGED = {
    "draws": (b"nothing", b"nothing"),
    "agencies": (b"harbor-light", b"nothing"),
    "gate-state": (b"\xff", b"nothing"),
    "quarantine": (b"harbor-light", b"nothing"),
    "pulse": (b"gate-0", b"nothing"),
}


@pytest.mark.parametrize("topic", DAMAGED)
def test_a_damaged_topic_is_unknown_with_its_reason_and_an_alert_and_the_rest_is_shown(
    cluster: Cluster, topic: str
) -> None:
    cluster.works()
    cluster.put(topic, *DAMAGED[topic])
    found = cluster.look()
    assert topic in {one.section for one in found.unknown}
    assert {one.section for one in found.unknown} <= {topic, "inbox"}
    assert all(one.says for one in found.unknown)
    assert kinds(found)[f"topic:{topic}"] is AlertKind.UNREADABLE
    assert ("lane:gate-1" in kinds(found)) == (topic == "pulse")  # no sign that it is over
    assert (found.known is None) == (topic == "agencies")
    assert (found.closed is None) == (topic == "draws")
    assert (found.running is None) == (topic == "pulse")
    assert (found.heard_from is None) == (topic in {"agencies", "gate-state"})


def test_a_section_that_failed_is_read_anew_from_its_beginning() -> None:
    world = World(0)
    broker = MemoryBroker(world.after, lambda: world.now)
    source = broker.create("topic")[0]
    broker.append(source, (b"k", b"1"), (b"k", b"bad"), (b"k", b"2"))
    taken: list[bytes] = []
    mended: list[bool] = []

    def take(_: Partition, record: object) -> None:
        value: bytes = record.value  # type: ignore[attr-defined]
        if value == b"bad" and not mended:
            raise ValueError(value)
        taken.append(value)

    section = FollowedTopic(MemoryLog(broker), [source], take, lambda _: taken.clear())

    async def looks() -> None:
        failed = await look_at_each([section])
        assert set(failed) == {"topic"}
        assert "bad" not in str(failed["topic"])
        assert taken == []
        mended.append(True)
        assert await look_at_each([section]) == {}
        assert taken == [b"1", b"bad", b"2"]
        await section.drop()

    task = world.process("operator").spawn(looks())
    world.run_until(60)
    task.result()
    world.end()


def test_what_was_not_looked_at_is_not_judged() -> None:
    seen = Observed(1)
    stood = Alert("topic:events", AlertKind.CUT_OFF, T0, "look")
    seen.alerts[b"topic:events"] = encode_alert(stood)
    assert stood in alerts_now(seen, T0, silent_after_ms=SILENT)
    seen.facts = LogFacts({}, frozenset({"topic:"}))
    assert stood not in alerts_now(seen, T0, silent_after_ms=SILENT)


def test_nothing_is_known_where_no_broker_answers(cluster: Cluster) -> None:
    class Away(MemoryLog):
        async def reader(self):
            raise LogUnavailable("no answer.")

    async def look() -> None:
        sections = [FollowedTopic(Away(cluster.broker), [Partition("events", 0)], lambda _, __: None, lambda _: None)]
        assert set(await look_at_each(sections)) == {"events"}

    asyncio.run(look())


def test_looking_at_topics_costs_two_requests(cluster: Cluster) -> None:
    async def look() -> dict[str, object]:
        return dict(await look_at_topics(await cluster.log.reader(), 2, ["harbor-light"]))

    assert asyncio.run(look()) == {}
