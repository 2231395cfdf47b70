"""Was this client there? The likelihood-ratio guess against canaries at the full cap.

A fair coin decides whether a client is in; eight periods of one client share it. Events,
corrections, refusals, moves and all marks go through the whole release lane of a world of 17 years.
A client who is out has no records at all. The attacker knows all other events. It reads every
table, epoch and period that a canary may have touched, from the published releases. With counts x,
the others' part b, the canary's part d, and σ² as published, the logarithm of the
ratio is the sum of (2(x-b)d - d²) / 2σ²: exactly, for the discrete Gaussian. The guess is *in* if
it is above 0.

Bound: Φ(μ/2), μ = sqrt(2 rho p) with all of `RHO_TOTAL` and p periods, whatever a canary reaches.
The proven mu must not exceed this. One check is free of chance: no canary's own μ² may exceed 2
`RHO_PLANNED`. Given the coin, right guesses of different periods are independent, so all count as
trials.

Noise is fresh for every count that belongs to a canary; no guess looks at the others (`Sparing`).

Naive release: exact counts, cells of 1–10 withheld.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Final

from exchange.core.counting.tables import TALLIED, tally_length
from exchange.core.model.events import Event, Tally
from exchange.core.model.period import period_of
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import RHO_PLANNED, RHO_TOTAL, TABLE_COSTS
from exchange.core.release.client_tables import tally_bits
from exchange.core.release.draw import Due
from exchange.trial.attack.attack_findings import (
    Finding,
    Measured,
    accuracy_at_least,
    accuracy_bound,
    accuracy_slack,
    mu_at_least,
)
from exchange.trial.attack.canaries import COHORT, FIRST_YEAR, START, YEARS, moved
from exchange.trial.attack.cohort import loads, squared_mu
from exchange.trial.attack.release_in_memory import MemoryReleaseLane
from exchange.trial.attack.weakened_noise import Sampler, Setting, Sparing

PERIODS: Final = 8
"""Periods of one client in the second guess: two years of quarters."""
HOSTS: Final = 16
"""Cohorts of a world."""
CLIENTS: Final = HOSTS * COHORT // PERIODS
SUPPRESSED: Final = range(1, 11)
CROWD: Final = ("cases", "needs_by_service", "unmet_needs_by_service")
"""The tallies that other agencies send at the end of a year."""
Score = Callable[[str, int | None, int, int], float]
"""(table, published, the others' part, the canary's part) → positive: it is there."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Numbers of right guesses: of single periods, and of clients with all their periods."""

    periods_right: int
    periods: int
    clients_right: int
    clients: int

    def __add__(self, other: "Guesses") -> "Guesses":
        return Guesses(
            self.periods_right + other.periods_right,
            self.periods + other.periods,
            self.clients_right + other.clients_right,
            self.clients + other.clients,
        )


def guesses(setting: Setting, seed: int, worlds: int) -> Guesses:
    """Attack so many worlds; `seed` decides who is there, never the noise."""
    coins = random.Random(f"membership|{setting.value}|{seed}")  # noqa: S311 - who is there, not noise
    noise = None if setting is Setting.NAIVE else Sparing(Sampler(setting), _looked_at)
    found = Guesses(0, 0, 0, 0)
    for _ in range(worlds):
        present = [coins.random() < 0.5 for _ in range(CLIENTS)]
        lane = _world(present)
        if noise is None:
            found += _guessed(present, _naively(lane), _match)
        else:
            found += _guessed(present, _released(lane, noise), _log_ratio)
    return found


def _world(present: Sequence[bool]) -> MemoryReleaseLane:
    """All events that arrive in a world; no epoch is closed yet."""
    lane = MemoryReleaseLane(TABLE_COSTS.values())
    for year in range(HOSTS):
        for number in range(COHORT):
            if present[_client(year, number)]:
                for timed in moved(number, year):
                    lane.arrive(timed.month, [timed.event])
    for year in range(HOSTS + YEARS - 1):
        for month in range(12):
            lane.arrive(START + 12 * year + month, _crowd(year, month))
    return lane


def _client(year: int, number: int) -> int:
    return (year * COHORT + number) // PERIODS


@cache
def _crowd(year: int, month: int) -> tuple[Event, ...]:
    """The others' events of a month: known to the attacker."""
    if month < 11:
        return ()
    period = period_of(FIRST_YEAR + year, 4)
    tables = [(name, TALLIED[TallyTable(name)]) for name in CROWD]
    return tuple(
        Event(
            1,
            bytes(32),
            period,
            UsState.ca,
            int(tally_bits(table)),
            Tally(TallyTable(name), _counts(tally_length(table))),
        )
        for name, table in tables
    )


def _counts(length: int) -> tuple[int, ...]:
    return tuple(7 * n % 23 for n in range(length))


Values = Mapping[tuple[str, int], Sequence[int | None]]
"""(table, epoch) → counts as published."""


def _epochs() -> range:
    return range(START, START + 12 * (HOSTS + YEARS - 1))


def _released(lane: MemoryReleaseLane, noise: Sparing) -> Values:
    values: list[bytes] = []
    for epoch in _epochs():
        draw = lane.draw(epoch, noise)
        lane.commit(draw)
        values += draw.values
    lane.publish(values)
    return {key: release.counts for key, release in lane.released.held.items()}


def _exact(lane: MemoryReleaseLane) -> dict[tuple[str, int], tuple[int, ...]]:
    found: dict[tuple[str, int], tuple[int, ...]] = {}
    for epoch in _epochs():
        after, counts = lane.counted(epoch)
        lane.settle(after)
        found |= {(one.due.row.name, epoch): one.counts for one in counts}
    return found


def _naively(lane: MemoryReleaseLane) -> Values:
    return {key: [_suppressed(n) for n in counts] for key, counts in _exact(lane).items()}


def _suppressed(n: int) -> int | None:
    return None if n in SUPPRESSED else n


@cache
def _base() -> dict[tuple[str, int], tuple[int, ...]]:
    """The others' part of every count."""
    return _exact(_world([False] * CLIENTS))


def _guessed(present: Sequence[bool], seen: Values, score: Score) -> Guesses:
    base, right, of_client = _base(), 0, [0.0] * CLIENTS
    for year in range(HOSTS):
        for number, load in enumerate(loads()):
            ratio = 0.0
            for (table, epoch, at), d in load.own.items():
                key = table, epoch + 12 * year
                ratio += score(table, seen[key][at], base[key][at], d)
            client = _client(year, number)
            of_client[client] += ratio
            right += (ratio > 0) == present[client]
    clients_right = sum((ratio > 0) == there for ratio, there in zip(of_client, present, strict=True))
    return Guesses(right, HOSTS * COHORT, clients_right, CLIENTS)


def _log_ratio(table: str, x: int | None, b: int, d: int) -> float:
    assert x is not None  # a client table has no hidden cell
    return (2 * (x - b) * d - d * d) / _TWO_VARIANCES[table]


def _match(_: str, x: int | None, b: int, d: int) -> float:
    """For exact figures: whether they look as they would with the canary, or without."""
    return (x == _suppressed(b + d)) - (x == _suppressed(b))


_TWO_VARIANCES: Final = {name: float(2 * plan.variance) for name, plan in TABLE_COSTS.items()}


def outcomes(parts: Mapping[Setting, Iterable[Guesses]]) -> tuple[Finding, Finding]:
    """The rows: one period of a client, and eight."""
    whole = {setting: sum(some, Guesses(0, 0, 0, 0)) for setting, some in parts.items()}
    one = {setting: (found.periods_right, found.periods) for setting, found in whole.items()}
    eight = {setting: (found.clients_right, found.clients) for setting, found in whole.items()}
    most = float(max(squared_mu(load.all) for load in loads()))
    beyond = most > 2 * RHO_PLANNED
    return (
        _outcome("membership, one client-period", 1, one, most, beyond=beyond),
        _outcome(f"membership, {PERIODS} periods of one client", PERIODS, eight, PERIODS * most, beyond=beyond),
    )


def _outcome(
    name: str, periods: int, right: Mapping[Setting, tuple[int, int]], squared: float, *, beyond: bool
) -> Finding:
    bound = accuracy_bound(sqrt(2 * RHO_TOTAL * periods))
    measured = {
        setting: Measured(
            100 * some / of, accuracy_at_least(some, of) > bound or (beyond and setting is Setting.OURS), of
        )
        for setting, (some, of) in right.items()
    }
    of = right[Setting.OURS][1]
    details = {
        "mu_bound": sqrt(2 * RHO_TOTAL * periods),
        "mu_of_a_canary": sqrt(squared),
        "accuracy_expected": 100 * accuracy_bound(sqrt(squared)),
        **{f"mu_proven, {setting.value}": mu_at_least(*found) for setting, found in right.items()},
    }
    return Finding(name, "% right", 100 * bound, 100 * accuracy_slack(bound, of), measured, details=details)


def _looked_at(due: Due) -> Sequence[int]:
    return _own_places().get((due.plan.row.name, due.epoch), ())


@cache
def _own_places() -> dict[tuple[str, int], list[int]]:
    """For each release of a world, the counts that belong to a canary."""
    found = defaultdict(list)
    for year in range(HOSTS):
        for load in loads():
            for table, epoch, at in load.own:
                found[table, epoch + 12 * year].append(at)
    return dict(found)
