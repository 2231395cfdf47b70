"""The exchange in memory does what a real one does with the same bytes."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from consumers.admission.enrolment import AgencyNotRegistered
from consumers.admission.gate_step import GateStep
from consumers.admission.registry import Registry
from consumers.counting.fold_step import FoldStep
from consumers.release.draws_state import DrawsState
from consumers.release.publisher_lane import compared
from exchange.core.errors import EpochClosed
from exchange.core.model.epochs import epoch_text, parse_epoch
from exchange.core.model.events import Correction, Heartbeat
from exchange.core.release.budget import TABLE_COSTS
from exchange.engine.log import Partition
from exchange.testing import InMemoryExchange
from exchange.trial.attack.release_in_memory import MemoryReleaseLane
from exchange.wire.codec import decode
from exchange.wire.records import decode_receipt
from exchange.wire.topics import DRAWS, EVENTS, POSITION_KEY, RELEASES, inbox_of
from producers import (
    Blocked,
    CapacityReported,
    Fact,
    LegalClass,
    NeedIdentified,
    Profile,
    RunOptions,
    Service,
    UsState,
    WaitLimits,
    parse_period,
)
from tests.kits.step_world import Rec

Q1 = parse_period("2026Q1")
TODAY = date(2026, 7, 5)
AT_ONCE = RunOptions(patience=WaitLimits(poll_s=0.01, resend_after_s=0.1, blocked_s=0.05, quiet_s=0.5))


def need(client: int, service: Service = Service.housing) -> Fact:
    return Fact(f"case-{client}/need", Q1, UsState.ca, NeedIdentified(service), str(client))


async def published(
    exchange: InMemoryExchange, profile: Profile, facts: Sequence[Fact], options: RunOptions = AT_ONCE
) -> None:
    async with exchange.edge(profile, options=options) as edge:
        for fact in facts:
            await edge.publish(fact)


async def busy(exchange: InMemoryExchange) -> Profile:
    """An agency with needs, one of them corrected, and its capacity."""
    profile = exchange.profile("harbor-light")
    exchange.enrol(profile)
    beds = Fact("beds", Q1, UsState.ca, CapacityReported(Service.emergency_shelter, 12))
    await published(exchange, profile, [*map(need, range(30)), beds])
    await published(exchange, profile, [need(7, Service.food)])
    return profile


async def test_the_gate_step_admits_the_same_bytes_and_writes_the_same_receipt() -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        await busy(exchange)
        gate, registry = exchange.gate("harbor-light"), Registry()
        registry.put(gate.registration)
        step = GateStep(gate.registration.partition, registry)
        step.positions()
        records = [Rec(b"harbor-light", value, offset) for offset, value in enumerate(gate.inbox)]
        step.apply({Partition(inbox_of("harbor-light"), 0): records})
        assert not step.busy
        outputs = {to.topic: pairs for to, pairs in step.outcome().outputs}
        assert [value for _, value in outputs[EVENTS]] == gate.admitted
        [(_, receipt)] = outputs["receipts.harbor-light"]
        assert decode_receipt(receipt or b"") == exchange.receipt("harbor-light")
        assert [decode(value) for value in gate.admitted] == [event for _, event in exchange.events]
        assert {Correction, Heartbeat} <= {type(event.body) for _, event in exchange.events}


async def test_the_fold_step_counts_the_same_in_its_log() -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        await busy(exchange)
        step, reader, events = FoldStep(0), await exchange.log.reader(), Partition(EVENTS, 0)
        reader.assign([events])
        reader.seek(events, 0)
        step.apply(await reader.getmany(timeout_s=0, records_max=1_000))
        [(_, pairs)] = step.outcome().outputs
        counted = {(cell or b"").decode(): int(count) for cell, count in pairs if cell != POSITION_KEY and count}
        assert counted == exchange.counts


@pytest.mark.slow
async def test_its_releases_are_those_of_the_adversarys_lane_and_stand_as_the_publisher_wants_them() -> None:
    def of_length(scale: Fraction, length: int) -> list[int]:
        return [length + int(scale)] * length

    async with InMemoryExchange(today=TODAY) as exchange:
        await busy(exchange)
        for month in ("2026-02", "2026-07"):
            await exchange.close(month, of_length)
        start = parse_epoch("2026-02")
        lane = MemoryReleaseLane(TABLE_COSTS.values())
        lane.arrive(start, [event for _, event in exchange.events])
        for epoch in range(start, parse_epoch("2026-07") + 1):
            lane.close(epoch, lambda due: of_length(due.plan.scale, due.length))
        released = {(one.table, one.epoch): one.counts for one in exchange.releases if one.clients}
        assert released == {key: one.counts for key, one in lane.released.held.items()}
        state, broker = DrawsState(), exchange.log._broker
        for record in broker.committed(Partition(DRAWS, 0)):
            state.take(record)
        public = broker.committed(Partition(RELEASES, 0))
        assert compared(public, state.parts) == {part.key for part in state.parts}


async def test_closing_a_month_closes_those_before_it_and_none_twice() -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        await exchange.close("2026-01")
        await exchange.close("2026-04")
        assert {epoch_text(one.epoch) for one in exchange.releases} == {f"2026-0{month}" for month in (1, 2, 3, 4)}
        with pytest.raises(EpochClosed):
            await exchange.close("2026-03")


async def test_figures_are_exact_without_noise_and_what_is_small_is_withheld() -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        await busy(exchange)
        await exchange.close("2026-04")
        shown = {point.dimensions[0][1]: point for point in exchange.metrics if point.metric == "needs_by_service"}
        assert shown["housing"].value == 29
        assert shown["food"].withheld


async def test_an_agency_that_is_suspended_is_blocked_and_loses_nothing() -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        profile = exchange.profile("harbor-light")
        exchange.enrol(profile)
        exchange.suspend("harbor-light")
        with pytest.raises(Blocked):
            await published(exchange, profile, [need(1)])
        assert exchange.events == []
        assert exchange.refusals
        exchange.resume("harbor-light")
        await published(exchange, profile, [])
        assert exchange.counts["needs_by_service|2026Q1|ca|housing"] == 1


async def test_an_agency_of_totals_sends_tallies_alone() -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        profile = exchange.profile("north-star", LegalClass.tally_only, small_counts=True)
        exchange.enrol(profile)
        await published(exchange, profile, list(map(need, range(5))))
        assert "needs_by_service|2026Q1|ca|housing" not in exchange.counts, "only its schedule closes a quarter"
        await published(exchange, profile, [], replace(AT_ONCE, scheduled=True))
        assert exchange.counts["needs_by_service|2026Q1|ca|housing"] == 5
        assert not any(isinstance(event.body, NeedIdentified) for _, event in exchange.events)


async def test_an_agency_that_is_not_enrolled_has_no_way_in() -> None:
    async with InMemoryExchange() as exchange:
        with pytest.raises(AgencyNotRegistered):
            exchange.link("harbor-light")
        with pytest.raises(AgencyNotRegistered):
            exchange.edge(exchange.profile("harbor-light"))


async def test_vaults_are_gone_afterwards() -> None:
    async with InMemoryExchange() as exchange:
        profile = exchange.profile("harbor-light")
        exchange.enrol(profile)
        assert profile.vault.exists()
    assert not profile.vault.exists()


def test_publishing_and_counting_need_the_base_install_alone() -> None:
    program = """
import asyncio, sys
sys.modules.update(numpy=None, opendp=None, faust=None, scipy=None)
from exchange.testing import InMemoryExchange, WorkerExtraMissing
from producers import Fact, NeedIdentified, Service, UsState, parse_period

async def main():
    async with InMemoryExchange() as exchange:
        profile = exchange.profile("harbor-light")
        exchange.enrol(profile)
        async with exchange.edge(profile) as edge:
            await edge.publish(Fact("a", parse_period("2026Q1"), UsState.ca, NeedIdentified(Service.food), "1"))
        print(exchange.counts["needs_by_service|2026Q1|ca|food"])
        try:
            await exchange.close("2026-03")
        except WorkerExtraMissing as error:
            print(type(error).__name__)

asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.stdout.split() == ["1", "WorkerExtraMissing"], ran.stderr
