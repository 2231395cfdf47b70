"""An attack's findings: one row of the table, and the statistics that exclude chance.

Rules kept: if our release stays within an attack's bound, chance raises an alarm with a probability
of at most `FALSE_ALARM`. The bounds hold for every sample size (Clopper–Pearson, Bernstein) or, for
squared errors, as far as sums of discrete Gaussians are normal. Guesses of membership have
`FALSE_ALARM_GUESSES`. A run makes two such decisions and five of the others: less than one run in a
million fails without a cause.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist
from typing import Final

import scipy  # loads its parts when they are first used

from exchange.trial.attack.weakened_noise import Setting

FALSE_ALARM: Final = 5e-8
"""For each decision."""
FALSE_ALARM_GUESSES: Final = 3e-7
"""Larger, because half of the scale is hardest to detect there."""
NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Measured:
    """An attack's result against one setting; `caught`: beyond bound and chance."""

    value: float
    caught: bool
    trials: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One row. `bound`: computed; `slack`: allowance for the sample (subtracted if `least`).

    `least`: a bound from below. `details`: further numbers, by name. If no noise is involved, the
    weakened settings are missing.
    """

    attack: str
    unit: str
    bound: float
    slack: float
    measured: Mapping[Setting, Measured]
    least: bool = False
    details: Mapping[str, float] | None = None

    @property
    def limit(self) -> float:
        """The bound with its slack."""
        return self.bound - self.slack if self.least else self.bound + self.slack

    @property
    def within(self) -> bool:
        """Whether ours is within its bound."""
        return not self.measured[Setting.OURS].caught

    @property
    def toothless(self) -> tuple[Setting, ...]:
        """The settings that should have been caught and were not."""
        return tuple(at for at, found in self.measured.items() if at is not Setting.OURS and not found.caught)


def accuracy_bound(mu: float) -> float:
    """The accuracy of the best guess between two equally likely Gaussians mu apart: Φ(μ/2)."""
    return NORMAL.cdf(mu / 2)


def accuracy_at_least(right: int, trials: int) -> float:
    """The Clopper–Pearson lower bound of an accuracy."""
    return float(scipy.special.betaincinv(right, trials - right + 1, FALSE_ALARM_GUESSES)) if right else 0.0


def mu_at_least(right: int, trials: int) -> float:
    """The same bound, as the distance mu that it proves."""
    least = accuracy_at_least(right, trials)
    return max(0.0, 2 * NORMAL.inv_cdf(least)) if 0 < least < 1 else 0.0


def accuracy_slack(bound: float, trials: int) -> float:
    """The excess over an accuracy that a sample may show before the lower bound passes it."""
    low, high = 0, trials
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if accuracy_at_least(middle, trials) <= bound else (low, middle - 1)
    return low / trials - bound


def mean_slack(variance: float, trials: int) -> float:
    """The excess by chance of the mean of numbers within ±1, of this variance (Bernstein)."""
    term = -log(FALSE_ALARM) / trials
    return term / 3 + sqrt((term / 3) ** 2 + 2 * variance * term)


def ratio_slack(freedom: int) -> float:
    """The shortfall below 1 that the mean of squared standard normals may show by chance."""
    chi_squared = 2 * float(scipy.special.gammaincinv(freedom / 2, FALSE_ALARM))
    return 1 - chi_squared / freedom
