"""The state of the exchange, for its operators: a frozen value of one look and its time.

Everything in it is an exact count of restricted topics: `RESTRICTED` is shown with it everywhere.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from consumers.admission.agency_lane import AgencyLane
from consumers.sections import UnknownSection, unknown_sections
from consumers.status.alerts import GONE
from consumers.status.observed import Observed
from consumers.status.open_alerts import alerts_now
from consumers.status.reader import INBOX
from consumers.status.worker_lives import QUIET_MS_MAX
from exchange.core.admission.gate import Registration, Status
from exchange.core.counting.generation import GENERATION
from exchange.core.model.epochs import epoch_text
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.lanes.progress import LaneState
from exchange.wire.codec import EventReader
from exchange.wire.pulse import Alert, Pulse
from exchange.wire.topics import AGENCIES, DAY_MS, DRAWS, GATE_STATE, PULSE, SINGLE_LANES, LaneName, aggregates_of

T = TypeVar("T")
RESTRICTED: Final = "restricted: operators only"
DIGEST_SHORT: Final = 8
RATE_MS: Final = 10_000
"""The span over which records a second are measured."""
SILENT_AFTER_MS: Final = 45 * DAY_MS
AGGREGATES: Final = aggregates_of(GENERATION)


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """One lane. `state`: from its newest pulse, or `not running`; `worker`: empty if none runs it.

    Times are milliseconds, None if unknown.
    """

    lane: str
    state: str
    worker: str
    lag: int | None
    records_a_second: float
    since_commit_ms: int | None
    since_pulse_ms: int | None


@dataclass(frozen=True, slots=True)
class AgencyStatus:
    """One registered agency.

    `head`: the first digits of its head's digest; `waiting`: records not yet admitted;
    `unsigned`: those of them that no heartbeat has signed, by the worker's last pulse.
    """

    agency: str
    legal_class: LegalClass
    status: Status
    partition: int
    sequence: int | None
    head: str
    waiting: int | None
    refused: str
    inbox_missing: bool
    since_heard_ms: int | None
    unsigned: int = 0
    since_unsigned_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """The whole status. `events`: counted so far; `refusals`: since the beginning, by reason.

    `undecided`: partitions with an open transaction at this moment, with the first offset not
    decided; one that stays is an alert. `running`: whether a worker lives, with lanes, and is not
    just the next one of a crash loop. `closed`: the last closed epoch, such as 2026-10, or empty;
    `closing_refused`: the reason against the newest command, or empty. `unknown`: the sections that
    could not be read; the figures that come from them are None, or empty.
    """

    restricted: str
    at_ms: int
    running: bool | None
    since_pulse_ms: int | None
    events: int | None
    events_a_second: float
    lag: int | None
    known: int | None
    heard_from: int | None
    refused_now: int | None
    lanes: tuple[LaneStatus, ...]
    agencies: tuple[AgencyStatus, ...]
    closed: str | None
    closing_refused: str | None
    refusals: tuple[tuple[str, int], ...]
    undecided: tuple[tuple[str, int], ...]
    alerts: tuple[Alert, ...]
    unknown: tuple[UnknownSection, ...]


_ONCE_NAMES: Final = frozenset(lane.at(0) for lane in SINGLE_LANES)
NOT_RUNNING: Final = "not running"


def status_of(
    seen: Observed, now_ms: int, *, silent_after_ms: int = SILENT_AFTER_MS, lanes: Collection[str] = ()
) -> ExchangeStatus:
    """The status at `now_ms`, milliseconds since 1970.

    The workers' clocks agree to a few seconds. `silent_after_ms`, `lanes`: as in `alerts_now`.
    """
    agencies = tuple(_agencies(seen, now_ms))
    of_lanes = tuple(_lanes(seen, agencies, now_ms))
    ages = [lane.since_pulse_ms for lane in of_lanes if lane.since_pulse_ms is not None]
    running = any(lane.worker for lane in of_lanes) and seen.lives.running(now_ms)
    last = seen.closings.closed.last_epoch
    return ExchangeStatus(
        restricted=RESTRICTED,
        at_ms=now_ms,
        running=_unless(PULSE in seen.unknown, running),
        since_pulse_ms=min(ages, default=None),
        events=_unless(AGGREGATES in seen.unknown, sum(seen.counted.values())),
        events_a_second=sum(lane.records_a_second for lane in of_lanes if lane.lane.startswith(LaneName.FOLD)),
        lag=_sum(lane.lag for lane in of_lanes if lane.lane not in _ONCE_NAMES),
        known=_unless(AGENCIES in seen.unknown, len(agencies)),
        heard_from=_unless(_no_heads(seen), sum(1 for agency in agencies if agency.sequence)),
        refused_now=_unless(_no_heads(seen), sum(1 for agency in agencies if agency.refused)),
        lanes=of_lanes,
        agencies=agencies,
        closed=_unless(DRAWS in seen.unknown, epoch_text(last) if last is not None else ""),
        closing_refused=_unless(DRAWS in seen.unknown, seen.closings.refused),
        refusals=tuple(sorted((reason.value, count) for reason, count in seen.refusals.items())),
        undecided=tuple((f"{p.topic}-{p.partition}", offset) for p, offset in sorted(seen.held.now.items())),
        alerts=alerts_now(seen, now_ms, silent_after_ms=silent_after_ms, lanes=lanes),
        unknown=unknown_sections(seen.unknown),
    )


def _unless(unknown: bool, value: T) -> T | None:
    return None if unknown else value


def _sum(numbers: Iterable[int | None]) -> int | None:
    """The sum; None where one of them is unknown."""
    found = list(numbers)
    return None if None in found else sum(number or 0 for number in found)


def _no_heads(seen: Observed) -> bool:
    return not {AGENCIES, GATE_STATE}.isdisjoint(seen.unknown)


def _agencies(seen: Observed, now_ms: int) -> Iterator[AgencyStatus]:
    if AGENCIES in seen.unknown:
        return
    for code, registration in sorted(seen.registry.agencies.items()):
        yield _agency(seen, code, registration, now_ms)


def _agency(seen: Observed, code: str, registration: Registration, now_ms: int) -> AgencyStatus:
    lane = seen.gates[registration.partition].agencies.get(code) or AgencyLane(code, EventReader())
    head, refused = lane.state.head, lane.state.refused
    unsigned, since_ms = seen.unsigned.get(code, (0, 0))
    return AgencyStatus(
        agency=code,
        legal_class=registration.legal_class,
        status=registration.status,
        partition=registration.partition,
        sequence=_unless(GATE_STATE in seen.unknown, head.sequence),
        head=head.digest.hex()[:DIGEST_SHORT],
        waiting=_unless(INBOX in seen.unknown, seen.inbox_lags.get(code, 0)),
        refused=refused.reason.value if refused else "",
        inbox_missing=code in seen.inboxes_missing,
        since_heard_ms=max(0, now_ms - lane.heard_ms) if lane.heard_ms else None,
        unsigned=unsigned,
        since_unsigned_ms=max(0, now_ms - since_ms) if unsigned else None,
    )


def _lanes(seen: Observed, agencies: Sequence[AgencyStatus], now_ms: int) -> Iterator[LaneStatus]:
    partitions = range(seen.partitions)
    waiting = {
        LaneName.GATE: {p: _sum(agency.waiting for agency in agencies if agency.partition == p) for p in partitions},
        LaneName.FOLD: {p: _unless(AGGREGATES in seen.unknown, seen.fold_lags.get(p, 0)) for p in partitions},
    }
    for lane, lags in waiting.items():
        for partition in partitions:
            name = lane.at(partition)
            yield _lane(name, lags[partition], _pulses_of(seen, name), now_ms)
    for name in sorted({pulse.lane for pulse in seen.pulses} & _ONCE_NAMES):
        pulses = _pulses_of(seen, name)
        yield _lane(name, max(pulses, key=_at).lag, pulses, now_ms)


def _pulses_of(seen: Observed, lane: str) -> list[Pulse]:
    """The pulses of a lane. After a worker wrote that it ended, its lanes are stopped."""
    return [
        replace(pulse, state=LaneState.STOPPED.value)
        if seen.lives.ended(pulse.worker) and pulse.state != LaneState.FAILED
        else pulse
        for pulse in seen.pulses
        if pulse.lane == lane
    ]


def _lane(name: str, lag: int | None, pulses: Sequence[Pulse], now_ms: int) -> LaneStatus:
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
