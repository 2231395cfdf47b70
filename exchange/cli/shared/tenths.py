"""Progress for a log or a pipe: a plain line for each tenth of the way."""

from collections.abc import Callable
from typing import TypeVar

P = TypeVar("P")


def each_tenth(way: Callable[[P], tuple[int, int]], line: Callable[[P], None]) -> Callable[[P], None]:
    """A report that shows its line when a further tenth of the way is done.

    `way`: how much is done, and of how much.
    """
    shown_tenths = 0

    def report(progress: P) -> None:
        nonlocal shown_tenths
        done, whole = way(progress)
        tenths = 10 * done // max(1, whole)
        if tenths > shown_tenths:
            shown_tenths = tenths
            line(progress)

    return report
