"""A program that took a broker's port: it answers like Kafka and accepts everybody.

It notes what it was sent.
"""

import asyncio
import base64
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.protocol.admin import ApiVersionResponse_v0, SaslAuthenticateResponse_v0, SaslHandShakeResponse_v0

from exchange.engine.own_brokers import MECHANISM

API_VERSIONS, HANDSHAKE, AUTHENTICATE = 18, 17, 36
OFFERED = [(HANDSHAKE, 1, 1), (AUTHENTICATE, 0, 0), (API_VERSIONS, 0, 0), (3, 0, 5)]


class FalseBroker:
    """What it heard: the number of each kind of request, and all bytes."""

    def __init__(self) -> None:
        self.kinds: list[int] = []
        self.heard = b""
        self.serving: set[asyncio.Task[None] | None] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.current_task())
        nonce = ""
        while size := await _whole(reader, 4):
            request = await reader.readexactly(struct.unpack(">i", size)[0])
            kind, _, correlation = struct.unpack(">hhi", request[:8])
            self.kinds.append(kind)
            self.heard += request
            if kind == AUTHENTICATE and b",r=" in request and not nonce:
                nonce = request.decode(errors="replace").rpartition(",r=")[2]
            answer = struct.pack(">i", correlation) + self._answer(kind, nonce, proves=b",p=" in request)
            writer.write(struct.pack(">i", len(answer)) + answer)
        writer.close()

    def _answer(self, kind: int, nonce: str, *, proves: bool) -> bytes:
        if kind == API_VERSIONS:
            return ApiVersionResponse_v0(0, OFFERED).encode()
        if kind == HANDSHAKE:
            return SaslHandShakeResponse_v0(0, [MECHANISM]).encode()
        first = f"r={nonce}more,s={base64.b64encode(b'salt').decode()},i=4096"
        final = f"v={base64.b64encode(bytes(64)).decode()}"
        return SaslAuthenticateResponse_v0(0, None, (final if proves else first).encode()).encode()


async def _whole(reader: asyncio.StreamReader, size: int) -> bytes:
    try:
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


@asynccontextmanager
async def false_broker() -> AsyncIterator[tuple[int, FalseBroker]]:
    """Its port, and what it hears, for the length of the block. Its clients end first."""
    broker = FalseBroker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], broker
        await asyncio.gather(*filter(None, broker.serving))
