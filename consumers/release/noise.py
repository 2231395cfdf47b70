"""The only place where noise is drawn: OpenDP's discrete Gaussian, from system randomness.

Rules kept:
- The scale is a plan's, exactly: a multiple of 1/16 is exact in binary64.
- There is no seed and no way to ask for no noise.
- Nothing here keeps or logs the noise.
- OpenDP's own accounting confirms the scale: its charge for a change of length 1 is 1 / (2 sigma²),
  up to the rounding of binary64.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, cast

import opendp.prelude as dp

from exchange.core.errors import ExchangeError

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDING: Final = 1 + 2**-40
"""OpenDP rounds each float operation up, so its rho is slightly above the exact one."""
SPACE: Final = dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float)
"""Lists of whole numbers, and how far apart they are; made once, as it costs as much as ten
numbers."""


class NoiseUnaccounted(ExchangeError):
    """OpenDP charges more for the noise than the plan pays. No noise was drawn."""

    hint = "The installed OpenDP is not the version that was tested: install the version that uv.lock names."


def gaussian(scale: Fraction, length: int) -> list[int]:
    """Independent numbers from the discrete Gaussian of this sigma. Raises NoiseUnaccounted."""
    sigma = float(scale)
    if sigma <= 0 or Fraction(sigma) != scale:
        raise NoiseUnaccounted
    dp.enable_features("contrib")
    mechanism = dp.m.make_gaussian(*SPACE, scale=sigma)
    charged = cast("Callable[[float], float]", mechanism.map)(1.0)
    if charged > float(1 / (2 * scale**2)) * ROUNDING:
        raise NoiseUnaccounted
    drawn: list[int] = mechanism([0] * length)
    return drawn
