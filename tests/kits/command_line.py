"""The command `exchange`: its output and exit status. In this process, where that will do.

A process of its own costs a second of CPU for what it imports alone. Tests that are about the
process (signals, pipes, a terminal, standard input) start one.
"""

import asyncio
import io
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from exchange.entry_point import main
from exchange.trial.commands import ran

WAIT_S = 90.0


class CommandResult(NamedTuple):
    """As `subprocess.CompletedProcess` has it."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Awaitable[CommandResult]]


def exchange(*words: str, **variables: str) -> CommandResult:
    """Run the command with these words, and of the exchange's settings these alone.

    Its tables are as wide as they need to be, wherever the tests run.
    """
    out, err = io.StringIO(), io.StringIO()
    with _surroundings(words, {"COLUMNS": "10000"} | variables), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
            status: object = 0
        except SystemExit as ended:
            status = ended.code or 0
    assert isinstance(status, int)
    return CommandResult(status, out.getvalue(), err.getvalue())


async def in_a_thread(variables: Mapping[str, str], *words: str) -> CommandResult:
    """`exchange` beside the loop of this test. One at a time: the output is the process's."""
    return await asyncio.wait_for(asyncio.to_thread(exchange, *words, **variables), WAIT_S)


async def as_a_process(variables: Mapping[str, str], *words: str, stdin: bytes = b"") -> CommandResult:
    """The command as an operator runs it."""
    return CommandResult(*await ran(variables, *words, stdin=stdin))


@contextmanager
def _surroundings(words: tuple[str, ...], variables: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("EXCHANGE_")]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["exchange", *words])
        loggers = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
        levels = [(logger, logger.level) for logger in loggers]  # the command quiets some libraries
        yield
        for logger, level in levels:
            logger.setLevel(level)
