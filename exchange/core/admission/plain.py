"""Plain events, admitted many at once: the verdicts of `gate.judge` without a call for each.

A plain event is one about a client or the agency that any active agency of the class *individual*
may send, if no other code of it has a part of its periods. Its verdict depends on no other event.
It is that of its middle (period, state and cap) and of its body, each by itself: so whoever has
seen a middle in one plain event and a body in another knows that both together are plain.

Everything else is judged by itself: heartbeats, corrections, tallies, other classes, and all that
is refused. A property test holds the two ways equal.
"""

from collections.abc import Sequence
from typing import Final

from exchange.core.admission.gate import ACCEPTED, AgencyState, Arrival, Registration, Status, judge
from exchange.core.model.chain import Head
from exchange.core.model.event_layout import all_follow
from exchange.core.model.events import About
from exchange.core.model.vocabulary import LegalClass

SEQUENCE_MAX: Final = 2**63 - 1
_ANY: Final = Registration("any", LegalClass.individual, small_counts=False, partition=0, keys=())
_NOTHING_YET: Final = AgencyState(_ANY)
"""Never changed: `judge` only reads."""


def is_plain(record: Arrival) -> bool:
    """Whether an event is plain. Its sequence and previous digest do not matter."""
    if record.body.about is About.EXCHANGE:
        return False
    alone = record._replace(sequence=1)
    return judge(_NOTHING_YET, alone, _no_signature) is ACCEPTED


def _no_signature(_public_key: bytes, _signature: bytes, _message: bytes) -> bool:
    return False


def may_send_plain(registration: Registration | None) -> bool:
    """Whether an agency may send every plain event, whatever its period."""
    return (
        registration is not None
        and registration.status is Status.ACTIVE
        and registration.legal_class is LegalClass.individual
        and not (registration.first_period or registration.until_period)
    )


def extend(state: AgencyState, values: Sequence[bytes], digests: Sequence[bytes]) -> bool:
    """Move a head over accepted events that change nothing else, if each extends the chain.

    `values`: with whole heads; `digests`: of them. Returns whether they do; if not, nothing has
    changed.
    """
    head = state.head
    last = head.sequence + len(values)
    if last > SEQUENCE_MAX or not all_follow(values, digests, head.sequence, head.digest):
        return False
    state.refused = None
    state.head = Head(last, digests[-1])
    state.digests.put_all(head.sequence + 1, digests)
    return True
