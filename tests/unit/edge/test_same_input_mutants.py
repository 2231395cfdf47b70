"""The seal of a reading with one rule broken each: a named law notices every one."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from exchange.testing import InMemoryExchange
from producers import edge, same_input
from producers.vault import store
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.unit.edge import test_same_input as laws

Law = Callable[[laws.World], Awaitable[None]]
FORGOTTEN: dict[str, Callable[[laws.World], None]] = {
    "_files": laws.a_file,
    "_profile": laws.a_profile,
    "_newest_quarter": laws.the_quarter,
}
"""What decides a reading → a change of it."""
HELD: Law = partial(laws.test_whatever_has_a_say_makes_the_next_run_read, changes=laws.a_hold)
MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "a commit leaves the seal": (BrokenRule(store, "Vault.commit", "not self._sealing", "False"), HELD),
    "what was done before does not matter": (
        BrokenRule(same_input, "SameInput.again", "self._vault.changes() != self._began", "False"),
        laws.test_a_run_that_did_anything_before_reads,
    ),
    "what was done after does not matter": (
        BrokenRule(same_input, "SameInput._changed_nothing_since", "self._store.repeatable", "True"),
        laws.test_a_run_that_does_anything_after_leaves_no_seal,
    ),
    "a file is compared once": (
        BrokenRule(same_input, "SameInput.read", "self._sealed() != self._seal", "False"),
        laws.test_a_file_that_changes_while_it_is_read_leaves_the_vault_as_it_was,
    ),
    "half a file is kept": (
        BrokenRule(edge, "Edge.__aexit__", "self._vault.rollback()", "self._vault.commit()"),
        laws.test_a_file_that_changes_while_it_is_read_leaves_the_vault_as_it_was,
    ),
}


async def in_a_world(law: Law, folder: Path) -> None:
    async with InMemoryExchange(today=laws.TODAY) as exchange:
        world = laws.World(exchange, folder)
        assert [await world.run() for _ in range(3)][:1] == [False]
        await law(world)


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_broken_rule_is_noticed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    break_rule(monkeypatch, broken)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await in_a_world(law, tmp_path)


@pytest.mark.parametrize("forgotten", FORGOTTEN)
async def test_whatever_is_forgotten_is_noticed(
    forgotten: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tuple(one for one in same_input.DECIDES if one.__name__ != forgotten)
    assert len(left) == len(same_input.DECIDES) - 1
    monkeypatch.setattr(same_input, "DECIDES", left)
    law = partial(laws.test_whatever_has_a_say_makes_the_next_run_read, changes=FORGOTTEN[forgotten])
    with pytest.raises(AssertionError):
        await in_a_world(law, tmp_path)
