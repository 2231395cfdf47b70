"""Status: rates and ages from any pulses; nothing is shown without its label."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from consumers.status.observed import Observed
from consumers.status.status import NOT_RUNNING, RATE_MS, RESTRICTED, LaneStatus, records_a_second, status_of
from exchange.cli.operator.status_tables import AGENCIES_MAX, age, rendered
from exchange.core.admission.gate import Refused, Registration
from exchange.core.admission.reasons import Reason
from exchange.core.model.chain import Head
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.lanes.progress import LaneState
from exchange.wire.pulse import Pulse

NOW = 1_900_000_000_000
BEAT = Pulse("fold-0", "worker-a", NOW, "running", 0, 0, 0, 0, 0, 0, 0, 0)

lives = st.lists(
    st.builds(
        replace,
        st.just(BEAT),
        at_ms=st.integers(NOW - 60_000, NOW),
        records=st.integers(0, 10_000),
        worker=st.sampled_from(["worker-a", "worker-b"]),
        state=st.sampled_from(LaneState),
    ),
    max_size=12,
)


def lane_of(*pulses: Pulse) -> LaneStatus:
    seen = Observed(1)
    seen.pulses.extend(pulses)
    return next(lane for lane in status_of(seen, NOW).lanes if lane.lane == "fold-0")


def exchange_of(agencies: int, *, refused: int = 0) -> Observed:
    seen = Observed(1)
    for number in range(agencies):
        seen.registry.put(Registration(f"agency-{number:03}", LegalClass.individual, False, 0, ()))
    seen.gates[0].positions()
    for number in range(agencies - refused, agencies):
        seen.gates[0].agencies[f"agency-{number:03}"].state.refused = Refused(1, Reason.GAP)
    return seen


def printed(seen: Observed, *, every_agency: bool = False) -> str:
    console = Console(width=150, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        console.print(rendered(status_of(seen, NOW), every_agency=every_agency))
    return captured.get()


def test_a_steady_lane_has_its_rate() -> None:
    beats = [replace(BEAT, at_ms=NOW - 2_000 * n, records=1_000 - 100 * n) for n in range(5)]
    assert lane_of(*beats).records_a_second == 50


def test_a_rate_is_of_the_last_seconds_only() -> None:
    old = replace(BEAT, at_ms=NOW - RATE_MS - 1, records=0)
    beats = [replace(BEAT, at_ms=NOW - 1_000, records=5_000), replace(BEAT, records=5_000)]
    assert lane_of(old, *beats).records_a_second == 0


@given(lives)
def test_rates_and_ages_are_never_negative_and_their_order_does_not_matter(pulses: list[Pulse]) -> None:
    unique = list({(p.worker, p.at_ms): p for p in pulses}.values())
    moments = [p.at_ms for p in unique]
    lane = lane_of(*unique)
    assert lane.records_a_second >= 0
    assert lane.since_pulse_ms is None or lane.since_pulse_ms >= 0
    assert bool(lane.worker) <= (lane.state != NOT_RUNNING)
    if len(set(moments)) == len(moments):
        assert lane_of(*reversed(unique)) == lane


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=8), st.integers(1, 5_000))
def test_the_rate_of_one_life_is_its_records_over_its_time(steps: list[int], gap_ms: int) -> None:
    records, beats = 0, [replace(BEAT, at_ms=NOW)]
    for number, step in enumerate(steps, 1):
        records += step
        beats.append(replace(BEAT, at_ms=NOW + number * gap_ms, records=records))
    if len(steps) * gap_ms <= RATE_MS:
        assert records_a_second(beats, beats[-1]) == records * 1000 / (len(steps) * gap_ms)


def test_a_lane_that_signed_off_does_not_run() -> None:
    well, gone = replace(BEAT, at_ms=NOW - 2_000), replace(BEAT, state=LaneState.STOPPED.value)
    assert lane_of(well).state == "running"
    assert lane_of(well, gone).state == NOT_RUNNING
    assert lane_of(well, gone, replace(well, worker="worker-b")).state == "running"


def test_a_failed_lane_is_shown_as_failed_and_counts_as_no_worker() -> None:
    seen = Observed(1)
    seen.pulses.append(replace(BEAT, state=LaneState.FAILED.value))
    status = status_of(seen, NOW)
    assert [lane.state for lane in status.lanes] == [NOT_RUNNING, "failed"]
    assert not status.running


def test_an_agencys_head_is_shown_short() -> None:
    seen = exchange_of(1)
    seen.gates[0].agencies["agency-000"].state.head = Head(7, bytes(range(32)))
    (agency,) = status_of(seen, NOW).agencies
    assert (agency.sequence, agency.head) == (7, "00010203")


def test_everything_shown_begins_with_its_label() -> None:
    for seen in (Observed(1), exchange_of(3)):
        assert status_of(seen, NOW).restricted == RESTRICTED
        assert printed(seen).startswith(RESTRICTED.upper())


def test_those_in_trouble_are_shown_first_and_the_rest_is_counted() -> None:
    seen = exchange_of(AGENCIES_MAX + 5, refused=1)
    text = printed(seen)
    assert f"agency-{AGENCIES_MAX + 4:03}" in text
    assert "and 5 more; --all shows them" in text
    assert all(f"agency-{n:03}" in printed(seen, every_agency=True) for n in range(AGENCIES_MAX + 5))


def test_ages_are_shown_in_their_largest_unit() -> None:
    said = {None: "–", 0: "now", 999: "now", 1_000: "1 s", 119_999: "1 min", 7_200_000: "2 h", 200_000_000: "2 d"}
    assert {ms: age(ms) for ms in said} == said
