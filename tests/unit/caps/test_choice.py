"""The choice of marks: by keyed hash of the present facts, whatever was sent, in whatever order."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule
from exchange.core.counting.tables import field_type
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from producers.caps import choice
from producers.caps.choice import CAPPED, CHOSEN, Present, Ranks, choose
from tests.kits.broken_rules import BrokenRule, Law, break_rule, take_the_first_failure
from tests.kits.sizes import examples
from tests.kits.strategies import correctables, made_sound

Q1 = parse_period("2026Q1")
SERVICES = [service for service in v.Service if service is not v.Service.not_applicable]
NEEDS = next(rule for rule in RULES if rule.body is e.NeedIdentified and rule.bit is Cap.NATION)

few = st.one_of(
    st.sampled_from(SERVICES[:6]).map(e.NeedIdentified),
    st.sampled_from(SERVICES[:6]).map(
        lambda service: e.NeedUnmet(service, v.UnmetReason.not_known, v.FundingSource.not_known)
    ),
    correctables.filter(lambda body: not isinstance(body, e.Tally)).map(made_sound),
)
marks = st.none() | st.integers(0, 31).map(Cap)
present = st.lists(few, max_size=14).map(lambda bodies: [Present(b"f:%d" % n, body) for n, body in enumerate(bodies)])


def ranks(client: bytes = b"ann") -> Ranks:
    return Ranks.of(bytes(range(32)), client, Q1)


def keys_of(facts: Sequence[Present], chosen: dict[bytes, Cap]) -> Counter[tuple[CapRule, str]]:
    """(rule, key) of each mark; facts count by themselves where the rule tells no keys apart."""
    return Counter(
        (rule, rule.key(one.body) or one.fact.decode())
        for one in facts
        for rule in RULES
        if rule.bit in CHOSEN and chosen[one.fact] & rule.bit and rule.concerns(one.body)
    )


@settings(max_examples=examples(200))
@given(present, st.data())
def test_which_keys_are_marked_depends_on_the_facts_alone(facts: list[Present], data: st.DataObject) -> None:
    """Neither what was sent with which marks, nor the order in which facts came."""
    sent = [one._replace(sent=data.draw(marks)) for one in data.draw(st.permutations(facts))]
    assert keys_of(facts, choose(ranks(), facts)) == keys_of(sent, choose(ranks(), sent))


@settings(max_examples=examples(200))
@given(present, st.data())
def test_choosing_again_from_the_result_changes_nothing(facts: list[Present], data: st.DataObject) -> None:
    facts = [one._replace(sent=data.draw(marks)) for one in facts]
    arrived = data.draw(st.sets(st.sampled_from(sorted(choice.ARRIVING, key=repr))))
    chosen = choose(ranks(), facts, arrived)
    then = {type(one.body) for one in facts if chosen[one.fact] & Cap.ARRIVAL} | arrived
    assert choose(ranks(), [one._replace(sent=chosen[one.fact]) for one in facts], then) == chosen


@settings(max_examples=examples(200))
@given(present)
def test_the_caps_hold_and_are_used(facts: list[Present]) -> None:
    chosen = choose(ranks(), facts)
    marked = keys_of(facts, chosen)
    assert not marked or max(marked.values()) == 1
    for rule in RULES:
        concerned = [one for one in facts if rule.concerns(one.body)]
        if rule.bit not in CHOSEN:
            assert sum(bool(chosen[one.fact] & rule.bit) for one in concerned) <= 1
            continue
        there = {rule.key(one.body) or one.fact for one in concerned}
        used = sum(1 for of, _ in marked if of == rule)
        assert used <= rule.most
        alone = all(sum(r.bit is rule.bit and r.concerns(one.body) for r in RULES) == 1 for one in concerned)
        if alone and not rule.choice:
            assert used == min(rule.most, len(there))


@settings(max_examples=examples(100))
@given(present)
def test_both_ends_of_a_ratio_are_about_the_same_keys(facts: list[Present]) -> None:
    chosen = choose(ranks(), facts)
    for bit in CAPPED:
        ends = [rule for rule in RULES if rule.bit is bit and rule.choice]
        there = [{rule.key(one.body) for one in facts if rule.concerns(one.body)} for rule in ends]
        kept = [
            {rule.key(one.body) for one in facts if rule.concerns(one.body) and chosen[one.fact] & bit} for rule in ends
        ]
        every = set().union(*there)
        first = sorted(every, key=lambda key: ranks().of_key(choice.order_of(ends[0]), key))[: ends[0].most]
        assert kept == [keys & set(first) for keys in there]


def test_an_event_that_has_the_mark_keeps_it_before_an_equal_one() -> None:
    food = e.NeedIdentified(v.Service.food)
    for mine, other in ((b"a", b"b"), (b"b", b"a")):
        chosen = choose(ranks(), [Present(mine, food, Cap.NATION | Cap.STATE), Present(other, food)])
        assert chosen == {mine: Cap.NATION | Cap.STATE, other: Cap.ARRIVAL}


def test_where_one_event_counts_the_hash_decides_and_no_event_keeps_its_place() -> None:
    make: Callable[..., e.Correctable] = e.ServiceProvided
    service = made_sound(make(*(next(iter(field_type(e.ServiceProvided, f.name))) for f in fields(e.ServiceProvided))))
    facts = [Present(b"%d" % n, service) for n in range(9)]
    [first] = [key for key, cap in choose(ranks(), facts).items() if cap & Cap.ONE]
    for holder in facts:
        sent = [one._replace(sent=Cap.ONE if one is holder else NONE) for one in facts]
        assert [key for key, cap in choose(ranks(), sent).items() if cap & Cap.ONE] == [first]


def test_who_is_over_a_cap_is_counted_by_one_event_that_keeps_the_mark() -> None:
    facts = [Present(str(s).encode(), e.NeedIdentified(s)) for s in SERVICES[: NEEDS.most + 2]]
    [first] = [key for key, cap in choose(ranks(), facts).items() if cap & Cap.PAST]
    for holder in facts:
        sent = [one._replace(sent=Cap.PAST if one is holder else NONE) for one in facts]
        assert [key for key, cap in choose(ranks(), sent).items() if cap & Cap.PAST] == [holder.fact]
    assert first in {one.fact for one in facts}
    within = [one._replace(sent=Cap.PAST) for one in facts[:2]]
    assert not any(cap & Cap.PAST for cap in choose(ranks(), within).values())


def test_an_arrival_is_given_once_and_by_scheduled_runs_only() -> None:
    """Who publishes by hand because of one client would else move all others' arrivals."""
    food, kept = e.NeedIdentified(v.Service.food), Cap.NATION | Cap.STATE
    assert choose(ranks(), [Present(b"a", food)], scheduled=False) == {b"a": kept}
    assert choose(ranks(), [Present(b"a", food, kept)], scheduled=False) == {b"a": kept}
    assert choose(ranks(), [Present(b"a", food, kept)]) == {b"a": kept | Cap.ARRIVAL}, "it came by hand before"
    leaving = choose(ranks(), [Present(b"a", food, kept), Present(b"b", food)])
    assert leaving == {b"a": kept, b"b": Cap.ARRIVAL}, "nothing is sent anew where something leaves anyway"
    assert choose(ranks(), [Present(b"a", food)], {e.NeedIdentified}) == {b"a": kept}
    assert choose(ranks(), [Present(b"a", food)]) == {b"a": kept | Cap.ARRIVAL}
    assert choose(ranks(), [Present(b"a", food, Cap.NATION)]) == {b"a": kept | Cap.ARRIVAL}, "it is sent anew"


def furthest_from_alike() -> float:
    """The largest deviation of a service's kept count, in standard deviations; one fixed order."""
    kept: Counter[bytes] = Counter()
    clients, services = 3_000, [f"{service}".encode() for service in SERVICES[:10]]
    facts = [Present(name, e.NeedIdentified(v.Service(name.decode()))) for name in services]
    for client in range(clients):
        kept.update(name for name, cap in choose(ranks(b"%d" % client), facts).items() if cap & Cap.NATION)
    share = NEEDS.most / len(services)
    sd = (clients * share * (1 - share)) ** 0.5
    return max(abs(kept[name] - clients * share) for name in services) / sd


def test_the_last_to_come_is_kept_as_often_as_the_first() -> None:
    assert furthest_from_alike() < 5


def test_the_mutant_caps_by_arrival_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("of_key", "of_fact"):
        monkeypatch.setattr(Ranks, name, lambda *_: bytes(8))
    assert furthest_from_alike() > 50


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        pytest.param(
            BrokenRule(choice, "order_of", "rule.choice or _1", "_1"),
            test_both_ends_of_a_ratio_are_about_the_same_keys,
            id="unmet needs chosen apart from needs",
        ),
        pytest.param(
            BrokenRule(choice, "_order", "keys, _1, own", "_1, keys, own"),
            test_which_keys_are_marked_depends_on_the_facts_alone,
            id="who was marked first stays",
        ),
        pytest.param(
            BrokenRule(choice, "_choose_bit", "needing.sort(key=_1)", "None"),
            test_which_keys_are_marked_depends_on_the_facts_alone,
            id="caps by arrival",
        ),
        pytest.param(
            BrokenRule(choice, "choose", "ARRIVING.difference(arrived)", "ARRIVING"),
            test_an_arrival_is_given_once_and_by_scheduled_runs_only,
            id="arrival given twice",
        ),
        pytest.param(
            BrokenRule(
                choice, "choose", "ARRIVING.difference(arrived) if scheduled else ()", "ARRIVING.difference(arrived)"
            ),
            test_an_arrival_is_given_once_and_by_scheduled_runs_only,
            id="arrivals by hand",
        ),
    ],
)
def test_a_choice_with_one_rule_broken_is_noticed(
    broken: BrokenRule, law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_the_first_failure(monkeypatch, law)
    break_rule(monkeypatch, broken)
    choice.PLACES.clear()
    try:
        with pytest.raises(AssertionError):
            law()
    finally:
        choice.PLACES.clear()
