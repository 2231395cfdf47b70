"""The lock of the pages: after so long without use, and when a person asks for it.

Rules kept: whoever waited long enough finds the lock, also with the very request that comes after
the pause; reading how far a run is counts as no use. Wrong passphrases make the next try wait,
longer each time; after `TRIES` of them the browser is out, and only the terminal lets it in again.
A time is of any steady clock, in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

AFTER_MINUTES: Final = 10
AFTER_MINUTES_MAX: Final = 60
MINUTE_S: Final = 60.0
TRIES: Final = 10
PAUSE_S: Final = 1.0
PAUSE_S_MAX: Final = 60.0


@dataclass(slots=True)
class IdleLock:
    """Whether the pages are locked. `after_s`: of no use."""

    after_s: float
    clock: Callable[[], float]
    locked: bool = False
    _used_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin now."""
        self._used_s = self.clock()

    @property
    def left_s(self) -> float:
        """Until it locks."""
        return max(0.0, self.after_s - (self.clock() - self._used_s))

    @property
    def is_due(self) -> bool:
        """Whether it is open, and nobody has used it for so long."""
        return not self.locked and not self.left_s

    def use(self) -> None:
        """Note that a person did something."""
        self._used_s = self.clock()

    def unlock(self) -> None:
        """Open, from now on."""
        self.locked = False
        self.use()


@dataclass(slots=True)
class Tries:
    """The tries of a passphrase."""

    clock: Callable[[], float]
    failed: int = 0
    _next_s: float = 0.0

    @property
    def wait_s(self) -> float:
        """Until the next try may be made."""
        return max(0.0, self._next_s - self.clock())

    @property
    def are_over(self) -> bool:
        """Whether there have been too many."""
        return self.failed >= TRIES

    def fail(self) -> None:
        """Note a wrong one."""
        self._next_s = self.clock() + min(PAUSE_S_MAX, PAUSE_S * 2**self.failed)
        self.failed += 1

    def succeed(self) -> None:
        """Forget them."""
        self.failed, self._next_s = 0, 0.0
