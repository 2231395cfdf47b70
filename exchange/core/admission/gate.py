"""What the gate admits: `judge` decides, `evolve` applies; nothing else changes an agency's state.

Rules kept (DESIGN §4):
- Sequences run 1, 2, 3… and each event restates the digest of the one before.
- After a refusal the agency's records are skipped, uncounted, until one extends the head again.
- The same bytes again are a `Duplicate`. Other bytes under a used sequence are `Forked`, even while
  skipping; this is recorded once.
- The gate repeats every refusal of the edge: legal class, small counts, soundness.
- Of the marks it checks all that shows without a client's history. It refuses a bit that is none;
  a correction with other marks than its event's, or with any if that is a tally (laws 2 and 3);
  marks of a tally without small-counts consent, or after another with marks for the same table,
  period and state.
- `judge` reads, never writes, and depends on no clock: the same records give the same verdicts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from exchange.core.admission.cap_rules import MARKS, NONE, lawful
from exchange.core.admission.reasons import SMALL_COUNT_MAX, Reason
from exchange.core.admission.soundness import unsound
from exchange.core.model.chain import Digests, Head, heartbeat_message
from exchange.core.model.epochs import first_month, month_after
from exchange.core.model.events import About, Body, Correction, Event, Heartbeat, Tally
from exchange.core.model.period import is_period, quarter_of, year_period
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass

TallyKey = tuple[TallyTable, int, str]
Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, message) → whether the signature holds."""


class Status(StrEnum):
    """Whether an agency may publish."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Registration:
    """An agency's entry in the registry. `keys`: public Ed25519 keys by number, 32 bytes each.

    `follows`: an earlier code of the same agency. Only events of `first_period` and later may carry
    marks, and only of periods that are over before `until_period`: the first of the code that
    follows this one. 0: no such bound.
    """

    agency: str
    legal_class: LegalClass
    small_counts: bool
    partition: int
    keys: tuple[tuple[int, bytes], ...]
    status: Status = Status.ACTIVE
    follows: str = ""
    first_period: int = 0
    until_period: int = 0

    def may_mark(self, period: int) -> bool:
        """Whether events of a period may carry marks. A year belongs to no code that has a part."""
        begins, after = first_month(period), month_after(period)
        return (not self.first_period or begins >= first_month(self.first_period)) and (
            not self.until_period or after <= first_month(self.until_period)
        )


class Arrival(NamedTuple):
    """A readable record; a tuple, because one is made for each record.

    `digest` is of its value bytes; `restated` of the event that a `Correction` restates.
    """

    sequence: int
    previous: bytes
    period: int
    state: str
    cap: int
    body: Body
    digest: bytes
    restated: bytes = b""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is not an event, and the reason."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """The record extends the chain and goes on to `events`."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The record was accepted before, with the same bytes."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """The record comes after a refused one and does not extend the head."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The record is refused. `sequence`: its own, or head + 1 if it is unreadable."""

    sequence: int
    reason: Reason


Verdict = Accepted | Duplicate | Skipped | Refused
_NO_MARK: Final = ~int(MARKS)
ACCEPTED: Final = Accepted()
DUPLICATE: Final = Duplicate()
SKIPPED: Final = Skipped()


@dataclass(slots=True)
class AgencyState:
    """All that the gate keeps about one agency."""

    registration: Registration | None
    head: Head = field(default_factory=Head)
    digests: Digests = field(default_factory=Digests)
    tallies: dict[TallyKey, int] = field(default_factory=dict)
    """The sequence of each held tally.

    Negative: one that counted in releases was withdrawn before. 0: only that.
    """
    refused: Refused | None = None
    refused_runs: tuple[bytes, ...] = ()
    """Short digests of the heartbeats of runs that were refused, the newest last.

    Late copies of such a run are no fork (`exchange.core.admission.runs`)."""


def judge(state: AgencyState, record: Arrival | Unreadable, verify: Verify) -> Verdict:
    """Whether the record is admitted to `events`."""
    head = state.head
    if isinstance(record, Unreadable):
        return SKIPPED if state.refused else Refused(head.sequence + 1, record.reason)
    if record.sequence <= head.sequence:
        return _judge_earlier(state, record)
    if record.sequence != head.sequence + 1 or (head.sequence and record.previous != head.digest):
        if state.refused:
            return SKIPPED
        gap = record.sequence > head.sequence + 1
        return Refused(record.sequence, Reason.GAP if gap else Reason.WRONG_PREVIOUS)
    reason = _reason(state, record, verify)
    return Refused(record.sequence, reason) if reason else ACCEPTED


def _judge_earlier(state: AgencyState, record: Arrival) -> Verdict:
    digests, refused = state.digests, state.refused
    if not record.sequence:
        return SKIPPED if refused else Refused(0, Reason.OUT_OF_RANGE)
    if digests.holds(record.sequence, record.digest) or digests.is_retracted(record.sequence):
        return DUPLICATE
    if refused and refused.reason is Reason.FORKED:  # recorded once: a flood of them must not fill the log
        return SKIPPED
    return Refused(record.sequence, Reason.FORKED)


def _reason(state: AgencyState, record: Arrival, verify: Verify) -> Reason | None:
    """The reason to refuse an event although it extends the chain."""
    registration, body = state.registration, record.body
    if registration is None:
        return Reason.NOT_REGISTERED
    if registration.status is Status.SUSPENDED:
        return Reason.SUSPENDED
    if not is_period(record.period) or record.cap & _NO_MARK:
        return Reason.OUT_OF_RANGE
    if isinstance(body, Heartbeat):
        return heartbeat_reason(registration, record, body, verify)
    if isinstance(body, Correction):
        return _reason_correction(state, record, body)
    reason = _reason_class(registration, record, body)
    return _reason_tally(state, registration, record, body) if isinstance(body, Tally) and not reason else reason


def wants_consent(cap: int, tally: Tally) -> bool:
    """Whether an agency may send this tally only if its counsel has agreed to small counts.

    That is so for counts of 1–10, and for every tally in releases: if one small cell could hold
    back a whole tally, its sensitivity would have no bound.
    """
    return bool(cap) or any(0 < n <= SMALL_COUNT_MAX for n in tally.counts)


def _reason_class(registration: Registration, record: Arrival, body: Body) -> Reason | None:
    if record.cap and not registration.may_mark(record.period):
        return Reason.MARKED_ELSEWHERE
    if body.about is About.CLIENT:
        if registration.legal_class is LegalClass.individual:
            pass
        elif registration.legal_class is LegalClass.year_only:
            if quarter_of(record.period):
                return Reason.YEAR_ONLY
        else:
            return Reason.LEGAL_CLASS
    return Reason.UNSOUND if unsound(body) else None


def _reason_tally(state: AgencyState, registration: Registration, record: Arrival, body: Tally) -> Reason | None:
    if registration.legal_class is not LegalClass.tally_only:
        return Reason.TALLY_NOT_ALLOWED
    if not registration.small_counts and wants_consent(record.cap, body):
        return Reason.SMALL_COUNT
    year = year_period(record.period)
    others = [year] if quarter_of(record.period) else range(year + 1, year + 5)
    held, *around = (state.tallies.get((body.table, period, record.state)) for period in (record.period, *others))
    if held or any(around):
        return Reason.TALLY_REPEATED if held else Reason.TALLY_OVERLAPS
    counted_before = {held, *around} != {None}
    return Reason.UNSOUND if counted_before and record.cap else None


def _reason_correction(state: AgencyState, record: Arrival, body: Correction) -> Reason | None:
    if not 0 < body.sequence < record.sequence:
        return Reason.CORRECTS_UNKNOWN
    marks = NONE if isinstance(body.body, Tally) else body.cap
    if body.period != record.period or body.state != record.state or not lawful(record.cap, marks):
        return Reason.UNSOUND
    if state.digests.is_retracted(body.sequence):
        return Reason.CORRECTS_RETRACTED
    return None if state.digests.holds(body.sequence, record.restated) else Reason.CORRECTS_UNKNOWN


def heartbeat_reason(reg: Registration, record: Arrival | Event, body: Heartbeat, verify: Verify) -> Reason | None:
    """Why a heartbeat does not sign the events before it; None if it does."""
    key = dict(reg.keys).get(body.key)
    if key is None:
        return Reason.UNKNOWN_KEY
    message = heartbeat_message(reg.agency, record.sequence, record.previous, record.period, str(record.state), body)
    return None if verify(key, body.signature, message) else Reason.BAD_SIGNATURE


def evolve(state: AgencyState, record: Arrival | Unreadable, verdict: Verdict) -> None:
    """Apply a verdict of `judge` to the state that it was reached on."""
    if isinstance(verdict, Refused):
        state.refused = verdict
    if not isinstance(verdict, Accepted) or isinstance(record, Unreadable):
        return
    state.refused = None
    state.head = Head(record.sequence, record.digest)
    state.digests.put(record.sequence, record.digest)
    if record.body.about is About.EXCHANGE:
        _evolve_exchange(state, record)


def _evolve_exchange(state: AgencyState, record: Arrival) -> None:
    """What tallies and corrections change besides the head."""
    body = record.body
    if isinstance(body, Tally):
        key = (body.table, record.period, record.state)
        state.tallies[key] = -record.sequence if key in state.tallies else record.sequence
    elif isinstance(body, Correction):
        state.digests.forget(body.sequence)
        if isinstance(body.body, Tally):
            key = (body.body.table, body.period, str(body.state))
            if body.cap or state.tallies.pop(key, 0) < 0:
                state.tallies[key] = 0
