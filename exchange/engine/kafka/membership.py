"""One member of the consumer group over `events`, by aiokafka.

The group assigns partitions. This member reads none of them: they are paused at once, and no offset
is ever committed. It is still polled, because a member that is never polled is evicted while
`assignment()` still lists its partitions. At every rebalance all partitions are revoked (the eager
protocol), and the group waits for that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka import ConsumerRebalanceListener, TopicPartition

from exchange.engine.errors import LogUnavailable
from exchange.engine.kafka.clients import member_consumer
from exchange.engine.kafka.errors import naming

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiokafka import AIOKafkaConsumer

    from exchange.engine.kafka.clients import ClientSettings
    from exchange.engine.lanes.ownership import Owner

LEAVE_S_MAX = 2.0


class KafkaMembership:
    """Membership of `group`, whose members share the partitions of `topic`."""

    def __init__(self, settings: ClientSettings, group: str, topic: str) -> None:
        self._settings = settings
        self._group = group
        self._topic = topic
        self._consumer: AIOKafkaConsumer | None = None
        self._lingering: set[asyncio.Task[None]] = set()

    async def join(self, owner: Owner) -> None:
        """Join, after leaving if necessary: in both cases the group makes a new generation."""
        await self.leave()
        consumer = self._consumer = member_consumer(self._settings, self._group)
        consumer.subscribe([self._topic], listener=_Listener(self, consumer, owner))
        with naming(f"joining group {self._group}"):
            await consumer.start()

    def is_current(self, consumer: AIOKafkaConsumer) -> bool:
        """Whether this is the member's current consumer, not one that is closing."""
        return consumer is self._consumer

    async def poll(self, timeout_s: float) -> None:
        """Stay a member for this long."""
        if self._consumer is None:
            raise LogUnavailable(f"Not a member of group {self._group}.")
        with naming(f"staying in group {self._group}"):
            await self._consumer.getmany(timeout_ms=int(timeout_s * 1000))

    async def leave(self) -> None:
        """Leave. If the broker is gone, the session timeout ends the membership."""
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        task = asyncio.ensure_future(consumer.stop())
        self._lingering.add(task)
        task.add_done_callback(self._lingering.discard)
        await asyncio.wait({task}, timeout=LEAVE_S_MAX)
        if not task.done():
            task.cancel()
        elif not task.cancelled():
            task.exception()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # untyped base class of aiokafka
    """Tells the owner. aiokafka waits for both calls, and only logs what they raise."""

    def __init__(self, membership: KafkaMembership, consumer: AIOKafkaConsumer, owner: Owner) -> None:
        self._membership = membership
        self._consumer = consumer
        self._owner = owner

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Stop everything: the group waits."""
        del revoked
        if self._membership.is_current(self._consumer):
            await self._owner.revoked()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Read none of them, own all of them."""
        if not self._membership.is_current(self._consumer):
            return
        self._consumer.pause(*assigned)
        await self._owner.assigned([partition.partition for partition in assigned])
