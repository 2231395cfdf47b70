"""An honest agency's chain without bytes, and the three steps of a gate test: given, when, then.

An `Arrival` is a readable record and `Unreadable` for what the reader refused; digests and
signatures are those of a scheme for tests, whose strength is no question of the gate's.
"""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import fields, replace
from hashlib import sha256
from typing import get_type_hints

from exchange.core.admission.gate import (
    ACCEPTED,
    AgencyState,
    Arrival,
    Refused,
    Registration,
    Unreadable,
    Verdict,
    evolve,
    judge,
)
from exchange.core.admission.reasons import Reason
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.chain import heartbeat_message
from exchange.core.model.events import Body, Correctable, Correction, Heartbeat, Tally
from exchange.core.model.period import period_of
from exchange.core.model.tally_tables import TallyTable

Q1, Q2, YEAR = period_of(2026, 1), period_of(2026, 2), period_of(2026)
NEED = e.NeedIdentified(v.Service.housing)
FOOD = e.NeedIdentified(v.Service.food)
PROFILE = e.AgencyProfiled(v.AgencyType.ngo, v.ReportingMode.events)
TALLY = Tally(TallyTable.cases, (25,))
KEY = b"k" * 32
AGENCY = "north-star"


def registration(legal_class: v.LegalClass = v.LegalClass.individual, *, small_counts: bool = False) -> Registration:
    return Registration(AGENCY, legal_class, small_counts, 0, ((0, KEY),))


INDIVIDUAL = registration()
YEAR_ONLY = registration(v.LegalClass.year_only)
TOTALS = registration(v.LegalClass.tally_only)


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    return signature == sha256(key + message).digest() * 2


def digest(*parts: object) -> bytes:
    return sha256(repr(parts).encode()).digest()


class Chain:
    """An agency's side: makes records that follow one another, as an honest edge would."""

    def __init__(self, previous: bytes = bytes(32)) -> None:
        self.sequence = 0
        self.previous = previous
        self.sent: dict[int, Arrival] = {}

    def next(self, body: Body, period: int = Q1, state: str = "ca") -> Arrival:
        record = self.peek(body, period, state)
        self.accept(record)
        return record

    def accept(self, record: Arrival) -> None:
        """Continue from this record."""
        self.sequence, self.previous = record.sequence, record.digest
        self.sent[record.sequence] = record

    def peek(self, body: Body, period: int = Q1, state: str = "ca") -> Arrival:
        """The next record, without going on to it."""
        sequence = self.sequence + 1
        if isinstance(body, Heartbeat) and body.signature == bytes(64):
            message = heartbeat_message(AGENCY, sequence, self.previous, period, state, body)
            body = replace(body, signature=sha256(KEY + message).digest() * 2)
        own = digest(sequence, self.previous, period, state, body)
        return Arrival(sequence, self.previous, period, state, 0, body, own, self._restated(body))

    def correction(self, of: int) -> Correction:
        """A body that retracts one of the sent records."""
        was = self.sent[of]
        assert not isinstance(was.body, Heartbeat | Correction)
        return Correction(of, was.previous, was.period, v.UsState(was.state), was.cap, was.body)

    def _restated(self, body: Body) -> bytes:
        if not isinstance(body, Correction):
            return b""
        return digest(body.sequence, body.previous, body.period, str(body.state), body.body)


BEAT = Heartbeat(v.Scheduled.yes, v.ReportingMinutes.minutes_0_5, 0, bytes(64))


def given(chain: Chain, bodies: Iterable[Correctable], registered: Registration | None = INDIVIDUAL) -> AgencyState:
    """An agency's state after these bodies were accepted."""
    state = AgencyState(registered)
    for body in bodies:
        assert when(state, chain.next(body)) == ACCEPTED
    return state


def when(state: AgencyState, record: Arrival | Unreadable) -> Verdict:
    verdict = judge(state, record, verify)
    evolve(state, record, verdict)
    return verdict


def then_refused(state: AgencyState, record: Arrival | Unreadable, reason: Reason) -> None:
    """The record is refused for the reason, and nothing but the open refusal changes."""
    before = deepcopy(state)
    sequence = record.sequence if isinstance(record, Arrival) else before.head.sequence + 1
    assert when(state, record) == Refused(sequence, reason)
    assert state.refused == Refused(sequence, reason)
    assert replace(state, refused=before.refused) == before


def made(body: type[Correctable], otherwise: str = "", **codes: str) -> Correctable:
    """A body with these codes; the other fields have the code `otherwise`, or their first."""
    hints = get_type_hints(body)
    names = [f.name for f in fields(body)]
    return body(
        **{n: hints[n](codes.get(n, otherwise)) if codes.get(n, otherwise) else next(iter(hints[n])) for n in names}
    )
