"""Possible pictures, and in how many of a hundred one figure is larger: drawn with a public seed.

Anybody may draw them again and gets the same, in any language:

1. Block i (0, 1, 2, …) is the SHA-256 of the seed's ASCII bytes followed by i in eight bytes, the
   most significant first. A block is four numbers of 64 bits, the most significant byte first.
2. A number n becomes u = (⌊n / 2¹¹⌋ + ½) / 2⁵³.
3. The deviate is the quantile of the standard normal at u (M. Wichura 1988, algorithm AS 241, as
   `qnorm` in R and `statistics.NormalDist().inv_cdf` in Python), rounded to a millionth.

These draws show the published uncertainty. They protect nobody and are no release: the noise of
releases is drawn elsewhere, once, and secretly (`exchange.core.release.draw`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import count, islice
from math import sqrt
from typing import Final

from exchange.core.metrics.estimates import covariance
from exchange.core.picture.comparisons.critical import NORMAL
from exchange.core.picture.comparisons.measured import MeasuredFigure

PUBLIC_SEED: Final = "the shared national picture 1"
DRAWS: Final = 10_000
PICTURES: Final = 10
_PER_FIGURE: Final = 2
"""Deviates for a figure: of what is below the line, and of what is above it."""


def deviates() -> Iterator[float]:
    """Standard normal deviates without end."""
    for block in count():
        digest = sha256(PUBLIC_SEED.encode("ascii") + block.to_bytes(8, "big")).digest()
        for at in range(0, len(digest), 8):
            number = int.from_bytes(digest[at : at + 8], "big")
            yield round(NORMAL.inv_cdf(((number >> 11) + 0.5) / 2**53), 6)


@cache
def _first(number: int) -> tuple[float, ...]:
    return tuple(islice(deviates(), number))


def drawn(figure: MeasuredFigure, below: float, above: float) -> float | None:
    """The figure with other noise of the same size; None: nothing to divide by."""
    sd, over = sqrt(figure.over.variance), float(figure.over.value)
    if figure.under is None:
        return max(0.0, over + sd * above) / figure.years
    under_sd = sqrt(figure.under.variance)
    slope = float(covariance(figure.over, figure.under)) / under_sd if under_sd else 0.0
    under = figure.under.value + under_sd * below
    above_line = over + slope * below + sqrt(max(0.0, sd * sd - slope * slope)) * above
    return max(0.0, above_line) / under if under > 0 else None


def possible_pictures(
    figures: Sequence[MeasuredFigure], pictures: int = PICTURES
) -> tuple[tuple[float | None, ...], ...]:
    """So many pictures of these figures: each is one that the published numbers may stand for.

    Figure j of picture i takes the deviates 2(i·n + j) and the next one, n being the number of
    figures. Noise that figures share is drawn apart: the pictures show each figure by itself.
    """
    width = _PER_FIGURE * len(figures)
    found = _first(width * pictures)
    rows = (found[row * width : (row + 1) * width] for row in range(pictures))
    return tuple(tuple(map(drawn, figures, row[0::_PER_FIGURE], row[1::_PER_FIGURE])) for row in rows)


@dataclass(frozen=True, slots=True)
class Comparison:
    """In so many of a hundred, `first` (the first of two figures) is the larger; else the second.

    `hundred` None: it cannot be told.
    """

    first: bool = True
    hundred: int | None = None

    def words(self, one: str, other: str) -> str:
        """Such as `in 87 of 100, A is the larger`."""
        if self.hundred is None:
            return f"whether {one} or {other} is the larger cannot be told"
        times = "more than 99" if self.hundred == 100 else str(self.hundred)
        return f"in {times} of 100, {one if self.first else other} is the larger"


def compared(one: MeasuredFigure, other: MeasuredFigure) -> Comparison:
    """Which of two figures is the larger, and in how many of a hundred: rounded down.

    Of 10,000 pairs; a pair with nothing to divide by speaks for neither. It cannot be told of
    figures that share noise, unless both are ratios to one number.
    """
    if one.under is not None and one.under == other.under:
        one, other = MeasuredFigure(one.over), MeasuredFigure(other.over)
    if one.value is None or other.value is None or one.shares_noise_with(other):
        return Comparison()
    if one.exact and other.exact:
        return Comparison(one.value > other.value, 100) if one.value != other.value else Comparison()
    found = _first(2 * _PER_FIGURE * DRAWS)
    pairs = zip(
        map(drawn, [one] * DRAWS, found[0::4], found[1::4]),
        map(drawn, [other] * DRAWS, found[2::4], found[3::4]),
        strict=True,
    )
    known = [(left, right) for left, right in pairs if left is not None and right is not None]
    first = one.value >= other.value
    wins = sum(left > right if first else right > left for left, right in known)
    return Comparison(first, wins * 100 // DRAWS)
