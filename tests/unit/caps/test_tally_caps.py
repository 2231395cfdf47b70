"""Tallies under the caps: only facts within count, and only the first of a period is released."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from exchange.core.admission.cap_rules import RULES, Cap
from exchange.core.counting.tables import TALLIED
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Correction, Event, Tally
from exchange.core.model.period import parse_period
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.core.release.client_tables import tally_bits
from producers.edge import Edge
from producers.facts import Fact
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.facts import HERE

IN_Q2 = date(2026, 5, 5)
Q1, Q2 = parse_period("2026Q1"), parse_period("2026Q2")
NEEDS = TallyTable.needs_by_service
MOST = next(rule.most for rule in RULES if rule.body is e.NeedIdentified and rule.bit is Cap.NATION)
SERVICES = [service for service in v.Service if service is not v.Service.not_applicable]


def needs(client: str, count: int, period: int = Q1, state: UsState = UsState.ca) -> list[Fact]:
    """One client's needs of so many services."""
    return [
        Fact(f"{client}.{period}.{state}.{service}", period, state, e.NeedIdentified(service), client, HERE)
        for service in SERVICES[:count]
    ]


async def publish(agency: Agency, facts: list[Fact], today: date = date(2026, 10, 5)) -> None:
    link = agency.exchange.link()
    async with Edge.open(agency.profile, secret=SECRET, link=link, today=today, options=agency.options) as edge:
        await edge.read_all(facts)
    assert not agency.exchange.refused


def tallies(agency: Agency, table: TallyTable = NEEDS) -> list[Event]:
    events = [event for _, event in agency.exchange.events()]
    return [event for event in events if isinstance(event.body, Tally) and event.body.table is table]


async def test_only_what_is_within_its_clients_caps_is_counted(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    people = [
        f"ann{n}" for n in range(40)
    ]  # of one alone the vault's random key may choose nothing that both rules keep
    await publish(agency, [*(fact for client in people for fact in needs(client, 20)), *needs("bea", 1)])
    (tally,) = tallies(agency)
    assert isinstance(tally.body, Tally)
    assert 1 < sum(tally.body.counts) <= MOST * len(people) + 1


async def test_with_consent_the_first_carries_the_bits_of_all_that_it_feeds(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs("ann", 3))
    for table in TallyTable:
        assert [event.cap for event in tallies(agency, table)] == [tally_bits(TALLIED[table])]


async def test_without_consent_none_carries_a_bit(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only, small_counts=False)
    facts = [fact for n in range(11) for fact in needs(f"c{n}", 1)]
    await publish(agency, facts)
    assert {event.cap for _, event in agency.exchange.events() if isinstance(event.body, Tally)} == {0}


async def test_neither_its_correction_nor_a_tally_after_one_carries_a_bit(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs("ann", 1))
    await publish(agency, [*needs("ann", 1), *needs("bea", 1)])
    first, second = tallies(agency)
    assert (first.cap, second.cap) == (tally_bits(TALLIED[NEEDS]), 0)
    assert {ev.cap for _, ev in agency.exchange.events() if isinstance(ev.body, Correction)} == {0}


async def test_a_state_that_comes_later_is_in_no_release_of_that_quarter(tmp_path: Path) -> None:
    """Else one client would be counted with one choice here and with another there."""
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs("ann", 9), IN_Q2)
    await publish(agency, [*needs("ann", 9), *needs("ann", 9, state=UsState.nv), *needs("ann", 1, Q2)])
    bits = Counter((event.period, event.state, event.cap > 0) for event in tallies(agency))
    assert bits[Q1, UsState.nv, True] == 0
    assert bits[Q1, UsState.nv, False] == 1
    assert bits[Q2, UsState.nv, True] == bits[Q2, UsState.ca, True] == 1


@pytest.mark.parametrize("ann", [0, 1])
async def test_whether_a_later_batch_counts_depends_on_no_clients_facts(tmp_path: Path, ann: int) -> None:
    """Ann's record gives the first complete run a batch, no record none; others count alike."""
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs("ann", ann), IN_Q2)
    others = [fact for n in range(40) for fact in needs(f"client{n}", 1)]
    await publish(agency, [*needs("ann", ann), *others])
    counted = [sum(event.body.counts) for event in tallies(agency) if event.cap and isinstance(event.body, Tally)]
    assert sum(counted) == ann


async def test_nobodys_facts_are_in_no_tally(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs("", 3))
    (tally,) = tallies(agency)
    assert isinstance(tally.body, Tally)
    assert not any(tally.body.counts)


async def test_after_a_lost_vault_what_was_tallied_carries_no_bit_again(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, needs("ann", 1), IN_Q2)
    agency.keep("backup")
    await publish(agency, [*needs("ann", 1), *needs("ann", 1, Q2)])
    agency.restore("backup")
    await publish(agency, [*needs("ann", 1), *needs("ann", 1, Q2), *needs("bea", 2, Q2, UsState.nv)])
    assert {event.state for event in tallies(agency)} == {UsState.ca, UsState.nv}
    assert all(not event.cap for event in tallies(agency) if (event.period, event.state) == (Q2, UsState.nv))
