"""The edge on an exchange in memory that judges with the real gate: what each call does, and how each trouble ends."""

from dataclasses import replace
from pathlib import Path

import pytest

from exchange.core import events as e
from exchange.core import vocabulary as v
from exchange.core.events import Correction, Heartbeat
from exchange.core.gate import Reason, Status
from exchange.core.period import parse_period
from exchange.core.vocabulary import LegalClass, ReportingMinutes, Scheduled, UsState
from producers import errors
from producers.edge import Edge
from producers.facts import (
    ClientWithdrawn,
    Complete,
    Edition,
    Fact,
    RowIgnored,
    RowRefused,
    Where,
    Withdrawn,
)
from producers.ledger import Outcome
from producers.vault import Vault
from tests.edge_kit.agency import SECRET, TODAY, Agency
from tests.edge_kit.exchange import Trouble

Q1, Q2 = parse_period("2026Q1"), parse_period("2026Q2")
HERE = Where("export", 1)
NO_WAIT_S = 5.0
"""Of the exchange's own clock, which moves only while nothing happens: the edge acted at once, without waiting."""
SHELTER = e.NeedIdentified(v.Service.emergency_shelter)
FOOD = e.NeedIdentified(v.Service.food)


def need(key: str, body: e.Correctable = SHELTER, period: int = Q1, client: str = "c-1") -> Fact:
    return Fact(key, period, UsState.ca, body, client, HERE)


def bodies(agency: Agency) -> list[e.Body]:
    return [event.body for _, event in agency.exchange.events()]


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


async def publish(agency: Agency, *facts: Fact) -> list[Outcome]:
    async with agency.edge() as edge:
        return [await edge.publish(fact) for fact in facts]


async def test_publishing_twice_adds_only_a_heartbeat(agency: Agency) -> None:
    assert await publish(agency, need("a")) == [Outcome.PUBLISHED]
    assert await publish(agency, need("a")) == [Outcome.KNOWN]
    assert [type(body) for body in bodies(agency)] == [e.NeedIdentified, Heartbeat, Heartbeat]


async def test_a_changed_fact_is_corrected_by_restating_the_old_one(agency: Agency) -> None:
    await publish(agency, need("a"))
    assert await publish(agency, need("a", FOOD)) == [Outcome.CORRECTED]
    first, _, correction, new, _ = bodies(agency)
    assert isinstance(correction, Correction)
    assert (correction.sequence, correction.body, new) == (1, first, FOOD)


async def test_a_change_before_sending_leaves_no_trace(agency: Agency) -> None:
    assert await publish(agency, need("a"), need("a", FOOD)) == [Outcome.PUBLISHED, Outcome.CORRECTED]
    assert bodies(agency)[:-1] == [FOOD]


async def test_a_change_and_back_before_sending_sends_nothing(agency: Agency) -> None:
    await publish(agency, need("a"))
    await publish(agency, need("a", FOOD), need("a", SHELTER))
    assert [type(body) for body in bodies(agency)] == [e.NeedIdentified, Heartbeat, Heartbeat]


async def test_correct_and_retract_need_a_known_key(agency: Agency) -> None:
    async with agency.edge() as edge:
        with pytest.raises(errors.KeyUnknown):
            await edge.correct("a", need("a"))
        with pytest.raises(errors.KeyUnknown):
            await edge.retract("a")
        await edge.publish(need("a"))
        assert await edge.correct("a", need("ignored", FOOD)) is Outcome.CORRECTED
        await edge.retract("a")
        with pytest.raises(errors.KeyUnknown):
            await edge.retract("a")
    assert bodies(agency)[:-1] == []


async def test_a_withdrawal_takes_back_every_key_that_begins_so_and_no_other(agency: Agency) -> None:
    keys = ["case-1/a", "case-1/b", "case-10/a", "case-2/a", "case-1"]
    await publish(agency, *(need(key) for key in keys))
    async with agency.edge() as edge:
        await edge.read(Withdrawn("case-1/", HERE))
        assert edge.report.outcomes[Outcome.RETRACTED] == 2
    assert sum(isinstance(body, Correction) for body in bodies(agency)) == 2
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 3


async def test_an_empty_withdrawal_names_nothing(agency: Agency) -> None:
    await publish(agency, need("a"))
    async with agency.edge() as edge:
        await edge.read(Withdrawn("", HERE))
    assert not any(isinstance(body, Correction) for body in bodies(agency))


async def test_what_was_withdrawn_may_be_said_again(agency: Agency) -> None:
    await publish(agency, need("a"))
    async with agency.edge() as edge:
        await edge.retract("a")
    assert await publish(agency, need("a")) == [Outcome.PUBLISHED]
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1


async def test_an_older_export_never_undoes_a_newer_one(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.read_all([Edition("2026-05-01", "db", HERE), need("a", FOOD), need("b"), need("gone")])
    async with agency.edge() as edge:
        await edge.read_all([Edition("2026-06-01", "db", HERE), need("a", FOOD), Withdrawn("gone", HERE)])
    async with agency.edge() as edge:
        await edge.read_all([Edition("2026-05-15", "db", HERE), need("a", SHELTER), need("gone"), need("new")])
        await edge.read(Withdrawn("a", HERE))
        assert edge.report.outcomes[Outcome.OUTDATED] == 2
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 1
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 2


async def test_a_complete_source_withdraws_what_it_no_longer_says(agency: Agency) -> None:
    await publish(agency, need("p/a"), need("p/b"), need("p/c", period=Q2), need("q/a"))
    async with agency.edge() as edge:
        await edge.publish(need("p/a"))
        await edge.read(Complete("p/", HERE, Q1, Q1))
        assert edge.report.outcomes[Outcome.RETRACTED] == 1
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 2
    assert agency.admitted()[b"needs_by_service|2026Q2|ca|emergency_shelter"] == 1


async def test_a_year_lies_within_its_four_quarters_only(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.year_only)
    year = parse_period("2026")
    await publish(agency, need("p/quarter", period=Q2), need("p/year", period=year))
    async with agency.edge() as edge:
        await edge.read(Complete("p/", HERE, Q1, Q2))
        assert edge.report.outcomes[Outcome.RETRACTED] == 1
        await edge.read(Complete("p/", HERE, Q1, year))
        assert edge.report.outcomes[Outcome.RETRACTED] == 2


async def test_a_withdrawn_client_takes_what_was_not_said_again(agency: Agency) -> None:
    await publish(agency, need("a", client="old"), need("b", client="old"), need("c", client="other"))
    async with agency.edge() as edge:
        await edge.publish(need("b", client="new"))
        await edge.read(ClientWithdrawn("old", HERE))
        assert edge.report.outcomes[Outcome.RETRACTED] == 1
    async with agency.edge() as edge:
        await edge.read(ClientWithdrawn("new", HERE))
        assert edge.report.outcomes[Outcome.RETRACTED] == 1


async def test_another_database_is_refused(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.read(Edition("2026-05-01", "one", HERE))
    with pytest.raises(errors.DatabaseChanged):
        async with agency.edge() as edge:
            await edge.read(Edition("2026-06-01", "two", HERE))


async def test_rows_are_counted_once_whatever_they_say(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.read_all(
            [
                need("a"),
                need("b"),
                RowIgnored(Where("export", 2), "not a program"),
                RowRefused(Where("export", 3), "column", "rule"),
            ]
        )
    report = edge.report
    assert (report.rows, report.ignored, report.refused) == (3, {"not a program": 1}, {"rule": 1})
    assert not report.clean


async def test_a_body_that_breaks_a_rule_is_refused_with_the_rule(agency: Agency) -> None:
    unsound = e.BarrierReported(v.Barrier.staff_turnover, v.Service.food)
    assert await publish(agency, need("a", unsound), need("b", period=7)) == [Outcome.REFUSED] * 2
    assert bodies(agency)[:-1] == []


async def test_the_last_event_is_the_signed_heartbeat_of_the_run(tmp_path: Path) -> None:
    agency = Agency(tmp_path, scheduled=True)
    async with agency.edge() as edge:
        edge.spent(45)
        await edge.publish(need("a"))
    beat = bodies(agency)[-1]
    assert isinstance(beat, Heartbeat)
    assert (beat.scheduled, beat.reporting_minutes) == (Scheduled.yes, ReportingMinutes.minutes_31_60)
    assert agency.exchange.refused == []


async def test_a_refusal_during_the_run_does_not_cost_the_last_heartbeat(agency: Agency) -> None:
    """The heartbeat that ends the run is taken back with what stood before it, and comes again at the end."""
    agency.exchange.unknown_rules = 2
    services = [s for s in v.Service if s not in {"substance_use", "immigration_relief"}]
    await publish(agency, *(need(s, e.NeedIdentified(s)) for s in services))
    last = bodies(agency)[-1]
    assert agency.exchange.refused
    assert isinstance(last, Heartbeat)
    assert last.reporting_minutes is not ReportingMinutes.not_applicable
    assert agency.exchange.now_s < NO_WAIT_S


async def test_a_copy_that_published_meanwhile_does_not_cost_the_last_heartbeat(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.publish(need("a"))
        await edge.flush()
        edge.vault.commit()
        agency.keep("copy")
        other = copied(agency)
        async with other:
            await other.publish(need("b", FOOD))
        agency.exchange.away = 1
    last = bodies(agency)[-1]
    assert edge.report.restored == 2
    assert isinstance(last, Heartbeat)
    assert last.reporting_minutes is not ReportingMinutes.not_applicable


def copied(agency: Agency) -> Edge:
    """An edge on the copy of the vault that was kept."""
    profile = agency.profile.model_copy(update={"vault": agency.folder / "copy" / "agency.vault"})
    link = agency.exchange.link()
    return Edge.open(profile, secret=SECRET, link=link, today=TODAY, manner=agency.manner)


async def test_flush_sends_without_a_heartbeat_and_the_block_goes_on(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.publish(need("a"))
        await edge.flush()
        assert bodies(agency) == [SHELTER]
        await edge.publish(need("b", FOOD))
    assert bodies(agency)[1] == FOOD


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


async def test_the_order_in_which_facts_came_leaves_no_trace(tmp_path: Path) -> None:
    sent = []
    for run, (order, secret) in enumerate([(1, bytes(32)), (-1, bytes(32)), (1, bytes([1]) * 32)]):
        (tmp_path / str(run)).mkdir()
        agency = Agency(tmp_path / str(run))
        facts = [need(s, e.NeedIdentified(s)) for s in list(v.Service)[:12]]
        with_secret(agency, secret)
        await publish(agency, *facts[::order])
        sent.append(bodies(agency)[:-1])
    assert sent[0] == sent[1]
    assert sent[0] != [fact.body for fact in facts]
    assert sent[0] != [fact.body for fact in sorted(facts, key=lambda fact: fact.key)]
    assert sent[0] != sent[2], "another vault, another order: nobody else can work it out"


def with_secret(agency: Agency, secret: bytes) -> None:
    with Vault.open(agency.profile, SECRET) as vault:
        vault.set("secret", secret)
        vault.commit()


async def test_a_year_only_agency_gives_the_year(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.year_only)
    activity = e.ActivityHeld(v.Activity.outreach_event, v.AudienceBand.people_1_10, v.AgencyType.school)
    await publish(agency, need("a"), need("b", activity))
    periods = {type(event.body): event.period for _, event in agency.exchange.events()}
    assert periods[e.NeedIdentified] == parse_period("2026")
    assert periods[e.ActivityHeld] == Q1


async def test_the_exchange_away_for_a_while_is_waited_for(agency: Agency) -> None:
    agency.exchange.away = 5
    await publish(agency, need("a"))
    assert sum("cannot be reached" in line for line in agency.said) == 5
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
    with pytest.raises(errors.ExchangeSilent, match="1 events are kept"):
        await publish(agency, need("a"))
    agency.exchange.trouble = Trouble()
    await publish(agency)
    assert bodies(agency)[:-1] == [SHELTER]


async def test_a_suspended_agency_is_told_so_and_goes_on_once_resumed(agency: Agency) -> None:
    agency.exchange.state.registration = replace(agency.exchange.registration, status=Status.SUSPENDED)
    with pytest.raises(errors.Blocked) as caught:
        await publish(agency, need("a"))
    assert (caught.value.reason, caught.value.sequence) == (Reason.SUSPENDED, 1)
    agency.exchange.state.registration = agency.exchange.registration
    await publish(agency)
    assert bodies(agency)[:-1] == [SHELTER]


async def test_an_unregistered_key_stops_at_the_heartbeat_and_goes_on_once_registered(agency: Agency) -> None:
    agency.exchange.state.registration = replace(agency.exchange.registration, keys=())
    with pytest.raises(errors.Blocked) as caught:
        await publish(agency, need("a"))
    assert caught.value.reason is Reason.UNKNOWN_KEY
    assert bodies(agency) == [SHELTER]
    agency.exchange.state.registration = agency.exchange.registration
    await publish(agency, need("b", FOOD))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 1


async def test_what_a_stricter_registration_refuses_is_dropped_in_one_round(agency: Agency) -> None:
    """The profile says individual, the registry says totals only: all client bodies go, agency bodies stay."""
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
    assert await publish(agency, need("1", e.NeedIdentified(list(v.Service)[1]))) == [Outcome.REFUSED_BEFORE]
    async with agency.edge() as edge:
        assert edge.retry_refused() == 50
    assert sum(isinstance(body, e.NeedIdentified) for body in bodies(agency)) == 50


async def test_rubbish_in_the_inbox_costs_one_resend(agency: Agency) -> None:
    agency.exchange.inbox.append(b"rubbish")
    await publish(agency, need("a"))
    assert bodies(agency)[:-1] == [SHELTER]


async def test_a_copied_vault_stops_both_copies_and_is_never_chained_over(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await publish(agency, need("a"))
    agency.keep("copy")
    await publish(agency, need("b", FOOD))
    agency.keep("first")
    agency.restore("copy")
    agency.exchange.receipts.pop()
    agency.exchange.receipts.pop()
    before = list(agency.exchange.admitted)
    with pytest.raises(errors.Forked):
        await publish(agency, need("c", e.NeedIdentified(v.Service.housing)))
    agency.restore("first")
    with pytest.raises(errors.Forked):
        await publish(agency, need("d"))
    assert agency.exchange.admitted == before


async def test_after_a_fork_a_restore_reads_back_what_was_accepted(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await publish(agency, need("a"))
    agency.keep("copy")
    await publish(agency, need("b", FOOD), need("lost", FOOD))
    agency.restore("copy")
    del agency.exchange.receipts[-2:]
    with pytest.raises(errors.Forked):
        await publish(agency, need("c", e.NeedIdentified(v.Service.housing)))
    manner = replace(agency.manner, over_fork=True)
    link = agency.exchange.link()
    async with Edge.open(agency.profile, secret=SECRET, link=link, today=TODAY, manner=manner) as edge:
        await edge.flush()
        assert edge.report.restored
        await edge.publish(need("b", FOOD))
        edge.retract_unclaimed()
    counts = agency.admitted()
    assert counts[b"needs_by_service|2026Q1|ca|food"] == 1
    assert counts[b"needs_by_service|2026Q1|ca|housing"] == 1
    assert counts[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1


async def test_a_backup_older_than_the_inbox_says_that_it_cannot(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await publish(agency, need("a"))
    agency.keep("backup")
    await publish(agency, need("b"))
    await publish(agency, need("c"))
    agency.restore("backup")
    del agency.exchange.inbox[:3]
    agency.exchange.read -= 3
    with pytest.raises(errors.RestoreImpossible, match="no longer holds event 3"):
        await publish(agency, need("d"))


async def test_a_lost_vault_finds_all_it_sent_in_the_inbox(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await publish(agency, need("a"), need("b"), need("c", FOOD))
    with Vault.open(agency.profile, SECRET) as vault:
        key = vault.get("signing_key")
    agency.profile.vault.unlink()
    with Vault.create(agency.profile, SECRET) as vault:
        vault.set("signing_key", key)
        vault.commit()
    before = agency.admitted()
    async with agency.edge() as edge:
        for fact in (need("a"), need("b"), need("c", FOOD)):
            await edge.publish(fact)
    assert edge.report.claimed == 3
    assert agency.admitted() == before


async def test_an_exchange_that_lost_its_end_gets_it_again(agency: Agency) -> None:
    from exchange.core.gate import AgencyState

    await publish(agency, need("a"), need("b", FOOD))
    before = agency.admitted()
    exchange = agency.exchange
    exchange.state, exchange.admitted, exchange.inbox = AgencyState(exchange.registration), [], []
    exchange.read, exchange.receipts = 0, []
    await publish(agency)
    assert agency.admitted() == before


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


async def test_the_first_event_stands_behind_32_random_bytes(tmp_path: Path) -> None:
    """A digest of guessable bytes could be guessed."""
    firsts = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        agency = Agency(tmp_path / name)
        await publish(agency, need("a"))
        firsts.add(agency.exchange.events()[0][1].previous)
    assert len(firsts) == 2
    assert all(len(set(first)) > 16 for first in firsts)


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


async def test_a_restored_vault_does_not_take_an_old_refusal_for_its_own(tmp_path: Path) -> None:
    """The lost vault's last event is judged and refused only when the restored one has chained another in its place."""
    agency = Agency(tmp_path)
    agency.keep("backup")
    await publish(agency, need("a"))
    agency.exchange.trouble = Trouble(gate_sleeps=1.0)
    unsound = e.NeedIdentified(v.Service.housing)
    agency.exchange.refuse_body = unsound
    with pytest.raises(errors.ExchangeSilent):
        await publish(agency, need("a"), need("x", unsound))
    agency.restore("backup")
    agency.exchange.trouble = Trouble()
    agency.exchange.hold_gate = 2
    await publish(agency, need("a"), need("y", FOOD))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 1
    assert Reason.FORKED not in {refused.reason for refused in agency.exchange.refused}


async def test_at_most_a_window_is_under_way(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.sending.WINDOW", 300)
    monkeypatch.setattr("producers.sending.CHUNK", 100)
    agency.exchange.trouble = Trouble(gate_sleeps=1.0)
    with pytest.raises(errors.ExchangeSilent):
        await publish(agency, *(need(f"{n}") for n in range(1_000)))
    assert len(set(agency.exchange.inbox)) == 300
    agency.exchange.trouble = Trouble()
    await publish(agency)
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1_000


async def test_two_edges_on_one_vault_are_refused(agency: Agency) -> None:
    async with agency.edge():
        with pytest.raises(errors.VaultInUse):
            async with agency.edge():
                pass


async def test_a_preview_changes_and_sends_nothing(agency: Agency) -> None:
    await publish(agency, need("a"), need("b"))
    sent = list(agency.exchange.inbox)
    for _ in range(2):
        async with agency.edge(preview=True) as edge:
            await edge.publish(need("a", FOOD))
            await edge.publish(need("new"))
            leaving = {(item.event.body, item.retracts): item.count for item in edge.leaving()}
        assert leaving == {(SHELTER, True): 1, (FOOD, False): 1, (SHELTER, False): 1}
    assert agency.exchange.inbox == sent
    assert await publish(agency, need("a"), need("new")) == [Outcome.KNOWN, Outcome.PUBLISHED]


async def test_a_restore_forgives_one_fork_and_not_the_next(agency: Agency) -> None:
    """The other copy was said to have stopped, and has not."""
    await publish(agency, need("a"))
    agency.keep("copy")
    await publish(agency, need("b", FOOD))
    agency.restore("copy")
    del agency.exchange.receipts[-2:]
    with pytest.raises(errors.Forked):
        await publish(agency, need("c", e.NeedIdentified(v.Service.housing)))
    manner = replace(agency.manner, over_fork=True)

    async def restore_beside_the_other() -> None:
        async with agency.edge(manner=manner) as edge:
            await edge.flush()
            edge.vault.commit()
            agency.keep("copy")
            async with copied(agency) as other:
                await other.publish(need("d"))
            await edge.publish(need("e", FOOD))

    with pytest.raises(errors.Forked):
        await restore_beside_the_other()


async def test_what_a_lost_run_corrected_is_unknown_until_the_source_says_it_again(agency: Agency) -> None:
    """The lost run changed food into housing; the source has changed back since, and only food may be counted."""
    await publish(agency, need("a", FOOD))
    agency.keep("backup")
    await publish(agency, need("a", e.NeedIdentified(v.Service.housing)))
    agency.restore("backup")
    async with agency.edge() as edge:
        await edge.flush()
        assert await edge.publish(need("a", FOOD)) is Outcome.PUBLISHED
        await edge.flush()
        assert edge.retract_unclaimed() == 1
    assert agency.admitted() == {
        b"needs_by_service|2026Q1|ca|food": 1,
        b"state_needs_by_service_group|2026Q1|ca|basic_needs": 1,
    }


async def test_a_client_has_a_key_of_its_own_for_ever(agency: Agency) -> None:
    async with agency.edge() as edge:
        keys = [edge._ledger.client_key(client) for client in ("one", "two", "one")]
    async with agency.edge() as edge:
        assert edge._ledger.client_key("one") == keys[0]
    assert keys[0] == keys[2] != keys[1]
    assert all(len(key) == 16 for key in keys)
