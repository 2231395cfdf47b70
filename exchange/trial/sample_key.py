"""The signing key of a sample agency, made from its code: repeatable, and protects nothing.

Sample agencies write their chains without an edge. A gate admits only what a heartbeat signs, so
they sign like one.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange.core.model.chain import heartbeat_message
from exchange.core.model.events import Heartbeat
from exchange.core.model.period import FIRST
from exchange.core.model.vocabulary import OnTime, ReportingMinutes, Scheduled, UsState

KEY_NUMBER: Final = 1
"""The number under which it is registered: the first that an operator's command gives."""


class SampleKey:
    """Signs the heartbeats of one sample agency. `public`: the 32 bytes to register."""

    def __init__(self, agency: str) -> None:
        self._agency = agency
        self._key = Ed25519PrivateKey.from_private_bytes(sha256(agency.encode("ascii")).digest())
        self.public = self._key.public_key().public_bytes_raw()

    def heartbeat(self, sequence: int, previous: bytes, period: int = FIRST, state: UsState = UsState.al) -> Heartbeat:
        """The heartbeat at this place of the chain; it signs all events before it."""
        unsigned = Heartbeat(Scheduled.yes, ReportingMinutes.minutes_0_5, KEY_NUMBER, bytes(64), OnTime.yes)
        message = heartbeat_message(self._agency, sequence, previous, period, str(state), unsigned)
        return replace(unsigned, signature=self._key.sign(message))
