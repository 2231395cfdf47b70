"""Charts for whoever serves or exports them: made by one helper process, and kept as bytes.

    async with Charts() as charts:
        await charts.prepare(wanted)          # when an epoch has come
        svg = charts.ready(drawing, width)    # None: not made; the page stands with its table
        svg = await charts.svg(drawing, width)

vl-convert costs 150 MB and a second for its first chart, has crashed when used at the same time,
and cannot be limited from within. So it runs in a process of its own, one chart at a time, which is
started anew every 500 charts, and whenever it was killed or held on for too long.

Rules kept: equal drawings have equal bytes, and are drawn once. A drawing that failed twice is not
tried again, so one bad figure cannot keep the helper busy. What is kept has a limit.
"""

import asyncio
import json
import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import Final, Self

import structlog

from consumers.charts.drawings import ChartWidth, Drawing
from consumers.standing_back import bare_environment
from exchange.core.errors import ExchangeError

CHARTS_A_LIFE: Final = 500
DEADLINE_S: Final = 60.0
"""For one chart, whose helper stands back behind all others; its first waits for its start too."""
KEPT_BYTES: Final = 16 << 20
"""More than all charts of a month have."""
TRIES: Final = 2
_LINE_BYTES: Final = 8 << 20
_GOODBYE_S: Final = 2.0
_COMMAND: Final = (sys.executable, "-m", "consumers.charts.helper")
_logger = structlog.get_logger(__name__)

Wanted = tuple[Drawing, ChartWidth]
Mark = bytes
"""A digest of a drawing and its width. It is kept in place of their many numbers."""


class ChartFailed(ExchangeError):
    """A chart could not be drawn."""

    hint = "The table beside it has the same figures. The worker's log names the reason."


class Charts:
    """The charts of one process. `command`: what starts a helper."""

    def __init__(
        self,
        *,
        command: tuple[str, ...] = _COMMAND,
        deadline_s: float = DEADLINE_S,
        life: int = CHARTS_A_LIFE,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self.starts = 0
        """How often a helper was started."""
        self._command, self._deadline_s, self._life, self._kept_bytes = command, deadline_s, life, kept_bytes
        self._made: OrderedDict[Mark, bytes] = OrderedDict()
        self._bytes = 0
        self._failed: dict[Mark, int] = {}
        self._one_at_a_time = asyncio.Lock()
        self._helper: asyncio.subprocess.Process | None = None
        self._drawn = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    def ready(self, drawing: Drawing, width: ChartWidth) -> bytes | None:
        """The chart if it has been made."""
        return self._kept(_mark_of((drawing, width)))

    def _kept(self, mark: Mark) -> bytes | None:
        found = self._made.get(mark)
        if found is not None:
            self._made.move_to_end(mark)
        return found

    async def svg(self, drawing: Drawing, width: ChartWidth) -> bytes:
        """The chart, made now unless it was made before. Raises ChartFailed."""
        wanted = (drawing, width)
        mark = await asyncio.to_thread(_mark_of, wanted)
        async with self._one_at_a_time:
            found = self._kept(mark)
            return found if found is not None else await self._new(wanted, mark)

    async def prepare(self, wanted: Iterable[Wanted]) -> int:
        """Make charts; how many of them failed."""
        failed = 0
        for drawing, width in wanted:
            try:
                await self.svg(drawing, width)
            except ChartFailed:
                failed += 1
        return failed

    async def _new(self, wanted: Wanted, mark: Mark) -> bytes:
        title = wanted[0].title
        if self._failed.get(mark, 0) >= TRIES:
            raise ChartFailed(f"{title}: it failed {TRIES} times.")
        request = await asyncio.to_thread(_request, wanted)
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._answer(request)
        except (TimeoutError, OSError, ValueError, EOFError) as error:
            await self._kill()
            raise self._failure(title, mark, type(error).__name__) from None
        except asyncio.CancelledError:  # its answer would be taken for the next one's
            await self._kill()
            raise
        if "svg" not in answer:
            raise self._failure(title, mark, answer.get("error", "no answer"))
        svg = answer["svg"].encode()
        self._keep(mark, svg)
        return svg

    def _failure(self, title: str, mark: Mark, reason: str) -> ChartFailed:
        self._failed[mark] = self._failed.get(mark, 0) + 1
        _logger.warning("chart failed", title=title, reason=reason)
        return ChartFailed(f"{title}: {reason}.")

    def _keep(self, mark: Mark, svg: bytes) -> None:
        self._made[mark] = svg
        self._bytes += len(svg)
        while self._bytes > self._kept_bytes and len(self._made) > 1:
            self._bytes -= len(self._made.popitem(last=False)[1])

    async def _answer(self, request: bytes) -> Mapping[str, str]:
        """The answer of the running helper; if that was killed, of another one."""
        try:
            return await self._asked(request)
        except (OSError, EOFError):
            if not self._drawn:  # it ended with its first chart, and so would the next
                raise
            await self._kill()
            return await self._asked(request)

    async def _asked(self, request: bytes) -> Mapping[str, str]:
        """The helper's answer. Raises EOFError if it ended, ValueError for what is no answer."""
        helper = await self._started()
        assert helper.stdin is not None
        assert helper.stdout is not None
        helper.stdin.write(request + b"\n")
        await helper.stdin.drain()
        line = await helper.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        self._drawn += 1
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError("an answer is an object")  # noqa: TRY004 - as for what is no JSON
        return answer

    async def _started(self) -> asyncio.subprocess.Process:
        """A helper that has charts left to draw; another one after so many."""
        if self._helper is not None and (self._drawn >= self._life or self._helper.returncode is not None):
            await self._end()
        if self._helper is None:
            pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
            self._helper = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=pipe,
                stdout=pipe,
                stderr=nothing,
                limit=_LINE_BYTES,
                env=bare_environment(),
                start_new_session=True,
            )
            self.starts, self._drawn = self.starts + 1, 0
        return self._helper

    async def _end(self) -> None:
        """Let the helper go: it ends with its standard input."""
        helper = self._helper
        if helper is not None and helper.stdin is not None:
            helper.stdin.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await helper.wait()
        await self._kill()

    async def _kill(self) -> None:
        helper, self._helper = self._helper, None
        if helper is not None:
            if helper.returncode is None:
                with suppress(ProcessLookupError):
                    helper.kill()
            await helper.wait()


def _mark_of(wanted: Wanted) -> Mark:
    """Equal drawings have equal texts."""
    return sha256(repr(wanted).encode()).digest()


def _request(wanted: Wanted) -> bytes:
    drawing, width = wanted
    return json.dumps({"drawing": drawing.as_plain(), "width": width.value}, sort_keys=True).encode()
