"""Ends this process when it does not end, start or go on by itself, whatever its loop does.

A worker that must end, ends: its partitions wait for it, and whatever runs it starts it again only
then. A thread keeps three limits, and ends the process at once when one of them is over:

- the loop stands still for `still_s_max`;
- the start takes longer than `start_s_max`;
- the end takes longer than `end_s_max`. The end begins with the first signal or the first failure,
  and lasts until the process is gone, clean-up of the interpreter included.

The first SIGINT or SIGTERM asks the loop to end; the second ends the process at once. The thread
hears of signals by itself (`signal.set_wakeup_fd`), so a loop that is blocked does not hide them.

Rules kept: the last line of the log names the reason, the part that was under way and the tasks
that were left. The process ends even if nobody reads its log. The thread counts its own looks and
not the clock, because a process that was stopped and thawed has not hung. Nothing is lost: an open
transaction times out by itself, and the next owner continues from the last commit.

Not promised: an end while foreign code holds the interpreter's lock, when no thread can run.
"""

import asyncio
import contextlib
import faulthandler
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from consumers.worker.end_reason import reason_of
from exchange.core.exit_status import ExitStatus

LOOK_S: Final = 0.25
TURN_S: Final = 0.5
STILL_S_SHOWN: Final = 1.0
LAST_WORDS_S_MAX: Final = 1.0
TASKS_NAMED_MAX: Final = 8
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WatchdogLimits:
    """Seconds after which the process is ended."""

    still_s_max: float = 12.0
    """Of a loop that does not turn."""
    start_s_max: float = 120.0
    """From the start of the process to a worker that runs: some seconds, more on a starved core."""
    end_s_max: float = 8.0
    """From the first signal or failure to the end. Container engines kill after ten by default."""


class Watchdog:
    """Start it in the main thread, once in a process. It is never stopped."""

    def __init__(self, limits: WatchdogLimits | None = None) -> None:
        self._limits = limits or WatchdogLimits()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turned = threading.Event()
        self._still = self._starting = self._ending = 0
        self._started = False
        self._reason = ""
        self._part = "start"
        self._asked = False
        self._ask: Callable[[], None] | None = None
        self._heard, self._rung = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Take over SIGINT and SIGTERM, and begin to watch."""
        os.set_blocking(self._rung, False)
        signal.set_wakeup_fd(self._rung, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, _heard_by_the_thread)
        self._thread.start()

    def watch_loop(self, ask_to_end: Callable[[], None]) -> None:
        """Watch the running loop. `ask_to_end` is called in it at the first signal."""
        self._loop = asyncio.get_running_loop()
        self._ask = ask_to_end
        self._turn(self._loop)
        if self._asked:
            ask_to_end()

    def enters(self, part: str) -> None:
        """Note what the process does from now on, for the last line."""
        self._part = part

    def started(self) -> None:
        """Note that the worker runs."""
        self._started = True
        self._part = "work"

    def must_end(self, reason: str | BaseException) -> None:
        """The process must end from now on. Only the first reason counts.

        An error without a name of ours gives its type only: its text may hold a value.
        """
        self._reason = self._reason or (reason if isinstance(reason, str) else reason_of(reason))

    # In the loop

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turned.set()
        loop.call_later(TURN_S, self._turn, loop)

    # In the thread

    def _watch(self) -> None:
        while True:
            if select.select([self._heard], [], [], LOOK_S)[0]:
                for number in os.read(self._heard, 64):
                    self._signalled(signal.Signals(number))
            else:
                self._look()

    def _signalled(self, number: signal.Signals) -> None:
        if number not in SIGNALS:
            return
        if self._asked:
            self._end(ExitStatus.INTERRUPTED, f"A second signal ({number.name}) ended the worker at once.")
        self._asked = True
        self.must_end(number.name)
        if self._loop is not None and self._ask is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it is ending already
                self._loop.call_soon_threadsafe(self._ask)

    def _look(self) -> None:
        limits = self._limits
        turned = self._loop is None or self._turned.is_set()
        self._turned.clear()
        self._still = 0 if turned else self._still + 1
        if self._reason:
            self._ending += 1
            if self._ending * LOOK_S >= limits.end_s_max:
                self._hung(f"The worker had to end and did not within {limits.end_s_max:.0f} s.")
        elif not self._started:
            self._starting += 1
            if self._starting * LOOK_S >= limits.start_s_max:
                self._hung(f"The worker did not start within {limits.start_s_max:.0f} s.")
        if self._still * LOOK_S >= limits.still_s_max:
            self._hung(f"The worker's loop stood still for {limits.still_s_max:.0f} s.")

    def _hung(self, happened: str) -> None:
        self._end(ExitStatus.HUNG, f"{happened} It was ended; start it again.")

    def _end(self, status: ExitStatus, words: str) -> None:
        """Write the last words, if anybody takes them within a second, and end the process."""
        speaking = threading.Thread(target=self._last_words, args=(status, words), daemon=True)
        speaking.start()
        speaking.join(LAST_WORDS_S_MAX)
        os._exit(status)

    def _last_words(self, status: ExitStatus, words: str) -> None:
        if self._still * LOOK_S >= STILL_S_SHOWN:  # else every thread waits, which shows nothing
            faulthandler.dump_traceback(all_threads=True)
        logging.disable(logging.ERROR)  # these words are the last ones
        logger.critical(words, reason=self._reason, part=self._part, tasks=self._tasks(), status=int(status))
        for handler in logging.getLogger().handlers:
            handler.flush()
        sys.stderr.flush()

    def _tasks(self) -> list[str]:
        """Names of some tasks that have not ended, by which a reader finds their code."""
        if self._loop is None:
            return []
        with contextlib.suppress(RuntimeError):  # the set may change under our eyes
            tasks = asyncio.all_tasks(self._loop)
            return sorted({_name_of(task) for task in tasks})[:TASKS_NAMED_MAX]
        return []


def _name_of(task: "asyncio.Task[object]") -> str:
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", task.get_name()))


def _heard_by_the_thread(_number: int, _frame: object) -> None:
    """Python writes a signal to the wake-up pipe only if it has a handler."""
