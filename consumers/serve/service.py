"""The service: the picture that is shown, bodies prepared of it, and what is known of Kafka.

Everything that answers a request takes it from here.
"""

import asyncio
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.routing import BaseRoute

from consumers.serve.chart_views import ChartDrawer, drawn
from consumers.serve.snapshot.follow import Follower, Hearing
from consumers.serve.snapshot.months import month, months
from consumers.serve.snapshot.snapshot import Picture, PointSnapshot
from consumers.serve.stream.readers_stream import Readers, StreamSource
from consumers.serve.views import metric_catalogue
from consumers.serve.views.feed import feed
from consumers.serve.views.forms import AnswerForm
from consumers.serve.views.prepared import Body, Prepared, body_of
from consumers.serve.views.requested import FigureRequest, as_epoch, epoch_shown, no_such_epoch
from consumers.serve.views.sheets import ServedSheet, figures, points, sheet_of
from exchange.core.model.epochs import epoch_text
from exchange.core.release.released import Released
from exchange.engine.log import Log
from exchange.web.problems import Problem

_ZIPPED = frozenset({"parquet", "zip"})
REVALIDATE = "no-cache"
FOR_EVER = "max-age=31536000, immutable"
"""Not `public`: with tokens, no shared cache may keep an answer."""


@dataclass(frozen=True, slots=True)
class ServedView:
    """A body, and how long it may be kept."""

    body: Body
    cache_control: str


@dataclass(slots=True)
class Service:
    """One service. `follower`: what keeps its snapshot up to date."""

    snapshot: PointSnapshot = field(default_factory=PointSnapshot)
    prepared: Prepared = field(default_factory=Prepared)
    hearing: Hearing = field(default_factory=Hearing)
    readers: Readers = field(default_factory=Readers)
    more: Sequence[BaseRoute] = ()
    """Addresses of other faces of the same service, such as its page."""
    on_change: list[Callable[[], None]] = field(default_factory=list)
    """Called when the picture is another one."""
    changes: int = 0
    following: Follower | None = None
    charts: ChartDrawer | None = None
    """Draws views; None: there is no `.svg`."""
    problem_page: Callable[[str, Problem], bytes] | None = None
    """A path and its problem as a page, for people; None: they get the document, too."""

    @property
    def picture(self) -> Picture:
        """What readers see now."""
        return self.snapshot.picture

    def follower(self, log: Log) -> Follower:
        """What follows a log for this service."""
        found = Follower(log, self.snapshot, self.changed)
        self.hearing, self.following = found.hearing, found
        return found

    @property
    def released(self) -> Released:
        """All releases that were read, with their counts: the noise behind figures."""
        return self.following.released if self.following else Released()

    def changed(self) -> None:
        """The picture is another one."""
        self.changes += 1
        self.prepared.clear()
        if not self.picture.runs:
            self.readers.ring.forget()
        self.readers.wake()
        for call in self.on_change:
            call()

    async def metric(self, asked: FigureRequest, form: AnswerForm) -> ServedView:
        """A view of a metric. Raises Problem."""
        picture, complete = self.picture, self.hearing.complete
        epoch = epoch_shown(picture, asked.as_of, complete=complete)
        for_ever = asked.as_of is not None and epoch in picture.settled
        whole = complete or asked.as_of is not None

        def make() -> Body:
            found = figures(picture, asked, epoch)
            return _written(form, sheet_of(asked, found, epoch, complete=whole), asked)

        body = await self.prepared.body((self.changes, asked, form.suffix, whole), make)
        return ServedView(body, FOR_EVER if for_ever else REVALIDATE)

    async def chart(self, asked: FigureRequest) -> ServedView:
        """A view of a metric, drawn. Raises Problem."""
        picture, complete = self.picture, self.hearing.complete
        epoch = epoch_shown(picture, asked.as_of, complete=complete)
        found = await asyncio.to_thread(lambda: list(points(picture, asked, epoch)))
        svg = await drawn(self.charts, found, asked, epoch)
        for_ever = asked.as_of is not None and epoch in picture.settled
        return ServedView(await asyncio.to_thread(body_of, svg), FOR_EVER if for_ever else REVALIDATE)

    async def catalogue(self, asked: FigureRequest, form: AnswerForm) -> ServedView:
        """The catalogue."""
        question: Hashable = ("catalogue", form.suffix, asked.excel)
        return ServedView(
            await self.prepared.body(question, lambda: _written(form, metric_catalogue.sheet(), asked)), REVALIDATE
        )

    async def epochs(self) -> ServedView:
        """The months."""
        picture = self.picture
        body = await self.prepared.body((self.changes, "epochs"), lambda: body_of(_json(months(picture))))
        return ServedView(body, REVALIDATE)

    async def epoch(self, text: str) -> ServedView:
        """One month. Raises Problem."""
        asked_for = as_epoch(text)
        picture = self.picture
        epoch = epoch_shown(picture, asked_for, complete=self.hearing.complete)
        if epoch not in picture.epochs:
            raise no_such_epoch(picture, epoch)
        body = await self.prepared.body((self.changes, "epoch", epoch), lambda: body_of(_json(month(picture, epoch))))
        return ServedView(body, FOR_EVER if epoch in picture.settled else REVALIDATE)

    async def feed(self) -> ServedView:
        """The feed of months."""
        picture = self.picture
        return ServedView(await self.prepared.body((self.changes, "feed"), lambda: body_of(feed(picture))), REVALIDATE)

    def source(self) -> StreamSource:
        """What a stream reads now."""
        return StreamSource(self.picture, self.hearing.complete)

    def headers(self) -> Mapping[str, str]:
        """What every answer says of where its figures come from."""
        newest, age = self.picture.newest, self.hearing.age_s()
        found = {
            "x-exchange-offset": str(self.picture.position),
            "x-exchange-complete": "true" if self.hearing.complete else "false",
            "x-exchange-heard-seconds-ago": "never" if age is None else str(int(age)),
        }
        return found | ({"x-exchange-as-of": epoch_text(newest)} if newest is not None else {})

    def status(self) -> dict[str, object]:
        """The same, for people and programs that ask."""
        picture, age = self.picture, self.hearing.age_s()
        return {
            "as_of": epoch_text(picture.newest) if picture.newest is not None else None,
            "offset": picture.position,
            "complete": self.hearing.complete,
            "heard_seconds_ago": None if age is None else round(age, 1),
            "kafka": self.hearing.problem or "answers",
            "epochs": len(picture.epochs),
            "figures": sum(map(len, picture.epochs.values())),
            "readers": {"now": len(self.readers.waiting), "dropped": self.readers.dropped},
            "left_out": {"unreadable": self.snapshot.unreadable, "of_unknown_metrics": self.snapshot.unknown},
        }


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _written(form: AnswerForm, view: ServedSheet, asked: FigureRequest) -> Body:
    return body_of(form.write(view, asked.excel), compressed=form.suffix in _ZIPPED)
