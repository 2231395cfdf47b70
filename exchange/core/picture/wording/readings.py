"""The numbers of a figure as they are read out: how many digits, and of how many.

The rule, by which anybody finds the same numbers:

1. A share or a ratio is read of a base: the least of 100, 1,000 and 10,000 in which its interval is
   at least 4 wide. One without upper limit is read of 100; an exact one of the least base in which
   it is at least 10.
2. The step is the greatest power of ten that is at most a tenth of the interval's width, but never
   below the last digit: 1, or a cent of money for each of something. An exact number has the last
   digit.
3. The value is rounded to the step, half to even; the ends of the interval outwards. So the
   interval that is read contains the published one, and the value that is read is in it.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from exchange.core.metrics.figures import MetricPoint
from exchange.core.picture.wording.metric_wording import wording_of
from exchange.core.picture.wording.wording_kinds import ForEach, PerHundred, UpTo
from exchange.core.release.catalogue import DECLARED

BASES: Final = (100, 1_000, 10_000)
WIDTH_MIN: Final = 4
EXACT_MIN: Final = 10
_EXACT: Final = Context(prec=60)
ONE: Final = Decimal(1)
CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class NumbersRead:
    """Numbers to be read. `base` 1: of nothing. `low`, `high` None: no limit on that side.

    `exact`: counted without noise. `band`: a quantile of exact counts, whose interval is its band.
    """

    base: int
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    step: Decimal
    exact: bool
    band: bool = False

    @property
    def bare(self) -> bool:
        """Whether the value alone says all: it is exact, and no band."""
        return self.exact and not self.band


def is_exact(point: MetricPoint) -> bool:
    """Whether no client is counted, so that the figure has no noise."""
    tables = [DECLARED.get(origin.table) for origin in point.computed_from]
    return bool(tables) and all(table is not None and not table.bit for table in tables)


def reading(point: MetricPoint) -> NumbersRead:
    """The numbers of a point that has a value. Raises ValueError if it has none."""
    if point.value is None:
        raise ValueError("A figure without a value is not read out.")
    wording, exact = wording_of(point.metric), is_exact(point)
    ratio = isinstance(wording, PerHundred)
    band = exact and isinstance(wording, UpTo)
    if exact and not band:
        base = _base_of_exact(point.value) if ratio else 1
        value = _rounded(point.value * base, ONE, ROUND_HALF_EVEN)
        return NumbersRead(base, value, value, value, ONE, exact=True)
    width = None if point.low is None or point.high is None else point.high - point.low
    base = _base(width) if ratio else 1
    least = CENT if isinstance(wording, ForEach) else ONE
    step = least if width is None else max(least, _tenth(width * base))
    return NumbersRead(
        base,
        _rounded(point.value * base, step, ROUND_HALF_EVEN),
        None if point.low is None else _rounded(point.low * base, step, ROUND_FLOOR),
        None if point.high is None else _rounded(point.high * base, step, ROUND_CEILING),
        step,
        exact,
        band,
    )


def _base(width: Decimal | None) -> int:
    if width is None:
        return BASES[0]
    return next((base for base in BASES if width * base >= WIDTH_MIN), BASES[-1])


def _base_of_exact(value: Decimal) -> int:
    return next((base for base in BASES if not value or value * base >= EXACT_MIN), BASES[-1])


def _tenth(width: Decimal) -> Decimal:
    """The greatest power of ten that is at most a tenth of a width; 0 of none."""
    return Decimal(10) ** (width.adjusted() - 1) if width else Decimal(0)


def _rounded(number: Decimal, step: Decimal, how: str) -> Decimal:
    steps = _EXACT.divide(number, step).to_integral_value(how, _EXACT)
    return _EXACT.multiply(steps, step)


def text(number: Decimal) -> str:
    """With a comma between thousands, and no exponent."""
    return f"{number:,f}"
