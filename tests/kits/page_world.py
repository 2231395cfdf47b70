"""Pages of the made-up nation (`tests.kits.two_years`), and their HTML taken apart."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

from consumers.pages.figures_at_hand import Figures, HeldPoints
from consumers.pages.parts.panels import Panel
from consumers.pages.rendering import Pages, SiteSetting
from consumers.pages.sections.all_sections import PLACES_SECTION, SECTIONS, PageSection
from exchange.core.metrics.figures import MetricPoint
from exchange.core.picture.comparisons.measured import Behind
from exchange.core.release.released import Released
from tests.kits.two_years import BEFORE, LAST, national_points, national_releases

__all__ = ["BEFORE", "LAST", "MENU", "PLACES", "Page", "every_page", "figures", "page", "panels"]

MENU = tuple(one for one in SECTIONS if one.in_menu)
PLACES = ("ca", "wy", "new_england", "territory")


@cache
def _by_metric() -> dict[str, list[MetricPoint]]:
    found = defaultdict(list)
    for one in national_points():
        found[one.metric].append(one)
    return found


@cache
def _behind() -> Behind:
    return Behind(Released().taking(national_releases()))


@cache
def figures(as_of: int = LAST) -> Figures:
    """The figures as of a month; before the first one there are none."""
    held = {metric: [one for one in some if one.epoch <= as_of] for metric, some in _by_metric().items()}
    return Figures(HeldPoints(held), as_of, _behind())


@cache
def page(address: str, place: str = "", as_of: int = LAST) -> str:
    """A section's page as text."""
    section = next(one for one in SECTIONS if one.address == address)
    chosen = {"place": place} if place else {}
    return Pages(SiteSetting()).section(section, figures(as_of), chosen=chosen).decode()


def every_page(as_of: int = LAST) -> Iterator[tuple[str, str]]:
    """(address, text) of every section, and of some places."""
    for section in MENU:
        yield section.address, page(section.address, as_of=as_of)
    for place in PLACES:
        yield f"/places/{place}", page(PLACES_SECTION.address, place, as_of)


def panels(as_of: int = LAST) -> Iterator[tuple[PageSection, Panel]]:
    """Every figure with the section that shows it; of places, those of some."""
    for section in MENU:
        yield from ((section, part) for part in section.parts(figures(as_of), {}) if isinstance(part, Panel))
    for place in PLACES:
        found = PLACES_SECTION.parts(figures(as_of), {"place": place})
        yield from ((PLACES_SECTION, part) for part in found if isinstance(part, Panel))


class Page(HTMLParser):
    """A page taken apart: cells of tables, links, ids, headings, and text by element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag in ("td", "th", "h1", "h2", "h3"):
            self._open.append((tag, []))

    def handle_data(self, data: str) -> None:
        for _, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            _, texts = self._open.pop()
            text = "".join(texts).strip()
            if tag in ("td", "th"):
                self.cells.append(text)
            else:
                self.headings.append((int(tag[1]), text))
