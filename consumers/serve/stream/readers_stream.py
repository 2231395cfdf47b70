"""Server-sent events: each reader at its own place behind one ring of encoded events.

Rules kept:
- What is wrong with a request is a problem before the first byte.
- No event is skipped. A reader that takes nothing for `SEND_S` seconds is dropped and counted; it
  resumes with `Last-Event-ID`, as does one whose connection broke.
- A place that this snapshot cannot have (of another cluster) ends the stream, never in silence.
- When the service ends, so does each stream, at once.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from consumers.serve.snapshot.snapshot import Picture
from consumers.serve.stream.frames import METRICS_MAX, Channel, Ring
from consumers.serve.views.requested import Pairs, asked
from exchange.web.problems import Problem, ProblemKind

MEDIA_TYPE: Final = "text/event-stream"
PING_S: Final = 15.0
SEND_S: Final = 10.0
RETRY_MS: Final = 3_000
READERS_MAX: Final = 4_000
PIECE: Final = 1 << 16
"""Bytes of one sending: each has `SEND_S` seconds."""
_ID: Final = re.compile(r"[0-9]{1,18}")
_EVERYTHING: Final = "-1"
_OWN: Final = frozenset({"metric", "after"})
_HEADERS: Final[Mapping[str, str]] = {
    "content-type": MEDIA_TYPE,
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    "access-control-allow-origin": "*",
}


@dataclass(slots=True)
class Readers:
    """All readers of the stream: who is to be woken, and how many were dropped."""

    ring: Ring = field(default_factory=Ring)
    waiting: set[asyncio.Event] = field(default_factory=set)
    dropped: int = 0
    closing: bool = False

    def wake(self) -> None:
        """Something came."""
        for event in self.waiting:
            event.set()

    def close(self) -> None:
        """End all streams."""
        self.closing = True
        self.wake()


@dataclass(frozen=True, slots=True)
class StreamSource:
    """What a stream reads: the picture of now, and whether everything was read."""

    picture: Picture
    complete: bool


StreamSourceNow = Callable[[], StreamSource]


def channel_of(query: Pairs) -> Channel:
    """What is followed. Raises Problem."""
    metrics = list(dict.fromkeys(name for key, text in query if key == "metric" for name in text.split(",")))
    rest = [(name, text) for name, text in query if name not in _OWN]
    if not metrics:
        if rest:
            raise Problem(ProblemKind.DIMENSION_UNKNOWN, "Without ?metric= there are no dimensions.", near=["metric"])
        return Channel()
    if len(metrics) > METRICS_MAX:
        raise Problem(ProblemKind.TOO_MUCH_ASKED, f"Follow at most {METRICS_MAX} metrics, or all without ?metric=.")
    for name, _ in rest:
        if name in ("as_of", "start", "limit", "excel"):
            raise Problem(ProblemKind.DIMENSION_UNKNOWN, f"A stream has no {name}.")
    return Channel(tuple(asked(metric, rest) for metric in metrics))


def place_of(request: Request, query: Pairs, source: StreamSource) -> int:
    """The id behind which a reader begins: its own, else the newest. Raises Problem."""
    given = request.headers.getlist("last-event-id") or [text for name, text in query if name == "after"]
    newest = source.picture.position - 1
    if not given:
        return newest
    if given == [_EVERYTHING]:
        return -1
    if len(given) > 1 or not _ID.fullmatch(given[0]):
        raise Problem(
            ProblemKind.EVENT_ID_INVALID, "It must be the id of an event of this stream; -1 asks for all events."
        )
    if int(given[0]) > newest and source.complete:
        raise Problem(ProblemKind.EVENT_ID_INVALID, f"There is no such event yet; the newest has the id {newest}.")
    return int(given[0])


class EventStream(Response):
    """One reader's stream."""

    def __init__(self, readers: Readers, now: StreamSourceNow, channel: Channel, place: int) -> None:
        if len(readers.waiting) >= READERS_MAX:
            raise Problem(ProblemKind.TOO_MANY_READERS, "Try again in a minute.", headers={"retry-after": "60"})
        super().__init__(None, 200, dict(_HEADERS))
        del self.headers["content-length"]
        self._readers, self._now, self._channel, self._place = readers, now, channel, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the reader goes, does not take what is sent, or the service ends."""
        del scope
        woken, readers = asyncio.Event(), self._readers
        readers.waiting.add(woken)
        leaving = asyncio.ensure_future(_left(receive))
        leaving.add_done_callback(lambda _: woken.set())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _send(send, b"retry: %d\n\n" % RETRY_MS)
            while not leaving.done() and not readers.closing and not self._lost():
                woken.clear()
                if not await self._send_new(send) and not await _woken(woken):
                    await _send(send, b": ping\n\n")
            if not leaving.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            readers.dropped += 1
        finally:
            readers.waiting.discard(woken)
            leaving.cancel()

    def _lost(self) -> bool:
        """Whether the place is one that the topic does not have."""
        source = self._now()
        return source.complete and self._place >= source.picture.position

    async def _send_new(self, send: Send) -> bool:
        """Send the events of the next run behind the place; whether there was one."""
        picture = self._now().picture
        run = next(picture.runs_behind(self._place), None)
        if run is None:
            return False
        for event in await self._readers.ring.events(picture, run, self._channel):
            if event.id > self._place:
                for piece in _pieces(event.frame):
                    await _send(send, piece)
                self._place = event.id
        self._place = max(self._place, run.last)
        return True


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _woken(event: asyncio.Event) -> bool:
    """Whether it was woken before a ping is due."""
    try:
        async with asyncio.timeout(PING_S):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _pieces(frame: bytes) -> Iterator[bytes]:
    yield from (frame[at : at + PIECE] for at in range(0, len(frame), PIECE))


async def _send(send: Send, octets: bytes) -> None:
    async with asyncio.timeout(SEND_S):
        await send({"type": "http.response.body", "body": octets, "more_body": True})
