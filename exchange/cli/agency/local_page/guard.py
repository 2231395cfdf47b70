"""Answers only the browser that entered, on this machine, from this page.

Rules kept, in this order, before a body is read: the other end is this machine; `Host` is the
address and port alone, so no name that somebody makes point here (DNS rebinding) reaches a page; a
form comes from this origin, by `Origin` and by `Sec-Fetch-Site`; the path and the cookie are those
of the browser that entered. Nothing is answered across origins, kept by a browser, or logged.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Final

from exchange.cli.agency.local_page.door import HERE, OPEN, Door
from exchange.web.safe_headers import App, Message, Receive, Scope, Send
from exchange.web.static_files import PREFIX

READS: Final = frozenset({"GET", "HEAD"})
WRITES: Final = frozenset({"POST", "PUT"})
OWN: Final = frozenset({"same-origin", "none"})
"""Of `Sec-Fetch-Site`: from a page of ours, or from a person."""
WRONG_NAME: Final = "Use the address that the terminal shows, letter by letter."
NOT_FROM_HERE: Final = "This did not come from this page, so nothing was done."
NOT_OPEN: Final = "This page is not open in this browser. Use the address that the terminal shows. It opens once."
PRIVATE: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-robots-tag", b"none"),
)
"""`same-origin`, as under `no-referrer` a browser sends `Origin: null` with a form. No other site
sees a referrer under either."""
Refusal = tuple[HTTPStatus, str]
Outside = Callable[[str, str], bytes]
"""(sentence, Accept-Language) → the page that a browser outside sees."""


class LocalGuard:
    """The application, for one browser. `outside`: makes the page for everybody else."""

    def __init__(self, app: App, door: Door, outside: Outside) -> None:
        self._app, self._door, self._outside = app, door, outside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http":
            return
        headers = list(scope["headers"])
        refused = self._refusal(scope, headers)
        if refused is None:
            await self._app(self._below(scope), receive, _privately(send))
        else:
            await self._refuse(*refused, languages_of(headers), _privately(send))

    def _refusal(self, scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> Refusal | None:
        client, method, path = scope.get("client"), scope["method"], scope["path"]
        if client is None or client[0] != HERE or all_of(headers, b"host") != [self._door.host]:
            return HTTPStatus.MISDIRECTED_REQUEST, WRONG_NAME
        if method not in READS | WRITES:
            return HTTPStatus.METHOD_NOT_ALLOWED, NOT_FROM_HERE
        if path.startswith(OPEN):
            return None if method == "GET" else (HTTPStatus.FORBIDDEN, NOT_FROM_HERE)
        if not self._is_from_here(method, headers):
            return HTTPStatus.FORBIDDEN, NOT_FROM_HERE
        if path.startswith(PREFIX) and method in READS:
            return None
        return None if self._door.admits(path, cookies_of(headers)) else (HTTPStatus.FORBIDDEN, NOT_OPEN)

    def _is_from_here(self, method: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a request comes from a page of ours; one that only reads, also from a person."""
        sites = all_of(headers, b"sec-fetch-site")
        if method in READS:
            return OWN.issuperset(sites)
        return all_of(headers, b"origin") == [self._door.origin] and sites in ([], ["same-origin"])

    def _below(self, scope: Scope) -> Scope:
        """The request with the path below the random one, as the application knows it."""
        root, path = self._door.root, scope["path"]
        return {**scope, "path": path[len(root) :]} if root and path.startswith(f"{root}/") else scope

    async def _refuse(self, status: HTTPStatus, sentence: str, languages: str, send: Send) -> None:
        page = self._outside(sentence, languages)
        kind = (b"content-type", b"text/html; charset=utf-8")
        length = (b"content-length", str(len(page)).encode())
        ends = (b"connection", b"close")  # a body that was not read is not waited for
        await send({"type": "http.response.start", "status": int(status), "headers": [kind, length, ends]})
        await send({"type": "http.response.body", "body": page})


def _privately(send: Send) -> Send:
    async def privately(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name for name, _ in PRIVATE}
            kept = [one for one in message.get("headers", ()) if one[0].lower() not in names]
            message["headers"] = [*kept, *PRIVATE]
        await send(message)

    return privately


def all_of(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    """Every value of a header, in order."""
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def languages_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The header Accept-Language."""
    return ",".join(all_of(headers, b"accept-language"))


def cookies_of(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """The cookies of a request; none if they cannot be read."""
    found: SimpleCookie = SimpleCookie()
    try:
        found.load("; ".join(all_of(headers, b"cookie")))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}
