"""A schema registry that can only be read: what stock Avro clients ask before they decode a record.

The addresses and answers are those of Confluent's Schema Registry, as its clients read them, at `/`
and under `/registry`. Everything follows from the pinned schemas and is made at the start.

Rules kept:
- Only subjects of topics that evaluators may read are listed, by the name strategy `<topic>-value`.
  Names and schemas of restricted topics are not here; `/schemas/ids/…` knows public ids only.
- An error is JSON with an `error_code`, whatever was asked: clients fail on anything else.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from exchange.wire.schemas import Schema, schemas
from exchange.wire.topics import METRICS, RELEASES

MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
SCHEMA_NAMES: Final[Mapping[str, str]] = {f"{METRICS}-value": "metric_point", f"{RELEASES}-value": "release"}
"""Public subject → name of its schema."""
LOOKUP_MAX: Final = 200_000
"""Bytes of a schema that is looked up."""
LATEST: Final = ("latest", "-1")
_NOT_FOUND: Final = {"subject": 40401, "version": 40402, "schema": 40403}
_READ_ONLY: Final = 42205
_INVALID: Final = {"schema": 42201, "version": 42202}


class _Failed(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@cache
def subjects() -> Mapping[str, tuple[Schema, ...]]:
    """Subject → its versions, oldest first; version 1 is the first."""
    by_id = sorted(schemas().values(), key=lambda one: one.id)
    return {subject: tuple(one for one in by_id if one.name == name) for subject, name in SCHEMA_NAMES.items()}


def _versions_of(subject: str) -> tuple[Schema, ...]:
    found = subjects().get(subject)
    if not found:
        raise _Failed(404, _NOT_FOUND["subject"], "Subject not found. /subjects lists the public ones.")
    return found


def _public(text: str) -> tuple[str, Schema]:
    for subject, versions in subjects().items():
        for one in versions:
            if str(one.id) == text:
                return subject, one
    raise _Failed(404, _NOT_FOUND["schema"], "Schema not found")


def _version(subject: str, text: str) -> tuple[int, Schema]:
    versions = _versions_of(subject)
    if text in LATEST:
        return len(versions), versions[-1]
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise _Failed(422, _INVALID["version"], "The version is not a number from 1 on, or `latest`.")
    if int(text) > len(versions):
        raise _Failed(404, _NOT_FOUND["version"], "Version not found.")
    return int(text), versions[int(text) - 1]


def _entry(subject: str, number: int, schema: Schema) -> dict[str, object]:
    return {"subject": subject, "version": number, "id": schema.id, "schemaType": "AVRO", "schema": schema.text}


def _all() -> list[dict[str, object]]:
    return [_entry(s, n, one) for s, versions in subjects().items() for n, one in enumerate(versions, 1)]


Answer = Callable[[Request], object]


def _schema(request: Request) -> object:
    _, schema = _public(request.path_params["id"])
    return {"schemaType": "AVRO", "schema": schema.text}


def _schema_text(request: Request) -> object:
    _, schema = _public(request.path_params["id"])
    return json.loads(schema.text)


def _schema_versions(request: Request) -> object:
    subject, schema = _public(request.path_params["id"])
    return [{"subject": subject, "version": subjects()[subject].index(schema) + 1}]


def _subject_version(request: Request) -> object:
    subject = request.path_params["subject"]
    return _entry(subject, *_version(subject, request.path_params["version"]))


def _version_text(request: Request) -> object:
    _, schema = _version(request.path_params["subject"], request.path_params["version"])
    return json.loads(schema.text)


def _referenced_by(request: Request) -> object:
    _version(request.path_params["subject"], request.path_params["version"])
    return []


def _of_subject(key: str, value: str) -> Answer:
    def answer(request: Request) -> object:
        if subject := request.path_params.get("subject"):
            _versions_of(subject)
        return {key: value}

    return answer


ANSWERS: Final[Mapping[str, Answer]] = {
    "/schemas/types": lambda _: ["AVRO"],
    "/schemas/ids/{id}": _schema,
    "/schemas/ids/{id}/schema": _schema_text,
    "/schemas/ids/{id}/subjects": lambda request: [_public(request.path_params["id"])[0]],
    "/schemas/ids/{id}/versions": _schema_versions,
    "/schemas": lambda _: _all(),
    "/subjects": lambda _: list(subjects()),
    "/subjects/{subject}/versions": lambda request: [
        n for n, _ in enumerate(_versions_of(request.path_params["subject"]), 1)
    ],
    "/subjects/{subject}/versions/{version}": _subject_version,
    "/subjects/{subject}/versions/{version}/schema": _version_text,
    "/subjects/{subject}/versions/{version}/referencedby": _referenced_by,
    "/config": _of_subject("compatibilityLevel", "BACKWARD_TRANSITIVE"),
    "/config/{subject}": _of_subject("compatibilityLevel", "BACKWARD_TRANSITIVE"),
    "/mode": _of_subject("mode", "READONLY"),
    "/mode/{subject}": _of_subject("mode", "READONLY"),
}
ROOTS: Final = ("/schemas", "/subjects", "/config", "/mode", "/associations", "/compatibility", "/contexts")


async def _lookup(request: Request) -> object:
    """`POST /subjects/{subject}`: which version a schema is. Serialisers ask it."""
    versions = _versions_of(request.path_params["subject"])
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LOOKUP_MAX:
            raise _Failed(422, _INVALID["schema"], "The schema is too long.")
    try:
        wanted = json.loads(json.loads(body)["schema"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _Failed(422, _INVALID["schema"], "Invalid schema") from None
    for number, one in enumerate(versions, 1):
        if json.loads(one.text) == wanted:
            return _entry(request.path_params["subject"], number, one)
    raise _Failed(404, _NOT_FOUND["schema"], "Schema not found")


def _responding(answer: Callable[[Request], object]) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            found = answer(request)
            content = await found if isinstance(found, Awaitable) else found
        except _Failed as failed:
            return _response(failed.status, {"error_code": failed.code, "message": failed.message})
        return _response(200, content)

    return respond


def _response(status: int, content: object) -> Response:
    return Response(json.dumps(content), status, {"cache-control": "max-age=300"}, MEDIA_TYPE)


async def _read_only(request: Request) -> Response:
    """Whatever else is asked of a registry: nothing can be written, and nothing else is known."""
    if request.method not in ("GET", "HEAD"):
        failed = {
            "error_code": _READ_ONLY,
            "message": "This registry can only be read: its schemas are pinned in the code.",
        }
        return _response(405, failed)
    return _response(404, {"error_code": 404, "message": "HTTP 404 Not Found"})


def routes(prefix: str = "") -> list[BaseRoute]:
    """The routes of the registry under a prefix."""
    found: list[BaseRoute] = [Route(prefix + path, _responding(answer)) for path, answer in ANSWERS.items()]
    found.append(Route(f"{prefix}/subjects/{{subject}}", _responding(_lookup), methods=["POST"]))
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    for root in ROOTS:
        found += [Route(f"{prefix}{root}{rest}", _read_only, methods=methods) for rest in ("", "/{rest:path}")]
    return found
