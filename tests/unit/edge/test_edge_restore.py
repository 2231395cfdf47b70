"""Copies and backups of a vault: what is read back, what is a fork, and what nobody can know."""

from dataclasses import replace
from pathlib import Path

import pytest

from exchange.core.admission.gate import AgencyState
from exchange.core.admission.reasons import Reason
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import Heartbeat
from exchange.core.model.vocabulary import ReportingMinutes
from exchange.wire.codec import decode, encode
from producers import errors
from producers.edge import Edge
from producers.facts import Fact
from producers.setup import confirm_holds
from producers.vault.fact_store import FactOutcome
from producers.vault.sent_chain import RUNS_REMEMBERED
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, TODAY, Agency
from tests.kits.edge_kit.exchange import Trouble
from tests.kits.edge_kit.facts import FOOD, bodies, copied, need, publish

BAD = need("x", e.NeedIdentified(v.Service.housing))


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


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


async def test_a_copied_vault_stops_both_copies_and_is_never_chained_over(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await publish(agency, need("a"))
    agency.keep("copy")
    await publish(agency, need("b", FOOD))
    agency.keep("first")
    agency.restore("copy")
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
    agency.exchange.receipts.pop()
    with pytest.raises(errors.Forked):
        await publish(agency, need("c", e.NeedIdentified(v.Service.housing)))
    options = replace(agency.options, over_fork=True)
    link = agency.exchange.link()
    async with Edge.open(agency.profile, secret=SECRET, link=link, today=TODAY, options=options) as edge:
        await edge.flush()
        assert edge.report.restored
        await edge.publish(need("b", FOOD))
        edge.retract_unclaimed()
    counts = agency.admitted()
    assert counts[b"needs_by_service|2026Q1|ca|food"] == 1
    assert counts[b"needs_by_service|2026Q1|ca|housing"] == 1
    assert counts[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1


async def repaired(agency: Agency) -> list[bytes]:
    """A run in which the gate refused the second of three events; the withdrawn bytes, as sent."""
    agency.exchange.refuse_body = BAD.body
    await publish(agency, need("a"), BAD, need("c", FOOD))
    before = {event.sequence for _, event in agency.exchange.events()}
    late = [value for value in agency.links[0].sent if value not in agency.exchange.admitted]
    assert {int.from_bytes(value[5:13], "big") for value in late} <= before
    return late


def arriving(agency: Agency, late: list[bytes], *, forgotten: bool) -> None:
    """The late values arrive. `forgotten`: the gate has forgotten which runs it refused."""
    if forgotten:
        agency.exchange.state.refused_runs = ()
    agency.exchange.inbox.extend(late)
    agency.exchange.judge_all()


async def test_a_late_copy_of_withdrawn_events_is_no_fork(agency: Agency) -> None:
    """A lost connection's batch arrives after the repair; the gate remembers the run."""
    arriving(agency, await repaired(agency), forgotten=False)
    assert Reason.FORKED not in {refused.reason for refused in agency.exchange.refused}
    await publish(agency, need("d"))
    counts = agency.admitted()
    assert counts[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 2
    assert counts[b"needs_by_service|2026Q1|ca|food"] == 1


async def test_a_late_copy_of_withdrawn_events_is_no_fork_where_only_the_vault_knows_it(agency: Agency) -> None:
    """The gate has forgotten the run: Forked for the gate, but one vault."""
    arriving(agency, await repaired(agency), forgotten=True)
    refused = agency.exchange.receipts[-1].refused
    assert refused
    assert refused.reason is Reason.FORKED
    await publish(agency, need("d"))
    assert agency.exchange.receipts[-1].refused is None
    counts = agency.admitted()
    assert counts[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 2
    assert counts[b"needs_by_service|2026Q1|ca|food"] == 1


async def test_beside_a_late_copy_a_forged_record_makes_no_fork(agency: Agency) -> None:
    late = await repaired(agency)
    beat = decode(late[-1])
    assert isinstance(beat.body, Heartbeat)
    forged = encode(replace(beat, body=replace(beat.body, signature=bytes(64))))
    arriving(agency, [*late, forged], forgotten=True)
    await publish(agency, need("d"))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 2


async def test_a_late_copy_that_arrives_in_the_middle_of_a_run_does_not_stop_it(agency: Agency) -> None:
    late = await repaired(agency)
    async with agency.edge() as edge:
        await edge.publish(need("d"))
        await edge.flush()
        agency.exchange.inbox.extend(late)
        agency.exchange.judge_all()
        await edge.publish(need("e", FOOD))
    assert edge.report.complete
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 2


async def test_beside_a_late_copy_a_real_fork_is_still_one(agency: Agency) -> None:
    """Another run under the same sequences, which this vault never made but its key signed."""
    await publish(agency, need("first"))
    agency.keep("copy")
    known = list(agency.exchange.receipts)
    late = await repaired(agency)
    newer, agency.exchange.receipts = agency.exchange.receipts, known
    agency.exchange.trouble = Trouble(gate_sleeps=1.0)
    with pytest.raises(errors.ExchangeSilent):
        async with copied(agency) as other:
            await other.publish(need("alien"))
    agency.exchange.trouble, agency.exchange.receipts = Trouble(), newer
    arriving(agency, late, forgotten=True)
    with pytest.raises(errors.Forked):
        await publish(agency, need("d"))


async def test_a_late_copy_that_the_inbox_no_longer_holds_proves_nothing(agency: Agency) -> None:
    arriving(agency, await repaired(agency), forgotten=True)
    agency.exchange.inbox.clear()
    agency.exchange.read = 0
    with pytest.raises(errors.Forked):
        await publish(agency, need("d"))


async def test_withdrawn_events_are_forgotten_after_many_runs_and_not_before(agency: Agency) -> None:
    await repaired(agency)
    for remembered in (*[True] * RUNS_REMEMBERED, False):
        await publish(agency)
        with Vault.open(agency.profile, SECRET) as vault:
            assert bool(vault.all("SELECT sequence FROM withdrawn")) == remembered


async def test_a_backup_older_than_the_inbox_is_refused_with_the_reason(tmp_path: Path) -> None:
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

    await publish(agency, need("a"), need("b", FOOD))
    before = agency.admitted()
    exchange = agency.exchange
    exchange.state, exchange.admitted, exchange.inbox = AgencyState(exchange.registration), [], []
    exchange.read, exchange.receipts = 0, []
    await publish(agency)
    assert agency.admitted() == before


async def test_a_restored_vault_does_not_take_an_old_refusal_for_its_own(tmp_path: Path) -> None:
    """The lost vault's last event is refused only after the restored vault chained another one."""
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


async def test_a_restore_forgives_one_fork_and_not_the_next(agency: Agency) -> None:
    """The other copy was declared stopped, and has not stopped."""
    await publish(agency, need("a"))
    agency.keep("copy")
    await publish(agency, need("b", FOOD))
    agency.restore("copy")
    agency.exchange.receipts.pop()
    with pytest.raises(errors.Forked):
        await publish(agency, need("c", e.NeedIdentified(v.Service.housing)))
    options = replace(agency.options, over_fork=True)

    async def restore_beside_the_other() -> None:
        async with agency.edge(options=options) as edge:
            await edge.flush()
            edge.vault.commit()
            agency.keep("copy")
            async with copied(agency) as other:
                await other.publish(need("d"))
            await edge.publish(need("e", FOOD))

    with pytest.raises(errors.Forked):
        await restore_beside_the_other()


async def test_what_a_lost_run_corrected_is_unknown_until_the_source_has_it_again(agency: Agency) -> None:
    """The lost run corrected food to housing; the source went back: only food may be counted.

    The log does not say why food was withdrawn, so it waits for a person.
    """
    await publish(agency, need("a", FOOD))
    agency.keep("backup")
    await publish(agency, need("a", e.NeedIdentified(v.Service.housing)))
    agency.restore("backup")
    async with agency.edge() as edge:
        await edge.flush()
        assert await edge.publish(need("a", FOOD)) is FactOutcome.PUBLISHED
        await edge.flush()
        assert edge.retract_unclaimed() == 1
    assert agency.admitted() == {}
    assert confirm_holds(agency.profile, SECRET) == 1
    await publish(agency, need("a", FOOD))
    assert agency.admitted() == {
        b"needs_by_service|2026Q1|ca|food": 1,
        b"state_needs_by_service_group|2026Q1|ca|basic_needs": 1,
    }


HOUSING = need("a", e.NeedIdentified(v.Service.housing))


async def restored_after(agency: Agency, *lost: Fact) -> None:
    """An agency that has published food. It lost a run of these facts, or of a withdrawal."""
    await publish(agency, need("a", FOOD))
    agency.keep("backup")
    async with agency.edge() as edge:
        for fact in lost:
            await edge.publish(fact)
        if not lost:
            await edge.retract("a")
    agency.restore("backup")


async def test_what_the_run_that_reads_back_has_read_already_is_not_forgotten(agency: Agency) -> None:
    await restored_after(agency)
    await publish(agency, need("a", FOOD))
    assert not agency.admitted()
    assert confirm_holds(agency.profile, SECRET) == 1
    await publish(agency, need("a", FOOD))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 1


async def test_of_a_client_held_in_the_run_that_reads_back_nothing_is_sent_anew(agency: Agency) -> None:
    await restored_after(agency)
    async with agency.edge() as edge:
        await edge.publish(need("a", FOOD))
        edge.hold(need("a").client)
    assert not agency.admitted()


async def test_a_changed_fact_claims_what_a_lost_run_sent_for_another(agency: Agency) -> None:
    await restored_after(agency, need("b", HOUSING.body))
    async with agency.edge() as edge:
        await edge.publish(HOUSING)
    assert edge.report.claimed == 1
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|housing"] == 1
    assert not edge.report.unclaimed
