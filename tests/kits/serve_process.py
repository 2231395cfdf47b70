"""`exchange serve` as a process, and a client that asks it over a socket."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

ADDRESS = re.compile(r"http://\S+?:\d+")
START_S, END_S = 40.0, 20.0


@dataclass
class Served:
    """A running service. `said`: its lines so far, of both outputs."""

    process: asyncio.subprocess.Process
    address: str = ""
    said: list[str] = field(default_factory=list)

    async def stopped(self, how: signal.Signals = signal.SIGINT) -> int:
        """Its exit status, after this signal."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), END_S)


@asynccontextmanager
async def served(variables: Mapping[str, str], *words: str, command: str = "serve") -> AsyncIterator[Served]:
    """The service on a free port, from the moment that it listens. `command`: what starts it."""
    out = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "exchange.cli", command, "--port", "0", *words,
        env=os.environ | variables, stdout=out, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    found = Served(process)
    reading = asyncio.create_task(_read(found))
    try:
        async with asyncio.timeout(START_S):
            while not found.address and process.returncode is None:  # noqa: ASYNC110 - lines come from the pipe
                await asyncio.sleep(0.02)
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading
        print(*found.said, sep="\n")


async def _read(found: Served) -> None:
    assert found.process.stdout
    async for line in found.process.stdout:
        found.said.append(line.decode().rstrip())
        if not found.address and (address := ADDRESS.search(found.said[-1])):
            found.address = address[0]


async def read_as_of(client: httpx.AsyncClient, month: str) -> dict:
    """The status, once the service shows this month and has read everything."""
    async with asyncio.timeout(START_S):
        while True:
            status = (await client.get("/v1/status", timeout=START_S)).json()
            if status["as_of"] == month and status["complete"]:
                return status
            await asyncio.sleep(0.05)
