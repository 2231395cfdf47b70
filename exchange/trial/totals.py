"""Totals from the counts: the most frequent services, needs, unmet needs, and states. Pure.

The operators' restricted view: exact counts, never to be published.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TOTALS = ("cases", "needs_by_service", "services_by_service", "unmet_needs_by_service")


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over all periods.

    `services`, `needs`, `unmet`: by code; `states`: (needs, services, unmet needs) by state.

    `heard`: agencies with a counted heartbeat.
    """

    cases: int
    needs: Counter[str]
    services: Counter[str]
    unmet: Counter[str]
    reasons: Counter[str]
    states: dict[str, tuple[int, int, int]]
    heard: int


def totals_of(parts: Iterable[Mapping[bytes, int]]) -> Totals:
    """The totals of the counts of all partitions."""
    by_code: dict[str, Counter[str]] = {name: Counter() for name in (*_TOTALS, "unmet_needs_by_reason")}
    by_state: dict[str, Counter[str]] = {name: Counter() for name in _TOTALS}
    heard: set[str] = set()
    for part in parts:
        for cell, n in part.items():
            name, _, rest = cell.partition(b"|")
            table = name.decode("ascii")
            if table in by_code:
                _, place, *values = rest.decode("ascii").split("|")
                by_code[table][values[0] if values else ""] += n
                if table in by_state:
                    by_state[table][place] += n
            elif table == "heartbeats_by_agency":
                heard.add(rest.decode("ascii").split("|")[1])
    needs, services, unmet = (by_state[name] for name in _TOTALS[1:])
    states = {state: (needs[state], services[state], unmet[state]) for state in needs | services | unmet}
    return Totals(
        cases=by_code["cases"].total(),
        needs=by_code["needs_by_service"],
        services=by_code["services_by_service"],
        unmet=by_code["unmet_needs_by_service"],
        reasons=by_code["unmet_needs_by_reason"],
        states=states,
        heard=len(heard),
    )
