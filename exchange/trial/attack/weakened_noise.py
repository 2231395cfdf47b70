"""The noise under attack: the worker's own sampler, and the same with its scale divided.

Rules kept: a divided scale exists only here, where an attack must catch it. No worker imports this
package (an import contract and a test hold that). The ledger refuses weakened plans; here the
sampler is weakened without the knowledge of plan and ledger, like a mistake. There is no seed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from itertools import islice
from typing import Final

from consumers.release.noise import gaussian
from exchange.core.release.budget import SCALE_STEPS
from exchange.core.release.draw import Due

BATCH: Final = 1_000
"""Numbers drawn at once: a call of the sampler has a cost of its own."""
REUSED: Final = 400


class Setting(Enum):
    """The targets: a naive release, ours, and ours with a sampler whose scale is divided."""

    NAIVE = "naive"
    OURS = "ours"
    HALF = "σ/2"
    TENTH = "σ/10"


NOISED: Final = (Setting.OURS, Setting.HALF, Setting.TENTH)
_DIVISOR: Final = {Setting.OURS: 1, Setting.HALF: 2, Setting.TENTH: 10}


def scale_in(setting: Setting, scale: Fraction) -> Fraction:
    """The scale in use for the plan's `scale`: to the nearest 1/16, exact in binary64."""
    return Fraction(round(scale * SCALE_STEPS / _DIVISOR[setting]), SCALE_STEPS)


Draw = Callable[[Fraction, int], list[int]]
"""(scale of the plan, how many) → noise."""


@dataclass(slots=True)
class Sampler:
    """Noise for plans, drawn in batches; each number is given out once."""

    setting: Setting
    batch: int = BATCH
    _stock: dict[Fraction, Iterator[int]] = field(default_factory=dict)

    def __call__(self, scale: Fraction, length: int) -> list[int]:
        """So many numbers for a plan of this scale."""
        found = list(islice(self._stock.get(scale, iter(())), length))
        while len(found) < length:
            self._stock[scale] = iter(gaussian(scale_in(self.setting, scale), max(self.batch, length - len(found))))
            found += islice(self._stock[scale], length - len(found))
        return found


@dataclass(slots=True)
class Sparing:
    """Noise for whole draws: fresh where an attack looks, reused elsewhere, for speed.

    `looked_at`: the counts of a draw that any guess depends on.
    """

    sampler: Sampler
    looked_at: Callable[[Due], Sequence[int]]
    _again: dict[str, list[int]] = field(default_factory=dict)

    def __call__(self, due: Due) -> list[int]:
        """As many numbers as the draw has."""
        name, scale = due.plan.row.name, due.plan.scale
        if name not in self._again:
            self._again[name] = self.sampler(scale, REUSED) * (due.length // REUSED + 1)
        noise = self._again[name][: due.length]
        places = self.looked_at(due)
        for at, n in zip(places, self.sampler(scale, len(places)), strict=True):
            noise[at] = n
        return noise
