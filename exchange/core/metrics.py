"""The metrics: one row each, and nothing else. What evaluators, funders and researchers may subscribe to.

A row names the metric, its formula, its dimensions (each over the fixed domain of its tables), its unit, the questions of 2003
and 2008 that it answers, and one sentence for an evaluator. Adding a metric touches one row here, one pure function in
`exchange.core.formulas` where no maker there will do, one property, and one line of the changelog; `docs/METRICS.md`
is derived.

What cannot be computed today stands in `exchange.core.unreleased`, with the smallest released table that would change that.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exchange.core import vocabulary as v
from exchange.core.declared import DECLARED, Declared
from exchange.core.evidence import EVIDENCE
from exchange.core.figures import MetricPoint, Unit, Usable, point
from exchange.core.formulas import (
    Formula,
    counted,
    either,
    evidence,
    per,
    quantiles,
    rated,
    share_of,
    shared,
    shared_within,
)
from exchange.core.quantiles import Band
from exchange.core.reconcile import HELD, Margin
from exchange.core.releases import Released
from exchange.core.tables import Tier
from exchange.core.view import View

CAVEAT: Final = (
    "Intervals cover the noise only; counts are capped for each client, and people are not de-duplicated across agencies: "
    "these are services, not prevalence."
)
"""Stands on every page that shows a point."""

EVENTS: Final = Unit("events")
CLIENTS: Final = Unit("clients")
SHARE: Final = Unit("share", 4)
DAYS: Final = Unit("days")
DOLLARS: Final = Unit("US dollars per unmet need", 2)
OF_STATES: Final = "state_needs_by_service_group"
UNMET_OF_STATES: Final = "state_unmet_needs_by_service_group"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row. `dimensions`: the kinds of cells it has points for. `answers`: codes of questions (schemas/vocabulary)."""

    name: str
    formula: Formula
    dimensions: tuple[tuple[str, ...], ...]
    unit: Unit
    tables: tuple[str, ...]
    says: str
    answers: tuple[str, ...] = ()


def _count(one: Declared) -> Metric:
    says, unit = "Clients of a period with an event past a cap, each once: whom the caps cut short.", CLIENTS
    if one.table:
        what = f"sum of `{one.table.measure}`" if one.table.measure else "events"
        unit = Unit(one.table.measure) if one.table.measure else EVENTS
        says = f"How much was reported, cell by cell: `{one.table.body.__name__}`, {what}."
    kinds = ("state",), ("division",)
    axes = tuple((*place, *one.dimensions) for place in (kinds if one.tier is Tier.STATE_YEARLY else ((),)))
    return Metric(one.name, counted(one.name), axes, unit, (one.name,), says)


def _shares(name: str, table: str, says: str, answers: str = "") -> Metric:
    return Metric(name, shared(table), (DECLARED[table].dimensions,), SHARE, (table,), says, tuple(answers.split()))


def _share(name: str, table: str, says: str, *, above: str, below: str = "", answers: str = "") -> Metric:
    formula = share_of(table, above.split(), below.split())
    return Metric(name, formula, ((),), SHARE, (table,), says, tuple(answers.split()))


def _per_case(name: str, table: str, unit: str, says: str, answers: str) -> Metric:
    return Metric(
        name,
        per(table, "cases"),
        (DECLARED[table].dimensions,),
        Unit(unit, 4),
        (table, "cases"),
        says,
        tuple(answers.split()),
    )


def _bands(
    name: str, table: str, says: str, *, bands: Mapping[str, Band], unit: Unit = DAYS, answers: str = ""
) -> Metric:
    axes = (*DECLARED[table].dimensions[:-1], "quantile")
    return Metric(name, quantiles(table, bands), (axes,), unit, (table,), says, tuple(answers.split()))


def _over(name: str, over: str, under: str, says: str, *, unit: Unit) -> Metric:
    return Metric(name, rated(over, under), (DECLARED[over].dimensions,), unit, (over, under), says)


COUNTS: Final = tuple(map(_count, DECLARED.values()))

RATES: Final = (
    Metric(
        "unmet_need_share",
        either(rated("unmet_needs_by_service", "needs_by_service"), rated(UNMET_OF_STATES, OF_STATES)),
        (("service",), ("state", "service_group"), ("division", "service_group")),
        SHARE,
        ("unmet_needs_by_service", "needs_by_service", UNMET_OF_STATES, OF_STATES),
        "Needs reported unmet for each need identified in the same period; over 1 when needs of earlier periods went unmet.",
        ("service_evaluation",),
    ),
    _bands(
        "days_to_service",
        "services_by_wait_band",
        "Days from need to first service: half (p50) and nine in ten (p90) of those served waited no longer.",
        bands=v.WAIT_BAND_DAYS,
        answers="responsiveness service_evaluation",
    ),
    _bands(
        "days_to_referral_result",
        "referrals_by_wait_band",
        "Days from referral to its result, half and nine in ten of those resolved.",
        bands=v.WAIT_BAND_DAYS,
        answers="responsiveness",
    ),
    _share(
        "served_within_30_days",
        "services_by_wait_band",
        "Of first services after a need, those that came within 30 days; needs never served are not in it.",
        above="same_day days_1_7 days_8_30",
        answers="responsiveness",
    ),
    _share(
        "referral_acceptance",
        "referrals_by_result",
        "Of referrals that came to an end, those accepted or leading to the service; waiting and withdrawn ones left out.",
        above="accepted attained",
        below="accepted attained client_declined provider_rejected not_attained no_response",
        answers="responsiveness service_evaluation",
    ),
    _shares(
        "barrier_share",
        "barriers_by_barrier",
        "Each barrier as a share of all barriers that people met.",
        "barriers_for_victims funding_evidence",
    ),
    _per_case(
        "barriers_per_case",
        "barriers_by_barrier",
        "barriers per case opened",
        "How often each barrier was met for each case opened in the period: the measure of 2003, live.",
        "barriers_for_victims",
    ),
    _per_case(
        "needs_per_case",
        "needs_by_service",
        "needs per case opened",
        "How often each service was needed for each case opened in the period: the measure of 2003, live.",
        "needs_of_victims",
    ),
    _per_case(
        "services_per_case",
        "services_by_service",
        "services per case opened",
        "How often each service was given for each case opened in the period.",
        "services_provided",
    ),
    _shares(
        "unmet_reason_share", "unmet_needs_by_reason", "Each reason as a share of needs unmet.", "funding_evidence"
    ),
    _shares("exit_reason_share", "exits_by_reason", "Why care ended, as shares of cases closed.", "role_of_resiliency"),
    _shares("exit_destination_share", "exits_by_destination", "Where people went, as shares of cases closed."),
    _bands(
        "days_in_care",
        "exits_by_duration_band",
        "Days from opening to closing a case, half and nine in ten of cases closed; cases still open are not in it.",
        bands=v.DURATION_BAND_DAYS,
        answers="time_with_victim",
    ),
    _share(
        "care_over_12_months",
        "exits_by_duration_band",
        "Of cases closed, those open for more than twelve months: the figure of 2003.",
        above="months_12_to_24 over_24_months",
        answers="time_with_victim",
    ),
    _shares(
        "outcome_direction_share",
        "outcomes_by_direction",
        "How lives moved between two looks, as shares of assessments, whoever said so.",
        "role_of_resiliency best_practices",
    ),
    Metric(
        "outcome_direction_share_by_reporter",
        shared_within("outcomes_by_direction_and_reporter"),
        (("outcome_direction", "reported_by"),),
        SHARE,
        ("outcomes_by_direction_and_reporter",),
        "How lives moved, as shares of what the survivors said, of what the workers said, and of what both said together.",
        ("role_of_resiliency", "best_practices"),
    ),
    _shares(
        "health_condition_share",
        "health_by_condition",
        "Each condition as a share of conditions seen.",
        "public_health_impact",
    ),
    _share(
        "foreign_national_share",
        "cases_by_foreign_national",
        "Of cases where it is known and the agency reports it, those of foreign nationals.",
        above="yes",
        below="yes no",
        answers="countries_of_origin",
    ),
    _share(
        "organized_exploiter_share",
        "exploiters_by_type",
        "Of traffickers whose type is known, organized networks and gangs.",
        above="organized_network gang",
        answers="differences_danger trafficker_typologies",
    ),
    _over(
        "needs_per_place",
        "needs_by_service",
        "places_by_service",
        "Needs identified for each place that agencies reported for the service: capacity against need.",
        unit=Unit("needs per place reported", 4),
    ),
    _over(
        "dollars_per_unmet_need",
        "dollars_by_service",
        "unmet_needs_by_service",
        "Money received for a service for each need of it that went unmet: low where funding lags need.",
        unit=DOLLARS,
    ),
    _over(
        "dollars_per_unmet_need_by_funding_source",
        "dollars_by_funding_source",
        "unmet_needs_by_funding_source",
        "The same by the program that paid, and whose clients went without.",
        unit=DOLLARS,
    ),
    _shares(
        "support_needed_share",
        "provider_support_needed",
        "What providers ask help with, as shares of their answers.",
        "support_needed",
    ),
    _bands(
        "years_in_position",
        "provider_years_by_agency_type",
        "Years in the present position, half and nine in ten of providers surveyed, by kind of agency.",
        bands=v.YEARS_BAND_YEARS,
        unit=Unit("years"),
        answers="years_in_position",
    ),
    _bands(
        "reporting_minutes",
        "heartbeats_by_reporting_minutes",
        "Minutes that an agency spends on one report to the exchange, half and nine in ten of reports.",
        bands=v.REPORTING_MINUTES_MINUTES,
        unit=Unit("minutes"),
        answers="data_burden",
    ),
    Metric(
        "evidence",
        evidence(EVIDENCE),
        (("research_topic",),),
        EVENTS,
        tuple(dict.fromkeys(table for tables in EVIDENCE.values() for table in tables)),
        "Events with a known answer that speak to each research topic of 2008: how much evidence there is, not what it says.",
        tuple(EVIDENCE),
    ),
)

METRICS: Final[tuple[Metric, ...]] = (*COUNTS, *RATES)
BY_METRIC: Final[Mapping[str, Metric]] = {metric.name: metric for metric in METRICS}


def points(
    released: Released,
    epoch: int,
    usable: Usable,
    metrics: Iterable[Metric] = METRICS,
    margins: Iterable[Margin] = HELD,
) -> Iterator[MetricPoint]:
    """The points that an epoch's releases bring or change, as of that epoch, in the order of the table."""
    view = View(released, epoch, margins)
    for metric in metrics:
        for figure in metric.formula(view):
            yield point(metric.name, metric.unit, figure, view, usable)


def all_points(released: Released, usable: Usable, metrics: Iterable[Metric] = METRICS) -> Iterator[MetricPoint]:
    """The points of every epoch so far; each says what was known then."""
    rows = tuple(metrics)
    for epoch in released.epochs():
        yield from points(released, epoch, usable, rows)
