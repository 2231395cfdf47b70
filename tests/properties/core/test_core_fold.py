"""Counting is a sum over any split, in any order, less retractions; its digest reveals damage."""

from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.counting.cells import increments
from exchange.core.counting.counts import Counts, fold, merge
from exchange.core.counting.tables import TABLES
from exchange.core.errors import StateDamaged
from exchange.core.model.events import Correction, Event, Heartbeat
from tests.kits.strategies import events

SENT = st.lists(st.tuples(st.sampled_from(["harbor-light", "north-star", "open-door"]), events), max_size=12)
Sent = list[tuple[str, Event]]


def nonzero(counts: dict[bytes, int]) -> dict[bytes, int]:
    return {cell: n for cell, n in counts.items() if n}


def summed(cells: dict[bytes, int]) -> int:
    """The digest by its definition."""
    return sum(n * int.from_bytes(sha256(cell).digest(), "big") for cell, n in cells.items()) % 2**256


def corrected(agency: str, event: Event) -> tuple[str, Event] | None:
    if isinstance(event.body, Correction | Heartbeat):
        return None
    body = Correction(event.sequence, event.previous, event.period, event.state, event.cap, event.body)
    return agency, Event(event.sequence + 1, bytes(32), event.period, event.state, 0, body)


@given(a=SENT, b=SENT)
def test_the_fold_of_two_parts_is_the_sum_of_their_folds(a: Sent, b: Sent) -> None:
    assert fold(a + b) == nonzero(merge([*fold(a).items(), *fold(b).items()]))


@given(sent=SENT, shuffled=st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(sent: Sent, shuffled: Random) -> None:
    other = list(sent)
    shuffled.shuffle(other)
    assert fold(other) == fold(sent)


@given(sent=SENT)
def test_what_is_corrected_is_as_if_it_had_never_been_sent(sent: Sent) -> None:
    retractable = [(pair, back) for pair in sent if (back := corrected(*pair))]
    assert fold([e for pair, back in retractable for e in (pair, back)]) == {}
    kept = [pair for pair in sent if corrected(*pair) is None]
    assert fold([*sent, *(back for _, back in retractable)]) == fold(kept)


@given(sent=SENT)
def test_an_event_counts_once_in_each_table_of_its_body_and_never_where_a_field_does_not_apply(sent: Sent) -> None:
    for agency, event in sent:
        if isinstance(event.body, Correction) or hasattr(event.body, "counts"):
            continue
        expected = set()
        for table in TABLES:
            if table.body is type(event.body):
                fields = [str(getattr(event.body, d.field)) for d in table.dimensions]
                n = getattr(event.body, table.measure) if table.measure else 1
                if n and "not_applicable" not in fields:
                    expected.add((table.name, n))
        assert {(cell.split(b"|")[0].decode(), n) for cell, n in increments(agency, event)} == expected
        assert len(increments(agency, event)) == len(expected)


@given(sent=SENT, cuts=st.lists(st.integers(0, 12), max_size=3))
def test_counts_kept_batch_by_batch_are_the_fold_and_so_is_their_digest(sent: Sent, cuts: list[int]) -> None:
    counts = Counts()
    bounds = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    for start, end in pairwise(bounds):
        counts.add_cells(inc for agency, event in sent[start:end] for inc in increments(agency, event))
        assert counts.cells() == fold(sent[:end])
        assert counts.digest == summed(counts.cells())


@given(sent=SENT)
def test_a_change_reports_each_changed_cell_with_its_new_count(sent: Sent) -> None:
    counts, told = Counts(), dict[bytes, int]()
    for agency, event in sent:
        changed = increments(agency, event)
        counts.add_cells(changed)
        told.update(counts.at([counts.slots(cell for cell, _ in changed)]))
    assert nonzero(told) == counts.cells()


@given(sent=SENT)
def test_a_snapshot_put_back_in_any_order_has_the_same_digest_and_cells(sent: Sent) -> None:
    counts, restored = Counts(), Counts()
    counts.add_cells(inc for agency, event in sent for inc in increments(agency, event))
    for cell in sorted(counts.cells(), reverse=True):
        restored.put({cell: 99})
        restored.put({cell: counts.cells()[cell]})
    restored.put({b"cases|2026Q1|ca": 0, b"cases|2026Q1|ny": 7})
    restored.put({cell: counts.cells().get(cell, 0) for cell in (b"cases|2026Q1|ca", b"cases|2026Q1|ny")})
    restored.check(counts.digest)
    assert restored.cells() == counts.cells()
    assert restored.digest == counts.digest


def lost(cells: dict[bytes, int]) -> None:
    cells.popitem()


def one_more(cells: dict[bytes, int]) -> None:
    cells[min(cells)] += 1


def swapped(cells: dict[bytes, int]) -> None:
    first, last = min(cells), max(cells)
    cells[first], cells[last] = cells[last], cells[first]


def moved(cells: dict[bytes, int]) -> None:
    cells[b"cases|2026Q2|ca"] = cells.pop(min(cells))


@pytest.mark.parametrize("damage", [lost, one_more, swapped, moved])
def test_damage_to_a_snapshot_is_detected(damage: Callable[[dict[bytes, int]], None]) -> None:
    counts = Counts()
    counts.add_cells([(b"cases|2026Q1|ca", 3), (b"cases|2026Q1|ny", 5)])
    damaged = counts.cells()
    damage(damaged)
    restored = Counts()
    restored.put(damaged)
    with pytest.raises(StateDamaged):
        restored.check(counts.digest)


CELLS = st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=10)


@given(first=CELLS, then=CELLS)
def test_a_cell_keeps_its_slot(first: list[bytes], then: list[bytes]) -> None:
    counts = Counts()
    slots = dict(zip(first, counts.slots(first).tolist(), strict=True))
    assert counts.slots(first).tolist() == [slots[cell] for cell in first]
    slots.update(zip(then, counts.slots(then).tolist(), strict=True))
    assert counts.slots(first + then).tolist() == [slots[cell] for cell in first + then]
    assert len(set(slots.values())) == len(slots)
    assert counts.cells() == {}
    assert counts.digest == 0


@given(added=st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.integers(-(2**40), 2**40)), max_size=8))
def test_the_digest_is_exact_for_increments_of_any_size(added: list[tuple[bytes, int]]) -> None:
    """Dollars run to 2³², and a limb of a hash times their sum past 64 bits."""
    counts = Counts()
    counts.add_cells(added)
    assert counts.cells() == nonzero(merge(added))
    assert counts.digest == summed(counts.cells())
