"""Sums, added and subtracted, are about one or two agencies iff an independent check agrees."""

import inspect
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchange.core.release import singling_out
from exchange.core.release.singling_out import span_of
from tests.kits.sizes import examples

NAMES = "abcdefg"
sums = st.lists(st.sets(st.sampled_from(NAMES)), max_size=7)


def about_few(rows: list[set[str]]) -> bool:
    """By ranks: some sum of one agency, or of two with any weights, leaves the rows' span as it is.

    With weights for i and j there is one such sum just when the rows, without the columns of i and
    j, lose less than two ranks.
    """
    matrix = np.array([[name in row for name in NAMES] for row in rows], float).reshape(-1, len(NAMES))
    whole = np.linalg.matrix_rank(matrix) if len(rows) else 0
    for few in combinations(range(len(NAMES)), 2):
        rest = np.delete(matrix, few, axis=1)
        if len(rows) and np.linalg.matrix_rank(rest) < whole:
            return True
    return False


@given(sums)
@example([set("abcf"), set("def"), set("abcde")])
@example([set("abc"), set("abcd")])
@example([set("abc"), set("abcde")])
@example([set("ab")])
@settings(max_examples=examples(300))
def test_what_is_singled_out_is_what_loses_rank(rows: list[set[str]]) -> None:
    assert span_of(rows).singles_out() == about_few(rows)


@given(sums, st.randoms(use_true_random=False))
def test_order_and_repetition_of_sums_decide_nothing(rows: list[set[str]], random: object) -> None:
    shuffled = [*rows, *rows[:2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert span_of(rows).singles_out() == span_of(shuffled).singles_out()


@given(sums, st.sets(st.sampled_from(NAMES), min_size=1))
def test_one_more_sum_is_as_if_it_had_been_there_and_never_hides(rows: list[set[str]], one: set[str]) -> None:
    before = span_of(rows, one)
    assert before.having(one).singles_out() == span_of([*rows, one]).singles_out()
    assert before.having(one).singles_out() or not before.singles_out()


@pytest.mark.parametrize("names", ["", "a", "ab"])
def test_a_sum_of_few_is_about_them_and_none_is_about_nobody(names: str) -> None:
    assert span_of([set(names)]).singles_out() is bool(names)


TRIPLES = list(combinations([set(names) for n in (3, 4, 5) for names in combinations("abcdef", n)], 3))[::12]
MUTANTS = {
    "directions that are not scaled": (
        "direction = _led_by_one(row, int(places[0])).tobytes()",
        "direction = row.tobytes()",
    ),
    "one agency alone": (" or direction in seen", ""),
    "two agencies alone": ("not direction or ", "direction and "),
    "one row not cleared": ("rows = (self.rows - np.outer(self.rows[:, new], row)) % PRIME", "rows = self.rows"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_span_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def law() -> bool:
        return all(span_of(rows).singles_out() == about_few(list(rows)) for rows in TRIPLES)

    assert law()
    rule, broken = MUTANTS[name]
    source = inspect.getsource(singling_out)
    assert source.count(rule) == 1
    made: dict[str, object] = {"__name__": singling_out.__name__}
    exec(source.replace(rule, broken), made)
    monkeypatch.setitem(globals(), "span_of", made["span_of"])
    assert not law()
