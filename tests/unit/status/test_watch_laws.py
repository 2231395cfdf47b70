"""The watch: the laws that hold for any pulses, in any order."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consumers.status.alerts import Watch
from exchange.core.admission.reasons import Reason
from exchange.engine.lanes.progress import LaneState
from exchange.wire.pulse import AgencyPulse, Alert, Pulse
from tests.unit.status.test_watch import AGENCIES, LANES, SILENT_AFTER, T0, WELL, played

states = st.sampled_from(LaneState)
agency_pulses = st.builds(
    AgencyPulse,
    st.sampled_from(AGENCIES),
    st.integers(0, 9),
    st.sampled_from(["", Reason.GAP.value, Reason.FORKED.value, Reason.UNSOUND.value]),
    st.sampled_from([0, T0 - 2 * SILENT_AFTER, T0]),
)
pulses = st.builds(
    replace,
    st.just(WELL),
    lane=st.sampled_from(LANES),
    worker=st.sampled_from(["worker-a", "worker-b"]),
    at_ms=st.integers(T0, T0 + 40_000),
    state=states,
    lag=st.integers(0, 2),
    commit_age_ms=st.sampled_from([-1, 0, 60_000]),
    agencies=st.lists(agency_pulses, max_size=2, unique_by=lambda a: a.agency).map(tuple),
)
histories = st.lists(pulses, max_size=12, unique_by=lambda p: (p.lane, p.worker, p.at_ms)).map(
    lambda found: sorted(found, key=lambda p: p.at_ms)
)
LATE = T0 + 50_000


def healthy(at_ms: int) -> Sequence[Pulse]:
    """What workers send when nothing is wrong with any lane or agency."""
    well = tuple(AgencyPulse(code, 99, "", at_ms) for code in AGENCIES)
    return [replace(WELL, lane=name, worker="worker-c", at_ms=at_ms, agencies=well) for name in LANES]


@given(histories, st.data())
def test_a_pulse_that_comes_again_changes_nothing(history: list[Pulse], data: st.DataObject) -> None:
    once, again = Watch(SILENT_AFTER, T0), Watch(SILENT_AFTER, T0)
    for number, pulse in enumerate(history):
        once.observe(pulse, pulse.at_ms)
        again.observe(pulse, pulse.at_ms)
        again.observe(history[data.draw(st.integers(0, number))], pulse.at_ms)
        assert once.tick(pulse.at_ms) == again.tick(pulse.at_ms)
    assert once.tick(LATE) == again.tick(LATE)
    assert once.raised == again.raised


@given(histories, st.randoms(use_true_random=False))
def test_the_order_in_which_pulses_come_in_does_not_matter(history: list[Pulse], random: object) -> None:
    agencies = {(a.agency, a.sequence, p.at_ms) for p in history for a in p.agencies}
    if len(agencies) < sum(len(p.agencies) for p in history):
        return  # two lanes never tell of one agency at one moment
    shuffled = history.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    sorted_, mixed = Watch(SILENT_AFTER, T0), Watch(SILENT_AFTER, T0)
    for one, other in zip(history, shuffled, strict=True):
        sorted_.observe(one, LATE)
        mixed.observe(other, LATE)
    assert sorted_.tick(LATE) == mixed.tick(LATE)
    assert sorted_.tick(LATE + 60_000) == mixed.tick(LATE + 60_000)


@given(histories)
def test_every_alert_ends_when_all_is_well(history: list[Pulse]) -> None:
    watch = played(*history, tick_every=7_000)
    raised = set(watch.raised)
    for pulse in healthy(LATE):
        watch.observe(pulse, LATE)
    changes = watch.tick(LATE)
    assert watch.raised == {}
    assert {subject for subject, alert in changes if alert is None} == raised


@given(histories)
def test_asking_again_at_the_same_moment_brings_nothing_new(history: list[Pulse]) -> None:
    watch = played(*history, tick_every=7_000)
    watch.tick(LATE)
    assert watch.tick(LATE) == []


@given(histories)
def test_a_restarted_watch_goes_on_where_the_last_one_was(history: list[Pulse]) -> None:
    topic: dict[str, Alert | None] = {}
    watch = Watch(SILENT_AFTER, T0)
    for pulse in history:
        watch.observe(pulse, pulse.at_ms)
        topic.update(watch.tick(pulse.at_ms))
    topic.update(watch.tick(LATE))
    standing = {subject: alert for subject, alert in topic.items() if alert}
    assert standing == watch.raised
    restarted = Watch(SILENT_AFTER, LATE, standing.values())
    assert restarted.tick(LATE) == []
    for pulse in healthy(LATE):
        restarted.observe(pulse, LATE)
    assert dict(restarted.tick(LATE)) == dict.fromkeys(standing)
