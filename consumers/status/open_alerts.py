"""The alerts that are open now, judged by `Watch` from all that was read, without any worker."""

from collections.abc import Collection, Iterator, Mapping

import structlog

from consumers.status.alerts import Watch
from consumers.status.observed import Observed
from consumers.status.troubles import LANE
from consumers.status.worker_lives import QUIET_MS_MAX
from exchange.engine.log import Log, Partition
from exchange.engine.reading import newest_by_key
from exchange.wire.message import MessageUnreadable
from exchange.wire.pulse import AgencyPulse, Alert, decode_alert
from exchange.wire.topics import AGENCIES, ALERTS, PARTITION_LANES, PULSE, SINGLE_LANES, LaneName

logger = structlog.get_logger(__name__)


def expected_lanes(partitions: int, *, calendar: bool) -> list[str]:
    """The lanes that must run. `calendar`: whether it is on."""
    single = [lane for lane in SINGLE_LANES if calendar or lane is not LaneName.CALENDAR]
    return [
        *(lane.at(partition) for partition in range(partitions) for lane in PARTITION_LANES),
        *(lane.at(0) for lane in single),
    ]


def alerts_now(seen: Observed, now_ms: int, *, silent_after_ms: int, lanes: Collection[str] = ()) -> tuple[Alert, ...]:
    """The alerts that a watch would have open now, had it read all this.

    `lanes`: those that must run. The calendar must run if a worker's watch already misses it.
    """
    stood = list(readable(seen.alerts))
    calendar = LaneName.CALENDAR.at(0)
    lanes = {*lanes, calendar} if lanes and any(one.subject == LANE + calendar for one in stood) else lanes
    pulses_known = PULSE not in seen.unknown
    started_ms = seen.lives.oldest_start_ms(now_ms) if pulses_known else now_ms
    watch = Watch(
        silent_after_ms,
        now_ms - QUIET_MS_MAX - 1 if started_ms is None else started_ms,
        stood,
        lanes=lanes if pulses_known else (),
        registry=None if AGENCIES in seen.unknown else seen.registry.agencies,
        lives=seen.lives if pulses_known else None,
    )
    for pulse in seen.pulses:
        watch.observe(pulse, min(pulse.at_ms, now_ms))
    for agency in _at_the_gate(seen):
        watch.observe_agency(agency, now_ms)
    watch.observe_log(seen.facts)
    watch.tick(now_ms)
    return tuple(watch.raised[subject] for subject in sorted(watch.raised))


def _at_the_gate(seen: Observed) -> Iterator[AgencyPulse]:
    """Each agency as the gate's own state has it."""
    for gate in seen.gates.values():
        for code, lane in gate.agencies.items():
            reason = lane.state.refused.reason.value if lane.state.refused else ""
            yield AgencyPulse(code, lane.state.head.sequence, reason, lane.heard_ms, lane.forked_ms)


async def read_alerts(log: Log) -> list[Alert]:
    """The open alerts, by subject. A record that is none is left out, and logged."""
    return list(readable(await newest_by_key(log, Partition(ALERTS, 0))))


def readable(newest: Mapping[bytes, bytes]) -> Iterator[Alert]:
    """The alerts among the newest records of `alerts`, by subject.

    Others can write there: what is no alert says nothing, and must stop no worker.
    """
    for subject in sorted(newest):
        try:
            yield decode_alert(newest[subject])
        except MessageUnreadable as error:
            logger.warning("a record of `alerts` is no alert", reason=str(error))
