"""A process that hangs in one of many ways, for the tests of the watchdog.

    python -m tests.unit.worker.hanging WAY [unwatched]

Prints `ready` when it hangs, or works. `unwatched`: the thread never looks, which must let it hang.
"""

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable

from mode import Service

from consumers.worker.watchdog import Watchdog, WatchdogLimits
from exchange.engine.errors import LaneStalled
from exchange.logs import set_up_logs

LIMITS = WatchdogLimits(still_s_max=1.5, start_s_max=2.0, end_s_max=1.0)
FOR_EVER_S = 600.0
BLOCKS: dict[str, Callable[[], object]] = {
    "blocked": lambda: time.sleep(FOR_EVER_S),
    "log is not read": lambda: [os.write(2, bytes(1 << 16)) for _ in range(1 << 20)],
}
"""What blocks the loop itself."""


class Unwatched(Watchdog):
    def _look(self) -> None:
        pass


class IgnoresCancel(Service):
    """Like a Faust agent whose supervisor starts it again: it works on when it is cancelled."""

    @Service.task
    async def _never_ends(self) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(FOR_EVER_S)


def ready() -> None:
    print("ready", flush=True)


async def work(way: str, watchdog: Watchdog) -> None:
    ended = asyncio.Event()
    watchdog.watch_loop(ended.set)
    if way == "never starts":
        ready()
        await asyncio.sleep(FOR_EVER_S)
    watchdog.started()
    if way in BLOCKS:
        ready()
        BLOCKS[way]()
    if way == "service ignores cancel":
        await IgnoresCancel().start()
    if way == "lane fails":
        watchdog.must_end(LaneStalled("Lane fold-0 got nowhere."))
        ready()
        await asyncio.sleep(FOR_EVER_S)
    ready()
    await ended.wait()
    watchdog.enters("stop of the lanes")
    if way == "stop never returns":
        await asyncio.sleep(FOR_EVER_S)


def main(way: str, *unwatched: str) -> None:
    set_up_logs()
    watchdog = (Unwatched if unwatched else Watchdog)(LIMITS)
    watchdog.start()
    asyncio.run(work(way, watchdog))
    if way == "thread never ends":
        threading.Thread(target=time.sleep, args=(FOR_EVER_S,)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
