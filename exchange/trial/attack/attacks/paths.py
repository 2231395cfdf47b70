"""The best linear combination of all readings of one number: epochs, periods, tables.

Generated agencies open cases for a year and retract some later. Months, quarters, the year, and the
sums over any dimension and over the states all count the same openings, corrections included. So an
attacker has many noised readings of one number, and weighs them by the theory of least squares
(Aitken 1935): no linear estimator has less variance. Over many years of independent noise, the
squared errors of that estimator, divided by its own covariance, are chi-squared. `ratio` is their
mean: 1 if the noise is as published, and less if it is smaller.

Naive release: exact figures with a running total, cells of 1–10 withheld: neighbouring totals
differ by the withheld month.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exchange.core.admission.cap_rules import Cap
from exchange.core.counting.tables import Tier
from exchange.core.model.epochs import epoch_of, quarter_of_epoch
from exchange.core.model.events import CaseOpened, Correction, Event
from exchange.core.model.vocabulary import AgeBand, ForeignNational, Gender, ReferralSource, UsState
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.client_tables import ReleasedTable
from exchange.core.release.released import Released
from exchange.core.release.tiers import BUCKETS, Bucket, bucket_of
from exchange.trial.attack.findings import Finding, Measured, ratio_slack
from exchange.trial.attack.release_in_memory import MemoryReleaseLane, noise_of
from exchange.trial.attack.weakened_noise import Sampler, Setting

YEAR: Final = 2026
MONTHS: Final = 12
OPENED_MOST: Final = 16
"""The most cases opened in a month."""
RETRACTED_SHARE: Final = 0.2
SHOWN_FROM: Final = 11
PLANS_OF_CASES: Final = tuple(
    plan for plan in TABLE_COSTS.values() if plan.row.table is not None and plan.row.table.body is CaseOpened
)
WHOLE: Final = tuple(plan for plan in PLANS_OF_CASES if not plan.row.only)
"""The tables in which every generated case has a cell."""
BOTH: Final = (Bucket.QUARTER, Bucket.QUARTER_BEFORE)
Floats = npt.NDArray[np.float64]


class Squares(NamedTuple):
    """A sum of squared standardised errors, and its expected value."""

    total: float
    freedom: int


def noised(setting: Setting, seed: int, years: int) -> Squares:
    """Attack so many years of our releases; `seed` is for the cases, never for noise."""
    sampler, found = Sampler(setting, 1_000), Squares(0.0, 0)
    design, precision = _design()
    for year in range(years):
        chance = random.Random(f"paths|{setting.value}|{seed}|{year}")  # noqa: S311 - generated cases
        lane, truth = MemoryReleaseLane(epoch_of(YEAR, 1), PLANS_OF_CASES), defaultdict[tuple[int, Bucket], int](int)
        for month, events in enumerate(_events(chance)):
            epoch = epoch_of(YEAR, month + 1)
            for event in events:
                truth[month, bucket_of(Tier.NATION_MONTHLY, epoch, event.period)] += _sign(event)
            lane.arrive(epoch, events)
            lane.close(epoch, noise_of(sampler))
        real = np.array([truth[at] for at in _parameters()], dtype=np.float64)
        information = design.T @ (precision[:, None] * design)
        best = np.linalg.solve(information, design.T @ (precision * _readings(lane.released)))
        error = best - real
        found = Squares(found.total + float(error @ information @ error), found.freedom + len(real))
    return found


def _sign(event: Event) -> int:
    return -1 if isinstance(event.body, Correction) else 1


def _events(chance: random.Random) -> Iterator[list[Event]]:
    """Each month's events: cases of its quarter, corrections of the last two quarters' cases."""
    open_cases: list[tuple[int, Event]] = []
    for month in range(MONTHS):
        period = quarter_of_epoch(epoch_of(YEAR, month + 1))
        opened = [_case(chance, period) for _ in range(chance.randrange(OPENED_MOST + 1))]
        back = [
            (at, event) for at, event in open_cases if month // 3 - at // 3 <= 1 and chance.random() < RETRACTED_SHARE
        ]
        open_cases = [one for one in open_cases if one not in back] + [(month, event) for event in opened]
        yield [*opened, *(_retraction(event) for _, event in back)]


def _case(chance: random.Random, period: int) -> Event:
    body = CaseOpened(
        chance.choice([Gender.woman, Gender.man]),
        chance.choice([AgeBand.age_18_20, AgeBand.not_known]),
        chance.choice([ForeignNational.yes, ForeignNational.no]),
        chance.choice([ReferralSource.hotline, ReferralSource.not_known]),
    )
    return Event(1, bytes(32), period, chance.choice([UsState.ca, UsState.wy]), int(Cap.NATION | Cap.STATE), body)


def _retraction(event: Event) -> Event:
    assert isinstance(event.body, CaseOpened)
    return replace(event, body=Correction(1, bytes(32), event.period, event.state, event.cap, event.body))


def _parameters() -> list[tuple[int, Bucket]]:
    """(month, bucket): the arrivals; in the first quarter none are about the quarter before."""
    return [(month, bucket) for month in range(MONTHS) for bucket in BOTH if bucket is Bucket.QUARTER or month > 2]


def _asked() -> Iterator[tuple[ReleasedTable, int, Bucket]]:
    """The (table, month of its release, bucket) of every reading."""
    for plan in WHOLE:
        step = {Tier.NATION_MONTHLY: 1, Tier.NATION_QUARTERLY: 3}.get(plan.row.tier, 12)
        for month in range(step - 1, MONTHS, step):
            for bucket in BUCKETS[plan.row.tier]:
                if bucket in BOTH or (bucket is Bucket.YEAR and step == MONTHS):
                    yield plan.row, month, bucket


def _design() -> tuple[Floats, Floats]:
    """The months in each reading's sum (readings × parameters), and each reading's precision."""
    parameters, asked = _parameters(), list(_asked())
    design, precision = np.zeros((len(asked), len(parameters))), np.zeros(len(asked))
    for n, (row, month, bucket) in enumerate(asked):
        step = {Tier.NATION_MONTHLY: 1, Tier.NATION_QUARTERLY: 3}.get(row.tier, 12)
        for at, (when, where) in enumerate(parameters):
            design[n, at] = month - step < when <= month and (bucket is Bucket.YEAR or where is bucket)
        precision[n] = 1 / float(TABLE_COSTS[row.name].variance * row.cells)
    return design, precision


def _readings(released: Released) -> Floats:
    """The sum over all cells of each table, release and bucket."""
    found = []
    for row, month, bucket in _asked():
        numbers = released.held[row.name, epoch_of(YEAR, month + 1)].of(bucket)
        found.append(sum(n for n in numbers if n is not None))
    return np.array(found, dtype=np.float64)


def naive(seed: int, years: int) -> Squares:
    """Attack exact figures beside a running total, small cells withheld; recovered months count."""
    total, freedom = 0.0, 0
    for year in range(years):
        chance = random.Random(f"paths|naive|{seed}|{year}")  # noqa: S311 - generated cases
        months = [sum(map(_sign, events)) for events in _events(chance)]
        running = [sum(months[: month + 1]) for month in range(MONTHS)]
        for month in range(1, MONTHS):
            withheld = 1 <= months[month] < SHOWN_FROM
            if withheld and min(running[month - 1 : month + 1]) >= SHOWN_FROM:
                error = running[month] - running[month - 1] - months[month]
                total += error**2 / float(TABLE_COSTS["cases"].variance)
                freedom += 1
    return Squares(total, freedom)


def outcome(name: str, parts: Mapping[Setting, Sequence[Squares]]) -> Finding:
    """The row: variance of the best combination, divided by that of the best linear estimator."""
    whole = {
        at: Squares(sum(one.total for one in some), sum(one.freedom for one in some)) for at, some in parts.items()
    }
    measured = {}
    for setting, (total, freedom) in whole.items():
        ratio = total / freedom if freedom else 1.0
        measured[setting] = Measured(ratio, bool(freedom) and ratio < 1 - ratio_slack(freedom), freedom)
    slack = ratio_slack(whole[Setting.OURS].freedom)
    return Finding(name, "of least variance", 1.0, slack, measured, least=True)
