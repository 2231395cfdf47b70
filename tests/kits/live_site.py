"""The whole service on a socket, over a log in memory that holds the made-up nation."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from consumers.pages.beside.page_process import PageProcess
from consumers.pages.keeping_ready import with_site
from consumers.pages.rendering import SiteSetting
from consumers.serve.http_server import listening, run
from consumers.serve.service import Service
from exchange.testing.in_memory_exchange import InMemoryExchange
from tests.kits.serve_world import DRAWN, POINTS, as_records, as_released
from tests.kits.two_years import LAST, national_points, national_releases

READY_S = 90.0
NOTHING = 0
"""As the last month: nothing has been released yet."""


@dataclass
class LiveSite:
    """A running site. `address`: where it listens."""

    address: str = ""
    service: Service = field(default_factory=Service)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    exchange: InMemoryExchange = field(default_factory=InMemoryExchange)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ready: threading.Event = field(default_factory=threading.Event)

    def publish(self, first: int, last: int) -> None:
        """The releases and points of these months, as they come."""
        releases = as_released(one for one in national_releases() if first <= one.epoch <= last)
        points = as_records(one for one in national_points() if first <= one.epoch <= last)
        self.loop.call_soon_threadsafe(self._append, releases, points)

    def _append(self, releases: Iterable, points: Iterable) -> None:
        self.exchange._broker.append(DRAWN, *releases)
        self.exchange._broker.append(POINTS, *points)

    async def _serve(self, leave_to: str, *, charts: bool) -> None:
        listener = listening("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        setting = SiteSetting(self.address, leave_to=leave_to or SiteSetting().leave_to, drawn=charts)
        async with PageProcess(self.service, setting) as pages, with_site(self.service, setting, pages):
            self.ready.set()
            await run(self.service, self.exchange.log, listener, self.stop)

    def run(self, leave_to: str, *, charts: bool) -> None:
        """Serve until stopped, in a loop of its own."""
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve(leave_to, charts=charts))
        self.loop.close()


@contextmanager
def live_site(last: int = LAST, *, leave_to: str = "", charts: bool = False) -> Iterator[LiveSite]:
    """A site that has read everything up to a month."""
    site = LiveSite()
    thread = threading.Thread(target=site.run, args=(leave_to,), kwargs={"charts": charts})
    thread.start()
    try:
        assert site.ready.wait(READY_S)
        site.publish(0, last)
        pause = threading.Event()
        for _ in range(int(READY_S * 10)):
            if site.service.picture.newest == (last or None) and site.service.hearing.complete:
                break
            pause.wait(0.1)
        yield site
    finally:
        site.loop.call_soon_threadsafe(site.stop.set)
        thread.join(30)
