"""The monthly sign of life: that reports arrive. It stands apart, as it is part of no figure."""

from collections.abc import Iterator, Mapping

from consumers.pages.figures_at_hand import Figures
from consumers.pages.making import arrivals
from consumers.pages.parts.panels import Part, PartHeading

INTRO = (
    (
        "These four numbers show only that reports arrive: what came in one month, of whatever quarter. They are part of no "
        "quarter's figure. Never add them up."
    ),
)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    yield PartHeading("life", "Reports that arrived, month by month")
    yield arrivals(figures, "arrivals_cases", "Clients with a case, in reports that arrived")
    yield arrivals(figures, "arrivals_needs", "Clients with a need, in reports that arrived")
    yield arrivals(figures, "arrivals_services", "Clients with a service, in reports that arrived")
    yield arrivals(figures, "arrivals_unmet_needs", "Clients with an unmet need, in reports that arrived")
