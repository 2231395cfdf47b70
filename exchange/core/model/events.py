"""The event model: what an agency can say, and how its events follow on each other.

A body says what happened (`exchange.core.model.bodies`, all given out here too). An event is one link of its agency's chain; a
`Correction` takes one back by restating it. The order of `BODIES` is the order of the Avro union: it is only ever
appended to. `tools.derive.generate` derives `event.avsc` from these classes.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from exchange.core.model import bodies
from exchange.core.model.bodies import *  # noqa: F403 - the bodies are listed once, where they are
from exchange.core.model.bodies import CORRECTABLE, About, Correctable, Digest, Heartbeat, Sequence, Small
from exchange.core.model.vocabulary import UsState

__all__ = ["ALL_CAPS", "BODIES", "Body", "Correction", "Event"]
__all__ += bodies.__all__

ALL_CAPS: Final = 63
"""Every cap bit set, as edges of before caps sent them: the event counts in no release (`exchange.core.admission.cap_rules.Cap.UNMARKED`)."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Retracts one earlier event of the same agency by restating it in full."""

    about: ClassVar[About] = About.EXCHANGE
    sequence: Sequence
    previous: Digest
    period: int
    state: UsState
    cap: Small
    body: Correctable


Body = Correctable | Heartbeat | Correction


@dataclass(frozen=True, slots=True)
class Event:
    """One link of an agency's chain: `previous` is the SHA-256 of the agency's value bytes before it."""

    sequence: Sequence
    previous: Digest
    period: int
    state: UsState
    cap: Small
    body: Body


_FIRST: Final = 20
"""Correctable bodies of the first version; later ones stand behind the other two, so that no union branch ever moves."""
BODIES: Final[tuple[type[Body], ...]] = (*CORRECTABLE[:_FIRST], Heartbeat, Correction, *CORRECTABLE[_FIRST:])
