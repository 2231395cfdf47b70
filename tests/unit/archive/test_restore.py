"""A restored exchange goes on as the old one would have: same counts, same releases, same draws."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from consumers.admission.gate_step import GateStep
from consumers.admission.registry import read_registry
from consumers.archive import archive
from consumers.archive.copying import EventCopy
from consumers.archive.errors import (
    ArchiveDamaged,
    ClusterNotEmpty,
    NoArchive,
    RestoreFailed,
    RestoreInterrupted,
)
from consumers.archive.manifest import MANIFEST, read_manifest
from consumers.release.draws_state import DrawsFollower
from consumers.release.publisher_lane import compared
from exchange.core.errors import ClusterUnknown, ExchangeMoved, RestoreUnfinished
from exchange.core.release.closed_epochs import check_cluster
from exchange.engine.kafka.provision import PartitionsDiffer, exchange_topics
from exchange.engine.log import Partition
from exchange.wire.records import decode_receipt, decode_registration
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, GATE_STATE, RELEASES, partition_of, receipts_of
from tests.kits.archive_world import CODES, JANUARY, MemoryCluster, old_exchange


@pytest.mark.parametrize("partitions", [1, 3, 5])
async def test_everything_is_restored_byte_for_byte_with_any_number_of_partitions(
    tmp_path: Path, partitions: int
) -> None:
    old, new = await old_exchange(), MemoryCluster("new", partitions)
    await old.archived(tmp_path)
    done = await new.restored(tmp_path)
    for topic in (EPOCHS, RELEASES):
        assert new.bytes_of(topic) == old.bytes_of(topic)
    begun, *copied, ended = new.bytes_of(DRAWS)
    assert copied == old.bytes_of(DRAWS)
    assert begun[0] == ended[0] == b"relocation|new|ledger"
    for code in CODES:
        assert new.chain_in_events(code) == old.chain_in_events(code) == old.chains[code].values
    assert (done.origin, done.cluster, done.agencies, done.epochs) == ("old", "new", 5, 2)
    assert done.records[EVENTS] == sum(len(chain.values) for chain in old.chains.values())


async def test_each_agency_is_registered_with_its_partition_here(tmp_path: Path) -> None:
    old, new = await old_exchange(), MemoryCluster("new", 5)
    await old.archived(tmp_path)
    await new.restored(tmp_path)
    assert [one.offset for one in new.records(AGENCIES)] == [one.offset for one in old.records(AGENCIES)]
    for was, now in zip(old.records(AGENCIES), new.records(AGENCIES), strict=True):
        assert was.value is not None
        assert now.value is not None
        held, here = decode_registration(was.value), decode_registration(now.value)
        assert (here.agency, here.keys, now.timestamp) == (held.agency, held.keys, was.timestamp)
        assert here.partition == partition_of(here.agency, 5)


async def test_the_next_epoch_is_what_it_would_have_been(tmp_path: Path) -> None:
    """Same exact counts, same seeded noise: the same bytes, on both clusters."""
    old, new = await old_exchange(), MemoryCluster("new", 2)
    await old.archived(tmp_path)
    await new.restored(tmp_path)
    new.chains = dict(old.chains)
    for code in CODES[:2]:
        more = old.chains[code].more(4)
        await old.admit(code, more)
        await new.admit(code, more)
    for cluster in (old, new):
        for epoch in (JANUARY + 2, JANUARY + 3):
            await cluster.close(epoch)
    of_april = [(key, value) for key, value, _ in old.bytes_of(DRAWS) if key and key.endswith(b"2026-04|release")]
    assert len(of_april) > 5
    assert [one for one in new.bytes_of(DRAWS) if one[0] == of_april[0][0]]
    assert of_april == [
        (key, value) for key, value, _ in new.bytes_of(DRAWS) if key and key.endswith(b"2026-04|release")
    ]
    assert new.bytes_of(RELEASES) == old.bytes_of(RELEASES)
    assert (await new.closed()).last_cut.heads == (await old.closed()).last_cut.heads
    compared(new.records(RELEASES), (await DrawsFollower(await new.log.reader()).catch_up()).parts)


async def test_every_cut_has_its_address_on_the_new_cluster(tmp_path: Path) -> None:
    old, new = await old_exchange(), MemoryCluster("new", 2)
    await old.archived(tmp_path)
    await new.restored(tmp_path)
    for epoch, cut in (await new.closed()).cuts.items():
        assert cut.heads == (await old.closed()).cuts[epoch].heads
        assert (cut.cluster, sum(cut.events)) == ("new", cut.total)
        inside: dict[str, int] = {}
        for number, offset in enumerate(cut.offsets):
            for record in new.records(EVENTS, number):
                if record.offset < offset and record.key:
                    inside[record.key.decode()] = inside.get(record.key.decode(), 0) + 1
        assert tuple(sorted(inside.items())) == cut.heads


async def test_the_old_ledger_closes_nothing_on_a_cluster_that_no_relocation_names(tmp_path: Path) -> None:
    """Topics that were copied by a mirror, and the old cluster's ledger on the new one."""
    old, new, mirror = await old_exchange(), MemoryCluster("new", 3), MemoryCluster("mirror", 3)
    await old.archived(tmp_path)
    await new.restored(tmp_path)
    for source, copy in ((old, mirror), (new, mirror)):
        await mirror.founded()
        for record in source.records(DRAWS):
            copy.broker.append(Partition(DRAWS, 0), (record.key, record.value))
        with pytest.raises(ClusterUnknown, match="this is cluster mirror"):
            await mirror.close(JANUARY + 2)
        await mirror.admin.delete([DRAWS, EPOCHS])
    check_cluster(await new.closed(), "new")


async def test_after_the_last_archive_no_epoch_is_closed_on_the_old_cluster(tmp_path: Path) -> None:
    old, new = await old_exchange(), MemoryCluster("new", 2)
    await archive(old.log, old.partitions, tmp_path, last=True)
    with pytest.raises(ExchangeMoved):
        await old.close(JANUARY + 2)
    before = old.bytes_of(DRAWS)
    await archive(old.log, old.partitions, tmp_path, last=True)  # a repeat changes nothing
    assert old.bytes_of(DRAWS) == before
    await new.restored(tmp_path)
    await new.close(JANUARY + 2)
    assert (await new.closed()).last_epoch == JANUARY + 2


async def test_a_restored_exchange_is_archived_and_restored_again(tmp_path: Path) -> None:
    old, new, third = await old_exchange(), MemoryCluster("new", 2), MemoryCluster("third", 4)
    await old.archived(tmp_path / "one")
    await new.restored(tmp_path / "one")
    await new.close(JANUARY + 2)
    second = await new.archived(tmp_path / "two")
    first = read_manifest(tmp_path / "one")
    assert first is not None
    assert (second.manifest.exchange, second.manifest.cluster) == (first.exchange, "new")
    await third.restored(tmp_path / "two")
    assert third.bytes_of(RELEASES) == new.bytes_of(RELEASES)
    await third.close(JANUARY + 3)
    await new.close(JANUARY + 3)
    assert third.bytes_of(RELEASES) == new.bytes_of(RELEASES)


async def test_the_gate_knows_every_chain_and_each_agency_its_head(tmp_path: Path) -> None:
    old, new = await old_exchange(), MemoryCluster("new", 2)
    await old.archived(tmp_path)
    await new.restored(tmp_path)
    registry = await read_registry(new.log)
    for number in range(2):
        step = GateStep(number, registry)
        for record in new.records(GATE_STATE, number):
            step.restore(record.key or b"", record.value)
        step.restored()
        for source, position in step.positions().items():
            assert not position, source
        for agency, lane in step.agencies.items():
            chain = old.chains[agency]
            assert (lane.state.head.sequence, lane.state.head.digest) == (len(chain.values), chain.previous)
            assert lane.state.digests.is_retracted(3)
            [receipt] = new.records(receipts_of(agency))
            assert decode_receipt(receipt.value or b"").head == lane.state.head


# Refused, with nothing written


def flip(path: Path, place: int) -> None:
    octets = bytearray(path.read_bytes())
    octets[place] ^= 1
    path.write_bytes(octets)


def of(directory: Path, topic: str) -> list[Path]:
    manifest = read_manifest(directory)
    assert manifest is not None
    return [directory / one.file for one in manifest.of(topic)]


def flipped_event(directory: Path) -> None:
    flip(of(directory, EVENTS)[0], -40)


def flipped_draw(directory: Path) -> None:
    flip(of(directory, DRAWS)[0], 700)


def missing(directory: Path) -> None:
    of(directory, EVENTS)[1].unlink()


def swapped(directory: Path) -> None:
    one, other, *_ = of(directory, EVENTS)
    octets = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(octets)


def swapped_in_the_manifest(directory: Path) -> None:
    found = json.loads((directory / MANIFEST).read_bytes())
    one, other = [row for row in found["segments"] if row["topic"] == EVENTS][:2]
    one["file"], other["file"] = other["file"], one["file"]
    (directory / MANIFEST).write_text(json.dumps(found))


def flipped_manifest(directory: Path) -> None:
    text = (directory / MANIFEST).read_text()
    (directory / MANIFEST).write_text(text.replace('"records": 35', '"records": 34'))


def cut_short(directory: Path) -> None:
    path = of(directory, EVENTS)[0]
    path.write_bytes(path.read_bytes()[:-20])


DAMAGE = (flipped_event, flipped_draw, missing, swapped, swapped_in_the_manifest, flipped_manifest, cut_short)


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda one: one.__name__)
async def test_a_damaged_archive_is_refused_before_anything_is_written(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    old, new = await old_exchange(), MemoryCluster("new", 2)
    await old.archived(tmp_path)
    damage(tmp_path)
    with pytest.raises(ArchiveDamaged, match=r"is missing|does not have its digest"):
        await new.restored(tmp_path)
    assert not new.broker.logs


async def test_a_file_of_another_archive_is_refused_although_its_own_digests_are_right(tmp_path: Path) -> None:
    """Two whole archives of one exchange, mixed, with a manifest whose digest was made anew."""
    old = await old_exchange()
    first = (await old.archived(tmp_path / "one")).manifest
    later = await MemoryCluster("old", 3).founded()
    await later.send(9)
    await later.close(JANUARY)
    other = (await later.archived(tmp_path / "two")).manifest
    [mine, *_], [its, *_] = first.of(EVENTS), other.of(EVENTS)
    (tmp_path / "one" / its.file).write_bytes((tmp_path / "two" / its.file).read_bytes())
    mixed = type(first)(
        first.exchange,
        first.cluster,
        first.partitions,
        first.at_ms,
        tuple(its if one == mine else one for one in first.segments),
    )
    (tmp_path / "one" / MANIFEST).write_bytes(mixed.encoded())
    with pytest.raises(ArchiveDamaged, match="ledger and events differ about 2026-01"):
        await MemoryCluster("new", 2).restored(tmp_path / "one")


async def test_a_directory_without_an_archive_is_refused(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoArchive):
            await MemoryCluster("new", 2).restored(directory)


@pytest.mark.parametrize("topic", [EVENTS, "pulse", "inbox.harbor-light", GATE_STATE])
async def test_a_cluster_that_holds_any_record_of_an_exchange_is_refused_by_name(tmp_path: Path, topic: str) -> None:
    await (await old_exchange()).archived(tmp_path)
    new = MemoryCluster("new", 2)
    await new.admin.create(exchange_topics(partitions=2, replication=1, agencies=CODES))
    new.broker.append(Partition(topic, 0), (b"key", b"value"))
    with pytest.raises(ClusterNotEmpty, match=f"hold records: {topic}"):
        await new.restored(tmp_path)
    assert not new.records(DRAWS)


async def test_empty_topics_are_used_if_they_have_the_wanted_number_of_partitions(tmp_path: Path) -> None:
    await (await old_exchange()).archived(tmp_path)
    new = MemoryCluster("new", 2)
    await new.admin.create(exchange_topics(partitions=4, replication=1))
    with pytest.raises(PartitionsDiffer):
        await new.restored(tmp_path)
    new.partitions = 4
    assert (await new.restored(tmp_path)).epochs == 2


def cut_off(whole):
    """Ctrl-C after the events were copied."""

    async def copy(self: EventCopy, archive: object) -> None:
        await whole(self, archive)
        raise KeyboardInterrupt

    return copy


async def test_an_interrupted_second_move_is_noticed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger that is copied holds the end of the first move."""
    old, new, third = await old_exchange(), MemoryCluster("new", 2), MemoryCluster("third", 2)
    await old.archived(tmp_path / "one")
    await new.restored(tmp_path / "one")
    await new.archived(tmp_path / "two")
    with monkeypatch.context() as patched:
        patched.setattr(EventCopy, "copy", cut_off(EventCopy.copy))
        with pytest.raises(KeyboardInterrupt):
            await third.restored(tmp_path / "two")
    with pytest.raises(RestoreInterrupted):
        await third.restored(tmp_path / "two")
    await third.restored(tmp_path / "two", again=True)
    check_cluster(await third.closed(), "third")


async def test_an_interrupted_restore_is_noticed_and_begun_again_only_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = await old_exchange(), MemoryCluster("new", 2)
    await old.archived(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(EventCopy, "copy", cut_off(EventCopy.copy))
        with pytest.raises(KeyboardInterrupt):
            await new.restored(tmp_path)
    assert not new.records(AGENCIES)
    with pytest.raises(RestoreUnfinished):
        await new.close(JANUARY + 2)
    with pytest.raises(RestoreInterrupted, match="exchange restore --again"):
        await new.restored(tmp_path)
    await new.restored(tmp_path, again=True)
    assert new.bytes_of(RELEASES) == old.bytes_of(RELEASES)
    with pytest.raises(ClusterNotEmpty):  # a restore that has ended is an exchange, also for --again
        await new.restored(tmp_path, again=True)


async def test_a_program_that_writes_meanwhile_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = await old_exchange(), MemoryCluster("new", 2)
    await old.archived(tmp_path)
    whole = EventCopy.copy

    async def disturbed(self: EventCopy, archive: object) -> object:
        new.broker.append(Partition(EVENTS, 0), (b"harbor-light", b"foreign"))
        return await whole(self, archive)  # type: ignore[arg-type]

    monkeypatch.setattr(EventCopy, "copy", disturbed)
    with pytest.raises(RestoreFailed, match="events-0 ends at"):
        await new.restored(tmp_path)
    assert (await new.closed()).restoring == {"new"}


async def test_gaps_in_the_offsets_of_commands_are_kept(tmp_path: Path) -> None:
    """The ledger names commands by offset; a transaction's marker took one."""
    old, new = await MemoryCluster("old", 2).founded(), MemoryCluster("new", 2)
    await old.send(3)
    writer = await old.log.writer("somebody")
    await writer.begin()
    await (await writer.send(Partition(EPOCHS, 0), [(None, b"no command")]))
    await writer.abort()
    await (await old.log.writer("somebody")).close()
    await old.close(JANUARY, JANUARY + 1)
    await old.archived(tmp_path)
    await new.restored(tmp_path)
    state = (await DrawsFollower(await new.log.reader()).catch_up()).commands
    offsets = [one.offset for one in new.records(EPOCHS) if one.value is not None]
    assert offsets == sorted(state) == [one.offset for one in old.records(EPOCHS)]
    await new.close(JANUARY + 2)
    assert (await new.closed()).last_epoch == JANUARY + 2
