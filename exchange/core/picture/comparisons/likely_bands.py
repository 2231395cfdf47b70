"""Bands and dots: how likely which numbers are, from a published interval of 95 %.

    half_band(point)         the interval of 50 %, inside the published one; None: it is not known
    dots(point)              twenty numbers, each as likely as any other, for a dot plot; or none

**Counts.** The noise is normal, and its interval reaches Z of its standard deviations. The upper
end is never cut, so it tells the standard deviation.

**Ratios.** Fieller's interval is every r with (v − r)² ≤ z²·s²(r), s² being a parabola that opens
upwards. At both ends of the 95 % interval s² is known. Between them it is at most the straight line
between the two, so every r of the smaller interval fulfils (v − r)² ≤ z²·line(r). With a = v − low,
b = high − v, and k = z / Z, that is r = v + (k²(b − a) ± √(k⁴(b − a)² + 4k²ab)) / 2. So the band
holds the truth 50 times in 100 at least, and k = 1 gives the published ends.

Rules kept: no band where an end is missing or was cut (a ratio's low of 0, the whole of a share),
where there is no noise, and of a quantile, whose interval runs from band to band. Ends are rounded
outwards to the decimals of the point.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from exchange.core.metrics.figures import MetricPoint
from exchange.core.picture.comparisons.critical import NORMAL
from exchange.core.picture.wording.metric_wording import wording_of
from exchange.core.picture.wording.readings import is_exact
from exchange.core.picture.wording.statuses import status_of
from exchange.core.picture.wording.wording_kinds import CountedThings, UpTo

DOTS: Final = 20
_PRECISE: Final = Context(prec=40)
_DECIMALS: Final = Decimal("0.000001")
_Z: Final = Decimal(str(NORMAL.inv_cdf(0.975))).quantize(_DECIMALS)
_HALF: Final = Decimal(str(NORMAL.inv_cdf(0.75))).quantize(_DECIMALS)


def half_band(point: MetricPoint) -> tuple[Decimal, Decimal] | None:
    """The ends of the 50 % interval; None where it is not known."""
    if not _has_bands(point):
        return None
    return _at(point, -_HALF, ROUND_FLOOR), _at(point, _HALF, ROUND_CEILING)


def dots(point: MetricPoint) -> tuple[Decimal, ...]:
    """Twenty numbers from low to high: the truth is as likely near each; empty where not known."""
    if not _has_bands(point):
        return ()
    levels = ((2 * dot + 1) / (2 * DOTS) for dot in range(DOTS))
    deviates = (Decimal(str(NORMAL.inv_cdf(level))).quantize(_DECIMALS) for level in levels)
    return tuple(_at(point, deviate, ROUND_HALF_EVEN) for deviate in deviates)


def _has_bands(point: MetricPoint) -> bool:
    if not status_of(point).shows_number or is_exact(point) or None in (point.low, point.high):
        return False
    match wording_of(point.metric):
        case UpTo():
            return False
        case CountedThings():
            return True
    return bool(point.low) and not (point.unit == "share" and point.high == 1)


def _at(point: MetricPoint, deviate: Decimal, how: str) -> Decimal:
    """The number that lies so many standard deviations from the value, not below 0."""
    assert point.value is not None  # a number is shown
    assert point.low is not None
    assert point.high is not None
    above, below = point.high - point.value, point.value - point.low
    if isinstance(wording_of(point.metric), CountedThings):
        below = above
    k = deviate / _Z
    lean = k * k * (above - below)
    root = _PRECISE.sqrt(lean * lean + 4 * k * k * above * below)
    moved = (lean + root.copy_sign(deviate)) / 2
    return max(point.value + moved, Decimal(0)).quantize(point.high, how)
