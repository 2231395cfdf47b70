"""A worker goes on when agencies are added while it runs, and when one loses its topics."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from consumers.admission.enrolment import Enrolment, register
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.kafka.provision import agency_topics, provision
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.chain_writer import ChainWriter
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.trial.sample import sample_exchange
from exchange.wire.records import Receipt, decode_receipt
from exchange.wire.topics import inbox_of, partition_of, receipts_of

pytestmark = pytest.mark.timeout(240)


async def publish(ground: TrialExchange, agency: ChainWriter, events: int) -> None:
    enrolment = Enrolment(agency.code, LegalClass.individual, agency.key.public)
    await register(ground.log, ground.admin, enrolment, replication=1)
    await publish_more(ground, agency, events)


async def publish_more(ground: TrialExchange, agency: ChainWriter, events: int) -> None:
    producer = await ground.log.producer()
    try:
        pairs = [(agency.code.encode(), value) for value in agency.take(events)]
        await producer.send(Partition(inbox_of(agency.code), 0), pairs)
    finally:
        await producer.close()


async def accepted(ground: TrialExchange, agency: ChainWriter) -> Receipt:
    """The receipt that says everything was accepted."""
    reader, source = await ground.log.reader(), Partition(receipts_of(agency.code), 0)
    try:
        reader.assign([source])
        reader.seek(source, 0)
        while True:
            for record in (await reader.getmany(timeout_s=0.5, records_max=100)).get(source, ()):
                receipt = decode_receipt(record.value or b"")
                if receipt.head.sequence == agency.sequence:
                    return receipt
    finally:
        await reader.close()


async def test_agencies_that_are_added_to_a_running_worker_are_heard(settings: Settings, tmp_path: Path) -> None:
    """aiokafka forgets the leaders of topics that were never on its list when a topic is added."""
    sample = sample_exchange(1, 12, events=20_000, tally_share=0.0)
    agencies = [ChainWriter(agency, 1) for agency in sample.agencies]
    first = agencies[0]
    apart = [a for a in agencies if partition_of(a.code, 4) != partition_of(first.code, 4)]
    same = [a for a in agencies[1:] if partition_of(a.code, 4) == partition_of(first.code, 4)]
    async with trial_exchange(settings, tmp_path) as ground:
        worker = await ground.start_worker()
        for agency in (first, apart[0], same[0], apart[1], first):
            await publish(ground, agency, 40)
            async with asyncio.timeout(40):
                receipt = await accepted(ground, agency)
            assert receipt.refused is None
            assert worker.alive, worker.last_lines()


@pytest.mark.slow
async def test_an_agency_without_its_receipts_holds_up_nobody_and_catches_up_exactly(
    settings: Settings, tmp_path: Path
) -> None:
    """The worker meets the loss while it writes, and again at its start."""
    sample = sample_exchange(1, 12, events=20_000, tally_share=0.0)
    agencies = [ChainWriter(agency, 1) for agency in sample.agencies]
    lost = agencies[0]
    other = next(a for a in agencies[1:] if partition_of(a.code, 4) == partition_of(lost.code, 4))
    async with trial_exchange(settings, tmp_path) as ground:
        worker = await ground.start_worker()
        for agency in (lost, other):
            await publish(ground, agency, 40)
            async with asyncio.timeout(40):
                await accepted(ground, agency)
        await ground.admin.delete([receipts_of(lost.code)])
        await publish_more(ground, lost, 40)
        for _ in range(2):
            await publish_more(ground, other, 40)
            async with asyncio.timeout(60):
                await accepted(ground, other)
            assert worker.alive, worker.last_lines()
            await worker.stop()
            worker = await ground.start_worker()
        await provision(ground.admin, agency_topics([lost.code], replication=1))
        async with asyncio.timeout(60):
            receipt = await accepted(ground, lost)
        assert receipt.refused is None
        assert worker.alive, worker.last_lines()
        logs = "".join(file.read_text() for file in worker.log_file.parent.glob("worker-*.log"))
        assert f"receipts.{lost.code}" in logs
        found = Counter([record.key async for record in ground.all_events()])
    assert found == {lost.code.encode(): 80, other.code.encode(): 120}
