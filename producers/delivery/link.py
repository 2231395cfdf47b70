"""What the edge needs of the exchange: to append to its inbox, to read its receipts, and to read its inbox back.

Kafka's is `exchange.engine.kafka.edge_link.KafkaLink`; tests run the same edge on an exchange in memory. Every call raises
`LogUnavailable` where trying again may help; whether what was sent has arrived is unknown then.
"""

from collections.abc import Sequence
from typing import Protocol

from exchange.wire.records import Receipt


class Link(Protocol):
    """One agency's way to the exchange and back."""

    async def connect(self) -> None:
        """Connect, or connect again: an earlier connection sends nothing more, but what left this machine may still arrive."""

    async def send(self, values: Sequence[bytes]) -> None:
        """Append values to the agency's inbox, in order; returns when the exchange has them all."""

    async def latest(self) -> Receipt | None:
        """The newest receipt there is now; None when the gate never wrote one."""

    async def receipt(self, timeout_s: float) -> Receipt | None:
        """The newest receipt that came since the last one returned; None when none comes within `timeout_s`."""

    async def inbox(self) -> Sequence[bytes]:
        """Everything that the inbox holds of this agency now, oldest first."""

    async def close(self) -> None:
        """Let go of everything, in bounded time; never raises."""
