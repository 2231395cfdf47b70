"""How long the phases of a trial take."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class PhaseTimes:
    """Seconds by phase, in the order in which phases first ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, phase: str) -> Iterator[None]:
        """Add the time of a block to a phase."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[phase] += time.monotonic() - began

    def __str__(self) -> str:
        return ", ".join(f"{phase} {took:.0f}" for phase, took in self.seconds.items())
