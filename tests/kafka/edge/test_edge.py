"""The edge on real topics: publishing, receipts, rereading the inbox, a broker that goes away.

The gate of these tests is the real `GateStep` in a small loop; the lane around it has tests of its
own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import date
from pathlib import Path

import pytest

from consumers.admission.gate_step import GateStep
from consumers.admission.registry import Registry
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Event, Heartbeat
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.engine.broker import embedded_broker
from exchange.engine.errors import EngineError, LogUnavailable
from exchange.engine.kafka.admin import Admin, administer
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.edge_link import KafkaLink
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import agency_topics, provision
from exchange.engine.log import Partition
from exchange.wire.codec import decode
from exchange.wire.topics import EVENTS, inbox_of, receipts_of
from producers import errors
from producers.delivery.run_options import RunOptions
from producers.delivery.waiting import WaitLimits
from producers.edge import Edge
from producers.facts import Fact, Where
from producers.profile import Profile
from producers.secret_files import Secret
from producers.setup import make_vault
from tests.kits.edge_kit.exchange import registered

SECRET = Secret(raw_key=bytes(range(32)))
TODAY = date(2026, 10, 5)
Q1 = parse_period("2026Q1")


class Gate:
    """The real gate step over some agencies' inboxes; `admitted` is what would enter `events`."""

    def __init__(self, log: KafkaLog) -> None:
        self._log = log
        self._registry = Registry()
        self._step = GateStep(0, self._registry)
        self.admitted: list[tuple[str, Event]] = []
        self.hold_at: int | None = None
        """Judge nothing more once so many are admitted: what is under way then stays under way."""

    def register(self, agency: str, key: tuple[int, bytes]) -> None:
        self._registry.put(registered(agency, LegalClass.individual, key))

    async def run(self) -> None:
        """Run until cancelled; after any error of the log, resume where it was, as a lane would."""
        positions: dict[Partition, int] = {}
        while True:
            with suppress(EngineError):  # fenced by its own time-out, for one
                await self._run(positions)
            await asyncio.sleep(0.2)

    async def _run(self, positions: dict[Partition, int]) -> None:
        writer = await self._log.writer("edge-test-gate")
        reader = await self._log.reader()
        try:
            sources = list(self._step.positions())
            reader.assign(sources)
            begin = await reader.beginning_offsets(sources)
            for source in sources:
                reader.seek(source, positions.get(source, begin[source]))
            while self.hold_at is None or len(self.admitted) < self.hold_at:
                batch = await reader.getmany(timeout_s=0.2, records_max=5_000)
                if batch:
                    await self._apply(writer, batch)
                    positions.update({source: records[-1].offset + 1 for source, records in batch.items()})
        finally:
            await reader.close()
            await writer.close()

    async def _apply(self, writer, batch) -> None:
        self._step.apply(batch)
        while self._step.busy:
            self._step.apply({})
        outputs = self._step.outcome().outputs
        await writer.begin()
        for partition, pairs in outputs:
            if partition.topic == EVENTS:
                self.admitted += [(key.decode(), decode(value)) for key, value in pairs]
            elif partition.topic.startswith("receipts."):
                await (await writer.send(partition, pairs))
        await writer.commit()

    async def has_admitted(self, count: int) -> None:
        while len(self.admitted) < count:  # noqa: ASYNC110 - the step is not ours to add an event to
            await asyncio.sleep(0.01)

    def bodies(self, agency: str) -> list[e.Body]:
        return [event.body for whose, event in self.admitted if whose == agency]


def needs(count: int, start: int = 0) -> list[Fact]:
    services = [s for s in v.Service if s not in {"substance_use", "immigration_relief"}]
    return [
        Fact(f"k{n}", Q1, UsState.ca, e.NeedIdentified(services[n % 9]), f"client{n}", Where("f", n))
        for n in range(start, start + count)
    ]


def profile(folder: Path, servers: str, agency: str) -> Profile:
    told = {"agency": agency, "state": "ca", "legal_class": "individual", "kafka": {"bootstrap_servers": servers}}
    return Profile.model_validate({**told, "vault": folder / f"{agency}.vault"})


async def publish(
    of: Profile, facts: list[Fact], patience: WaitLimits | None = None, say: Callable[[str], None] = print
) -> Edge:
    options = RunOptions(patience=patience or WaitLimits(poll_s=0.2), say=say)
    async with Edge.open(of, secret=SECRET, today=TODAY, options=options) as opened:
        for fact in facts:
            await opened.publish(fact)
    return opened


@asynccontextmanager
async def gate_over(log: KafkaLog, admin: Admin, *profiles: Profile) -> AsyncIterator[Gate]:
    gate = Gate(log)
    for one in profiles:
        gate.register(one.agency, make_vault(one, SECRET))
        await provision(admin, agency_topics([one.agency], replication=1))
    running = asyncio.create_task(gate.run())
    try:
        yield gate
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_what_is_published_is_admitted_once(
    exchange: KafkaLog, admin: Admin, bootstrap_servers: str, tmp_path: Path
) -> None:
    harbor = profile(tmp_path, bootstrap_servers, "harbor-light")
    async with gate_over(exchange, admin, harbor) as gate:
        first = await publish(harbor, needs(3_000))
        again = await publish(harbor, needs(3_000))
    assert (first.report.delivered, again.report.delivered) == (3_001, 1)
    bodies = gate.bodies("harbor-light")
    assert sum(isinstance(body, e.NeedIdentified) for body in bodies) == 3_000
    assert sum(isinstance(body, Heartbeat) for body in bodies) == 2


async def test_many_edges_publish_at_once(
    exchange: KafkaLog, admin: Admin, bootstrap_servers: str, tmp_path: Path
) -> None:
    profiles = [profile(tmp_path, bootstrap_servers, f"agency-{n}") for n in range(12)]
    async with gate_over(exchange, admin, *profiles) as gate:
        await asyncio.gather(*(publish(one, needs(200)) for one in profiles))
    assert all(len(gate.bodies(one.agency)) == 201 for one in profiles)


async def test_a_restored_vault_reads_its_inbox_back(
    exchange: KafkaLog, admin: Admin, bootstrap_servers: str, tmp_path: Path
) -> None:
    harbor = profile(tmp_path, bootstrap_servers, "harbor-light")
    async with gate_over(exchange, admin, harbor) as gate:
        await publish(harbor, needs(50))
        backup = harbor.vault.read_bytes()
        await publish(harbor, needs(80))
        harbor.vault.write_bytes(backup)
        restored = await publish(harbor, needs(90))
    assert (restored.report.restored, restored.report.claimed) == (31, 30)
    assert sum(isinstance(body, e.NeedIdentified) for body in gate.bodies("harbor-light")) == 90


async def test_no_inbox_is_named(
    exchange: KafkaLog, bootstrap_servers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exchange.engine.kafka.reader.METADATA_S_MAX", 1.0)
    stranger = profile(tmp_path, bootstrap_servers, "stranger")
    make_vault(stranger, SECRET)
    with pytest.raises(errors.InboxMissing, match="agencies add"):
        await publish(stranger, needs(1))


async def test_without_a_gate_it_ends_clearly_and_nothing_is_lost(
    exchange: KafkaLog, admin: Admin, bootstrap_servers: str, tmp_path: Path
) -> None:
    harbor = profile(tmp_path, bootstrap_servers, "harbor-light")
    await provision(admin, agency_topics(["harbor-light"], replication=1))
    key = make_vault(harbor, SECRET)
    with pytest.raises(errors.ExchangeSilent, match="10 events are kept"):
        await publish(harbor, needs(10), WaitLimits(poll_s=0.1, quiet_s=1.0))
    gate = Gate(exchange)
    gate.register("harbor-light", key)
    running = asyncio.create_task(gate.run())
    await publish(harbor, [])
    running.cancel()
    bodies = gate.bodies("harbor-light")
    assert sum(isinstance(body, e.NeedIdentified) for body in bodies) == 10
    assert len(bodies) == 12, "the run that found no gate ended with a heartbeat too"


@pytest.mark.slow
async def test_a_broker_that_goes_away_while_publishing_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Away from the start: it ends clearly and keeps all.

    Gone in the middle, back once the edge has complained: it goes on.
    """
    monkeypatch.setattr("exchange.engine.kafka.edge_link.CALL_S_MAX", 4.0)
    async with embedded_broker(tmp_path / "data") as broker:
        harbor = profile(tmp_path, broker.bootstrap_servers, "harbor-light")
        settings = client_at(broker.bootstrap_servers)
        log = KafkaLog(settings)
        async with administer(settings) as admin, gate_over(log, admin, harbor) as gate:
            await broker.halt(kill=True)
            with pytest.raises(errors.ExchangeAway, match="2,500 events are kept"):
                await publish(harbor, needs(2_500), WaitLimits(pauses_s=(0.1, 0.1)))
            await broker.restart()
            gate.hold_at = 4_000
            complained = asyncio.Event()
            running = asyncio.create_task(publish(harbor, needs(20_000), say=lambda _: complained.set()))
            await gate.has_admitted(gate.hold_at)
            await broker.halt(kill=True)
            await complained.wait()
            await broker.restart()
            gate.hold_at = None
            await running
        await log.close()
    assert sum(isinstance(body, e.NeedIdentified) for body in gate.bodies("harbor-light")) == 20_000
    beats = [body.reporting_minutes for body in gate.bodies("harbor-light") if isinstance(body, Heartbeat)]
    assert len(beats) == 2, "one in the middle of the long run, one at its end"
    assert sum(minutes is not v.ReportingMinutes.not_applicable for minutes in beats) == 1


async def test_the_link_reads_its_own_records_alone(exchange: KafkaLog, admin: Admin, bootstrap_servers: str) -> None:
    """Other writers' records in the inbox are not read back; a closed link connects anew."""
    await provision(admin, agency_topics(["harbor-light"], replication=1))
    inbox = Partition(inbox_of("harbor-light"), 0)
    link = KafkaLink(client_at(bootstrap_servers), "harbor-light")
    with pytest.raises(LogUnavailable):
        await link.send([b"early"])
    for round_ in (b"one", b"two"):
        await link.connect()
        await link.send([round_ + b"-a", round_ + b"-b"])
    producer = await exchange.producer()
    await producer.send(inbox, [(b"other", b"foreign"), (b"harbor-light", None)])
    await producer.close()
    assert await link.inbox() == [b"one-a", b"one-b", b"two-a", b"two-b"]
    assert await link.latest() is None
    await link.close()
    await link.close()
    assert receipts_of("harbor-light") in await admin.partitions()
