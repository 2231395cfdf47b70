"""Alerts for the operator: when each begins and ends, decided from pulses and a given clock.

The watch of a worker and the commands `status` and `alerts` all decide here, from what they read in
Kafka, so an alert needs no living worker. `Watch` is pure: no I/O and no clock. Times are
milliseconds since 1970 by the watching worker's clock. Only `Pulse.at_ms` is the sender's, and it
only orders the pulses of one sender.

Rules kept:
- One alert a subject: the gravest.
- An alert ends when its cause ends, and not before there is a sign of it.
- A pulse that comes twice or late changes nothing.
- A new `Watch` goes on with the open alerts that it is given (`read_alerts`).
- A lane that need not run, such as a calendar that was switched off, is not missed.
- Where no worker lives, that is one alert, and not one a lane.

docs/OPERATIONS.md explains each kind.

Not promised: a refusal that came and went between two pulses (it is in `quarantine`). Nor agencies
that never published (`exchange status` lists them). Nor one alert topic for two watches at the same
moment: the later one may leave an alert of the earlier one until a pulse comes for its subject.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from consumers.status.log_facts import LogFacts
from consumers.status.troubles import (
    AGENCY,
    BEHIND_SAYS,
    CLOSING_SAYS,
    FAILED_SAYS,
    GROUP,
    HALTED_SAYS,
    LANE,
    LEDGER,
    NOT_SIGNED_SAYS,
    QUIET_SAYS,
    SILENT_SAYS,
    TOPIC,
    TRANSACTION,
    UNDECIDED,
    WELL,
    WORKERS,
    Trouble,
    Verdict,
    alert_of,
    refused,
    unregistered,
)
from consumers.status.worker_lives import QUIET_MS_MAX, WorkerLives
from exchange.core.admission.gate import Registration, Status
from exchange.core.admission.reasons import Reason
from exchange.engine.lanes.progress import LaneState
from exchange.wire.pulse import AgencyPulse, Alert, AlertKind, Pulse, WorkerPulse
from exchange.wire.topics import AGENCIES, SINGLE_LANES, LaneName

BEHIND_MS_MAX: Final = 10_000
"""A lane stalls that has records to read and gets nowhere for longer."""
NOT_SIGNED_MS: Final = 86_400_000
"""How long records may wait for the heartbeat that signs them."""
FORKED_MS: Final = 7 * 86_400_000
"""How long an alert stays open after the last forked record. The next good event does not end it:
the second copy of the vault is still there."""
GONE: Final = frozenset((LaneState.STOPPED, LaneState.FENCED))
"""States of a worker that does not have the lane any more."""
RELEASE_LANE: Final = LaneName.RELEASE.at(0)
HALTED: Final = frozenset(lane.at(0) for lane in SINGLE_LANES)
"""Lanes that may stop while their worker goes on."""


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
        """Whether the lane had work all the time before this pulse and got nowhere.

        Through a backlog, or with little CPU, commits may be far apart and the lane still gets on.
        """
        working_ms = pulse.at_ms - max(self.first_at, self.idle_at)
        uncommitted_ms = working_ms if pulse.commit_age_ms < 0 else min(working_ms, pulse.commit_age_ms)
        stuck_ms = uncommitted_ms if pulse.stuck_ms < 0 else min(uncommitted_ms, pulse.stuck_ms)
        return pulse.lag > 0 and stuck_ms > BEHIND_MS_MAX


@dataclass(slots=True)
class _Agency:
    """The newest facts about an agency."""

    at: tuple[int, int] = (-1, -1)
    refused: str = ""
    heard_ms: int = 0
    forked_ms: int = 0
    waiting_since_ms: int = 0

    def observe(self, pulse: AgencyPulse, at_ms: int) -> None:
        self.heard_ms = max(self.heard_ms, pulse.heard_ms)
        self.forked_ms = max(self.forked_ms, pulse.forked_ms)
        if (pulse.sequence, at_ms) > self.at:  # a chain only grows, whatever a clock says
            self.at, self.refused = (pulse.sequence, at_ms), pulse.refused
            self.waiting_since_ms = pulse.waiting_since_ms if pulse.waiting else 0

    @property
    def has_events(self) -> bool:
        return self.at[0] > 0


class Watch:
    """Watches lanes and agencies. Give it pulses by `observe`, and call `tick` every second or two.

    `alerts`: those open before this watch began. `lanes`: names of the lanes that must run, if
    known; each other lane is watched while a worker runs it. `registry`: a live view of the
    registered agencies; None: unknown. `lives`: of the workers, as far as they were read before;
    None: unknown.
    """

    def __init__(
        self,
        silent_after_ms: int,
        started_ms: int,
        alerts: Iterable[Alert] = (),
        *,
        lanes: Collection[str] = (),
        registry: Mapping[str, Registration] | None = None,
        lives: WorkerLives | None = None,
    ) -> None:
        self._silent_after_ms = silent_after_ms
        self._started_ms = started_ms
        self._registry = registry
        self._lives = lives
        self._facts = LogFacts()
        self._raised = {alert.subject: alert for alert in alerts}
        self._lanes: dict[str, dict[str, _Sender]] = {lane: {} for lane in lanes}
        self._must_run = frozenset(lanes)
        self._agencies: dict[str, _Agency] = {}

    @property
    def raised(self) -> Mapping[str, Alert]:
        """The open alerts, by subject."""
        return MappingProxyType(self._raised)

    def observe(self, pulse: Pulse | WorkerPulse, now_ms: int) -> None:
        """Take a pulse that has just come in."""
        if isinstance(pulse, WorkerPulse):
            if self._lives is not None:
                self._lives.observe(pulse, now_ms)
            return
        senders = self._lanes.setdefault(pulse.lane, {})
        senders.setdefault(pulse.worker, _Sender()).observe(pulse, now_ms)
        for agency in pulse.agencies:
            self.observe_agency(agency, pulse.at_ms)

    def observe_agency(self, agency: AgencyPulse, at_ms: int) -> None:
        """Take the newest facts about an agency, from a pulse or from the gate's own state."""
        self._agencies.setdefault(agency.agency, _Agency()).observe(agency, at_ms)

    def observe_log(self, facts: LogFacts) -> None:
        """Take what the topics show."""
        self._facts = facts

    def tick(self, now_ms: int) -> list[tuple[str, Alert | None]]:
        """The changes since the last call: (subject, its open alert).

        None for an alert that is over.
        """
        changes: list[tuple[str, Alert | None]] = []
        for subject in sorted({*self._subjects()}):
            verdict, raised = self._judge(subject, now_ms), self._raised.get(subject)
            alert = alert_of(subject, verdict, raised, now_ms)
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
        yield from (subject for subject in self._raised if subject.startswith((LANE, TOPIC, GROUP, TRANSACTION)))
        yield from self._facts.troubles
        yield TOPIC + AGENCIES
        yield WORKERS
        yield LEDGER

    def _judge(self, subject: str, now_ms: int) -> Verdict:
        if subject == WORKERS:
            return UNDECIDED if self._lives is None else self._lives.judge(now_ms, self._started_ms)
        if subject == LEDGER:
            return UNDECIDED if self._lives is None else self._lives.judge_ledger(now_ms)
        if subject.startswith((TOPIC, GROUP, TRANSACTION)):
            return self._judge_log(subject)
        if subject.startswith(LANE):
            lane = subject.removeprefix(LANE)
            if self._is_over(lane, now_ms):
                return WELL
            senders = self._lanes.get(lane)
            return UNDECIDED if senders is None else self._judge_lane(senders, now_ms)
        code = subject.removeprefix(AGENCY)
        agency = self._agencies.get(code)
        return UNDECIDED if agency is None else self._judge_agency(code, agency, now_ms)

    def _judge_log(self, subject: str) -> Verdict:
        verdict = self._facts.judge(subject)
        if subject != TOPIC + AGENCIES or verdict.trouble is not None or self._registry is None:
            return verdict
        known = self._registry
        lost = [code for code, agency in self._agencies.items() if agency.has_events and code not in known]
        return Verdict(unregistered(lost)) if lost else Verdict()

    def _is_over(self, lane: str, now_ms: int) -> bool:
        """Whether a lane need not run, and no worker runs it any more."""
        if not self._must_run or lane in self._must_run or now_ms - self._started_ms <= QUIET_MS_MAX:
            return False
        return not any(sender.living(now_ms) for sender in self._lanes.get(lane, {}).values())

    def _has_ended(self, worker: str) -> bool:
        return self._lives is not None and self._lives.ended(worker)

    def _judge_lane(self, by_worker: Mapping[str, _Sender], now_ms: int) -> Verdict:
        senders = by_worker.values()
        present = [sender for worker, sender in by_worker.items() if not self._has_ended(worker)]
        living = [(sender, pulse) for sender in present if (pulse := sender.living(now_ms))]
        states = {pulse.state for sender, pulse in living if not sender.behind(pulse)}
        if LaneState.RUNNING in states:
            refused = any(pulse.refused for _, pulse in living if pulse.lane == RELEASE_LANE)
            return Verdict(Trouble(AlertKind.REFUSED, CLOSING_SAYS)) if refused else WELL
        if failed := [pulse for _, pulse in living if pulse.state == LaneState.FAILED]:
            says = HALTED_SAYS if failed[0].lane in HALTED else FAILED_SAYS
            return Verdict(Trouble(AlertKind.FAILED, says))
        if any(sender.behind(pulse) for sender, pulse in living):
            return Verdict(Trouble(AlertKind.STALLED, BEHIND_SAYS))
        return UNDECIDED if living else self._judge_quiet(senders, now_ms)

    def _judge_quiet(self, senders: Collection[_Sender], now_ms: int) -> Verdict:
        """The verdict about a lane for which no worker sends a pulse."""
        if now_ms - max(self._started_ms, *(s.seen_ms for s in senders), 0) <= QUIET_MS_MAX:
            return UNDECIDED
        last = max(((s.seen_ms, p.at_ms, p.worker, p.state) for s in senders if (p := s.newest)), default=None)
        if last is not None and last[-1] == LaneState.FAILED:
            return Verdict(Trouble(AlertKind.FAILED, FAILED_SAYS))
        if self._lives is not None and self._lives.oldest_start_ms(now_ms) is None:
            return UNDECIDED  # no worker at all: that is an alert of its own
        return Verdict(Trouble(AlertKind.STALLED, QUIET_SAYS))

    def _judge_agency(self, code: str, agency: _Agency, now_ms: int) -> Verdict:
        if agency.refused:
            return Verdict(refused(agency.refused))
        if agency.forked_ms and now_ms - agency.forked_ms < FORKED_MS:  # the next good event does not end it
            return Verdict(refused(Reason.FORKED))
        if agency.waiting_since_ms and now_ms - agency.waiting_since_ms > NOT_SIGNED_MS:
            return Verdict(Trouble(AlertKind.NOT_SIGNED, NOT_SIGNED_SAYS))
        registration = (self._registry or {}).get(code)
        suspended = registration is not None and registration.status is Status.SUSPENDED
        if agency.heard_ms and now_ms - agency.heard_ms > self._silent_after_ms and not suspended:
            return Verdict(Trouble(AlertKind.SILENT, SILENT_SAYS))
        return WELL
