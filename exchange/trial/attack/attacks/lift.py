"""Guesses the people behind a small cell: the posterior mode of counts of 1–10.

The population is generated: every cell of the three state tables (those with the least noise) holds
1–10, with the frequencies of the small cells of a sample nation. The attacker knows these
frequencies (the prior), that the cell is small, and the noise's distribution. It guesses the
likeliest count after the release. `lift`: the percentage points by which this guess is right more
often than the guess without the release. The bound is its expected value under the plan's sigma,
summed exactly over the discrete Gaussian.

Insiders know their own agencies' part of a cell, subtract it, and guess the rest: the part of one
small agency.

Naive release: exact figures, cells of 1–10 withheld, with the margins of states and of the nation.
If a cell is the only one withheld in its row or column, it is solved. Insiders need only subtract.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import exp, lgamma, log
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exchange.core.counting.tables import TALLIED, Tier, tally_codes, tally_length
from exchange.core.metrics.planning import expected
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import Event, Tally
from exchange.core.model.period import period_of
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.client_tables import tally_bits
from exchange.core.release.draw import Due
from exchange.trial.attack.attack_findings import Finding, Measured, mean_slack
from exchange.trial.attack.release_in_memory import MemoryReleaseLane
from exchange.trial.attack.weakened_noise import Sampler, Setting, Sparing, scale_in
from exchange.wire.planned_sizes import national_clients, planned_sizes

SMALL: Final = range(1, 11)
RATE_MOST: Final = 60
"""Cells that expect more hardly ever have a count of 1–10."""
YEAR: Final = 2026
COUNTED_IN: Final = epoch_of(YEAR + 1, 1)
OWN_MOST: Final = 40
"""Insiders add up to this much to a cell."""
TAIL: Final = 9
"""The range of the sum, in sigmas."""
_STATE_PLANS: Final = tuple(plan for plan in TABLE_COSTS.values() if plan.row.tier is Tier.STATE_YEARLY)
_TALLIES: Final = {"state_cases": "cases"} | {
    f"state_{name}_by_service_group": f"{name}_by_service" for name in ("needs", "unmet_needs")
}
Floats = npt.NDArray[np.float64]
Cell = tuple[str, str, str]
"""(table, state, value)"""


class Hits(NamedTuple):
    """Right guesses among so many small cells, with the release and without it."""

    cells: int
    with_release: int
    without: int


@cache
def rates() -> dict[Cell, float]:
    """The expected count of every cell of the state tables, from a year of the sample nation."""
    yearly = planned_sizes(national_clients())
    return {
        (plan.row.name, *where): float(size)
        for plan in _STATE_PLANS
        for where, size in expected(plan, yearly, Fraction(1)).items()
        if size
    }


@cache
def prior() -> tuple[float, ...]:
    """The frequency of each count of 1–10 in the small cells of such nations."""
    small = [rate for rate in rates().values() if rate < RATE_MOST]
    weights = [sum(exp(n * log(rate) - rate - lgamma(n + 1)) for rate in small) for n in SMALL]
    return tuple(weight / sum(weights) for weight in weights)


def noised(setting: Setting, seed: int, years: int, insiders: int) -> Hits:
    """Attack our release of so many populations; `seed` is for the population, never for noise."""
    chance = random.Random(f"lift|{setting.value}|{seed}|{insiders}")  # noqa: S311 - a generated population
    noise, hits = Sparing(Sampler(setting), _looked_at), Hits(0, 0, 0)
    for _ in range(years):
        small = {cell: chance.choices(SMALL, prior())[0] for cell in _cells()}
        own = {cell: sum(chance.randrange(OWN_MOST) for _ in range(insiders)) for cell in small}
        seen = _released({cell: n + own[cell] for cell, n in small.items()}, noise)
        hits = _added(hits, [(n, seen[cell] - own[cell], cell[0]) for cell, n in small.items()], setting)
    return hits


def _added(hits: Hits, found: Iterable[tuple[int, int, str]], setting: Setting) -> Hits:
    """(truth, rest of the release, table) of each guessed cell."""
    cells, right, without = hits
    best = max(SMALL, key=lambda n: prior()[n - 1])
    for truth, seen, table in found:
        cells += 1
        right += guess(seen, scale_in(setting, TABLE_COSTS[table].scale)) == truth
        without += best == truth
    return Hits(cells, right, without)


@cache
def guess(seen: int, scale: Fraction) -> int:
    """The likeliest count of 1–10 behind a noised one."""
    return max(SMALL, key=lambda n: log(prior()[n - 1]) - float((seen - n) ** 2 / (2 * scale**2)))


def _cells() -> Iterator[Cell]:
    for plan in _STATE_PLANS:
        for place in plan.row.places:
            for value in plan.row.codes:
                yield plan.row.name, place, value


def _released(counts: Mapping[Cell, int], noise: Sparing) -> dict[Cell, int]:
    """The releases of a year in which agencies sent these counts as tallies."""
    lane = MemoryReleaseLane(_STATE_PLANS)
    lane.arrive(COUNTED_IN, _tallies(counts))
    lane.close(COUNTED_IN, noise)
    found: dict[Cell, int] = {}
    for plan in _STATE_PLANS:
        numbers = lane.released.held[plan.row.name, COUNTED_IN].counts
        names = ((plan.row.name, place, value) for place in plan.row.places for value in plan.row.codes)
        found |= {cell: n for cell, n in zip(names, numbers, strict=True) if n is not None}
    return found


def _looked_at(due: Due) -> range:
    return range(due.length)


def _tallies(counts: Mapping[Cell, int]) -> Iterator[Event]:
    """Tallies that add up to these cells: a group's whole count under its first code."""
    for plan in _STATE_PLANS:
        name = TallyTable(_TALLIES[plan.row.name])
        table, places = TALLIED[name], _first_codes(plan)
        for state in plan.row.places:
            amounts = [0] * tally_length(table)
            for value, at in places.items():
                amounts[at] = counts.get((plan.row.name, state, value), 0)
            yield Event(
                1, bytes(32), period_of(YEAR), UsState(state), int(tally_bits(table)), Tally(name, tuple(amounts))
            )


@cache
def _first_codes(plan: TableCost) -> dict[str, int]:
    """Each released value with the place in the tally of the first code that adds to it."""
    table = TALLIED[TallyTable(_TALLIES[plan.row.name])]
    codes = tally_codes(table)
    found: dict[str, int] = {}
    for at, code in enumerate(codes):
        value = plan.row.value(code)
        if value is not None:
            found.setdefault(value, at)
    return found


def naive(seed: int, years: int, insiders: int) -> Hits:
    """Attack the naive release of sample nations, with Poisson counts around the expected ones."""
    chance, hits = np.random.default_rng(seed), Hits(0, 0, 0)
    best = max(SMALL, key=lambda n: prior()[n - 1])
    for _ in range(years):
        counts = {cell: int(chance.poisson(rate)) for cell, rate in rates().items()}
        small = [cell for cell, n in counts.items() if n in SMALL]
        solved = _solved(counts)
        if insiders:  # the sum of all is shown exactly, unless it is small too
            own = {cell: sum(int(chance.integers(OWN_MOST)) for _ in range(insiders)) for cell in small}
            solved |= {cell for cell in small if counts[cell] + own[cell] not in SMALL}
        right = sum(cell in solved or counts[cell] == best for cell in small)
        without = sum(counts[cell] == best for cell in small)
        hits = Hits(hits.cells + len(small), hits.with_release + right, hits.without + without)
    return hits


def _solved(counts: Mapping[Cell, int]) -> set[Cell]:
    """Withheld cells that the margins give away: again and again the last of a row or column."""
    hidden = {cell for cell, n in counts.items() if n in SMALL}
    lines: dict[tuple[str, int, str], set[Cell]] = {}
    for table, place, value in hidden:
        for axis, name in ((1, place), (2, value)):
            lines.setdefault((table, axis, name), set()).add((table, place, value))
    solved: set[Cell] = set()
    while alone := {next(iter(line - solved)) for line in lines.values() if len(line - solved) == 1}:
        solved |= alone
    return solved


class Expected(NamedTuple):
    """The lift of one cell under a scale: mean and variance, exact but for binary64."""

    mean: float
    variance: float


def expected_lift(scale: Fraction) -> Expected:
    """Over all counts and all noise: right after the release, minus right before it."""
    sigma, chances = float(scale), np.array(prior())
    reach = int(TAIL * sigma) + 1
    kernel: Floats = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    best = int(chances.argmax()) + 1
    gained = lost = 0.0
    for n in SMALL:
        guesses = np.array([guess(n + noise, scale) for noise in range(-reach, reach + 1)])
        gained += float(chances[n - 1] * kernel[(guesses == n) & (n != best)].sum())
        lost += float(chances[n - 1] * kernel[(guesses != n) & (n == best)].sum())
    mean = gained - lost
    return Expected(mean, gained + lost - mean**2)


def outcome(name: str, parts: Mapping[Setting, Sequence[Hits]]) -> Finding:
    """The row of one such attack."""
    whole = {setting: Hits(*map(sum, zip(*some, strict=True))) for setting, some in parts.items()}
    ours = whole[Setting.OURS]
    weights = {plan.scale: plan.row.cells for plan in _STATE_PLANS}
    of_scale = {scale: expected_lift(scale) for scale in weights}
    cells = sum(weights.values())
    bound = sum(of_scale[scale].mean * n for scale, n in weights.items()) / cells
    variance = max(one.variance for one in of_scale.values())
    measured = {}
    for setting, hits in whole.items():
        value = (hits.with_release - hits.without) / hits.cells
        caught = value > bound + mean_slack(variance, hits.cells)
        measured[setting] = Measured(100 * value, caught, hits.cells)
    details = {"right_without_the_release": 100 * ours.without / ours.cells}
    return Finding(name, "points", 100 * bound, 100 * mean_slack(variance, ours.cells), measured, details=details)
