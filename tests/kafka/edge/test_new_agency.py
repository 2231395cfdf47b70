"""A worker goes on when agencies are added while it runs, on partitions that were idle."""

import asyncio
from pathlib import Path

import pytest

from consumers.admission.enrolment import Enrolment, register
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.chain_writer import ChainWriter
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.trial.sample import sample_exchange
from exchange.wire.records import Receipt, decode_receipt
from exchange.wire.topics import inbox_of, partition_of, receipts_of

pytestmark = pytest.mark.timeout(240)


async def publish(ground: TrialExchange, agency: ChainWriter, events: int) -> None:
    await register(ground.log, ground.admin, Enrolment(agency.code, LegalClass.individual, bytes(32)), replication=1)
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
