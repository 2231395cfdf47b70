"""Usable cells are fixed before the draw by noise and public sizes, and by nothing drawn."""

import inspect
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.metrics import usability as module
from exchange.core.metrics.usability import EXPECTED_MIN, POPULATION, by_population, is_usable, usable_cells
from exchange.core.model.vocabulary import DIVISION, UsState
from exchange.core.release.budget import TABLE_COSTS

sizes = st.integers(0, 100_000)
variances = st.fractions(Fraction(1, 256), Fraction(10**6))


@given(sizes, sizes, variances, variances)
def test_more_people_and_less_noise_never_make_a_cell_less_usable(
    n: int, m: int, variance: Fraction, other: Fraction
) -> None:
    if is_usable(min(n, m), max(variance, other)):
        assert is_usable(max(n, m), min(variance, other))


@given(sizes, variances)
def test_a_usable_figure_has_noise_of_at_most_thirty_percent(n: int, variance: Fraction) -> None:
    relative = variance / Fraction(n) ** 2 if n else None
    assert is_usable(n, variance) == (n >= EXPECTED_MIN and relative is not None and relative <= Fraction(9, 100))


def test_both_bounds_are_included() -> None:
    assert is_usable(100, Fraction(900))
    assert not is_usable(100, Fraction(900) + Fraction(1, 16))
    assert is_usable(EXPECTED_MIN, Fraction(1))
    assert not is_usable(EXPECTED_MIN - 1, Fraction(1, 16))


def test_no_function_of_the_rule_can_see_an_estimate() -> None:
    assert list(inspect.signature(usable_cells).parameters) == ["sizes", "variance"]
    assert list(inspect.signature(is_usable).parameters) == ["expected", "variance"]
    assert not hasattr(module, "Release")


def test_states_share_a_national_figure_by_their_people_and_nothing_is_lost() -> None:
    shares = by_population(13_631)
    assert sum(shares.values()) == 13_631
    assert shares[UsState.ca] == max(shares.values())
    assert set(shares) == set(POPULATION)
    assert UsState.not_known not in shares


def test_a_cell_without_a_size_is_not_usable() -> None:
    assert usable_cells({"ca": 1000, "wy": 12, "not_known": 0}, Fraction(22**2)) == {"ca"}


@pytest.mark.parametrize(("clients", "states"), [(8_000, range(25, 45)), (13_631, range(30, 50))])
def test_state_figures_are_usable_where_most_people_live_and_all_divisions_are(clients: int, states: range) -> None:
    variance = TABLE_COSTS["state_cases"].variance
    found = usable_cells(by_population(clients), variance)
    assert len(found) in states
    divisions = {DIVISION[state] for state in POPULATION} - {"territory"}
    for division in divisions:
        inside = [state for state in POPULATION if DIVISION[state] == division]
        assert is_usable(sum(by_population(clients)[state] for state in inside), len(inside) * variance), division


@pytest.mark.parametrize("variance", [0, -1])
def test_there_is_no_figure_about_clients_without_noise(variance: int) -> None:
    with pytest.raises(ValueError, match="noise"):
        is_usable(100, variance)
