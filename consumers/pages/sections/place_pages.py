"""One place: a state or a division, year by year. And links to all of them."""

from collections.abc import Iterator, Mapping
from typing import Final

from consumers.pages.figures_at_hand import Figures
from consumers.pages.making import across, over_time
from consumers.pages.parts.panels import PageLink, PageLinks, Part, PartHeading
from exchange.core.counting.tables import MISSING_CODES
from exchange.core.metrics.query import codes_of
from exchange.core.metrics.questions import Span
from exchange.core.model.vocabulary import DIVISION
from exchange.core.picture.wording.phrases import label_of

_NO_PLACE: Final = {*MISSING_CODES, "unknown", "not_applicable"}
DIVISIONS: Final = tuple(code for code in codes_of("division") if code not in _NO_PLACE)
STATES: Final = tuple(code for code in codes_of("state") if code not in MISSING_CODES)
INTRO = (
    "Figures of places are for whole years, because their noise is large. Read those that are usable; the others say why not.",
)


def kind_of(place: str) -> str:
    """`division` or `state`. Raises KeyError for neither."""
    if place in DIVISIONS:
        return "division"
    if place in STATES:
        return "state"
    raise KeyError(place)


def name_of_place(place: str) -> str:
    """In words."""
    return label_of(kind_of(place), place)


def address_of(place: str) -> str:
    """Its page; empty for a code that is no place, such as a missing answer."""
    return f"/places/{place}" if place in (*STATES, *DIVISIONS) else ""


def all_places() -> Iterator[Part]:
    """PageLinks to every place."""
    for label, places in (("Parts of the country", DIVISIONS), ("States and territories", STATES)):
        yield PageLinks(label, tuple(PageLink(name_of_place(one), address_of(one)) for one in places))


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section of `chosen["place"]`."""
    place = chosen["place"]
    where, named = {kind_of(place): place}, name_of_place(place)
    yield PageLinks("For a funder", (PageLink("A brief of two pages", f"/brief/{place}"),))
    yield _around(place)
    yield PartHeading("unmet", "Needs that went unmet")
    yield across(
        figures,
        "unmet_need_share",
        "service_group",
        f"{named}: unmet needs for each need",
        name=f"{place}-unmet-need-share",
        where=where,
    )
    yield PartHeading("needs", "What people needed")
    yield across(
        figures, "state_needs_by_service_group", "service_group", f"{named}: needs", name=f"{place}-needs", where=where
    )
    yield across(
        figures,
        "state_unmet_needs_by_service_group",
        "service_group",
        f"{named}: unmet needs",
        name=f"{place}-unmet-needs",
        where=where,
    )
    yield PartHeading("cases", "Clients whose case was opened")
    yield over_time(
        figures, "state_cases", f"{named}: year by year", span=Span.YEAR, name=f"{place}-cases", where=where
    )
    yield over_time(
        figures,
        "state_cases_mean",
        f"{named}: mean of the last two or three years",
        span=Span.YEAR,
        name=f"{place}-cases-mean",
        where=where,
        notes=("It has less noise than one year, and it is older.",),
    )
    if kind_of(place) == "division":
        yield PartHeading("agencies", "Who is missing here")
        yield over_time(
            figures, "reporting_coverage", f"{named}: agencies heard from", name=f"{place}-agencies", where=where
        )
    yield from all_places()


def _around(place: str) -> PageLinks:
    """Of a division its states, of a state its division."""
    if kind_of(place) == "division":
        states = tuple(one for one in STATES if DIVISION.get(one) == place)
        return PageLinks("Its states", tuple(PageLink(name_of_place(one), address_of(one)) for one in states))
    division = DIVISION[place]
    return PageLinks("Part of the country", (PageLink(name_of_place(division), address_of(division)),))
