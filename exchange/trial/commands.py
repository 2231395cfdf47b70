"""Commands of ours as an operator runs them: real processes, on the settings of a trial."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from exchange.settings import Settings
from exchange.trial.empty_cluster import environment

SILENT_S_MAX: Final = 120.0
"""Seconds in which a command that still runs says nothing, after which it is given up."""


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

    Raises TimeoutError once it said nothing for two minutes; it is killed then, and when this is
    cancelled. A command that shows its progress may take as long as it takes.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange.cli", *words, env=os.environ | variables, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        out, errors = await said_by(process, stdin)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), errors.decode())


async def said_by(
    process: asyncio.subprocess.Process, stdin: bytes = b"", silent_s_max: float = SILENT_S_MAX
) -> tuple[bytes, bytes]:
    """Everything that a process writes to its two pipes, until it ends.

    Raises TimeoutError once it wrote nothing for so many seconds.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    now = asyncio.get_running_loop().time

    async def read(stream: asyncio.StreamReader) -> bytes:
        parts = list[bytes]()
        while part := await stream.read(1 << 16):
            parts.append(part)
            limit.reschedule(now() + silent_s_max)
        return b"".join(parts)

    async with asyncio.timeout(silent_s_max) as limit:
        await _fed(process, stdin)
        found = await asyncio.gather(read(process.stdout), read(process.stderr))
        await process.wait()
    return found[0], found[1]


async def _fed(process: asyncio.subprocess.Process, stdin: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(stdin)
        await process.stdin.drain()
    process.stdin.close()
