"""What a check found, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The outcome of a check."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line. `check`: its subject; `do`: the next step, empty where all is well."""

    check: str
    state: State
    found: str
    do: str = ""


def ok(check: str, found: str) -> CheckResult:
    """All is well."""
    return CheckResult(check, State.OK, found)


def warning(check: str, found: str, do: str) -> CheckResult:
    """Look at it soon; the exchange works."""
    return CheckResult(check, State.WARNING, found, do)


def fault(check: str, found: str, do: str) -> CheckResult:
    """Something does not work, loses records or lets somebody in."""
    return CheckResult(check, State.FAULT, found, do)


def not_known(check: str, found: str, do: str) -> CheckResult:
    """It could not be found out."""
    return CheckResult(check, State.NOT_KNOWN, found, do)


def is_fit(findings: Sequence[CheckResult]) -> bool:
    """Whether every check was made and none found a fault."""
    return all(finding.state in (State.OK, State.WARNING) for finding in findings)


def listed(names: Sequence[str], shown: int = 3) -> str:
    """The first few of these, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"{', '.join(names[:shown])}{more}"
