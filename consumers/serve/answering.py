"""HTTP answers from prepared bytes: conditional, compressed, and errors as problem details."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from consumers.serve.service import ServedView
from consumers.serve.views.accepting import form_for, takes_gzip
from consumers.serve.views.forms import AnswerForm, by_suffix
from consumers.serve.views.requested import QUERY_MAX, Pairs
from exchange.web.problems import MEDIA_TYPE, Problem, ProblemKind

HTML: Final = "text/html; charset=utf-8"
TAGS_MAX: Final = 50
"""ETags of one `If-None-Match`."""


def query_of(request: Request) -> Pairs:
    """The parameters of a request in their order. Raises Problem."""
    if len(request.scope["query_string"]) > QUERY_MAX:
        raise Problem(ProblemKind.TOO_MUCH_ASKED, f"A query may have {QUERY_MAX:,} bytes.")
    return request.query_params.multi_items()


def named_form(request: Request, last: str) -> tuple[str, AnswerForm, bool]:
    """The name and form of the last part of an address; whether a suffix named the form.

    Without one, `Accept` chooses it. Raises Problem.
    """
    name, dot, suffix = last.partition(".")
    return (name, by_suffix(suffix), True) if dot else (name, form_for(_accept(request)), False)


def _accept(request: Request) -> str | None:
    found = request.headers.getlist("accept")
    return ", ".join(found) if found else None


def answer(
    request: Request, view: ServedView, media_type: str, *, headers: Mapping[str, str], negotiated: bool = False
) -> Response:
    """The answer with these bytes, or 304 where the reader has them already."""
    octets, etag, zipped = view.body.chosen(gzipped=takes_gzip(request.headers))
    found = {
        **headers,
        "etag": etag,
        "cache-control": view.cache_control,
        "vary": "accept, accept-encoding" if negotiated else "accept-encoding",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "etag, x-exchange-as-of, x-exchange-complete, x-exchange-heard-seconds-ago",
    }
    if _has(request.headers, etag):
        return Response(status_code=304, headers=found)
    if zipped:
        found["content-encoding"] = "gzip"
    return Response(octets, 200, found, media_type)


def _has(headers: Headers, etag: str) -> bool:
    """Whether `If-None-Match` names this ETag, by weak comparison (RFC 9110, 13.1.2)."""
    given = ",".join(headers.getlist("if-none-match"))
    if not given:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",", TAGS_MAX)[:TAGS_MAX]]
    return etag in tags or tags == ["*"]


def for_people(request: Request) -> bool:
    """Whether a problem is to be told on a page: not below `/v1/`, which is for programs."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")


def problem_answer(problem: Problem, page: bytes | None = None) -> Response:
    """The answer that says what is wrong; `page`: for people."""
    headers = {"cache-control": "no-store", "access-control-allow-origin": "*", "vary": "accept", **problem.headers}
    body, media_type = (problem.body(), MEDIA_TYPE) if page is None else (page, HTML)
    return Response(body, problem.kind.status, headers, media_type)
