"""Events of the stream, encoded once for all readers: bytes over the runs of the snapshot.

Two kinds of channels:
- all figures: one event `epoch` for each run, which says what came;
- up to `METRICS_MAX` metrics, with dimensions: one event `points` for each metric and run.

Rules kept: the id of an event is the offset of its last point in `metrics`; an event follows from
the snapshot and its channel alone, so whoever resumes gets the bytes that whoever stayed got. (A
point that was overwritten since comes once, in the later run.) Newly encoded events stay in memory
within `BYTES_MAX`; older ones are encoded again from the snapshot.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from consumers.serve.snapshot.snapshot import Picture, PointRun
from consumers.serve.views.requested import FigureRequest
from consumers.serve.views.sheets import as_plain, figure
from consumers.sheets.figure_columns import ShownFigure
from exchange.core.model.epochs import epoch_text

METRICS_MAX: Final = 20
BYTES_MAX: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Channel:
    """What a reader follows. No request: all figures, as events `epoch`."""

    requests: tuple[FigureRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """An event as it is sent, and its id."""

    id: int
    frame: bytes


Encoded = tuple[StreamEvent, ...]


class Ring:
    """Encoded events by run and channel."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._encoded: OrderedDict[tuple[PointRun, Channel], Encoded] = OrderedDict()
        self._encoding: dict[tuple[PointRun, Channel], asyncio.Future[Encoded]] = {}
        self._bytes_max = bytes_max
        self._bytes = 0

    async def events(self, picture: Picture, run: PointRun, channel: Channel) -> Encoded:
        """The events of a run, in the order of their ids; made off the loop, once."""
        key = (run, channel)
        if key in self._encoded:
            self._encoded.move_to_end(key)
            return self._encoded[key]
        encoding = self._encoding.get(key)
        if encoding is None:
            encoding = asyncio.ensure_future(asyncio.to_thread(encoded, picture, run, channel))
            self._encoding[key] = encoding
            encoding.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(encoding)

    def forget(self) -> None:
        """The snapshot was thrown away."""
        self._encoded.clear()
        self._bytes = 0

    def _keep(self, key: tuple[PointRun, Channel], done: "asyncio.Future[Encoded]") -> None:
        self._encoding.pop(key, None)
        if done.cancelled() or done.exception():
            return
        self._encoded[key] = done.result()
        self._bytes += _size(done.result())
        while self._bytes > self._bytes_max and len(self._encoded) > 1:
            _, gone = self._encoded.popitem(last=False)
            self._bytes -= _size(gone)


def _size(events: Encoded) -> int:
    return sum(len(event.frame) for event in events)


def encoded(picture: Picture, run: PointRun, channel: Channel) -> Encoded:
    """The events of a run for a channel."""
    if not channel.requests:
        return (_epoch_event(picture, run),)
    found = (_points_event(picture, run, request) for request in channel.requests)
    return tuple(sorted((event for event in found if event is not None), key=lambda event: event.id))


def _epoch_event(picture: Picture, run: PointRun) -> StreamEvent:
    held = picture.epochs[run.epoch]
    digest, count, metrics = sha256(), 0, 0
    for metric in held.parts:
        came = [one for _, one in _came(picture, run, metric)]
        metrics, count = metrics + bool(came), count + len(came)
        digest.update(_json([metric, [as_plain(one) for one in came]]))
    about = {"epoch": epoch_text(run.epoch), "points": count, "metrics": metrics, "etag": digest.hexdigest()[:32]}
    return _event("epoch", run.last, about)


def _points_event(picture: Picture, run: PointRun, request: FigureRequest) -> StreamEvent | None:
    came = list(_came(picture, run, request.metric))
    wanted = [one for _, one in came if request.takes(one.dimensions.items(), one.period)]
    if not wanted:
        return None
    points = [{"metric": request.metric, **as_plain(one)} for one in wanted]
    return _event("points", max(offset for offset, _ in came), points)


def _came(picture: Picture, run: PointRun, metric: str) -> Iterator[tuple[int, ShownFigure]]:
    """The figures of a metric that came in a run, each with its offset."""
    for row in picture.epochs[run.epoch].rows(metric):
        if run.first <= row.offset <= run.last:
            yield row.offset, figure(row, run.epoch, picture.names)


def _event(kind: str, number: int, data: object) -> StreamEvent:
    return StreamEvent(number, b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), _json(data)))


def _json(data: object) -> bytes:
    """On one line: JSON writes line ends as escapes."""
    return json.dumps(data, separators=(",", ":")).encode()
