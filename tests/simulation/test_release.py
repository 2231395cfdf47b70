"""Closing epochs, by release lane and publisher: a command leads to one draw or costs nothing.

A refused command spends nothing. Kills and storms are in `test_release_kills.py`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest

from consumers.release.draw_task import VERSIONS
from consumers.release.release_lane import ReleaseLane
from exchange.core.admission.gate import Registration, Status
from exchange.core.model.epochs import ends_ms
from exchange.core.model.events import Event
from exchange.core.model.vocabulary import LegalClass
from exchange.core.release.agency_tables import Heard, PastEpochs, agency_releases
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.cuts import Cut
from exchange.core.release.disclosure import AGENCY_RELEASES
from exchange.engine.log import Partition
from exchange.wire.public_records import decode_release
from exchange.wire.records import encode_registration
from exchange.wire.release_records import RELEASE_PART
from exchange.wire.topics import AGENCIES, EVENTS, RELEASES
from tests.kits.caps_kit.histories import in_row
from tests.kits.draw_world import correcting, event
from tests.simulation.world.closing_world import (
    NOW_MS,
    OF_DRAWS,
    OF_EPOCHS,
    ONE,
    PARTITIONS,
    START,
    ClosingWorld,
    prepared,
)
from tests.unit.release.test_draw import FOOD
from tests.unit.release.test_reporting import PACIFIC, beat, profile

MARCH, APRIL, MAY = START + 1, START + 2, START + 3
CASES = TABLE_COSTS["cases"]
CASE = event(in_row(CASES.row, CASES.rule, 0))


@pytest.fixture
def world() -> Iterator[ClosingWorld]:
    world = ClosingWorld()
    yield world
    world.end()


# What a command leads to


def test_a_closed_epoch_is_drawn_recorded_and_published(world: ClosingWorld) -> None:
    world.send(ONE, ONE, partition=1)
    world.close(START, MARCH, APRIL)
    world.worker()
    world.run(30)
    closings = world.settled()
    assert closings.closed.last_epoch == APRIL
    assert closings.closed.last_cut == Cut((("agency-of-1", 2),), (0, 2), world.broker.cluster, (0, 2))
    assert {part.epoch for part in closings.parts} == {START, MARCH, APRIL}
    assert len(world.releases()) == len(closings.parts)


def test_every_reason_to_refuse_is_named_and_spends_nothing(world: ClosingWorld) -> None:
    world.send(ONE)
    world.close(MARCH)
    world.worker()
    world.run(10)
    spent = dict(world.closings().closed.ledger.accounts)
    world.close(MARCH, START, MAY)
    world.append(OF_EPOCHS, b"no command")
    world.run(10)
    world.now_ms = ends_ms(APRIL)  # earlier than the command before, and the month is not over either
    world.close(APRIL)
    world.run(10)
    world.now_ms = NOW_MS
    world.broker.delete(EVENTS)
    world.broker.create(EVENTS, PARTITIONS)
    world.close(APRIL)
    world.run(10)
    refused = ["EpochClosed", "EpochClosed", "EpochOutOfOrder", "CommandUnreadable", "ClockSetBack", "CutBehind"]
    assert list(world.outcomes().values()) == [str(MARCH), *refused]
    closed = world.closings().closed
    assert (closed.last_epoch, dict(closed.ledger.accounts), closed.last_cut.offsets) == (MARCH, spent, (1, 0))
    assert closed.at_ms == NOW_MS


def test_a_month_that_is_not_over_by_the_lanes_clock_is_refused_and_may_be_closed_later(world: ClosingWorld) -> None:
    world.now_ms = ends_ms(START)
    world.close(START)
    world.worker()
    world.run(10)
    world.now_ms += 1
    world.close(START)
    world.run(10)
    assert list(world.outcomes().values()) == ["EpochNotOver", str(START)]
    world.settled()


class Observed(ReleaseLane):
    """A lane that can be inspected from outside its worker."""

    last: ClassVar[ReleaseLane]

    async def run(self) -> None:
        type(self).last = self
        await super().run()


def reported_by(lane: type[Observed], world: ClosingWorld) -> tuple[int | None, str]:
    """The lane's present status: how many commands wait, and why the newest was refused."""
    said: list[tuple[int | None, str]] = []

    async def look() -> None:
        said.append((lane.last.progress.lag, lane.last.refused))

    world.world.process("looker").spawn(look())
    world.run(1)
    return said[-1]


def test_a_commit_that_becomes_readable_late_is_not_taken_for_a_command_that_waits() -> None:
    """Else the lane reports a waiting command for ever, looks stalled, and shows an old refusal."""
    world = ClosingWorld(lane=Observed, marker_delay_s=0.3)
    try:
        world.close(MARCH)
        world.worker()
        world.run(10)
        assert reported_by(Observed, world) == (0, "")
        world.close(START)
        world.run(10)
        assert reported_by(Observed, world) == (0, "EpochClosed")
        world.settled()
    finally:
        world.end()


def counts_of(world: ClosingWorld, table: str) -> dict[int, int]:
    """By epoch: the exact total of a table with one cell, or of one whose other cells are empty."""
    found = [decode_release(part.value) for part in world.settled().parts]
    numbers = {one.epoch: [n or 0 for n in one.of(one.periods[0])] for one in found if one.table == table}
    return {epoch: max(of) % 1000 for epoch, of in numbers.items()}


def test_what_comes_after_the_cut_is_in_no_release_but_arrivals_and_nothing_is_drawn_again(world: ClosingWorld) -> None:
    world.send(ONE)
    world.close(START, MARCH, APRIL)
    world.worker()
    world.run(30)
    before = [(part.key, part.value) for part in world.settled().parts]
    world.send(ONE, correcting(ONE), ONE)
    world.close(*range(MAY, MAY + 3))
    world.run(30)
    parts = [(part.key, part.value) for part in world.settled().parts]
    assert parts[: len(before)] == before
    assert counts_of(world, "needs_by_service") == {APRIL: 1, MAY + 2: 0}
    assert counts_of(world, "arrivals_needs") == {START: 1, MARCH: 0, APRIL: 0, MAY: 2, MAY + 1: 0, MAY + 2: 0}


def test_cases_too_late_are_those_between_the_cuts_of_two_quarters(world: ClosingWorld) -> None:
    world.send(CASE, CASE)
    world.close(START, MARCH, APRIL)
    world.worker()
    world.run(30)
    world.send(CASE, CASE, CASE, correcting(CASE))
    world.close(*range(MAY, MAY + 3))
    world.run(30)
    assert (counts_of(world, "cases"), counts_of(world, "cases_too_late")[MAY + 2]) == ({APRIL: 2, MAY + 2: 0}, 2)


def test_what_came_before_its_period_was_closed_waits_and_counts_once(world: ClosingWorld) -> None:
    """Months that are closed long after they ended share one cut, and no event is left out."""
    quarters = [event(FOOD, period=f"2026Q{number}") for number in (1, 2, 3)]
    world.send(*quarters, correcting(quarters[2]), quarters[2])
    world.close(*range(START, START + 9))
    world.worker()
    world.run(60)
    assert counts_of(world, "needs_by_service") == dict.fromkeys([APRIL, APRIL + 3, APRIL + 6], 1)


def test_a_record_that_cannot_be_counted_stops_the_lane_and_nothing_is_spent(world: ClosingWorld) -> None:
    world.append(Partition(EVENTS, 0), b"no event")
    world.close(START)
    world.worker()
    world.run(10)
    assert [str(error).split(":")[0] for error in world.ended] == ["events-0 offset 0"]
    assert not world.broker.committed(OF_DRAWS)


def test_agency_tables_are_those_of_their_rule_and_survive_a_new_worker(world: ClosingWorld) -> None:
    """Their history is read from the ledger; a second worker continues as the first would."""
    names = [f"agency-{n}" for n in range(8)]
    for name in names:
        registration = Registration(name, LegalClass.individual, False, 0, ())
        world.append(Partition(AGENCIES, 0), encode_registration(registration), key=name.encode())
    suspended = Registration(names[0], LegalClass.individual, False, 0, (), Status.SUSPENDED)
    world.append(Partition(AGENCIES, 0), encode_registration(suspended), key=names[0].encode())
    kept, so_far = PastEpochs(), list[tuple[str, Event]]()
    for quarter in range(2):
        epoch, arrived = APRIL + 3 * quarter, [profile(name, PACIFIC) for name in names] if not quarter else []
        arrived += [beat(name, period=f"2026Q{quarter + 1}") for name in names[:4]]
        for name, said in arrived:
            world.send(said, agency=name)
        so_far += arrived
        world.close(*range(epoch - 2, epoch + 1))
        process = world.worker()
        world.run(60)
        closings = world.settled()
        world.world.kill(process)
        heard = Heard(so_far, () if quarter else arrived)  # profiles came with the month before
        made = agency_releases(epoch, AGENCY_RELEASES, heard, names[1:], kept)
        kept = made.kept
        assert closings.closed.kept == kept
        found = {decode_release(part.value) for part in closings.parts if part.epoch == epoch}
        assert {replace(one, versions=VERSIONS) for one in made.releases} <= found
        [reporting] = [one for one in made.releases if one.table == "reporting"]
        assert reporting.counts == (3, 4)


def test_a_registration_that_was_emptied_registers_nobody_and_stops_nothing(world: ClosingWorld) -> None:
    registration = encode_registration(Registration("an-agency", LegalClass.individual, False, 0, ()))
    for value in (registration, None):
        world.broker.append(Partition(AGENCIES, 0), (b"an-agency", value))
    world.close(START, MARCH, APRIL)
    world.worker()
    world.run(30)
    assert not world.ended
    assert world.settled().closed.last_epoch == APRIL


@pytest.mark.parametrize("key", [b"\xff|release", b"cases|2026-13|release", b"cases|release", b"command|x|ledger", b""])
def test_a_foreign_record_among_the_draws_stops_closing_and_not_the_worker(world: ClosingWorld, key: bytes) -> None:
    world.append(OF_DRAWS, b"foreign", key=key)
    world.close(START)
    world.worker()
    world.run(10)
    assert world.halted() == dict.fromkeys(("release", "publisher"), "DrawsDamaged")
    assert not world.ended  # a worker goes on
    assert len(world.broker.committed(OF_DRAWS)) == 1


def test_a_log_that_was_cut_off_behind_the_last_cut_stops_closing_and_not_the_worker(world: ClosingWorld) -> None:
    prepared(world)
    world.run(10)
    world.settled()
    public = len(world.releases())
    world.send(ONE, ONE, ONE)
    world.broker.delete_before(Partition(EVENTS, 0), 4)
    world.close(MARCH)
    world.run(30)
    assert world.halted() == {"release": "PositionOutOfRange"}
    assert not world.ended
    assert len(world.releases()) == public


def test_a_second_draw_of_a_table_and_epoch_is_never_published(world: ClosingWorld) -> None:
    """From any writer: the first one is valid, and everybody who reads `draws` stops."""
    process = prepared(world)
    world.run(10)
    world.world.kill(process)
    first = world.settled().parts[0]
    public = len(world.releases())
    world.append(OF_DRAWS, first.value[:-1] + bytes([first.value[-1] ^ 1]), key=first.key + RELEASE_PART)
    world.close(MARCH)
    world.worker()
    world.run(30)
    assert world.halted() == dict.fromkeys(("release", "publisher"), "DrawsDamaged")
    assert len(world.releases()) == public


def test_draws_that_were_lost_are_not_drawn_again(world: ClosingWorld) -> None:
    """Every command is still in `epochs`: an empty `draws` would have all of them repeated."""
    process = prepared(world)
    world.run(10)
    world.world.kill(process)
    public = [(record.key, record.value) for record in world.settled() and world.releases()]
    calls = world.noise.calls
    world.broker.delete(OF_DRAWS.topic)
    world.broker.create(OF_DRAWS.topic)
    world.worker()
    world.run(30)
    halted = world.halted()
    assert halted.pop("release") == "DrawsDamaged"
    assert halted.pop("publisher") in ("PublishedDiffers", "LedgerBehind")  # whichever it looks at first
    assert not halted
    assert (world.noise.calls, world.broker.committed(OF_DRAWS)) == (calls, [])
    assert [(record.key, record.value) for record in world.releases()] == public


def test_a_foreign_transaction_on_releases_that_came_to_nothing_is_no_release(world: ClosingWorld) -> None:
    """Else its markers, beside empty `draws`, would stop the first closing for ever."""
    public = Partition(RELEASES, 0)
    somebody = world.broker.take_over("somebody")
    world.broker.add(somebody, public, timeout_s=5)
    world.broker.produce_in(somebody, 0, public, [(b"foreign", b"")])
    world.send(ONE, ONE)
    world.close(START)
    world.worker()
    world.run(60)
    assert not world.halted()
    assert world.broker.committed(OF_DRAWS)


def test_releases_that_were_deleted_in_place_beside_empty_draws_count_as_published(world: ClosingWorld) -> None:
    process = prepared(world)
    world.run(10)
    world.world.kill(process)
    calls = world.noise.calls
    world.broker.delete_before(Partition(RELEASES, 0), world.broker.end_of(Partition(RELEASES, 0)))
    world.broker.delete(OF_DRAWS.topic)
    world.broker.create(OF_DRAWS.topic)
    world.worker()
    world.run(30)
    assert world.halted()["release"] == "DrawsDamaged"
    assert world.noise.calls == calls
