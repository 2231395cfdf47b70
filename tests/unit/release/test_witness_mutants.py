"""The witness's rules with one of them broken each: a named law notices every one."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from consumers.release import draws_state, ledger_watch, other_witnesses, witness_file, witnessed
from exchange.core.errors import ExchangeError
from exchange.core.release import closed_epochs, witness
from producers.delivery.remembered import ledger_memory
from tests.kits.broken_rules import BrokenRule, Law, notices
from tests.properties.core import test_core_witness as laws
from tests.simulation import test_witness as lanes
from tests.simulation.world.closing_world import ClosingWorld
from tests.unit.edge import test_ledger_memory as memories
from tests.unit.release import test_ledger_watch as looks


def in_a_world(test: Callable[[ClosingWorld], None]) -> Law:
    def law() -> None:
        world = ClosingWorld()
        try:
            test(world)
        finally:
            world.end()

    return law


def in_a_folder(test: Callable[[Path], None]) -> Law:
    def law() -> None:
        with TemporaryDirectory() as folder:
            test(Path(folder))

    return law


def overtaken(folder: Path) -> None:
    asyncio.run(looks.test_a_ledger_that_other_workers_overtake_is_read_again_and_never_refused(folder))


MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "a ledger that lacks a month": (
        BrokenRule(witness, "check_head", "last < known.epoch", "False"),
        laws.test_a_copy_that_lacks_what_was_seen_is_refused,
    ),
    "a ledger that has no month at all": (
        BrokenRule(witness, "check_head", "last < known.epoch", "0 < last < known.epoch"),
        laws.test_every_refusal_names_a_month_or_a_cluster_and_what_to_do,
    ),
    "other figures for a month": (
        BrokenRule(witness, "check_head", "trail.heads.get(known.epoch) != known.digest", "False"),
        laws.test_a_month_that_was_drawn_again_is_refused_for_ever,
    ),
    "the newest month's figures only": (
        BrokenRule(witness, "check_head", "trail.heads.get(known.epoch)", "trail.digest"),
        laws.test_a_witness_follows_its_exchange_wherever_it_looks,
    ),
    "a month whose figures are not chained to those before": (
        BrokenRule(witness, "Trail.drawn", "sha256(self.digest + _1 + _2)", "sha256(_1 + _2)"),
        laws.test_the_digest_shows_any_draw_that_changed,
    ),
    "a cluster that the exchange has left": (
        BrokenRule(witness, "check_place", "seen.clusters[: len(known)] != known", "False"),
        laws.test_the_cluster_that_was_left_and_a_second_restore_of_it_are_refused,
    ),
    "a second restore of one archive": (
        BrokenRule(witness, "check_place", "seen.clusters[: len(known)] != known", "len(seen.clusters) < len(known)"),
        laws.test_the_cluster_that_was_left_and_a_second_restore_of_it_are_refused,
    ),
    "a move that is refused": (
        BrokenRule(witness, "check_place", "seen.clusters[: len(known)] != known", "seen.clusters != known"),
        laws.test_a_witness_follows_its_exchange_wherever_it_looks,
    ),
    "a last archive forgotten": (
        BrokenRule(witness, "check_place", "stayed and _1 and not _2", "False"),
        laws.test_a_cluster_archived_for_the_last_time_and_put_back_is_refused,
    ),
    "draws that leave no trace": (
        BrokenRule(closed_epochs, "drawn", "closed.trail.drawn(key, value)", "closed.trail"),
        in_a_world(lanes.test_a_second_draw_by_a_host_that_remembered_nothing_is_refused_by_the_first_host),
    ),
    "a damaged file believed": (
        BrokenRule(witness_file, "read_witness", "octets != encoded(witness)", "False"),
        in_a_world(lanes.test_damage_is_refused_and_a_lost_file_is_made_again),
    ),
    "less than was seen adopted": (
        BrokenRule(
            witness_file, "WitnessFiles.adopt", "known is not None and known.head.epoch > last", "known is None"
        ),
        in_a_world(lanes.test_a_copy_without_the_last_month_is_refused_until_a_newer_one_is_put_back),
    ),
    "adopted without the month named": (
        BrokenRule(witness_file, "WitnessFiles.adopt", "epoch != last", "False"),
        in_a_world(lanes.test_damage_is_refused_and_a_lost_file_is_made_again),
    ),
    "a witness of another worker set back": (
        BrokenRule(witness_file, "WitnessFiles.sees", "witnessed(read_witness(path), _1, _2, leaves=_3)", "seen"),
        in_a_folder(looks.test_two_workers_of_one_host_never_set_the_witness_back),
    ),
    "other hosts not heard": (
        BrokenRule(other_witnesses, "check_others", "check_head(pulse.remembers, closed.trail)", "None"),
        in_a_world(lanes.test_a_host_that_missed_the_month_hears_it_from_another_hosts_worker),
    ),
    "other hosts heard long after": (
        BrokenRule(other_witnesses, "_lives", "abs(now_ms - pulse.at_ms) <= RECENT_MS", "True"),
        in_a_world(lanes.test_an_old_pulse_of_a_worker_holds_up_nobody),
    ),
    "other hosts heard after their end": (
        BrokenRule(other_witnesses, "_lives", "not pulse.ended", "True"),
        in_a_world(lanes.test_a_worker_that_was_stopped_to_be_mended_holds_up_nobody),
    ),
    "another host's refusal ignored": (
        BrokenRule(other_witnesses, "check_others", "pulse.refuses", "False"),
        in_a_world(lanes.test_a_worker_whose_witness_refuses_for_another_reason_holds_up_every_draw),
    ),
    "another host not waited for": (
        BrokenRule(other_witnesses, "check_others", "pulse.remembers is None", "False"),
        in_a_world(lanes.test_a_worker_that_has_not_looked_yet_is_waited_for_as_long_as_it_lives),
    ),
    "an honest worker that was overtaken refused": (
        BrokenRule(witnessed, "witnessed_draws", "said == str(behind)", "True"),
        in_a_folder(overtaken),
    ),
    "a log that became shorter under a reader": (
        BrokenRule(draws_state, "DrawsFollower.catch_up", "end < self._position", "False"),
        looks.test_a_log_that_becomes_shorter_under_a_worker_is_refused,
    ),
    "an old look named in receipts": (
        BrokenRule(ledger_watch, "LedgerWatch.head_from_now_on", "self._looks + 1", "self._looks - 1"),
        looks.test_a_gate_names_only_what_a_later_look_shows,
    ),
    "an edge that forgets the furthest month": (
        BrokenRule(ledger_memory, "after", "named.epoch < known.epoch", "False"),
        partial(memories.test_an_earlier_month_is_a_loss_until_the_exchange_has_it_again, memories.JUNE),
    ),
    "an edge that forgives a second draw": (
        BrokenRule(ledger_memory, "after", "named.digest != known.digest", "False"),
        memories.test_a_second_draw_stays_known,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    notices(monkeypatch, law, broken, ExceptionGroup, ExchangeError)
