"""`exchange serve` as a process: how fast it reads, answers and streams, and in how much memory.

Points are those of the richest month, with other months and values. Answers are compared with a
bare Starlette route of the same run, which sends the same number of bytes.
"""

import asyncio
import resource
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from statistics import quantiles

import httpx
import psutil

from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.epochs import FIRST_EPOCH_YEAR
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Producer
from exchange.settings import Settings
from exchange.trial.commands import variables_of
from tests.bench.load import Size
from tests.kits.serve_process import Served, served
from tests.kits.serve_world import DRAWN, JANUARY, POINTS, as_records, as_released, of_epoch, releases

BATCH = 2_000
RATE, SECONDS, TURNS = 200, 5, 4
READERS = 1_000
FILTERED = "/v1/stream?metric=needs_by_service"
FOLLOWED = "/v1/stream"
NO_LIMIT = ("--requests-per-minute", "0")
FIRST_MONTH = FIRST_EPOCH_YEAR * 12
Result = tuple[int, float, float, str]


def made_up(count: int) -> Iterator[MetricPoint]:
    """So many points, month by month; the last month is the one whose releases are there."""
    base = of_epoch(JANUARY)
    for number in range(count - len(base)):
        month, at = divmod(number, len(base))
        point = base[at]
        moved = None if point.value is None else point.value + month % 97
        yield replace(point, epoch=FIRST_MONTH + month, value=moved)
    yield from base


async def fill(settings: Settings, count: int) -> None:
    """Write the topics."""
    log = KafkaLog(settings.client("bench"))
    producer = await log.producer()
    await producer.send(DRAWN, as_released(releases()))
    await send(producer, made_up(count))
    await producer.close()
    await log.close()


async def send(producer: Producer, points: Iterator[MetricPoint]) -> None:
    batch = []
    for point in points:
        batch.append(point)
        if len(batch) == BATCH:
            await producer.send(POINTS, as_records(batch))
            batch = []
    await producer.send(POINTS, as_records(batch))


async def whole(client: httpx.AsyncClient) -> int:
    """How many figures there are, once everything was read."""
    while True:
        status = (await client.get("/v1/status", timeout=60)).json()
        if status["complete"] and status["as_of"] == "2027-01":
            return int(status["figures"])
        await asyncio.sleep(0.05)


def memory_mb(serve: Served) -> float:
    return psutil.Process(serve.process.pid).memory_info().rss / 2**20


def cpu_s(serve: Served) -> float:
    return sum(psutil.Process(serve.process.pid).cpu_times()[:2])


async def reading(settings: Settings, size: Size) -> Result:
    """From the start of the process until everything is read."""
    await fill(settings, size.events)
    clock = time.perf_counter()
    async with served(variables_of(settings)) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        answers = time.perf_counter() - clock
        figures = await whole(client)
        took = time.perf_counter() - clock
        cpu, memory = cpu_s(serve), memory_mb(serve)
        await serve.stopped()
    return figures, took, cpu, f"{memory:.0f} MB in serve; it answered after {answers:.1f} s"


async def answering(settings: Settings, size: Size) -> Result:
    """Prepared JSON at 200 requests a second, in turns with a bare Starlette route."""
    await fill(settings, size.events)
    async with served(variables_of(settings), *NO_LIMIT) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        await whole(client)
        page = "/v1/metrics/needs_by_service?limit=100"
        length = len((await client.get(page, headers={"accept-encoding": "identity"})).content)
        async with bare_starlette(length) as bare:
            found: dict[str, list[float]] = {"serve": [], "bare": []}
            clock, before = time.perf_counter(), cpu_s(serve)
            for _ in range(TURNS):
                found["bare"] += await asked_steadily(bare, "/")
                found["serve"] += await asked_steadily(serve.address, page)
            took, cpu = time.perf_counter() - clock, cpu_s(serve) - before
        await serve.stopped()
    (bare50, bare99), (own50, own99) = (percentiles(found[name]) for name in ("bare", "serve"))
    note = f"p99 {own99:.1f} ms, bare {bare99:.1f} ms ({own99 / bare99:.2f}); p50 {own50:.1f}, {bare50:.1f}; {length:,} bytes"
    return len(found["serve"]), took, cpu, note


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The 50th and the 99th, in milliseconds."""
    cuts = quantiles(seconds, n=100)
    return cuts[49] * 1e3, cuts[98] * 1e3


BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body = b"x" * int(sys.argv[2])
async def page(request):
    return Response(body, media_type="application/json")
uvicorn.run(Starlette(routes=[Route("/", page)]), fd=int(sys.argv[1]), http="h11", log_config=None, access_log=False)
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
    async with served(variables_of(settings), *NO_LIMIT) as serve, httpx.AsyncClient(base_url=serve.address) as client:
        await whole(client)
        arrived: list[float] = []
        begun = asyncio.Semaphore(0)
        readers = [
            asyncio.create_task(follow(serve.address, FOLLOWED if n % 2 else FILTERED, begun, arrived))
            for n in range(READERS)
        ]
        for _ in readers:
            await begun.acquire()
        before = cpu_s(serve)
        month = [replace(point, epoch=JANUARY + 1) for point in of_epoch(JANUARY)]
        await producer.send(POINTS, as_records(month))
        await producer.send(POINTS, as_records([replace(month[0], epoch=JANUARY + 2)]))  # the month before is whole
        clock = asyncio.get_running_loop().time()
        await asyncio.gather(*readers)
        last, median = max(arrived) - clock, sorted(arrived)[READERS // 2] - clock
        cpu, memory = cpu_s(serve) - before, memory_mb(serve)
        ended = time.perf_counter()
        await serve.stopped()
        ended = time.perf_counter() - ended
    await producer.close()
    await log.close()
    note = f"last reader {last:.2f} s, median {median:.2f} s after the write; {memory:.0f} MB; ended in {ended:.1f} s"
    return len(arrived), last, cpu, note


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
