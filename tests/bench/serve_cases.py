"""`exchange serve` as a process: how fast it reads, answers and streams, and in how much memory.

Answers are compared with a bare Starlette route of the same run, which sends as many bytes.
"""

import asyncio
import resource
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles

import httpx
import psutil

from exchange.engine.kafka.log import KafkaLog
from exchange.settings import Settings
from exchange.trial.commands import variables_of
from tests.bench.load import Size
from tests.bench.serve_load import LAST_TEXT, fill, moved, next_month, send
from tests.kits.serve_process import Served, served

RATE, SECONDS, TURNS = 200, 5, 4
READERS = 1_000
FILTERED = "/v1/stream?metric=needs_by_service"
FOLLOWED = "/v1/stream"
NO_LIMIT = ("--requests-per-minute", "0")
PAGES = ("/", "/needs", "/places/ca", "/")
STEADY_S = 12.0
"""After the last figure: pages of the menu are prepared once figures have been quiet for 5 s."""
Result = tuple[int, float, float, str, Mapping[str, float]]
"""Count, seconds, CPU seconds, a note, and numbers for the summary."""


async def whole(client: httpx.AsyncClient) -> int:
    """How many figures there are, once everything was read."""
    while True:
        status = (await client.get("/v1/status", timeout=60)).json()
        if status["complete"] and status["as_of"] == LAST_TEXT:
            return int(status["figures"])
        await asyncio.sleep(0.05)


def memory_mb(serve: Served) -> float:
    return psutil.Process(serve.process.pid).memory_info().rss / 2**20


def own_memory_mb(serve: Served) -> float:
    """Without the files of libraries, whose pages are there once for all who use them."""
    found = psutil.Process(serve.process.pid).memory_info()
    return (found.rss - found.shared) / 2**20


def beside_mb(serve: Served) -> list[int]:
    """The processes beside it: those that make pages, and draw charts."""
    return [round(one.memory_info().rss / 2**20) for one in psutil.Process(serve.process.pid).children(recursive=True)]


def cpu_s(serve: Served) -> float:
    return sum(psutil.Process(serve.process.pid).cpu_times()[:2])


async def reading(settings: Settings, size: Size) -> Result:
    """From the start of the process until everything is read; then pages, and a second start."""
    await fill(settings, size.events)
    with tempfile.TemporaryDirectory() as folder:
        cache = ("--cache", str(Path(folder) / "serve.cache"))
        clock = time.perf_counter()
        async with served(variables_of(settings), *cache) as serve, asking(serve) as client:
            figures = await whole(client)
            took, cpu, memory = time.perf_counter() - clock, cpu_s(serve), memory_mb(serve)
            first = [await milliseconds(client, page) for page in PAGES]
            await asyncio.sleep(STEADY_S)
            later, beside = memory_mb(serve), beside_mb(serve)
            await serve.stopped()
        clock = time.perf_counter()
        async with served(variables_of(settings), *cache) as serve, asking(serve) as client:
            while (await client.get("/v1/status")).json()["as_of"] != LAST_TEXT:  # noqa: ASYNC110 - asked over a socket
                await asyncio.sleep(0.01)
            again = time.perf_counter() - clock
            await serve.stopped()
    pages = ", ".join(f"{page} {ms:.0f} ms" for page, ms in zip(PAGES, first, strict=True))
    used = f"{memory:.0f} MB, {later:.0f} with its pages, beside it {' and '.join(map(str, beside))}"
    note = f"{used}; first asked for: {pages}; from its cache after {again:.1f} s"
    of = f"serve_{size.events}"
    numbers = {f"{of}_read_s": took, f"{of}_mb": memory, f"{of}_mb_with_pages": later, f"{of}_restart_s": again}
    return figures, took, cpu, note, {**numbers, f"{of}_first_page_ms": first[0]}


@asynccontextmanager
async def asking(serve: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=serve.address, timeout=60) as client:
        yield client


async def milliseconds(client: httpx.AsyncClient, page: str) -> float:
    """Until a page is there."""
    clock = time.perf_counter()
    (await client.get(page)).raise_for_status()
    return (time.perf_counter() - clock) * 1e3


async def answering(settings: Settings, size: Size) -> Result:
    """Prepared JSON at 200 requests a second, in turns with a bare Starlette route.

    First while pages are prepared and their charts drawn, then once all are there.
    """
    await fill(settings, size.events)
    async with served(variables_of(settings), *NO_LIMIT) as serve, asking(serve) as client:
        await whole(client)
        page = "/v1/metrics/needs_by_service?limit=100"
        length = len((await client.get(page, headers={"accept-encoding": "identity"})).content)
        async with bare_starlette(length) as bare:
            for one in PAGES:
                await client.get(one)
            clock, before, drawn = time.perf_counter(), cpu_s(serve), helper_cpu_s(serve)
            busy = await compared(bare, serve.address + page)
            took, cpu, drawn = time.perf_counter() - clock, cpu_s(serve) - before, helper_cpu_s(serve) - drawn
            await all_drawn(serve)
            quiet = await compared(bare, serve.address + page)
        await serve.stopped()
    numbers = {f"serve_json_{name}": value for name, value in ratios(quiet).items()}
    numbers |= {f"serve_json_{name}_while_charts_are_drawn": value for name, value in ratios(busy).items()}
    note = f"{told(quiet)}; while pages and charts are made ({drawn:.1f} CPU s) {told(busy)}; {length:,} bytes"
    return len(busy["serve"]), took, cpu, note, numbers


Compared = dict[str, list[float]]
"""Seconds of each answer of `serve`, and of `bare`."""


async def compared(bare: str, address: str) -> Compared:
    found: Compared = {"serve": [], "bare": []}
    host, slash, page = address.removeprefix("http://").partition("/")
    for _ in range(TURNS):
        found["bare"] += await asked_steadily(bare, "/")
        found["serve"] += await asked_steadily(f"http://{host}", slash + page)
    return found


def ratios(found: Compared) -> dict[str, float]:
    (bare50, bare99), (own50, own99) = (percentiles(found[name]) for name in ("bare", "serve"))
    return {"p50_of_bare": own50 / bare50, "p99_of_bare": own99 / bare99}


def told(found: Compared) -> str:
    (bare50, bare99), (own50, own99) = (percentiles(found[name]) for name in ("bare", "serve"))
    return f"p99 {own99:.1f} ms, bare {bare99:.1f} ms ({own99 / bare99:.2f}); p50 {own50:.1f}, {bare50:.1f}"


def helper_cpu_s(serve: Served) -> float:
    """CPU seconds of the processes that make pages and draw charts."""
    helpers = psutil.Process(serve.process.pid).children(recursive=True)
    return sum(sum(one.cpu_times()[:2]) for one in helpers)


async def all_drawn(serve: Served) -> None:
    """Wait until the helper has nothing to draw for a while."""
    before, now = -1.0, helper_cpu_s(serve)
    while now != before:
        await asyncio.sleep(STEADY_S / 2)
        before, now = now, helper_cpu_s(serve)


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The 50th and the 99th, in milliseconds."""
    cuts = quantiles(seconds, n=100)
    return cuts[49] * 1e3, cuts[98] * 1e3


BARE = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body = b"x" * int(sys.argv[2])
async def page(request):
    return Response(body, media_type="application/json")
app = Starlette(routes=[Route("/", page)])
server = uvicorn.Server(uvicorn.Config(app, http="h11", log_config=None, access_log=False))
server.run(sockets=[socket.socket(fileno=int(sys.argv[1]))])  # of a descriptor, uvicorn would let small writes wait
"""


@asynccontextmanager
async def bare_starlette(length: int) -> AsyncIterator[str]:
    """A process with one route that answers so many bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    words = (sys.executable, "-c", BARE, str(listener.fileno()), str(length))
    process = await asyncio.create_subprocess_exec(*words, pass_fds=(listener.fileno(),))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.kill()
        await process.wait()
        listener.close()


async def asked_steadily(address: str, page: str) -> list[float]:
    """Seconds of each answer, from the time at which it was due: a slow one delays no other."""
    host, port = address.removeprefix("http://").split(":")
    request = f"GET {page} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()
    loop, free, took = asyncio.get_running_loop(), [], []

    async def ask(due: float) -> None:
        reader, writer = free.pop() if free else await asyncio.open_connection(host, int(port))
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.partition(b":")[2]))
        took.append(loop.time() - due)
        free.append((reader, writer))

    begin, asking = loop.time(), []
    for number in range(RATE * SECONDS):
        due = begin + number / RATE
        await asyncio.sleep(max(0.0, due - loop.time()))
        asking.append(asyncio.create_task(ask(due)))
    await asyncio.gather(*asking)
    for _, writer in free:
        writer.close()
    return took


async def streaming(settings: Settings, size: Size) -> Result:
    """1,000 readers: an epoch to half of them, a filtered metric to the others."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 65_536), limit))
    await fill(settings, size.events)
    log = KafkaLog(settings.client("bench"))
    producer = await log.producer()
    async with served(variables_of(settings), *NO_LIMIT) as serve, asking(serve) as client:
        await whole(client)
        alone = memory_mb(serve)
        arrived: list[float] = []
        begun = asyncio.Semaphore(0)
        readers = [
            asyncio.create_task(follow(serve.address, FOLLOWED if n % 2 else FILTERED, begun, arrived))
            for n in range(READERS)
        ]
        for _ in readers:
            await begun.acquire()
        before, waiting = cpu_s(serve), memory_mb(serve)
        month = next_month()
        await send(producer, [*month, moved(month[0], 1)])  # the first of another month: the one before is whole
        clock = asyncio.get_running_loop().time()
        await asyncio.gather(*readers)
        last, median = max(arrived) - clock, sorted(arrived)[READERS // 2] - clock
        cpu, memory, own = cpu_s(serve) - before, memory_mb(serve), own_memory_mb(serve)
        ended = time.perf_counter()
        await serve.stopped()
        ended = time.perf_counter() - ended
    await producer.close()
    await log.close()
    used = f"{memory:.0f} MB, {own:.0f} without libraries, of which {waiting - alone:.0f} for readers"
    note = f"last reader {last:.2f} s, median {median:.2f} s after the write; {used}; ended in {ended:.1f} s"
    return (
        len(arrived),
        last,
        cpu,
        note,
        {"serve_stream_s": last, "serve_stream_mb": memory, "serve_stream_own_mb": own},
    )


async def follow(address: str, path: str, begun: asyncio.Semaphore, arrived: list[float]) -> None:
    """One reader, until its first event is whole."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
    await reader.readuntil(b"retry: 3000\n\n")
    begun.release()
    await reader.readuntil(b"data: ")
    await reader.readuntil(b"\n\n")
    arrived.append(asyncio.get_running_loop().time())
    writer.close()
