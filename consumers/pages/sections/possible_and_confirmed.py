"""Possible and confirmed cases, each apart, and what was reported about all of them."""

from collections.abc import Iterator, Mapping
from typing import Final

from consumers.pages.figures_at_hand import Figures
from consumers.pages.making import across, over_time
from consumers.pages.parts.coverage_note import with_agencies
from consumers.pages.parts.panels import Part, PartHeading

INTRO = (
    (
        "Possible and confirmed trafficking are counted apart: a possible case is one in which signs were seen and nothing is "
        "decided. Help does not wait for the decision."
    ),
)
_STATUSES: Final = (
    ("confirmed", "Clients whose trafficking is confirmed"),
    ("possible", "Clients whose trafficking is possible, and nothing is decided"),
    ("not_established", "Clients whose trafficking is not established"),
)
_KINDS: Final = (
    ("trafficking_type_share", "trafficking_type", "Sex and labor trafficking"),
    ("cases_by_exploitation_type", "exploitation_type", "Kinds of exploitation"),
    ("cases_by_sex_exploitation_type", "sex_exploitation_type", "Kinds of sexual exploitation"),
    ("cases_by_labor_sector", "labor_sector", "Sectors of work"),
    ("cases_by_recruitment_method", "recruitment_method", "Ways of recruitment"),
    ("cases_by_control_method", "control_method", "Means of control"),
)
_PEOPLE: Final = (
    ("gender_share", "gender", "Gender"),
    ("age_group_share", "age_group", "Age"),
    ("cases_by_referral_source", "referral_source", "Who sent people to the agency"),
    ("cases_by_foreign_national", "foreign_national", "Nationality"),
    ("cases_by_elsewhere", "elsewhere", "Helped by another program before"),
)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    yield PartHeading("status", "Possible and confirmed, apart")
    yield across(figures, "cases_by_trafficking_status", "trafficking_status", "Clients by what is established")
    for code, title in _STATUSES:
        name = f"cases-{code.replace('_', '-')}"
        where = {"trafficking_status": code}
        yield with_agencies(figures, over_time(figures, "cases_by_trafficking_status", title, name=name, where=where))
    yield PartHeading(
        "facts",
        "What was reported about the trafficking",
        ("These figures hold possible and confirmed cases together: they are not counted apart by it.",),
    )
    for metric, dimension, title in _KINDS:
        yield across(figures, metric, dimension, title)
    yield PartHeading(
        "people", "Who came", ("People as agencies recorded them, possible and confirmed cases together.",)
    )
    for metric, dimension, title in _PEOPLE:
        yield across(figures, metric, dimension, title)
