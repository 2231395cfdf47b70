"""What a request asks for, checked: a metric, a form, dimensions, periods, a month and a page.

Rules kept: a name or code that does not exist is a problem that names near ones, never an empty
answer. What was not read yet is not said to be missing. Every size has a limit.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final
from urllib.parse import urlencode

from consumers.serve.snapshot.snapshot import Picture
from consumers.sheets.figure_columns import dimensions_of
from exchange.core.errors import PeriodInvalid
from exchange.core.metrics.query import codes_of, near
from exchange.core.metrics.table import BY_METRIC
from exchange.core.model.epochs import EpochInvalid, epoch_text, parse_epoch
from exchange.core.model.period import parse_period
from exchange.web.problems import Problem, ProblemKind, cut
from exchange.wire.public_records import ARRIVALS_TEXT

PARAMETERS: Final = ("as_of", "period", "start", "limit", "excel")
"""Beside the dimensions; no dimension has one of these names."""
CODES_MAX: Final = 200
"""Codes in one request, of all dimensions and periods together."""
QUERY_MAX: Final = 4_096
"""Bytes of a query string."""
LIMIT: Final = 1_000
LIMIT_MAX: Final = 10_000
START_MAX: Final = 10_000_000
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_YES_NO: Final = {"1": True, "0": False}

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FigureRequest:
    """A checked request for the figures of one metric.

    `where`: codes by dimension; of periods under `period`. `as_of`: None: the newest month.
    """

    metric: str
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    as_of: int | None = None
    start: int = 0
    limit: int = LIMIT
    excel: bool = False

    def of_page(self, start: int, as_of: int) -> "FigureRequest":
        """The same question, from another row on, as of this month for ever."""
        return replace(self, start=start, as_of=as_of)

    def query(self) -> str:
        """The query string that asks it; equal questions have equal ones."""
        pairs = [(name, code) for name, codes in self.where for code in codes]
        pairs += [("as_of", epoch_text(self.as_of))] if self.as_of is not None else []
        pairs += [("start", str(self.start))] if self.start else []
        pairs += [("limit", str(self.limit))] if self.limit != LIMIT else []
        pairs += [("excel", "1")] if self.excel else []
        return f"?{urlencode(pairs)}" if pairs else ""

    def takes(self, dimensions: Iterable[tuple[str, str]], period: str) -> bool:
        """Whether a figure is asked for."""
        held = {**dict(dimensions), "period": period}
        return all(held.get(name) in codes for name, codes in self.where)


def check_metric(name: str) -> str:
    """The name itself; raises Problem."""
    if name not in BY_METRIC:
        close = near(name, BY_METRIC)
        raise Problem(ProblemKind.METRIC_UNKNOWN, f"There is no metric {cut(name)}. /v1/metrics lists all.", near=close)
    return name


def asked(metric: str, query: Pairs) -> FigureRequest:
    """The request for a metric. Raises Problem."""
    check_metric(metric)
    given: dict[str, list[str]] = {}
    for name, text in query:
        given.setdefault(name, []).extend(text.split(","))
    if sum(map(len, given.values())) > CODES_MAX:
        raise Problem(
            ProblemKind.TOO_MUCH_ASKED, f"Ask for at most {CODES_MAX} codes at a time, or for the whole metric."
        )
    where = tuple(
        (name, tuple(dict.fromkeys(_checked(metric, name, code) for code in given[name])))
        for name in sorted(given)
        if name == "period" or name not in PARAMETERS
    )
    return FigureRequest(
        metric,
        where,
        _as_of(given),
        _number(given, "start", 0, 0, START_MAX),
        _number(given, "limit", LIMIT, 1, LIMIT_MAX),
        _flag(given, "excel"),
    )


def asked_plainly(query: Pairs) -> FigureRequest:
    """A request without a metric: for the catalogue, which has one parameter."""
    for name, _ in query:
        if name != "excel":
            raise Problem(ProblemKind.DIMENSION_UNKNOWN, f"There is no parameter {cut(name)} here.", near=["excel"])
    return FigureRequest("", excel=_flag({"excel": [text for _, text in query]} if query else {}, "excel"))


def _checked(metric: str, name: str, code: str) -> str:
    if name == "period":
        return _period(code)
    there = dimensions_of(metric)
    if name not in there:
        words = (*there, *PARAMETERS)
        close = near(name, words) or list(there)
        raise Problem(ProblemKind.DIMENSION_UNKNOWN, f"{metric} has no dimension {cut(name)}.", near=close)
    codes = _codes(name)
    if code not in codes:
        raise Problem(ProblemKind.CODE_UNKNOWN, f"{name} has no code {cut(code)}.", near=near(code, codes))
    return code


@cache
def _codes(dimension: str) -> frozenset[str]:
    return frozenset(codes_of(dimension))


def _period(text: str) -> str:
    if text != ARRIVALS_TEXT:
        try:
            parse_period(text)
        except PeriodInvalid as error:
            raise Problem(ProblemKind.PARAMETER_INVALID, f"period: {error}") from None
    return text


def _single(given: Mapping[str, list[str]], name: str) -> str | None:
    texts = given.get(name)
    if texts is None:
        return None
    if len(texts) != 1:
        raise Problem(ProblemKind.PARAMETER_INVALID, f"Give {name} once.")
    return texts[0]


def _as_of(given: Mapping[str, list[str]]) -> int | None:
    text = _single(given, "as_of")
    return None if text is None else as_epoch(text)


def as_epoch(text: str) -> int:
    """The month of such a text. Raises Problem."""
    try:
        return parse_epoch(text)
    except EpochInvalid as error:
        raise Problem(ProblemKind.PARAMETER_INVALID, f"{cut(text)}: {error}") from None


def _number(given: Mapping[str, list[str]], name: str, default: int, least: int, most: int) -> int:
    text = _single(given, name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise Problem(ProblemKind.PARAMETER_INVALID, f"{name} must be a whole number from {least} to {most:,}.")
    return int(text)


def _flag(given: Mapping[str, list[str]], name: str) -> bool:
    text = _single(given, name)
    if text is not None and text not in _YES_NO:
        raise Problem(ProblemKind.PARAMETER_INVALID, f"{name} must be 1 or 0.")
    return _YES_NO[text] if text is not None else False


def epoch_shown(picture: Picture, as_of: int | None, *, complete: bool) -> int:
    """The month as of which a request is answered.

    Raises Problem: nothing was released for it; or, while the topics are being read (`complete`
    False), it may not have been read yet.
    """
    newest = picture.newest
    if newest is None:
        if complete and as_of is None:
            raise Problem(ProblemKind.EPOCH_UNKNOWN, "No figures have been released yet.")
        raise no_such_epoch(picture, as_of) if complete else not_read_yet()
    if as_of is None:
        return newest
    if as_of > newest and not complete:
        raise not_read_yet()
    if not min(picture.epochs) <= as_of <= newest:
        raise no_such_epoch(picture, as_of)
    return as_of


def not_read_yet() -> Problem:
    """The figures are still being read."""
    detail = "The figures are still being read from Kafka. Ask again in some seconds; /v1/status says how far it is."
    return Problem(ProblemKind.NOT_READ_YET, detail, headers={"retry-after": "5"})


def no_such_epoch(picture: Picture, as_of: int | None) -> Problem:
    """What to say of a month without figures."""
    there = sorted(picture.epochs)
    known = f"Figures were released for {epoch_text(there[0])} to {epoch_text(there[-1])}." if there else ""
    asked_for = epoch_text(as_of) if as_of is not None else "this month"
    close = [epoch_text(there[-1])] if there else []
    return Problem(ProblemKind.EPOCH_UNKNOWN, f"No figures were released for {asked_for}. {known}".strip(), near=close)
