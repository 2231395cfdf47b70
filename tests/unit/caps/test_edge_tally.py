"""Tallies: full domains, zeros, small counts, closed quarters, and their corrections."""

from datetime import date
from pathlib import Path
from random import Random

import pytest

from exchange.core.counting.tables import TALLIED, domain, tally_length
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Correction, Heartbeat, Tally
from exchange.core.model.period import parse_period
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass, UsState
from producers.caps.tally import HeldBack, count, current_quarter, due_before, marked_facts, quarters
from producers.caps.tally_batches import are_counted, first_batch_over, were_counted
from producers.delivery.report import Report
from producers.edge import Edge
from producers.facts import Fact, Where
from producers.setup import confirm_holds
from producers.vault.event_tail import decode_tail
from producers.vault.fact_store import FactOutcome, FactStore
from producers.vault.read_back import tally_key
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, Agency

Q1, Q2, Q3 = (parse_period(f"2026Q{q}") for q in (1, 2, 3))
IN_Q3 = date(2026, 9, 30)


def needs(count: int, period: int = Q1, state: UsState = UsState.ca, name: str = "n") -> list[Fact]:
    body = e.NeedIdentified(v.Service.food)
    return [Fact(f"{name}{n}", period, state, body, f"client{n}", Where("f", n)) for n in range(count)]


async def publish(agency: Agency, facts: list[Fact], today: date = IN_Q3) -> Report:
    link = agency.exchange.link()
    async with Edge.open(agency.profile, secret=SECRET, link=link, today=today, options=agency.options) as edge:
        for fact in facts:
            await edge.publish(fact)
    return edge.report


def tallies(agency: Agency) -> list[tuple[int, UsState, Tally]]:
    return [(ev.period, ev.state, ev.body) for _, ev in agency.exchange.events() if isinstance(ev.body, Tally)]


async def test_every_table_is_sent_in_full_with_its_zeros(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs(7))
    sent = {body.table: body.counts for period, state, body in tallies(agency) if (period, state) == (Q1, UsState.ca)}
    assert set(sent) == set(TallyTable)
    assert all(len(counts) == tally_length(TALLIED[table]) for table, counts in sent.items())
    needs_table = TALLIED[TallyTable.needs_by_service]
    by_code = dict(zip(domain(needs_table, needs_table.dimensions[0]), sent[TallyTable.needs_by_service], strict=True))
    assert by_code.pop("food") == 7
    assert set(by_code.values()) == {0}
    assert agency.exchange.refused == []


async def test_no_client_event_leaves(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs(7))
    assert {type(event.body) for _, event in agency.exchange.events()} == {Tally, Heartbeat}


async def test_only_quarters_that_are_due_are_counted(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    facts = [*needs(3, Q2), *needs(4, Q3, name="open")]
    assert (await publish(agency, facts)).not_closed == []
    assert {period for period, _, _ in tallies(agency)} == {Q2}
    assert (await publish(agency, facts, today=date(2026, 10, 15))).not_closed == [Q3]
    assert {period for period, _, _ in tallies(agency)} == {Q2}
    assert (await publish(agency, facts, today=date(2026, 10, 16))).not_closed == []
    assert {period for period, _, _ in tallies(agency)} == {Q2, Q3}


def test_a_quarter_is_over_from_the_first_day_of_the_next() -> None:
    assert current_quarter(date(2026, 3, 31)) == Q1
    assert current_quarter(date(2026, 4, 1)) == Q2
    assert list(quarters(parse_period("2025Q4"), Q2)) == [parse_period("2025Q4"), Q1, Q2]


async def test_quarters_between_and_every_state_are_counted_too(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    first = parse_period("2025Q3")
    await publish(agency, [*needs(2, first), *needs(2, Q1, UsState.nv, "m")])
    places = {(period, state) for period, state, _ in tallies(agency)}
    assert places == {(p, s) for p in (first, parse_period("2025Q4"), Q1) for s in (UsState.ca, UsState.nv)}


async def test_a_changed_fact_corrects_the_tallies_that_it_changes_and_no_other(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs(7))
    before = len(agency.exchange.admitted)
    report = await publish(agency, needs(8))
    fresh = [event.body for _, event in agency.exchange.events()[before:]]
    assert [type(body) for body in fresh] == [Correction, Tally, Heartbeat]
    assert report.tallies[FactOutcome.CORRECTED] == 1
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 8


async def test_a_quarter_that_became_empty_is_corrected_to_zeros(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs(2))
    link = agency.exchange.link()
    async with Edge.open(agency.profile, secret=SECRET, link=link, today=IN_Q3, options=agency.options) as edge:
        await edge.retract_all("n")
    assert agency.admitted() == {}
    last = [body for _, _, body in tallies(agency) if body.table is TallyTable.needs_by_service][-1]
    assert set(last.counts) == {0}


async def test_a_small_count_is_held_back_and_reported_without_its_value(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only, small_counts=False)
    report = await publish(agency, needs(10))
    assert report.held_back == (HeldBack(TallyTable.needs_by_service, Q1, UsState.ca),)
    assert "10" not in str(report.held_back[0]).replace("2026Q1", "")
    assert TallyTable.needs_by_service not in {body.table for _, _, body in tallies(agency)}
    assert len(tallies(agency)) == len(TallyTable) - 1


async def test_eleven_is_not_small_and_a_held_back_tally_follows_when_it_has_grown(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only, small_counts=False)
    await publish(agency, needs(10))
    report = await publish(agency, needs(11))
    assert report.held_back == ()
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 11


async def test_a_tally_that_became_small_is_withdrawn(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only, small_counts=False)
    await publish(agency, needs(11))
    link = agency.exchange.link()
    async with Edge.open(agency.profile, secret=SECRET, link=link, today=IN_Q3, options=agency.options) as edge:
        await edge.retract("n0")
    assert edge.report.tallies[FactOutcome.RETRACTED] == 1
    assert agency.admitted() == {}


async def test_nothing_is_counted_before_the_first_fact(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, [])
    assert tallies(agency) == []


@pytest.mark.parametrize("seed", range(4))
async def test_tallies_that_are_not_counted_again_are_those_that_counting_gives(tmp_path: Path, seed: int) -> None:
    """Whatever changes between runs, the ledger holds what a count of all facts would now give."""
    agency, random, stated = Agency(tmp_path, LegalClass.tally_only), Random(seed), list[Fact]()
    counted = 0
    for month in (3, 4, 4, 5, 7, 7, 7, 8, 10, 10, 9, 12):
        today = date(2026, month, 20)
        async with Edge.open(
            agency.profile, secret=SECRET, link=agency.exchange.link(), today=today, options=agency.options
        ) as edge:
            for _ in range(random.choice([0, 0, 3])):
                stated.append(_some_fact(random, current_quarter(today)))
                await edge.publish(stated[-1])
            change = random.choice(["", "retract", "hold", "again"]) if stated else ""
            if change == "retract":
                await edge.retract_all(random.choice(stated).key)
            elif change == "hold":
                edge.hold(random.choice(stated).client, retract=random.random() < 0.5)
            elif change == "again":
                await edge.publish(random.choice(stated))
        with Vault.open(agency.profile, SECRET) as vault:
            ledger = FactStore(vault)
            closed = first_batch_over(vault)
            assert closed >= due_before(today)
            assert are_counted(vault, closed)
            for (name, period, state), counts in count(marked_facts(ledger), closed).items():
                said = ledger.current(tally_key(name, period, state))
                assert said is not None
                assert decode_tail(*said).body == Tally(name, tuple(counts))
                counted += 1
    assert counted


def _some_fact(random: Random, newest: int) -> Fact:
    period = random.choice([p for p in (Q1, Q2, Q3) if p <= newest])
    body = e.NeedIdentified(random.choice([v.Service.food, v.Service.emergency_shelter]))
    client, key = f"client{random.randrange(4)}", f"f{random.randrange(12)}"
    return Fact(key, period, random.choice([UsState.ca, UsState.ny]), body, client, Where("f", 1))


async def test_a_change_that_no_counting_follows_would_be_noticed(tmp_path: Path) -> None:
    """The teeth of the test above: with consent, unchanged runs count nothing; changes are seen."""
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs(7))
    with Vault.open(agency.profile, SECRET) as vault:
        assert are_counted(vault, Q3)
        assert not are_counted(vault, Q2)
        for change in (
            "UPDATE fact SET want = NULL WHERE key = ?",
            "UPDATE fact SET client = client + 1 WHERE key = ?",
            "DELETE FROM fact WHERE key = ?",
        ):
            (key,) = vault.one("SELECT key FROM fact WHERE kept AND want IS NOT NULL") or (b"",)
            vault.run(change, (key,))
            assert not are_counted(vault, Q3), change
            were_counted(vault, Q3)
            assert are_counted(vault, Q3)


async def test_consent_that_comes_and_goes_counts_again(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    consenting = agency.profile
    await publish(agency, needs(7))
    agency.profile = consenting.model_copy(update={"small_counts": False})
    assert (await publish(agency, [])).held_back
    agency.profile = consenting
    await publish(agency, [])
    with Vault.open(consenting, SECRET) as vault:
        assert FactStore(vault).current(tally_key(TallyTable.needs_by_service, Q1, UsState.ca)) is not None


async def test_a_tally_that_another_copy_of_the_vault_took_back_is_sent_again(tmp_path: Path) -> None:
    """Though nothing that it counts has changed since this copy had counted it."""
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs(7))
    agency.keep("backup")
    await publish(agency, needs(9))
    agency.restore("backup")
    await publish(agency, [])  # finds in its inbox what the other copy had sent
    async with agency.edge(today=IN_Q3) as edge:
        edge.retract_unclaimed()
    await publish(agency, needs(7))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 9, "nobody knows why the other copy withdrew it"
    assert confirm_holds(agency.profile, SECRET)
    await publish(agency, needs(7))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 7
