"""How a figure could have come out: its narrower bands and its twenty dots, from its 95 % interval.

The noise of a count is normal to a good approximation (`exchange.core.metrics.intervals`), so a
band of p % reaches as far as z(p)/z(95) of the published interval, on each side for itself: an
interval of a ratio is longer on one side. An end that was cut at 0 does not tell how long its side
is; the other side stands in for it, and the band is cut at 0 again.

The 50 % band is the inner half: of a hundred such figures the truth is within it for about fifty.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()
_Z95: Final = _NORMAL.inv_cdf(0.975)
DOTS: Final = 20


def reach(percent: int) -> float:
    """How far a band of so many percent reaches, as a part of the 95 % interval's half-width."""
    return _NORMAL.inv_cdf(0.5 + percent / 200) / _Z95


def band(value: float, low: float, high: float, percent: int) -> tuple[float, float]:
    """The band of so many percent around a value with this 95 % interval."""
    below, above = _sides(value, low, high)
    part = reach(percent)
    return max(0.0, value - part * below), value + part * above


def dots(value: float, low: float, high: float, count: int = DOTS) -> Sequence[float]:
    """So many equally likely ways for the figure to come out, in order: quantiles, cut at 0."""
    below, above = _sides(value, low, high)
    found = []
    for i in range(count):
        z = _NORMAL.inv_cdf((i + 0.5) / count) / _Z95
        found.append(max(0.0, value + z * (above if z > 0 else below)))
    return found


def _sides(value: float, low: float, high: float) -> tuple[float, float]:
    below, above = value - low, high - value
    return (max(below, above), above) if low <= 0 else (below, above)
