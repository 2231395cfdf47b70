"""Progress of the embedded broker, for a person: the chosen Java, how far the first fetch is.

The engine draws nothing. The command line passes an announcer with a progress bar; all others use
`Silent`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Announcer(Protocol):
    """Receives the progress of a start.

    Its methods may run in another thread and must not raise.
    """

    def say(self, message: str, /) -> None:
        """One line for a person."""

    def fetching(self, total_bytes: int, /) -> AbstractContextManager[Callable[[int], None]]:
        """A fetch begins; the yielded function takes the number of bytes fetched so far."""


class Silent:
    """Reports nothing."""

    def say(self, message: str, /) -> None:
        """Drop the line."""

    @contextmanager
    def fetching(self, total_bytes: int, /) -> Iterator[Callable[[int], None]]:
        """Drop the progress."""
        del total_bytes
        yield lambda _done_bytes: None
