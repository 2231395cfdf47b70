"""The process that makes pages: `python -m consumers.pages.beside.page_helper`.

Reads messages (`page_messages`) from standard input, writes answers to standard output, and ends
with standard input. It has a picture of its own, which it is told piece by piece, and starts the
process that draws charts.

Rules kept: it opens no connection and gets no setting but the site's. It stands back behind the
service. Questions are answered in their order; while charts of one page are drawn, others are
answered.
"""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Final

import structlog

from consumers.charts.charting import Charts
from consumers.pages.beside.page_messages import HelperAnswer, HelperQuestion, Message, next_message, packed
from consumers.pages.beside.picture_news import PictureMirror
from consumers.pages.charted_pages import SiteCharts
from consumers.pages.page_maker import PageMaker
from consumers.pages.page_questions import PageQuestion
from consumers.serve.snapshot.memory import give_back, leave_pandas_out
from consumers.standing_back import stand_back
from exchange.core.errors import ExchangeError
from exchange.engine.gc_tuning import relax_collector
from exchange.logs import set_up_logs
from exchange.web.problems import Problem

NICENESS: Final = 2
"""Less of the processor than a service that wants all of it; its charts get far less."""
IDLE_S: Final = 10.0
_logger = structlog.get_logger(__name__)


class PageFailed(Exception):
    """A page failed by a defect, which is in the log."""


class _Helper:
    def __init__(self, maker: PageMaker, charts: Charts | None, answers: int) -> None:
        self._maker, self._charts, self._answers = maker, charts, answers
        self._mirror = PictureMirror()
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self, messages: asyncio.StreamReader) -> None:
        """Take message after message, until there are no more."""
        while True:
            coming = asyncio.ensure_future(next_message(messages))
            if not (await asyncio.wait({coming}, timeout=IDLE_S))[0]:
                give_back()
            await self._take(await coming)

    async def _take(self, message: Message) -> None:
        if not isinstance(message, HelperQuestion):
            if self._mirror.take(message):
                self._maker.show(self._mirror.picture, self._mirror.released)
        elif message.drawn or not isinstance(message.question, PageQuestion):
            task = asyncio.create_task(self._answer(message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        else:
            await self._answer(message)

    async def _answer(self, asked: HelperQuestion) -> None:
        try:
            found = await self._found(asked)
        except (Problem, ExchangeError) as error:
            self._write(HelperAnswer(asked.number, error))
        except Exception as error:  # others are to be answered
            _logger.exception("a page failed")
            self._write(HelperAnswer(asked.number, PageFailed(type(error).__name__)))
        else:
            self._write(HelperAnswer(asked.number, found))

    async def _found(self, asked: HelperQuestion) -> Message:
        match asked.question:
            case PageQuestion() as question:
                return await self._maker.drawn(question) if asked.drawn else self._maker.page(question)
            case (drawing, width):
                assert self._charts is not None
                return await self._charts.svg(drawing, width)
            case _:
                return None

    def _write(self, answer: HelperAnswer) -> None:
        octets = memoryview(packed(answer))
        while octets:
            octets = octets[os.write(self._answers, octets) :]


async def _messages() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _main(answers: int) -> None:
    messages = await _messages()
    setting = await next_message(messages)
    async with Charts() as charts:
        maker = PageMaker(setting, SiteCharts(charts) if setting.drawn else None)
        warming = asyncio.create_task(asyncio.to_thread(maker.warm_up))
        try:
            await _Helper(maker, charts, answers).serve(messages)
        finally:
            await warming


def main() -> None:
    """Answer until standard input ends."""
    stand_back(NICENESS)
    relax_collector()
    leave_pandas_out()
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not come between the answers
    set_up_logs("warning")
    with suppress(EOFError, BrokenPipeError):
        asyncio.run(_main(answers))


if __name__ == "__main__":
    main()
