"""Commands of ours as an operator runs them: real processes, on the settings of a trial."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Final, NamedTuple

from exchange.settings import Settings
from exchange.trial.empty_cluster import environment

COMMAND_S_MAX: Final = 120.0


class Ran(NamedTuple):
    """Exit status, standard output and standard error of a command."""

    status: int
    out: str
    errors: str


async def command(settings: Settings, *words: str, **variables: str) -> Ran:
    """Run `exchange WORDS…` on these settings; `variables` are added. Raises as `ran` does."""
    return await ran(variables_of(settings) | variables, *words)


def variables_of(settings: Settings) -> dict[str, str]:
    """The environment variables that give a command these settings."""
    return {f"EXCHANGE_{name.upper()}": value for name, value in environment(settings).items()} | {"COLUMNS": "10000"}


async def ran(variables: Mapping[str, str], *words: str, stdin: bytes = b"") -> Ran:
    """Run `exchange WORDS…`; `variables` are added to its environment.

    Raises TimeoutError after two minutes; the process is killed then, and when this is cancelled.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange.cli", *words, env=os.environ | variables, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        out, errors = await asyncio.wait_for(process.communicate(stdin), COMMAND_S_MAX)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), errors.decode())
