"""The planned public sizes: the events a year that the nation would release, as a committed file.

`schemas/public_sizes.json` was worked out before anything was released, from sample agencies that
are calibrated to published figures (docs/adr/0019-public-sizes.md). A size in the file never
changes; new tables are added.
"""

import json
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Final, TypedDict

from exchange.core.counting.cells import SEPARATOR
from exchange.core.metrics.usability import Yearly
from exchange.core.release.released import Released

FILE: Final = "public_sizes.json"


class Planned(TypedDict):
    """The file: events a year within the caps, by table and code, for new clients a year."""

    clients_a_year: int
    events_a_year: dict[str, dict[str, int]]


def national_clients() -> int:
    """The number of new clients a year that the file's sizes are for."""
    return int(_planned()["clients_a_year"])


@cache
def planned_sizes(clients: int) -> Yearly:
    """The sizes of a year in which the publishing agencies have this number of new clients."""
    planned = _planned()
    scale = Fraction(clients, planned["clients_a_year"])
    return {
        (table, tuple(code.split(SEPARATOR)) if code else ()): events if scale == 1 else events * scale
        for table, sizes in planned["events_a_year"].items()
        for code, events in sizes.items()
    }


def planned_for(released: Released) -> Yearly:
    """The sizes that decide about these releases: for the clients that the first of them names."""
    return planned_sizes(released.clients_a_year or national_clients())


@cache
def _planned() -> Planned:
    found: Planned = json.loads(files("schemas").joinpath(FILE).read_text(encoding="utf-8"))
    return found
