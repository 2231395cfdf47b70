"""Marks at the edge with one rule broken each: a law that the real edge keeps notices every one."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exchange.core.model import events as e
from exchange.core.model.period import LAST
from producers.caps import marking
from producers.delivery import outbox
from producers.vault import fact_store, sent_chain
from producers.vault.store import Vault
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.edge_kit.accounts import every_prefix_checked, unlike_its_facts, unlike_their_events
from tests.kits.edge_kit.agency import SECRET
from tests.kits.edge_kit.clients import Homes
from tests.unit.caps import test_edge_caps as laws
from tests.unit.caps import test_tally_caps as tally_laws
from tests.unit.caps.test_edge_caps import MOST, OPENED, SERVICES, by_hash, fact, needs, run

Life = Callable[[Homes], None]


def batches(agency: Homes) -> None:
    """Everything there is, a little at a time, the last by hash first."""
    services = by_hash(agency)[::-1]
    for first in range(0, len(services), 5):
        asyncio.run(run(agency, *needs(*services[first : first + 5])))


def one_batch(agency: Homes) -> None:
    """Everything in one run, part after part."""
    asyncio.run(run(agency, *needs(*by_hash(agency)[MOST::-1]), each=True))


def changes(agency: Homes) -> None:
    """One need after another is recorded, and withdrawn."""
    for service in SERVICES[:3]:
        asyncio.run(run(agency, fact("need", e.NeedIdentified(service))))
        asyncio.run(run(agency, retract=["need"]))


def moves(agency: Homes) -> None:
    """The records of a placeholder pass to their clients."""
    for client in (lambda _: "walk-in", "client {}".format):
        asyncio.run(run(agency, *(fact(f"{n}", OPENED, client=client(n)) for n in range(4))))


def fault(agency: Homes, life: Life) -> str:
    """What the life broke of the laws, in words; empty if nothing."""
    try:
        with every_prefix_checked():
            life(agency)
    except AssertionError:
        return "a prefix passes a cap"
    with Vault.open(agency.profile, SECRET) as vault:
        return unlike_their_events(vault) or unlike_its_facts(vault)


def of_this_run(caps: marking.Caps, key: bytes) -> bool:
    """Whether the event of a fact was chained since these caps were first asked."""
    (last,) = caps._vault.one("SELECT max(sequence) FROM chain") or (0,)
    began = vars(caps).setdefault("began", last or 0)
    return bool(caps._vault.one("SELECT 1 FROM fact WHERE key = ? AND sent > ?", (key, began)))


LIVES: tuple[Life, ...] = (batches, one_batch, changes, moves)
DECIDES = (marking, "Caps._decide_client")
CORRECTS = (sent_chain, "Chain.append_corrections", "NONE if _1 else _2")
ROWS = "rows"
MUTANTS: dict[str, tuple[BrokenRule, Callable[..., Any]]] = {
    "caps per batch": (BrokenRule(*DECIDES, ROWS, f"[row for row in {ROWS} if row[3]]"), one_batch),
    "caps per run": (
        BrokenRule(*DECIDES, ROWS, f"[row for row in {ROWS} if row[3] or of_this_run(self, row[0])]"),
        batches,
    ),
    "a correction without marks": (BrokenRule(*CORRECTS, "NONE"), batches),
    "a tally's correction with marks": (
        BrokenRule(*CORRECTS, "_2"),
        tally_laws.test_neither_its_correction_nor_a_tally_after_one_carries_a_bit,
    ),
    "events before corrections": (
        BrokenRule(
            outbox,
            "Outbox._decided_to_correct",
            "(CORRECTION, count)",
            "(CORRECTION, 0 if self._vault.one('SELECT 1 FROM fact WHERE todo = 1') else count)",
        ),
        batches,
    ),
    "an arrival given twice": (BrokenRule(*DECIDES, "when == period", "False"), changes),
    "moving exhausts": (
        BrokenRule(fact_store, "FactStore._move", "self.undecided = True", "self.exhaust_through(LAST)"),
        laws.test_many_records_of_one_placeholder_go_to_their_clients,
    ),
    "who gives a record away is as before": (
        BrokenRule(fact_store, "FactStore._move", "(was_of, now_of)", "(now_of, now_of)"),
        laws.test_who_gives_a_record_away_and_who_gets_it_are_chosen_anew,
    ),
    "an arrival goes with its record": (
        BrokenRule(marking, "_of_client", "whose == client", "True"),
        laws.test_a_record_that_moves_is_its_new_clients_with_its_marks_and_nobody_is_shut_out,
    ),
    "a refused event keeps its place": (
        BrokenRule(fact_store, "FactStore.refuse", "self.choose_anew(key)", "None"),
        laws.test_the_place_of_an_event_that_the_exchange_refuses_goes_to_the_next,
    ),
    "an exhausted period is chosen anew": (
        BrokenRule(*DECIDES, "period <= self._exhausted_through", "False"),
        laws.test_what_was_sent_in_an_exhausted_period_stays_as_it_is,
    ),
}


@pytest.mark.parametrize("life", LIVES)
def test_the_edge_itself_keeps_the_laws(life: Life, tmp_path: Path) -> None:
    assert not fault(Homes(tmp_path), life)


@pytest.mark.parametrize("name", MUTANTS)
def test_an_edge_with_one_rule_broken_is_noticed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[name]
    break_rule(monkeypatch, broken, of_this_run=of_this_run, LAST=LAST)
    if law in LIVES:
        assert fault(Homes(tmp_path), law)
        return
    with pytest.raises(AssertionError):
        asyncio.run(law(tmp_path if law.__module__ == tally_laws.__name__ else Homes(tmp_path)))
