"""The site over a service: pages prepared once for each picture, and kept as bytes.

Rules kept: a page shows one picture whole. The page of a past month is handed out for ever only
when it can never change again: its month is settled, all releases were read, and its charts are
there. Every other page says that it must be asked for again.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from consumers.pages.asked_pages import PageRequest
from consumers.pages.page_maker import PageMaker
from consumers.pages.page_questions import PageKind, PageQuestion
from consumers.pages.rendering import NO_CHART_YET, Pages, SiteSetting
from consumers.serve.service import FOR_EVER, REVALIDATE, ServedView, Service
from consumers.serve.views.prepared import Body
from consumers.serve.views.requested import epoch_shown
from exchange.web.problems import Problem, ProblemKind

STEPS_MIN: Final = (1, 5, 15, 60, 360, 1_440)
"""Minutes of silence that a page tells apart."""


class PageSource(Protocol):
    """What makes the pages of the picture that a service shows."""

    life: int
    """Another number when charts that were made are there no more."""

    @property
    def draws(self) -> bool:
        """Whether there will be charts."""

    async def warm_up(self) -> None:
        """Make what pages need of no figure."""

    async def page(self, question: PageQuestion) -> Body:
        """A page, with the charts that are there. Raises Problem."""

    async def drawn(self, question: PageQuestion) -> Body:
        """A page, after its charts were made. Raises Problem."""


class PagesHere:
    """Pages that are made by threads of this process: with tables, and without charts."""

    draws: Final = False
    life = 0

    def __init__(self, service: Service, setting: SiteSetting) -> None:
        self._service = service
        self._maker = PageMaker(setting)

    async def warm_up(self) -> None:
        """Make what pages need of no figure."""
        await asyncio.to_thread(self._maker.warm_up)

    async def page(self, question: PageQuestion) -> Body:
        """A page, with the charts that are there. Raises Problem."""
        service = self._service
        self._maker.show(service.picture, service.released if service.hearing.complete else None)
        return await asyncio.to_thread(self._maker.page, question)

    async def drawn(self, question: PageQuestion) -> Body:
        """The same: it has no charts."""
        return await self.page(question)


class Site:
    """All pages over one service. `source`: what makes them; None: threads, without charts."""

    def __init__(self, service: Service, setting: SiteSetting | None = None, source: PageSource | None = None) -> None:
        self.service = service
        self.setting = setting or SiteSetting()
        self.source: Final = source or PagesHere(service, self.setting)
        self.undrawn: dict[PageQuestion, None] = {}
        """Pages whose charts are to be drawn; the one that was asked for last comes first."""
        self._tried: dict[PageQuestion, int] = {}
        """Pages whose charts were tried since the picture changed, and in which life."""
        self.woken = asyncio.Event()
        """Something is to be done: the picture changed, or a page is undrawn."""
        self._pages = Pages(self.setting)

    def changed(self) -> None:
        """The picture is another one: what was to be drawn of the old one is asked for again."""
        self.undrawn.clear()
        self._tried.clear()
        self.woken.set()

    async def section(self, asked: PageRequest) -> ServedView:
        """A section's page. Raises Problem."""
        return await self._view(self.question(asked))

    def question(self, asked: PageRequest) -> PageQuestion:
        """The question for a section's page. Raises Problem."""
        notice = "" if asked.as_of is not None else self.notice()
        return self._question(PageKind.SECTION, asked.section.address, asked.as_of, asked.chosen, notice)

    async def figure(self, name: str, as_of: int | None, *, embedded: bool) -> ServedView:
        """One figure by its name, alone. Raises Problem."""
        return await self._view(self._question(PageKind.EMBED if embedded else PageKind.FIGURE, name, as_of))

    async def possible(self, name: str, as_of: int | None) -> ServedView:
        """Ten possible pictures of a figure. Raises Problem."""
        return await self._view(self._question(PageKind.POSSIBLE, name, as_of))

    async def brief(self, place: str, as_of: int | None, *, pdf: bool) -> ServedView:
        """The brief of a place, as a page or as a PDF. Raises Problem."""
        if pdf and self.setting.brief_pdf is None:
            raise Problem(ProblemKind.SUFFIX_UNKNOWN, "This site makes no PDF.")
        return await self._view(self._question(PageKind.BRIEF_PDF if pdf else PageKind.BRIEF, place, as_of))

    async def comparison(self, as_of: int | None, chosen: Mapping[str, str]) -> ServedView:
        """Two figures of one table, or the choice of them. Raises Problem."""
        return await self._view(self._question(PageKind.COMPARISON, "", as_of, tuple(sorted(chosen.items()))))

    def _question(
        self, kind: PageKind, name: str, as_of: int | None, chosen: tuple[tuple[str, str], ...] = (), notice: str = ""
    ) -> PageQuestion:
        epoch = epoch_shown(self.service.picture, as_of, complete=self.service.hearing.complete)
        return PageQuestion(kind, name, epoch, as_of is not None, chosen, notice)

    async def _view(self, question: PageQuestion) -> ServedView:
        service = self.service
        picture, complete = service.picture, service.hearing.complete
        asked = replace(question, coming=self.source.draws and not self.tried(question))
        body = await service.prepared.made((service.changes, complete, asked), lambda: self.source.page(asked))
        drawn = not self.source.draws or NO_CHART_YET not in body.plain
        if question.kind.has_charts and not drawn and asked.coming and picture is service.picture:
            self.to_draw(question)
        for_ever = question.frozen and complete and drawn and question.epoch in picture.settled
        return ServedView(body, FOR_EVER if for_ever else REVALIDATE)

    def to_draw(self, question: PageQuestion) -> None:
        """Have the charts of a page drawn."""
        if question not in self.undrawn:
            self.undrawn[question] = None
            self.woken.set()

    async def draw(self, question: PageQuestion) -> None:
        """Prepare a page with its charts. Raises Problem."""
        service = self.service
        changes, complete = service.changes, service.hearing.complete
        await service.prepared.made((changes, complete, question), lambda: self.source.drawn(question))
        if service.changes == changes:
            self._tried[question] = self.source.life

    def tried(self, question: PageQuestion) -> bool:
        """Whether a page has been prepared with its charts, and is there, or would have them."""
        service = self.service
        if service.prepared.get((service.changes, service.hearing.complete, question)) is not None:
            return True
        return self._tried.get(question) == self.source.life

    def problem(self, path: str, problem: Problem) -> bytes:
        """What is wrong with a request, as a page."""
        if self.service.picture.newest is None and problem.kind is not ProblemKind.ADDRESS_UNKNOWN:
            return self._pages.waiting(path, problem.detail)
        return self._pages.problem(problem)

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
