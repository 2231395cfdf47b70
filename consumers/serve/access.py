"""Before any answer: who may read, and how often.

Rules kept: addresses and names are held in memory for the minutes that a limit needs, and are
written nowhere. The address of a reader is that of the connection. Only for the proxy that was
named is it the last one of `X-Forwarded-For`, which that proxy itself wrote.
"""

import ipaddress
import json
import math
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.responses import Response

from consumers.serve.answering import problem_answer
from consumers.serve.reader_tokens import Tokens
from consumers.serve.schema_registry import MEDIA_TYPE, ROOTS
from exchange.engine.wall_clock import wall_ms
from exchange.web.problems import Problem, ProblemKind
from exchange.web.safe_headers import App, Receive, Scope, Send

_NETWORK_OF_A_READER: Final = 64
"""Bits of an IPv6 address that one reader has to itself."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`tokens` None: everybody may read. `per_minute` 0: as often as they like."""

    tokens: Tokens | None = None
    per_minute: int = 0
    proxy: str = ""


class Guard:
    """The application, for those who may."""

    def __init__(self, app: App, terms: Terms) -> None:
        self._app = app
        self._terms = terms
        self._item = RateLimitItemPerMinute(terms.per_minute) if terms.per_minute else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say why not."""
        if scope["type"] == "http":
            try:
                self._check(scope)
            except Problem as problem:
                await refusal(scope["path"], problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers, tokens = Headers(scope=scope), self._terms.tokens
        who = self._address(scope, headers)
        if tokens is not None:
            name = tokens.reader(headers.get("authorization", ""))
            if name is None:
                self._count(f"without {who}")
                detail = "Send it as `Authorization: Bearer …`. Whoever runs this service gives tokens out."
                raise Problem(ProblemKind.TOKEN_NEEDED, detail, headers={"www-authenticate": "Bearer"})
            who = f"token {name}"
        self._count(who)

    def _count(self, who: str) -> None:
        if self._item is None or self._limiter.hit(self._item, who):
            return
        wait_s = max(1, math.ceil(self._limiter.get_window_stats(self._item, who).reset_time - wall_ms() / 1_000))
        detail = (
            f"A reader has {self._item.amount:,} requests a minute. Ask again in {wait_s} s, or ask for whole files."
        )
        raise Problem(ProblemKind.TOO_MANY_REQUESTS, detail, headers={"retry-after": str(wait_s)})

    def _address(self, scope: Scope, headers: Headers) -> str:
        peer = scope["client"][0] if scope.get("client") else ""
        if self._terms.proxy and peer == self._terms.proxy:
            peer = ",".join(headers.getlist("x-forwarded-for")).rpartition(",")[2].strip() or peer
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return "unknown"
        if address.version == 4:
            return str(address)
        return str(ipaddress.ip_network((address, _NETWORK_OF_A_READER), strict=False))


def refusal(path: str, problem: Problem) -> Response:
    """The answer; of the schema registry in its own form."""
    if not path.removeprefix("/registry").startswith(ROOTS):
        return problem_answer(problem)
    body = json.dumps({"error_code": problem.kind.status, "message": problem.detail})
    return Response(body, problem.kind.status, problem.headers, MEDIA_TYPE)
