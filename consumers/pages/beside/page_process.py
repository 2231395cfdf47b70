"""Pages from a process of their own, so that answers to other readers never wait for a page.

    async with PageProcess(service, setting) as pages: ...

The process (`page_helper`) is told the picture piece by piece, and answers with bytes. A service
that makes pages in its own threads answers all else many times slower meanwhile, because Python
runs one thread at a time.

Rules kept: a reader gets a page, whatever becomes of the process. One that ended is started anew; a
page that does not come in `PATIENCE_S` is made here, with its tables. A process without a sign of
life for `SILENT_S` is killed. One that ends before its first answer is not tried again for
`AGAIN_S`.
"""

import asyncio
import sys
from contextlib import suppress
from types import TracebackType
from typing import Final, Self, cast

import structlog

from consumers.charts.charting import ChartFailed
from consumers.charts.drawings import ChartWidth, Drawing
from consumers.pages.beside.page_messages import HelperAnswer, HelperQuestion, Message, next_message, packed
from consumers.pages.beside.picture_news import PictureTold
from consumers.pages.page_questions import PageQuestion
from consumers.pages.rendering import SiteSetting
from consumers.pages.site import PagesHere
from consumers.serve.service import Service
from consumers.serve.views.prepared import Body
from consumers.standing_back import bare_environment
from exchange.engine.loop_time import loop_s

PATIENCE_S: Final = 10.0
SILENT_S: Final = 60.0
AGAIN_S: Final = 60.0
_GOODBYE_S: Final = 2.0
_COMMAND: Final = (sys.executable, "-m", "consumers.pages.beside.page_helper")
_logger = structlog.get_logger(__name__)


class HelperLost(Exception):
    """The process ended, or cannot be started."""


class _Helper:
    """One life of the process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told = PictureTold()
        self.heard_s = loop_s()
        self.answers = 0
        self.lost = False
        self.waiting: dict[int, asyncio.Future[Message]] = {}
        self._reading = asyncio.create_task(self._read())

    def wait_for(self, number: int, future: "asyncio.Future[Message]") -> None:
        """Note who waits for the answer of a number."""
        if not self.waiting:
            self.heard_s = loop_s()
        self.waiting[number] = future

    async def write(self, message: Message) -> None:
        """Raises HelperLost."""
        pipe = self.process.stdin
        assert pipe is not None
        try:
            pipe.write(packed(message))
            await pipe.drain()
        except OSError:
            raise HelperLost from None

    def ask_for_life(self, number: int) -> None:
        """Ask for a sign of life, without waiting for it: a process that hangs reads nothing."""
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(packed(HelperQuestion(number, None)))

    async def _read(self) -> None:
        assert self.process.stdout is not None
        try:
            while True:
                self._take(await next_message(self.process.stdout))
        except EOFError:
            pass
        except Exception:  # whatever it answers, no reader may wait for it
            _logger.exception("the page process answers what is no answer")
        self.lost = True
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(HelperLost())
        self.waiting.clear()

    def _take(self, answer: HelperAnswer) -> None:
        self.heard_s, self.answers = loop_s(), self.answers + 1
        future = self.waiting.pop(answer.number, None)
        if future is not None and not future.done():
            future.set_result(answer.found)

    async def ended(self, *, kindly: bool) -> None:
        """Let it end with its standard input, or kill it."""
        pipe = self.process.stdin
        if kindly and pipe is not None:
            pipe.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self.process.wait()
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()
        await self.process.wait()
        await self._reading


class PageProcess:
    """Pages and charts of a service. `setting.drawn`: whether there are charts."""

    def __init__(
        self,
        service: Service,
        setting: SiteSetting,
        *,
        command: tuple[str, ...] = _COMMAND,
        patience_s: float = PATIENCE_S,
        silent_s: float = SILENT_S,
    ) -> None:
        self.life = 0
        """How often a process was started."""
        self.draws: Final = setting.drawn
        self._service, self._setting, self._command = service, setting, command
        self._patience_s, self._silent_s = patience_s, silent_s
        self._here = PagesHere(service, setting)
        self._helper: _Helper | None = None
        self._numbers = 0
        self._not_before_s = 0.0
        self._one_at_a_time = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch(), name="watch the page process")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._watching is not None
        self._watching.cancel()
        with suppress(asyncio.CancelledError):
            await self._watching
        self._not_before_s = float("inf")
        await self._let_go(kindly=True)

    async def warm_up(self) -> None:
        """Start the process, which warms up by itself."""
        with suppress(HelperLost):
            await self._asked(None)

    async def page(self, question: PageQuestion) -> Body:
        """A page, with the charts that are there. Raises Problem."""
        try:
            async with asyncio.timeout(self._patience_s):
                return cast("Body", await self._asked(question))
        except (TimeoutError, HelperLost):
            _logger.warning("a page is made without the page process")
            return await self._here.page(question)

    async def drawn(self, question: PageQuestion) -> Body:
        """A page, after its charts were made. Raises Problem, HelperLost."""
        return cast("Body", await self._asked(question, drawn=True))

    async def svg(self, drawing: Drawing, width: ChartWidth) -> bytes:
        """A chart. Raises ChartFailed."""
        try:
            return cast("bytes", await self._asked((drawing, width)))
        except HelperLost:
            raise ChartFailed(f"{drawing.title}: the page process was lost.") from None

    async def _asked(
        self, question: PageQuestion | tuple[Drawing, ChartWidth] | None, *, drawn: bool = False
    ) -> Message:
        """The answer of the running process; if that was killed, of another one."""
        try:
            found = await self._tried(question, drawn=drawn)
        except HelperLost:
            found = await self._tried(question, drawn=drawn)
        if isinstance(found, Exception):
            raise found
        return found

    async def _tried(self, question: PageQuestion | tuple[Drawing, ChartWidth] | None, *, drawn: bool) -> Message:
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait any more
        sending = asyncio.ensure_future(self._send(question, future, drawn=drawn))
        sending.add_done_callback(lambda done: _sent(done, future))
        await asyncio.shield(sending)  # what was begun is sent whole, whoever stops waiting for it
        return await future

    async def _send(
        self,
        question: PageQuestion | tuple[Drawing, ChartWidth] | None,
        future: "asyncio.Future[Message]",
        *,
        drawn: bool,
    ) -> None:
        async with self._one_at_a_time:
            helper, service = await self._running(), self._service
            number = self._number()
            helper.wait_for(number, future)
            released = service.released if service.hearing.complete else None
            for piece in helper.told.news(service.picture, released):
                await helper.write(piece)
            await helper.write(HelperQuestion(number, question, drawn))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    async def _running(self) -> _Helper:
        """The process; a new one where it ended. Raises HelperLost."""
        if self._helper is not None and self._helper.lost:
            _logger.warning("the page process ended, and is started anew")
            await self._let_go(kindly=False)
        if self._helper is None:
            if loop_s() < self._not_before_s:
                raise HelperLost
            self._helper = await self._started()
            self.life += 1
            await self._helper.write(self._setting)
        return self._helper

    async def _started(self) -> _Helper:
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, env=bare_environment(), start_new_session=True
            )
        except OSError:
            self._not_before_s = loop_s() + AGAIN_S
            raise HelperLost from None
        return _Helper(process)

    async def _let_go(self, *, kindly: bool) -> None:
        helper, self._helper = self._helper, None
        if helper is not None:
            await helper.ended(kindly=kindly)
            if not helper.answers:
                self._not_before_s = max(self._not_before_s, loop_s() + AGAIN_S)

    async def _watch(self) -> None:
        """Kill a process that gives no sign of life while somebody waits for it."""
        while True:
            await asyncio.sleep(self._silent_s / 3)
            helper = self._helper
            if helper is None or not helper.waiting:
                continue
            silent_s = self._silent_s if helper.answers else max(self._silent_s, SILENT_S)  # it loads its modules
            if loop_s() - helper.heard_s > silent_s:
                _logger.warning("the page process hangs, and is killed")
                with suppress(ProcessLookupError):
                    helper.process.kill()
            else:
                helper.ask_for_life(self._number())


def _sent(sending: "asyncio.Future[None]", future: "asyncio.Future[Message]") -> None:
    """Where nothing was sent, nobody waits."""
    if sending.cancelled() or sending.exception() is not None:
        future.cancel()
