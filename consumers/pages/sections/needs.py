"""Needs: from need to service, why needs go unmet, how long people wait, and where."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from consumers.pages.figures_at_hand import Figures
from consumers.pages.making import across, over_time, quantiles
from consumers.pages.parts.coverage_note import with_agencies
from consumers.pages.parts.panels import Panel, PanelRow, Part, PartHeading
from consumers.pages.parts.table_cells import value
from consumers.pages.sections.place_pages import all_places
from exchange.core.metrics.questions import Span

INTRO = ("What people needed, what they got, and what they went without.",)
MORE_THAN_ALL = (
    (
        "It can be more than 100 of 100: a need of an earlier quarter may be reported unmet in this one. Of each client, the "
        "same services are counted above and below the line."
    ),
)


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del chosen
    yield PartHeading("unmet", "Needed, and not given")
    yield across(
        figures,
        "unmet_need_share",
        "service_group",
        "Unmet needs for each need, by group of services",
        notes=MORE_THAN_ALL,
    )
    yield _from_need_to_service(figures)
    yield with_agencies(
        figures,
        over_time(
            figures,
            "unmet_need_share",
            "Unmet needs for each need, all services together",
            name="unmet-need-share-all",
            where={"service": "all"},
        ),
    )
    yield PartHeading("needed", "What people need")
    yield across(figures, "needs_per_case", "service", "Needs for each case opened")
    yield across(figures, "services_per_case", "service", "Services given for each case opened")
    yield across(
        figures,
        "needs_by_service_yearly_only",
        "service",
        "Needs that are counted for the nation and the year only",
        notes=(
            "Immigration, reproductive health and substance use are counted apart, so that nobody can be found by them.",
        ),
    )
    yield PartHeading("why", "Why needs go unmet")
    yield across(figures, "unmet_reason_share", "unmet_reason", "Reasons why a need went unmet")
    yield PartHeading("waits", "How long people wait")
    yield quantiles(figures, "days_to_service", "Days from a need to the first service")
    yield with_agencies(figures, over_time(figures, "served_within_30_days", "First services within 30 days"))
    yield quantiles(figures, "days_to_referral_result", "Days until a referral had a result")
    yield with_agencies(figures, over_time(figures, "referral_acceptance", "Referrals that led to the service"))
    yield PartHeading("where", "Where", ("Each place has a page of its own.",))
    yield from all_places()


def _from_need_to_service(figures: Figures) -> Panel:
    """Share by service, with needs, services and unmet needs beside it."""
    panel = across(
        figures,
        "unmet_need_share",
        "service",
        "From need to service, service by service",
        name="from-need-to-service",
        notes=MORE_THAN_ALL,
    )
    year = figures.newest("unmet_need_share", Span.YEAR)

    def beside(row: PanelRow) -> tuple[str, ...]:
        code = dict(row.point.dimensions)["service"] if row.point else ""
        if code == "all":
            return tuple(value(figures.one(metric, year)) for metric in ("needs", "services", "unmet_needs"))
        tables = ("needs_by_service", "services_by_service", "unmet_needs_by_service")
        return tuple(value(figures.one(table, year, service=code)) for table in tables)

    rows = tuple(replace(row, more=(*row.more, *beside(row))) for row in panel.rows)
    return replace(panel, rows=rows, heads=(*panel.heads, "Needs", "Services given", "Unmet needs"))
