"""Money and capacity: what there is, against what is needed, and what reporting costs."""

from collections.abc import Iterator, Mapping

from consumers.pages.figures_at_hand import Figures
from consumers.pages.making import across
from consumers.pages.parts.panels import Part, PartHeading
from exchange.core.metrics.questions import Span

INTRO = ("What agencies have in money and places, against what people need.",)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    yield PartHeading("places", "Places")
    yield across(figures, "places_by_service", "service", "Places that agencies reported", span=Span.QUARTER)
    yield across(
        figures, "needs_per_place", "service", "Needs for each place that agencies reported", span=Span.QUARTER
    )
    yield PartHeading("money", "Money")
    yield across(
        figures, "dollars_by_funding_source", "funding_source", "Money received, by program", span=Span.QUARTER
    )
    yield across(figures, "dollars_by_service", "service", "Money received, by service", span=Span.QUARTER)
    yield across(
        figures, "dollars_per_unmet_need", "service", "Money received for each need that went unmet", span=Span.QUARTER
    )
    yield across(
        figures,
        "dollars_per_unmet_need_by_funding_source",
        "funding_source",
        "Money from a program for each client who went without what it pays for",
        span=Span.QUARTER,
    )
    yield across(figures, "services_by_cost_band", "cost_band", "What services cost")
    yield PartHeading("reporting", "What reporting costs")
    yield across(
        figures,
        "reporting_minutes_share",
        "reporting_minutes",
        "Staff minutes for one scheduled report",
        span=Span.QUARTER,
    )
