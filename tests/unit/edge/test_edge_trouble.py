"""The edge in trouble: an exchange that is away, silent, refusing or losing.

Each ends with a name, nothing is lost.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from exchange.core.admission.gate import Status
from exchange.core.admission.reasons import Reason
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Heartbeat
from exchange.core.model.vocabulary import LegalClass, ReportingMinutes
from producers import errors
from producers.vault.fact_store import FactOutcome
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.exchange import Trouble
from tests.kits.edge_kit.facts import FOOD, NO_WAIT_S, SHELTER, bodies, facts_of, need, publish


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


async def test_a_refusal_during_the_run_does_not_cost_the_last_heartbeat(agency: Agency) -> None:
    """The heartbeat that ends the run is withdrawn with earlier events and sent again last."""
    agency.exchange.unknown_rules = 2
    services = [s for s in v.Service if s not in {"substance_use", "immigration_relief"}]
    await publish(agency, *(need(s, e.NeedIdentified(s)) for s in services))
    last = bodies(agency)[-1]
    assert agency.exchange.refused
    assert isinstance(last, Heartbeat)
    assert last.reporting_minutes is not ReportingMinutes.not_applicable
    assert agency.exchange.now_s < NO_WAIT_S


async def test_however_it_ends_the_link_and_the_vault_are_let_go(agency: Agency) -> None:
    await publish(agency, need("a"))
    agency.exchange.away = 10**6
    with pytest.raises(errors.ExchangeAway):
        await publish(agency, need("b"))
    assert [link.closed for link in agency.links] == [True, True]
    with Vault.open(agency.profile, SECRET):
        pass


async def test_an_error_in_the_block_keeps_what_was_taken_and_sends_nothing(agency: Agency) -> None:
    async def failing() -> None:
        async with agency.edge() as edge:
            await edge.publish(need("a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert agency.exchange.inbox == []
    assert await publish(agency) == []
    assert bodies(agency)[:-1] == [SHELTER]


async def test_the_exchange_away_for_a_while_is_waited_for(agency: Agency) -> None:
    agency.exchange.away = 5
    await publish(agency, need("a"))
    assert sum("cannot be reached" in line for line in agency.messages) == 5
    assert agency.admitted()


async def test_the_exchange_away_for_long_ends_clearly_and_loses_nothing(agency: Agency) -> None:
    agency.exchange.away = 10**6
    with pytest.raises(errors.ExchangeAway, match="2 events are kept"):
        await publish(agency, need("a"), need("b"))
    assert agency.exchange.now_s >= 60
    agency.exchange.away = 0
    assert await publish(agency) == []
    assert bodies(agency)[:-1] == [SHELTER, SHELTER]


async def test_a_silent_gate_ends_clearly_and_loses_nothing(agency: Agency) -> None:
    agency.exchange.trouble = Trouble(gate_sleeps=1.0)
    with pytest.raises(errors.ExchangeSilent, match="1 event is kept"):
        await publish(agency, need("a"))
    agency.exchange.trouble = Trouble()
    await publish(agency)
    assert facts_of(agency) == [SHELTER]


async def test_a_suspended_agency_learns_so_and_goes_on_once_resumed(agency: Agency) -> None:
    agency.exchange.state.registration = replace(agency.exchange.registration, status=Status.SUSPENDED)
    with pytest.raises(errors.Blocked) as caught:
        await publish(agency, need("a"))
    assert (caught.value.reason, caught.value.sequence) == (Reason.SUSPENDED, 1)
    agency.exchange.state.registration = agency.exchange.registration
    await publish(agency)
    assert facts_of(agency) == [SHELTER]


async def test_an_unregistered_key_stops_at_the_heartbeat_and_goes_on_once_registered(agency: Agency) -> None:
    agency.exchange.state.registration = replace(agency.exchange.registration, keys=())
    with pytest.raises(errors.Blocked) as caught:
        await publish(agency, need("a"))
    assert caught.value.reason is Reason.UNKNOWN_KEY
    assert bodies(agency) == []
    assert agency.exchange.waiting
    agency.exchange.state.registration = agency.exchange.registration
    await publish(agency, need("b", FOOD))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 1


async def test_what_a_stricter_registration_refuses_is_dropped_in_one_round(agency: Agency) -> None:
    """The profile is individual, the registry totals only: client bodies go, agency bodies stay."""
    registration = replace(agency.exchange.registration, legal_class=LegalClass.tally_only)
    agency.exchange.state.registration = registration
    held = e.ActivityHeld(v.Activity.outreach_event, v.AudienceBand.people_1_10, v.AgencyType.school)
    async with agency.edge() as edge:
        for number in range(50):
            await edge.publish(need(f"{number}", e.NeedIdentified(list(v.Service)[number % 9])))
        await edge.publish(need("held", held))
    assert edge.report.refused_by_exchange == {"legal_class": 50}
    assert len({refused.sequence for refused in agency.exchange.refused}) == 1
    assert [body for body in bodies(agency) if not isinstance(body, Heartbeat)] == [held]
    agency.exchange.state.registration = agency.exchange.registration
    assert await publish(agency, need("1", e.NeedIdentified(list(v.Service)[1]))) == [FactOutcome.REFUSED_BEFORE]
    async with agency.edge() as edge:
        assert edge.retry_refused() == 50
    assert sum(isinstance(body, e.NeedIdentified) for body in bodies(agency)) == 50


async def test_rubbish_in_the_inbox_costs_one_resend(agency: Agency) -> None:
    agency.exchange.inbox.append(b"rubbish")
    await publish(agency, need("a"))
    assert bodies(agency)[:-1] == [SHELTER]


async def test_a_lost_event_is_sent_again_as_soon_as_the_gate_misses_it(agency: Agency) -> None:
    agency.exchange.lose_next = {0, 2}
    await publish(agency, *(need(s, e.NeedIdentified(s)) for s in list(v.Service)[:5]))
    assert Reason.GAP in {refused.reason for refused in agency.exchange.refused}
    assert agency.exchange.now_s < NO_WAIT_S
    assert sum(isinstance(body, e.NeedIdentified) for body in bodies(agency)) == 5


async def test_what_is_lost_without_a_trace_is_sent_again_in_the_same_run(agency: Agency) -> None:
    agency.exchange.lose_next = {0}
    await publish(agency, need("a"))
    assert bodies(agency)[:-1] == [SHELTER]


async def test_a_refused_correction_is_given_up_and_the_chain_goes_on(agency: Agency) -> None:
    """The gate holds the event as retracted already: the correction goes, its replacement stays."""
    await publish(agency, need("a"), need("b", FOOD))
    for sequence in (1, 2):
        agency.exchange.state.digests.forget(sequence)
    async with agency.edge() as edge:
        await edge.publish(need("a", e.NeedIdentified(v.Service.housing)))
        await edge.retract("b")
    assert edge.report.refused_by_exchange == {"corrects_retracted": 2}
    new = [body for body in bodies(agency)[3:] if not isinstance(body, Heartbeat)]
    assert new == [e.NeedIdentified(v.Service.housing)]
    async with agency.edge() as edge:
        await edge.publish(need("a", e.NeedIdentified(v.Service.housing)))
    assert edge.report.refused_by_exchange == {}


async def test_at_most_a_window_is_under_way(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.delivery.sending.WINDOW", 300)
    monkeypatch.setattr("producers.delivery.run_chain.CHUNK", 100)
    monkeypatch.setattr("producers.delivery.run_chain.EVENTS_A_RUN", 100)
    agency.exchange.trouble = Trouble(gate_sleeps=1.0)
    with pytest.raises(errors.ExchangeSilent):
        await publish(agency, *(need(f"{n}") for n in range(1_000)))
    assert len(set(agency.exchange.inbox)) == 303, "three parts, each with its heartbeat"
    agency.exchange.trouble = Trouble()
    await publish(agency)
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1_000


async def test_two_edges_on_one_vault_are_refused(agency: Agency) -> None:
    async with agency.edge():
        with pytest.raises(errors.VaultInUse):
            async with agency.edge():
                pass
