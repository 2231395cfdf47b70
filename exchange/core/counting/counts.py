"""The counts of all tables as one mapping with a digest, and its two changes: add and restore.

Laws: fold(a + b) = merge(fold a, fold b). The order of events does not matter. A cell at zero is
not there. The digest is the sum mod 2²⁵⁶ of count × SHA-256(cell). It is linear: an increment costs
one multiplication, and the digest of a union is the sum of the digests (docs/adr/0007). It detects
damage, not malice.
"""

from array import array
from collections.abc import Hashable, Iterable, Mapping
from hashlib import sha256
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from exchange.core.counting.cells import increments
from exchange.core.errors import StateDamaged
from exchange.core.model.events import Event

T = TypeVar("T", bound=Hashable)
Numbers = npt.NDArray[np.int64]
MODULUS: Final = 1 << 256
_LIMBS: Final = 8
"""A cell's hash is this many numbers of 32 bits, the highest first."""
_LIMB_SUM_MAX: Final = 1 << 31
"""Increments up to this sum, times a limb each, cannot overflow 64 bits."""


class Counts:
    """Cell → count, and their digest.

    Cells are in numbered slots, so that the hot loop counts by number.
    """

    __slots__ = ("_counts", "_hashes", "_names", "_slots", "digest")

    def __init__(self) -> None:
        self._slots: dict[bytes, int] = {}
        self._names: list[bytes] = []
        self._counts = array("q")
        self._hashes = bytearray()
        self.digest = 0

    def slots(self, cells: Iterable[bytes]) -> Numbers:
        """The slots of cells. They stay the same as long as these counts live."""
        cells, known = list(cells), self._slots
        new = [cell for cell in dict.fromkeys(cells) if cell not in known]
        known.update(zip(new, range(len(known), len(known) + len(new)), strict=True))
        self._names += new
        self._counts.frombytes(bytes(8 * len(new)))
        self._hashes += b"".join([sha256(cell).digest() for cell in new])
        return np.fromiter(map(known.__getitem__, cells), np.int64, len(cells))

    def add(self, slots: Numbers, added: Numbers) -> None:
        """Add increments to slots. A slot may come more than once."""
        if not len(slots):
            return
        np.add.at(np.asarray(self._counts), slots, added)
        hashes = np.frombuffer(self._hashes, ">u4").reshape(-1, _LIMBS)[slots]
        self.digest = (self.digest + _weighed(added, hashes)) % MODULUS

    def add_cells(self, added: Iterable[tuple[bytes, int]]) -> None:
        """As `add`, by name."""
        pairs = list(added)
        self.add(self.slots(cell for cell, _ in pairs), np.fromiter((n for _, n in pairs), np.int64, len(pairs)))

    def at(self, slots: Iterable[Numbers]) -> list[tuple[bytes, int]]:
        """The distinct cells of these slots with their counts (0: the cell is not there)."""
        mentioned = np.zeros(len(self._names), np.bool_)
        for some in slots:
            mentioned[some] = True
        places = np.flatnonzero(mentioned)
        counts = np.asarray(self._counts)[places].tolist()
        return list(zip(map(self._names.__getitem__, places.tolist()), counts, strict=True))

    def put(self, cells: Mapping[bytes, int]) -> None:
        """Take cells from a snapshot in place of their present counts.

        Raises OverflowError beyond 64 bits.
        """
        slots = self.slots(cells)
        counts = np.fromiter(cells.values(), np.int64, len(cells))
        self.add(slots, counts - np.asarray(self._counts)[slots])

    def check(self, digest: int) -> None:
        """Compare the counts with a digest that was written with them. Raises StateDamaged."""
        if self.digest != digest:
            raise StateDamaged

    def cells(self) -> dict[bytes, int]:
        """The counts that are not zero, by name."""
        return {name: count for name, count in zip(self._names, self._counts, strict=True) if count}


def _weighed(added: Numbers, hashes: npt.NDArray[np.uint32]) -> int:
    """The sum of each increment times the hash of its cell."""
    if float(np.abs(added.astype(np.float64)).sum()) < _LIMB_SUM_MAX:
        limbs = added @ hashes.astype(np.int64)
        return sum(limb << 32 * (_LIMBS - 1 - i) for i, limb in enumerate(limbs.tolist()))
    whole = hashes.tobytes()
    return sum(n * int.from_bytes(whole[32 * i : 32 * i + 32], "big") for i, n in enumerate(added.tolist()))


def fold(events: Iterable[tuple[str, Event]]) -> dict[bytes, int]:
    """The exact counts of (agency, event) pairs, slowly. Every faster way must give the same."""
    total = merge(increment for agency, event in events for increment in increments(agency, event))
    return {cell: n for cell, n in total.items() if n}


def merge(added: Iterable[tuple[T, int]]) -> dict[T, int]:
    """Increments of equal cells summed."""
    total: dict[T, int] = {}
    for cell, n in added:
        total[cell] = total.get(cell, 0) + n
    return total
