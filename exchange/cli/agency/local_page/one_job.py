"""One piece of work at a time, beside the page that shows how far it is.

    job.begin("preview", work)      work(shown) -> JobOutcome, in a thread of its own
    job.stop()                      lets a run commit what it has read, and end

Rules kept: an error that has a name becomes its sentence; any other shows its type alone, and its
place at the terminal, never its text. A question waits for a person; at the lock and at the end the
answer is no. `shown` is what the command line's progress is (`RunShown`).
"""

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from exchange.cli.shared.help import extra_missing
from exchange.core.errors import ExchangeError
from producers.delivery.unconfirmed import Unconfirmed
from producers.delivery.waiting import Wait

STOP_S: Final = 20.0
T = TypeVar("T")


class AnotherJobRuns(ExchangeError):
    """Something is being done already."""

    hint = "Wait until it has ended, or stop it."


class JobEnded(ExchangeError):
    """Stopped. Everything that was read is kept in the vault."""

    hint = "Begin again to continue."


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What a piece of work came to: a template, and what it shows. `error`: a sentence, if any."""

    template: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(slots=True)
class JobProgress:
    """How far the work is, and what it asks. Has the methods of `RunShown`."""

    line: str = ""
    done: int = 0
    total: int = 0
    asked: Unconfirmed | None = None
    stopped: bool = False
    unattended: bool = False
    """The pages are locked: nobody can answer."""
    _answer: bool = False
    _answered: threading.Event = field(default_factory=threading.Event)
    _cancel: Callable[[], object] | None = None

    def say(self, words: str) -> None:
        """A sentence for a person."""
        self.line = words

    def rows(self, rows: int) -> None:
        """So many rows were read. Raises JobEnded when a person stopped it."""
        self._count("reading", rows, 0)
        if self.stopped:
            raise JobEnded

    def reading(self, rows: int, of: int | None = None) -> None:
        """So many rows were read."""
        self._count("reading", rows, self.total if of is None else of)

    def read(self) -> None:
        """All rows were read."""
        self.done = self.total

    def sending(self, accepted: int, of: int) -> None:
        """So many events were accepted."""
        self._count("accepted by the exchange", accepted, of)

    def waiting(self, wait: Wait) -> None:
        """The run waits."""
        self.line = str(wait)

    def ask(self, question: Unconfirmed) -> bool:
        """What a person answers; no, if nobody is there, or the work is stopped meanwhile."""
        self._answered.clear()
        if self.stopped or self.unattended:
            return False
        self.asked = question
        self._answered.wait()
        self.asked = None
        return self._answer

    def answer(self, *, yes: bool) -> None:
        """Answer the question."""
        self._answer, self.asked = yes, None
        self._answered.set()

    def leave_unattended(self) -> None:
        """Answer with no, now and whatever is asked later."""
        self.unattended = True
        self.answer(yes=False)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run this in a loop of the thread, until it ends or is stopped. Raises JobEnded."""

        async def stoppable() -> T:
            task = asyncio.ensure_future(work)
            loop = asyncio.get_running_loop()
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
            if self.stopped:
                task.cancel()
            return await task

        try:
            return asyncio.run(stoppable())
        except asyncio.CancelledError:
            raise JobEnded from None
        finally:
            self._cancel = None

    def stop(self) -> None:
        """End the work at its next step; what it asks is answered with no."""
        self.stopped = True
        self.answer(yes=False)
        if self._cancel is not None:
            self._cancel()

    def _count(self, line: str, done: int, total: int) -> None:
        self.line, self.done, self.total = line, done, total


class OneJob:
    """The work that runs, or the last one that ended. `kind`: whose page it is."""

    def __init__(self) -> None:
        self.kind = ""
        self.progress = JobProgress()
        self._thread: threading.Thread | None = None
        self._outcomes: dict[str, JobOutcome] = {}

    @property
    def runs(self) -> bool:
        """Whether something is being done."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, kind: str, work: Callable[[JobProgress], JobOutcome], after: Callable[[], None]) -> None:
        """Begin. `after`: called at its end, in its thread. Raises AnotherJobRuns."""
        if self.runs:
            raise AnotherJobRuns
        self.kind, self.progress = kind, JobProgress()
        self._outcomes.pop(kind, None)
        self._thread = threading.Thread(target=self._do, args=(kind, work, self.progress, after), daemon=True)
        self._thread.start()

    def outcome(self, kind: str) -> JobOutcome | None:
        """What the last work of this kind came to; None before, and while it runs."""
        return None if self.runs and self.kind == kind else self._outcomes.get(kind)

    def forget(self) -> None:
        """Forget what work came to, but for a run that is still going on."""
        self._outcomes.clear()

    def stop(self) -> None:
        """Stop the work, if any; returns at once."""
        if self.runs:
            self.progress.stop()

    def wait(self, at_most_s: float = STOP_S) -> bool:
        """Wait for its end; whether it came."""
        if self._thread is not None:
            self._thread.join(at_most_s)
        return not self.runs

    def _do(
        self, kind: str, work: Callable[[JobProgress], JobOutcome], progress: JobProgress, after: Callable[[], None]
    ) -> None:
        try:
            self._outcomes[kind] = work(progress)
        except ExchangeError as error:
            self._outcomes[kind] = JobOutcome(error=str(error))
        except Exception as error:  # noqa: BLE001 - its place, never its text
            self._outcomes[kind] = JobOutcome(error=_unnamed(error))
        finally:
            after()


def _unnamed(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and (message := extra_missing(error)):
        return message
    sys.stderr.write("".join(traceback.format_tb(error.__traceback__)))
    return f"Internal error ({type(error).__name__}). Please report what the terminal shows: it holds no record."
