"""A draw task has the same result in the process that it is handed to as where it was made.

Every kind of table is due in some month of this year, and every kind of month is closed: one
between quarters, one after a quarter, a January; a table's first epoch, and later ones.
"""

from collections.abc import Iterator

import pytest

from consumers.release.draw_task import Drawn, Report, carry_out
from exchange.core.admission.gate import Registration
from exchange.core.model import vocabulary as v
from exchange.core.model.epochs import epoch_of, quarter_of_epoch
from exchange.core.model.events import Heartbeat
from exchange.core.model.period import period_text, quarter_before
from exchange.core.model.vocabulary import LegalClass
from exchange.core.release import disclosure
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.closing import DrawTask
from exchange.core.release.disclosure import AGENCY_RELEASES
from exchange.core.release.released import Release
from exchange.core.release.tiers import is_due
from exchange.engine.log import Partition
from exchange.wire.public_records import decode_release
from exchange.wire.records import encode_registration
from exchange.wire.topics import AGENCIES
from tests.kits.agency_reports import FUNDED_ONCE, reports
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.draw_world import event
from tests.simulation.world.closing_world import ONE, ClosingWorld, DrawHere, Numbered, handed_over

MONTHS = range(epoch_of(2026, 2), epoch_of(2027, 1) + 1)
BEAT = Heartbeat(v.Scheduled.yes, v.ReportingMinutes.minutes_16_30, 1, bytes(64))
NAMES = ("harbor-light", "new-door", "north-star", "safe-passage")


class DrawTwice(DrawHere):
    """Draws a task both as it was made and as it was handed over."""

    async def draw(self, task: DrawTask, report: Report) -> Drawn:
        made, handed = [await carry_out(self.log, one, Numbered(), report) for one in (task, handed_over(task))]
        assert made == handed
        return made


@pytest.fixture
def world() -> Iterator[ClosingWorld]:
    world = ClosingWorld(drawer=DrawTwice)
    yield world
    world.end()


def live_through(world: ClosingWorld) -> list[Release]:
    """Close every month; four agencies report the same in each quarter."""
    for name in NAMES:
        registration = Registration(name, LegalClass.individual, False, 0, ())
        world.append(Partition(AGENCIES, 0), encode_registration(registration), key=name.encode())
    for month in MONTHS:
        if is_due(DECLARED["reporting"].tier, month):
            for name in NAMES:
                said = (
                    event(body, 0, period_text(quarter_before(quarter_of_epoch(month)))) for body in (*reports(), BEAT)
                )
                world.send(*said, agency=name)
                world.send(ONE, agency=name)
        world.close(month)
        process = world.worker()
        world.run(20)
        world.world.kill(process)
    assert not world.ended
    return [decode_release(part.value) for part in world.settled().parts]


def test_a_task_that_was_handed_over_is_drawn_as_where_it_was_made(world: ClosingWorld) -> None:
    drawn = live_through(world)
    assert {one.table for one in drawn} == set(DECLARED)
    assert {one.epoch for one in drawn} == set(MONTHS)
    quarters = {one.epoch for one in drawn if not one.clients}
    assert [(one.table, one.epoch) for one in drawn if not one.clients] == [
        (one.name, epoch) for epoch in sorted(quarters) for one in AGENCY_RELEASES
    ]


def test_tables_that_are_compared_by_identity_are_noticed(world: ClosingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    by_identity = BrokenRule(
        disclosure, "contributors", "cell.table.name == declared.name", "cell.table is declared.table"
    )
    break_rule(monkeypatch, by_identity)
    with pytest.raises(AssertionError):
        live_through(world)


def test_every_agency_table_shows_something_in_every_quarter(world: ClosingWorld) -> None:
    empty = {
        (one.table, one.epoch)
        for one in live_through(world)
        if not one.clients and not any(n for n in one.of(one.periods[0]))
    }
    assert {table for table, _ in empty} == {FUNDED_ONCE}
