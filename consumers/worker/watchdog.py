"""Notices that the event loop itself stands still, which nothing inside the loop can.

A thread looks twice a second whether the loop still turns. It counts its own looks and not the
clock, because a process that was stopped and thawed has not hung. When the loop has stood still for
`limit_s`, it reports so and ends the process at once. An open transaction times out by itself, and
the next owner continues from the last commit.
"""

import asyncio
import faulthandler
import os
import sys
import threading
from typing import Final

LOOK_S: Final = 0.5
EXIT_HUNG: Final = 75


class Watchdog:
    """Start it inside the running loop; end it by `stop`."""

    def __init__(self, limit_s: float = 12.0) -> None:
        self._looks_max = int(limit_s / LOOK_S)
        self._turned = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._turn(asyncio.get_running_loop())
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turned.set()
        if not self._ended.is_set():
            loop.call_later(LOOK_S, self._turn, loop)

    def _watch(self) -> None:
        still = 0
        while not self._ended.wait(LOOK_S):
            still = 0 if self._turned.is_set() else still + 1
            self._turned.clear()
            if still >= self._looks_max:
                sys.stderr.write(f"exchange: the worker's loop hung for {still * LOOK_S:.0f} s; ending it. Where:\n")
                faulthandler.dump_traceback(all_threads=True)
                os._exit(EXIT_HUNG)
