"""The process in which draws are carried out: counting and noise are CPU, and the worker's event loop must not feel them.

It opens the log for itself; out of it come only how far it is and the parts to be recorded, never an exact increment. One
process a draw: it is gone when the draw is done, on an error, and when the worker is.
"""

import asyncio
import multiprocessing
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol

from consumers.child_processes import end_with_parent, joined, portable, without_ctrl_c
from consumers.log_source import LogSource
from consumers.release.draw_task import Drawn, Noise, Report, carry_out
from exchange.core.errors import ExchangeError
from exchange.core.release.closing import DrawTask
from exchange.engine.errors import LogUnavailable, StepFailed
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.log import Log


class DrawProcessLost(LogUnavailable):
    """The process that carried out a draw ended. Nothing was recorded and nothing was spent."""

    hint = "Look for a lack of memory; the draw is begun again."


class Drawer(Protocol):
    """Carries out draws somewhere. Raises what `drawing.carry_out` does, and DrawProcessLost."""

    async def draw(self, task: DrawTask, report: Report) -> Drawn:
        """What is to be recorded."""


@dataclass(frozen=True, slots=True)
class DrawHere:
    """On the caller's loop: for a log that cannot leave this process."""

    log: Log
    noise: Noise

    async def draw(self, task: DrawTask, report: Report) -> Drawn:
        """Count and draw here."""
        return await carry_out(self.log, task, self.noise, report)


@dataclass(frozen=True, slots=True)
class DrawInProcess:
    """In a process of its own, with noise from OpenDP and nothing else."""

    source: LogSource

    async def draw(self, task: DrawTask, report: Report) -> Drawn:
        """Start it, wait for it, end it."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, self.source, task), name="exchange-draw", daemon=True)
        with without_ctrl_c():
            process.start()
        theirs.close()
        try:
            return await _answer(ours, report)
        finally:
            process.kill()  # whoever still waits for its next message is told that there is none
            await joined(process)
            ours.close()


async def _answer(ours: Connection, report: Report) -> Drawn:
    while True:
        try:
            said = await asyncio.to_thread(ours.recv)
        except (EOFError, OSError):
            raise DrawProcessLost from None
        if isinstance(said, Drawn):
            return said
        if isinstance(said, ExchangeError):
            raise said
        report(said)


def serve(theirs: Connection, source: LogSource, task: DrawTask) -> None:
    """The life of the process: its progress, then its result or its error."""
    end_with_parent()
    relax_collector()
    with suppress(BrokenPipeError, ConnectionResetError):
        theirs.send(asyncio.run(_served(theirs, source, task)))


async def _served(theirs: Connection, source: LogSource, task: DrawTask) -> Drawn | ExchangeError:
    from consumers.release.noise import gaussian  # OpenDP takes memory that no worker needs

    try:
        async with source.open() as log:
            return await carry_out(log, task, gaussian, theirs.send)
    except ExchangeError as error:
        return portable(error, StepFailed)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - a defect of ours; its text could hold a value
        place = traceback.extract_tb(error.__traceback__)[-1]
        return StepFailed(f"The draw: {type(error).__name__} at {place.filename}:{place.lineno}.")
