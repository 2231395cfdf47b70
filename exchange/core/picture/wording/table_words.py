"""The released tables in words, such as `Needs that went unmet, by reason`.

Rules kept: every released table has words, and no two have the same. Words come from what a table
counts and from its dimensions, so a table that is added needs a row here only if it counts
something new (`TableUnnamed`, which a test finds).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from exchange.core.metrics.shapes import YEARLY_ONLY
from exchange.core.picture.wording.phrases import dimension_label, small
from exchange.core.release.catalogue import DECLARED

_COUNTED: Final[Mapping[str, str]] = MappingProxyType({
    "cases_too_late": "Clients whose case came too late for its quarter",
    "cases": "Clients whose case was opened",
    "needs": "Needs that were identified",
    "services": "Services given",
    "unmet_needs": "Needs that went unmet",
    "barriers": "Clients who met a barrier",
    "referrals": "Referrals",
    "health": "Observations of health",
    "outcomes": "Assessments of outcomes",
    "exits": "Clients whose case was closed",
    "exploiters": "Records of exploiters",
    "factors": "Clients for whom a factor was seen",
    "state_cases": "State by state: clients whose case was opened",
    "state_needs": "State by state: needs that were identified",
    "state_unmet_needs": "State by state: needs that went unmet",
    "clients_over_caps": "Clients with more events than the caps let count",
    "arrivals_cases": "Arrivals of a month: clients with a case",
    "arrivals_needs": "Arrivals of a month: clients with a need",
    "arrivals_services": "Arrivals of a month: clients with a service",
    "arrivals_unmet_needs": "Arrivals of a month: clients with an unmet need",
    "activities": "Activities",
    "places": "Places",
    "dollars": "US dollars received",
    "provider_support_needed": "Providers who want help",
    "provider_years": "Providers' time in their position",
    "provider_barriers": "Barriers that providers named",
    "heartbeats": "Scheduled reports",
    "practices": "Practices",
    "evidence": "Records that speak to a research topic",
    "reporting": "Registered agencies",
})  # fmt: skip
"""Beginning of a table's name → what it counts. The longest beginning that fits is meant."""

_BY: Final[Mapping[str, str]] = MappingProxyType({
    "elsewhere": "whether another program had served them",
    "presence": "whether they were heard from",
    "referral_result": "result",
    "reported_by": "who reports it",
    "support_needed": "what they want help with",
    "timeliness": "whether they were on time",
})  # fmt: skip
"""Dimension → its words after `by`, where they are not its heading."""


class TableUnnamed(KeyError):
    """A table counts something that has no words here."""


def table_words(table: str) -> str:
    """What a released table counts, and by what. Raises TableUnnamed."""
    plain = table.removesuffix(YEARLY_ONLY)
    begins = [name for name in _COUNTED if plain == name or plain.startswith(f"{name}_")]
    if not begins:
        raise TableUnnamed(table)
    dimensions = DECLARED[table].dimensions if table in DECLARED else ()
    by = " and ".join(_BY.get(name) or small(dimension_label(name)) for name in dimensions)
    rare = " (codes that are released for whole years only)" if table != plain else ""
    return _COUNTED[max(begins, key=len)] + (f", by {by}" if by else "") + rare
