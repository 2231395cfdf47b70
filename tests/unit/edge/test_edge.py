"""The edge on an exchange in memory that judges with the real gate: what each call does."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Correction, Heartbeat
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, ReportingMinutes, Scheduled
from producers import errors
from producers.caps.policy import IN_THE_FUTURE
from producers.facts import ClientWithdrawn, Complete, Edition, RowIgnored, RowRefused, Where, Withdrawn
from producers.vault.fact_store import FactOutcome
from tests.kits.edge_kit.agency import Agency
from tests.kits.edge_kit.exchange import Trouble
from tests.kits.edge_kit.facts import FOOD, HERE, Q1, Q2, SHELTER, bodies, need, publish, with_secret


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


async def test_publishing_twice_adds_only_a_heartbeat(agency: Agency) -> None:
    assert await publish(agency, need("a")) == [FactOutcome.PUBLISHED]
    assert await publish(agency, need("a")) == [FactOutcome.KNOWN]
    assert [type(body) for body in bodies(agency)] == [e.NeedIdentified, Heartbeat, Heartbeat]


async def test_a_changed_fact_is_corrected_by_restating_the_old_one(agency: Agency) -> None:
    await publish(agency, need("a"))
    assert await publish(agency, need("a", FOOD)) == [FactOutcome.CORRECTED]
    first, _, correction, new, _ = bodies(agency)
    assert isinstance(correction, Correction)
    assert (correction.sequence, correction.body, new) == (1, first, FOOD)


async def test_a_change_before_sending_leaves_no_trace(agency: Agency) -> None:
    assert await publish(agency, need("a"), need("a", FOOD)) == [FactOutcome.PUBLISHED, FactOutcome.CORRECTED]
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
        assert await edge.correct("a", need("ignored", FOOD)) is FactOutcome.CORRECTED
        await edge.retract("a")
        with pytest.raises(errors.KeyUnknown):
            await edge.retract("a")
    assert bodies(agency)[:-1] == []


async def test_a_withdrawal_takes_back_every_key_that_begins_so_and_no_other(agency: Agency) -> None:
    keys = ["case-1/a", "case-1/b", "case-10/a", "case-2/a", "case-1"]
    await publish(agency, *(need(key, client=key) for key in keys))
    async with agency.edge() as edge:
        await edge.read(Withdrawn("case-1/", HERE))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 2
    assert sum(isinstance(body, Correction) for body in bodies(agency)) == 2
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 3


async def test_an_empty_withdrawal_names_nothing(agency: Agency) -> None:
    await publish(agency, need("a"))
    async with agency.edge() as edge:
        await edge.read(Withdrawn("", HERE))
    assert not any(isinstance(body, Correction) for body in bodies(agency))


async def test_what_was_withdrawn_may_be_sent_again(agency: Agency) -> None:
    await publish(agency, need("a"))
    async with agency.edge() as edge:
        await edge.retract("a")
    assert await publish(agency, need("a")) == [FactOutcome.PUBLISHED]
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1


async def test_an_older_export_never_undoes_a_newer_one(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.read_all([Edition("2026-05-01", "db", HERE), need("a", FOOD), need("b"), need("gone")])
    async with agency.edge() as edge:
        await edge.read_all([Edition("2026-06-01", "db", HERE), need("a", FOOD), Withdrawn("gone", HERE)])
    async with agency.edge() as edge:
        await edge.read_all([Edition("2026-05-15", "db", HERE), need("a", SHELTER), need("gone"), need("new")])
        await edge.read(Withdrawn("a", HERE))
        assert edge.report.outcomes[FactOutcome.OUTDATED] == 2
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 1
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 2


async def test_a_complete_source_withdraws_what_it_no_longer_has(agency: Agency) -> None:
    await publish(agency, need("p/a"), need("p/b"), need("p/c", period=Q2), need("q/a"))
    async with agency.edge() as edge:
        await edge.publish(need("p/a"))
        await edge.read(Complete("p/", HERE, Q1, Q1))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 1
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 2
    assert agency.admitted()[b"needs_by_service|2026Q2|ca|emergency_shelter"] == 1


async def test_a_clock_that_was_set_back_takes_nothing_back(agency: Agency) -> None:
    """All rows of later periods would be refused, and what was sent of them withdrawn."""
    await publish(agency, need("p/a"), need("p/gone", client="c-2"), need("p/later", period=Q2))
    async with agency.edge(today=date(2026, 2, 1)) as edge:
        await edge.read_all([need("p/a"), need("p/later", period=Q2), Complete("p/", HERE)])
        assert [row.rule for row in edge.report.refused_rows] == [IN_THE_FUTURE.rule]
    assert [body.body for body in bodies(agency) if isinstance(body, Correction)] == [SHELTER]
    assert agency.admitted()[b"needs_by_service|2026Q2|ca|emergency_shelter"] == 1


async def test_a_year_lies_within_its_four_quarters_only(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.year_only)
    year = parse_period("2026")
    await publish(agency, need("p/quarter", period=Q2), need("p/year", period=year))
    async with agency.edge() as edge:
        await edge.read(Complete("p/", HERE, Q1, Q2))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 1
        await edge.read(Complete("p/", HERE, Q1, year))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 2


async def test_a_withdrawn_client_takes_what_was_not_sent_again(agency: Agency) -> None:
    await publish(agency, need("a", client="old"), need("b", client="old"), need("c", client="other"))
    async with agency.edge() as edge:
        await edge.publish(need("b", client="new"))
        await edge.read(ClientWithdrawn("old", HERE))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 1
    async with agency.edge() as edge:
        await edge.read(ClientWithdrawn("new", HERE))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 1


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
    assert await publish(agency, need("a", unsound), need("b", period=7)) == [FactOutcome.REFUSED] * 2
    assert bodies(agency)[:-1] == []


async def test_the_last_event_is_the_signed_heartbeat_of_the_run(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    async with agency.edge(options=replace(agency.options, scheduled=True)) as edge:
        edge.spent(45)
        await edge.publish(need("a"))
    beat = bodies(agency)[-1]
    assert isinstance(beat, Heartbeat)
    assert (beat.scheduled, beat.reporting_minutes) == (Scheduled.yes, ReportingMinutes.minutes_31_60)
    assert agency.exchange.refused == []


async def test_minutes_that_nobody_stated_are_not_made_up_from_the_time_of_the_run(agency: Agency) -> None:
    """It grows with the number of facts: clients would move a figure without noise."""
    for stated, band in ((None, ReportingMinutes.not_collected), (0, ReportingMinutes.minutes_0_5)):
        async with agency.edge() as edge:
            if stated is not None:
                edge.spent(stated)
        beat = bodies(agency)[-1]
        assert isinstance(beat, Heartbeat)
        assert beat.reporting_minutes is band


async def test_flush_signs_what_it_sends_without_feeding_a_figure_and_the_block_goes_on(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.publish(need("a"))
        await edge.flush()
        await edge.publish(need("b", FOOD))
    first, mark, second, last = bodies(agency)
    assert (first, second) == (SHELTER, FOOD)
    for beat, minutes in ((mark, ReportingMinutes.not_applicable), (last, ReportingMinutes.not_collected)):
        assert isinstance(beat, Heartbeat)
        assert beat.reporting_minutes is minutes


async def test_a_flush_of_what_is_signed_sends_nothing(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.publish(need("a"))
        await edge.flush()
        await edge.flush()
    assert len(bodies(agency)) == 3


async def test_a_long_run_is_signed_part_by_part(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.delivery.run_chain.EVENTS_A_RUN", 5)
    await publish(agency, *(need(f"{number}") for number in range(12)))
    is_beat = [isinstance(body, Heartbeat) for body in bodies(agency)]
    assert is_beat == [*[False] * 5, True, *[False] * 5, True, False, False, True]
    minutes = [body.reporting_minutes for body in bodies(agency) if isinstance(body, Heartbeat)]
    assert [band is ReportingMinutes.not_applicable for band in minutes] == [True, True, False]


async def test_a_run_killed_before_its_heartbeat_is_signed_by_the_next(agency: Agency) -> None:
    agency.change_truth(3)
    agency.exchange.trouble = Trouble(kill_before_send=1.0)
    assert not await agency.run()
    agency.exchange.trouble = Trouble()
    await publish(agency)
    *facts, last = bodies(agency)
    assert facts
    assert isinstance(last, Heartbeat)


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


async def test_a_year_only_agency_gives_the_year(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.year_only)
    activity = e.ActivityHeld(v.Activity.outreach_event, v.AudienceBand.people_1_10, v.AgencyType.school)
    await publish(agency, need("a"), need("b", activity))
    periods = {type(event.body): event.period for _, event in agency.exchange.events()}
    assert periods[e.NeedIdentified] == parse_period("2026")
    assert periods[e.ActivityHeld] == Q1


async def test_the_first_event_comes_after_32_random_bytes(tmp_path: Path) -> None:
    """A digest of guessable bytes could be guessed."""
    firsts = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        agency = Agency(tmp_path / name)
        await publish(agency, need("a"))
        firsts.add(agency.exchange.events()[0][1].previous)
    assert len(firsts) == 2
    assert all(len(set(first)) > 16 for first in firsts)


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
    assert await publish(agency, need("a"), need("new")) == [FactOutcome.KNOWN, FactOutcome.PUBLISHED]


async def test_a_client_has_a_key_of_its_own_for_ever(agency: Agency) -> None:
    async with agency.edge() as edge:
        keys = [edge._fact_store.clients.row(client)[1] for client in ("one", "two", "one")]
    async with agency.edge() as edge:
        assert edge._fact_store.clients.row("one")[1] == keys[0]
    assert keys[0] == keys[2] != keys[1]
    assert all(len(key) == 16 for key in keys)
