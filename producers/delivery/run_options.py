"""How a run of the edge began, whom it asks, how it waits and reports."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from producers.delivery.unconfirmed import Unconfirmed
from producers.delivery.waiting import Wait, WaitLimits


def say_nothing(_: str) -> None:
    """Show no sentence."""


def show_nothing(_done: int, _of: int) -> None:
    """Show no progress."""


def wait_silently(_: Wait) -> None:
    """Show no wait."""


def leave_waiting(_: Unconfirmed) -> bool:
    """Ask nobody: what is in question waits."""
    return False


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run began, waits and reports.

    `say` gets sentences for a person, without any value of a record.
    """

    scheduled: bool = False
    """The agency's schedule began this run, and no person: it shows that the agency reports on
    time, and closes the quarters that are due. Only a flag of the command says so, never a
    profile."""
    closes: int | None = None
    """A quarter to close, with all before it (`producers.caps.tally.closes_before`)."""
    patience: WaitLimits = field(default_factory=WaitLimits)
    say: Callable[[str], None] = say_nothing
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    progress: Callable[[int, int], None] = show_nothing
    """Gets (events accepted in this run, all events of this run known so far)."""
    waiting: Callable[[Wait], None] = wait_silently
    """Gets the current wait about once a second, while nothing happens."""
    withdraw: bool = False
    """A person confirmed whatever the guard on withdrawing has in question."""
    confirm: Callable[[Unconfirmed], bool] = leave_waiting
    """Asks a person about what the guard has in question. Not called in a run of the schedule."""
    incomplete: bool = False
    """A person confirmed that quarters close though rows of theirs were not read."""
    over_fork: bool = False
    """A person confirmed that the other copy of the vault has stopped: read back its accepted
    events and go on."""

    @property
    def closes_quarters(self) -> bool:
        """Whether the run closes the quarters that are due, or one that it was asked to."""
        return self.scheduled or self.closes is not None
