"""Ctrl-C while a command works: when it ends what, and with which words."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from exchange.core.exit_status import ExitStatus


@contextmanager
def stopping_at_once() -> Iterator[None]:
    """Let Ctrl-C end the block at once; only for reading files, which leaves no half state.

    Elsewhere asyncio answers it at the next await: an export takes minutes until it gives its first
    row.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def stopped_by_interrupt(words: str, before: Callable[[], None]) -> Iterator[None]:
    """End the command with 130 and these words at Ctrl-C, after `before` removed the bars."""
    try:
        yield
    except KeyboardInterrupt:
        before()
        typer.echo(words, err=True)
        raise typer.Exit(ExitStatus.INTERRUPTED) from None
