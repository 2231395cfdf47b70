"""What a request for a page asks for: checked against what there is. Raises Problem."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from consumers.pages.sections.all_sections import SECTIONS, PageSection
from consumers.pages.sections.place_pages import DIVISIONS, STATES
from consumers.serve.views.requested import Pairs
from exchange.core.errors import PeriodInvalid
from exchange.core.metrics.query import near
from exchange.core.model.epochs import EpochInvalid, parse_epoch
from exchange.core.model.period import parse_period, quarter_of
from exchange.web.problems import Problem, ProblemKind, cut

COMPARED: Final = ("figure", "one", "other")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page. `as_of` None: the newest month. `chosen`: checked values by name."""

    section: PageSection
    as_of: int | None
    chosen: tuple[tuple[str, str], ...] = ()

    @property
    def choice(self) -> Mapping[str, str]:
        """The chosen values."""
        return dict(self.chosen)


def page_request(section: PageSection, query: Pairs, place: str = "") -> PageRequest:
    """The request for a section. Raises Problem for a parameter that it does not have."""
    chosen = {"place": checked_place(place)} if "place" in section.chosen else {}
    as_of = None
    for name, text in query:
        if name == "as_of":
            as_of = _month(text)
        elif name in section.chosen and name == "year":
            chosen[name] = _year(text)
        else:
            known = ["as_of", *(one for one in section.chosen if one != "place")]
            raise Problem(ProblemKind.DIMENSION_UNKNOWN, f"This page has no parameter {cut(name)}.", near=known)
    return PageRequest(section, as_of, tuple(sorted(chosen.items())))


def comparison_asked(query: Pairs) -> tuple[int | None, Mapping[str, str]]:
    """(month, chosen values) of a request to compare. Raises Problem."""
    as_of, chosen = None, {}
    for name, text in query:
        if name == "as_of":
            as_of = _month(text)
        elif name in COMPARED:
            chosen[name] = text
        else:
            raise Problem(
                ProblemKind.DIMENSION_UNKNOWN, f"This page has no parameter {cut(name)}.", near=list(COMPARED)
            )
    return as_of, chosen


def month_asked(query: Pairs) -> int | None:
    """The month of a page that takes nothing else. Raises Problem."""
    return page_request(SECTIONS[1], query).as_of


def checked_place(place: str) -> str:
    """A state or division. Raises Problem."""
    if place not in (*STATES, *DIVISIONS):
        close = near(place, (*STATES, *DIVISIONS))
        raise Problem(ProblemKind.ADDRESS_UNKNOWN, f"There is no place {cut(place)}.", near=close)
    return place


def _month(text: str) -> int:
    try:
        return parse_epoch(text)
    except EpochInvalid as error:
        raise Problem(ProblemKind.PARAMETER_INVALID, f"as_of: {error}") from None


def _year(text: str) -> str:
    try:
        period = parse_period(text)
    except PeriodInvalid as error:
        raise Problem(ProblemKind.PARAMETER_INVALID, f"year: {error}") from None
    if quarter_of(period):
        raise Problem(ProblemKind.PARAMETER_INVALID, "year: write a year such as 2026.")
    return text
