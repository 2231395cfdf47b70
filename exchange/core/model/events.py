"""The event model: the facts that an agency can record, and how its events follow on each other.

A body records a fact (`exchange.core.model.bodies`, whose names this module gives out too). An
event is one link of its agency's chain; a `Correction` retracts an earlier event by restating it.
The order of `BODIES` is the order of the Avro union: only ever append. `tools.derive.generate`
derives the schema of events from these classes.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from exchange.core.model import bodies
from exchange.core.model.bodies import *  # noqa: F403 - the bodies are listed once, where they are
from exchange.core.model.bodies import CORRECTABLE, Correctable, Heartbeat
from exchange.core.model.body_fields import About, Counts, Digest, Number, Sequence, Signature, Small
from exchange.core.model.vocabulary import UsState

__all__ = ["ALL_CAPS", "BODIES", "Body", "Correction", "Event"]
__all__ += ["About", "Counts", "Digest", "Number", "Sequence", "Signature", "Small"]
__all__ += bodies.__all__

ALL_CAPS: Final = 31
"""Every mark of `exchange.core.admission.cap_rules` set."""


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
    """One link of an agency's chain.

    `previous`: the SHA-256 of the agency's value bytes before it.
    """

    sequence: Sequence
    previous: Digest
    period: int
    state: UsState
    cap: Small
    body: Body


_FIRST: Final = 20
"""Correctable bodies of the first version. Later ones follow the other two."""
BODIES: Final[tuple[type[Body], ...]] = (*CORRECTABLE[:_FIRST], Heartbeat, Correction, *CORRECTABLE[_FIRST:])
