"""Adds the missing sizes to `schemas/public_sizes.json`: `python -m tools.derive.sizes`.

Rules kept: a size in the file is never changed, because it decided which published points were
usable. Every released table about clients has a size for each of its codes; it is 0 where the
sample has none. Nothing in the sample is late: of the cases, a tenth is planned to come too late.
The sample is drawn only if a size is missing.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Final

from exchange.core.release.client_tables import RELEASED_TABLES, TOO_LATE
from exchange.trial.sample.volumes import yearly_volumes
from exchange.wire.planned_sizes import FILE

LATE: Final = Fraction(1, 10)
SCALE: Final = Fraction(3, 10)
"""Of the nation: the sample whose sizes are planned with."""
PATH: Final = Path(__file__).parents[2] / "schemas" / FILE


def completed(found: dict[str, dict[str, int]], scale: Fraction = SCALE) -> dict[str, dict[str, int]]:
    """These sizes, and those of every table and code that they lack."""
    if all(code in found.get(row.name, {}) for row in RELEASED_TABLES for code in row.codes):
        return found
    volumes = dict(yearly_volumes(scale=scale).events)
    volumes[TOO_LATE, ""] = volumes["cases", ""] * LATE
    rows = {row.name: row.codes for row in RELEASED_TABLES}
    names = dict.fromkeys((*found, *rows))
    return {
        name: {
            **{code: round(volumes.get((name, code), 0)) for code in rows.get(name, ())},
            **found.get(name, {}),
        }
        for name in names
    }


def write(path: Path = PATH, scale: Fraction = SCALE) -> bool:
    """Complete the file by a sample of this size. Whether it changed."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    found = json.loads(before)["events_a_year"] if before else {}
    clients = json.loads(before)["clients_a_year"] if before else yearly_volumes().clients
    planned = {"clients_a_year": clients, "events_a_year": completed(found, scale)}
    after = json.dumps(planned, indent=1) + "\n"
    path.write_text(after, encoding="utf-8")
    return after != before


if __name__ == "__main__":
    print(f"{FILE}: {'written' if write() else 'complete'}")  # noqa: T201 - a command
