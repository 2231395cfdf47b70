"""Keeps a site ready: when figures change, its charts are made and its pages are prepared again.

Pages are answered meanwhile, with their tables. A chart that cannot be made is left out.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Protocol

import structlog

from consumers.pages.asked_pages import PageRequest
from consumers.pages.figures import Figures
from consumers.pages.panels import Panel
from consumers.pages.rendering import SiteSetting
from consumers.pages.routes import routes
from consumers.pages.sections.all_sections import SECTIONS
from consumers.pages.site import Site, panels_of_menu
from consumers.serve.planned import answered, noise
from consumers.serve.service import Service
from exchange.web.problems import Problem

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
    service.more = routes(site)
    service.on_change.append(site.woken.set)
    keeping = asyncio.create_task(_keep(site, charts), name="site")
    try:
        yield site
    finally:
        service.on_change.remove(site.woken.set)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(site: Site, charts: ChartMaker | None) -> None:
    await asyncio.to_thread(lambda: (answered(), noise()))
    ready = -1
    while True:
        site.woken.clear()
        try:
            if site.service.changes != ready:
                ready = site.service.changes
                site.tried.clear()
                await _ready(site, charts)
            await _draw_past(site, charts)
        except Exception:  # a page that fails says so to its reader; the others must go on
            _logger.exception("a page cannot be prepared")
        await site.woken.wait()


async def _ready(site: Site, charts: ChartMaker | None) -> None:
    """The newest pages: with tables at once, and with charts when they are made."""
    figures = site.newest()
    if figures is None:
        return
    await _prepared(site)
    if charts is not None:
        await _draw(site, charts, figures)
        await _prepared(site)


async def _draw_past(site: Site, charts: ChartMaker | None) -> None:
    """The charts of past months that were asked for."""
    for epoch in sorted(site.undrawn, reverse=True):
        if charts is not None and epoch in site.service.picture.epochs:
            await _draw(site, charts, site.figures_of(epoch))
        site.undrawn.discard(epoch)
        site.tried.add(epoch)


async def _draw(site: Site, charts: ChartMaker, figures: Figures) -> None:
    panels = await asyncio.to_thread(lambda: list(panels_of_menu(figures)))
    failed = await charts.prepare(panels)
    if failed:
        _logger.warning("charts were left out", failed=failed)
    site.service.prepared.clear()


async def _prepared(site: Site) -> None:
    for section in SECTIONS:
        if section.in_menu:
            with suppress(Problem):
                await site.section(PageRequest(section, None))
