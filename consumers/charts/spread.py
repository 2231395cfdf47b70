"""The bands of an interval that fades: from the published 95 % to the 50 % band inside.

Both ends of both bands come from the core (`exchange.core.picture.comparisons.likely_bands`).
Between them an end moves as a normal one would: by how far its percent lies between 50 and 95, in
standard deviations. Where the 50 % band is not known, because an end was cut or has no bound, there
is one flat band: nothing inside of it is said to be likelier.
"""

from collections.abc import Iterator
from typing import Final

from consumers.charts.drawings import ChartMark
from exchange.core.picture.comparisons.critical import NORMAL

FADING: Final = ((95, 0.16), (90, 0.1), (80, 0.1), (65, 0.1), (50, 0.22))
"""Percent of a band, and its own opacity; those inside lie on those outside."""
FLAT: Final = 0.3
"""The opacity of a band that does not fade."""


def bands(mark: ChartMark) -> Iterator[tuple[int, float, float, float]]:
    """Percent, opacity, low and high, the outermost first; none of an exact mark."""
    if mark.value is None or mark.high is None or mark.exact:
        return
    low, high = mark.low or 0.0, mark.high
    if mark.half is None:
        yield 95, FLAT, low, high
        return
    half_low, half_high = mark.half
    for percent, opacity in FADING:
        out = _out(percent)
        yield percent, opacity, half_low + out * (low - half_low), half_high + out * (high - half_high)


def _out(percent: int) -> float:
    """How far from the 50 % band (0) to that of 95 % (1)."""
    z, half, whole = (NORMAL.inv_cdf(0.5 + p / 200) for p in (percent, 50, 95))
    return (z - half) / (whole - half)
