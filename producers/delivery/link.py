"""The agency's way to the exchange: append to its inbox, read its receipts, read its inbox back.

On Kafka it is `exchange.engine.kafka.edge_link.KafkaLink`; `exchange.testing` has one in memory.
Every call raises `LogUnavailable` where trying again may help; nobody knows then whether the sent
values arrived.
"""

from collections.abc import Sequence
from typing import Protocol

from exchange.wire.records import Receipt


class Link(Protocol):
    """One agency's way to the exchange and back."""

    async def connect(self) -> None:
        """Connect, or connect again.

        An earlier connection sends nothing more, but values on their way may still arrive.
        """

    async def cluster_id(self) -> str:
        """The id of the cluster that was connected to; a restored exchange is on another one."""

    async def send(self, values: Sequence[bytes]) -> None:
        """Append values to the agency's inbox, in order; returns when the exchange has them all."""

    async def latest(self) -> Receipt | None:
        """The newest receipt; None when the gate never wrote one."""

    async def receipt(self, timeout_s: float) -> Receipt | None:
        """The newest receipt after the last one returned; None if none comes within `timeout_s`."""

    async def inbox(self) -> Sequence[bytes]:
        """All values of this agency that the inbox holds now, oldest first."""

    async def close(self) -> None:
        """Close the connection in bounded time; never raises."""
