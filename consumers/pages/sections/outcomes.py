"""Outcomes and exits: how life moved, who said so, and how care ended."""

from collections.abc import Iterator, Mapping

from consumers.pages.figures_at_hand import Figures
from consumers.pages.making import across, over_time, quantiles
from consumers.pages.parts.coverage_note import with_agencies
from consumers.pages.parts.panels import Part, PartHeading

INTRO = ("How life moved while people were in care, in their own words first, and how care ended.",)
_OWN = "Own words of the person. Fewer people are asked than are assessed by workers; do not compare the two groups' sizes."


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    yield PartHeading("survivors", "What survivors themselves say")
    yield _by(figures, "survivor", "How life moved, as survivors themselves report it", (_OWN,))
    yield PartHeading("workers", "What workers say")
    yield _by(figures, "worker", "How life moved, as workers report it")
    yield _by(figures, "both", "How life moved, as survivor and worker report it together")
    yield across(figures, "outcome_direction_share", "outcome_direction", "How life moved, whoever said so")
    yield across(figures, "outcomes_by_domain", "outcome_domain", "What was looked at")
    yield PartHeading("exits", "How care ended")
    yield across(figures, "exit_reason_share", "exit_reason", "Why care ended")
    yield across(figures, "exit_destination_share", "exit_destination", "Where people went")
    yield quantiles(figures, "days_in_care", "Days in care")
    yield with_agencies(figures, over_time(figures, "care_over_12_months", "Care for more than twelve months"))


def _by(figures: Figures, reporter: str, title: str, notes: tuple[str, ...] = ()) -> Part:
    return across(
        figures,
        "outcome_direction_share_by_reporter",
        "outcome_direction",
        title,
        name=f"outcomes-by-{reporter}",
        where={"reported_by": reporter},
        notes=notes,
    )
