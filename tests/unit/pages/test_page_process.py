"""The process that makes pages: killed, hung or gone, a reader gets the page all the same."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest

from consumers.charts.charting import ChartFailed
from consumers.charts.drawings import ChartForm, ChartMark, ChartWidth, Drawing
from consumers.files.brief_files import as_pdf
from consumers.pages.asked_pages import PageRequest
from consumers.pages.beside.page_helper import NICENESS
from consumers.pages.beside.page_process import HelperLost, PageProcess
from consumers.pages.page_questions import PageKind, PageQuestion
from consumers.pages.rendering import SiteSetting
from consumers.pages.sections.all_sections import SECTIONS
from consumers.pages.site import PagesHere, Site
from exchange.core.picture.wording.statuses import FigureStatus
from exchange.web.problems import Problem, ProblemKind
from tests.kits.serve_world import JANUARY, that_has_read

SETTING = SiteSetting("https://figures.example", brief_pdf=as_pdf, preface="A pilot.")
NEEDS = PageQuestion(PageKind.SECTION, "/needs", JANUARY, frozen=False)
GONE = (sys.executable, "-c", "")


@asynccontextmanager
async def pages(**how: Any) -> AsyncIterator[PageProcess]:
    async with PageProcess(that_has_read(JANUARY), SETTING, **how) as found:
        yield found


def process_of(found: PageProcess) -> int:
    assert found._helper is not None
    return found._helper.process.pid


async def test_its_pages_have_the_bytes_of_pages_made_here_and_problems_come_through() -> None:
    async with pages(patience_s=120, silent_s=300) as found:
        here = PagesHere(found._service, SETTING)
        for kind, name in (
            (PageKind.SECTION, "/"),
            (PageKind.FIGURE, "cases"),
            (PageKind.EMBED, "cases"),
            (PageKind.POSSIBLE, "cases"),
            (PageKind.COMPARISON, ""),
        ):
            asked = PageQuestion(kind, name, JANUARY, frozen=True)
            assert await found.page(asked) == await here.page(asked), kind
        with pytest.raises(Problem, match="There is no figure nothing") as caught:
            await found.page(PageQuestion(PageKind.FIGURE, "nothing", JANUARY, frozen=True))
        assert caught.value.kind is ProblemKind.ADDRESS_UNKNOWN
        assert found.life == 1
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, process_of(found)) == min(own + NICENESS, 19)
        process = psutil.Process(process_of(found))
        assert not process.net_connections()
        assert not any("EXCHANGE" in name for name in process.environ())
        os.kill(process.pid, signal.SIGKILL)  # between two pages
        assert await found.page(NEEDS) == await here.page(NEEDS)
        assert found.life == 2
        pid = process_of(found)
        os.kill(pid, signal.SIGSTOP)  # while it makes one
        asyncio.get_running_loop().call_later(0.2, os.kill, pid, signal.SIGKILL)
        assert await found.page(NEEDS) == await here.page(NEEDS)
        assert found.life == 3
        process = psutil.Process(process_of(found))
    assert not process.is_running()


async def test_one_that_hangs_keeps_no_reader_and_is_killed_and_replaced() -> None:
    async with pages(patience_s=0.3, silent_s=5) as found:
        await found.warm_up()
        pid = process_of(found)
        os.kill(pid, signal.SIGSTOP)
        begun_s = asyncio.get_running_loop().time()
        waiting = asyncio.create_task(found._asked(NEEDS, drawn=True))
        page = await found.page(NEEDS)
        assert b"Needs" in page.plain
        assert asyncio.get_running_loop().time() - begun_s < 60
        assert (await waiting).plain == page.plain  # by the next one
        assert found.life == 2


async def test_one_that_cannot_start_is_left_alone_and_pages_are_made_here() -> None:
    async with pages(command=GONE) as found:
        page = await found.page(NEEDS)
        assert page == await PagesHere(found._service, SETTING).page(NEEDS)
        life = found.life
        with pytest.raises(ChartFailed, match="the page process was lost"):
            await found.svg(drawing(), ChartWidth.NARROW)
        with pytest.raises(HelperLost):
            await found.drawn(NEEDS)
        assert found.life == life <= 2
    async with pages(command=("/nonexistent",)) as found:
        assert (await found.page(NEEDS)).plain == page.plain
        assert found.life == 0


def drawing() -> Drawing:
    mark = ChartMark("2026", FigureStatus.SHOWN, 100, 80, 120)
    return Drawing(ChartForm.HEADLINE, "Housing", "A sentence.", "clients", (mark,))


class Slow:
    """A source whose charts take as long as a test likes."""

    draws, life = True, 0

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = asyncio.Event()

    async def warm_up(self) -> None:
        pass

    async def page(self, question: PageQuestion):
        raise AssertionError(question)

    async def drawn(self, question: PageQuestion):
        self.asked.append(question.name)
        await self.go.wait()
        raise Problem(ProblemKind.ADDRESS_UNKNOWN, "not of interest")


async def test_what_a_reader_asks_for_is_drawn_before_what_nobody_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from consumers.pages import keeping_ready

    monkeypatch.setattr(keeping_ready, "QUIET_S", 0.01)
    source, service = Slow(), that_has_read(JANUARY)
    async with keeping_ready.with_site(service, SETTING, source) as site:
        await until(lambda: source.asked == ["/"])  # the first of the menu, once it is quiet
        site.to_draw(question(site, "/barriers"))
        source.go.set()
        await until(lambda: len(source.asked) > 2)
    assert source.asked[:3] == ["/", "/barriers", "/needs"]


def question(site: Site, address: str) -> PageQuestion:
    section = next(one for one in SECTIONS if one.address == address)
    return site.question(PageRequest(section, None))


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not so():  # noqa: ASYNC110 - the source gives no event
            await asyncio.sleep(0.005)
