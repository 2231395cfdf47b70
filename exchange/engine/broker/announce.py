"""How the embedded broker tells a person what it does: which Java it chose, how far the first fetch has come.

The engine draws nothing. The command line hands in an announcer with a progress bar; `silent` is for everybody else.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Announcer(Protocol):
    """Told what happens while a broker starts. Its methods may be called from another thread; they must not raise."""

    def say(self, message: str, /) -> None:
        """One line for a person."""

    def fetching(self, total_bytes: int, /) -> AbstractContextManager[Callable[[int], None]]:
        """A fetch of so many bytes begins; the yielded function takes the bytes fetched so far, in all."""


class Silent:
    """Says nothing."""

    def say(self, message: str, /) -> None:
        """Drop the line."""

    @contextmanager
    def fetching(self, total_bytes: int, /) -> Iterator[Callable[[int], None]]:
        """Drop the progress."""
        del total_bytes
        yield lambda _done_bytes: None
