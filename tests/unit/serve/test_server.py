"""The service on a socket: it ends when told, says nothing of readers, and outlasts Kafka."""

import asyncio
import socket
import subprocess
import sys
from typing import Any, cast

import httpx
import pytest

from consumers.serve.http_server import HEADERS_MAX, AddressUnusable, listening
from exchange.engine.errors import LogUnavailable, NotAuthorized
from exchange.testing import MemoryLog
from tests.kits.serve_world import FIRST, Topics, read_to, running, soon

APRIL = FIRST + 2


class AwayLog:
    """A log whose cluster can go away, with an error or in silence, and come back."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.error: Exception | None = None
        self.silent = False

    async def reader(self):
        if self.error:
            raise self.error
        return AwayReader(self, await self._log.reader())


class AwayReader:
    def __init__(self, log: AwayLog, reader) -> None:
        self._log, self._reader = log, reader

    def __getattr__(self, name: str):
        return getattr(self._reader, name)

    async def getmany(self, **limits):
        if self._log.silent:
            await asyncio.sleep(limits["timeout_s"])
            return {}
        return await self._reader.getmany(**limits)

    async def end_offsets(self, partitions):
        if self._log.silent:
            await asyncio.sleep(0.1)
        if self._log.silent or self._log.error:
            raise self._log.error or LogUnavailable("asking for offsets: no answer.")
        return await self._reader.end_offsets(partitions)


@pytest.mark.parametrize("silent", [True, False])
async def test_while_kafka_is_away_it_serves_what_it_has_says_how_old_and_recovers(silent: bool, monkeypatch) -> None:
    monkeypatch.setattr("consumers.serve.snapshot.follow.LOOK_S", 0.1)
    monkeypatch.setattr("consumers.serve.snapshot.follow.AGAIN_S", 0.1)
    topics = Topics()
    for epoch in range(FIRST, APRIL + 1):
        topics.publish(epoch)
    log = AwayLog(topics.log)
    async with running(cast("Any", log)) as served, httpx.AsyncClient(base_url=served.address) as client:
        await read_to(served.service, APRIL)
        page = "/v1/metrics/needs_by_service"
        before = (await client.get(page)).content
        if silent:
            log.silent = True
        else:
            log.error = LogUnavailable("connecting: no broker answers.")
        topics.publish(APRIL + 1)
        await soon(lambda: served.service.hearing.problem != "")
        await soon(lambda: served.service.hearing.age_s() > 1.2)
        answer = await client.get(page)
        assert answer.content == before
        assert int(answer.headers["x-exchange-heard-seconds-ago"]) >= 1
        status = (await client.get("/v1/status")).json()
        assert status["kafka"] != "answers"
        assert status["as_of"] == "2026-04"
        log.silent, log.error = False, None
        await read_to(served.service, APRIL + 1)
        assert (await client.get("/v1/status")).json()["kafka"] == "answers"


async def test_a_missing_right_ends_it_with_the_named_error() -> None:
    log = AwayLog(Topics().log)
    log.error = NotAuthorized("reading metrics")
    with pytest.raises(NotAuthorized):
        async with running(cast("Any", log)) as served:
            await asyncio.wait_for(served.ended, 10)


async def test_head_has_the_headers_of_get_and_no_body_and_a_stream_ends_behind_them() -> None:
    topics = Topics()
    topics.publish(FIRST)
    async with running(topics.log) as served, httpx.AsyncClient(base_url=served.address) as client:
        await read_to(served.service, FIRST)
        for page in ("/v1/metrics/arrivals_cases.csv", "/v1/status", "/subjects", "/v1/nothing"):
            get, head = await client.get(page), await client.head(page)
            assert (head.status_code, head.content) == (get.status_code, b"")
            for name in ("content-length", "content-type", "etag"):
                assert head.headers.get(name) == get.headers.get(name) or page == "/v1/status"
        stream = await asyncio.wait_for(client.head("/v1/stream"), 10)
        assert stream.headers["content-type"] == "text/event-stream"
        await soon(lambda: not served.service.readers.waiting)


async def test_nothing_is_written_down_about_a_request(caplog, capfd) -> None:
    topics = Topics()
    topics.publish(FIRST)
    caplog.set_level("DEBUG")
    async with running(topics.log) as served, httpx.AsyncClient(base_url=served.address) as client:
        await read_to(served.service, FIRST)
        caplog.clear()
        for page in ("/v1/metrics/cases?service=hunted", "/v1/metrics/cases", "/hunted"):
            await client.get(page, headers={"user-agent": "hunted"})
        reader, writer = await asyncio.open_connection(*served.address.removeprefix("http://").split(":"))
        writer.write(b"hunted nonsense\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 10)
        ours = [one for one in caplog.records if one.name.partition(".")[0] not in ("httpx", "httpcore")]
        assert not [one for one in ours if "hunted" in one.getMessage() or "127.0.0.1" in one.getMessage()]
    out, err = capfd.readouterr()
    assert "hunted" not in out + err
    assert "127.0.0.1" not in out + err


async def test_headers_without_end_are_refused() -> None:
    async with running(Topics().log) as served:
        reader, writer = await asyncio.open_connection(*served.address.removeprefix("http://").split(":"))
        writer.write(b"GET /v1/status HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * (HEADERS_MAX // 3))
        answer = await asyncio.wait_for(reader.read(), 10)
        assert b" 400 " in answer.splitlines()[0]


def test_an_address_that_is_taken_or_does_not_exist_is_named() -> None:
    with listening("127.0.0.1", 0) as taken, pytest.raises(AddressUnusable, match="in use"):
        listening("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(AddressUnusable):
        listening("no-such-host.invalid", 0)
    with listening("::1", 0) if socket.has_ipv6 else listening("127.0.0.1", 0) as found:
        assert found.getsockname()[1] > 0


WITHOUT_PANDAS = """
import sys
from consumers.serve.snapshot.memory import leave_pandas_out
leave_pandas_out()
from tests.kits.serve_world import JANUARY, picture
columns = picture(JANUARY).epochs[JANUARY]
assert len(columns) > 3_000
assert all(list(columns.rows(metric, period=columns.periods(metric)[-1])) for metric in columns.parts)
assert "pandas" not in sys.modules
import pandas
"""


def test_a_service_does_without_pandas_and_hides_it_from_nobody() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
