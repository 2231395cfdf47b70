"""The watch: what raises each alert, what ends it, and the laws that hold for any pulses."""

from dataclasses import replace

import pytest

from consumers.status.alerts import BEHIND_MS_MAX, Watch
from consumers.status.worker_lives import QUIET_MS_MAX
from exchange.core.admission.gate import Registration, Status
from exchange.core.admission.reasons import EXPLAINED, Reason
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.lanes.progress import LaneState
from exchange.wire.pulse import AgencyPulse, Alert, AlertKind, Pulse

DAY = 86_400_000
SILENT_AFTER = 45 * DAY
T0 = 1_800_000_000_000
WELL = Pulse("gate-0", "worker-a", T0, LaneState.RUNNING, 0, 0, 0, 0, -1, 0, 0, 0)
LANES = ("gate-0", "fold-0")
AGENCIES = ("harbor-light", "new-door")


def kinds(watch: Watch) -> dict[str, AlertKind]:
    return {subject: alert.kind for subject, alert in watch.raised.items()}


def lane(at: int, worker: str = "worker-a", state: LaneState = LaneState.RUNNING, lag: int = 0, age: int = 0) -> Pulse:
    return replace(WELL, worker=worker, at_ms=T0 + at, state=state, lag=lag, commit_age_ms=age)


def agency(at: int, sequence: int = 1, refused: str = "", heard: int = 0) -> Pulse:
    return replace(WELL, at_ms=T0 + at, agencies=(AgencyPulse("harbor-light", sequence, refused, T0 + heard),))


def played(*pulses: Pulse, tick_every: int = 1_000) -> Watch:
    """A watch that got each pulse when it was sent, and ticked all the time until the last."""
    watch = Watch(SILENT_AFTER, T0)
    last = T0
    for pulse in pulses:
        for now in range(last, pulse.at_ms, tick_every):
            watch.tick(now)
        watch.observe(pulse, pulse.at_ms)
        watch.tick(pulse.at_ms)
        last = pulse.at_ms
    return watch


# Lanes


def test_a_lane_with_work_and_no_commit_for_ten_seconds_is_stalled() -> None:
    behind = [lane(at, lag=5, age=at) for at in range(0, BEHIND_MS_MAX + 1, 2_000)]
    assert kinds(played(*behind)) == {}
    assert kinds(played(*behind, lane(BEHIND_MS_MAX + 1, lag=5, age=BEHIND_MS_MAX + 1))) == {"lane:gate-0": "stalled"}


def test_a_lane_that_commits_is_not_stalled_however_long_its_lag_lasts() -> None:
    assert kinds(played(*(lane(at, lag=5, age=500) for at in range(0, 60_000, 2_000)))) == {}


def test_a_lane_that_gets_on_is_not_stalled_though_its_commits_are_far_apart() -> None:
    """Through a backlog. `stuck_ms` is what the lane itself counts."""
    far = [lane(at, lag=5, age=at) for at in range(0, 60_000, 2_000)]
    assert kinds(played(*(replace(pulse, stuck_ms=4_000) for pulse in far))) == {}
    stuck = [replace(pulse, stuck_ms=pulse.at_ms - T0) for pulse in far]
    assert kinds(played(*stuck)) == {"lane:gate-0": "stalled"}


def test_the_first_record_after_an_idle_hour_is_no_stall() -> None:
    hour = 3_600_000
    idle = [lane(at, age=at) for at in range(0, hour, 10_000)]
    assert kinds(played(*idle, lane(hour, lag=1, age=hour), tick_every=10_000)) == {}


def test_a_lane_that_never_committed_is_stalled_ten_seconds_after_it_was_first_seen() -> None:
    assert kinds(played(*(lane(at, lag=5, age=-1) for at in range(0, 12_001, 2_000)))) == {"lane:gate-0": "stalled"}


def test_a_lane_without_a_pulse_for_fifteen_seconds_is_stalled_until_another_worker_has_it() -> None:
    watch = played(lane(0))
    assert watch.tick(T0 + QUIET_MS_MAX) == []
    ((subject, alert),) = watch.tick(T0 + QUIET_MS_MAX + 1)
    assert (subject, alert and alert.kind) == ("lane:gate-0", AlertKind.STALLED)
    watch.observe(lane(20_000, "worker-b", LaneState.RESTORING), T0 + 20_000)
    assert watch.tick(T0 + 20_000) == []
    watch.observe(lane(22_000, "worker-b"), T0 + 22_000)
    assert watch.tick(T0 + 22_000) == [("lane:gate-0", None)]


def test_a_lane_that_must_run_and_never_does_is_stalled() -> None:
    watch = Watch(SILENT_AFTER, T0, lanes=["gate-0", "fold-0"])
    watch.observe(lane(10_000), T0 + 10_000)
    watch.tick(T0 + QUIET_MS_MAX + 1)
    assert kinds(watch) == {"lane:fold-0": "stalled"}


def test_a_lane_that_need_not_run_is_watched_while_it_runs_and_not_missed_afterwards() -> None:
    """Such as a calendar that was switched off, or a lane that another version calls otherwise."""
    watch = Watch(SILENT_AFTER, T0, lanes=["fold-0"])
    watch.observe(lane(0, state=LaneState.FAILED), T0)
    watch.tick(T0)
    assert kinds(watch) == {"lane:gate-0": AlertKind.FAILED}
    restarted = Watch(SILENT_AFTER, T0 + 1_000, watch.raised.values(), lanes=["fold-0"])
    restarted.tick(T0 + 1_000 + QUIET_MS_MAX)
    assert set(kinds(restarted)) == {"lane:gate-0"}
    for one in (watch, restarted):
        one.tick(T0 + 1_001 + QUIET_MS_MAX)
        one.tick(T0 + 60_000 + QUIET_MS_MAX)
        assert set(kinds(one)) == {"lane:fold-0"}  # which must run


def test_a_fenced_zombie_hides_nothing_and_raises_nothing() -> None:
    both = [p for at in range(0, 40_000, 2_000) for p in (lane(at, "b"), lane(at + 1, "a", LaneState.FENCED))]
    assert kinds(played(lane(0, "a"), *both)) == {}
    alone = [lane(at, "a", LaneState.FENCED) for at in range(2_000, 20_000, 2_000)]
    assert kinds(played(lane(0, "a"), *alone)) == {"lane:gate-0": "stalled"}


def test_a_worker_whose_clock_is_behind_may_take_a_lane_over() -> None:
    watch = played(lane(60_000, "worker-a"))
    for at in range(0, 40_000, 2_000):
        watch.observe(lane(at, "worker-b"), T0 + 60_000 + at)
        assert watch.tick(T0 + 60_000 + at) == []


def test_a_failed_lane_reports_it_until_it_runs_again() -> None:
    watch = played(lane(0), lane(2_000, state=LaneState.FAILED))
    assert kinds(watch) == {"lane:gate-0": "failed"}
    assert watch.tick(T0 + 60_000) == []
    for at, state in ((61_000, LaneState.STARTING), (63_000, LaneState.RESTORING)):
        watch.observe(lane(at, "worker-b", state), T0 + at)
        assert watch.tick(T0 + at) == []
    watch.observe(lane(65_000, "worker-b"), T0 + 65_000)
    assert watch.tick(T0 + 65_000) == [("lane:gate-0", None)]


def test_a_refused_close_is_an_alert_until_an_epoch_is_closed() -> None:
    def release(at: int, refused: int) -> Pulse:
        return replace(lane(at), lane="release-0", refused=refused)

    watch = played(release(0, 0), release(2_000, 1))
    assert kinds(watch) == {"lane:release-0": "refused"}
    assert "exchange release list" in watch.raised["lane:release-0"].says
    assert kinds(played(release(0, 0), release(2_000, 1), release(4_000, 0))) == {}


def test_a_publisher_that_stopped_is_an_alert_though_its_worker_goes_on() -> None:
    stopped = replace(lane(0, state=LaneState.FAILED), lane="publisher-0")
    watch = played(stopped, replace(stopped, at_ms=T0 + 60_000))
    assert kinds(watch) == {"lane:publisher-0": "failed"}
    assert "releases" in watch.raised["lane:publisher-0"].says


def test_a_worker_that_signed_off_does_not_speak_for_its_lane() -> None:
    stopped = lane(2_000, "worker-a", LaneState.STOPPED)
    watch = played(lane(1_000, "worker-a"), stopped, lane(3_000, "worker-b", LaneState.FAILED))
    assert kinds(watch) == {"lane:gate-0": "failed"}


# Agencies


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_is_an_alert_with_the_next_step(reason: Reason) -> None:
    alert = played(agency(0, 7, reason)).raised["agency:harbor-light"]
    kind = {Reason.FORKED: AlertKind.FORKED, Reason.GAP: AlertKind.GAPPED}.get(reason, AlertKind.REFUSED)
    assert alert == Alert("agency:harbor-light", kind, T0, EXPLAINED[reason])
    assert kinds(played(agency(0, 7, reason), agency(2_000, 8))) == {}


def test_a_reason_of_a_newer_worker_is_an_alert_all_the_same() -> None:
    assert kinds(played(agency(0, 7, "sent_on_a_sunday"))) == {"agency:harbor-light": "refused"}


def test_a_late_pulse_does_not_bring_a_refusal_back() -> None:
    assert kinds(played(agency(4_000, 8), agency(2_000, 7, Reason.GAP))) == {}


def test_an_agency_is_silent_until_it_is_heard_again() -> None:
    watch = Watch(SILENT_AFTER, T0)
    watch.observe(agency(0, heard=0), T0)
    watch.tick(T0 + SILENT_AFTER)
    assert "agency:harbor-light" not in watch.raised
    watch.tick(T0 + SILENT_AFTER + 1)
    assert watch.raised["agency:harbor-light"].kind is AlertKind.SILENT
    watch.observe(agency(SILENT_AFTER + 2, 2, heard=SILENT_AFTER + 2), T0 + SILENT_AFTER + 2)
    assert ("agency:harbor-light", None) in watch.tick(T0 + SILENT_AFTER + 2)


def test_a_suspended_agency_may_be_silent() -> None:
    held = Registration("harbor-light", LegalClass.individual, False, 0, (), Status.SUSPENDED)
    watch = Watch(SILENT_AFTER, T0, registry={"harbor-light": held})
    watch.observe(agency(0, heard=-2 * SILENT_AFTER), T0)
    assert watch.tick(T0) == []


def test_records_that_nobody_signs_are_alarmed_after_a_day_and_no_longer_than_they_wait() -> None:
    day = 86_400_000
    watch, unsigned = Watch(10 * day, T0), AgencyPulse("harbor-light", 5, "", T0, 0, 3, T0)
    watch.observe(replace(WELL, at_ms=T0, agencies=(unsigned,)), T0)
    assert "agency:harbor-light" not in dict(watch.tick(T0 + day))
    alert = dict(watch.tick(T0 + day + 1))["agency:harbor-light"]
    assert alert
    assert alert.kind is AlertKind.NOT_SIGNED
    watch.observe(replace(WELL, at_ms=T0 + 1, agencies=(replace(unsigned, waiting=0, waiting_since_ms=0),)), T0 + 1)
    assert dict(watch.tick(T0 + day + 2))["agency:harbor-light"] is None
