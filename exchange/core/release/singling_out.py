"""What sums of agencies' numbers give away: a combination about one agency or two.

Each agency reports one unknown number, the same every time, and a sum is a row of the agencies in
it. The possible combinations are the space that the rows span. A sum about agencies i and j alone
(a·xᵢ + b·xⱼ, b may be 0) is in this space exactly if, in every solution of "all sums are nothing",
the values of i and j are in one fixed proportion, or that of i is nothing.

The rows are kept reduced (Gauss and Jordan), so one more sum costs a single elimination. Arithmetic
is modulo the prime 2³¹−1, exact and fast. The space of sums of whole agencies differs from that
over the fractions only if the prime divides a determinant. Order decides nothing: the reduced rows
of a space are unique.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
PRIME: Final = (1 << 31) - 1
"""Products of two numbers below it fit 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class SumSpace:
    """All combinations of sums over these agencies.

    `rows`: reduced, one for each pivot; columns are agencies, in order.
    """

    agencies: tuple[str, ...]
    rows: Numbers
    pivots: tuple[int, ...] = ()

    def having(self, names: Collection[str]) -> "SumSpace":
        """With one more sum, of these agencies; they must be among the span's."""
        row = np.array([agency in names for agency in self.agencies], np.int64)
        for pivot, known in zip(self.pivots, self.rows, strict=True):
            if row[pivot]:
                row = (row - row[pivot] * known) % PRIME
        places = np.flatnonzero(row)
        if not len(places):
            return self
        new = int(places[0])
        row = _led_by_one(row, new)
        rows = (self.rows - np.outer(self.rows[:, new], row)) % PRIME
        return SumSpace(self.agencies, np.vstack([rows, row]), (*self.pivots, new))

    def singles_out(self) -> bool:
        """Whether some combination is about one agency or two."""
        free = np.ones(len(self.agencies), np.bool_)
        free[list(self.pivots)] = False
        units = np.eye(int(free.sum()), dtype=np.int64)
        seen = {unit.tobytes() for unit in units}
        for row in self.rows[:, free]:
            places = np.flatnonzero(row)
            direction = _led_by_one(row, int(places[0])).tobytes() if len(places) else b""
            if not direction or direction in seen:
                return True
            seen.add(direction)
        return False


def span_of(sums: Iterable[Collection[str]], also: Iterable[str] = ()) -> SumSpace:
    """The span of sums, given the agencies in each. `also`: agencies of sums to come."""
    rows = dict.fromkeys(map(frozenset, sums))
    agencies = tuple(sorted(frozenset().union(*rows, also)))
    span = SumSpace(agencies, np.zeros((0, len(agencies)), np.int64))
    for row in rows:
        span = span.having(row)
    return span


def _led_by_one(row: Numbers, place: int) -> Numbers:
    """The row, scaled so that its number at this place is one."""
    return row * pow(int(row[place]), -1, PRIME) % PRIME
