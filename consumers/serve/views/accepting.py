"""Which form a request accepts (RFC 9110, 12.5.1), and whether it may be compressed."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from consumers.serve.views.forms import ACCEPTED, AnswerForm
from exchange.web.problems import Problem, ProblemKind

ACCEPT_MAX: Final = 1_000
"""Bytes of the header."""
_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_RANGE: Final = re.compile(rf"({_NAME})/({_NAME})")
_QUALITY: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def form_for(accept: str | None) -> AnswerForm:
    """The form that a request likes best; of equals, the first of the table.

    Raises Problem: the header cannot be read, or names no form that exists.
    """
    ranges = list(_ranges(accept)) if accept and accept.strip() else [("*", "*", 1.0)]
    best, form = 0.0, None
    for media_type, one in ACCEPTED.items():
        quality = _quality(media_type, ranges)
        if quality > best:
            best, form = quality, one
    if form is None:
        raise Problem(ProblemKind.NOT_ACCEPTABLE, f"There are: {', '.join(ACCEPTED)}.", near=list(ACCEPTED))
    return form


def _ranges(accept: str) -> Iterator[tuple[str, str, float]]:
    if len(accept) > ACCEPT_MAX:
        raise _unreadable()
    for part in accept.split(","):
        if not part.strip():
            continue
        media, *parameters = (piece.strip() for piece in part.split(";"))
        found = _RANGE.fullmatch(media)
        if found is None or (found[1] == "*" and found[2] != "*"):
            raise _unreadable()
        yield found[1].lower(), found[2].lower(), _weight(parameters)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name.strip().lower() == "q":
            if not _QUALITY.fullmatch(text.strip()):
                raise _unreadable()
            return float(text)
    return 1.0


def _quality(media_type: str, ranges: list[tuple[str, str, float]]) -> float:
    """The weight of the most specific range that names a type; 0: none does."""
    kind, _, subtype = media_type.partition("/")
    for wanted in ((kind, subtype), (kind, "*"), ("*", "*")):
        weights = [weight for *named, weight in ranges if tuple(named) == wanted]
        if weights:
            return max(weights)
    return 0.0


def _unreadable() -> Problem:
    return Problem(ProblemKind.ACCEPT_INVALID, "Write media types such as text/csv, separated by commas.")


def takes_gzip(headers: Mapping[str, str]) -> bool:
    """Whether gzip is accepted; a header that cannot be read accepts nothing."""
    for part in headers.get("accept-encoding", "").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name == "gzip":
            return not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", one) for one in parameters)
    return False
