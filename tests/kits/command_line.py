"""The command `exchange` in this process: its output and exit status, without a new process."""

import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from exchange.entry_point import main


class CommandResult(NamedTuple):
    """As `subprocess.CompletedProcess` has it."""

    returncode: int
    stdout: str
    stderr: str


def exchange(*words: str, **variables: str) -> CommandResult:
    """Run the command with these words, and of the exchange's settings these alone."""
    out, err = io.StringIO(), io.StringIO()
    with _surroundings(words, variables), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
            status: object = 0
        except SystemExit as ended:
            status = ended.code or 0
    assert isinstance(status, int)
    return CommandResult(status, out.getvalue(), err.getvalue())


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
