"""Errors of an API as problem details (RFC 9457): one closed list.

Rules kept: `type` and `status` follow from the kind; `detail` says what is wrong with this request
and what to do; near names are apart, for programs. A detail holds nothing but names and numbers of
the request, cut to `SHOWN_MAX` characters.
"""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

MEDIA_TYPE: Final = "application/problem+json"
SHOWN_MAX: Final = 80


class ProblemKind(Enum):
    """Every kind: HTTP status and title. Its address is `/problems#` and its name."""

    METRIC_UNKNOWN = 404, "There is no such metric"
    ADDRESS_UNKNOWN = 404, "There is nothing at this address"
    SUFFIX_UNKNOWN = 404, "There is no such form"
    EPOCH_UNKNOWN = 404, "No figures were released for this month"
    DIMENSION_UNKNOWN = 400, "There is no such dimension or parameter"
    CODE_UNKNOWN = 400, "The dimension has no such code"
    PARAMETER_INVALID = 400, "A parameter has a wrong value"
    TOO_MUCH_ASKED = 400, "The request is too long or too large"
    NO_CHART = 400, "These figures are no chart"
    ACCEPT_INVALID = 400, "The header Accept cannot be read"
    EVENT_ID_INVALID = 400, "The header Last-Event-ID cannot be used"
    TOKEN_NEEDED = 401, "A token is needed"
    METHOD_NOT_ALLOWED = 405, "This address can only be read"
    NOT_ACCEPTABLE = 406, "None of the accepted forms exists"
    TOO_MANY_REQUESTS = 429, "Too many requests"
    INTERNAL = 500, "The service failed"
    CHART_FAILED = 503, "The chart could not be drawn"
    NOT_READ_YET = 503, "The figures are not read yet"
    TOO_MANY_READERS = 503, "Too many readers of the stream"

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]

    @property
    def title(self) -> str:
        """The same words for every problem of this kind."""
        return self.value[1]

    @property
    def address(self) -> str:
        """`type`: where the kind is described."""
        return f"/problems#{self.name.lower().replace('_', '-')}"


class Problem(Exception):
    """An answer that is no figure."""

    def __init__(
        self, kind: ProblemKind, detail: str, *, near: Sequence[str] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.near = tuple(near)
        self.headers = dict(headers or {})

    def __reduce__(self) -> tuple[object, ...]:
        """It travels between processes."""
        return _again, (self.kind, self.detail, self.near, self.headers)

    def body(self) -> bytes:
        """The document."""
        document = {
            "type": self.kind.address,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        return json.dumps(document | ({"near": self.near} if self.near else {})).encode()


def _again(kind: ProblemKind, detail: str, near: Sequence[str], headers: Mapping[str, str]) -> Problem:
    return Problem(kind, detail, near=near, headers=headers)


def cut(text: str) -> str:
    """A name from a request, as a detail may show it."""
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


def kinds() -> list[dict[str, object]]:
    """The list, for `/problems`."""
    return [{"type": kind.address, "status": kind.status, "title": kind.title} for kind in ProblemKind]
