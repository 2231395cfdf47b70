"""What every process that works for another one needs: to start unseen by Ctrl-C, to end with its parent, to hand errors on.

They are spawned, not forked: a fork would copy a running event loop and its sockets.
"""

import asyncio
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess

from exchange.core.errors import ExchangeError


def end_with_parent() -> None:
    """End this process at once when its parent is gone, whatever it does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nothing is written anywhere that could be left half done


async def joined(process: SpawnProcess) -> None:
    """Wait until a process is over, also when this is cancelled meanwhile: none may outlive what it works for."""
    joining = asyncio.ensure_future(asyncio.to_thread(process.join))
    try:
        await asyncio.shield(joining)
    except asyncio.CancelledError:
        await joining
        raise


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    """What is started here never sees Ctrl-C: at a terminal it reaches everybody, and ending them is the parent's."""
    resource_tracker.ensure_running()  # else it would be started in here, and unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def portable(error: ExchangeError, otherwise: type[ExchangeError]) -> ExchangeError:
    """An error that arrives as it left: of its own class where that can be built again, else by its message."""
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - whatever its constructor asks for
        return otherwise(str(error))
    return again if isinstance(again, ExchangeError) else otherwise(str(error))
