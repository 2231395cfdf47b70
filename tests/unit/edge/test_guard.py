"""What a run would withdraw, or publish under new keys, waits for a person; all else goes."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from producers.delivery import withdrawal_guard
from producers.delivery.unconfirmed import Cause, Unconfirmed
from producers.edge import Edge
from producers.errors import HoldsUnmatched, WithdrawalsUnconfirmed
from producers.facts import Complete, Fact, Reading, Withdrawn
from producers.vault.fact_store import FactOutcome
from producers.vault.key_forms import form_of
from tests.kits.edge_kit.agency import Agency
from tests.kits.edge_kit.facts import FOOD, HERE, SHELTER, facts_of, need

LEGAL = e.NeedIdentified(v.Service.legal)
MANY = 40
WHOLE = Complete("x/", HERE)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


def some(numbers: Iterable[object], body: e.Correctable = SHELTER) -> list[Fact]:
    """A fact for each client, all under the prefix that a source completes."""
    return [need(f"x/{n}/need", body, client=f"{n}") for n in numbers]


def guarded(agency: Agency, **how: Any) -> Edge:
    """A run of the schedule without `--withdraw`, unless said otherwise."""
    return agency.edge(options=replace(agency.options, **({"withdraw": False} | how)))


async def read(edge: Edge, facts: Iterable[Reading], *, whole: bool = True) -> None:
    async with edge:
        await edge.read_all([*facts, WHOLE] if whole else facts)


async def waits(agency: Agency, facts: Iterable[Fact], *, whole: bool = True, **how: Any) -> Unconfirmed:
    edge = guarded(agency, **how)
    with pytest.raises(WithdrawalsUnconfirmed):
        await read(edge, facts, whole=whole)
    assert edge.report.complete
    assert edge.report.unconfirmed is not None
    return edge.report.unconfirmed


def standing(agency: Agency) -> int:
    """Events that stand: corrections take theirs away."""
    return sum(-1 if isinstance(body, e.Correction) else 1 for body in facts_of(agency))


@pytest.mark.parametrize(
    ("withdrawn", "published", "much"),
    [(10, 10, False), (11, 11, True), (11, 219, True), (11, 220, False), (50, 1000, False), (51, 1000, True)],
)
def test_much_is_more_than_ten_and_more_than_one_in_twenty(withdrawn: int, published: int, much: bool) -> None:
    assert withdrawal_guard.is_much(withdrawn, published) is much


async def test_much_waits_and_all_else_goes(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    question = await waits(agency, [*some(range(20)), *some([0], FOOD), *some(["new"])])
    assert question == Unconfirmed(Cause.LESS, 20, MANY)
    assert facts_of(agency)[MANY:].count(FOOD) == 1
    assert standing(agency) == MANY + 1
    assert isinstance(agency.exchange.events()[-1][1].body, e.Heartbeat)
    await read(agency.edge(), [*some(range(20)), *some([0], FOOD), *some(["new"])])
    assert standing(agency) == 21


async def test_little_goes_by_itself(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    await read(guarded(agency), some(range(MANY - 10)))
    assert standing(agency) == MANY - 10


async def retracted_in_parts(edge: Edge, *parts: Iterable[int]) -> None:
    async with edge:
        for part in parts:
            for n in part:
                await edge.retract(f"x/{n}/need")
            await edge.flush()


async def test_parts_of_a_run_are_weighed_together(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    edge = guarded(agency)
    with pytest.raises(WithdrawalsUnconfirmed):
        await retracted_in_parts(edge, range(8), range(8, 16))
    assert standing(agency) == MANY - 8


async def test_what_comes_again_in_the_same_run_is_not_withdrawn(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    async with guarded(agency) as edge:
        await edge.read_all([Withdrawn("x/", HERE), *some(range(MANY))])
    assert edge.report.outcomes[FactOutcome.RETRACTED] == 0
    assert standing(agency) == MANY


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (lambda n: f"{n}", lambda n: f"{n}.0"),
        (lambda n: f"{n:05}", lambda n: f"{n}"),
        (lambda n: f"{n}-a", lambda n: f"{n}-A"),
        (lambda n: f"{n}-a", lambda n: f" '{n}-a "),
        (lambda n: f"{n:08x}{n:024x}", lambda n: f"{{{n:08X}-0000-0000-0000-{n:012X}}}"),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
async def test_keys_of_another_form_wait_whole(
    agency: Agency, was: Callable[[int], str], now: Callable[[int], str], whole: bool
) -> None:
    await read(agency.edge(), some(map(was, range(1, MANY))))
    question = await waits(agency, some(map(now, range(1, MANY))), whole=whole)
    assert (question.cause, question.new) == (Cause.OTHER_FORM, MANY - 1)
    assert standing(agency) == MANY - 1
    await read(guarded(agency), some(map(was, range(1, MANY))))
    assert len(facts_of(agency)) == MANY - 1


async def test_facts_of_a_known_client_under_keys_of_another_form_wait(agency: Agency) -> None:
    await read(agency.edge(), [need(f"x/{n}", client="c") for n in range(1, 5)])
    question = await waits(agency, [need(f"x/{n}.0", client="c") for n in range(1, 5)])
    assert question == Unconfirmed(Cause.OTHER_FORM, 4, 4, 4)
    assert standing(agency) == 4


@pytest.mark.parametrize("first", [True, False])
async def test_a_known_record_stays_with_its_client_whose_key_is_spelt_anew(agency: Agency, first: bool) -> None:
    """Nobody arrives anew, and a new record under the new spelling waits, wherever it stands."""
    await read(agency.edge(), [need("x/1", client="17"), need("x/2", FOOD, client="17")])
    before = facts_of(agency)
    spelt = [need("x/1", client="17.0"), need("x/2", FOOD, client="17.0")]
    new = need("x/3", LEGAL, client="17.0")
    question = await waits(agency, [new, *spelt] if first else [*spelt, new])
    assert (question.cause, question.new) == (Cause.OTHER_FORM, 1)
    assert facts_of(agency) == before
    await read(guarded(agency), spelt)
    assert facts_of(agency) == before


async def test_only_what_may_be_known_already_waits(agency: Agency) -> None:
    """The zeros of two keys are lost; one client is gone, and one is new."""
    await read(agency.edge(), some(["007", "008", *range(10, MANY)]))
    question = await waits(agency, some(["7", "8", *range(11, MANY), "new"]))
    assert question == Unconfirmed(Cause.OTHER_FORM, 2, 32, 2)
    assert standing(agency) == 32 - 1 + 1


async def test_two_keys_that_are_alike_and_both_there_are_two(agency: Agency) -> None:
    await read(guarded(agency), some(["17", "017"]))
    await read(guarded(agency), some(["17", "017", "0017"]))
    assert standing(agency) == 3


@pytest.mark.parametrize("whole", [True, False])
async def test_all_keys_new_waits_whole(agency: Agency, whole: bool) -> None:
    await read(agency.edge(), some(range(MANY)))
    question = await waits(agency, some(f"n{n}" for n in range(MANY)), whole=whole)
    assert question == Unconfirmed(Cause.NEW_KEYS, MANY if whole else 0, MANY, MANY)
    assert len(facts_of(agency)) == MANY
    await read(guarded(agency, withdraw=True), some(f"n{n}" for n in range(MANY)), whole=whole)
    assert standing(agency) == (MANY if whole else 2 * MANY)


async def test_files_of_new_records_alone_go_by_themselves(agency: Agency) -> None:
    for week in range(4):
        await read(guarded(agency), some((f"{week}-{n}" for n in range(20)), (SHELTER, FOOD)[week % 2]), whole=False)
    assert standing(agency) == 80


async def test_a_preview_judges_as_the_run_does(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    question = await waits(agency, some(range(20)))
    async with agency.edge(options=replace(agency.options, withdraw=False), preview=True) as edge:
        await edge.read_all([*some(range(20)), *some(["new"]), WHOLE])
        leaving = edge.leaving()
    assert edge.report.unconfirmed == question
    assert [(one.count, one.retracts) for one in leaving] == [(1, False)]
    async with agency.edge(preview=True) as edge:
        await edge.read_all([*some(range(20)), WHOLE])
        assert sum(one.count for one in edge.leaving() if one.retracts) == 20


@pytest.mark.parametrize("yes", [True, False])
async def test_a_person_is_asked_once_and_decides(agency: Agency, yes: bool) -> None:
    await read(agency.edge(), some(range(MANY)))
    asked: list[Unconfirmed] = []

    def ask(question: Unconfirmed) -> bool:
        asked.append(question)
        return yes

    edge = guarded(agency, scheduled=False, confirm=ask)
    if yes:
        await read(edge, some(range(20)))
    else:
        with pytest.raises(WithdrawalsUnconfirmed):
            await read(edge, some(range(20)))
    assert asked == [Unconfirmed(Cause.LESS, 20, MANY)]
    assert standing(agency) == (20 if yes else MANY)


async def test_a_run_of_the_schedule_asks_nobody(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    await waits(agency, some(range(20)), confirm=lambda _: pytest.fail("nobody is there"))


async def test_the_cause_is_what_most_are_gone_by(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    gone = [Withdrawn(f"x/{n}/", HERE) for n in range(21, MANY)]
    with pytest.raises(WithdrawalsUnconfirmed, match="marks them as deleted"):
        await read(guarded(agency), [*some(range(1, 21)), *gone])


async def stopped(edge: Edge, readings: Iterable[Reading]) -> None:
    """A run that ends in the middle of its source."""
    with suppress(KeyError):
        async with edge:
            await edge.read_all(readings)
            raise KeyError


async def test_what_a_stopped_run_has_read_of_new_keys_is_not_sent_by_the_next(agency: Agency) -> None:
    await read(agency.edge(), some(range(1, MANY)))
    await stopped(guarded(agency), some(f"{n}.0" for n in range(1, 30)))
    async with guarded(agency) as edge:
        edge.hold("39")
    assert len(facts_of(agency)) == MANY - 1


async def test_a_stopped_run_withdraws_nothing(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    await stopped(guarded(agency), [Withdrawn("x/0/", HERE)])
    await read(guarded(agency), [], whole=False)
    assert standing(agency) == MANY


# Holds


@pytest.mark.parametrize("now", ["05001.0", " 5001", "'5001"])
async def test_a_hold_outlasts_another_form_of_the_key(agency: Agency, now: str) -> None:
    await read(agency.edge(), some(["5001", *range(MANY)]))
    async with agency.edge() as edge:
        edge.hold("5001")
    edge = agency.edge()
    await read(edge, [*some(range(MANY)), need("y/new", FOOD, client=now)])
    assert FOOD not in facts_of(agency)
    assert edge.report.outcomes[FactOutcome.HELD] == 1
    assert edge.report.held_alike == 1
    async with agency.edge() as edge:
        assert edge.unhold(now)
    await read(agency.edge(), [*some(range(MANY)), need("y/new", FOOD, client=now)])
    assert facts_of(agency).count(FOOD) == 1


async def test_new_keys_wait_while_a_held_client_cannot_be_recognised(agency: Agency) -> None:
    await read(agency.edge(), some(range(MANY)))
    async with agency.edge() as edge:
        edge.hold("5")
    with pytest.raises(HoldsUnmatched):
        await read(agency.edge(), some(f"n{n}" for n in range(MANY)))
    assert len(facts_of(agency)) == MANY
    async with agency.edge() as edge:
        edge.hold("n5")
    await read(agency.edge(), some(f"n{n}" for n in range(MANY)))
    assert len([body for body in facts_of(agency) if body == SHELTER]) == 2 * MANY - 1


async def test_a_few_new_keys_wait_too_while_a_held_client_cannot_be_recognised(agency: Agency) -> None:
    await read(agency.edge(), some(range(4)))
    async with agency.edge() as edge:
        edge.hold("3")
    with pytest.raises(HoldsUnmatched):
        await read(agency.edge(), some(f"n{n}" for n in range(4)))
    assert standing(agency) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10", "10.0"),
        ("00123", "123"),
        ("case-007/x", "CASE-7/x"),
        ("{0A1B2C3D-0000-1111-2222-333344445555}", "0a1b2c3d000011112222333344445555"),
        ("x 1", "x1"),
    ],
)
def test_spellings_of_one_key_have_one_form(one: str, other: str) -> None:
    assert form_of(one) == form_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("10", "100"), ("1.5", "1.50"), ("1-01", "10-1"), ("0", "00a"), ("1", "1.01")]
)
def test_different_keys_have_different_forms(one: str, other: str) -> None:
    assert form_of(one) != form_of(other)
