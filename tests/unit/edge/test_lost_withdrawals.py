"""What a lost copy of a vault withdrew is not sent again before it is explained."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from producers.delivery import outbox
from producers.delivery.report import Report
from producers.facts import Fact
from producers.setup import confirm_holds, hold_client, unhold_client
from producers.vault import fact_store, lost_withdrawals
from producers.vault.fact_store import FactOutcome
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.edge_kit.agency import SECRET, TODAY, Agency
from tests.kits.edge_kit.facts import FOOD, Q1, Q2, SHELTER, need, publish

HOUSING, LEGAL = e.NeedIdentified(v.Service.housing), e.NeedIdentified(v.Service.legal)
Law = Callable[[Agency], Coroutine[None, None, None]]


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


def ann(key: str, body: e.Correctable = SHELTER, period: int = Q1) -> Fact:
    return need(key, body, period, client="ann")


def bob(key: str, body: e.Correctable = SHELTER, period: int = Q1) -> Fact:
    return need(key, body, period, client="bob")


async def lost(agency: Agency, *facts: Fact, hold: str = "", remove: tuple[str, ...] = ()) -> None:
    """A run of the copy that will be lost."""
    async with agency.edge() as edge:
        for fact in facts:
            await edge.publish(fact)
        for key in remove:
            await edge.retract(key)
        if hold:
            edge.hold(hold, retract=True)


async def run(agency: Agency, *facts: Fact) -> Report:
    async with agency.edge() as edge:
        for fact in facts:
            await edge.publish(fact)
    return edge.report


def standing(agency: Agency) -> list[e.Body]:
    """The bodies of the events that no correction has taken back, in the order of their arrival."""
    found: dict[int, e.Body] = {}
    for _, event in agency.exchange.events():
        if isinstance(event.body, e.Correction):
            del found[event.body.sequence]
        elif not isinstance(event.body, e.Heartbeat):
            found[event.sequence] = event.body
    return list(found.values())


# Clients


async def test_a_client_held_after_the_backup_is_not_published_again_by_the_restore(agency: Agency) -> None:
    files = (ann("a", FOOD), ann("b", HOUSING), bob("c"))
    await publish(agency, *files)
    agency.keep("backup")
    await lost(agency, hold="ann")
    agency.restore("backup")
    for _ in range(3):  # the run that reads back, and those after it
        report = await run(agency, *files, ann("new", LEGAL), ann("next quarter", FOOD, Q2))
        assert standing(agency) == [SHELTER]
        assert (report.doubted, report.clean) == (4, False)


async def test_what_is_new_about_the_client_is_held_back_though_the_file_names_nothing_withdrawn(
    agency: Agency,
) -> None:
    await publish(agency, ann("a", FOOD), bob("c"))
    agency.keep("backup")
    await lost(agency, hold="ann")
    agency.restore("backup")
    await run(agency, ann("new", LEGAL, Q2), bob("d", LEGAL, Q2))
    assert standing(agency) == [SHELTER, LEGAL]


async def test_a_person_says_that_the_holds_are_entered_and_the_others_are_sent(agency: Agency) -> None:
    files = (ann("a", FOOD), bob("b", HOUSING), bob("c", LEGAL))
    await publish(agency, *files)
    agency.keep("backup")
    await lost(agency, hold="ann")
    await lost(agency, hold="bob")
    agency.restore("backup")
    assert (await run(agency, *files)).doubted == 3
    assert standing(agency) == []
    hold_client(agency.profile, SECRET, "ann", retract=False)
    assert confirm_holds(agency.profile, SECRET) == 2
    assert (await run(agency, *files)).clean
    assert set(standing(agency)) == {HOUSING, LEGAL}


async def test_the_end_of_a_hold_ends_the_doubt_about_its_client_alone(agency: Agency) -> None:
    files = (ann("a", FOOD), bob("b", HOUSING))
    await publish(agency, *files)
    agency.keep("backup")
    await lost(agency, hold="ann")
    await lost(agency, hold="bob")
    agency.restore("backup")
    await run(agency, *files)
    unhold_client(agency.profile, SECRET, "bob")
    assert (await run(agency, *files)).doubted == 1
    assert standing(agency) == [HOUSING]


async def test_another_try_of_what_was_refused_sends_nothing_that_is_held_back(agency: Agency) -> None:
    await publish(agency, ann("a", FOOD))
    agency.keep("backup")
    await lost(agency, hold="ann")
    agency.restore("backup")
    await run(agency, ann("a", FOOD))
    async with agency.edge() as edge:
        assert edge.retry_refused() == 0
        assert await edge.publish(ann("a", FOOD)) is FactOutcome.DOUBTED
    assert standing(agency) == []


# Corrections that are no refusal


async def test_a_changed_record_holds_nothing_back(agency: Agency) -> None:
    """Its correction and its successor are both read back: the fact claims the successor."""
    await publish(agency, ann("a", FOOD))
    agency.keep("backup")
    await lost(agency, ann("a", HOUSING))
    agency.restore("backup")
    report = await run(agency, ann("a", HOUSING), ann("new", LEGAL))
    assert (report.doubted, report.clean) == (0, True)
    assert set(standing(agency)) == {HOUSING, LEGAL}


async def test_of_a_client_of_whom_an_event_was_left_only_what_was_withdrawn_is_held_back(agency: Agency) -> None:
    await publish(agency, ann("a", FOOD), ann("b", HOUSING))
    agency.keep("backup")
    await lost(agency, remove=("a",))
    agency.restore("backup")
    report = await run(agency, ann("a", FOOD), ann("b", HOUSING), ann("new", LEGAL))
    assert report.doubted == 1
    assert set(standing(agency)) == {HOUSING, LEGAL}


async def test_an_event_from_before_its_withdrawal_explains_nothing(agency: Agency) -> None:
    """Bob's need is another event; that it was sent before Ann's was withdrawn is certain."""
    await publish(agency, ann("a", FOOD))
    agency.keep("backup")
    await lost(agency, bob("b", FOOD))
    await lost(agency, hold="ann")
    agency.restore("backup")
    assert (await run(agency, ann("a", FOOD))).doubted == 1
    assert (await run(agency, ann("a", FOOD), bob("b", FOOD))).doubted == 1
    assert standing(agency) == [FOOD]


async def test_what_is_doubted_claims_last(agency: Agency) -> None:
    await publish(agency, ann("a", FOOD))
    agency.keep("backup")
    await lost(agency, hold="ann")
    await lost(agency, bob("b", FOOD))
    agency.restore("backup")
    assert (await run(agency, ann("a", FOOD), bob("b", FOOD))).doubted == 1
    assert standing(agency) == [FOOD]


async def test_a_record_that_names_another_client_by_now_is_the_others(agency: Agency) -> None:
    """Else one client's withdrawn record would hold another's back."""
    await publish(agency, ann("a", FOOD))
    agency.keep("backup")
    await lost(agency, remove=("a",))
    agency.restore("backup")
    report = await run(agency, bob("a", HOUSING), bob("b", LEGAL))
    assert report.doubted == 0
    assert set(standing(agency)) == {HOUSING, LEGAL}


async def test_what_is_about_the_agency_itself_is_sent_again(agency: Agency) -> None:
    held = e.ActivityHeld(v.Activity.outreach_event, v.AudienceBand.people_1_10, v.AgencyType.school)
    activity = Fact("evening", Q1, v.UsState.ca, held)
    await publish(agency, activity)
    agency.keep("backup")
    await lost(agency, remove=("evening",))
    agency.restore("backup")
    assert (await run(agency, activity)).doubted == 0
    assert standing(agency) == [held]


# Clients whom the backup does not know


async def test_what_a_lost_copy_sent_and_withdrew_is_held_back_with_what_else_is_new_about_its_client(
    agency: Agency,
) -> None:
    await publish(agency, bob("b"))
    agency.keep("backup")
    await lost(agency, ann("a", FOOD))
    await lost(agency, hold="ann")
    agency.restore("backup")
    report = await run(agency, bob("b"), ann("a", FOOD), ann("new", LEGAL))
    assert report.doubted == 2
    assert standing(agency) == [SHELTER]


async def test_in_a_period_with_marks_no_unknown_withdrawal_holds_anything_back(agency: Agency) -> None:
    """Nobody knows whose it was; in a figure it may move nobody."""
    await publish(agency, bob("b"))
    agency.keep("backup")
    await lost(agency, ann("a", FOOD))
    await lost(agency, hold="ann")
    agency.restore("backup")
    async with agency.edge(today=TODAY.replace(year=2027)) as edge:
        for fact in (bob("b"), ann("a", FOOD), need("carl", FOOD, client="carl"), ann("later", LEGAL, Q1 + 5)):
            await edge.publish(fact)
    assert edge.report.doubted == 2
    assert set(standing(agency)) == {SHELTER, LEGAL}


async def test_a_record_that_changes_to_what_a_lost_copy_withdrew_stays_as_it_was_sent(agency: Agency) -> None:
    await publish(agency, bob("b"))
    agency.keep("backup")
    await lost(agency, ann("a", FOOD))
    await lost(agency, hold="ann")
    agency.restore("backup")
    assert (await run(agency, bob("b", FOOD))).doubted == 1
    assert standing(agency) == [SHELTER]
    assert confirm_holds(agency.profile, SECRET) == 1
    await run(agency)
    assert standing(agency) == [SHELTER], "whatever run comes next"
    await run(agency, bob("b", FOOD))
    assert standing(agency) == [FOOD]


# Each rule, broken

DOUBTS = (lost_withdrawals, "_doubted")
CLAIMS = (outbox, "Outbox.claims")
MUTANTS: dict[str, tuple[BrokenRule, Law]] = {
    "nothing is noted": (
        BrokenRule(lost_withdrawals, "note", "body.about is About.CLIENT or isinstance(body, Tally)", "False"),
        test_a_client_held_after_the_backup_is_not_published_again_by_the_restore,
    ),
    "only the facts are held back": (
        BrokenRule(
            *DOUBTS, "(one.key, one.client) in facts or one.client in clients", "(one.key, one.client) in facts"
        ),
        test_what_is_new_about_the_client_is_held_back_though_the_file_names_nothing_withdrawn,
    ),
    "a fact stays held back under another client": (
        BrokenRule(*DOUBTS, "(one.key, one.client) in facts", "one.key in {key for key, _ in facts}"),
        test_a_record_that_names_another_client_by_now_is_the_others,
    ),
    "a record that moved in this run was the other client's": (
        BrokenRule(
            fact_store,
            "FactStore._put_again",
            "self._vault.run('INSERT OR IGNORE INTO moved VALUES (?, ?)', (key, was_of))",
            "None",
        ),
        test_a_record_that_names_another_client_by_now_is_the_others,
    ),
    "every client of a withdrawn event is held back": (
        BrokenRule(
            lost_withdrawals,
            "reopen",
            "vault.run(_WEIGH)",
            "vault.run('UPDATE lost_withdrawal SET whole = client IS NOT NULL')",
        ),
        test_of_a_client_of_whom_an_event_was_left_only_what_was_withdrawn_is_held_back,
    ),
    "what the backup did not know is sent": (
        BrokenRule(*DOUBTS, "known or new or one.states in unknown", "known"),
        test_what_a_lost_copy_sent_and_withdrew_is_held_back_with_what_else_is_new_about_its_client,
    ),
    "of its client the rest is sent": (
        BrokenRule(*DOUBTS, "known or new or one.states in unknown", "known or one.states in unknown"),
        test_what_a_lost_copy_sent_and_withdrew_is_held_back_with_what_else_is_new_about_its_client,
    ),
    "in every period": (
        BrokenRule(*DOUBTS, "one.states[0] <= exhausted_through", "True"),
        test_in_a_period_with_marks_no_unknown_withdrawal_holds_anything_back,
    ),
    "a changed fact is no new one": (
        BrokenRule(lost_withdrawals, "_waiting", "not sent or states != _stated(as_schema, as_sent)", "not sent"),
        test_a_record_that_changes_to_what_a_lost_copy_withdrew_stays_as_it_was_sent,
    ),
    "the agency's own facts are held back": (
        BrokenRule(lost_withdrawals, "note", "body.about is About.CLIENT or isinstance(body, Tally)", "True"),
        test_what_is_about_the_agency_itself_is_sent_again,
    ),
    "a claim explains nothing": (
        BrokenRule(*CLAIMS, "explain(self._vault, key)", "None"),
        test_a_changed_record_holds_nothing_back,
    ),
    "any event may be claimed": (
        BrokenRule(*CLAIMS, "(*with_each_cap(want), schema, after)", "(*with_each_cap(want), schema, 0)"),
        test_an_event_from_before_its_withdrawal_explains_nothing,
    ),
    "all claim alike": (
        BrokenRule(*CLAIMS, "self._vault.all(_CLAIMING)", "sorted(self._vault.all(_CLAIMING))"),
        test_what_is_doubted_claims_last,
    ),
    "the end of one hold ends every doubt": (
        BrokenRule(
            lost_withdrawals,
            "forget",
            "vault.run('DELETE FROM lost_withdrawal WHERE client = ?', (client,))",
            "vault.run('DELETE FROM lost_withdrawal')",
        ),
        test_the_end_of_a_hold_ends_the_doubt_about_its_client_alone,
    ),
    "a retry sends all": (
        BrokenRule(fact_store, "FactStore.retry", "(EVENT, HELD_BACK)", "(EVENT, '')"),
        test_another_try_of_what_was_refused_sends_nothing_that_is_held_back,
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_noticed(mutant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = MUTANTS[mutant]
    break_rule(monkeypatch, broken)
    with pytest.raises(AssertionError):
        asyncio.run(law(Agency(tmp_path)))
