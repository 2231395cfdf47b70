"""Keeps a site ready: the charts of a page are drawn when it is asked for, and pages are prepared.

A page is answered at once, with its tables, and has its charts when they are made. Once figures
have been quiet, every page of the menu is prepared before somebody asks, its charts first. A chart
that cannot be made is left out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from consumers.pages.asked_pages import PageRequest
from consumers.pages.page_questions import PageQuestion
from consumers.pages.rendering import SiteSetting
from consumers.pages.routes import routes
from consumers.pages.sections.all_sections import SECTIONS
from consumers.pages.site import PageSource, Site
from consumers.serve.service import Service
from exchange.web.problems import Problem

QUIET_S: Final = 5.0
"""So long no new figures may come before pages are prepared that nobody has asked for."""
_logger = structlog.get_logger(__name__)


@asynccontextmanager
async def with_site(service: Service, setting: SiteSetting, source: PageSource | None = None) -> AsyncIterator[Site]:
    """Add the site to a service, and keep it ready. `source` None: threads, tables only."""
    site = Site(service, setting, source)
    service.more, service.problem_page = routes(site), site.problem
    service.on_change.append(site.changed)
    keeping = asyncio.create_task(_keep(site), name="site")
    try:
        yield site
    finally:
        service.on_change.remove(site.changed)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(site: Site) -> None:
    await site.source.warm_up()
    if not site.source.draws:
        return  # a page of tables is made while its reader waits
    ready, menu = -1, list[PageQuestion]()
    while True:
        site.woken.clear()
        try:
            if ready != site.service.changes:
                menu.clear()
            if site.undrawn:
                await site.draw(site.undrawn.popitem()[0])
            elif menu:
                await site.draw(menu.pop())
            elif await _quiet(site, ready):
                ready = site.service.changes
                menu += _menu(site)
        except Exception:  # a page that fails says so to its reader; the others must go on
            _logger.exception("a page cannot be prepared")


async def _quiet(site: Site, ready: int) -> bool:
    """Wait until there is something to draw, or until figures that are not ready are quiet."""
    try:
        async with asyncio.timeout(QUIET_S if site.service.changes != ready else None):
            await site.woken.wait()
    except TimeoutError:
        return True
    return False


def _menu(site: Site) -> list[PageQuestion]:
    """The newest pages that are not there, the first of the menu last: it is drawn first."""
    with suppress(Problem):
        asked = [site.question(PageRequest(one, None)) for one in reversed(SECTIONS) if one.in_menu]
        return [one for one in asked if not site.tried(one)]
    return []
