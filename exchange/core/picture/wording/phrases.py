"""Words for places, periods, and codes within sentences.

`PHRASES` has one row for each slot of a wording (`exchange.core.picture.wording.metric_wording`):
the dimension that fills it, and the words around its label. Labels come from `schemas/vocabulary`.

Rules kept:
- A label in quotation marks stands as it is in its list. A label without them begins with a small
  letter and holds no comma, else it is quoted too: so every sentence can be read to its end.
- A code for a missing answer is quoted, like any other answer.
- `all` stands for the sum over a dimension, and is said with `any`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from exchange.core.counting.tables import MISSING_CODES
from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.metrics.formulas import ALL
from exchange.core.metrics.view import ARRIVALS
from exchange.core.model.epochs import month_of, year_of_epoch
from exchange.core.model.period import quarter_of, year_of
from exchange.core.picture.wording.labels import LABELS, TOPICS_2008

_LIST_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "elsewhere": "served_elsewhere",
        "support_needed": "barrier",
        "state": "us_state",
    }
)
"""Dimension → its list of codes, where their names differ."""
_OWN: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "division": {
            "new_england": "New England",
            "middle_atlantic": "Middle Atlantic",
            "east_north_central": "East North Central",
            "west_north_central": "West North Central",
            "south_atlantic": "South Atlantic",
            "east_south_central": "East South Central",
            "west_south_central": "West South Central",
            "mountain": "Mountain",
            "pacific": "Pacific",
            "territory": "Territories",
            "unknown": "Not known",
        },
        "presence": {"publishing": "Heard from", "silent": "Silent"},
        "timeliness": {"on_time": "On time", "late": "Late"},
        "quantile": {"p50": "Half", "p90": "Nine in ten"},
        "research_topic": {topic.code: topic.label for topic in TOPICS_2008},
    }
)
"""Labels of dimensions without a list."""
QUARTERS: Final = ("first", "second", "third", "fourth")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WITH_ARTICLE: Final = frozenset({"District", "Northern", "U.S."})
"""First words of states that take an article."""
_PROPER: Final = frozenset({"English"})
"""First words of labels that keep their capital."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """How a dimension's code stands in a sentence. `{}`: its label.

    `missing`: for codes of missing answers; none: as `known`. `every`: for `all`.
    """

    dimension: str
    known: str
    quoted: bool = True
    missing: str = ""
    every: str = ""


def _with(noun: str, dimension: str = "") -> Phrase:
    return Phrase(dimension or noun.replace(" ", "_"), f"with the {noun} {{}}", every=f"with any {noun}")


PHRASES: Final[Mapping[str, Phrase]] = MappingProxyType({
    "activity": Phrase("activity", "of the kind {}"),
    "age_group": Phrase("age_group", "aged {}", quoted=False, missing="with the age {}"),
    "agency_type": Phrase("agency_type", "of the kind {}"),
    "audience_band": Phrase("audience_band", "with an audience of {}", quoted=False, missing="with the audience {}"),
    "barrier": Phrase("barrier", "the barrier {}"),
    "buyer_or_beneficiary_type": Phrase("buyer_or_beneficiary_type", "of the type {}"),
    "control_method": _with("means of control", "control_method"),
    "cost_band": _with("cost", "cost_band"),
    "duration_band": _with("time in care", "duration_band"),
    "economic_factor": Phrase("economic_factor", "the economic factor {}"),
    "elsewhere": _with("answer", "elsewhere"),
    "exit_destination": _with("destination", "exit_destination"),
    "exit_reason": Phrase("exit_reason", "for the reason {}"),
    "exploitation_type": _with("type of exploitation", "exploitation_type"),
    "foreign_national": _with("answer", "foreign_national"),
    "funder": Phrase("funding_source", "from {}", every="from any program"),
    "funding_source": _with("funding source", "funding_source"),
    "gender": _with("gender"),
    "health_condition": Phrase("health_condition", "the condition {}"),
    "labor_sector": _with("sector of work", "labor_sector"),
    "outcome_direction": _with("direction", "outcome_direction"),
    "outcome_domain": _with("area of life", "outcome_domain"),
    "practice_use": Phrase("practice_use", "marked {}"),
    "presence": Phrase("presence", "that were {}", quoted=False),
    "protective_factor": Phrase("protective_factor", "the protective factor {}"),
    "recruitment_method": _with("way of recruitment", "recruitment_method"),
    "referral_result": _with("result", "referral_result"),
    "referral_source": _with("referral source", "referral_source"),
    "reported_by": Phrase("reported_by", "as reported by {}"),
    "reporting_minutes": _with("staff time", "reporting_minutes"),
    "research_topic": Phrase("research_topic", "the topic {}"),
    "resiliency_factor": Phrase("resiliency_factor", "the strength {}"),
    "service": Phrase("service", "for {}", quoted=False, missing="for the service {}", every="for any service"),
    "service_given": Phrase("service", "of the kind {}"),
    "service_group": Phrase("service_group", "for {}", quoted=False, missing="for the group {}", every="for any service"),
    "sex_exploitation_type": _with("type of sexual exploitation", "sex_exploitation_type"),
    "societal_factor": Phrase("societal_factor", "the societal factor {}"),
    "support_needed": Phrase("support_needed", "with the barrier {}"),
    "timeliness": Phrase("timeliness", "and were {}", quoted=False),
    "trafficker_type": Phrase("trafficker_type", "of the type {}"),
    "trafficking_status": _with("trafficking status", "trafficking_status"),
    "trafficking_type": _with("type of trafficking", "trafficking_type"),
    "unmet_reason": Phrase("unmet_reason", "for the reason {}"),
    "wait_band": _with("wait", "wait_band"),
    "years_band": Phrase("years_band", "with {} in the position", quoted=False, missing="with the time in the position {}"),
})  # fmt: skip
"""Slot → its words."""


_DIMENSIONS: Final[Mapping[str, str]] = MappingProxyType({
    "age_group": "Age",
    "agency_type": "Kind of agency",
    "audience_band": "Audience",
    "buyer_or_beneficiary_type": "Buyer or beneficiary",
    "control_method": "Means of control",
    "cost_band": "Cost",
    "duration_band": "Time in care",
    "elsewhere": "Served by another program",
    "foreign_national": "Nationality",
    "labor_sector": "Sector of work",
    "outcome_direction": "Direction",
    "outcome_domain": "Area of life",
    "presence": "Heard from or silent",
    "quantile": "Part",
    "recruitment_method": "Way of recruitment",
    "reporting_minutes": "Staff time",
    "service_group": "Group of services",
    "support_needed": "Help needed with",
    "timeliness": "On time or late",
    "trafficker_type": "Kind of trafficker",
    "unmet_reason": "Reason",
    "wait_band": "Wait",
    "years_band": "Time in the position",
})  # fmt: skip
"""Dimension → its heading, where it is not its name."""


def dimension_label(dimension: str) -> str:
    """The heading of a dimension's column, such as `Group of services`."""
    return _DIMENSIONS.get(dimension) or dimension.replace("_", " ").capitalize()


def label_of(dimension: str, code: str) -> str:
    """The label of a code, as headings and tables have it; an unknown code is its own label."""
    if code == ALL:
        return "All"
    labels = _OWN.get(dimension) or LABELS.get(_LIST_OF.get(dimension, dimension), {})
    return labels.get(code) or LABELS["missing_reason"].get(code, code)


def phrase(slot: str, dimensions: Mapping[str, str]) -> str:
    """The words of a slot; empty if the figure lacks its dimension."""
    row = PHRASES[slot]
    code = dimensions.get(row.dimension)
    if code is None:
        return ""
    if code == ALL:
        return row.every
    label = label_of(row.dimension, code)
    missing = code in MISSING_CODES
    if row.quoted or missing or "," in label:
        return (row.missing if missing and row.missing else row.known).format(f"“{label}”")
    return row.known.format(small(label))


def small(label: str) -> str:
    """With a small first letter, unless it is a name or an abbreviation."""
    first = label.split(" ", 1)[0]
    return label if first in _PROPER or first[1:2].isupper() else label[:1].lower() + label[1:]


def place(dimensions: Dimensions) -> str:
    """Such as `the nation`, `California` or `the Pacific division`."""
    for name, code in dimensions:
        if name in {"state", "division"}:
            label = label_of(name, code)
            if code in MISSING_CODES or code == "unknown":
                return f"a place marked “{label}”"
            if name == "state":
                return f"the {label}" if label.split(" ", 1)[0] in _WITH_ARTICLE else label
            return "the territories" if code == "territory" else f"the {label} division"
    return "the nation"


def period_words(point: MetricPoint) -> str:
    """Such as `the first quarter of 2026`, `2026` or, of arrivals, `October 2026`."""
    if point.period is ARRIVALS:
        return month_words(point.epoch)
    quarter, year = quarter_of(point.period), year_of(point.period)
    return f"the {QUARTERS[quarter - 1]} quarter of {year}" if quarter else str(year)


def month_words(epoch: int) -> str:
    """Such as `October 2026`."""
    return f"{MONTHS[month_of(epoch) - 1]} {year_of(year_of_epoch(epoch))}"
