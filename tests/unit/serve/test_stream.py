"""The stream: every reader gets the same bytes, from wherever it resumes."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from itertools import islice

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from consumers.serve.stream.frames import METRICS_MAX, Channel, Ring, encoded
from consumers.serve.stream.readers_stream import MEDIA_TYPE, EventStream, Readers, StreamSource
from exchange.core.metrics.table import METRICS
from exchange.core.model.epochs import epoch_text
from exchange.web.problems import ProblemKind
from tests.kits.serve_world import (
    FIRST,
    JANUARY,
    Topics,
    asking,
    of_epoch,
    picture,
    read_to,
    running,
    soon,
    that_has_read,
)

APRIL, OCTOBER = FIRST + 2, JANUARY - 3
FILTERED = "/v1/stream?metric=needs_by_service,cases,state_cases"


@asynccontextmanager
async def events_of(address: str, path: str, place: int | None = None):
    headers = {} if place is None else {"last-event-id": str(place)}
    async with (
        httpx.AsyncClient(base_url=address, timeout=20) as client,
        aconnect_sse(client, "GET", path, headers=headers) as source,
    ):
        assert source.response.status_code == 200, await source.response.aread()
        yield (event async for event in source.aiter_sse() if event.data)  # it hands on a lone `retry` too


async def take(events, count: int) -> list[ServerSentEvent]:
    return [await asyncio.wait_for(anext(events), 20) for _ in range(count)]


def wanted(path: str, last: int = JANUARY) -> list[tuple[str, str, str]]:
    """What a reader from the beginning gets, encoded again from a snapshot."""
    there = picture(last)
    metrics = ["needs_by_service", "cases", "state_cases"] if "metric" in path else []
    from consumers.serve.views.requested import asked

    channel = Channel(tuple(asked(name, []) for name in metrics))
    return [sse(event.frame) for run in there.runs for event in encoded(there, run, channel)]


def sse(frame: bytes) -> tuple[str, str, str]:
    lines = dict(line.split(": ", 1) for line in frame.decode().splitlines() if line)
    return lines["id"], lines["event"], lines["data"]


def as_got(event: ServerSentEvent) -> tuple[str, str, str]:
    return event.id, event.event, event.data


@pytest.mark.parametrize("path", ["/v1/stream", FILTERED])
async def test_a_reader_killed_at_every_event_gets_the_bytes_of_one_that_never_was(path: str) -> None:
    topics = Topics()
    for epoch in range(FIRST, OCTOBER):
        topics.publish(epoch)
    async with running(topics.log) as served:
        await read_to(served.service, OCTOBER - 1)
        whole = wanted(path)
        got, place = [], -1
        async with events_of(served.address, path, -1) as staying:
            for epoch in range(OCTOBER, JANUARY + 1):
                topics.publish(epoch)
            while len(got) < len(whole):
                async with events_of(served.address, path, place) as events:
                    got += [as_got(one) for one in await take(events, 1)]
                    place = int(got[-1][0])
            assert got == whole
            assert [as_got(one) for one in await take(staying, len(whole))] == whole


async def test_an_epoch_event_says_what_came() -> None:
    topics = Topics()
    topics.publish(FIRST)
    async with running(topics.log) as served:
        await read_to(served.service, FIRST)
        async with events_of(served.address, "/v1/stream") as events:
            topics.publish(FIRST + 1)
            topics.publish(APRIL)
            _, april = await take(events, 2)
        points = of_epoch(APRIL)
        said = json.loads(april.data)
        assert (said["epoch"], said["points"]) == (epoch_text(APRIL), len(points))
        assert said["metrics"] == len({point.metric for point in points})
        assert int(april.id) == served.service.picture.position - 1


async def test_points_are_those_of_the_api(monkeypatch) -> None:
    topics = Topics()
    for epoch in range(FIRST, APRIL + 1):
        topics.publish(epoch)
    async with running(topics.log) as served, httpx.AsyncClient(base_url=served.address) as client:
        await read_to(served.service, APRIL)
        where = "service=legal,housing"
        async with events_of(served.address, f"/v1/stream?metric=needs_by_service&{where}", -1) as events:
            (event,) = await take(events, 1)
        figures = (await client.get(f"/v1/metrics/needs_by_service?{where}")).json()["figures"]
        assert json.loads(event.data) == [{"metric": "needs_by_service", **one} for one in figures]
        assert event.event == "points"


async def test_events_are_encoded_once_for_all_readers(monkeypatch) -> None:
    calls = []

    def counting(*words):
        calls.append(words)
        return encoded(*words)

    monkeypatch.setattr("consumers.serve.stream.frames.encoded", counting)
    ring, there = Ring(), picture(APRIL)
    run = there.runs[-1]
    found = await asyncio.gather(*(ring.events(there, run, Channel()) for _ in range(200)))
    assert len(calls) == 1
    assert all(one is found[0] for one in found)
    small = Ring(bytes_max=1)
    for one in there.runs:
        await small.events(there, one, Channel())
    assert len(small._encoded) == 1


@pytest.mark.parametrize("place", ["x", "", "1.5", "-2", "99999999999999999999", "١", "100000"])
async def test_a_place_that_cannot_be_is_a_problem_before_the_first_byte(place: str) -> None:
    async with asking(that_has_read(APRIL)) as client:
        answer = await client.get("/v1/stream", headers=[(b"last-event-id", place.encode())])
        assert (answer.status_code, answer.json()["type"]) == (400, ProblemKind.EVENT_ID_INVALID.address)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("metric=casess", ProblemKind.METRIC_UNKNOWN),
        ("metric=cases&division=pacific", ProblemKind.DIMENSION_UNKNOWN),
        ("metric=needs_by_service&service=hosing", ProblemKind.CODE_UNKNOWN),
        ("service=housing", ProblemKind.DIMENSION_UNKNOWN),
        ("metric=cases&as_of=2026-03", ProblemKind.DIMENSION_UNKNOWN),
        ("metric=" + ",".join(one.name for one in islice(METRICS, METRICS_MAX + 1)), ProblemKind.TOO_MUCH_ASKED),
        ("after=soon", ProblemKind.EVENT_ID_INVALID),
    ],
)
async def test_what_cannot_be_followed_is_a_problem(query: str, kind: ProblemKind) -> None:
    async with asking(that_has_read(APRIL)) as client:
        answer = await client.get(f"/v1/stream?{query}")
        assert (answer.status_code, answer.json()["type"]) == (kind.status, kind.address)


async def test_more_readers_than_the_service_can_have_are_refused(monkeypatch) -> None:
    monkeypatch.setattr("consumers.serve.stream.readers_stream.READERS_MAX", 0)
    async with asking(that_has_read(APRIL)) as client:
        answer = await client.get("/v1/stream")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


async def test_a_reader_that_takes_nothing_is_dropped_and_counted_while_others_read_on(monkeypatch) -> None:
    monkeypatch.setattr("consumers.serve.stream.readers_stream.SEND_S", 0.5)
    topics = Topics()
    for epoch in range(FIRST, JANUARY + 1):
        topics.publish(epoch)
    async with running(topics.log) as served:
        await read_to(served.service, JANUARY)
        host, port = served.address.removeprefix("http://").split(":")
        stuck = socket.create_connection((host, int(port)))
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        many = ",".join(sorted({point.metric for point in of_epoch(JANUARY)})[:20])
        stuck.sendall(f"GET /v1/stream?metric={many}&after=-1 HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        async with events_of(served.address, "/v1/stream", -1) as events:
            assert len(await take(events, len(wanted("")))) == len(wanted(""))
            await soon(lambda: served.service.readers.dropped == 1)
            assert len(served.service.readers.waiting) == 1
        stuck.close()
        await soon(lambda: not served.service.readers.waiting)


async def test_a_reader_that_goes_is_forgotten() -> None:
    topics = Topics()
    topics.publish(FIRST)
    async with running(topics.log) as served:
        await read_to(served.service, FIRST)
        async with events_of(served.address, "/v1/stream", -1) as events:
            await take(events, 1)
            assert len(served.service.readers.waiting) == 1
        await soon(lambda: not served.service.readers.waiting)
        assert served.service.readers.dropped == 0


async def test_a_quiet_stream_is_pinged(monkeypatch) -> None:
    monkeypatch.setattr("consumers.serve.stream.readers_stream.PING_S", 0.1)
    topics = Topics()
    topics.publish(FIRST)
    async with running(topics.log) as served:
        await read_to(served.service, FIRST)
        async with httpx.AsyncClient() as client, client.stream("GET", f"{served.address}/v1/stream") as answer:
            assert answer.headers["content-type"] == MEDIA_TYPE
            assert answer.headers["x-accel-buffering"] == "no"
            lines = answer.aiter_lines()
            got = [await asyncio.wait_for(anext(lines), 10) for _ in range(6)]
            assert got[0] == "retry: 3000"
            assert got[2::2] == [": ping", ": ping"]


async def test_the_service_ends_at_once_whoever_still_reads() -> None:
    topics = Topics()
    topics.publish(FIRST)
    async with running(topics.log) as served:
        await read_to(served.service, FIRST)
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=30) as client:
            streams = [client.stream("GET", f"{served.address}/v1/stream") for _ in range(50)]
            answers = [await stream.__aenter__() for stream in streams]
            await soon(lambda: len(served.service.readers.waiting) == len(streams))
            began = asyncio.get_running_loop().time()
            served.stop.set()
            await asyncio.wait_for(served.ended, 10)
            assert asyncio.get_running_loop().time() - began < 3
            for answer in answers:
                assert (await answer.aread()).startswith(b"retry: 3000")
            for stream in streams:
                await stream.__aexit__(None, None, None)


async def test_a_place_of_another_topic_ends_the_stream_once_everything_was_read() -> None:
    there, readers, complete, sent = picture(APRIL), Readers(), [False], []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    stream = EventStream(readers, lambda: StreamSource(there, complete[0]), Channel(), 50_000)
    sending = asyncio.create_task(stream({"type": "http"}, receive, send))
    await soon(lambda: len(sent) == 2)
    await asyncio.sleep(0.05)
    assert not sending.done()
    complete[0] = True
    readers.wake()
    await asyncio.wait_for(sending, 10)
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert not readers.waiting
