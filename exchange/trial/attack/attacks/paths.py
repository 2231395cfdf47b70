"""The best linear combination of all readings of one number: months, quarters, the year, tables.

Generated agencies open cases for a year and withdraw some. Arrivals by month, quarters, the year,
the sums over any dimension and over the states all count the same openings. The attacker knows
which cases were withdrawn, and when. So it has many noised readings of one number, and weighs them
by the theory of least squares (Aitken 1935): no linear estimator has less variance. Over many years
of independent noise, the squared errors of that estimator, divided by its own covariance, are
chi-squared. `ratio` is their mean: 1 if the noise is as published, and less if it is smaller.

Naive release: exact figures, cells of 1–10 withheld: a quarter less two of its months is the third.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from exchange.core.admission.cap_rules import Cap
from exchange.core.counting.tables import Tier
from exchange.core.model.epochs import epoch_of, month_after, quarter_of_epoch
from exchange.core.model.events import CaseOpened, Correction, Event
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import AgeBand, ForeignNational, Gender, ReferralSource, UsState
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.client_tables import ReleasedTable
from exchange.core.release.released import Released
from exchange.core.release.tiers import block_of, periods_due
from exchange.trial.attack.attack_findings import Finding, Measured, ratio_slack
from exchange.trial.attack.release_in_memory import MemoryReleaseLane, noise_of
from exchange.trial.attack.weakened_noise import Sampler, Setting

YEAR: Final = 2026
EPOCHS: Final = tuple(epoch_of(YEAR, 1) + month for month in range(13))
"""The months of the year, and the one in which the year is counted."""
MONTHS: Final = EPOCHS[:12]
OPENED_MOST: Final = 16
"""The most cases opened in a month."""
WITHDRAWN_SHARE: Final = 0.2
SHOWN_FROM: Final = 11
PLANS_OF_CASES: Final = tuple(
    plan for plan in TABLE_COSTS.values() if plan.row.table is not None and plan.row.table.body is CaseOpened
)
WHOLE: Final = tuple(plan.row for plan in PLANS_OF_CASES if not plan.row.only and plan.row.tier is not Tier.NATION_LATE)
"""The tables in which every generated case has a cell."""
OPENINGS: Final = (*((month, quarter_of_epoch(month)) for month in MONTHS), (MONTHS[-1], period_of(YEAR)))
"""(month, period) of the cases that are opened: the unknown numbers. In December some agencies send
those of the whole year."""
Floats = npt.NDArray[np.float64]
Timed = tuple[int, Event]


class Squares(NamedTuple):
    """A sum of squared standardised errors, and its expected value."""

    total: float
    freedom: int


class DrawnPeriod(NamedTuple):
    """A table in one of its epochs, and one of its periods there."""

    row: ReleasedTable
    epoch: int
    block: int

    def counts(self, month: int, period: int, *, back: bool = False) -> bool:
        """Whether it counts what arrived in a month for a period; `back`: a withdrawal."""
        if self.row.tier is Tier.NATION_ARRIVALS:
            return month == self.epoch and not back
        return month <= self.epoch and block_of(self.row.tier, self.epoch, period) == self.block


def noised(setting: Setting, seed: int, years: int) -> Squares:
    """Attack so many years of our releases; `seed` is for the cases, never for noise."""
    sampler, found = Sampler(setting, 1_000), Squares(0.0, 0)
    asked = _asked()
    design = np.array([[one.counts(*opened) for opened in OPENINGS] for one in asked], dtype=np.float64)
    precision = np.array([1 / float(TABLE_COSTS[one.row.name].variance * one.row.cells) for one in asked])
    information = design.T @ (precision[:, None] * design)
    for year in range(years):
        events = list(_events(random.Random(f"paths|{setting.value}|{seed}|{year}")))  # noqa: S311 - generated cases
        released = _released(events, sampler)
        known = [sum(one.counts(m, event.period, back=True) for m, event in events if _is_back(event)) for one in asked]
        readings = np.array([_read(one, released) for one in asked]) + np.array(known)
        best = np.linalg.solve(information, design.T @ (precision * readings))
        error = best - np.array(_opened(events))
        found = Squares(found.total + float(error @ information @ error), found.freedom + len(OPENINGS))
    return found


def _asked() -> list[DrawnPeriod]:
    """Every reading of any of the unknown numbers."""
    looks = (
        DrawnPeriod(row, epoch, block) for row in WHOLE for epoch in EPOCHS for block in range(len(_due(row, epoch)))
    )
    return [one for one in looks if any(one.counts(*opened) for opened in OPENINGS)]


def _due(row: ReleasedTable, epoch: int) -> tuple[int, ...]:
    return periods_due(row.tier, epoch)


def _released(events: Sequence[Timed], sampler: Sampler) -> Released:
    lane = MemoryReleaseLane(PLANS_OF_CASES)
    for month, event in events:
        lane.arrive(month, [event])
    for epoch in EPOCHS:
        lane.close(epoch, noise_of(sampler))
    return lane.released


def _read(one: DrawnPeriod, released: Released) -> float:
    """The sum over all cells."""
    release = released.held[one.row.name, one.epoch]
    return float(sum(n or 0 for n in release.of(release.periods[one.block])))


def _is_back(event: Event) -> bool:
    return isinstance(event.body, Correction)


def _opened(events: Sequence[Timed]) -> list[int]:
    """The unknown numbers."""
    return [sum((month, event.period) == one and not _is_back(event) for month, event in events) for one in OPENINGS]


def _events(chance: random.Random) -> Iterator[Timed]:
    """Cases in their month, and withdrawals of some, before their period is counted or later."""
    for month, period in OPENINGS:
        for _ in range(chance.randrange(OPENED_MOST + 1)):
            event = _case(chance, period)
            yield month, event
            if chance.random() < WITHDRAWN_SHARE:
                yield chance.randint(month, month_after(period) + 1), _withdrawal(event)


def _case(chance: random.Random, period: int) -> Event:
    body = CaseOpened(
        chance.choice([Gender.woman, Gender.man]),
        chance.choice([AgeBand.age_18_20, AgeBand.not_known]),
        chance.choice([ForeignNational.yes, ForeignNational.no]),
        chance.choice([ReferralSource.hotline, ReferralSource.not_known]),
    )
    bits = Cap.NATION | Cap.STATE | Cap.ARRIVAL
    return Event(1, bytes(32), period, chance.choice([UsState.ca, UsState.wy]), int(bits), body)


def _withdrawal(event: Event) -> Event:
    assert isinstance(event.body, CaseOpened)
    return replace(event, body=Correction(1, bytes(32), event.period, event.state, event.cap, event.body))


def naive(seed: int, years: int) -> Squares:
    """Attack exact months beside exact quarters, small cells withheld; recovered months count."""
    total, freedom = 0.0, 0
    for year in range(years):
        opened = _opened(list(_events(random.Random(f"paths|naive|{seed}|{year}"))))  # noqa: S311 - generated cases
        for first in range(0, len(MONTHS), 3):
            months = opened[first : first + 3]
            withheld = [n for n in months if 1 <= n < SHOWN_FROM]
            if len(withheld) == 1 and sum(months) >= SHOWN_FROM:
                error = sum(months) - (sum(months) - withheld[0]) - withheld[0]
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
