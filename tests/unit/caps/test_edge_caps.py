"""Caps at the edge: by keyed hash, over every run and correction, after a loss too."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from exchange.core.admission.cap_rules import MARKS, RULES, Cap
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import ALL_CAPS, Correction
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import UsState
from producers.caps import marking
from producers.caps.choice import ClientPeriod, Place, Ranks, Wanted, name_of
from producers.caps.tally import current_quarter
from producers.facts import Fact
from producers.vault import event_tail
from producers.vault.fact_store import FactOutcome
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, TODAY, Agency
from tests.kits.edge_kit.clients import Homes
from tests.kits.edge_kit.facts import HERE

NOW, NEXT_QUARTER = current_quarter(TODAY), date(2027, 1, 20)
Q1, Q2, YEAR = (parse_period(period) for period in ("2026Q1", "2026Q2", "2026"))
CA = UsState.ca
NEEDS = next(rule for rule in RULES if rule.body is e.NeedIdentified and rule.bit is Cap.NATION)
SERVICES = [service for service in v.Service if service is not v.Service.not_applicable]
OPENED = e.CaseOpened(
    v.Gender.woman, v.AgeBand.age_18_20, v.ForeignNational.withheld_by_agency, v.ReferralSource.not_known
)


@pytest.fixture
def agency(tmp_path: Path) -> Homes:
    return Homes(tmp_path)


def fact(key: str, body: e.Correctable, period: int = Q1, client: str = "ann") -> Fact:
    return Fact(key, period, CA, body, client, HERE)


def needs(*services: v.Service) -> list[Fact]:
    return [fact(f"{service}", e.NeedIdentified(service)) for service in services]


async def run(agency: Homes, *facts: Fact, retract: Sequence[str] = (), each: bool = False) -> None:
    async with agency.edge() as edge:
        for one in facts:
            await edge.publish(one)
            if each:
                await edge.flush()
        for key in retract:
            await edge.retract(key)


def caps_of(agency: Homes) -> list[Cap]:
    """The bits of what was admitted, heartbeats apart."""
    return [Cap(ev.cap) for _, ev in agency.exchange.events() if not isinstance(ev.body, e.Heartbeat)]


def in_nation(agency: Homes) -> set[v.Service]:
    """The needs in the nation's releases."""
    found: Counter[v.Service] = Counter()
    for _, event in agency.exchange.events():
        body = event.body.body if isinstance(event.body, Correction) else event.body
        if isinstance(body, e.NeedIdentified) and event.cap & Cap.NATION:
            found[body.service] += -1 if isinstance(event.body, Correction) else 1
    assert set(found.values()) <= {0, 1}
    return {service for service, n in found.items() if n}


def by_hash(agency: Homes, client: str = "ann", period: int = Q1) -> list[v.Service]:
    """All services in the order of the vault's key."""
    with Vault.open(agency.profile, SECRET) as vault:
        ranks = Ranks.of(vault.get("cap_key"), client.encode(), period)
    return sorted(SERVICES, key=lambda service: ranks.of_key(Place(NEEDS, name_of(NEEDS), str(service))))


async def test_no_event_of_a_client_leaves_with_all_bits(agency: Homes) -> None:
    await run(agency, fact("opened", OPENED), *needs(*SERVICES), retract=["food"])
    assert caps_of(agency)
    assert all(not cap & ~MARKS for cap in caps_of(agency))


async def test_the_first_by_hash_are_within_and_one_event_shows_that_there_are_more(agency: Homes) -> None:
    await run(agency, *needs(*SERVICES))
    assert in_nation(agency) == set(by_hash(agency)[: NEEDS.most])
    assert sum(bool(cap & Cap.PAST) for cap in caps_of(agency)) == 1


async def test_a_client_within_all_caps_is_not_counted_as_over_them(agency: Homes) -> None:
    await run(agency, fact("opened", OPENED), *needs(v.Service.food, v.Service.housing), fact("again", NEED_FOOD))
    assert not any(cap & Cap.PAST for cap in caps_of(agency))
    assert Counter(caps_of(agency)) == {Cap.NATION | Cap.STATE: 3, Cap(0): 1}


NEED_FOOD = e.NeedIdentified(v.Service.food)


@pytest.mark.parametrize("each", [False, True], ids=["one batch", "one by one"])
async def test_the_same_events_in_other_batches_keep_the_same_but_for_what_corrections_cost(
    agency: Homes, each: bool
) -> None:
    """A later smaller hash displaces one event; then the correction is used, the next has none."""
    order = by_hash(agency)
    await run(agency, *needs(*order[2:7]), each=each)
    assert in_nation(agency) == set(order[2:7])
    await run(agency, *needs(order[1]))
    assert in_nation(agency) == set(order[1:6])
    await run(agency, *needs(order[0]))
    assert in_nation(agency) == set(order[1:6])
    assert agency.broken_laws() == []
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|%b" % str(order[6]).encode()] == 1


async def test_a_larger_hash_that_comes_later_displaces_nothing(agency: Homes) -> None:
    order = by_hash(agency)
    await run(agency, *needs(*order[:5]))
    await run(agency, *needs(*order[5:]))
    assert in_nation(agency) == set(order[:5])
    assert not any(isinstance(ev.body, Correction) and ev.cap & Cap.NATION for _, ev in agency.exchange.events())


async def test_a_second_correction_goes_without_the_bit_and_its_place_stays_used(agency: Homes) -> None:
    order = by_hash(agency)
    await run(agency, *needs(*order[:5]))
    await run(agency, retract=[str(order[0])])
    assert in_nation(agency) == set(order[1:5])
    await run(agency, retract=[str(order[1])])
    assert in_nation(agency) == set(order[1:5]), "it stands in releases for ever"
    await run(agency, *needs(order[5], order[6]))
    assert in_nation(agency) == set(order[1:6]), "one place is free"
    assert agency.broken_laws() == []
    assert b"needs_by_service|2026Q1|ca|%b" % str(order[1]).encode() not in agency.admitted()


async def test_what_the_restated_event_lacks_its_correction_lacks_too(agency: Homes) -> None:
    await run(agency, *needs(*by_hash(agency)[:8]))
    await run(agency, retract=[str(service) for service in by_hash(agency)[:8]])
    for _, event in agency.exchange.events():
        if isinstance(event.body, Correction):
            assert not event.cap & ~event.body.cap


def furthest_from_alike() -> float:
    """The largest deviation of a service's kept count, in standard deviations; one fixed order."""
    kept: Counter[bytes] = Counter()
    clients, services = 3_000, [f"{service}".encode() for service in SERVICES[:10]]
    for client in range(clients):
        unit = ClientPeriod(Ranks.of(bytes(range(32)), b"%d" % client, Q1))
        bits, _ = unit.choose([Wanted(name, e.NeedIdentified(v.Service(name.decode()))) for name in services])
        kept.update(name for name, cap in bits.items() if cap & Cap.NATION)
    share = NEEDS.most / len(services)
    sd = (clients * share * (1 - share)) ** 0.5
    return max(abs(kept[name] - clients * share) for name in services) / sd


def test_the_last_to_come_is_kept_as_often_as_the_first() -> None:
    assert furthest_from_alike() < 5


async def test_nobodys_events_are_in_no_release(agency: Homes) -> None:
    await run(agency, fact("opened", OPENED, client=""), fact("food", NEED_FOOD, client=""))
    assert caps_of(agency) == [Cap(0), Cap(0)]


async def test_a_quarter_and_its_year_are_never_both_marked(agency: Homes) -> None:
    await run(agency, fact("year", NEED_FOOD, YEAR))
    await run(agency, fact("quarter", NEED_FOOD), fact("of another", NEED_FOOD, YEAR, "bea"))
    found = {(ev.period, ev.cap) for _, ev in agency.exchange.events() if ev.body == NEED_FOOD}
    assert found == {(YEAR, 0), (Q1, 3)}, "this agency marks quarters"


async def test_an_agency_of_years_marks_years(tmp_path: Path) -> None:
    agency = Agency(tmp_path, v.LegalClass.year_only)
    async with agency.edge() as edge:
        await edge.publish(fact("quarter", NEED_FOOD))
    assert {(ev.period, ev.cap) for _, ev in agency.exchange.events() if ev.body == NEED_FOOD} == {(YEAR, 3)}


async def test_a_record_that_moves_to_another_client_ends_the_marks_of_both(agency: Homes) -> None:
    await run(agency, fact("food", NEED_FOOD))
    async with agency.edge() as edge:
        assert await edge.publish(fact("food", NEED_FOOD, client="bea")) is FactOutcome.KNOWN
        for client in ("ann", "bea", "cy"):
            await edge.publish(fact(client, OPENED, client=client))
        await edge.publish(fact("bea later", OPENED, Q2, "bea"))
    assert Counter(ev.cap for _, ev in agency.exchange.events() if ev.body == OPENED) == {0: 2, 3: 2}


MOVES: dict[str, list[Fact | None]] = {
    "taken back in between": [fact("food", NEED_FOOD), None, fact("food", NEED_FOOD, client="bea")],
    "by way of another period": [
        fact("food", NEED_FOOD),
        fact("food", NEED_FOOD, Q2),
        fact("food", NEED_FOOD, Q1, "bea"),
    ],
    "by way of a third": [
        fact("food", NEED_FOOD),
        fact("food", e.NeedIdentified(v.Service.housing), client="cy"),
        fact("food", NEED_FOOD, client="bea"),
    ],
    "by way of a third, as it is": [
        fact("food", NEED_FOOD),
        fact("food", NEED_FOOD, client="cy"),
        None,
        fact("food", NEED_FOOD, client="bea"),
    ],
    "by way of nobody": [
        fact("food", NEED_FOOD),
        fact("food", NEED_FOOD, client=""),
        None,
        fact("food", NEED_FOOD, client="bea"),
    ],
}


@pytest.mark.parametrize("way", MOVES.values(), ids=MOVES)
async def test_however_a_record_gets_to_another_client_they_may_be_one(agency: Homes, way: list[Fact | None]) -> None:
    for said in way:
        await (run(agency, said) if said else run(agency, retract=["food"]))
    await run(agency, *(fact(client, OPENED, client=client) for client in ("ann", "bea", "dan")))
    assert Counter(ev.cap for _, ev in agency.exchange.events() if ev.body == OPENED) == {0: 2, 3: 1}


@pytest.mark.parametrize("there", [True, False], ids=["with a client's event", "with a heartbeat alone"])
async def test_after_a_loss_all_that_had_begun_is_exhausted_whatever_was_read_back(agency: Homes, there: bool) -> None:
    await run(agency, *([fact("food", NEED_FOOD)] if there else []))
    agency.lose_vault()
    await run(agency, *([fact("food", NEED_FOOD)] if there else []), *needs(v.Service.housing))
    await run(agency, fact("other", OPENED, Q2, "cy"), fact("this quarter", OPENED, NOW, "cy"))
    assert caps_of(agency) == [*([Cap(3)] if there else []), Cap(0), Cap(0), Cap(0)]
    async with agency.edge(today=NEXT_QUARTER) as edge:
        await edge.publish(fact("next quarter", OPENED, NOW + 1 + (NOW % 5 == 4), "cy"))
    assert caps_of(agency)[-1] == Cap(3), "nothing is missing there"


async def test_after_a_loss_a_correction_carries_no_bit(agency: Homes) -> None:
    await run(agency, fact("food", NEED_FOOD))
    agency.lose_vault()
    await run(agency, fact("food", NEED_FOOD))
    await run(agency, retract=["food"])
    assert caps_of(agency)[-1] == Cap(0), "which corrections it had is not known"


async def test_an_old_backup_exhausts_what_was_sent_after_it(agency: Homes) -> None:
    await run(agency, fact("food", NEED_FOOD))
    agency.keep("backup")
    await run(agency, *needs(v.Service.housing))
    agency.restore("backup")
    await run(agency, *needs(v.Service.food, v.Service.housing, v.Service.transportation))
    assert caps_of(agency) == [Cap(3), Cap(3), Cap(0)]


def as_before_caps(agency: Homes) -> None:
    """Make the vault one of format 1: all bits in facts and events, and no record of clients."""
    with Vault.open(agency.profile, SECRET) as vault:
        for key, want in vault.all("SELECT key, want FROM fact WHERE want IS NOT NULL"):
            vault.run("UPDATE fact SET want = ? WHERE key = ?", (event_tail.with_cap(want, ALL_CAPS), key))
        vault.run("DROP INDEX chain_client")
        vault.run("DROP TABLE exhausted")
        for trigger in ("kept_new", "kept_changed", "kept_gone"):
            vault.run(f"DROP TRIGGER {trigger}")
        vault.run("DROP TABLE recount")
        for table, column in (("chain", "client"), ("fact", "spent"), ("client", "held")):
            vault.run(f"ALTER TABLE {table} DROP COLUMN {column}")
        vault.run("DELETE FROM meta WHERE name IN ('cap_key', 'counted', 'tallied')")
        vault.set("format", (1).to_bytes(2, "big"))
        vault.commit()


async def test_a_vault_of_before_caps_opens_and_its_clients_open_periods_count_as_exhausted(
    agency: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(marking.Caps, "of_event", lambda *_: Cap(ALL_CAPS))
        await run(agency, fact("food", NEED_FOOD), fact("opened", OPENED))
    as_before_caps(agency)
    await run(agency, fact("food", NEED_FOOD), fact("opened", OPENED), *needs(v.Service.housing))
    await run(agency, fact("q2", NEED_FOOD, Q2), fact("bea", NEED_FOOD, client="bea"), retract=["opened"])
    new = [(ev.period, ev.cap) for _, ev in agency.exchange.events() if not isinstance(ev.body, e.Heartbeat)][2:]
    assert Counter(new) == {(Q1, 0): 2, (Q2, 3): 1, (Q1, 3): 1}
    assert not agency.exchange.refused
