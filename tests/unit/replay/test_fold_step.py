"""The fold as a lane's step: bytes in, cells out.

What was written restores to the same step, at every point.
"""

from collections.abc import Sequence

import pytest

from consumers.counting.fold_step import FoldStep
from exchange.core.counting.counts import fold
from exchange.core.counting.generation import GENERATION
from exchange.core.errors import StateDamaged
from exchange.core.model import vocabulary as v
from exchange.core.model.event_layout import HEAD
from exchange.core.model.events import ALL_CAPS, Correction
from exchange.engine.log import Partition
from exchange.wire.codec import decode
from exchange.wire.records import decode_position
from exchange.wire.topics import EVENTS, POSITION_KEY, aggregates_of
from tests.kits.step_world import FOOD, HARBOR, NEED, Q1, Agency, Rec


@pytest.fixture
def harbor() -> Agency:
    return Agency(HARBOR)


def folded(step: FoldStep, values: Sequence[bytes], offset: int = 0) -> dict[bytes, bytes | None]:
    records = [Rec(HARBOR.encode(), value, offset + n) for n, value in enumerate(values)]
    step.apply({Partition(EVENTS, 0): records})
    outcome = step.outcome()
    ((partition, pairs),) = outcome.outputs
    assert partition == Partition(aggregates_of(GENERATION), 0)
    assert pairs[-1][0] == POSITION_KEY, "the position goes last"
    return dict(pairs)


def test_a_fold_restored_from_what_it_wrote_goes_on_the_same(harbor: Agency) -> None:
    steady, state, values = FoldStep(0), {}, [harbor.say(body).value or b"" for body in (NEED, FOOD, NEED, FOOD, FOOD)]
    for offset, value in enumerate(values):
        restarted = FoldStep(0)
        for key, count in state.items():
            restarted.restore(key, count)
        restarted.restored()
        assert restarted.positions() == {Partition(EVENTS, 0): offset}
        written = folded(restarted, [value], offset)
        assert written == folded(steady, [value], offset)
        state.update(written)
    assert decode_position(state[POSITION_KEY] or b"").events == 5
    cells = {key: int(count or 0) for key, count in state.items() if key != POSITION_KEY}
    assert cells == fold((HARBOR, decode(value)) for value in values)


def test_a_correction_takes_its_cells_away_and_leaves_tombstones(harbor: Agency) -> None:
    step, first = FoldStep(0), harbor.say(NEED).value or b""
    state = folded(step, [first])
    original = decode(first)
    correction = Correction(1, original.previous, Q1, v.UsState.ca, ALL_CAPS, NEED)
    state.update(folded(step, [harbor.say(correction).value or b""], 1))
    assert all(value is None for key, value in state.items() if key != POSITION_KEY)


def test_one_changed_count_is_noticed_at_the_next_start(harbor: Agency) -> None:
    state = folded(FoldStep(0), [harbor.say(NEED).value or b""])
    step = FoldStep(0)
    for key, value in state.items():
        step.restore(key, b"2" if key == b"needs_by_service|2026Q1|ca|housing" else value)
    with pytest.raises(StateDamaged):
        step.restored()


def test_bytes_that_are_no_event_stop_the_fold_at_their_offset(harbor: Agency) -> None:
    from exchange.engine.errors import CannotApply

    good = harbor.say(NEED).value or b""
    with pytest.raises(CannotApply, match="events-0 offset 1"):
        folded(FoldStep(0), [good, good[:HEAD] + b"\xff" * 6])


def test_several_batches_before_one_outcome_write_each_cell_once(harbor: Agency) -> None:
    values = [harbor.say(body).value or b"" for body in (NEED, FOOD, NEED)]
    apart, together, state = FoldStep(0), FoldStep(0), {}
    for offset, value in enumerate(values):
        state.update(folded(apart, [value], offset))
    for offset, value in enumerate(values[:-1]):
        together.apply({Partition(EVENTS, 0): [Rec(HARBOR.encode(), value, offset)]})
    assert folded(together, values[-1:], 2) == state
    assert together.outcome().outputs == []
