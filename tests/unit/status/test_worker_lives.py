"""Crash loops, ends and their reasons, from what workers wrote about themselves."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consumers.status.alerts import Watch
from consumers.status.worker_lives import CALM_MS, CRASHES_MIN, QUIET_MS_MAX, STEADY_MS, WINDOW_MS, WorkerLives
from exchange.core.model.ledger_head import LedgerHead
from exchange.engine.lanes.progress import LaneState
from exchange.wire.pulse import Alert, AlertKind, Pulse, WorkerPulse

T0 = 1_800_000_000_000
SECOND = 1_000


def lives_of(*pulses: WorkerPulse) -> WorkerLives:
    lives = WorkerLives()
    for pulse in pulses:
        lives.observe(pulse, pulse.at_ms)
    return lives


def pulse(worker: int, started: int, at: int, reason: str | None = None) -> WorkerPulse:
    """`reason`: None while it lives."""
    return WorkerPulse(f"worker-{worker}", T0 + started, T0 + at, reason is not None, reason or "")


def loop(ends: int, every: int = 10 * SECOND, reason: str | None = "LaneStalled: no way.") -> list[WorkerPulse]:
    return [pulse(n, n * every, n * every + 5 * SECOND, reason) for n in range(ends)]


def kind(lives: WorkerLives, at: int) -> AlertKind | None:
    trouble = lives.judge(T0 + at, T0 - WINDOW_MS).trouble
    return trouble.kind if trouble else None


def test_workers_that_end_again_and_again_are_a_crash_loop_with_the_last_reason_and_are_not_running() -> None:
    ends = loop(CRASHES_MIN)
    at = CRASHES_MIN * 10 * SECOND
    lives = lives_of(*ends, pulse(99, at, at + SECOND))
    trouble = lives.judge(T0 + at + SECOND, T0).trouble
    assert trouble is not None
    assert trouble.kind is AlertKind.CRASH_LOOP
    assert "LaneStalled: no way." in trouble.says
    assert not lives.running(T0 + at + SECOND)
    one_less = lives_of(*ends[1:], pulse(99, at, at + SECOND))
    assert kind(one_less, at + SECOND) is None
    assert one_less.running(T0 + at + SECOND)


def test_killed_workers_which_write_nothing_are_a_crash_loop_too() -> None:
    lives = lives_of(*loop(CRASHES_MIN, reason=None))
    at = CRASHES_MIN * 10 * SECOND + QUIET_MS_MAX
    trouble = lives.judge(T0 + at, T0).trouble
    assert trouble is not None
    assert (trouble.kind, "killed" in trouble.says) == (AlertKind.CRASH_LOOP, True)


def test_workers_that_were_stopped_are_no_crash_loop_however_many() -> None:
    stopped = loop(9, reason="")
    assert kind(lives_of(*stopped, pulse(99, 90_000, 91_000)), 91_000) is None
    assert kind(lives_of(*stopped), 91_000) is AlertKind.NOT_RUNNING


def test_a_stopped_worker_is_gone_at_once_and_one_that_falls_quiet_later() -> None:
    assert not lives_of(pulse(0, 0, 60_000, "")).running(T0 + 60_000)
    quiet = lives_of(pulse(0, 0, 60_000))
    assert quiet.running(T0 + 60_000 + QUIET_MS_MAX)
    assert not quiet.running(T0 + 60_001 + QUIET_MS_MAX)


def test_where_no_worker_lives_the_reason_of_the_last_end_is_given() -> None:
    trouble = lives_of(pulse(0, 0, SECOND, "PartitionUnknown: no topic.")).judge(T0 + SECOND, T0 - WINDOW_MS).trouble
    assert trouble is not None
    assert (trouble.kind, "PartitionUnknown: no topic." in trouble.says) == (AlertKind.NOT_RUNNING, True)


def test_a_crash_loop_is_over_when_no_worker_has_crashed_for_a_while() -> None:
    last = loop(CRASHES_MIN)[-1].at_ms - T0
    ends = [*loop(CRASHES_MIN), pulse(99, last + SECOND, last + CALM_MS + 1)]
    assert kind(lives_of(*ends), last + CALM_MS) is AlertKind.CRASH_LOOP
    assert kind(lives_of(*ends), last + CALM_MS + 1) is None


def test_a_worker_that_outlived_the_crashed_ones_is_running_though_others_crash() -> None:
    last = loop(CRASHES_MIN)[-1].at_ms - T0
    steady = pulse(99, last - STEADY_MS, last)
    assert kind(lives_of(*loop(CRASHES_MIN), steady), last) is AlertKind.CRASH_LOOP
    assert lives_of(*loop(CRASHES_MIN), steady).running(T0 + last)
    assert not lives_of(*loop(CRASHES_MIN), replace(steady, started_ms=steady.started_ms + 1)).running(T0 + last)


def test_crashes_of_long_ago_count_no_more() -> None:
    far = loop(CRASHES_MIN, every=WINDOW_MS // (CRASHES_MIN - 2))
    last = far[-1].at_ms - T0
    assert kind(lives_of(*far, pulse(99, last, last)), last) is None


def test_a_watch_takes_the_pulses_of_an_ended_worker_for_none() -> None:
    """So a lane is not running for fifteen seconds more."""
    well = Pulse("gate-0", "worker-0", T0, LaneState.RUNNING, 0, 0, 0, 0, 0, 0, 0, 0)
    watch = Watch(1, T0 - QUIET_MS_MAX - 1, lives=WorkerLives())
    watch.observe(well, T0)
    watch.observe(pulse(0, 0, 1, ""), T0 + 1)
    watch.observe(pulse(1, 0, 1), T0 + 1)
    watch.tick(T0 + 1)
    assert watch.raised == {}  # it may be taken over still
    watch.tick(T0 + QUIET_MS_MAX + 1)
    assert {s: a.kind for s, a in watch.raised.items()} == {"lane:gate-0": AlertKind.STALLED}


def test_where_no_worker_lives_that_is_one_alert_and_not_one_a_lane() -> None:
    watch = Watch(1, T0, lanes=["gate-0", "gate-1", "fold-0"], lives=WorkerLives())
    watch.tick(T0 + QUIET_MS_MAX)
    assert watch.raised == {}
    watch.tick(T0 + QUIET_MS_MAX + 1)
    assert {s: a.kind for s, a in watch.raised.items()} == {"workers": AlertKind.NOT_RUNNING}


pulses = st.lists(
    st.builds(
        pulse, st.integers(0, 5), st.just(0), st.integers(0, 60_000), st.sampled_from([None, "", "LaneGaveUp: no."])
    ),
    max_size=12,
    unique_by=lambda p: (p.worker, p.at_ms),
)


@given(pulses, st.randoms())
def test_the_order_and_the_repetition_of_pulses_change_nothing(found: list[WorkerPulse], random: object) -> None:
    shuffled = [*found, *found]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for at in (60_000, 70_000, 80_000):
        assert kind(lives_of(*found), at) == kind(lives_of(*shuffled), at)
        assert lives_of(*found).running(T0 + at) == lives_of(*shuffled).running(T0 + at)


def test_a_witness_that_refuses_is_an_alert_until_a_living_one_agrees_and_none_refuses() -> None:
    says = "LedgerBehind: The ledger in `draws` has no closed month."
    remembers = LedgerHead(24_312, b"h" * 32)

    def watch_of(*pulses: WorkerPulse) -> Watch:
        return Watch(45 * 86_400 * SECOND, T0, [raised] if raised else [], lives=lives_of(*pulses))

    raised: Alert | None = None
    refusing = replace(pulse(1, 0, SECOND), remembers=remembers, refuses=says)
    agreeing, unsure = replace(pulse(2, 0, SECOND), remembers=remembers), pulse(3, 0, SECOND)
    changes = dict(watch_of(refusing, agreeing, unsure).tick(T0 + 2 * SECOND))
    raised = changes["ledger"]
    assert raised is not None
    assert (raised.kind, says in raised.says) == (AlertKind.LEDGER, True)
    assert "ledger" not in dict(watch_of(unsure).tick(T0 + 2 * SECOND))  # no sign of either: it stays
    assert "ledger" not in dict(watch_of(refusing, agreeing).tick(T0 + 2 * SECOND))
    assert dict(watch_of(agreeing, unsure).tick(T0 + 2 * SECOND))["ledger"] is None
    later = T0 + SECOND + QUIET_MS_MAX + 1
    assert "ledger" not in dict(watch_of(refusing, agreeing).tick(later))  # both are gone
