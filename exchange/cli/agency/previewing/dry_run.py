"""What a dry run found, at a terminal and as JSON: the same for every command that does one."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from exchange.cli.agency.leaving_tables import examples, leaving_table, plain_event
from exchange.cli.shared.console import table
from exchange.core.words import number_of
from producers.delivery.preview import Leaving
from producers.edge import Edge
from producers.vault.client_table import ClientTable
from producers.vault.facts_compared import FactChange, FactsCompared, compare_facts

LEADING = {
    "TraffickingFacts": "trafficking_type",
    "BarrierReported": "barrier",
    "HealthObserved": "health_condition",
    "OutcomeAssessed": "outcome_domain",
    "CaseOpened": "age_band",
    "CaseClosed": "exit_destination",
    "ActivityHeld": "activity",
    "FundingReceived": "funding_source",
    "AgencyProfiled": "agency_type",
    "Tally": "table",
}
"""Body → the field by which the terminal lists it, where it has no service."""
SERVICE = "service"
AGAIN = (
    "that did not change, because other events about the same client came or went: other events are within the caps now. "
    "Each is withdrawn and sent once more, with the same codes."
)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would leave, how it differs from what the exchange has, and how many are on hold."""

    leaving: list[Leaving]
    compared: FactsCompared
    clients_held: int


def dry_run_of(edge: Edge) -> DryRun:
    """What would leave now; nothing is sent or kept."""
    leaving = edge.leaving()
    return DryRun(leaving, compare_facts(edge.vault), ClientTable(edge.vault).held())


def shown_before_leaving(found: DryRun) -> Iterator[RenderableType]:
    """The comparison, and the events that would leave."""
    if found.leaving:
        yield _by_code(found.compared)
        yield leaving_table(found.leaving)
        yield examples(found.leaving)
    else:
        yield Text("Nothing would leave.")
    if found.compared.again:
        yield Text(f"Sent again: {number_of(found.compared.again, 'fact')} {AGAIN}")


def _by_code(compared: FactsCompared) -> RenderableType:
    changes = [str(change) for change in FactChange]
    shown = table("body", "code", *changes, right=tuple(changes), title="facts by code, beside what the exchange has")
    for one in compared.codes:
        if one.field == LEADING.get(one.body, SERVICE):
            shown.add_row(one.body, one.code, *(str(one.counts[change] or "") for change in FactChange))
    return shown


def plain_dry_run(found: DryRun) -> dict[str, object]:
    """What would leave as JSON-able data."""
    return {
        "compared": found.compared.plain(),
        "clients_held": found.clients_held,
        "leaving": [plain_event(item) for item in found.leaving],
    }
