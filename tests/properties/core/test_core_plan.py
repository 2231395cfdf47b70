"""The compiled plan counts slices of bytes exactly as decoding and `increments` count events."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.counting.columnar import REMEMBERED, ColumnPlan
from exchange.core.counting.counts import Counts, fold
from exchange.core.errors import CannotCount
from exchange.core.model.events import BODIES, Body, Event, NeedIdentified
from exchange.core.model.period import FIRST
from exchange.core.model.vocabulary import Service, UsState
from exchange.trial.sample import chained_values, sample_exchange
from exchange.wire.codec import EventUnreadable, decode, encode
from tests.kits.sizes import examples
from tests.kits.strategies import agencies, events, of, periods, states

KEYS = st.sampled_from(["harbor-light", "north-star", "open-door"])
VALUE = encode(Event(1, bytes(32), FIRST, UsState.ca, 63, NeedIdentified(Service.housing)))


class Counting:
    """A plan, and what it has counted since it was asked."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._counts = Counts()
        self._plan = ColumnPlan(self._counts.slots, remembered=remembered)

    def count(self, keys: list[bytes], values: list[bytes]) -> dict[bytes, int]:
        before = self._counts.cells()
        self._counts.add(*self._plan.count(keys, values, decode))
        after = self._counts.cells()
        changes = {cell: after.get(cell, 0) - before.get(cell, 0) for cell in {**before, **after}}
        return {cell: n for cell, n in changes.items() if n}


def counted(sent: list[tuple[str, Event]], counting: Counting | None = None) -> dict[bytes, int]:
    counting = counting or Counting()
    return counting.count([agency.encode() for agency, _ in sent], [encode(event) for _, event in sent])


@pytest.mark.parametrize("body", BODIES)
@settings(max_examples=examples(25))
@given(data=st.data())
def test_a_body_counts_by_slices_as_it_does_decoded(body: type[Body], data: st.DataObject) -> None:
    one = st.builds(
        Event,
        st.integers(0, 2**64 - 1),
        st.binary(min_size=32, max_size=32),
        periods,
        states,
        st.integers(0, 63),
        of(body),
    )
    sent = data.draw(st.lists(st.tuples(agencies, one), min_size=1, max_size=4))
    assert counted(sent) == fold(sent)


COUNTING = Counting()


@given(sent=st.lists(st.tuples(KEYS, events), max_size=15))
@settings(max_examples=examples(60))
def test_a_plan_that_has_seen_much_counts_any_mixture_as_a_new_one_does(sent: list[tuple[str, Event]]) -> None:
    assert counted(sent, COUNTING) == fold(sent)


FORGETFUL = Counting(remembered=3)


@given(sent=st.lists(st.tuples(KEYS, events), max_size=15))
@settings(max_examples=examples(60))
def test_a_plan_that_forgets_what_it_has_seen_counts_the_same(sent: list[tuple[str, Event]]) -> None:
    assert counted(sent, FORGETFUL) == fold(sent)


def test_a_whole_sample_is_counted_the_same_on_both_ways() -> None:
    exchange = sample_exchange(3, agencies=6, events=6_000)
    keys, values = [], []
    for agency in exchange.agencies:
        for value in chained_values(agency.code, agency.sent()):
            keys.append(agency.code.encode())
            values.append(value)
    by_slices = Counts()
    plan = ColumnPlan(by_slices.slots, remembered=40)
    for start in range(0, len(keys), 700):
        by_slices.add(*plan.count(keys[start : start + 700], values[start : start + 700], decode))
    decoded = fold((key.decode(), decode(value)) for key, value in zip(keys, values, strict=True))
    assert by_slices.cells() == decoded == exchange.truth()


NO_GATE_ADMITS = {
    "a period out of range": VALUE[:45] + b"\x80\x00" + VALUE[47:],
    "a negative period": VALUE[:45] + b"\x81\x08" + VALUE[47:],
    "a period of three bytes": VALUE[:45] + b"\xff\xff" + VALUE[47:],
    "a negative state": VALUE[:47] + b"\x03" + VALUE[48:],
    "a state of two bytes": VALUE[:47] + b"\x80" + VALUE[48:],
    "a state past the last": VALUE[:47] + b"\x7e" + VALUE[48:],
    "a negative code": VALUE[:-1] + b"\x01",
    "a code of two bytes": VALUE[:-1] + b"\x80",
    "a code past the last": VALUE[:-1] + b"\x7e",
    "a body past the last": VALUE[:49] + b"\x7e" + VALUE[50:],
    "a record without a body": VALUE[:49],
    "nothing": b"",
}


@pytest.mark.parametrize("what", NO_GATE_ADMITS)
def test_bytes_that_no_gate_admits_stop_the_count_with_a_named_error(what: str) -> None:
    good = [VALUE] * 3
    counting = Counting()
    assert counting.count([b"north-star"] * 3, good)
    with pytest.raises((CannotCount, EventUnreadable)):
        counting.count([b"north-star"] * 4, [*good, NO_GATE_ADMITS[what]])


def test_a_record_of_another_length_than_its_kind_is_decoded_with_all_that_came_with_it() -> None:
    """As of a later schema, whose bodies have one field more."""
    counted = Counting().count([b"north-star"] * 2, [VALUE, VALUE + b"\x00"])
    assert counted == {cell: 2 * n for cell, n in fold([("north-star", decode(VALUE))]).items()}
