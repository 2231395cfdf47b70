"""How many examples a law is tried on: all at night, a fifth by day, few in `make test-fast`.

The profiles are in `tests/conftest.py`. `make test-slow` runs the laws again, at their full number.
"""

from typing import Final

from hypothesis import settings

BY_NIGHT: Final = 100
BY_DAY: Final = BY_NIGHT // 5
IN_A_HURRY: Final = 15
"""Examples of a law that names no number of its own."""
FEWEST: Final = 5


def examples(at_night: int) -> int:
    """The number for the profile of this run, of a law that has its own."""
    return min(at_night, max(FEWEST, at_night * settings.default.max_examples // BY_NIGHT))
