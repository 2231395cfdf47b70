"""Makes the pages of a picture: from a question to bytes.

Rules kept: a page shows one picture whole. Charts of a page are made before the page that has them.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Final, Protocol

import structlog

from consumers.pages.briefed_places import brief_of_place
from consumers.pages.comparing_two import can_be_compared
from consumers.pages.figures_at_hand import Figures
from consumers.pages.page_questions import PageKind, PageQuestion
from consumers.pages.parts.from_picture import PicturePoints
from consumers.pages.parts.panels import Panel
from consumers.pages.rendering import Pages, SiteSetting
from consumers.pages.sections.all_sections import PLACES_SECTION, SECTIONS, PageSection
from consumers.pages.sections.place_pages import DIVISIONS, STATES
from consumers.serve.snapshot.snapshot import Picture
from consumers.serve.views.planned import answered, noise
from consumers.serve.views.prepared import Body, body_of
from consumers.serve.views.requested import not_read_yet
from exchange.core.picture.asked.briefs import BriefText, NothingToBrief
from exchange.core.picture.comparisons.measured import Behind
from exchange.core.release.released import Released
from exchange.web.problems import Problem, ProblemKind, cut

MONTHS_HELD: Final = 4
"""As many months have figures in memory, those of the last requests."""
_BY_ADDRESS: Final = {section.address: section for section in (*SECTIONS, PLACES_SECTION)}
_logger = structlog.get_logger(__name__)


class ChartMaker(Protocol):
    """What makes the charts of a site."""

    def __call__(self, panel: Panel, epoch: int) -> str | None:
        """The chart of a panel as SVG; None: it has not been made."""

    async def prepare(self, panels: Iterable[Panel]) -> int:
        """Make the charts of these panels; how many failed."""


class PageMaker:
    """Makes pages of the picture that it was shown. `charts` None: tables only."""

    def __init__(self, setting: SiteSetting, charts: ChartMaker | None = None) -> None:
        self.pages = Pages(replace(setting, charts=charts, drawn=True) if charts else setting)
        self._charts = charts
        self._picture = Picture()
        self._behind: Behind | None = None
        self._figures: dict[int, Figures] = {}
        self._make: Mapping[PageKind, Callable[[PageQuestion, Figures], bytes]] = {
            PageKind.SECTION: self._section,
            PageKind.FIGURE: self._figure,
            PageKind.EMBED: self._figure,
            PageKind.POSSIBLE: self._possible,
            PageKind.BRIEF: self._brief,
            PageKind.BRIEF_PDF: self._brief,
            PageKind.COMPARISON: self._comparison,
        }

    def warm_up(self) -> None:
        """Make what pages need of no figure. Takes a second."""
        self.pages.prepare()
        answered()
        noise()

    def show(self, picture: Picture, released: Released | None) -> None:
        """From now on pages are of this picture. `released` None: not all releases were read."""
        if picture is self._picture and (released is None or self._behind is not None):
            return
        self._picture, self._figures = picture, {}
        self._behind = Behind(released) if released is not None else None

    def page(self, question: PageQuestion) -> Body:
        """A page, with the charts that are there. Raises Problem."""
        return body_of(self._make[question.kind](question, self._of(question.epoch)))

    async def drawn(self, question: PageQuestion) -> Body:
        """A page, after its charts were made; given up when the picture changes. Raises Problem."""
        picture = self._picture
        if self._charts is not None:
            panels = await asyncio.to_thread(lambda: list(self._panels(question)))
            failed = await self._charts.prepare(takewhile(lambda _: self._picture is picture, panels))
            if failed:
                _logger.warning("charts were left out", failed=failed)
        return await asyncio.to_thread(self.page, question)

    def _of(self, epoch: int) -> Figures:
        """The figures as of a month, read once a picture."""
        held = self._figures
        found = held.pop(epoch, None) or Figures(PicturePoints(self._picture, epoch), epoch, self._behind)
        held[epoch] = found
        while len(held) > MONTHS_HELD:
            del held[next(iter(held))]
        return found

    def _panels(self, question: PageQuestion) -> Iterator[Panel]:
        figures = self._of(question.epoch)
        if question.kind is PageKind.SECTION:
            return _panels(_BY_ADDRESS[question.name], figures, dict(question.chosen))
        return iter((_found(figures, question.name),))

    def _section(self, question: PageQuestion, figures: Figures) -> bytes:
        return self.pages.section(
            _BY_ADDRESS[question.name],
            figures,
            chosen=dict(question.chosen),
            frozen=question.frozen,
            notice=question.notice,
            coming=question.coming,
            after=None if question.frozen else self._picture.position - 1,
        )

    def _figure(self, question: PageQuestion, figures: Figures) -> bytes:
        embedded = question.kind is PageKind.EMBED
        return self.pages.alone(_found(figures, question.name), figures, embedded=embedded)

    def _possible(self, question: PageQuestion, figures: Figures) -> bytes:
        return self.pages.possible(_found(figures, question.name), figures)

    def _brief(self, question: PageQuestion, figures: Figures) -> bytes:
        if figures.behind is None:
            raise not_read_yet()
        try:
            brief = brief_of_place(figures, figures.behind, question.name)
        except NothingToBrief as error:
            raise Problem(ProblemKind.EPOCH_UNKNOWN, f"{error} Years come in January.") from None
        setting = self.pages.setting
        if setting.preface:
            brief = replace(brief, blocks=(BriefText(setting.preface), *brief.blocks))
        if question.kind is PageKind.BRIEF:
            return self.pages.brief(brief, question.name, figures)
        if setting.brief_pdf is None:
            raise Problem(ProblemKind.SUFFIX_UNKNOWN, "This site makes no PDF.")
        return setting.brief_pdf(brief)

    def _comparison(self, question: PageQuestion, figures: Figures) -> bytes:
        chosen = dict(question.chosen)
        tables = [panel for panel in panels_of_menu(figures) if can_be_compared(figures, panel)]
        name = chosen.get("figure") or (tables[0].name if tables else "")
        panel = _found(figures, name) if name else None
        return self.pages.comparison(figures, tables, panel, chosen.get("one", ""), chosen.get("other", ""))


def _found(figures: Figures, name: str) -> Panel:
    """The panel of a name. Raises Problem."""
    for panel in all_panels(figures, name):
        if panel.name == name:
            return panel
    raise Problem(ProblemKind.ADDRESS_UNKNOWN, f"There is no figure {cut(name)}. / lists them.")


def _panels(section: PageSection, figures: Figures, chosen: Mapping[str, str]) -> Iterator[Panel]:
    return (part for part in section.parts(figures, chosen) if isinstance(part, Panel))


def panels_of_menu(figures: Figures) -> Iterator[Panel]:
    """Every panel of every section of the menu."""
    for section in SECTIONS:
        if section.in_menu:
            yield from _panels(section, figures, {})


def all_panels(figures: Figures, name: str = "") -> Iterator[Panel]:
    """Every panel of every section; of places, only those that the name may be of."""
    yield from panels_of_menu(figures)
    for place in (*STATES, *DIVISIONS):
        if not name or name.startswith(f"{place}-"):
            yield from _panels(PLACES_SECTION, figures, {"place": place})
