"""The publisher: copies each drawn release from `draws` to `releases`, byte for byte.

Rules kept:
- `releases` is never written in a transaction: a reader that reads uncommitted records would see
  aborted ones. So a part may be written twice, after a kill or by two publishers at once. A repeat
  has the same bytes, key and time.
- Only committed parts of `draws` are copied, in their order, without headers. Their time is the
  last millisecond of their epoch, so that it does not show when they were drawn.
- Nothing becomes public before the witness of this host has seen it (`witness_file`).
- At each start everything in `releases` is compared with `draws`. A record that was not drawn stops
  the publisher for good: nothing is added to a topic that holds false figures.

Not promised: that all parts of an epoch appear at one moment. Readers see by `since` which parts
are missing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from itertools import groupby
from typing import Final

from consumers.release.draws_state import DrawsDamaged, DrawsFollower, DrawsState, Part
from consumers.release.witness_file import WITNESS_REFUSES, WitnessFiles
from consumers.release.witnessed import witnessed_draws
from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import ends_ms
from exchange.engine.lanes.progress import Hook, LaneState, no_hook
from exchange.engine.lanes.supervised import SingleLane
from exchange.engine.log import Log, Partition, Producer, Record
from exchange.engine.reading import read_whole
from exchange.wire.topics import RELEASES, LaneName

TARGET: Final = Partition(RELEASES, 0)
WAIT_S: Final = 0.5


class PublishedDiffers(ExchangeError):
    """A record of `releases` differs from the draw under its key. Nothing more is published."""

    hint = (
        "Find out who wrote it: `exchange topics rights` shows who may. Tell the readers of `releases`. `draws` holds the"
        " right figures, and no second draw is ever made."
    )


class PublisherLane(SingleLane):
    """Copies parts of draws while it runs."""

    halts_on = (DrawsDamaged, PublishedDiffers, *WITNESS_REFUSES)

    def __init__(self, log: Log, witness: WitnessFiles, *, hook: Hook = no_hook) -> None:
        super().__init__(LaneName.PUBLISHER, hook=hook)
        self._log, self._witness = log, witness

    async def _work(self, resources: AsyncExitStack) -> None:
        self._enter(LaneState.STARTING)
        reader = await self._log.reader()
        resources.push_async_callback(reader.close)
        producer = await self._log.producer()
        resources.push_async_callback(producer.close)
        follower = DrawsFollower(reader, waits=self._moved)
        self._enter(LaneState.RESTORING)
        public = await self._published(follower)
        self._restored = len(public)
        self._enter(LaneState.RUNNING)
        while True:
            drawn = await self._witnessed(follower)
            left = [part for part in drawn.parts if part.key not in public]
            self._lag = len(left)
            await self._publish(producer, left)
            public.update(part.key for part in left)
            self._lag = 0
            self._moved()
            await asyncio.sleep(WAIT_S)

    async def _published(self, follower: DrawsFollower) -> set[bytes]:
        """The keys that are public.

        `releases` is read first: `draws`, read after it, then holds all its records.
        """
        reader = await self._log.reader()
        found: list[Record] = []
        try:
            async for records in read_whole(reader, TARGET, waits=self._moved):
                found += records
                self._moved()
        finally:
            await reader.close()
        return compared(found, (await self._witnessed(follower)).parts)

    async def _witnessed(self, follower: DrawsFollower) -> DrawsState:
        """Everything drawn, once the witness has it: nothing becomes public before."""
        return await witnessed_draws(follower, self._log, self._witness.sees)

    async def _publish(self, producer: Producer, parts: Sequence[Part]) -> None:
        for epoch, of_epoch in groupby(parts, key=lambda part: part.epoch):
            pairs = [(part.key, part.value) for part in of_epoch]
            await producer.send(TARGET, pairs, timestamp_ms=ends_ms(epoch))
            self._positions[TARGET] = self._positions.get(TARGET, 0) + len(pairs)
            self._wrote(len(pairs))


def compared(found: Iterable[Record], parts: Iterable[Part]) -> set[bytes]:
    """The keys of published releases.

    Raises PublishedDiffers at the first that is not a drawn part, byte for byte.
    """
    drawn = {part.key: part for part in parts}
    public = set()
    for record in found:
        part = drawn.get(record.key or b"")
        if part is None or record.value != part.value or record.headers or record.timestamp != ends_ms(part.epoch):
            raise PublishedDiffers(f"{RELEASES}-0 offset {record.offset} was not drawn.")
        public.add(part.key)
    return public
