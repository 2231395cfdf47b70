"""The site over a service: pages prepared once for each picture, and kept as bytes.

Rules kept: a page shows one picture whole. The page of a past month is handed out for ever only
when it can never change again: its month is settled, all releases were read, and its charts are
there. Every other page says that it must be asked for again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from consumers.pages.asked_pages import PageRequest
from consumers.pages.briefed_places import brief_of_place
from consumers.pages.comparing_two import can_be_compared
from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.from_picture import PicturePoints
from consumers.pages.parts.panels import Panel
from consumers.pages.rendering import NO_CHART_YET, Pages, SiteSetting
from consumers.pages.sections.all_sections import PLACES_SECTION, SECTIONS, PageSection
from consumers.pages.sections.place_pages import DIVISIONS, STATES
from consumers.serve.service import FOR_EVER, REVALIDATE, ServedView, Service
from consumers.serve.snapshot.snapshot import Picture
from consumers.serve.views.prepared import Body, body_of
from consumers.serve.views.requested import epoch_shown, not_read_yet
from exchange.core.picture.asked.briefs import BriefText, NothingToBrief
from exchange.core.picture.comparisons.measured import Behind
from exchange.web.problems import Problem, ProblemKind, cut

MONTHS_HELD = 4
"""As many months have figures in memory, those of the last requests."""
STEPS_MIN = (1, 5, 15, 60, 360, 1_440)
"""Minutes of silence that a page tells apart."""


@dataclass(slots=True)
class HeldFigures:
    """Figures that were read from a picture; kept until the picture changes."""

    picture: Picture
    figures: dict[int, Figures]


PageMaker = Callable[[Figures, bool], bytes]
"""(figures, whether missing charts are coming) → a page."""
PanelFinder = Callable[[Figures], Iterable[Panel]]
"""The figures that stand on a page."""
Question = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class UndrawnPage:
    """A page that was asked for, and has charts that were not made yet. `again`: asks once more."""

    epoch: int
    panels: PanelFinder
    again: Callable[[], Awaitable[object]]


class Site:
    """All pages over one service."""

    def __init__(self, service: Service, setting: SiteSetting | None = None) -> None:
        self.service = service
        self.pages = Pages(setting)
        self.undrawn: dict[Question, UndrawnPage] = {}
        """Pages whose charts are to be drawn; the one that was asked for last comes first."""
        self.tried: set[Question] = set()
        """Pages whose charts were tried since the picture changed."""
        self.woken = asyncio.Event()
        """Something is to be done: the picture changed, or a page is undrawn."""
        self._held = HeldFigures(service.picture, {})

    def changed(self) -> None:
        """The picture is another one: what was to be drawn of the old one is asked for again."""
        self.undrawn.clear()
        self.tried.clear()
        self.woken.set()

    async def section(self, asked: PageRequest) -> ServedView:
        """A section's page. Raises Problem."""
        frozen, notice = asked.as_of is not None, self.notice()
        newest_event = self.service.picture.position - 1

        def made(figures: Figures, coming: bool) -> bytes:
            told = "" if frozen else notice
            after = None if frozen else newest_event
            return self.pages.section(
                asked.section, figures, chosen=asked.choice, frozen=frozen, notice=told, coming=coming, after=after
            )

        def panels(figures: Figures) -> Iterator[Panel]:
            return _panels(asked.section, figures, asked.choice)

        question = ("section", asked.section.address, asked.chosen, notice)
        return await self._view(question, asked.as_of, made, panels)

    async def figure(self, name: str, as_of: int | None, *, embedded: bool) -> ServedView:
        """One figure by its name, alone. Raises Problem."""

        def made(figures: Figures, _: bool) -> bytes:
            return self.pages.alone(_found(figures, name), figures, embedded=embedded)

        return await self._view(("figure", name, embedded), as_of, made, lambda figures: [_found(figures, name)])

    async def possible(self, name: str, as_of: int | None) -> ServedView:
        """Ten possible pictures of a figure. Raises Problem."""

        def made(figures: Figures, _: bool) -> bytes:
            return self.pages.possible(_found(figures, name), figures)

        return await self._view(("possible", name), as_of, made)

    async def brief(self, place: str, as_of: int | None, *, pdf: bool) -> ServedView:
        """The brief of a place, as a page or as a PDF. Raises Problem."""
        as_pdf = self.pages.setting.brief_pdf if pdf else None
        if pdf and as_pdf is None:
            raise Problem(ProblemKind.SUFFIX_UNKNOWN, "This site makes no PDF.")

        def made(figures: Figures, _: bool) -> bytes:
            if figures.behind is None:
                raise not_read_yet()
            try:
                brief = brief_of_place(figures, figures.behind, place)
            except NothingToBrief as error:
                raise Problem(ProblemKind.EPOCH_UNKNOWN, f"{error} Years come in January.") from None
            if self.pages.setting.preface:
                brief = replace(brief, blocks=(BriefText(self.pages.setting.preface), *brief.blocks))
            return as_pdf(brief) if as_pdf else self.pages.brief(brief, place, figures)

        return await self._view(("brief", place, pdf), as_of, made)

    async def comparison(self, as_of: int | None, chosen: Mapping[str, str]) -> ServedView:
        """Two figures of one table, or the choice of them. Raises Problem."""

        def made(figures: Figures, _: bool) -> bytes:
            tables = [panel for panel in panels_of_menu(figures) if can_be_compared(figures, panel)]
            name = chosen.get("figure") or (tables[0].name if tables else "")
            panel = _found(figures, name) if name else None
            return self.pages.comparison(figures, tables, panel, chosen.get("one", ""), chosen.get("other", ""))

        return await self._view(("compare", *sorted(chosen.items())), as_of, made)

    async def _view(
        self, question: Question, as_of: int | None, made: PageMaker, panels: PanelFinder | None = None
    ) -> ServedView:
        service = self.service
        picture, complete = service.picture, service.hearing.complete
        epoch = epoch_shown(picture, as_of, complete=complete)
        figures = self._figures(picture, epoch)
        page = (epoch, as_of is None, *question)
        coming = self.pages.setting.drawn and page not in self.tried

        def make() -> Body:
            return body_of(made(figures, coming))

        body = await service.prepared.body((service.changes, complete, coming, *page), make)
        drawn = not self.pages.setting.drawn or NO_CHART_YET not in body.plain
        if panels is not None and not drawn and coming and page not in self.undrawn and picture is service.picture:
            self.undrawn[page] = UndrawnPage(epoch, panels, lambda: self._view(question, as_of, made, panels))
            self.woken.set()
        for_ever = as_of is not None and complete and drawn and epoch in picture.settled
        return ServedView(body, FOR_EVER if for_ever else REVALIDATE)

    def newest(self) -> Figures | None:
        """The newest figures; None: nothing was read."""
        newest = self.service.picture.newest
        return None if newest is None else self.figures_of(newest)

    def figures_of(self, epoch: int) -> Figures:
        """The figures as of a month that was read."""
        return self._figures(self.service.picture, epoch)

    def _figures(self, picture: Picture, epoch: int) -> Figures:
        """The figures of a month, read once a picture."""
        if self._held.picture is not picture:
            self._held = HeldFigures(picture, {})
        complete = self.service.hearing.complete
        held = self._held.figures
        found = held.pop(epoch, None)
        if found is None or (complete and found.behind is None):
            behind = Behind(self.service.released) if complete else None
            found = Figures(PicturePoints(picture, epoch), epoch, behind)
        held[epoch] = found
        while len(held) > MONTHS_HELD:
            del held[next(iter(held))]
        return found

    def problem(self, path: str, problem: Problem) -> bytes:
        """What is wrong with a request, as a page."""
        if self.service.picture.newest is None and problem.kind is not ProblemKind.ADDRESS_UNKNOWN:
            return self.pages.waiting(path, problem.detail)
        return self.pages.problem(problem)

    def notice(self) -> str:
        """What readers must know of how old the figures may be; empty: nothing."""
        hearing = self.service.hearing
        if hearing.heard_s is None:
            return "The figures are being read. Some may be missing for a moment."
        minutes = (hearing.age_s() or 0.0) / 60
        passed = [one for one in STEPS_MIN if minutes >= one]
        if hearing.problem and passed:
            return (
                f"The exchange has not answered for more than {passed[-1]} minutes. The figures below stand; newer ones may be "
                "missing."
            )
        return "" if hearing.complete else "The newest figures are being read. Some may be missing for a moment."


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
