"""Whatever arrives in any order, the gate accepts one chain and nothing else; repair goes on."""

import itertools
from copy import deepcopy
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.admission.gate import (
    ACCEPTED,
    DUPLICATE,
    AgencyState,
    Arrival,
    Registration,
    Unreadable,
    Verdict,
    judge,
)
from exchange.core.admission.reasons import Reason
from exchange.core.model.chain import BLOCK, Digests, Head
from exchange.core.model.events import Body, Correctable
from exchange.core.model.vocabulary import LegalClass
from tests.kits.gate_world import BEAT, INDIVIDUAL, Chain, registration, verify, when
from tests.kits.sizes import examples
from tests.kits.strategies import correctables, sound_correctables

TOTALS = registration(LegalClass.tally_only, small_counts=True)
ACTIONS = st.one_of(
    st.tuples(st.just("honest"), sound_correctables),
    st.tuples(st.sampled_from(["any", "gap", "other previous", "fork"]), correctables),
    st.tuples(st.sampled_from(["beat", "again", "retract", "unreadable", "bad beat"]), st.integers(0, 20)),
)
Script = list[tuple[str, Body | int]]
Run = list[tuple[Arrival | Unreadable, Verdict]]
scripts = st.lists(ACTIONS, max_size=25)


def record_of(chain: Chain, action: str, with_: Body | int) -> Arrival | Unreadable | None:
    """What arrives: an honest next record, or one of the things that go wrong."""
    if isinstance(with_, int):
        sent = chain.sent.get(with_)
        if action == "beat":
            return chain.peek(BEAT)
        if action == "bad beat":
            return chain.peek(replace(BEAT, signature=b"s" * 64))
        if action == "unreadable":
            return Unreadable(list(Reason)[with_])
        if action == "again":
            return sent
        return chain.peek(chain.correction(with_), sent.period) if sent and is_correctable(sent.body) else None
    record = chain.peek(with_)
    if action == "gap":
        return record._replace(sequence=record.sequence + 1)
    if action == "other previous":
        return record._replace(previous=b"p" * 32)
    if action == "fork":
        return record._replace(sequence=max(1, chain.sequence // 2), digest=b"f" * 32)
    return record


def is_correctable(body: Body) -> bool:
    return isinstance(body, Correctable)


def run(state: AgencyState, chain: Chain, script: Script) -> Run:
    """The records of a script with their verdicts; the honest side continues from the accepted."""
    arrived: Run = []
    for action, with_ in script:
        record = record_of(chain, action, with_)
        if record is not None:
            verdict = when(state, record)
            arrived.append((record, verdict))
            if verdict == ACCEPTED and isinstance(record, Arrival):
                chain.accept(record)
    return arrived


def accepted(arrived: Run) -> list[Arrival]:
    return [record for record, verdict in arrived if verdict == ACCEPTED and isinstance(record, Arrival)]


registrations = st.sampled_from([INDIVIDUAL, TOTALS])


@given(registered=registrations, script=scripts)
def test_what_is_accepted_is_one_chain_without_gap_or_repetition(registered: Registration, script: Script) -> None:
    state = AgencyState(registered)
    taken = accepted(run(state, Chain(), script))
    assert [record.sequence for record in taken] == list(range(1, len(taken) + 1))
    assert all(later.previous == earlier.digest for earlier, later in itertools.pairwise(taken))
    assert state.head == (Head(len(taken), taken[-1].digest) if taken else Head())


@given(registered=registrations, script=scripts)
def test_what_is_not_accepted_leaves_nothing_but_an_open_refusal(registered: Registration, script: Script) -> None:
    state, only = AgencyState(registered), AgencyState(registered)
    for record in accepted(run(state, Chain(), script)):
        assert when(only, record) == ACCEPTED
    assert replace(state, refused=None) == only


@given(registered=registrations, script=scripts)
def test_the_same_records_get_the_same_verdicts_and_judging_changes_nothing(
    registered: Registration, script: Script
) -> None:
    state, again = AgencyState(registered), AgencyState(registered)
    for record, verdict in run(state, Chain(), script):
        before = deepcopy(again)
        assert judge(again, record, verify) == judge(again, record, verify) == verdict
        assert again == before
        when(again, record)
    assert again == state


@given(registered=registrations, script=scripts)
def test_everything_accepted_is_a_duplicate_ever_after_and_changes_nothing(
    registered: Registration, script: Script
) -> None:
    state = AgencyState(registered)
    taken = accepted(run(state, Chain(), script))
    before = deepcopy(state)
    assert [when(state, record) for record in taken] == [DUPLICATE] * len(taken)
    assert state == before


@given(registered=registrations, script=scripts)
def test_after_anything_the_next_honest_record_goes_on(registered: Registration, script: Script) -> None:
    chain, state = Chain(), AgencyState(registered)
    run(state, chain, script)
    assert when(state, chain.next(BEAT)) == ACCEPTED
    assert state.refused is None


@given(
    bodies=st.lists(sound_correctables, min_size=1, max_size=12),
    starts=st.lists(st.integers(0, 12), max_size=6),
    ends=st.data(),
)
def test_batches_sent_again_from_anywhere_are_accepted_once_each(
    bodies: list[Correctable], starts: list[int], ends: st.DataObject
) -> None:
    """At-least-once: an edge behind the gate resends from an earlier place, any number of times."""
    chain, state = Chain(), AgencyState(INDIVIDUAL)
    sent = [chain.next(body) for body in bodies if body.about.value != "exchange"] or [chain.next(BEAT)]
    verdicts: list[Verdict] = []
    for start in starts:
        begin = min(start, state.head.sequence)
        verdicts += [when(state, record) for record in sent[begin : ends.draw(st.integers(begin, len(sent)))]]
    verdicts += [when(state, record) for record in sent]
    assert verdicts.count(ACCEPTED) == len(sent)
    assert set(verdicts) <= {ACCEPTED, DUPLICATE}
    assert state.head == Head(len(sent), sent[-1].digest)


@given(bodies=st.lists(sound_correctables, min_size=2, max_size=8), spoilt=correctables)
@settings(max_examples=examples(50))
def test_a_refused_record_repaired_lets_all_behind_it_through(bodies: list[Correctable], spoilt: Correctable) -> None:
    bodies = [body for body in bodies if body.about.value != "exchange"]
    broken, state = Chain(), AgencyState(INDIVIDUAL)
    first = [broken.next(BEAT), *(broken.next(body) for body in bodies)]
    bad = first[0]._replace(previous=first[0].previous, body=replace(BEAT, signature=b"s" * 64), digest=b"d" * 32)
    verdicts = [when(state, record) for record in [bad, *first[1:]]]
    assert ACCEPTED not in verdicts
    repaired = Chain()
    assert [when(state, repaired.next(body)) for body in [*bodies, BEAT]] == [ACCEPTED] * (len(bodies) + 1)


@given(
    put=st.lists(st.tuples(st.integers(1, 3 * BLOCK), st.binary(min_size=32, max_size=32)), max_size=30),
    forgotten=st.lists(st.integers(1, 3 * BLOCK)),
)
def test_digests_hold_what_was_put_last_and_not_forgotten_and_restore_from_their_blocks(
    put: list[tuple[int, bytes]], forgotten: list[int]
) -> None:
    digests, model = Digests(), dict[int, bytes]()
    for sequence, digest in put:
        digests.put(sequence, digest)
        model[sequence] = digest
    for sequence in forgotten:
        digests.forget(sequence)
        model.pop(sequence, None)
    restored = Digests({number: bytearray(block) for number, block in digests.take_changed()})
    assert digests.take_changed() == []
    for each in (digests, restored):
        for sequence in {*model, *forgotten, 1, BLOCK, 2 * BLOCK}:
            held = model.get(sequence, bytes(32))[:8]
            assert each.is_retracted(sequence) == (held == bytes(8))
            assert each.holds(sequence, held)
            assert not each.holds(sequence, bytes([held[0] ^ 1]) + held[1:])
