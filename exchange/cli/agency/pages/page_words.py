"""The sentences of the pages, in English and Spanish.

    words = Words("es")
    words("Your file")          Tu archivo
    words("{n} rows", n=3)      3 filas

English is written where it is used; `spanish.toml` has the Spanish of each. What the edge itself
says, such as the rules of a check, is Spanish where that file has it, and else stays English and is
marked as such, so that a screen reader reads it so (`said`).

Rules kept: a sentence of the page without Spanish is an error, found by a test.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from markupsafe import Markup, escape

ENGLISH: Final = "en"
SPANISH: Final = "es"
LANGUAGES: Final[Mapping[str, str]] = {ENGLISH: "English", SPANISH: "Español"}


PLAIN: Final[Mapping[str, str]] = {
    "CaseOpened": "cases opened",
    "TraffickingFacts": "kinds of trafficking",
    "NeedIdentified": "needs",
    "ServiceProvided": "services given",
    "NeedUnmet": "needs not met",
    "BarrierReported": "barriers",
    "ReferralMade": "referrals made",
    "ReferralResolved": "results of referrals",
    "HealthObserved": "health conditions",
    "OutcomeAssessed": "outcomes",
    "CaseClosed": "cases closed",
    "ExploiterObserved": "kinds of traffickers",
    "FactorObserved": "risks and strengths",
    "ActivityHeld": "activities of the agency",
    "PracticeShared": "practices shared",
    "CapacityReported": "places of the agency",
    "FundingReceived": "funding of the agency",
    "ProviderSurveyed": "answers of providers",
    "AgencyProfiled": "the agency itself",
    "Tally": "totals",
    "individual": "events by quarter (individual)",
    "year_only": "events by year (year_only)",
    "tally_only": "totals only (tally_only)",
}
"""Name in the code → words that whoever works with clients would use."""


@cache
def spanish() -> Mapping[str, str]:
    """English → Spanish."""
    text = files("exchange.cli.agency.pages").joinpath("spanish.toml").read_text(encoding="utf-8")
    sections: dict[str, dict[str, str]] = tomllib.loads(text)
    return {english: other for section in sections.values() for english, other in section.items()}


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences in one language."""

    language: str = ENGLISH
    plain_names: bool = False
    """Whether names of the code are put into words, too."""

    def __call__(self, english: str, **filled: object) -> str:
        """A sentence of the pages. Raises KeyError if it has no Spanish."""
        return (english if self.language == ENGLISH else spanish()[english]).format(**filled)

    def plain(self, english: object) -> str:
        """What the edge says, as text: in this language where it is known."""
        text = str(english)
        return text if self.language == ENGLISH else spanish().get(text, text)

    def said(self, english: object) -> Markup:
        """What the edge says, as a part of a page."""
        if isinstance(english, Markup):
            return english
        text = PLAIN.get(str(english), str(english)) if self.plain_names else str(english)
        if self.language == ENGLISH or not text or not any(map(str.isalpha, text)):
            return escape(text)
        known = spanish().get(text)
        return escape(known) if known is not None else Markup('<span lang="en">{}</span>').format(text)


def preferred(accept_language: str) -> str:
    """The language that a browser asks for first, of those that there are."""
    asked = [part.partition(";")[0].strip().lower()[:2] for part in accept_language.split(",")]
    return next((one for one in asked if one in LANGUAGES), ENGLISH)
