"""A command that shows its progress may take long; one that says nothing is given up."""

import asyncio
import sys

import pytest

from exchange.trial.commands import said_by

SPEAKS = "import sys, time\nfor n in range(8): print(n, file=sys.stderr, flush=True); time.sleep(0.25)\nprint(sys.stdin.read())"
SILENT = "import time; time.sleep(60)"


async def run(code: str, silent_s_max: float) -> tuple[bytes, bytes]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        return await said_by(process, b"typed", silent_s_max)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_command_that_goes_on_speaking_is_heard_to_its_end() -> None:
    out, errors = await run(SPEAKS, 1.5)
    assert (out, errors.split()) == (b"typed\n", [b"%d" % n for n in range(8)])


async def test_a_command_that_says_nothing_is_given_up() -> None:
    with pytest.raises(TimeoutError):
        await run(SILENT, 0.5)
