"""Whatever happens before, after a quiet last run the gate has admitted exactly the records' facts.

Each seed is a whole life of an agency: records change, runs are killed at commits, sends and
receipts, sends are lost or doubled, the gate sleeps, repeats receipts, refuses bodies that the edge
thought sound. A failing seed fails again.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from exchange.core.admission.reasons import Reason
from exchange.core.model.vocabulary import LegalClass
from producers.setup import confirm_holds
from producers.vault.fact_store import FactOutcome
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.exchange import Trouble

SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 150))]
UNKIND = Trouble(
    lose_send=0.1,
    lose_and_raise=0.1,
    arrive_and_raise=0.1,
    kill_before_send=0.08,
    kill_after_send=0.08,
    kill_at_receipt=0.05,
    repeat_receipt=0.2,
    gate_sleeps=0.4,
)


async def live(agency: Agency, runs: int) -> None:
    for _ in range(runs):
        agency.change_truth(agency.random.randrange(12))
        await agency.run()


async def end_well(agency: Agency, *, over_fork: bool = False) -> None:
    """A last run without trouble; `over_fork`: a person has seen to it that there is one vault."""
    agency.exchange.trouble = Trouble()
    agency.kill_at_commit = 0.0
    agency.exchange.away = 0
    async with agency.edge(options=replace(agency.options, over_fork=over_fork)) as edge:
        if over_fork:
            await edge.flush()
        await agency.read_truth(edge)
    agency.report = edge.report


def no_fork(agency: Agency) -> None:
    assert Reason.FORKED not in {refused.reason for refused in agency.exchange.refused}


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_exchange_holds_exactly_what_the_records_say(seed: int, tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.individual, seed, UNKIND)
    agency.kill_at_commit = 0.03
    await live(agency, 8)
    await end_well(agency)
    no_fork(agency)
    assert agency.admitted() == agency.expected()


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_the_gate_refuses_is_dropped_alone(seed: int, tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.individual, seed, UNKIND)
    agency.kill_at_commit = 0.03
    agency.exchange.unknown_rules = 8
    await live(agency, 6)
    await end_well(agency)
    no_fork(agency)
    assert agency.admitted() == agency.expected()
    await end_well(agency)
    assert agency.report.outcomes[FactOutcome.REFUSED_BEFORE] == len(agency.refused_keys())


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_arrives_after_its_connection_was_given_up_stops_nobody(seed: int, tmp_path: Path) -> None:
    """Batches arrive late, after the repair that withdrew their events; no run sees a fork."""
    agency = Agency(tmp_path, LegalClass.individual, seed, replace(UNKIND, arrive_late=0.3))
    agency.kill_at_commit = 0.03
    agency.exchange.unknown_rules = 8
    await live(agency, 8)
    await end_well(agency)
    while agency.exchange.late:
        agency.exchange.judge_some()
    agency.exchange.judge_all()
    await end_well(agency)
    assert not [line for line in agency.messages if line.startswith("Forked")]
    assert agency.admitted() == agency.expected()


@pytest.mark.parametrize("seed", SEEDS)
async def test_tallies_hold_exactly_what_the_records_say(seed: int, tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only, seed, UNKIND)
    agency.kill_at_commit = 0.02
    await live(agency, 4)
    await end_well(agency)
    no_fork(agency)
    assert agency.admitted() == agency.expected_tallied()


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_restored_older_vault_finds_its_way_back(seed: int, tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.individual, seed)
    await live(agency, 2)
    agency.exchange.trouble = Trouble(gate_sleeps=0.5, repeat_receipt=0.2)
    agency.keep("backup")
    await live(agency, 1 + agency.random.randrange(3))
    agency.exchange.judge_all()
    agency.restore("backup")
    agency.change_truth(agency.random.randrange(8))
    await end_well(agency)
    confirm_holds(agency.profile, SECRET)
    await end_well(agency)
    async with agency.edge() as edge:
        edge.retract_unclaimed()
    no_fork(agency)
    assert agency.admitted() == agency.expected()


@pytest.mark.parametrize("legal_class", [LegalClass.individual, LegalClass.tally_only])
@pytest.mark.parametrize("seed", SEEDS)
async def test_vaults_restored_in_the_middle_of_all_that(seed: int, legal_class: LegalClass, tmp_path: Path) -> None:
    """Old backups return while the gate has yet to judge events: forks happen and are repaired."""
    agency = Agency(tmp_path, legal_class, seed, UNKIND)
    agency.kill_at_commit = 0.02
    agency.exchange.unknown_rules = 0 if legal_class is LegalClass.tally_only else 9
    agency.keep("backup")
    for _ in range(10):
        chance = agency.random.random()
        if chance < 0.2:
            agency.keep("backup")
        elif chance < 0.4:
            agency.restore("backup")
        agency.change_truth(agency.random.randrange(8))
        await agency.run()
    agency.exchange.judge_all()
    await end_well(agency, over_fork=True)
    confirm_holds(agency.profile, SECRET)
    await end_well(agency)
    async with agency.edge() as edge:
        edge.retry_refused()
        edge.retract_unclaimed()
    await end_well(agency)
    expected = agency.expected() if legal_class is LegalClass.individual else agency.expected_tallied()
    assert agency.admitted() == expected
