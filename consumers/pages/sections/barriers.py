"""Barriers: what stands between people and help, and between agencies and helping."""

from collections.abc import Iterator, Mapping

from consumers.pages.figures_at_hand import Figures
from consumers.pages.making import across, over_time
from consumers.pages.parts.coverage_note import with_agencies
from consumers.pages.parts.panels import Part, PartHeading
from exchange.core.metrics.questions import Span

INTRO = ("What stands between people and help, as they or their workers said it, and between agencies and helping.",)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    yield PartHeading("people", "What people meet")
    yield across(figures, "barriers_per_case", "barrier", "Barriers for each case opened")
    yield across(figures, "barrier_share", "barrier", "Each barrier among all that people met")
    yield across(
        figures,
        "barriers_by_barrier_yearly_only",
        "barrier",
        "Barriers that are counted for the nation and the year only",
        notes=("Fear of deportation is counted apart, so that nobody can be found by it.",),
    )
    yield with_agencies(
        figures,
        over_time(
            figures,
            "barriers_per_case",
            "Distrust of the system, for each case opened",
            name="lack-of-trust",
            where={"barrier": "lack_of_trust"},
        ),
    )
    yield PartHeading("agencies", "What agencies meet")
    yield across(figures, "provider_barrier_share", "barrier", "What stands in agencies' way", span=Span.QUARTER)
    yield across(figures, "support_needed_share", "support_needed", "What agencies ask help with", span=Span.QUARTER)
    yield across(
        figures,
        "unmet_reason_share",
        "unmet_reason",
        "Reasons why a need went unmet",
        name="unmet-reasons-beside-barriers",
    )
