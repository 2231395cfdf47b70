"""The sections of the page, in the order of the menu: address, words, and what makes the parts.

To add one, write a module with `parts` beside this and append a row.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import Part
from consumers.pages.sections import (
    assessment,
    barriers,
    money,
    needs,
    noise_explained,
    open_questions,
    outcomes,
    picture,
    place_pages,
    possible_and_confirmed,
    practices_catalogue,
    research,
    sign_of_life,
)

Parts = Callable[[Figures, Mapping[str, str]], Iterable[Part]]


@dataclass(frozen=True, slots=True)
class PageSection:
    """One section. `title`: in the menu; `heading`: above the page; `chosen`: its parameters."""

    address: str
    title: str
    heading: str
    parts: Parts
    intro: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    in_menu: bool = True

    def address_of(self, chosen: Mapping[str, str]) -> str:
        """The address, with what was chosen in its path."""
        return self.address.format_map(chosen)

    def heading_of(self, chosen: Mapping[str, str]) -> str:
        """The heading, with the name of the place that was chosen."""
        return place_pages.name_of_place(chosen["place"]) if "place" in chosen else self.heading


PLACES_SECTION: Final = PageSection(
    "/places/{place}", "A place", "", place_pages.parts, place_pages.INTRO, ("place",), in_menu=False
)
SECTIONS: Final = (
    PageSection("/", "Picture", "The shared national picture", picture.parts, picture.INTRO, ("year",)),
    PageSection("/needs", "Needs", "Needs, and what went unmet", needs.parts, needs.INTRO),
    PageSection("/barriers", "Barriers", "Barriers", barriers.parts, barriers.INTRO),
    PageSection("/outcomes", "Outcomes", "Outcomes, and how care ended", outcomes.parts, outcomes.INTRO),
    PageSection("/money", "Money and capacity", "Money and capacity", money.parts, money.INTRO),
    PageSection(
        "/cases",
        "Possible and confirmed",
        "Possible and confirmed trafficking",
        possible_and_confirmed.parts,
        possible_and_confirmed.INTRO,
    ),
    PageSection("/arrivals", "Sign of life", "The monthly sign of life", sign_of_life.parts, sign_of_life.INTRO),
    PageSection(
        "/assessment", "2003 and now", "The needs assessment of 2003, and now", assessment.parts, assessment.INTRO
    ),
    PageSection("/research", "Research topics", "The research topics of 2008", research.parts, research.INTRO),
    PageSection(
        "/questions", "Open questions", "Asked, and not computable yet", open_questions.parts, open_questions.INTRO
    ),
    PageSection("/noise", "Noise", "What the noise is", noise_explained.parts, noise_explained.INTRO),
    PageSection("/practices", "Practices", "Practices", practices_catalogue.parts, practices_catalogue.INTRO),
    PLACES_SECTION,
)
