"""Bands: codes that stand for a range of whole numbers.

`exchange.core.model.vocabulary` has the bounds.
"""

from collections.abc import Mapping

Bounds = Mapping[str, tuple[int, int | None]]
"""Code → least and greatest number, both included; None: open."""


def band_of(bounds: Bounds, number: int) -> str | None:
    """The code of the band that holds the number; None if no band does."""
    found = (code for code, (least, most) in bounds.items() if least <= number and (most is None or number <= most))
    return next(found, None)
