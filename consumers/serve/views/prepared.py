"""Bodies made once and kept: the bytes of a view in one form, with their strong ETag.

Rules kept: equal questions to equal pictures get the same bytes; a body is made by one task while
others wait for it, off the loop; memory is bounded, and what was not asked for longest goes first.
"""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

BYTES_MAX: Final = 48 << 20
GZIP_MIN: Final = 1_000
"""Smaller bodies are not worth it."""


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes, the same compressed (empty: not worth it), and the ETag of each."""

    plain: bytes
    zipped: bytes
    etag: str

    def chosen(self, *, gzipped: bool) -> tuple[bytes, str, bool]:
        """What is sent: bytes, ETag, whether they are compressed."""
        if gzipped and self.zipped:
            return self.zipped, f'{self.etag[:-1]}-gz"', True
        return self.plain, self.etag, False

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return len(self.plain) + len(self.zipped)


def body_of(plain: bytes, *, compressed: bool = False) -> Body:
    """A body and its ETag: a hash of the bytes. `compressed`: they are already."""
    zipped = b"" if compressed or len(plain) < GZIP_MIN else gzip.compress(plain, mtime=0)
    return Body(plain, zipped if len(zipped) < len(plain) else b"", f'"{sha256(plain).hexdigest()[:32]}"')


class Prepared:
    """Bodies by question."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()
        self._making: dict[Hashable, asyncio.Future[Body]] = {}
        self._bytes_max = bytes_max
        self._bytes = 0

    def get(self, question: Hashable) -> Body | None:
        """The body, if it is there."""
        found = self._bodies.get(question)
        if found is not None:
            self._bodies.move_to_end(question)
        return found

    async def body(self, question: Hashable, make: Callable[[], Body]) -> Body:
        """The body of a question, made by `make` in a thread if it is not there.

        Raises what `make` raises.
        """
        return await self.made(question, lambda: asyncio.to_thread(make))

    async def made(self, question: Hashable, make: Callable[[], Coroutine[object, object, Body]]) -> Body:
        """The same for what is made elsewhere."""
        found = self.get(question)
        if found is not None:
            return found
        making = self._making.get(question)
        if making is None:
            making = self._making[question] = asyncio.ensure_future(make())
            making.add_done_callback(lambda _: self._making.pop(question, None))
            body = await asyncio.shield(making)
            self._keep(question, body)
            return body
        return await asyncio.shield(making)

    def clear(self) -> None:
        """Forget all: the pictures that they were made of are shown no more."""
        self._bodies.clear()
        self._bytes = 0

    def _keep(self, question: Hashable, body: Body) -> None:
        self._bodies[question] = body
        self._bytes += body.size
        while self._bytes > self._bytes_max and len(self._bodies) > 1:
            _, gone = self._bodies.popitem(last=False)
            self._bytes -= gone.size
