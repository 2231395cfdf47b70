"""Whatever an adversary without a key does to an inbox, only what the agency signed is counted.

Each broken rule of the gate is noticed by the same laws.
"""

from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.admission import agency_lane, inbox
from consumers.admission.inbox import Inbox
from exchange.core.admission.gate import Refused
from exchange.core.admission.reasons import Reason
from exchange.core.admission.runs import Extends, Misses, PassedOver, walk_back
from tests.kits.gate_laws import broken_law, small_limits
from tests.kits.step_world import HARBOR, Agency
from tests.unit.admission import test_gate_signed as signed

SEEDS = range(60)


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    with small_limits():
        yield


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), harmless=st.booleans())
def test_events_hold_a_prefix_of_what_the_agency_signed_once_and_in_order(seed: int, harmless: bool) -> None:
    """Nothing of another agency is delayed, and no more records are held than the limit."""
    assert not broken_law(Random(seed), harmless=harmless)


@pytest.mark.parametrize("seed", [2213, 2547])
def test_records_taken_up_while_another_inbox_is_served_count_as_held(seed: int) -> None:
    """Once an inbox was out of sight when all that it held was in the hands of its own work."""
    assert not broken_law(Random(seed), harmless=True)


@pytest.mark.slow
@pytest.mark.parametrize("hundred", range(10))
def test_the_laws_hold_for_many_more_inboxes(hundred: int, fresh_random: Random) -> None:
    for _ in range(100):
        seed = fresh_random.randrange(2**32)
        assert not broken_law(Random(seed), harmless=seed % 2 == 0), seed


def no_law_is_broken() -> None:
    for seed in SEEDS:
        assert not broken_law(Random(seed), harmless=seed % 2 == 0)


def test_the_gate_itself_passes_where_its_mutants_fail() -> None:
    no_law_is_broken()


def signs_all(self: Inbox, record: object, written: object) -> bool:
    """Admit what any heartbeat closes, whoever made it."""
    return True


def moved_too_early(original: Callable[..., object]) -> Callable[..., object]:
    """Move the position behind records that no heartbeat has signed yet."""

    def take(self: Inbox, records: list[object], values: list[bytes]) -> object:
        taken = original(self, records, values)
        if records:
            self._move_to(records[-1].offset + 1)  # type: ignore[attr-defined]
        return taken

    return take


def judges_strays(original: Callable[..., None]) -> Callable[..., None]:
    """Judge a record that nobody signed, as if its agency had sent it."""

    def count(self: Inbox, written: agency_lane.Written, places: list[int], stretch: object) -> None:
        for place in places:
            record = stretch.records[place]  # type: ignore[attr-defined]
            if stretch.values[place]:  # type: ignore[attr-defined]
                self._refuse(Refused(self.state.head.sequence + 1, Reason.WRONG_PREVIOUS), record, written)
        original(self, written, places, stretch)

    return count


def forked_by_anybody(state: object, stretch: object) -> object:
    """Take other bytes under a used sequence for a fork, signed or not."""
    walk = walk_back(state, stretch)  # type: ignore[arg-type]
    last = len(stretch.values) - 1  # type: ignore[attr-defined]
    if isinstance(walk, Extends) and len(walk.path) <= last:
        return PassedOver(frozenset({last}), Refused(state.head.sequence, Reason.FORKED))  # type: ignore[attr-defined]
    return walk


def misses_nothing(state: object, stretch: object) -> object:
    """Admit what a heartbeat closes although records before it are missing."""
    walk = walk_back(state, stretch)  # type: ignore[arg-type]
    return Extends(range(len(stretch.values))) if isinstance(walk, Misses) else walk  # type: ignore[attr-defined]


MUTANTS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "admits without a heartbeat that verifies": (Inbox, "_signs", lambda _: signs_all),
    "moves its position too early": (Inbox, "_take", moved_too_early),
    "judges strays": (Inbox, "_count_strays", judges_strays),
    "takes a forged tail for a fork": (inbox, "walk_back", lambda _: forked_by_anybody),
    "admits over a gap": (inbox, "walk_back", lambda _: misses_nothing),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_gate_that_breaks_a_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, attribute, mutant = MUTANTS[name]
    monkeypatch.setattr(where, attribute, mutant(getattr(where, attribute)))
    with pytest.raises(AssertionError):
        no_law_is_broken()


def test_a_gate_that_ignores_a_fork_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def ignoring(state: object, stretch: object) -> object:
        walk = walk_back(state, stretch)  # type: ignore[arg-type]
        return PassedOver(walk.walked, None) if isinstance(walk, PassedOver) else walk

    monkeypatch.setattr(inbox, "walk_back", ignoring)
    with pytest.raises(AssertionError):
        signed.test_another_run_that_the_agency_signed_is_a_fork_reported_once(Agency(HARBOR))
