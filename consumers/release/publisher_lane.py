"""The publisher: what is recorded in `draws` becomes public in `releases`, byte for byte.

Rules kept:
- `releases` is never written in a transaction: a reader that reads uncommitted would see what was aborted. So a part may be
  written twice, after a kill or by two publishers at once: a repeat is the same bytes under the same key, with the same time.
- Only what is committed in `draws` is copied, in its order, without headers, with the last millisecond of its epoch as time:
  nothing says when it was drawn.
- At each start everything that stands in `releases` is compared with `draws`. What is no part of a draw, or another one, stops
  the publisher for good: nothing is added to a topic that does not tell the truth.

Not promised: that parts of one epoch appear at one moment; who reads tells by `since` what is missing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from itertools import groupby
from typing import Final

from consumers.release.draws_state import DrawsDamaged, DrawsFollower, Part
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
    """A record of `releases` is not what was drawn under its key. Nothing more is published."""

    hint = (
        "Find out what wrote it: `exchange topics check` shows who may. Tell those who read it; `draws` holds what is right,"
        " and no second draw is ever made."
    )


class PublisherLane(SingleLane):
    """Copies parts of draws for as long as it runs."""

    halts_on = (DrawsDamaged, PublishedDiffers)

    def __init__(self, log: Log, *, hook: Hook = no_hook) -> None:
        super().__init__(LaneName.PUBLISHER, hook=hook)
        self._log = log

    async def _work(self, resources: AsyncExitStack) -> None:
        self._enter(LaneState.STARTING)
        reader = await self._log.reader()
        resources.push_async_callback(reader.close)
        producer = await self._log.producer()
        resources.push_async_callback(producer.close)
        follower = DrawsFollower(reader)
        self._enter(LaneState.RESTORING)
        public = await self._published(follower)
        self._restored = len(public)
        self._enter(LaneState.RUNNING)
        while True:
            parts = (await follower.catch_up()).parts
            left = [part for part in parts if part.key not in public]
            self._lag = len(left)
            await self._publish(producer, left)
            public.update(part.key for part in left)
            self._lag = 0
            self._moved()
            await asyncio.sleep(WAIT_S)

    async def _published(self, follower: DrawsFollower) -> set[bytes]:
        """The keys that are public. What was public before `draws` was read to its end is in it: compare in that order."""
        reader = await self._log.reader()
        found: list[Record] = []
        try:
            async for records in read_whole(reader, TARGET):
                found += records
        finally:
            await reader.close()
        return compared(found, (await follower.catch_up()).parts)

    async def _publish(self, producer: Producer, parts: Sequence[Part]) -> None:
        for epoch, of_epoch in groupby(parts, key=lambda part: part.epoch):
            pairs = [(part.key, part.value) for part in of_epoch]
            await producer.send(TARGET, pairs, timestamp_ms=ends_ms(epoch))
            self._positions[TARGET] = self._positions.get(TARGET, 0) + len(pairs)
            self._wrote(len(pairs))


def compared(found: Iterable[Record], parts: Iterable[Part]) -> set[bytes]:
    """The keys of what is public already. Raises PublishedDiffers at the first record that is not a part, byte for byte."""
    drawn = {part.key: part for part in parts}
    public = set()
    for record in found:
        part = drawn.get(record.key or b"")
        if part is None or record.value != part.value or record.headers or record.timestamp != ends_ms(part.epoch):
            raise PublishedDiffers(f"{RELEASES}-0 offset {record.offset} is not what was drawn.")
        public.add(part.key)
    return public
