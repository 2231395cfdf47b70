"""Reading to a sampled end: all of it, nothing further, and no endless wait for a silent log."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from consumers.admission.registry import read_registry
from consumers.counting.aggregates import read_aggregates
from exchange.core.admission.gate import Registration, Status
from exchange.core.counting.generation import GENERATION
from exchange.core.model.vocabulary import LegalClass
from exchange.engine import reading
from exchange.engine.errors import LogUnavailable
from exchange.engine.log import Log, Partition, Reader
from exchange.engine.reading import newest_by_key, read_before, read_to, read_whole
from exchange.wire.records import Position, encode_position, encode_registration
from exchange.wire.topics import AGENCIES, EVENTS, POSITION_KEY
from tests.unit.replay.replay_world import AGGREGATES, Interrupted, World

SOURCE, OTHER = Partition(EVENTS, 0), Partition(EVENTS, 1)
REGISTRY = Partition(AGENCIES, 0)


def numbered(first: int, end: int) -> list[tuple[bytes, bytes]]:
    return [(b"key-%d" % (number % 3), b"%d" % number) for number in range(first, end)]


def registered(agency: str, status: Status = Status.ACTIVE) -> tuple[bytes, bytes]:
    registration = Registration(agency, LegalClass.individual, False, 0, (), status)
    return agency.encode(), encode_registration(registration)


async def two_partitions() -> World:
    """Records between the markers of transactions, and aborted ones."""
    world = World(2)
    for source in (SOURCE, OTHER):
        for first in range(0, 40, 8):
            await world.transact(source, numbered(first, first + 8))
            await world.transact(source, [(b"key-0", b"aborted")], abort=True)
    return world


@pytest.mark.parametrize("records_max", [1, 5, 1000])
async def test_every_committed_record_up_to_the_ends_is_read_once_and_in_order(records_max: int) -> None:
    world = await two_partitions()
    reader = await world.log.reader()
    ends = await reader.end_offsets([SOURCE, OTHER])
    reader.assign([SOURCE, OTHER])
    reader.seek(SOURCE, 0)
    reader.seek(OTHER, 0)
    found: dict[Partition, list[bytes | None]] = {SOURCE: [], OTHER: []}
    async for source, records in read_to(reader, ends, records_max=records_max):
        assert records
        found[source] += [record.value for record in records]
    assert found[SOURCE] == found[OTHER] == [value for _, value in numbered(0, 40)]
    assert {p: await reader.position(p) for p in ends} == ends


async def test_a_partition_that_never_stops_is_read_to_its_sampled_end() -> None:
    world = await two_partitions()
    written = 40

    async def go_on() -> None:
        nonlocal written
        await world.transact(SOURCE, numbered(written, written + 5))
        written += 5

    reader = Interrupted(await world.log.reader(), go_on, records_max=3)
    found = [record.value async for records in read_whole(reader, SOURCE) for record in records]
    assert [int(value or b"") for value in found][:40] == list(range(40))
    assert len(found) < written


@pytest.mark.parametrize("records_min", [1, 6, 1000])
async def test_before_a_cut_every_record_is_read_and_none_at_it_or_behind_it(records_min: int) -> None:
    """For any cut, between markers too; all batches but the last are full; others are dropped."""
    world = await two_partitions()
    reader = await world.log.reader()
    end = (await reader.end_offsets([SOURCE]))[SOURCE]
    committed = world.broker.committed(SOURCE)
    for cut in range(end + 1):
        reader.assign([SOURCE, OTHER])
        reader.seek(SOURCE, 0)
        reader.seek(OTHER, 0)
        batches = [b async for b in read_before(reader, SOURCE, cut, records_max=5, records_min=records_min)]
        assert [r.offset for batch in batches for r in batch] == [r.offset for r in committed if r.offset < cut]
        assert all(len(batch) >= records_min for batch in batches[:-1])
        assert all(batches)


async def test_of_each_key_the_newest_value_is_left_and_none_behind_a_tombstone() -> None:
    world = await two_partitions()
    await world.transact(SOURCE, [(b"key-1", None), (None, b"nobody's"), (b"key-9", None)])
    assert await newest_by_key(world.log, SOURCE) == {b"key-0": b"39", b"key-2": b"38"}


async def test_the_newest_registration_of_each_agency_counts_in_the_order_of_the_first() -> None:
    world = World()
    world.broker.create(AGENCIES)
    suspended = registered("harbor-light", Status.SUSPENDED)
    await world.transact(REGISTRY, [registered("harbor-light"), registered("safe-way"), suspended])
    agencies = (await read_registry(world.log)).agencies
    assert [(code, r.status) for code, r in agencies.items()] == [
        ("harbor-light", Status.SUSPENDED),
        ("safe-way", Status.ACTIVE),
    ]


class Silent:
    """A log whose brokers answer, and give nothing."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.reads = 0

    async def reader(self) -> Reader:
        reader = await self._log.reader()
        reader.getmany = self._nothing  # type: ignore[method-assign, assignment]
        return reader

    async def _nothing(self, **_: object) -> dict[object, object]:
        self.reads += 1
        await asyncio.sleep(0)
        return {}


WAYS: dict[str, Callable[[Log], Awaitable[object]]] = {
    "a whole partition": lambda log: newest_by_key(log, SOURCE),
    "the registry": read_registry,
    "the aggregates": lambda log: read_aggregates(log, [0]),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_log_that_gives_nothing_although_there_is_more_is_an_error_and_no_endless_wait(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SILENT_S_MAX", 0.2)
    world = await two_partitions()
    world.broker.create(AGENCIES)
    await world.transact(REGISTRY, [registered("harbor-light")])
    await world.transact(Partition(AGGREGATES, 0), [(POSITION_KEY, encode_position(Position(1, 0, GENERATION, 1)))])
    silent = Silent(world.log)
    with pytest.raises(LogUnavailable, match=r"-0: nothing comes behind offset 0, and the log goes on to \d"):
        await WAYS[way](silent)  # type: ignore[arg-type]
    assert silent.reads > 1


async def test_what_comes_of_another_partition_does_not_hide_that_nothing_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "SILENT_S_MAX", 0.2)
    world = await two_partitions()
    reader = await world.log.reader()
    others = await reader_of(world, OTHER)

    async def only_the_other(**_: object) -> dict[Partition, object]:
        await asyncio.sleep(0)
        return {OTHER: others}

    reader.assign([SOURCE, OTHER])
    for partition in (SOURCE, OTHER):
        reader.seek(partition, 0)
    reader.getmany = only_the_other  # type: ignore[method-assign, assignment]
    with pytest.raises(LogUnavailable, match="events-0: nothing comes"):
        async for _ in read_to(reader, {SOURCE: 1}):
            pass


async def reader_of(world: World, partition: Partition) -> list[object]:
    reader = await world.log.reader()
    return [record async for records in read_whole(reader, partition) for record in records]
