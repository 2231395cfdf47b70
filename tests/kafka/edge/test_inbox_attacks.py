"""A writer of one inbox can do no harm to everybody else's gate, on a real Kafka."""

import gzip
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.record.util import calc_crc32c

from exchange.engine.kafka.admin import Admin, administer
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import agency_topics, provision
from exchange.engine.log import Partition, Record
from exchange.wire.topics import INBOX_BATCH_BYTES_MAX, inbox_of
from tests.contract.log_harness import read_on, values

BYSTANDER, ATTACKER = Partition(inbox_of("a-bystander"), 0), Partition(inbox_of("b-attacker"), 0)
KEY = "header"
COMPRESSION_GZIP = 1


@pytest.fixture
async def inboxes(exchange: KafkaLog, admin: Admin) -> KafkaLog:
    await provision(admin, agency_topics(["a-bystander", "b-attacker"], replication=1))
    return exchange


class Attacker:
    """Writes batches that no edge and no decent client makes, byte by byte."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def send(self, partition: Partition, *records: tuple[bytes, bool]) -> None:
        """One batch of these values; True: with a header whose key is no UTF-8."""
        batch = self._producer.create_batch()
        for value, poisoned in records:
            headers = [(KEY, b"")] if poisoned else []
            batch.append(key=b"k", value=value, timestamp=None, headers=headers)
        written = bytearray(batch._build().replace(KEY.encode(), b"\xff" * len(KEY)))
        written[17:21] = calc_crc32c(bytes(written[21:])).to_bytes(4, "big")
        batch._buffer = bytes(written)
        await (await self._producer.send_batch(batch, partition.topic, partition=0))

    async def claim(self, partition: Partition, value: bytes, deltas: tuple[int, ...]) -> None:
        """Write one batch of so many equal records whose offsets are as far apart as they claim."""
        batch = self._producer.create_batch()
        for _ in deltas:
            batch.append(key=b"k", value=value, timestamp=None)
        records = b"".join(_record(delta, value) for delta in deltas)
        body = bytes(batch._build())[21:61] + records
        written = bytes(batch._buffer[:8]) + (len(body) + 9).to_bytes(4, "big") + bytes(batch._buffer[12:17])
        batch._buffer = written + calc_crc32c(body).to_bytes(4, "big") + body
        await (await self._producer.send_batch(batch, partition.topic, partition=0))


@pytest.fixture
async def attacker(bootstrap_servers: str):
    producer = AIOKafkaProducer(**client_at(bootstrap_servers).connection())
    await producer.start()
    yield Attacker(producer)
    await producer.stop()


def _record(delta: int, value: bytes) -> bytes:
    body = b"\0" + _zigzag(0) + _zigzag(delta) + _zigzag(1) + b"k" + _zigzag(len(value)) + value + _zigzag(0)
    return _zigzag(len(body)) + body


def _zigzag(number: int) -> bytes:
    number, out = number << 1, bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


async def readings(log: KafkaLog, *partitions: Partition) -> dict[Partition, list[Record]]:
    """All that one reader of several partitions hands over, in few reads."""
    reader = await log.reader()
    ends = await reader.end_offsets(partitions)
    reader.assign(partitions)
    for partition in partitions:
        reader.seek(partition, 0)
    read: dict[Partition, list[Record]] = {partition: [] for partition in partitions}
    for _ in range(60):
        for partition, records in (await reader.getmany(timeout_s=0.2, records_max=5_000)).items():
            read[Partition(*partition)] += records
        if all([await reader.position(p) >= end for p, end in ends.items()]):
            break
    else:
        raise AssertionError("not read to the end")
    await reader.close()
    return read


def unreadable(records: Sequence[Record]) -> list[bytes | str | None]:
    return [f"unreadable {r.offset}" if r.headers else r.value for r in records]


async def test_a_header_that_is_no_text_costs_its_own_batch_and_nobody_else_anything(
    inboxes: KafkaLog, attacker: Attacker
) -> None:
    many = [b"%d" % n for n in range(300)]
    await attacker.send(BYSTANDER, *((value, False) for value in many))
    await attacker.send(ATTACKER, (b"1", False), (b"2", False))
    await attacker.send(ATTACKER, (b"3", False), (b"4", True), (b"5", False), (b"6", False))
    await attacker.send(ATTACKER, (b"7", True))
    await attacker.send(ATTACKER, (b"8", False))
    await attacker.send(BYSTANDER, (b"last", False))
    read = await readings(inboxes, BYSTANDER, ATTACKER)
    assert values(read[BYSTANDER]) == [*many, b"last"]
    assert unreadable(read[ATTACKER]) == [b"1", b"2", b"3", "unreadable 6", b"8"]


async def test_an_offset_that_its_log_does_not_reach_costs_its_own_batch_and_nobody_else_anything(
    inboxes: KafkaLog, attacker: Attacker
) -> None:
    """Kafka takes it, and a reader that believed it would be past the end of the log."""
    await attacker.send(BYSTANDER, (b"first", False))
    await attacker.send(ATTACKER, (b"1", False))
    await attacker.claim(ATTACKER, b"far", (0, 1_000_000))
    await attacker.send(ATTACKER, (b"x", True))
    await attacker.send(ATTACKER, (b"2", False))
    await attacker.send(BYSTANDER, (b"last", False))
    read = await readings(inboxes, BYSTANDER, ATTACKER)
    assert values(read[BYSTANDER]) == [b"first", b"last"]
    assert unreadable(read[ATTACKER]) == [b"1", b"far", "unreadable 3", b"2"]


async def test_faults_without_end_in_one_inbox_do_not_keep_the_others_waiting(
    inboxes: KafkaLog, attacker: Attacker
) -> None:
    for _ in range(150):
        await attacker.send(ATTACKER, (b"x", True))
        await attacker.send(ATTACKER, (b"good", False))
    await attacker.send(BYSTANDER, (b"mine", False))
    reader = await inboxes.reader()
    reader.assign([BYSTANDER, ATTACKER])
    for partition in (BYSTANDER, ATTACKER):
        reader.seek(partition, 0)
    before = 0
    while BYSTANDER not in (batch := await reader.getmany(timeout_s=0.2, records_max=5_000)):
        before += len(batch.get(ATTACKER, ()))
    assert before < 20
    await reader.close()


async def test_a_flood_of_such_headers_is_passed_over_in_few_looks(inboxes: KafkaLog, attacker: Attacker) -> None:
    for _ in range(200):
        await attacker.send(ATTACKER, (b"x", True))
    await attacker.send(ATTACKER, (b"good", False))
    await attacker.send(BYSTANDER, (b"mine", False))
    read = await readings(inboxes, BYSTANDER, ATTACKER)
    assert values(read[BYSTANDER]) == [b"mine"]
    assert unreadable(read[ATTACKER]) == ["unreadable 199", b"good"]


@pytest.mark.parametrize("codec", ["gzip", "lz4"])
async def test_a_compressed_batch_is_unpacked_by_the_broker_and_a_bomb_refused(
    inboxes: KafkaLog, bootstrap_servers: str, codec: str
) -> None:
    """Else a megabyte in an inbox could become a gigabyte in the gate before it sees one record."""
    async with administer(client_at(bootstrap_servers)) as admin:
        settings = (await admin.configs([ATTACKER.topic]))[ATTACKER.topic]
    assert settings["compression.type"] == "uncompressed"
    bomb = bytes(2 * INBOX_BATCH_BYTES_MAX)
    assert len(gzip.compress(bomb)) < INBOX_BATCH_BYTES_MAX / 100
    producer = AIOKafkaProducer(
        **client_at(bootstrap_servers).connection(), compression_type=codec, max_request_size=4 * len(bomb)
    )
    await producer.start()
    try:
        await producer.send_and_wait(ATTACKER.topic, b"small" * 100, key=b"k", partition=0)
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(ATTACKER.topic, bomb, key=b"k", partition=0)
    finally:
        await producer.stop()
    reader = await inboxes.reader()
    reader.assign([ATTACKER])
    reader.seek(ATTACKER, 0)
    assert values(await read_on(reader, ATTACKER)) == [b"small" * 100]
    await reader.close()
