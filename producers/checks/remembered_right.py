"""What a person has called right: remembered in the vault, and quiet until the number changes."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from producers.checks.check_result import name_of
from producers.checks.row_findings import RuleFinding
from producers.vault.store import Vault

_NAME: Final = "checked_right"


class NothingToCallRight(ExchangeError):
    """No finding of this file has that name."""

    exit_code = ExitStatus.USAGE
    hint = "Take the name from the list of findings, such as V01:2026Q3:NeedIdentified."


def called_right(vault: Vault) -> Mapping[str, int]:
    """Name of a finding → the number at which it was called right."""
    row = vault.one("SELECT value FROM meta WHERE name = ?", (_NAME,))
    return {} if row is None else dict(json.loads(row[0]))


def call_right(vault: Vault, names: Iterable[str], findings: Iterable[RuleFinding]) -> None:
    """Remember findings as right, in the open vault; raises NothingToCallRight."""
    by_name = {name_of(found): weight_of(found) for found in findings}
    known = dict(called_right(vault))
    for name in names:
        if name not in by_name:
            raise NothingToCallRight
        known[name] = by_name[name]
    vault.set(_NAME, json.dumps(known, sort_keys=True).encode())


def is_right(found: RuleFinding, right: Mapping[str, int]) -> bool:
    """Whether a person called this finding right, and its number is the same since."""
    return right.get(name_of(found)) == weight_of(found)


def weight_of(found: RuleFinding) -> int:
    """The number of a finding: of a quarter, or of rows."""
    return found.rows[0] if found.rule.id.startswith("V") else found.count
