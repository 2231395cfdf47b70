"""Attacks on what has no noise: agency tables, other clients, digests, identifiers in inputs."""

from fractions import Fraction

import pytest

from exchange.core.model.chain import digest_of
from exchange.core.model.events import CapacityReported
from exchange.core.model.vocabulary import Service
from exchange.core.release import disclosure
from exchange.trial.attack.attack_runs import FOUND_BY
from exchange.trial.attack.attacks import digests, margins, others, planted, programs
from exchange.trial.attack.attacks.programs import Equation, UnknownAmount, World
from exchange.trial.attack.weakened_noise import Setting
from exchange.wire.codec import decode, encode

# Linear programs


@pytest.mark.parametrize("insiders", [0, 1])
def test_agency_tables_fall_where_only_the_number_of_agencies_counts_and_ours_do_not(insiders: int) -> None:
    parts = {Setting.NAIVE: [programs.attacked(1, 3, insiders, naive=True)]}
    parts[Setting.OURS] = [programs.attacked(1, 6, insiders, naive=False)]
    row = programs.outcome("linear programs", parts)
    assert row.toothless == ()
    assert row.within


def test_something_is_shown_of_ours() -> None:
    shown = [one for seed in range(4) for one in programs.equations(programs.generated(seed), naive=False)]
    assert sum(one.shown is not None for one in shown) > 20


def of(*places: int) -> World:
    records = (UnknownAmount(f"a{n}", CapacityReported(Service.food, k)) for n, k in enumerate(places))
    return World(tuple(records), ())


def test_an_amount_is_recovered_when_the_equations_leave_it_no_room() -> None:
    world = of(5, 7, 9, 4)
    told = [Equation(frozenset({0, 1, 2}), 21), Equation(frozenset({0, 1, 2, 3}), 25)]
    assert programs.recovered(world, told) == (4, 1)
    assert programs.recovered(world, told[:1]) == (4, 0)


def test_amounts_that_cannot_be_negative_are_recovered_where_the_rest_is_nothing() -> None:
    assert programs.recovered(of(0, 0, 0), [Equation(frozenset({0, 1, 2}), 0)]).found == 3


def test_an_amount_is_recovered_when_the_second_largest_knows_it_closely() -> None:
    """1,000 of 850,000 are less than 15 %; 130,000 are more."""
    told, insider = frozenset({0, 1, 2}), frozenset({"a1"})
    assert programs.recovered(of(849_000, 150_000, 1_000), [Equation(told, 1_000_000)], insider) == (2, 1)
    assert programs.recovered(of(700_000, 150_000, 150_000), [Equation(told, 1_000_000)], insider) == (2, 0)


def test_without_the_p_percent_rule_an_insider_knows_amounts_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosure, "REST_MIN", Fraction(0))
    assert programs.attacked(1, 4, 1, naive=False).found > 0


def test_an_insider_takes_its_own_away() -> None:
    told = [Equation(frozenset({0, 1}), 12)]
    assert programs.recovered(of(5, 7), told).found == 0
    assert programs.recovered(of(5, 7), told, frozenset({"a0"})) == (1, 1)


# Reporting coverage


def test_coverage_falls_where_only_the_number_of_agencies_counts_and_ours_does_not() -> None:
    parts = {Setting.NAIVE: [margins.attacked(1, 3, naive=True)], Setting.OURS: [margins.attacked(1, 6, naive=False)]}
    row = programs.outcome("coverage", parts)
    assert row.toothless == ()
    assert row.within


def test_some_of_coverage_is_shown_and_some_is_not() -> None:
    found = margins.present(1)
    assert found[True] > 10
    assert found[False] > 10


# Other clients


def test_an_edge_where_one_client_moves_others_is_noticed_and_ours_is_not() -> None:
    """Ours is looked at with the scripts that show the faults; `test_two_worlds` has more."""
    naive = [others.lived(first, 1, (legal_class,), fault) for fault, (first, legal_class) in FOUND_BY.items()]
    ours = [others.lived(first, 1, (legal_class,)) for first, legal_class in FOUND_BY.values()]
    rows = others.outcomes({Setting.NAIVE: naive, Setting.OURS: ours})
    assert len(rows) == len(others.FAULTS) == 4
    assert all(row.within for row in rows)
    assert [row.attack for row in rows if row.toothless] == []


# Digests and leaves


def test_bodies_behind_digests_are_guessed_where_the_chain_begins_with_zeros_and_not_in_ours() -> None:
    row = digests.outcome("digests", {Setting.NAIVE: [digests.naive()], Setting.OURS: [digests.real()]})
    assert row.within
    assert row.toothless == ()
    assert row.measured[Setting.NAIVE].value == digests.AGENCIES


def test_a_body_is_guessed_by_whoever_has_the_head_before_it() -> None:
    """The weakness that is written down: heads of neighbouring events are never both shown."""
    assert digests.real().found_between_heads == digests.AGENCIES


def test_the_first_event_of_a_real_edge_has_a_previous_of_its_own() -> None:
    begun = {decode(first).previous for first, _ in digests._chains()}
    assert len(begun) == digests.AGENCIES
    assert bytes(32) not in begun


def test_the_attack_tries_what_the_edge_sends() -> None:
    for first, second in digests._chains():
        event = decode(first)
        tried = {digest for _, digest in digests._tries(1, event.previous)}
        assert digest_of(first) in tried
        assert digest_of(encode(event)) == digest_of(first) == decode(second).previous


# Planted identifiers


def test_no_planted_identifier_leaves_and_all_do_where_text_is_handed_on() -> None:
    row = planted.outcome("planted", {Setting.NAIVE: [planted.naive()], Setting.OURS: [planted.real()]})
    assert row.within
    assert row.measured[Setting.NAIVE].value == len(planted.PLANTED)
    assert (row.details or {})["events_that_left"] > 5


@pytest.mark.parametrize("text", planted.PLANTED)
def test_a_planted_text_is_found_in_every_form(text: str) -> None:
    forms = planted._forms(text)
    assert len(forms) >= 20
    assert all(text in planted.found_in(b"\x00around " + form + b" it\xff") for form in forms)


def test_nothing_is_found_in_nothing() -> None:
    assert planted.found_in(bytes(range(256)) * 100) == set()
