"""A brief about one place, for a funder: needs, trend, how sure, what is missing, sources.

    brief = brief_of(points, behind, "ca")
    brief.title, brief.blocks          the same for HTML and PDF, which only set them

Rules kept: every number stands in a sentence of `exchange.core.picture.wording.sentences`, with its
interval. A figure that is not shown is named, with the reason. Ranks and changes are told of whole
lists. Nothing is here that the page of the place does not have.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from exchange.core.counting.tables import MISSING_CODES
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.metrics.formulas import ALL
from exchange.core.metrics.table import CAVEAT
from exchange.core.model.period import quarter_of
from exchange.core.model.vocabulary import DIVISION
from exchange.core.picture.comparisons.measured import Behind
from exchange.core.picture.comparisons.told import charted, ranked
from exchange.core.picture.wording.phrases import month_words, period_words
from exchange.core.picture.wording.phrases import place as place_words
from exchange.core.picture.wording.sentences import sentence_of
from exchange.core.picture.wording.statuses import FigureStatus, status_of

NEEDS: Final = "state_needs_by_service_group"
SHARE: Final = "unmet_need_share"
CASES: Final = "state_cases"
COVERAGE: Final = "reporting_coverage"
MOST: Final = 6
"""Sentences of a list: what a reader of two pages takes in."""


class PlaceUnknown(ExchangeError):
    """There is no such state or division."""

    exit_code = ExitStatus.USAGE
    hint = "`exchange vocabulary us_state` lists the states; a division is written as pacific or new_england."


class NothingToBrief(ExchangeError):
    """No figure of a year was released for this place."""

    hint = "States and divisions have figures of whole years, from the January after on."


@dataclass(frozen=True, slots=True)
class BriefHeading:
    """The heading of a part."""

    text: str


@dataclass(frozen=True, slots=True)
class BriefText:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class BriefList:
    """Sentences, each with a mark before it."""

    items: tuple[str, ...]


BriefBlock = BriefHeading | BriefText | BriefList


@dataclass(frozen=True, slots=True)
class Brief:
    """The whole."""

    title: str
    blocks: tuple[BriefBlock, ...]

    @property
    def sentences(self) -> Iterator[str]:
        """Every text of it, in order."""
        for block in self.blocks:
            yield from block.items if isinstance(block, BriefList) else (block.text,)


def where_of(place: str) -> Dimensions:
    """The dimension of a state's or a division's code. Raises PlaceUnknown."""
    if place in DIVISION and place not in MISSING_CODES:
        return (("state", place),)
    if place in DIVISION.values() and place not in MISSING_CODES:
        return (("division", place),)
    raise PlaceUnknown(f"There is no state or division {place}.")


def brief_of(points: Sequence[MetricPoint], behind: Behind, place: str) -> Brief:
    """The brief of a place, of its newest year. Raises PlaceUnknown and NothingToBrief."""
    where = where_of(place)
    there = [point for point in points if set(where) <= set(point.dimensions) and point.period is not None]
    years = [point.period for point in there if point.metric == CASES and point.period and not quarter_of(point.period)]
    if not years:
        raise NothingToBrief(f"No year of {place_words(where)} was released.")
    newest = [point for point in there if point.period == max(years)]
    name, year = place_words(where), period_words(newest[0])
    blocks = (
        BriefText(
            f"What agencies that help survivors reported in {name} in {year}, as of {month_words(newest[0].epoch)}. "
            "These are services, not people, and not how many people are trafficked."
        ),
        BriefHeading("Clients"),
        *(BriefText(sentence_of(point)) for point in newest if point.metric == CASES),
        BriefHeading("What people needed"),
        *_list([point for point in newest if point.metric == NEEDS], behind),
        BriefHeading("Needs that went unmet"),
        *_list([point for point in newest if point.metric == SHARE], behind),
        BriefHeading("Over the years"),
        *_trend([point for point in there if point.metric == CASES], behind),
        BriefHeading("How sure this is, and what is missing"),
        BriefText(CAVEAT),
        *_not_shown(newest),
        *_coverage(points, where, max(years)),
        BriefHeading("Sources"),
        BriefText(f"Computed from these releases, and from nothing else: {_origins(newest)}."),
    )
    return Brief(f"Needs and services in {name}, {year}", blocks)


def _list(points: Sequence[MetricPoint], behind: Behind) -> Iterator[BriefBlock]:
    """The total, if there is one; then the largest of the list, each with its rank."""
    total = [point for point in points if ALL in dict(point.dimensions).values()]
    yield from (BriefText(sentence_of(point)) for point in total)
    parts = [point for point in points if point not in total]
    found = [one for one in ranked(parts, behind) if status_of(one.point).shows_number]
    if found:
        yield BriefList(tuple(f"{sentence_of(one.point)} {_first_large(one.words)}." for one in found[:MOST]))
    if len(found) > MOST:
        yield BriefText(f"These are the {MOST} largest of {len(found)} that are shown.")
    if len(found) < len(parts):
        yield BriefText(f"{len(parts) - len(found)} of {len(parts)} figures of this list are not shown.")


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]


def _trend(points: Sequence[MetricPoint], behind: Behind) -> Iterator[BriefBlock]:
    line = sorted(points, key=lambda point: point.period or 0)
    [changes] = charted([line], behind, {})
    if changes:
        yield BriefList(tuple(f"Clients whose case was opened: {one.words}." for one in changes))
    else:
        yield BriefText("One year was released so far, so nothing can be told of a trend.")


def _not_shown(points: Sequence[MetricPoint]) -> Iterator[BriefBlock]:
    counted = Counter(status_of(point) for point in points)
    hidden = [(status, counted[status]) for status in FigureStatus if counted[status] and not status.shows_number]
    if hidden:
        total = sum(count for _, count in hidden)
        yield BriefText(f"Of {len(points)} figures of this place and year, {total} are not shown:")
        yield BriefList(tuple(f"{count} {status.cell}. {status.sentence}" for status, count in hidden))


def _coverage(points: Sequence[MetricPoint], where: Dimensions, year: int) -> Iterator[BriefBlock]:
    """Who reports, in the division: states have no figure of their own."""
    (name, code), *_ = where
    division = DIVISION[code] if name == "state" else code
    for point in points:
        if (point.metric, point.period, point.dimensions) == (COVERAGE, year, (("division", division),)):
            yield BriefText(sentence_of(point))
            return
    yield BriefText("How many agencies report is not released for this year.")


def _origins(points: Sequence[MetricPoint]) -> str:
    found = sorted({(one.epoch, one.table) for point in points for one in point.computed_from})
    return ", ".join(f"{table} of {month_words(epoch)}" for epoch, table in found)
