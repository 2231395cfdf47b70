"""Sections of what a command shows, each read by itself: one that fails takes nothing else away.

Rules kept:
- A section that failed is dropped whole and read anew from its beginning at the next look. Half of
  a damaged topic is no evidence.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from exchange.core.errors import ExchangeError
from exchange.engine.defects import defects_as
from exchange.engine.lag import Extent, extents
from exchange.engine.log import Log, Partition, Reader, Record
from exchange.engine.reading import read_to


class SectionUnreadable(ExchangeError):
    """A record of a topic is not what the exchange writes there."""

    hint = "Find the program that wrote it: `exchange topics rights` shows who may."


@dataclass(frozen=True, slots=True)
class UnknownSection:
    """A section that could not be read. `says`: why, and what to do."""

    section: str
    says: str


def unknown_sections(reasons: Mapping[str, object]) -> tuple[UnknownSection, ...]:
    """The sections that could not be read, by name, from the reason of each."""
    return tuple(UnknownSection(name, str(reasons[name])) for name in sorted(reasons))


class Section(Protocol):
    """One section of what is shown."""

    @property
    def name(self) -> str:
        """The name of the topic, or of what else is looked at."""

    async def look(self) -> None:
        """Read what is new. Raises named errors."""

    async def drop(self) -> None:
        """Forget everything: the next look begins anew."""

    async def close(self) -> None:
        """Let go of the clients. What was read stays."""


async def look_at_each(sections: Sequence[Section]) -> dict[str, ExchangeError]:
    """Look at all sections at once; returns the errors of those that failed."""
    failures = await asyncio.gather(*(_failure(section) for section in sections))
    return {section.name: error for section, error in zip(sections, failures, strict=True) if error is not None}


async def _failure(section: Section) -> ExchangeError | None:
    try:
        with defects_as(SectionUnreadable, section.name):
            await section.look()
    except ExchangeError as error:
        await section.drop()
        return error
    return None


class Looked:
    """A section that is one call, which replaces what the last call found."""

    def __init__(self, name: str, call: Callable[[], Awaitable[None]]) -> None:
        self.name, self._call = name, call

    async def look(self) -> None:
        """Call."""
        await self._call()

    async def drop(self) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing is open."""


class WithReader:
    """What opens a reader at its first look and closes it when it is dropped."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._reader: Reader | None = None

    async def opened(self) -> Reader:
        """The reader, opened at the first call."""
        self._reader = self._reader or await self._log.reader()
        return self._reader

    async def close(self) -> None:
        """Close the reader."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()


class FollowedTopic(WithReader):
    """A topic, read on from where the last look stopped.

    `begin`: forgets what was taken; called before the first record. `newest`: how many offsets
    before the end to begin; None: at the beginning. `check`: raises where what was read up to the
    end is damaged.
    """

    def __init__(
        self,
        log: Log,
        partitions: Collection[Partition],
        take: Callable[[Partition, Record], None],
        begin: Callable[[Mapping[Partition, Extent]], None],
        *,
        newest: int | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(log)
        self._check = check
        self.name = next(iter(partitions)).topic
        self._partitions, self._take, self._begin, self._newest = partitions, take, begin, newest
        self._assigned = False

    async def look(self) -> None:
        """Read to the end."""
        reader = await self.opened()
        found = await extents(reader, self._partitions)
        if not self._assigned:
            self._assign(reader, found)
        async for source, records in read_to(reader, {p: extent.stable for p, extent in found.items()}):
            for record in records:
                self._take(source, record)
        self._check()

    def _assign(self, reader: Reader, found: Mapping[Partition, Extent]) -> None:
        reader.assign(self._partitions)
        for partition, (begin, stable, _) in found.items():
            reader.seek(partition, begin if self._newest is None else max(begin, stable - self._newest))
        self._begin(found)
        self._assigned = True

    async def drop(self) -> None:
        """Begin anew at the next look."""
        self._assigned = False
        self._begin({})
        await self.close()
