"""The addresses of the page: sections, single figures, embeds and static files."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from consumers.pages.asked_pages import checked_place, comparison_asked, month_asked, page_request
from consumers.pages.sections.all_sections import SECTIONS, PageSection
from consumers.pages.site import Site
from consumers.serve.answering import HTML, answer, query_of
from consumers.serve.service import ServedView
from exchange.web import static_files
from exchange.web.problems import Problem, ProblemKind, cut
from exchange.web.safe_headers import EMBEDDED

PDF: Final = "application/pdf"
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(site: Site) -> list[Route]:
    """Every route. All take GET only."""
    pages: dict[str, Endpoint] = {
        **{one.address: _section(site, one) for one in SECTIONS},
        "/figures/{name}": _figure(site, embedded=False),
        "/embed/{name}": _figure(site, embedded=True),
        "/compare": _comparison(site),
        "/possible/{name}": _possible(site),
        "/brief/{place}": _brief(site),
    }
    return [
        *(Route(address, endpoint) for address, endpoint in pages.items()),
        Route(static_files.PREFIX + "{name}", _static),
    ]


def _section(site: Site, section: PageSection) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        asked = page_request(section, query_of(request), request.path_params.get("place", ""))
        return _page(site, request, await site.section(asked))

    return endpoint


def _figure(site: Site, *, embedded: bool) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        view = await site.figure(request.path_params["name"], month_asked(query_of(request)), embedded=embedded)
        found = _page(site, request, view)
        if embedded:
            found.headers["content-security-policy"] = EMBEDDED
        return found

    return endpoint


def _comparison(site: Site) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        as_of, chosen = comparison_asked(query_of(request))
        return _page(site, request, await site.comparison(as_of, chosen))

    return endpoint


def _possible(site: Site) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        name = request.path_params["name"]
        return _page(site, request, await site.possible(name, month_asked(query_of(request))))

    return endpoint


def _brief(site: Site) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        name, dot, suffix = request.path_params["place"].partition(".")
        if dot and suffix != "pdf":
            raise Problem(ProblemKind.SUFFIX_UNKNOWN, f"There is no brief as .{cut(suffix)}.", near=["pdf"])
        view = await site.brief(checked_place(name), month_asked(query_of(request)), pdf=bool(dot))
        return answer(request, view, PDF if dot else HTML, headers=site.service.headers())

    return endpoint


def _page(site: Site, request: Request, view: ServedView) -> Response:
    return answer(request, view, HTML, headers=site.service.headers())


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    found = static_files.read(name)
    if found is None:
        raise Problem(ProblemKind.ADDRESS_UNKNOWN, f"There is no file {cut(name)}.")
    return Response(found.content, 200, {"cache-control": static_files.FOR_EVER}, found.media_type)
