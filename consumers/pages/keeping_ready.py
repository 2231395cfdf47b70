"""Keeps a site ready: the charts of a page are drawn when it is asked for, and pages are prepared.

A page is answered at once, with its tables, and has its charts when they are made. Once figures
have been quiet, every page of the menu is prepared before somebody asks. A chart that cannot be
made is left out.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import takewhile
from typing import Final, Protocol

import structlog

from consumers.pages.asked_pages import PageRequest
from consumers.pages.parts.panels import Panel
from consumers.pages.rendering import SiteSetting
from consumers.pages.routes import routes
from consumers.pages.sections.all_sections import SECTIONS
from consumers.pages.site import Question, Site, UndrawnPage
from consumers.serve.service import Service
from consumers.serve.views.planned import answered, noise
from exchange.web.problems import Problem

QUIET_S: Final = 5.0
"""So long no new figures may come before pages are prepared that nobody has asked for."""
_logger = structlog.get_logger(__name__)


class ChartMaker(Protocol):
    """What makes the charts of a site."""

    def __call__(self, panel: Panel, epoch: int) -> str | None:
        """The chart of a panel as SVG; None: it has not been made."""

    async def prepare(self, panels: Iterable[Panel]) -> int:
        """Make the charts of these panels; how many failed."""


@asynccontextmanager
async def with_site(service: Service, setting: SiteSetting, charts: ChartMaker | None = None) -> AsyncIterator[Site]:
    """Add the site to a service, and keep it ready. `charts` None: tables only."""
    site = Site(service, replace(setting, charts=charts, drawn=True) if charts else setting)
    service.more, service.problem_page = routes(site), site.problem
    service.on_change.append(site.changed)
    keeping = asyncio.create_task(_keep(site, charts), name="site")
    try:
        yield site
    finally:
        service.on_change.remove(site.changed)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(site: Site, charts: ChartMaker | None) -> None:
    await asyncio.to_thread(_warm_up, site)
    if charts is None:
        return  # a page of tables is made while its reader waits
    ready = -1
    while True:
        site.woken.clear()
        try:
            if site.undrawn:
                await _draw(site, charts, *site.undrawn.popitem())
            elif await _quiet(site, ready):
                ready = site.service.changes
                await _prepared(site)
        except Exception:  # a page that fails says so to its reader; the others must go on
            _logger.exception("a page cannot be prepared")


def _warm_up(site: Site) -> None:
    """Make what pages need of no figure."""
    answered()
    noise()
    site.pages.prepare()


async def _quiet(site: Site, ready: int) -> bool:
    """Wait until there is something to draw, or until figures that are not ready are quiet."""
    try:
        async with asyncio.timeout(QUIET_S if site.service.changes != ready else None):
            await site.woken.wait()
    except TimeoutError:
        return True
    return False


async def _draw(site: Site, charts: ChartMaker, page: Question, wanted: UndrawnPage) -> None:
    """The charts of a page, and the page again; given up when the picture changes."""
    changes = site.service.changes
    figures = site.figures_of(wanted.epoch)
    panels = await asyncio.to_thread(lambda: list(wanted.panels(figures)))
    failed = await charts.prepare(takewhile(lambda _: site.service.changes == changes, panels))
    if failed:
        _logger.warning("charts were left out", failed=failed)
    if site.service.changes == changes:
        site.tried.add(page)
        await wanted.again()


async def _prepared(site: Site) -> None:
    """The newest pages, the first of the menu last: what was asked for last is drawn first."""
    for section in reversed(SECTIONS):
        if section.in_menu:
            with suppress(Problem):
                await site.section(PageRequest(section, None))
