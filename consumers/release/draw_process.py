"""The child process that carries out a draw.

Counting and noise are CPU work, which would hold up the worker's event loop. There is one process
for each draw. It opens the log for itself. Only its progress and the parts to be recorded leave it,
never an exact increment. OpenDP is loaded by the fork server and by the draw's process, never by
the worker. The fork server draws nothing, so no two draws share a state of the random generator.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from consumers.child_processes import ChildLost, LogJob, log_process
from consumers.log_source import LogSource
from consumers.release.draw_task import Drawn, Report, carry_out
from exchange.core.release.closing import DrawTask
from exchange.engine.errors import LogUnavailable, StepFailed
from exchange.engine.log import Log


class DrawProcessLost(LogUnavailable):
    """The process that carried out a draw ended. Nothing was recorded and nothing was spent."""

    hint = "Look for a lack of memory; the draw is begun again."


class Drawer(Protocol):
    """Carries out draws somewhere.

    Raises the errors of `carry_out` in `draw_task`, and DrawProcessLost.
    """

    async def draw(self, task: DrawTask, report: Report) -> Drawn:
        """The parts to be recorded."""


@dataclass(frozen=True, slots=True)
class DrawInProcess:
    """Draws in a process of its own, with noise from OpenDP and from nowhere else."""

    source: LogSource

    async def draw(self, task: DrawTask, report: Report) -> Drawn:
        """Start the process, wait for its result, end it."""
        try:
            async with log_process(DRAW, self.source) as process:
                return await process.do(task, report)
        except ChildLost:
            raise DrawProcessLost from None


async def _draw(log: Log, task: DrawTask, report: Report) -> Drawn:
    from consumers.release.noise import gaussian  # OpenDP takes memory that no worker needs

    return await carry_out(log, task, gaussian, report)


DRAW: Final = LogJob("draw", _draw, StepFailed, (__name__, "consumers.release.noise"))
