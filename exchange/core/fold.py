"""The counts of all tables as one mapping with a digest, and the two ways to change it: add and restore.

Laws: fold(a + b) = merge(fold a, fold b); the order of events does not matter; a cell at zero is not kept. The digest is
the sum mod 2²⁵⁶ of SHA-256(cell ‖ NUL ‖ count) over non-zero cells, kept incrementally: it detects damage, not malice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from exchange.core.cells import increments
from exchange.core.errors import StateDamaged
from exchange.core.events import Event

MODULUS: Final = 1 << 256


def cell_digest(cell: bytes, count: int) -> int:
    """SHA-256(cell ‖ NUL ‖ decimal count) as a number."""
    return int.from_bytes(sha256(b"%b\0%d" % (cell, count)).digest(), "big")


@dataclass(slots=True)
class Counts:
    """Cell → count, never zero, and their digest."""

    cells: dict[bytes, int] = field(default_factory=dict)
    digest: int = 0

    def add(self, added: Mapping[bytes, int]) -> list[tuple[bytes, int]]:
        """Add increments; returns the changed cells with their new counts (0: the cell is gone)."""
        cells, digest, changed = self.cells, self.digest, []
        for cell, n in added.items():
            if not n:
                continue
            old = cells.get(cell, 0)
            new = old + n
            if old:
                digest -= cell_digest(cell, old)
            if new:
                digest += cell_digest(cell, new)
                cells[cell] = new
            else:
                del cells[cell]
            changed.append((cell, new))
        self.digest = digest % MODULUS
        return changed

    def put(self, cell: bytes, count: int) -> None:
        """Take a cell from a snapshot, replacing what was there; the digest is left to `check`."""
        if count:
            self.cells[cell] = count
        else:
            self.cells.pop(cell, None)

    def check(self, digest: int) -> None:
        """Compute the digest anew; raises StateDamaged when it is not the one given."""
        self.digest = sum(cell_digest(cell, count) for cell, count in self.cells.items()) % MODULUS
        if self.digest != digest:
            raise StateDamaged


def fold(events: Iterable[tuple[str, Event]]) -> dict[bytes, int]:
    """The exact counts of (agency, event) pairs, slowly: the meaning that every faster way must equal."""
    counts = Counts()
    for agency, event in events:
        counts.add(merge(increments(agency, event)))
    return counts.cells


def merge(added: Iterable[tuple[bytes, int]]) -> dict[bytes, int]:
    """Increments of equal cells summed."""
    total: dict[bytes, int] = {}
    for cell, n in added:
        total[cell] = total.get(cell, 0) + n
    return total
