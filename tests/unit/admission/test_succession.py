"""A new code of an agency: no period has marks under both codes, whatever either of them sends."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.admission import succession
from consumers.admission.enrolment import AgencyNotRegistered, Enrolment, register
from consumers.admission.registry import read_registry
from consumers.admission.succession import PeriodTaken, SuccessionInvalid, last_marked
from exchange.core.admission import gate, plain
from exchange.core.admission.gate import AgencyState, Arrival, Refused, Registration, evolve, judge
from exchange.core.admission.plain import may_send_plain
from exchange.core.admission.reasons import Reason
from exchange.core.model.chain import digest_of
from exchange.core.model.epochs import first_month, month_after
from exchange.core.model.events import Correction, Event, NeedIdentified
from exchange.core.model.period import parse_period, period_of
from exchange.core.model.vocabulary import LegalClass, Service, UsState
from exchange.engine.log import Partition
from exchange.wire.codec import EventReader, encode
from exchange.wire.topics import EVENTS
from tests.kits.archive_world import MemoryCluster
from tests.kits.broken_rules import BrokenRule, Law, notices
from tests.kits.step_world import FOOD, HARBOR, NEED, Agency, World

if TYPE_CHECKING:
    from exchange.engine.kafka.admin import Admin

OLD, NEW = "old-code", "new-code"
KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
INDIVIDUAL = LegalClass.individual
Q2, Q3, Q4 = (period_of(2026, quarter) for quarter in (2, 3, 4))
YEAR = period_of(2026)


class Agencies:
    """Codes at an exchange in memory, whose events the real gate judges."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster("here", 2)
        self.reader = EventReader()
        self.states: dict[str, AgencyState] = {}
        self.marked: dict[str, list[int]] = {OLD: [], NEW: []}

    async def register(self, code: str, key: bytes = KEY, **extra: object) -> Registration:
        enrolment = replace(Enrolment(code, INDIVIDUAL, key), **extra)  # type: ignore[arg-type]
        (made,) = await register(self.cluster.log, cast("Admin", self.cluster.admin), enrolment, replication=1)
        held = (await read_registry(self.cluster.log)).agencies
        for known, registration in held.items():
            self.states.setdefault(known, AgencyState(None)).registration = registration
        return made

    def say(self, code: str, period: int, cap: int) -> Reason | None:
        """An event of a client; the reason where it is refused."""
        state = self.states[code]
        assert state.registration is not None
        event = Event(state.head.sequence + 1, state.head.digest or bytes(32), period, UsState.ca, cap, FOOD)
        value = encode(event)
        arrival = self.reader.read(value, digest_of(value))
        verdict = judge(state, arrival, lambda *_: False)
        evolve(state, arrival, verdict)
        if isinstance(verdict, Refused):
            return verdict.reason
        where = Partition(EVENTS, state.registration.partition)
        self.cluster.broker.append(where, (code.encode(), value))
        if cap:
            self.marked[code].append(period)
        return None


async def agencies() -> Agencies:
    made = Agencies()
    await made.cluster.founded([])
    await made.register(OLD)
    return made


def months(periods: Sequence[int]) -> set[int]:
    return {month for period in periods for month in range(first_month(period), month_after(period))}


periods = st.builds(period_of, st.integers(2025, 2027), st.integers(0, 4))
near = st.sampled_from([period_of(2025, 4), *(period_of(2026, quarter) for quarter in range(5)), period_of(2027)])
"""Periods that lie close together, so that most histories have some in common."""
said = st.lists(st.tuples(st.sampled_from([OLD, NEW]), near, st.sampled_from([0, 1, 7, 31])), max_size=12)


@given(before=said, first=near, after=said)
def test_no_month_has_marks_under_two_codes_of_one_agency(
    before: list[tuple[str, int, int]], first: int, after: list[tuple[str, int, int]]
) -> None:
    async def history() -> Agencies:
        made = await agencies()
        for _, period, cap in before:
            assert made.say(OLD, period, cap) is None
        try:
            await made.register(NEW, OTHER, follows=OLD, first_period=first)
        except PeriodTaken:
            assert max(months(made.marked[OLD])) >= first_month(first)
            return made
        for code, period, cap in after:
            assert made.say(code, period, cap) in {None, Reason.MARKED_ELSEWHERE}
        return made

    made = asyncio.run(history())
    assert not months(made.marked[OLD]) & months(made.marked[NEW])


@given(period=periods, first=st.none() | periods, until=st.none() | periods)
def test_a_code_may_mark_a_period_if_all_its_months_are_its_own(
    period: int, first: int | None, until: int | None
) -> None:
    held = Registration(OLD, INDIVIDUAL, False, 0, (), first_period=first or 0, until_period=until or 0)
    its_own = {
        month
        for month in months([period])
        if (first is None or month >= first_month(first)) and (until is None or month < first_month(until))
    }
    assert held.may_mark(period) == (its_own == months([period]))


async def test_a_mark_of_another_codes_period_is_refused_by_name_and_events_without_marks_are_admitted() -> None:
    made = await agencies()
    assert made.say(OLD, Q2, 7) is None
    new = await made.register(NEW, OTHER, follows=OLD, first_period=Q3)
    assert (new.follows, new.first_period, new.until_period) == (OLD, Q3, 0)
    assert made.say(NEW, Q2, 7) is Reason.MARKED_ELSEWHERE
    assert made.say(NEW, YEAR, 1) is Reason.MARKED_ELSEWHERE
    assert made.say(NEW, Q2, 0) is None
    assert made.say(NEW, Q3, 7) is None
    assert made.say(OLD, Q3, 2) is Reason.MARKED_ELSEWHERE
    assert made.say(OLD, Q2, 2) is None, "its own period goes on"


async def test_what_the_earlier_code_has_marked_is_not_given_away() -> None:
    made = await agencies()
    made.say(OLD, Q3, 0)
    assert await last_marked(made.cluster.log, await made.register(OLD)) is None
    made.say(OLD, Q3, 1)
    made.say(OLD, Q2, 1)
    for first in (Q2, Q3, YEAR):
        with pytest.raises(PeriodTaken, match="old-code has events of 2026Q3 in releases"):
            await made.register(NEW, OTHER, follows=OLD, first_period=first)
    assert NEW not in (await read_registry(made.cluster.log)).agencies
    assert (await made.register(NEW, OTHER, follows=OLD, first_period=Q4)).first_period == Q4


async def test_who_follows_whom_never_changes() -> None:
    made = await agencies()
    with pytest.raises(AgencyNotRegistered, match="nobody"):
        await made.register(NEW, OTHER, follows="nobody", first_period=Q3)
    with pytest.raises(SuccessionInvalid, match="needs its first period"):
        await made.register(NEW, OTHER, follows=OLD)
    once = await made.register(NEW, OTHER, follows=OLD, first_period=Q3)
    assert await made.register(NEW, OTHER, follows=OLD, first_period=Q3) == once
    assert await made.register(NEW, OTHER) == once, "what is left out changes nothing"
    with pytest.raises(SuccessionInvalid, match="registered already"):
        await made.register(NEW, OTHER, follows=OLD, first_period=Q4)
    with pytest.raises(SuccessionInvalid, match="registered already"):
        await made.register(OLD, follows=NEW, first_period=Q4)
    with pytest.raises(SuccessionInvalid, match="followed by another code"):
        await made.register("third-code", OTHER, follows=OLD, first_period=Q4)
    assert (await made.register(OLD)).until_period == Q3, "also after it was registered again"
    with pytest.raises(SuccessionInvalid, match="itself begins later"):
        await made.register("third-code", OTHER, follows=NEW, first_period=Q2)


def test_a_correction_of_what_was_marked_before_stays_possible() -> None:
    """A client who withdraws consent later is withdrawn under the old code."""
    agency = Agency(HARBOR)
    world = World([agency])
    world.take(*agency.run(agency.say(NEED, period=Q3, cap=7)))
    first = world.events[0][1] or b""
    sent = EventReader().read(first, digest_of(first))
    assert isinstance(sent, Arrival)
    agency.registration = replace(agency.registration, until_period=Q3)
    world.restart()
    correction = Correction(1, sent.previous, Q3, UsState.ca, 7, NeedIdentified(Service.housing))
    world.take(*agency.run(agency.say(correction, period=Q3, cap=7)))
    assert len(world.events) == 4
    assert world.refusals == []


@pytest.mark.parametrize("bound", [{"first_period": Q4}, {"until_period": Q3}])
def test_events_that_are_admitted_many_at_once_are_bounded_too(bound: dict[str, int]) -> None:
    agency = Agency(HARBOR, INDIVIDUAL, **bound)
    world = World([agency])
    world.take(*agency.run(*(agency.say(NEED, period=Q3, cap=0) for _ in range(3))))
    assert len(world.events) == 4
    world.take(*agency.run(*(agency.say(NEED, period=Q3, cap=1) for _ in range(3))))
    assert [one.reason for one in world.refusals] == [Reason.MARKED_ELSEWHERE]
    assert len(world.events) == 4


# What a broken rule breaks


def both_bounds() -> None:
    for bound in ({"first_period": Q4}, {"until_period": Q3}):
        test_events_that_are_admitted_many_at_once_are_bounded_too(bound)


BROKEN: dict[str, tuple[BrokenRule, Law]] = {
    "the first period open": (
        BrokenRule(gate, "Registration.may_mark", "begins >= _1", "True"),
        test_a_code_may_mark_a_period_if_all_its_months_are_its_own,
    ),
    "the end open": (
        BrokenRule(gate, "Registration.may_mark", "after <= _1", "True"),
        test_a_code_may_mark_a_period_if_all_its_months_are_its_own,
    ),
    "a year that has begun before": (
        BrokenRule(gate, "Registration.may_mark", "begins >= _1", "after > _1"),
        test_a_code_may_mark_a_period_if_all_its_months_are_its_own,
    ),
    "a year that ends after": (
        BrokenRule(gate, "Registration.may_mark", "after <= _1", "begins < _1"),
        test_a_code_may_mark_a_period_if_all_its_months_are_its_own,
    ),
    "the gate that does not ask": (
        BrokenRule(gate, "_reason_class", "_1 and not _2", "False"),
        test_no_month_has_marks_under_two_codes_of_one_agency,
    ),
    "plain events that are not asked about": (
        BrokenRule(plain, "may_send_plain", "not _1", "True"),
        both_bounds,
    ),
    "marks that are there already": (
        BrokenRule(succession, "expect_free", "month_after(last) > _1", "False"),
        test_no_month_has_marks_under_two_codes_of_one_agency,
    ),
    "only the newest event looked at": (
        BrokenRule(succession, "last_marked", "marked.add(_1)", "marked.__init__([_1])"),
        test_no_month_has_marks_under_two_codes_of_one_agency,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, law = BROKEN[name]
    notices(monkeypatch, law, broken)


def test_a_bounded_code_is_judged_event_by_event() -> None:
    held = Registration(OLD, INDIVIDUAL, False, 0, ())
    assert may_send_plain(held)
    assert not may_send_plain(replace(held, first_period=parse_period("2026Q3")))
    assert not may_send_plain(replace(held, until_period=parse_period("2026Q3")))
