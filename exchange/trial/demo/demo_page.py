"""The page of a demo: `exchange serve` beside it, as a process of its own that takes what is left.

It reads the trial's public topics as everybody's service does, so figures move while the demo's
calendar runs. It has a low priority: the demo comes first.
"""

import asyncio
import os
import re
from contextlib import suppress
from importlib.util import find_spec
from typing import Final

from exchange.trial.empty_cluster import TrialExchange, Worker

MADE_UP: Final = (
    "These figures are made up: sample agencies and sample clients, for trying this site. Nobody is in them."
)
"""Stands first on every page of a demo."""
WITH_AN_EXPORT: Final = "These figures are for trying only: they are of sample agencies and of one export beside them."
"""The same, of a demo that published a real export."""
START_S_MAX: Final = 60.0
LOOK_S: Final = 0.1
PRIORITY: Final = 10
"""The process's niceness; the worker and the agencies of the demo have 0."""
_ADDRESS: Final = re.compile(r"^Serving (http://\S+)", re.MULTILINE)
_LOG: Final = "page.log"


async def start_page(ground: TrialExchange, *, charts: bool, preface: str = MADE_UP) -> str:
    """Start it, and return a sentence with its address, or with the reason why there is none.

    It ends with the trial.
    """
    if find_spec("fastapi") is None:
        return 'No page: it needs the extra `web` (`pip install ".[web]"` in the clone).'
    words = ("serve", "--port", "0", "--preface", preface, *(() if charts else ("--no-charts",)))
    page = await Worker.start(ground.settings, ground.folder / _LOG, ("-m", "exchange.cli", *words))
    ground.workers.append(page)
    with suppress(OSError):  # it may have ended already; then its log says why
        os.setpriority(os.PRIO_PROCESS, page.process.pid, PRIORITY)
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S_MAX):
            while page.alive:
                found = _ADDRESS.search(page.last_lines())
                if found:
                    return f"the page: {found[1]}"
                await asyncio.sleep(LOOK_S)
    return f"The page did not start:\n{page.last_lines()}"
