"""The state of the exchange, for its operators: a frozen value of one look and its time.

Everything in it is an exact count of restricted topics: `RESTRICTED` is shown with it everywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from consumers.status.alerts import GONE, QUIET_MS_MAX
from consumers.status.reader import Observed
from exchange.core.admission.gate import Registration, Status
from exchange.core.model.epochs import epoch_text
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.lanes.progress import LaneState
from exchange.wire.pulse import Alert, Pulse, decode_alert
from exchange.wire.topics import SINGLE_LANES, LaneName

RESTRICTED: Final = "restricted: operators only"
DIGEST_SHORT: Final = 8
RATE_MS: Final = 10_000
"""The span over which records a second are measured."""


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """One lane. `state`: from its newest pulse, or `not running`; `worker`: empty if none runs it.

    Times are milliseconds, None if unknown.
    """

    lane: str
    state: str
    worker: str
    lag: int
    records_a_second: float
    since_commit_ms: int | None
    since_pulse_ms: int | None


@dataclass(frozen=True, slots=True)
class AgencyStatus:
    """One registered agency.

    `head`: the first digits of its head's digest; `waiting`: records not yet judged.
    """

    agency: str
    legal_class: LegalClass
    status: Status
    partition: int
    sequence: int
    head: str
    waiting: int
    refused: str
    inbox_missing: bool
    since_heard_ms: int | None


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """The whole status. `events`: counted so far; `refusals`: since the beginning, by reason.

    `closed`: the last closed epoch, such as 2026-10, or empty; `closing_refused`: the reason
    against the newest command, or empty.
    """

    restricted: str
    at_ms: int
    running: bool
    since_pulse_ms: int | None
    events: int
    events_a_second: float
    lag: int
    known: int
    heard_from: int
    refused_now: int
    lanes: tuple[LaneStatus, ...]
    agencies: tuple[AgencyStatus, ...]
    closed: str
    closing_refused: str
    refusals: tuple[tuple[str, int], ...]
    alerts: tuple[Alert, ...]


_ONCE_NAMES: Final = frozenset(lane.at(0) for lane in SINGLE_LANES)
NOT_RUNNING: Final = "not running"


def status_of(seen: Observed, now_ms: int) -> ExchangeStatus:
    """The status at `now_ms`, milliseconds since 1970.

    The workers' clocks agree to a few seconds.
    """
    agencies = tuple(_agencies(seen, now_ms))
    lanes = tuple(_lanes(seen, agencies, now_ms))
    ages = [lane.since_pulse_ms for lane in lanes if lane.since_pulse_ms is not None]
    return ExchangeStatus(
        restricted=RESTRICTED,
        at_ms=now_ms,
        running=any(lane.worker for lane in lanes),
        since_pulse_ms=min(ages, default=None),
        events=sum(seen.counted.values()),
        events_a_second=sum(lane.records_a_second for lane in lanes if lane.lane.startswith(LaneName.FOLD)),
        lag=sum(lane.lag for lane in lanes if lane.lane not in _ONCE_NAMES),
        known=len(agencies),
        heard_from=sum(1 for agency in agencies if agency.sequence),
        refused_now=sum(1 for agency in agencies if agency.refused),
        lanes=lanes,
        agencies=agencies,
        closed=epoch_text(last) if (last := seen.closings.closed.last_epoch) is not None else "",
        closing_refused=seen.closings.refused,
        refusals=tuple(sorted((reason.value, count) for reason, count in seen.refusals.items())),
        alerts=tuple(decode_alert(seen.alerts[subject]) for subject in sorted(seen.alerts)),
    )


def _agencies(seen: Observed, now_ms: int) -> Iterator[AgencyStatus]:
    for code, registration in sorted(seen.registry.agencies.items()):
        yield _agency(seen, code, registration, now_ms)


def _agency(seen: Observed, code: str, registration: Registration, now_ms: int) -> AgencyStatus:
    lane = seen.gates[registration.partition].agencies[code]
    head, refused = lane.state.head, lane.state.refused
    return AgencyStatus(
        agency=code,
        legal_class=registration.legal_class,
        status=registration.status,
        partition=registration.partition,
        sequence=head.sequence,
        head=head.digest.hex()[:DIGEST_SHORT],
        waiting=seen.inbox_lags.get(code, 0),
        refused=refused.reason.value if refused else "",
        inbox_missing=code in seen.inboxes_missing,
        since_heard_ms=max(0, now_ms - lane.heard_ms) if lane.heard_ms else None,
    )


def _lanes(seen: Observed, agencies: Sequence[AgencyStatus], now_ms: int) -> Iterator[LaneStatus]:
    inboxes = dict.fromkeys(range(seen.partitions), 0)
    for agency in agencies:
        inboxes[agency.partition] += agency.waiting
    for lane, lags in ((LaneName.GATE, inboxes), (LaneName.FOLD, seen.fold_lags)):
        for partition in range(seen.partitions):
            name = lane.at(partition)
            pulses = [pulse for pulse in seen.pulses if pulse.lane == name]
            yield _lane(name, lags.get(partition, 0), pulses, now_ms)
    for name in sorted({pulse.lane for pulse in seen.pulses} & _ONCE_NAMES):
        pulses = [pulse for pulse in seen.pulses if pulse.lane == name]
        yield _lane(name, max(pulses, key=_at).lag, pulses, now_ms)


def _lane(name: str, lag: int, pulses: Sequence[Pulse], now_ms: int) -> LaneStatus:
    farewells = {pulse.worker: pulse.at_ms for pulse in sorted(pulses, key=_at) if pulse.state in GONE}
    told = [pulse for pulse in pulses if pulse.state not in GONE]
    present = [pulse for pulse in told if pulse.at_ms > farewells.get(pulse.worker, -1)]
    newest = max(present or told, key=_at, default=None)
    if newest is None:
        return LaneStatus(name, NOT_RUNNING, "", lag, 0.0, None, None)
    since_pulse_ms = max(0, now_ms - newest.at_ms)
    running = bool(present) and since_pulse_ms <= QUIET_MS_MAX and newest.state != LaneState.FAILED
    return LaneStatus(
        lane=name,
        state=newest.state if running or newest.state == LaneState.FAILED else NOT_RUNNING,
        worker=newest.worker if running else "",
        lag=lag,
        records_a_second=records_a_second(pulses, newest) if running else 0.0,
        since_commit_ms=newest.commit_age_ms + since_pulse_ms if newest.commit_age_ms >= 0 else None,
        since_pulse_ms=since_pulse_ms,
    )


def _at(pulse: Pulse) -> tuple[int, str]:
    return pulse.at_ms, pulse.worker


def records_a_second(pulses: Sequence[Pulse], newest: Pulse) -> float:
    """Over the last pulses since the lane's last start: its count of records begins at 0 there."""
    of_worker = sorted((p for p in pulses if p.worker == newest.worker), key=lambda pulse: pulse.at_ms, reverse=True)
    oldest = newest
    for pulse in of_worker:
        if pulse.records > oldest.records or newest.at_ms - pulse.at_ms > RATE_MS:
            break
        oldest = pulse
    elapsed_ms = newest.at_ms - oldest.at_ms
    return (newest.records - oldest.records) * 1000 / elapsed_ms if elapsed_ms else 0.0
