"""The findings of `exchange doctor` and `exchange edge doctor`, as a table or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, NoReturn

import typer

from exchange.core.exit_status import ExitStatus
from exchange.core.findings import CheckResult, is_fit

if TYPE_CHECKING:
    from exchange.cli.shared.folding_table import FoldingTable

STYLES = {"ok": "", "warning": "yellow", "fault": "red", "not known": "magenta"}


def end_with(findings: Sequence[CheckResult], *, as_json: bool) -> NoReturn:
    """Print the findings, and end with the status that they call for."""
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print_findings(findings)
    raise typer.Exit(ExitStatus.DONE if is_fit(findings) else ExitStatus.ERROR)


def print_findings(findings: Sequence[CheckResult]) -> None:
    """Print a line for each check."""
    from exchange.cli.shared.console import console

    console().print(findings_table(findings))


def findings_table(findings: Sequence[CheckResult]) -> "FoldingTable":
    """A line for each check; a column for the next step where one of them has one."""
    from exchange.cli.shared.console import table

    steps = any(finding.do for finding in findings)
    shown = table("check", "state", "found", *["next step"] * steps)
    for finding in findings:
        cells = (finding.check, finding.state.value, finding.found, finding.do)
        shown.add_row(*cells[: 3 + steps], style=STYLES[finding.state.value])
    return shown
