"""Worlds whose truth is known, for counting how often an interval of each kind contains it.

Noise is discrete Gaussian from seeded generators, drawn again and again. A world's public sizes are
its truth distorted by up to a third, fixed before any draw; `usable` is the rule of the exchange on
them (a standard deviation of at most 30 % of what is expected, and 11 expected). *Shown* is usable
and not withheld.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, inf, isqrt
from zlib import crc32

import numpy as np

from exchange.core.metrics import figures
from exchange.core.metrics.figures import Count, Figure, Quantiles, Sums, Usable, point
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.view import Period, Sum, View, parts_of
from exchange.core.model import vocabulary as v
from exchange.core.model.period import period_of
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release
from tests.kits.release_world import AFTER, APRIL, JULY, cells_of, noised, release, released, releases, truth_of

QUARTER, YEAR = period_of(2026, 1), period_of(2026)
Judge = Callable[["World", View], Usable]
Change = Callable[[Release], Release]


@dataclass(frozen=True)
class World:
    """The truth: releases without noise, and each figure's true value for a metric and period."""

    name: str
    metric: str
    period: Period
    epoch: int
    made: tuple[Release, ...]
    quantiles: Mapping[str, int]
    """For quantiles, which counts do not fix: name → true days."""


@dataclass
class Tally:
    """How many intervals there were, and how many held the truth."""

    all: int = 0
    held: int = 0
    shown: int = 0
    shown_held: int = 0

    @property
    def coverage(self) -> float:
        return self.held / self.all

    @property
    def shown_coverage(self) -> float:
        return self.shown_held / self.shown


def sizes(count: int, most: int) -> list[int]:
    """True counts by a power law, down to none."""
    return [int(most / (1 + i) ** 0.9) if i < count - 2 else 0 for i in range(count)]


def _table_of(sizes_of: Mapping[str, int], name: str, epoch: int, period: int, variance: int) -> Release:
    """A release with these true counts in one period, cells in order; in others there are none."""
    cells = cells_of(name)
    counts = dict(zip(cells, sizes(len(cells), sizes_of[name]), strict=True))
    return release(name, epoch, lambda p, *cell: counts[cell] if p == period else 0, variance=variance)


STATE = {"state_cases": 1400, "state_needs_by_service_group": 2600, "state_unmet_needs_by_service_group": 900}


def of_states(metric: str) -> World:
    made = tuple(_table_of(STATE, name, AFTER, YEAR, 256) for name in STATE)
    return World(f"{metric} of states", metric, YEAR, AFTER, made, {})


def of_shares() -> World:
    made = (_table_of({"exits_by_reason": 800}, "exits_by_reason", APRIL, QUARTER, 144),)
    return World("shares of exits", "exit_reason_share", QUARTER, APRIL, made, {})


def of_two_ways() -> World:
    """Outcomes reported by survivors, workers and both: directions are shares of one reporter's."""
    name = "outcomes_by_direction_and_reporter"
    made = (_table_of({name: 1500}, name, APRIL, QUARTER, 144),)
    return World("shares within a reporter", "outcome_direction_share_by_reporter", QUARTER, APRIL, made, {})


def of_a_lopsided_share() -> World:
    counts: dict[tuple[str, ...], int] = {("yes",): 60, ("no",): 900}
    name = "cases_by_foreign_national"
    made = release(name, AFTER, lambda p, _, values: counts.get(values, 0) if p == YEAR else 0, variance=144)
    return World("a lopsided share", "foreign_national_share", YEAR, AFTER, (made,), {})


def of_a_year() -> World:
    """Four quarters and the year's own records of many small cells: five draws a cell."""

    def count(_: str, __: int, ___: int, ____: str, values: tuple[str, ...]) -> int:
        return sizes(len(_SERVICES), 120)[_SERVICES.index(values[0])]

    made = tuple(releases(["needs_by_service"], APRIL, AFTER, count, 16))
    return World("sums of a year", "needs_by_service", YEAR, AFTER, made, {})


def of_three_years() -> World:
    """Small states over three years."""

    def count(_: int, place: str, __: tuple[str, ...]) -> int:
        return 400 // (1 + _STATES.index(place))

    made = tuple(release("state_cases", AFTER - 12 * n, count, variance=144) for n in range(3))
    return World("means of years", "state_cases_mean", YEAR, AFTER, made, {})


def of_latecomers() -> World:
    """A share whose terms were drawn in two epochs."""
    made = (
        release("cases", APRIL, lambda *_: 900, variance=144),
        release("cases_too_late", JULY, lambda *_: 90, variance=144),
    )
    return World("a share of two epochs", "late_case_share", QUARTER, JULY, made, {})


_STATES = DECLARED["state_cases"].places
_SERVICES = DECLARED["needs_by_service"].codes[0]


def of_waits(people: int = 2000, seed: int = 4) -> World:
    """True days of people, of which only the band is counted."""
    days = np.random.default_rng(seed).lognormal(2.6, 1.2, people).astype(int).tolist()
    return _of_days(f"quantiles of {people}", days)


def at_an_edge(*, past: int = 0) -> World:
    """Half waited a week at most, nine in ten a month (or one fewer): noise decides the band."""
    return _of_days("quantiles at an edge", [0] * 200 + [7] * (300 - past) + [30] * 400 + [60] * (100 + past))


def _of_days(name: str, days: list[int]) -> World:
    counts = dict.fromkeys(v.WAIT_BAND_DAYS, 0)
    for day in days:
        counts[next(band for band, (_, most) in v.WAIT_BAND_DAYS.items() if most is None or day <= most)] += 1
    made = release(
        "services_by_wait_band",
        APRIL,
        lambda p, _, values: counts.get(values[0], 0) if p == QUARTER else 0,
        variance=144,
    )
    quantiles = (("p50", Fraction(1, 2)), ("p90", Fraction(9, 10)))
    true = {label: sorted(days)[ceil(q * len(days)) - 1] for label, q in quantiles}
    return World(name, "days_to_service", QUARTER, APRIL, (made,), true)


def by_public_size(world: World, _: View) -> Usable:
    """The rule: from sizes that are known before the draw."""
    truth = truth_of(world.made)

    def usable(term: Sums) -> bool:
        return _passes(world, term, sum(truth(one) * (2 + crc32(repr(one.values).encode()) % 3) // 3 for one in term))

    return usable


def by_estimate(world: World, view: View) -> Usable:
    """The mistake: cells are chosen by what the draw made of them."""

    def usable(term: Sums) -> bool:
        estimate = view.estimate(term)
        assert estimate is not None
        return _passes(world, term, estimate.value)

    return usable


def _passes(world: World, term: Sums, expected: int) -> bool:
    sigma = isqrt(int(sum(_variance(world, one) for one in term)))
    return expected >= 11 and 3 * expected >= 10 * sigma


def _variance(world: World, one: Sum) -> Fraction:
    some = next(some for some in world.made if some.table == one.table)
    return some.variance * len(one.places) * len(one.values) * len(parts_of(some.tier, one.period))


def cover(world: World, draws: int, seed: int, judge: Judge = by_public_size, change: Change = lambda r: r) -> Tally:
    """Count, over draws, the figures whose interval holds the truth.

    `change`: what happens to releases before the noise.
    """
    rng, tally = np.random.default_rng(seed), Tally()
    metric, truth = BY_METRIC[world.metric], truth_of(world.made)
    for _ in range(draws):
        view = View(released(noised(change(some), rng) for some in world.made), world.epoch)
        usable = judge(world, view)
        for figure in metric.formula(view):
            true = _true(world, figure, truth) if figure.period == world.period else None
            if true is None:
                continue
            shown = point(metric.name, metric.unit, figure, view, usable).shown
            held = _holds(figure, view, metric.unit, true)
            tally.all, tally.held = tally.all + 1, tally.held + held
            tally.shown, tally.shown_held = tally.shown + shown, tally.shown_held + (shown and held)
    return tally


def _holds(figure: Figure, view: View, unit: figures.Unit, true: Fraction) -> bool:
    """Whether the ends as they would be displayed hold the truth, withheld or not."""
    worked = figures.worked(lambda sums: figures._known(view, sums), figure.says)
    low = figures.displayed(worked.interval[0], unit, worked.at_most, figures.down)
    high = figures.displayed(worked.interval[1], unit, worked.at_most, figures.up)
    return (low is None or low <= true) and true <= (inf if high is None else high)


def _true(world: World, figure: Figure, truth: Callable[[Sum], int]) -> Fraction | None:
    """What is true of a figure; None where a ratio has nothing below."""
    says = figure.says
    if isinstance(says, Count):
        return Fraction(sum(map(truth, says.of)), says.years)
    if isinstance(says, Quantiles):
        return Fraction(world.quantiles[dict(figure.dimensions)["quantile"]])
    under = sum(map(truth, says.under))
    return Fraction(sum(map(truth, says.over)), under) if under else None


def suppressed(some: Release) -> Release:
    """The mistake: true counts of 1–10 are withheld, and noise comes after."""
    return replace(some, counts=tuple(n if n is None or n > 10 else 0 for n in some.counts))


WORLDS: dict[str, Callable[[], World]] = {
    "sums": lambda: of_states("state_needs_by_service_group"),
    "sums of a year": of_a_year,
    "means": of_three_years,
    "ratios": lambda: of_states("unmet_need_share"),
    "shares": of_shares,
    "shares within": of_two_ways,
    "a lopsided share": of_a_lopsided_share,
    "quantiles": of_waits,
    "quantiles of few": lambda: of_waits(150),
    "quantiles at an edge": at_an_edge,
    "quantiles past an edge": lambda: at_an_edge(past=1),
    "a share of two epochs": of_latecomers,
}
