"""What an agency sees of the caps: how much of what it says is in the releases, and how much is past a cap.

Counts by rule, never by client: how much is said of one client leaves the vault for nobody's eyes.
"""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from exchange.cli.shared.console import table
from producers.caps.marking import RuleCount
from producers.delivery.report import Report
from producers.words import counted

PAST_CAPS = "What is past a cap is in no release that the cap is for; the exchange's operators count it all the same."
UNNAMED = (
    "about a client without saying which. Nobody can tell how much is said of one person, so they are in no release and in no "
    "tally: give each its client, which stays here."
)


def caps_said(report: Report) -> list[RenderableType]:
    """What a run has to say of the caps; nothing where everything is within them."""
    said: list[RenderableType] = []
    if any(rule.past for rule in report.caps):
        said += [caps_table(report.caps), Text(PAST_CAPS)]
    if report.unnamed:
        said.append(Text(f"{counted(report.unnamed, 'fact')} {UNNAMED}"))
    return said


def caps_table(rules: Iterable[RuleCount]) -> Table:
    """How much of what each cap is about is within it, and how much past it."""
    shown = table(
        "cap for a client in a period", "within", "past", right=("within", "past"), title="caps of the releases"
    )
    for rule in rules:
        shown.add_row(rule.rule, str(rule.kept), str(rule.past), style="" if rule.past else "dim")
    return shown
