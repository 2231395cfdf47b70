"""The addresses of the pages. Each does what a command does, and shows what it prints.

Rules kept: only POST and PUT do anything; they have passed `guard` and hold the key of the pages.
While the pages are locked, each address shows the lock. No address holds a name, a path or a key.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from exchange.cli.agency.local_page.agency_pages import AgencyPages
from exchange.cli.agency.local_page.chosen_file import FileStalled, named_file, received_file
from exchange.cli.agency.local_page.doing import ACTIONS, WORKS
from exchange.cli.agency.local_page.door import OPEN
from exchange.cli.agency.local_page.forms import form_of
from exchange.cli.agency.local_page.guard import NOT_OPEN, LocalGuard, languages_of
from exchange.cli.agency.local_page.showing import Screens, own_file
from exchange.cli.agency.pages.page_words import LANGUAGES, Words, preferred
from exchange.core.errors import ExchangeError
from exchange.web.safe_headers import App, HeadRequests, SafeHeaders
from exchange.web.static_files import PREFIX, read

READ_ONLY: Final = frozenset({"job", "idle"})
"""Addresses that a page asks by itself: that is no use of it."""
WHILE_LOCKED: Final = frozenset({"unlock", "language", "lock"})
Form = Mapping[str, str]


def faces(pages: AgencyPages) -> App:
    """The application as a server runs it."""
    screens = Screens(pages)

    def outside(sentence: str, languages: str) -> bytes:
        return screens.outside(sentence, Words(preferred(languages)))

    return SafeHeaders(HeadRequests(LocalGuard(application(pages, screens), pages.door, outside)))


def application(pages: AgencyPages, screens: Screens) -> FastAPI:
    """Every address."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    _add_outside(app, pages, screens)
    _add_file(app, pages)
    _add_screens(app, pages, screens)
    _add_forms(app, pages, screens)
    _add_errors(app, screens)
    return app


def _add_outside(app: FastAPI, pages: AgencyPages, screens: Screens) -> None:
    @app.get(f"{OPEN}{{ticket}}")
    async def enter(request: Request, ticket: str) -> Response:
        """Let the browser in, once."""
        words = Words(preferred(languages_of(request.scope["headers"])), plain_names=True)
        if "sec-purpose" in request.headers or not pages.enter(ticket):
            return HTMLResponse(screens.outside(NOT_OPEN, words, perhaps_used=True), HTTPStatus.FORBIDDEN)
        pages.words = words
        return HTMLResponse(screens.entered(), headers={"set-cookie": pages.door.cookie()})

    @app.get(f"{PREFIX}{{name}}")
    async def static(name: str) -> Response:
        """A style or a script."""
        found = read(name) or own_file(name)
        if found is None:
            raise HTTPException(404)
        return Response(found.content, media_type=found.media_type)


def _add_file(app: FastAPI, pages: AgencyPages) -> None:
    @app.put("/file")
    async def receive(request: Request) -> Response:
        """Take the file that the browser sends, as it comes."""
        pages.lock_if_due()
        if pages.lock.locked or not pages.door.is_form_key(request.headers.get("x-form-key", "")):
            raise HTTPException(403)
        pages.lock.use()
        octets = request.headers.get("content-length", "")
        name = unquote(request.headers.get("x-file-name", ""), errors="replace")
        try:
            if not octets.isdecimal() or pages.job.runs:
                raise FileStalled
            pages.forget_file()
            pages.choose(await received_file(name, request.stream(), int(octets), pages.folder))
        except ClientDisconnect:
            raise FileStalled from None
        except ExchangeError as error:
            return PlainTextResponse(pages.sentences.plain(error), HTTPStatus.BAD_REQUEST)
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _add_screens(app: FastAPI, pages: AgencyPages, screens: Screens) -> None:
    @app.get("/{name}")
    async def show(request: Request, name: str) -> Response:
        """A page; the lock, if it is locked."""
        pages.lock_if_due()
        if name == "idle":
            return HTMLResponse(screens.idle())
        if pages.lock.locked:
            return _locked(request, screens)
        if name == "job":
            return HTMLResponse(screens.job(), headers={} if pages.job.runs else {"hx-refresh": "true"})
        if name not in screens.names:
            raise HTTPException(404)
        pages.lock.use()
        return HTMLResponse(await screens.page(name))

    app.add_api_route("/", lambda: _to(pages, "start"))


def _locked(request: Request, screens: Screens) -> Response:
    again = {"hx-refresh": "true"} if "hx-request" in request.headers else {}
    return HTMLResponse(screens.locked(), headers=again)


def _add_forms(app: FastAPI, pages: AgencyPages, screens: Screens) -> None:
    @app.post("/{name}")
    async def do(request: Request, name: str) -> Response:
        """Do what a form asks, then show its page."""
        form = await form_of(request, pages.door)
        pages.lock_if_due()
        if pages.lock.locked and name not in WHILE_LOCKED:
            return HTMLResponse(screens.locked())
        if name not in WHILE_LOCKED:
            pages.lock.use()
        try:
            to = await AT_THE_DOOR[name](pages, form) if name in AT_THE_DOOR else _begun(pages, name, form)
        except ExchangeError as error:
            pages.notice, to = str(error), name if name in screens.names else "start"
        if not pages.door.root:
            return HTMLResponse(screens.locked())
        return _to(pages, to if to in screens.names else "start")


async def _unlock(pages: AgencyPages, form: Form) -> str:
    pages.notice = await pages.unlock(form.get("passphrase", ""))
    return form.get("to", "start")


async def _language(pages: AgencyPages, form: Form) -> str:
    if form.get("language", "") in LANGUAGES:
        pages.words = Words(form["language"], plain_names=True)
    return form.get("to", "start")


async def _lock(pages: AgencyPages, _: Form) -> str:
    pages.lock_now()
    return "start"


async def _path(pages: AgencyPages, form: Form) -> str:
    pages.choose(named_file(form.get("path", "")))
    return "file"


AT_THE_DOOR: Final[Mapping[str, Callable[[AgencyPages, Form], Awaitable[str]]]] = {
    "unlock": _unlock,
    "language": _language,
    "lock": _lock,
    "file": _path,
}
"""Form → what is done at once; the page to show then."""


def _begun(pages: AgencyPages, name: str, form: Form) -> str:
    if name in ACTIONS:
        return ACTIONS[name](pages, form)
    if name not in WORKS:
        raise HTTPException(404)
    pages.begin(name, WORKS[name](pages, form))
    return name


def _to(pages: AgencyPages, name: str) -> Response:
    return RedirectResponse(f"{pages.door.root}/{name}", HTTPStatus.SEE_OTHER)


def _add_errors(app: FastAPI, screens: Screens) -> None:
    async def on_http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return HTMLResponse(screens.failed(error.status_code), error.status_code, headers={"connection": "close"})

    async def on_failure(_: Request, error: Exception) -> Response:
        return HTMLResponse(screens.failed(500, type(error).__name__), HTTPStatus.INTERNAL_SERVER_ERROR)

    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_failure)
