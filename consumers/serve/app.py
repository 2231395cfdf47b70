"""The addresses of the service. Nothing here can be written, and nothing is kept of who asked.

Figures go out as bytes that were made once (`consumers.serve.views.prepared`); FastAPI describes
the addresses (`/openapi.json`). Other faces of the service, such as its page, are added as routers.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

import structlog
from fastapi import FastAPI, Path, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from consumers.serve import schema_registry
from consumers.serve.access import Guard, Terms
from consumers.serve.answering import answer, for_people, named_form, problem_answer, query_of
from consumers.serve.chart_views import MEDIA_TYPE as MEDIA_TYPE_OF_CHART
from consumers.serve.chart_views import SUFFIX as CHART
from consumers.serve.service import REVALIDATE, Service
from consumers.serve.stream.frames import METRICS_MAX
from consumers.serve.stream.readers_stream import MEDIA_TYPE as MEDIA_TYPE_OF_STREAM
from consumers.serve.stream.readers_stream import EventStream, channel_of, place_of
from consumers.serve.views.feed import MEDIA_TYPE as FEED
from consumers.serve.views.forms import ACCEPTED, FORMS, AnswerForm, by_suffix
from consumers.serve.views.requested import LIMIT, LIMIT_MAX, START_MAX, asked, asked_plainly, check_metric
from exchange import __version__
from exchange.core.metrics.query import codes_of
from exchange.core.metrics.table import CAVEAT, METRICS
from exchange.web.problems import MEDIA_TYPE, Problem, ProblemKind, kinds
from exchange.web.safe_headers import App, HeadRequests, SafeHeaders

_logger = structlog.get_logger(__name__)
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "near": {"type": "array", "items": {"type": "string"}},
    },
}
EPOCH: Final = "^20(0[1-9]|[1-9][0-9])-(0[1-9]|1[0-2])$"
PERIOD: Final = "^(20[0-9]{2}(Q[1-4])?|arrivals)$"


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {MEDIA_TYPE: {"schema": _PROBLEM}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _forms(*others: str) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    kinds = (*ACCEPTED, *others)
    content = {kind: {"schema": {"type": "object"}} if kind == "application/json" else binary for kind in kinds}
    return {200: {"description": "The figures", "content": content}, 304: {"description": "You have them already"}}


def _parameter(name: str, description: str, **schema: object) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "required": False, "schema": schema}


def _parameters() -> list[dict[str, Any]]:
    """What a request for a metric may have. `asked` checks it: its errors name what is near."""
    codes = "Only figures with one of these codes; a metric has only some of these dimensions."
    names = sorted({name for metric in METRICS for kind in metric.dimensions for name in kind})
    lists = {name: {"type": "string", "enum": list(dict.fromkeys(codes_of(name)))} for name in names}
    return [
        _parameter("as_of", "The picture as it was after this month; such an answer never changes.", **_text(EPOCH)),
        _parameter("period", "Only this quarter or year, such as 2026Q2 or 2026, or arrivals.", **_text(PERIOD)),
        _parameter("start", "JSON: the first row.", type="integer", minimum=0, maximum=START_MAX),
        _parameter("limit", "JSON: the number of rows.", type="integer", minimum=1, maximum=LIMIT_MAX, default=LIMIT),
        _parameter("excel", "CSV: 1 for Excel.", type="string", enum=["0", "1"]),
        *(_parameter(name, codes, type="array", items=lists[name]) | {"explode": True} for name in names),
    ]


def _text(pattern: str) -> dict[str, object]:
    return {"type": "string", "pattern": pattern}


def application(service: Service) -> FastAPI:
    """The application of a service."""
    app = FastAPI(
        title="The shared national picture",
        version=__version__,
        description=f"Released figures of the exchange, to be read only. {CAVEAT}",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_problems(401, 429, 500),
    )
    _add_problems(app, service)
    app.add_exception_handler(Exception, _on_failure)
    _add_figures(app, service)
    _add_stream(app, service)
    _add_facts(app, service)
    for prefix in ("", "/registry"):
        app.router.routes.extend(schema_registry.routes(prefix))
    app.router.routes.extend(service.more)
    return app


def faces(service: Service, terms: Terms | None = None) -> App:
    """The application as a server runs it. `terms`: who may read; None: everybody, always."""
    app: App = application(service)
    return SafeHeaders(HeadRequests(Guard(app, terms) if terms else app))


def _add_figures(app: FastAPI, service: Service) -> None:
    async def catalogue(request: Request, form: AnswerForm, *, by_name: bool) -> Response:
        view = await service.catalogue(asked_plainly(query_of(request)), form)
        return answer(request, view, form.media_type, headers=service.headers(), negotiated=not by_name)

    @app.get("/v1/metrics", responses={**_forms(), **_problems(400, 406)}, response_class=Response)
    async def list_metrics(request: Request) -> Response:
        """Every figure: meaning, formula, unit, dimensions, cadence, questions, precision."""
        _, form, by_name = named_form(request, "metrics")
        return await catalogue(request, form, by_name=by_name)

    @app.get("/v1/metrics.{form}", include_in_schema=False)
    async def list_metrics_as(request: Request, form: str) -> Response:
        return await catalogue(request, by_suffix(form), by_name=True)

    @app.get(
        "/v1/metrics/{metric}",
        responses={**_forms(MEDIA_TYPE_OF_CHART), **_problems(400, 404, 406, 503)},
        response_class=Response,
        openapi_extra={"parameters": _parameters()},
    )
    async def read_metric(
        request: Request,
        metric: Annotated[
            str, Path(description=f"A name, or a name with a suffix: {_suffixes()}.", examples=["cases"])
        ],
    ) -> Response:
        """The released figures of a metric, each with its status and its 95 % interval."""
        name, _, suffix = check_name(metric).partition(".")
        if suffix == CHART:
            drawn = await service.chart(asked(name, query_of(request)))
            return answer(request, drawn, MEDIA_TYPE_OF_CHART, headers=service.headers())
        name, form, by_name = named_form(request, metric)
        view = await service.metric(asked(name, query_of(request)), form)
        return answer(request, view, form.media_type, headers=service.headers(), negotiated=not by_name)


def _add_stream(app: FastAPI, service: Service) -> None:
    events: dict[int | str, dict[str, Any]] = {
        200: {"description": "Events `epoch` or `points`", "content": {MEDIA_TYPE_OF_STREAM: {}}}
    }
    metric = _parameter("metric", f"Events `points` of this metric; up to {METRICS_MAX}.", type="string")
    after = _parameter("after", "As the header Last-Event-ID: resume behind this event; -1: all.", type="integer")

    @app.get(
        "/v1/stream",
        responses={**events, **_problems(400, 404, 503)},
        response_class=Response,
        openapi_extra={"parameters": [metric, after]},
    )
    async def read_stream(request: Request) -> Response:
        """Server-sent events: an `epoch` a month, or `points` of some metrics as they come."""
        query, source = query_of(request), service.source()
        return EventStream(service.readers, service.source, channel_of(query), place_of(request, query, source))


def check_name(last: str) -> str:
    """The last part of an address, whose name exists. Raises Problem."""
    check_metric(last.partition(".")[0])
    return last


def _suffixes() -> str:
    return ", ".join(f".{suffix}" for suffix in (*(form.suffix for form in FORMS), CHART))


def _add_facts(app: FastAPI, service: Service) -> None:
    @app.get("/v1/epochs", response_class=JSONResponse)
    async def list_epochs(request: Request) -> Response:
        """The months whose figures were released, newest first, and what each brought."""
        return answer(request, await service.epochs(), "application/json", headers=service.headers())

    @app.get("/v1/epochs/{epoch}", responses=_problems(400, 404, 503), response_class=JSONResponse)
    async def read_epoch(
        request: Request, epoch: Annotated[str, Path(description="A month.", json_schema_extra={"pattern": EPOCH})]
    ) -> Response:
        """The figures that one month brought, by metric."""
        return answer(request, await service.epoch(epoch), "application/json", headers=service.headers())

    @app.get("/feed.atom", response_class=Response, responses={200: {"content": {FEED: {}}}})
    async def read_feed(request: Request) -> Response:
        """A feed with an entry for each month."""
        return answer(request, await service.feed(), FEED, headers=service.headers())

    @app.get("/v1/status", response_class=JSONResponse)
    async def read_status() -> JSONResponse:
        """How far the figures have been read, and when Kafka last answered."""
        return JSONResponse(service.status(), headers={"cache-control": "no-store"})

    @app.get("/problems", response_class=JSONResponse)
    async def list_problems() -> JSONResponse:
        """Every kind of problem that an answer may name."""
        return JSONResponse(kinds(), headers={"cache-control": REVALIDATE})


_BY_STATUS: Final[Mapping[int, tuple[ProblemKind, str]]] = {
    404: (ProblemKind.ADDRESS_UNKNOWN, "The page begins at /. For programs, /openapi.json lists the addresses."),
    405: (ProblemKind.METHOD_NOT_ALLOWED, "Use GET or HEAD."),
}


def _add_problems(app: FastAPI, service: Service) -> None:
    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        page = service.problem_page
        if page is None or not for_people(request):
            return problem_answer(error)
        return problem_answer(error, page(request.url.path, error))

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return await on_problem(request, _problem_of(error))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_error)


def _problem_of(error: HTTPException) -> Problem:
    kind, detail = _BY_STATUS.get(error.status_code, (ProblemKind.PARAMETER_INVALID, "The request cannot be read."))
    return Problem(kind, detail, headers={"allow": "GET, HEAD"} if error.status_code == 405 else {})


async def _on_failure(_: Request, error: Exception) -> Response:
    _logger.error("a request failed", error=type(error).__name__)
    return problem_answer(Problem(ProblemKind.INTERNAL, "The fault is ours, and is in the service's log."))
