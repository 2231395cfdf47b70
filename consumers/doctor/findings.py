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
class Finding:
    """One line. `check`: its subject; `do`: the next step, empty where all is well."""

    check: str
    state: State
    found: str
    do: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, State.OK, found)


def warning(check: str, found: str, do: str) -> Finding:
    """Look at it soon; the exchange works."""
    return Finding(check, State.WARNING, found, do)


def fault(check: str, found: str, do: str) -> Finding:
    """Something does not work, loses records or lets somebody in."""
    return Finding(check, State.FAULT, found, do)


def not_known(check: str, found: str, do: str) -> Finding:
    """It could not be found out."""
    return Finding(check, State.NOT_KNOWN, found, do)


def is_fit(findings: Sequence[Finding]) -> bool:
    """Whether every check was made and none found a fault."""
    return all(finding.state in (State.OK, State.WARNING) for finding in findings)


def listed(names: Sequence[str], shown: int = 3) -> str:
    """The first few of these, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"{', '.join(names[:shown])}{more}"
