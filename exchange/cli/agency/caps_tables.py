"""The caps as an agency sees them: facts within each cap, and facts over it.

Counts by rule, never by client: nobody sees how many events there are about one client.
"""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from exchange.cli.shared.console import table
from exchange.core.words import number_of
from producers.caps.marking import RuleCount
from producers.delivery.report import Report

PAST_CAPS = "Events over a cap are not counted in published figures. The exchange's operators still count them."
UNNAMED = (
    "about a client without a client key, so no cap can be applied. They are left out of published figures and tallies. Add "
    "a client key to each; it never leaves this machine."
)


def caps_shown(report: Report) -> list[RenderableType]:
    """The caps' part of a run's report; empty where everything is within them."""
    shown: list[RenderableType] = []
    if any(rule.past for rule in report.caps):
        shown += [caps_table(report.caps), Text(PAST_CAPS)]
    if report.unnamed:
        shown.append(Text(f"{number_of(report.unnamed, 'fact')} {UNNAMED}"))
    return shown


def caps_table(rules: Iterable[RuleCount]) -> Table:
    """How many facts are within each cap, and how many over it."""
    shown = table(
        "cap for a client in a period", "within", "over", right=("within", "over"), title="caps on published figures"
    )
    for rule in rules:
        shown.add_row(rule.rule, str(rule.kept), str(rule.past), style="" if rule.past else "dim")
    return shown
