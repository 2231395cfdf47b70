"""Derive in Faust: the agent on `releases` decides who derives, and when.

Who: the worker to which Faust assigns partition 0 of `releases`. When: the agent hands the offset
of each record that it reads on to the derivation, which then reads the topic up to its end.

The agent hands on offsets and not records, because what Faust gives it is not enough to derive
from. It starts at the offset that was committed before, or at the end of the topic where none was.
It reads records that are not decided. It gives a record again after a restart. `Derive` therefore
reads committed records from offset 0, by itself, and looks at the topic now and then without being
called.
"""

from typing import Any, Final, cast

import faust
from mode import Service

from consumers.metrics.derive import Derive
from consumers.worker.derive_owner import DeriveOwner
from exchange.engine.log import Log
from exchange.wire.topics import RELEASES, LaneName

LOOK_S: Final = 0.5
"""How often the assignment is looked at."""


def add_derive(app: faust.App, log: Log) -> None:
    """Let the app derive."""

    def mine() -> bool:
        return any(tp.topic == RELEASES for tp in app.consumer.assignment())

    owner = DeriveOwner(lambda arrivals: Derive(log, arrivals), mine)

    async def derive(stream: Any) -> None:
        async for event in stream.events():
            owner.arrivals.hand_on(event.message.offset)

    topic = app.topic(RELEASES, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    app.agent(topic, name=LaneName.DERIVE)(derive)
    app.service(cast("Any", DeriveService(owner)))  # an instance does as well as a class


class DeriveService(Service):
    """Runs the derivation of this worker inside Faust."""

    def __init__(self, owner: DeriveOwner) -> None:
        super().__init__()
        self._owner = owner

    async def on_stop(self) -> None:
        """Stop while the loop still runs."""
        await self._owner.end()

    @Service.task
    async def _own(self) -> None:
        while not self.should_stop:
            await self._owner.look()
            await self.sleep(LOOK_S)
