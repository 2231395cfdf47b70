"""Numbers as they stand beside marks: as many digits as the interval leaves a meaning to."""

from typing import Final

from consumers.charts.drawings import OF_HUNDRED, ChartMark

NO_UPPER: Final = "no upper bound"
_WIDE: Final = 2
"""An interval of so many of 100, or more, leaves no meaning to tenths."""


def numbers_of(mark: ChartMark, unit: str) -> str:
    """Such as `44 (34 to 55)`; of what is not shown its status, in words."""
    if mark.value is None:
        return mark.status.cell
    places = _decimals(mark, unit)
    value = _text(mark.value, places)
    shorthand = f" {mark.status.shorthand}" if mark.status.shorthand else ""
    if mark.exact:
        return value + shorthand
    low = _text(mark.low or 0, places)
    if mark.high is None:
        return f"{value} ({low} or more, {NO_UPPER}){shorthand}"
    return f"{value} ({low} to {_text(mark.high, places)}){shorthand}"


def _decimals(mark: ChartMark, unit: str) -> int:
    numbers = [n for n in (mark.value, mark.low, mark.high) if n is not None]
    if all(n == int(n) for n in numbers):
        return 0
    if unit == OF_HUNDRED:
        return 1 if mark.high is not None and mark.high - (mark.low or 0) < _WIDE else 0
    return 2 if max(numbers) < 100 else 0


def _text(number: float, places: int) -> str:
    return f"{number:,.{places}f}"
