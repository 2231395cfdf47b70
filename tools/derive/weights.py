"""Plans the parts of the privacy budget: `python -m tools.derive.weights`.

The parts decide how many figures are worth reading. This program chooses them for the most *usable*
figures, on the sizes of one generated nation, and scores them on ten others. It prints a table and
changes nothing: the parts are copied into `exchange/core/release/budget.py` once, before the first
release, and stay as they are.

A figure is a known answer's cell of a released table in a quarter or a year, or a state's or a
division's cell of a year. Its noise is √terms·σ. It is within ± 20 % if 1.96 times that is at most
a fifth of its size; it counts as one then, and as `WITHIN_HALF` if it is within ± 50 %. To reach a
width of w, a table needs rho = m·terms·(1.96 / (w·size))² / 2, so each figure is a step in the rho
of its table. The parts are taken from the upper concave envelope of these steps, the steepest
first. Before that, tables get what questions need that cost little.

State sizes are the nation's by population (docs/adr/0019).
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from exchange.core.counting.cells import SEPARATOR
from exchange.core.counting.tables import MISSING_CODES, Tier
from exchange.core.metrics.usability import by_population
from exchange.core.model.vocabulary import DIVISION
from exchange.core.release.budget import RHO_TOTAL, TABLE_COSTS, WHOLE, TableCost
from exchange.core.release.client_tables import ARRIVALS, OVER_CAPS, TOO_LATE, ReleasedTable
from exchange.trial.sample.volumes import SEED, yearly_volumes

WITHIN: Final = (0.2, 0.5)
WITHIN_HALF: Final = 1.3
"""The worth of a figure within ± 50 %, beside one within ± 20 %."""
FIXED: Final[Mapping[str, int]] = {**dict.fromkeys(ARRIVALS, 40), OVER_CAPS: 10, TOO_LATE: 20}
"""The sign of life (a sixtieth of all) and what says how complete a period is."""
NEW: Final = frozenset({*FIXED, "cases_by_elsewhere"} - {OVER_CAPS})
"""Tables that came with counting each period once; the scores leave them out."""
ASKED: Final[Mapping[str, int]] = {
    "services_by_wait_band": 58,
    "cases_by_trafficking_type": 28,
    "state_cases": 780,
    "state_unmet_needs_by_service_group": 1900,
    "cases_by_gender": 56,
    "outcomes_by_direction": 34,
    "factors_by_economic_factor": 116,
    "factors_by_protective_factor": 113,
}
"""What questions need that are answered for little (`exchange budget --questions`).

States' cases, and the unmet share of basic needs, cost more, and are what states and funders ask.
"""
RESERVED: Final = 490
"""Kept for tables that come later: about a twentieth, or seven tables of a middling part."""
LEAST: Final = 8
"""No table has a smaller part, of 10,000."""
QUARTERS_AND_YEAR: Final = 5
"""The noise of a quarterly table's year: four quarters, and the records of the year as a whole."""
PLANNED_ON: Final = Fraction(3, 10)
"""The size of the generated nation on which parts are chosen: a smaller one is more of a chance."""
SCORED: Final = tuple(range(1, 11))
LATE: Final = (Fraction(0), Fraction(1, 10), Fraction(1, 5))
_Z: Final = 1.96


@dataclass(frozen=True, slots=True)
class SizedFigure:
    """A figure's size, and how many cells' noise it adds up."""

    size: float
    terms: int


Sized = Mapping[str, tuple[SizedFigure, ...]]
"""Table → its figures."""


def figures(events: Mapping[tuple[str, str], Fraction]) -> Sized:
    """Every figure that released tables define, with these yearly volumes."""
    return {
        name: tuple(one for code in known(cost.row) for one in _of_cell(cost, events.get((name, code), Fraction(0))))
        for name, cost in TABLE_COSTS.items()
        if cost.row.tier in {Tier.NATION_QUARTERLY, Tier.NATION_YEARLY, Tier.STATE_YEARLY}
    }


def known(row: ReleasedTable) -> Iterator[str]:
    """The codes of known answers."""
    return (code for code in row.codes if MISSING_CODES.isdisjoint(code.split(SEPARATOR)))


def _of_cell(cost: TableCost, volume: Fraction) -> Iterator[SizedFigure]:
    if cost.row.tier is Tier.STATE_YEARLY:
        sizes = {str(state): float(size) for state, size in by_population(volume).items()}
        yield from (SizedFigure(sizes.get(place, 0.0), 1) for place in cost.row.places)
        of_division: Counter[str] = Counter()
        states: Counter[str] = Counter()
        for place in cost.row.places:
            of_division[DIVISION[place]] += sizes.get(place, 0.0)  # type: ignore[assignment]
            states[DIVISION[place]] += 1
        yield from (SizedFigure(of_division[name], states[name]) for name in states)
    elif cost.row.tier is Tier.NATION_YEARLY:
        yield SizedFigure(float(volume), 1)
    else:
        yield SizedFigure(float(volume) / 4, 1)
        yield SizedFigure(float(volume), QUARTERS_AND_YEAR)


def rho_for(squared_l2: int, figure: SizedFigure, width: float) -> float:
    """The rho with which a figure's relative 95 % half-width is this; infinite without a size."""
    return squared_l2 * figure.terms * (_Z / (width * figure.size)) ** 2 / 2 if figure.size else float("inf")


def planned(sized: Sized, worth_half: float = WITHIN_HALF) -> dict[str, int]:
    """The part of each table, of `WHOLE`."""
    parts = {**dict.fromkeys(TABLE_COSTS, LEAST), **ASKED, **FIXED}
    left = WHOLE - RESERVED - sum(parts.values())
    for table, part in _steepest_first(sized, worth_half):
        more = part - parts[table]
        if table not in FIXED and 0 < more <= left:
            parts[table], left = part, left - more
    return parts


def _steepest_first(sized: Sized, worth_half: float) -> list[tuple[str, int]]:
    """(table, part that it should have) in the order of worth for each unit of rho."""
    steps = []
    for table, found in sized.items():
        squared = TABLE_COSTS[table].squared_l2
        gains = [
            (rho_for(squared, one, width), worth)
            for one in found
            for width, worth in zip(WITHIN, (1.0, worth_half), strict=True)
            if one.size
        ]
        steps += [(slope, table, rho) for slope, rho in _envelope(sorted(gains))]
    return [(table, _part(rho)) for _, table, rho in sorted(steps, key=lambda step: step[0], reverse=True)]


def _part(rho: float) -> int:
    return int(rho / float(RHO_TOTAL) * WHOLE) + 1


def _envelope(gains: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """(slope, rho) of each edge of the least concave function above the steps."""
    corners, worth = [(0.0, 0.0)], 0.0
    for rho, gain in gains:
        worth += gain
        while len(corners) > 1 and _slope(corners[-2], corners[-1]) <= _slope(corners[-2], (rho, worth)):
            corners.pop()
        corners.append((rho, worth))
    return ((_slope(one, other), other[0]) for one, other in pairwise(corners))


def _slope(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0]) if other[0] > one[0] else float("inf")


def score(sized: Sized, parts: Mapping[str, int]) -> tuple[int, int]:
    """How many figures are within ± 20 % and ± 50 %."""
    found = [0, 0]
    for table, ones in sized.items():
        if table in NEW:
            continue
        squared, rho = TABLE_COSTS[table].squared_l2, float(RHO_TOTAL) * parts[table] / WHOLE
        for n, width in enumerate(WITHIN):
            found[n] += sum(rho_for(squared, one, width) <= rho for one in ones)
    return found[0], found[1]


def scores(parts: Mapping[str, int], seeds: Sequence[int] = SCORED) -> Iterator[str]:
    """A line for each share of late events: the figures within each width, over these nations."""
    yield from ("", f"{'late':>6}{'within ± 20 %':>24}{'within ± 50 %':>24}")
    for late in LATE:
        found = []
        for seed in seeds:
            sys.stderr.write(f"\rscoring: {float(late):.0%} late, seed {seed}   ")
            found.append(score(figures(yearly_volumes(seed=seed, late=late).events), parts))
        columns = [f"{min(ones)}–{max(ones)}, mean {sum(ones) / len(ones):.0f}" for ones in zip(*found, strict=True)]
        yield f"{float(late):>6.0%}" + "".join(f"{column:>24}" for column in columns)
    sys.stderr.write("\r")


def main() -> None:
    """Print the parts, and their scores on ten other seeds."""
    sys.stderr.write(f"choosing parts on seed {SEED} …\n")
    parts = planned(figures(yearly_volumes(seed=SEED, scale=PLANNED_ON).events))
    lines = [f'    "{table}": {part},' for table, part in parts.items()]
    for line in (*lines, f"reserve: {WHOLE - sum(parts.values())}", *scores(parts)):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
