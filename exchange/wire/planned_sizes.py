"""The planned public sizes: how many events a year the nation would release, as a committed file.

`schemas/public_sizes.json` was reckoned from sample agencies, which are calibrated to published figures, before anything was
released (docs/adr/0019-public-sizes.md). A size that stands in it never changes; tables that are new are added.
"""

import json
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Final, TypedDict

from exchange.core.counting.cells import SEPARATOR
from exchange.core.metrics.expected import Yearly

FILE: Final = "public_sizes.json"


class Planned(TypedDict):
    """The file: events a year, within the caps, by released table and code, at so many new clients a year."""

    clients_a_year: int
    events_a_year: dict[str, dict[str, int]]


def national_clients() -> int:
    """The new clients a year that the sizes in the file are for."""
    return int(_planned()["clients_a_year"])


@cache
def planned_sizes(clients: int) -> Yearly:
    """The sizes of a year in which the agencies that publish have so many new clients."""
    planned = _planned()
    scale = Fraction(clients, planned["clients_a_year"])
    return {
        (table, tuple(code.split(SEPARATOR)) if code else ()): events * scale
        for table, sizes in planned["events_a_year"].items()
        for code, events in sizes.items()
    }


@cache
def _planned() -> Planned:
    found: Planned = json.loads(files("schemas").joinpath(FILE).read_text(encoding="utf-8"))
    return found
