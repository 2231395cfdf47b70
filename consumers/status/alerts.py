"""Alerts for the operator: when each begins and ends, decided from pulses and a given clock.

`Watch` is pure: no I/O and no clock. Times are milliseconds since 1970 by the watching worker's
clock. Only `Pulse.at_ms` is the sender's, and it only orders the pulses of one sender.

Rules kept:
- One alert a subject: the gravest.
- An alert ends when its cause ends, and not before there is a sign of it.
- A pulse that comes twice or late changes nothing.
- A new `Watch` goes on with the open alerts that it is given (`read_alerts`).
- A lane that need not run, such as a calendar that was switched off, is not missed.

docs/OPERATIONS.md explains each kind.

Not promised: a refusal that came and went between two pulses (it is in `quarantine`). Nor agencies
that never published (`exchange status` lists them). Nor one alert topic for two watches at the same
moment: the later one may leave an alert of the earlier one until a pulse comes for its subject.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from exchange.core.admission.gate import Registration, Status
from exchange.core.admission.reasons import EXPLAINED, Reason
from exchange.engine.lanes.progress import LaneState
from exchange.engine.log import Log, Partition
from exchange.engine.reading import newest_by_key
from exchange.wire.pulse import AgencyPulse, Alert, AlertKind, Pulse, decode_alert
from exchange.wire.topics import ALERTS, SINGLE_LANES, LaneName

BEHIND_MS_MAX: Final = 10_000
"""A lane stalls that has records to read and commits nothing for longer."""
QUIET_MS_MAX: Final = 15_000
"""A lane stalls for which no worker sends a pulse for longer."""
FORKED_MS: Final = 7 * 86_400_000
"""How long an alert stays open after the last forked record. The next good event does not end it:
the second copy of the vault is still there."""
GONE: Final = frozenset((LaneState.STOPPED, LaneState.FENCED))
"""States of a worker that does not have the lane any more."""
LANE: Final = "lane:"
RELEASE_LANE: Final = LaneName.RELEASE.at(0)
HALTED: Final = frozenset(lane.at(0) for lane in SINGLE_LANES)
"""Lanes that may stop while their worker goes on."""
AGENCY: Final = "agency:"
KINDS: Final = {Reason.FORKED: AlertKind.FORKED, Reason.GAP: AlertKind.GAPPED}
NO_AGENCIES: Final[Mapping[str, Registration]] = MappingProxyType({})

BEHIND_SAYS: Final = "The lane has records to read and commits nothing: look at the brokers, then at the worker's log."
QUIET_SAYS: Final = "No worker runs the lane: start one with `exchange worker`. It continues from the last commit."
FAILED_SAYS: Final = (
    "The lane failed and its worker ended. The last lines of the worker's log name the error and the"
    " remedy. Then start the worker again."
)
SILENT_SAYS: Final = (
    "No event came for longer than EXCHANGE_SILENT_AFTER_DAYS: ask the agency whether its edge still runs."
)
CLOSING_SAYS: Final = (
    "The newest command to close an epoch was refused, and no budget was spent: `exchange release list`"
    " gives the reason. This alert ends when the next epoch is closed."
)
HALTED_SAYS: Final = (
    "Closing or publishing stopped: perhaps `draws` or `releases` was changed from outside. The worker's"
    " log names the error and the remedy. The exchange goes on admitting events while the worker runs."
)
OTHER_SAYS: Final = "The agency's records are refused: `exchange status` gives the reason."


@dataclass(slots=True)
class _Sender:
    """The pulses of one worker about one lane. `seen_ms`: when its newest living pulse came in."""

    newest: Pulse | None = None
    seen_ms: int = 0
    gone_at: int = -1
    first_at: int = 0
    idle_at: int = -1

    def observe(self, pulse: Pulse, now_ms: int) -> None:
        if pulse.state in GONE:
            self.gone_at = max(self.gone_at, pulse.at_ms)
            return
        if pulse.lag <= 0:
            self.idle_at = max(self.idle_at, pulse.at_ms)
        self.first_at = min(self.first_at, pulse.at_ms) if self.newest else pulse.at_ms
        if self.newest is None or pulse.at_ms > self.newest.at_ms:
            self.newest, self.seen_ms = pulse, now_ms

    def living(self, now_ms: int) -> Pulse | None:
        """The newest pulse, if it is fresh and the worker still has the lane."""
        newest = self.newest
        if newest is None or newest.at_ms <= self.gone_at or now_ms - self.seen_ms > QUIET_MS_MAX:
            return None
        return newest

    def behind(self, pulse: Pulse) -> bool:
        """Whether the lane had work all the time before this pulse and committed nothing."""
        working_ms = pulse.at_ms - max(self.first_at, self.idle_at)
        uncommitted_ms = working_ms if pulse.commit_age_ms < 0 else min(working_ms, pulse.commit_age_ms)
        return pulse.lag > 0 and uncommitted_ms > BEHIND_MS_MAX


@dataclass(slots=True)
class _Agency:
    """The newest facts about an agency."""

    at: tuple[int, int] = (-1, -1)
    refused: str = ""
    heard_ms: int = 0
    forked_ms: int = 0

    def observe(self, pulse: AgencyPulse, at_ms: int) -> None:
        self.heard_ms = max(self.heard_ms, pulse.heard_ms)
        self.forked_ms = max(self.forked_ms, pulse.forked_ms)
        if (pulse.sequence, at_ms) > self.at:  # a chain only grows, whatever a clock says
            self.at, self.refused = (pulse.sequence, at_ms), pulse.refused


@dataclass(frozen=True, slots=True)
class _Trouble:
    kind: AlertKind
    says: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    """About a subject now: in trouble, or well.

    `known` false: there is no sign of either, so that an open alert stays.
    """

    trouble: _Trouble | None = None
    known: bool = True


_WELL: Final = _Verdict()
_UNDECIDED: Final = _Verdict(known=False)


class Watch:
    """Watches lanes and agencies. Give it pulses by `observe`, and call `tick` every second or two.

    `alerts`: those open before this watch began. `lanes`: names of the lanes that must run, if
    known; each other lane is watched while a worker runs it. `registry`: a live view of the
    registered agencies, to see which are suspended.
    """

    def __init__(
        self,
        silent_after_ms: int,
        started_ms: int,
        alerts: Iterable[Alert] = (),
        *,
        lanes: Collection[str] = (),
        registry: Mapping[str, Registration] = NO_AGENCIES,
    ) -> None:
        self._silent_after_ms = silent_after_ms
        self._started_ms = started_ms
        self._registry = registry
        self._raised = {alert.subject: alert for alert in alerts}
        self._lanes: dict[str, dict[str, _Sender]] = {lane: {} for lane in lanes}
        self._must_run = frozenset(lanes)
        self._agencies: dict[str, _Agency] = {}

    @property
    def raised(self) -> Mapping[str, Alert]:
        """The open alerts, by subject."""
        return MappingProxyType(self._raised)

    def observe(self, pulse: Pulse, now_ms: int) -> None:
        """Take a pulse that has just come in."""
        senders = self._lanes.setdefault(pulse.lane, {})
        senders.setdefault(pulse.worker, _Sender()).observe(pulse, now_ms)
        for agency in pulse.agencies:
            self._agencies.setdefault(agency.agency, _Agency()).observe(agency, pulse.at_ms)

    def tick(self, now_ms: int) -> list[tuple[str, Alert | None]]:
        """The changes since the last call: (subject, its open alert).

        None for an alert that is over.
        """
        changes: list[tuple[str, Alert | None]] = []
        for subject in sorted({*self._subjects()}):
            verdict, raised = self._judge(subject, now_ms), self._raised.get(subject)
            alert = _alert(subject, verdict, raised, now_ms)
            if alert is not None and alert != raised:
                self._raised[subject] = alert
                changes.append((subject, alert))
            elif alert is None and raised is not None:
                del self._raised[subject]
                changes.append((subject, None))
        return changes

    def _subjects(self) -> Iterable[str]:
        yield from (LANE + lane for lane in self._lanes)
        yield from (AGENCY + agency for agency in self._agencies)
        yield from (subject for subject in self._raised if subject.startswith(LANE))

    def _judge(self, subject: str, now_ms: int) -> _Verdict:
        if subject.startswith(LANE):
            lane = subject.removeprefix(LANE)
            if self._is_over(lane, now_ms):
                return _WELL
            senders = self._lanes.get(lane)
            return _UNDECIDED if senders is None else self._judge_lane(senders.values(), now_ms)
        code = subject.removeprefix(AGENCY)
        agency = self._agencies.get(code)
        return _UNDECIDED if agency is None else self._judge_agency(code, agency, now_ms)

    def _is_over(self, lane: str, now_ms: int) -> bool:
        """Whether a lane need not run, and no worker runs it any more."""
        if not self._must_run or lane in self._must_run or now_ms - self._started_ms <= QUIET_MS_MAX:
            return False
        return not any(sender.living(now_ms) for sender in self._lanes.get(lane, {}).values())

    def _judge_lane(self, senders: Collection[_Sender], now_ms: int) -> _Verdict:
        living = [(sender, pulse) for sender in senders if (pulse := sender.living(now_ms))]
        states = {pulse.state for sender, pulse in living if not sender.behind(pulse)}
        if LaneState.RUNNING in states:
            refused = any(pulse.refused for _, pulse in living if pulse.lane == RELEASE_LANE)
            return _Verdict(_Trouble(AlertKind.REFUSED, CLOSING_SAYS)) if refused else _WELL
        if failed := [pulse for _, pulse in living if pulse.state == LaneState.FAILED]:
            says = HALTED_SAYS if failed[0].lane in HALTED else FAILED_SAYS
            return _Verdict(_Trouble(AlertKind.FAILED, says))
        if any(sender.behind(pulse) for sender, pulse in living):
            return _Verdict(_Trouble(AlertKind.STALLED, BEHIND_SAYS))
        if living or now_ms - max(self._started_ms, *(s.seen_ms for s in senders), 0) <= QUIET_MS_MAX:
            return _UNDECIDED
        last = max(((s.seen_ms, p.at_ms, p.worker, p.state) for s in senders if (p := s.newest)), default=None)
        if last is not None and last[-1] == LaneState.FAILED:
            return _Verdict(_Trouble(AlertKind.FAILED, FAILED_SAYS))
        return _Verdict(_Trouble(AlertKind.STALLED, QUIET_SAYS))

    def _judge_agency(self, code: str, agency: _Agency, now_ms: int) -> _Verdict:
        if agency.refused:
            return _Verdict(_refused(agency.refused))
        if agency.forked_ms and now_ms - agency.forked_ms < FORKED_MS:  # the next good event does not end it
            return _Verdict(_refused(Reason.FORKED))
        registration = self._registry.get(code)
        suspended = registration is not None and registration.status is Status.SUSPENDED
        if agency.heard_ms and now_ms - agency.heard_ms > self._silent_after_ms and not suspended:
            return _Verdict(_Trouble(AlertKind.SILENT, SILENT_SAYS))
        return _WELL


async def read_alerts(log: Log) -> list[Alert]:
    """The open alerts, by subject."""
    newest = await newest_by_key(log, Partition(ALERTS, 0))
    return [decode_alert(newest[subject]) for subject in sorted(newest)]


def _alert(subject: str, verdict: _Verdict, raised: Alert | None, now_ms: int) -> Alert | None:
    if not verdict.known:
        return raised
    trouble = verdict.trouble
    if trouble is None:
        return None
    since_ms = raised.since_ms if raised and raised.kind is trouble.kind else now_ms
    return Alert(subject, trouble.kind, since_ms, trouble.says)


def _refused(name: str) -> _Trouble:
    try:
        reason = Reason(name)
    except ValueError:  # of a newer worker
        return _Trouble(AlertKind.REFUSED, OTHER_SAYS)
    return _Trouble(KINDS.get(reason, AlertKind.REFUSED), EXPLAINED[reason])
