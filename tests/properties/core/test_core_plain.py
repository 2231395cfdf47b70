"""Plain events that are admitted many at once end as events that are judged one by one."""

from dataclasses import replace
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from consumers.admission.agency_lane import AgencyLane, Held, Written, judge_by_rules
from exchange.core.admission.gate import AgencyState, Arrival, Refused, Registration, Status, Unreadable, Verdict
from exchange.core.admission.plain import SEQUENCE_MAX, extend, is_plain
from exchange.core.admission.reasons import Reason
from exchange.core.admission.runs import Stretch
from exchange.core.model.chain import BLOCK, SHORT, Digests, Head
from exchange.core.model.event_layout import HEAD, PREFIX
from exchange.core.model.events import ALL_CAPS, Body, Event
from exchange.core.model.period import FIRST
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.wire.codec import EventReader, decode, encode
from tests.kits.gate_world import BEAT, NEED, PROFILE, TALLY
from tests.kits.step_world import Rec
from tests.kits.strategies import bodies, periods, small, sound_correctables, states

CODE = "north-star"
registrations = st.builds(
    Registration,
    st.just(CODE),
    st.sampled_from([LegalClass.individual, *LegalClass]),
    st.booleans(),
    st.just(0),
    st.just(()),
    st.sampled_from([Status.ACTIVE, *Status]),
    st.just(""),
    st.just(0) | periods,
    st.just(0) | periods,
)
capped = st.one_of(st.just(0), st.just(ALL_CAPS), small)
tails = st.tuples(periods, states, capped, st.one_of(sound_correctables, sound_correctables, bodies))
TAIL = (FIRST, UsState.ca, ALL_CAPS)


def one_by_one(state: AgencyState, arrival: Arrival | Unreadable, value: bytes) -> Verdict:
    return judge_by_rules(state, arrival, value)


def chained(tails: list[tuple[int, UsState, int, Body]], spoilt: tuple[int, int, int]) -> Stretch[Held]:
    """A chain of events, one byte of which may be another, though not of its links."""
    values, previous = list[bytes](), bytes(32)
    place, at, octet = spoilt
    for sequence, (period, state, cap, body) in enumerate(tails, 1):
        value = bytearray(encode(Event(sequence, previous, period, state, cap, body)))
        if sequence == place:
            value[at % PREFIX if at % 2 else HEAD + at % (len(value) - HEAD)] ^= octet
        values.append(bytes(value))
        previous = sha256(value).digest()
    stretch = Stretch[Held]()
    stretch.take([Rec(CODE.encode(), value, n, timestamp=n) for n, value in enumerate(values)], values)
    return stretch


@given(
    tails=st.lists(tails, min_size=1, max_size=12),
    spoilt=st.tuples(st.integers(0, 12), st.integers(0, 200), st.integers(1, 255)),
    registration=st.one_of(registrations, st.none()),
    cut=st.integers(0, 12),
    refused=st.booleans(),
)
def test_events_admitted_at_once_end_as_events_judged_one_by_one(
    tails: list[tuple[int, UsState, int, Body]],
    spoilt: tuple[int, int, int],
    registration: Registration | None,
    cut: int,
    refused: bool,
) -> None:
    stretch, found = chained(tails, spoilt), []
    for lane in (AgencyLane(CODE, EventReader()), AgencyLane(CODE, EventReader(), one_by_one)):
        lane.state.registration = registration
        lane.state.refused = Refused(1, Reason.GAP) if refused else None
        written, places = Written(), range(len(stretch))
        whole = lane._judge(stretch, places[:cut], written) and lane._judge(stretch, places[cut:], written)
        found.append((lane.state, written, whole, lane.accepted, lane.refused, lane.heard_ms))
    assert found[0] == found[1]


@given(others=st.lists(tails, max_size=6), tail=tails)
def test_parts_of_plain_events_are_plain_together(
    others: list[tuple[int, UsState, int, Body]], tail: tuple[int, UsState, int, Body]
) -> None:
    """A reader that has met others calls an event plain exactly if a new reader does."""
    reader = EventReader()
    period, state, cap, body = tail
    mixed = [(*one[:3], body) for one in others] + [(period, state, cap, one[3]) for one in others]
    for one in (*others, *mixed):
        reader.end_of_plain([encode(Event(1, bytes(32), *one))], 0)
    value = encode(Event(1, bytes(32), *tail))
    arrival = EventReader().read(value)
    assert reader.end_of_plain([value], 0) == (isinstance(arrival, Arrival) and is_plain(arrival))


def test_what_depends_on_other_events_is_not_plain() -> None:
    for body, plain in ((NEED, True), (PROFILE, True), (BEAT, False), (TALLY, False)):
        arrival = EventReader().read(encode(Event(1, bytes(32), *TAIL, body)))
        assert isinstance(arrival, Arrival)
        assert is_plain(arrival) is plain


@given(tails=st.lists(tails, min_size=1, max_size=6), at=st.integers(PREFIX, HEAD - 1), place=st.integers(0, 5))
def test_events_of_which_one_does_not_follow_move_no_head(
    tails: list[tuple[int, UsState, int, Body]], at: int, place: int
) -> None:
    stretch, head = chained(tails, (0, 0, 1)), Head(4, sha256(b"before").digest())
    first = Event(5, head.digest, *TAIL, NEED)
    values = [encode(first)]
    for sequence, value in enumerate(stretch.values, 6):
        values.append(encode(replace(decode(value), sequence=sequence, previous=sha256(values[-1]).digest())))
    digests = [sha256(value).digest() for value in values]
    state = AgencyState(None, head)
    assert extend(AgencyState(None, head), values, digests)
    spoilt = bytearray(values[place % len(values)])
    spoilt[at] ^= 1
    values[place % len(values)] = bytes(spoilt)
    assert not extend(state, values, digests)
    assert state == AgencyState(None, head)


def test_the_last_sequence_is_not_passed() -> None:
    digest = sha256(b"before").digest()
    value = encode(Event(SEQUENCE_MAX, digest, *TAIL, NEED))
    after = encode(Event(SEQUENCE_MAX + 1, sha256(value).digest(), *TAIL, NEED))
    state = AgencyState(None, Head(SEQUENCE_MAX - 1, digest))
    digests = [sha256(one).digest() for one in (value, after)]
    assert not extend(state, [value, after], digests)
    assert state == AgencyState(None, Head(SEQUENCE_MAX - 1, digest))
    assert extend(state, [value], digests[:1])
    assert state.head == Head(SEQUENCE_MAX, digests[0])


@given(first=st.integers(1, 3 * BLOCK), many=st.integers(0, 3 * BLOCK))
def test_digests_put_at_once_are_those_put_one_by_one(first: int, many: int) -> None:
    digests = [sha256(b"%d" % n).digest() for n in range(many)]
    at_once, singly = Digests(), Digests()
    at_once.put_all(first, digests)
    for sequence, digest in enumerate(digests, first):
        singly.put(sequence, digest)
    assert at_once == singly
    assert all(len(block) == BLOCK * SHORT for block in at_once.blocks.values())
