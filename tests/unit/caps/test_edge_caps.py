"""Marks at the edge: chosen anew from the present facts, and put right by corrections."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from exchange.core.admission.cap_rules import RULES, Cap
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Correction
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import UsState
from producers.caps.choice import Ranks, order_of
from producers.caps.tally import current_quarter
from producers.facts import Fact
from producers.vault.fact_store import FactOutcome, FactStore
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, TODAY, Agency
from tests.kits.edge_kit.clients import Homes
from tests.kits.edge_kit.facts import HERE

NOW, NEXT_QUARTER = current_quarter(TODAY), date(2027, 1, 20)
Q1, Q2, YEAR = (parse_period(period) for period in ("2026Q1", "2026Q2", "2026"))
CA = UsState.ca
WITHIN = Cap.NATION | Cap.STATE
FIRST = WITHIN | Cap.ARRIVAL
NEEDS = next(rule for rule in RULES if rule.body is e.NeedIdentified and rule.bit is Cap.NATION)
MOST = NEEDS.most
SERVICES = [service for service in v.Service if service is not v.Service.not_applicable]
NEED_FOOD = e.NeedIdentified(v.Service.food)
OPENED = e.CaseOpened(
    v.Gender.woman, v.AgeBand.age_18_20, v.ForeignNational.withheld_by_agency, v.ReferralSource.not_known
)


@pytest.fixture
def agency(tmp_path: Path) -> Homes:
    return Homes(tmp_path)


def fact(key: str, body: e.Correctable, period: int = Q1, client: str = "ann") -> Fact:
    return Fact(key, period, CA, body, client, HERE)


def needs(*services: v.Service, client: str = "ann") -> list[Fact]:
    return [fact(f"{service}", e.NeedIdentified(service), client=client) for service in services]


async def run(agency: Homes, *facts: Fact, retract: Sequence[str] = (), each: bool = False) -> None:
    async with agency.edge() as edge:
        for one in facts:
            await edge.publish(one)
            if each:
                await edge.flush()
        for key in retract:
            await edge.retract(key)


def caps_of(agency: Homes) -> list[Cap]:
    """The marks of what was admitted, heartbeats apart."""
    return [Cap(ev.cap) for _, ev in agency.exchange.events() if not isinstance(ev.body, e.Heartbeat)]


def net(agency: Homes) -> Counter[tuple[e.Body, Cap]]:
    """(body, marks) of the events that stand."""
    found: Counter[tuple[e.Body, Cap]] = Counter()
    for _, event in agency.exchange.events():
        if isinstance(event.body, Correction):
            found[event.body.body, Cap(event.cap)] -= 1
        elif not isinstance(event.body, e.Heartbeat):
            found[event.body, Cap(event.cap)] += 1
    assert not found or min(found.values()) >= 0, "a correction has other marks than its event"
    return +found


def in_nation(agency: Homes) -> set[v.Service]:
    """The needs in the nation's releases."""
    return {body.service for body, cap in net(agency) if isinstance(body, e.NeedIdentified) and cap & Cap.NATION}


def by_hash(agency: Homes, client: str = "ann", period: int = Q1) -> list[v.Service]:
    """All services in the order of the vault's key."""
    with Vault.open(agency.profile, SECRET) as vault:
        ranks = Ranks.of(vault.get("cap_key"), client.encode(), period)
    return sorted(SERVICES, key=lambda service: ranks.of_key(order_of(NEEDS), str(service)))


def arrivals(agency: Homes, body: type[e.Body] = e.NeedIdentified) -> int:
    """The number of events that were ever sent with the mark of an arrival."""
    return sum(isinstance(ev.body, body) and bool(ev.cap & Cap.ARRIVAL) for _, ev in agency.exchange.events())


async def test_the_first_by_hash_are_within_and_one_event_shows_that_there_are_more(agency: Homes) -> None:
    await run(agency, *needs(*SERVICES))
    assert in_nation(agency) == set(by_hash(agency)[:MOST])
    assert sum(bool(cap & Cap.PAST) for cap in caps_of(agency)) == 1
    assert arrivals(agency) == 1


async def test_a_client_within_all_caps_is_not_counted_as_over_them(agency: Homes) -> None:
    await run(agency, fact("opened", OPENED), *needs(v.Service.food, v.Service.housing), fact("again", NEED_FOOD))
    assert not any(cap & Cap.PAST for cap in caps_of(agency))
    assert sum(bool(cap & Cap.NATION) for cap in caps_of(agency)) == 3


@pytest.mark.parametrize("each", [False, True], ids=["one batch", "one by one"])
async def test_the_same_are_marked_in_whatever_batches_facts_come(agency: Homes, each: bool) -> None:
    order = by_hash(agency)
    await run(agency, *needs(*order[3:9]), each=each)
    assert in_nation(agency) == set(order[3 : 3 + MOST])
    for last in (2, 1, 0):
        await run(agency, *needs(order[last]), each=each)
        assert in_nation(agency) == set(order[last : last + MOST])
    assert agency.broken_laws() == []
    assert arrivals(agency) == 1


async def test_a_place_that_becomes_free_goes_to_the_next(agency: Homes) -> None:
    order = by_hash(agency)
    await run(agency, *needs(*order[: MOST + 2]))
    for gone in range(2):
        await run(agency, retract=[str(order[gone])])
        assert in_nation(agency) == set(order[gone + 1 : gone + 1 + MOST])
    assert agency.broken_laws() == []
    assert arrivals(agency) == 1


async def test_unmet_needs_count_for_the_services_of_needs(agency: Homes) -> None:
    order = by_hash(agency)
    unmet = [
        fact(f"unmet {s}", e.NeedUnmet(s, v.UnmetReason.not_known, v.FundingSource.not_known))
        for s in (order[0], order[MOST], order[MOST + 1])
    ]
    await run(agency, *unmet)
    await run(agency, *needs(*order))
    kept = {body.service for body, cap in net(agency) if isinstance(body, e.NeedUnmet) and cap & Cap.NATION}
    assert kept == {order[0]}


async def test_a_correction_has_its_events_marks(agency: Homes) -> None:
    await run(agency, *needs(*SERVICES[:8]), fact("opened", OPENED))
    await run(agency, retract=[*map(str, SERVICES[:8]), "opened"])
    corrections = [ev for _, ev in agency.exchange.events() if isinstance(ev.body, Correction)]
    assert len(corrections) >= 9
    assert all(event.cap == event.body.cap for event in corrections if isinstance(event.body, Correction))
    assert net(agency) == Counter()


async def test_whatever_is_corrected_a_client_arrives_once(agency: Homes) -> None:
    for service in (v.Service.food, v.Service.housing, v.Service.food):
        await run(agency, fact("need", e.NeedIdentified(service)))
        await run(agency, retract=["need"])
    assert arrivals(agency) == 1


async def test_nobodys_events_are_in_no_release(agency: Homes) -> None:
    await run(agency, fact("opened", OPENED, client=""), fact("food", NEED_FOOD, client=""))
    assert caps_of(agency) == [Cap(0), Cap(0)]


async def test_a_record_whose_client_is_left_out_later_is_still_the_clients(agency: Homes) -> None:
    await run(agency, fact("food", NEED_FOOD))
    await run(agency, fact("food", NEED_FOOD, client=""))
    await run(agency, fact("food", e.NeedIdentified(v.Service.housing), client=""))
    assert net(agency) == Counter({(e.NeedIdentified(v.Service.housing), WITHIN): 1})


async def test_a_quarter_and_its_year_are_never_both_marked(agency: Homes) -> None:
    await run(agency, fact("year", NEED_FOOD, YEAR))
    await run(agency, fact("quarter", NEED_FOOD), fact("of another", NEED_FOOD, YEAR, "bea"))
    found = {(ev.period, ev.cap) for _, ev in agency.exchange.events() if ev.body == NEED_FOOD}
    assert found == {(YEAR, 0), (Q1, FIRST)}, "this agency marks quarters"


async def test_an_agency_of_years_marks_years(tmp_path: Path) -> None:
    agency = Agency(tmp_path, v.LegalClass.year_only)
    async with agency.edge() as edge:
        await edge.publish(fact("quarter", NEED_FOOD))
    assert {(ev.period, ev.cap) for _, ev in agency.exchange.events() if ev.body == NEED_FOOD} == {(YEAR, FIRST)}


# Records that move


async def test_a_record_that_moves_is_its_new_clients_with_its_marks_and_nobody_is_shut_out(agency: Homes) -> None:
    await run(agency, fact("food", NEED_FOOD))
    async with agency.edge(options=replace(agency.options, scheduled=False)) as edge:
        assert await edge.publish(fact("food", NEED_FOOD, client="bea")) is FactOutcome.KNOWN
    assert caps_of(agency) == [FIRST], "nothing is sent for it by hand"
    await run(agency)
    assert caps_of(agency) == [FIRST, FIRST, FIRST], "by it bea arrives, as ann did; between is a correction"
    await run(agency, *(fact(f"{c} again", NEED_FOOD, client=c) for c in ("ann", "bea")))
    assert sorted(caps_of(agency)[3:]) == [Cap(0), WITHIN], "bea has a need for food; ann has none, and has arrived"


async def test_many_records_of_one_placeholder_go_to_their_clients(agency: Homes) -> None:
    clients = [f"client {n}" for n in range(14)]
    await run(agency, *(fact(c, OPENED, client="walk-in") for c in clients))
    assert sum(bool(cap & Cap.NATION) for cap in caps_of(agency)) == 1
    await run(agency, *(fact(c, OPENED, client=c) for c in clients))
    stand = net(agency)
    assert sum(n for (_, cap), n in stand.items() if cap & WITHIN == WITHIN) == 14
    assert not any(cap & Cap.PAST for _, cap in stand)
    assert arrivals(agency, e.CaseOpened) == 1 + 14, "an arrival stays with who arrived, a placeholder too"


async def test_who_gives_a_record_away_and_who_gets_it_are_chosen_anew(agency: Homes) -> None:
    order = by_hash(agency)
    of_bea = by_hash(agency, "bea")
    await run(
        agency, *needs(*order[: MOST + 1]), *(fact(f"b {s}", e.NeedIdentified(s), client="bea") for s in of_bea[:MOST])
    )
    moved = fact(str(order[0]), e.NeedIdentified(order[0]), client="bea")
    await run(agency, moved)
    assert in_nation_of(agency, "ann") == set(order[1 : MOST + 1])
    beas = {order[0], *of_bea[:MOST]}
    assert in_nation_of(agency, "bea") == set(sorted(beas, key=of_bea.index)[:MOST])


def in_nation_of(agency: Homes, client: str) -> set[v.Service]:
    """The same, of a client as the vault knows them."""
    query = (
        "SELECT chain.sequence FROM fact JOIN chain ON chain.sequence = fact.sent JOIN client ON client.id = fact.client "
        "WHERE client.name = ?"
    )
    with Vault.open(agency.profile, SECRET) as vault:
        sequences = {row[0] for row in vault.all(query, (client.encode(),))}
    events = [ev for _, ev in agency.exchange.events() if ev.sequence in sequences and ev.cap & Cap.NATION]
    return {ev.body.service for ev in events if isinstance(ev.body, e.NeedIdentified)}


# Lost and restored vaults


@pytest.mark.parametrize("there", [True, False], ids=["with a client's event", "with a heartbeat alone"])
async def test_after_a_loss_all_that_had_begun_is_exhausted_whatever_was_read_back(agency: Homes, there: bool) -> None:
    await run(agency, *([fact("food", NEED_FOOD)] if there else []))
    agency.lose_vault()
    await run(agency, *([fact("food", NEED_FOOD)] if there else []), *needs(v.Service.housing))
    await run(agency, fact("other", OPENED, Q2, "cy"), fact("this quarter", OPENED, NOW, "cy"))
    assert caps_of(agency) == [*([FIRST] if there else []), Cap(0), Cap(0), Cap(0)]
    async with agency.edge(today=NEXT_QUARTER) as edge:
        await edge.publish(fact("next quarter", OPENED, NOW + 1 + (NOW % 5 == 4), "cy"))
    assert caps_of(agency)[-1] == FIRST, "nothing is missing there"


async def test_after_a_loss_a_correction_still_has_its_events_marks(agency: Homes) -> None:
    await run(agency, fact("food", NEED_FOOD))
    agency.lose_vault()
    await run(agency, fact("food", NEED_FOOD))
    await run(agency, fact("food", e.NeedIdentified(v.Service.housing)))
    assert caps_of(agency) == [FIRST, FIRST, Cap(0)]


async def test_what_was_sent_in_an_exhausted_period_stays_as_it_is(agency: Homes) -> None:
    order = by_hash(agency)
    await run(agency, *needs(*order[1 : MOST + 2]))
    agency.keep("backup")
    await run(agency)
    agency.restore("backup")
    before = len(caps_of(agency))
    await run(agency, *needs(*order), retract=[str(order[1])])
    assert Counter(caps_of(agency)[before:])[Cap(0)] == len(order) - MOST - 1
    assert in_nation(agency) == set(order[2 : MOST + 1]), "nobody takes the place"


async def test_an_old_backup_exhausts_what_was_sent_after_it(agency: Homes) -> None:
    await run(agency, fact("food", NEED_FOOD))
    agency.keep("backup")
    await run(agency, *needs(v.Service.housing))
    agency.restore("backup")
    await run(agency, *needs(v.Service.food, v.Service.housing, v.Service.transportation))
    assert caps_of(agency) == [FIRST, WITHIN, Cap(0)]


# Clients who withdrew consent, and refusals


async def test_of_a_held_client_nothing_is_sent_anew_and_all_is_put_right_when_the_hold_ends(agency: Homes) -> None:
    order = by_hash(agency)
    await run(agency, *needs(*order[: MOST + 1]))
    async with agency.edge() as edge:
        edge.hold("ann")
        await edge.retract(str(order[0]))
    assert in_nation(agency) == set(order[1:MOST])
    async with agency.edge() as edge:
        edge.unhold("ann")
    assert in_nation(agency) == set(order[1 : MOST + 1])
    assert agency.broken_laws() == []


async def test_the_place_of_an_event_that_the_exchange_refuses_goes_to_the_next(agency: Homes) -> None:
    order = by_hash(agency)
    await run(agency, *needs(*order[1 : MOST + 1]))
    agency.exchange.refuse_body = e.NeedIdentified(order[0])
    with pytest.MonkeyPatch.context() as patch:  # it is chained last, so nothing else is unchained with it
        patch.setattr(FactStore, "sort", lambda *_: 2**63 - 1)
        await run(agency, *needs(order[0]))
    assert agency.exchange.refused
    assert in_nation(agency) == set(order[1 : MOST + 1])
    assert agency.broken_laws() == []
    agency.exchange.refuse_body = None
    async with agency.edge() as edge:
        edge.retry_refused()
    assert in_nation(agency) == set(order[:MOST])
