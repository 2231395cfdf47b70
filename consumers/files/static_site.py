"""The whole page as static files, for a disk, an archive, or any server: all sections and figures.

Pages are those of the service, of one month. They are found by following links from the first one,
so a page that nothing leads to is not there. Links lead to the file beside, downloads to the files
of the export. What only a service can do, such as following new figures, is linked to the
publisher's service; where there is none, its words stay and lead nowhere.

Rules kept: nothing is loaded from elsewhere, and no page needs a script.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from html import escape, unescape
from posixpath import relpath
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from consumers.files.published import PublishedMonth
from consumers.files.written_files import ExportFile
from consumers.pages.briefed_places import brief_of_place
from consumers.pages.figures_at_hand import Figures, HeldPoints
from consumers.pages.page_maker import ChartMaker, all_panels
from consumers.pages.rendering import Pages, SiteSetting, no_charts
from consumers.pages.sections.all_sections import PLACES_SECTION, SECTIONS
from consumers.pages.sections.place_pages import DIVISIONS, STATES
from exchange.core.picture.asked.briefs import Brief, NothingToBrief
from exchange.core.picture.comparisons.measured import Behind
from exchange.core.release.released import Released
from exchange.web.static_files import PREFIX, static_files

FOLDER: Final = "site"
_LINK: Final = re.compile(r' (href|src)="([^"]*)"')
_DOWNLOAD: Final = re.compile(r"/v1/metrics/([a-z0-9_]+)\.[a-z.]+")
_PLACES: Final = PLACES_SECTION.address.partition("{")[0]
_FIGURES, _POSSIBLE, _BRIEF = "/figures/", "/possible/", "/brief/"
_SAYS: Final = "A page of the site; index.html is the first"
SiteTold = Callable[[str, int, int], None]
"""(what is done, how many of them, of how many: pages are found as they are made)."""


def _nobody(_: str, __: int, ___: int) -> None:
    """Tell nobody."""


def figures_of(published: PublishedMonth) -> Figures:
    """The figures of an export, as pages ask for them."""
    behind = Behind(Released().taking(published.releases))
    return Figures(HeldPoints(published.by_metric), published.epoch, behind)


async def site_files(
    published: PublishedMonth, charts: ChartMaker | None = None, told: SiteTold = _nobody
) -> list[ExportFile]:
    """Every page, and the static files. `charts` None: pages have their tables only."""
    figures = figures_of(published)
    if charts is not None:
        panels = list(all_panels(figures))
        for done, panel in enumerate(panels, 1):
            await charts.prepare([panel])
            told("figures have their charts", done, len(panels))
    pages = Pages(SiteSetting(published.publisher.address, live=False, charts=charts or no_charts))
    return [*[file async for file in _Crawl(published, figures, pages).files(told)], *_static()]


def _static() -> Iterator[ExportFile]:
    for one in static_files():
        yield ExportFile(f"{FOLDER}/static/{one.name}", one.content, one.media_type, "A part of the pages")


class _Crawl:
    """Follows links from page to page."""

    def __init__(self, published: PublishedMonth, figures: Figures, pages: Pages) -> None:
        self._published, self._figures, self._pages = published, figures, pages
        self._panels = {panel.name: panel for panel in all_panels(figures)}
        self._sections = {section.address: section for section in SECTIONS}
        self._briefs = dict(_briefs(figures))

    async def files(self, told: SiteTold) -> AsyncIterator[ExportFile]:
        """Each page once, in the order in which links lead to it. May be cancelled at each."""
        waiting, known = ["/"], {"index.html"}
        while waiting:
            told("pages are written", len(known) - len(waiting), len(known))
            await asyncio.sleep(0)
            address = waiting.pop(0)
            name = self.name_of(address) or ""
            html = self._page(address).decode()
            for link in (unescape(found[2]) for found in _LINK.finditer(html)):
                there = self.name_of(link)
                if there is not None and there not in known:
                    known.add(there)
                    waiting.append(link)
            yield ExportFile(f"{FOLDER}/{name}", self._linked(html, name).encode(), "text/html", _SAYS)

    def name_of(self, address: str) -> str | None:
        """The file of a page's address, within the site; None: it is no page."""
        parts = urlsplit(address)
        path, chosen = parts.path, _chosen(parts.query)
        place = path.removeprefix(_PLACES)
        if parts.scheme or parts.netloc or not path.startswith("/"):
            return None
        if path.startswith((_FIGURES, _POSSIBLE)):
            return f"{path[1:]}.html" if path.split("/", 2)[2] in self._panels else None
        if path.startswith(_BRIEF):
            return f"{path[1:]}.html" if path.removeprefix(_BRIEF) in self._briefs else None
        if path not in self._sections and (place == path or "/" in place):
            return None
        stem = path[1:] or "index"
        return "-".join((stem, *chosen.values())) + ".html"

    def _page(self, address: str) -> bytes:
        parts = urlsplit(address)
        path, chosen = parts.path, _chosen(parts.query)
        if path.startswith(_FIGURES):
            return self._pages.alone(self._panels[path.removeprefix(_FIGURES)], self._figures, embedded=False)
        if path.startswith(_POSSIBLE):
            return self._pages.possible(self._panels[path.removeprefix(_POSSIBLE)], self._figures)
        if path.startswith(_BRIEF):
            place = path.removeprefix(_BRIEF)
            return self._pages.brief(self._briefs[place], place, self._figures)
        if path in self._sections:
            return self._pages.section(self._sections[path], self._figures, chosen=chosen)
        return self._pages.section(PLACES_SECTION, self._figures, chosen={"place": path.removeprefix(_PLACES)})

    def _linked(self, html: str, name: str) -> str:
        """The page with its links to the files beside it."""
        here = f"{FOLDER}/{name}".rpartition("/")[0]

        def replaced(found: re.Match[str]) -> str:
            target = self._target(unescape(found[2]), here)
            return f' {found[1]}="{escape(target)}"' if target else ""

        return _LINK.sub(replaced, html)

    def _target(self, link: str, here: str) -> str:
        """Where a link leads from a folder; empty: nowhere."""
        parts = urlsplit(link)
        if parts.scheme or not parts.path.startswith("/"):
            return link
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        page = self.name_of(link)
        if page is not None:
            return relpath(f"{FOLDER}/{page}", here) + fragment
        if parts.path.startswith(PREFIX):
            return relpath(f"{FOLDER}/static/{parts.path.removeprefix(PREFIX)}", here)
        download = _DOWNLOAD.fullmatch(parts.path)
        if download and download[1] in self._published.by_metric:
            suffix = "parquet" if parts.path.endswith(".parquet") else "csv"
            return relpath(f"figures/{download[1]}.{suffix}", here)
        address = self._published.publisher.address
        return address + link if address else ""


def _briefs(figures: Figures) -> Iterator[tuple[str, Brief]]:
    """Each place that has a brief."""
    for place in (*STATES, *DIVISIONS):
        if figures.behind is not None:
            with suppress(NothingToBrief):
                yield place, brief_of_place(figures, figures.behind, place)


def _chosen(query: str) -> Mapping[str, str]:
    return {name: text for name, text in parse_qsl(query) if name != "as_of"}
