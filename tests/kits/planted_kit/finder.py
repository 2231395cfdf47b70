"""Looks for thousands of identifiers, each in every form, in any bytes."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import numpy as np
import numpy.typing as npt

from tests.kits.planted_kit.identifiers import LONG_ENOUGH, Identifier, forms

GZIP: Final = b"\x1f\x8b\x08"
ZIP: Final = b"PK\x03\x04"
NESTED: Final = 3
WINDOW: Final = np.dtype("<u8")
"""Eight bytes as a number, wherever they begin."""
TABLE_BITS: Final = 26
MIXED: Final = np.uint64(0x9E3779B97F4A7C15)
AT_ONCE: Final = 1 << 20


class Finder:
    """Made once for all identifiers; then any number of places are searched."""

    def __init__(self, planted: Iterable[Identifier]) -> None:
        self._by_beginning: dict[bytes, list[tuple[bytes, Identifier]]] = {}
        for one in planted:
            for form in set(forms(one)):
                assert len(form) >= LONG_ENOUGH, one
                self._by_beginning.setdefault(form[:LONG_ENOUGH], []).append((form, one))
        self._likely = np.zeros(1 << TABLE_BITS, dtype=bool)
        self._likely[_places(b"".join(self._by_beginning))[::LONG_ENOUGH]] = True

    def found(self, octets: bytes) -> set[Identifier]:
        """The identifiers that are in some bytes, also where these are packed."""
        return {one for content in _unpacked(octets, NESTED) for one in self._in(content)}

    def _in(self, octets: bytes) -> Iterator[Identifier]:
        for begin in range(0, len(octets) - LONG_ENOUGH + 1, AT_ONCE):
            places = _places(octets[begin : begin + AT_ONCE + LONG_ENOUGH - 1])
            for at in (np.flatnonzero(self._likely[places]) + begin).tolist():
                for form, one in self._by_beginning.get(octets[at : at + LONG_ENOUGH], ()):
                    if octets.startswith(form, at):
                        yield one


def _places(octets: bytes) -> npt.NDArray[np.uint64]:
    """The place in the table of the eight bytes at each offset."""
    windows = np.ndarray(len(octets) - LONG_ENOUGH + 1, WINDOW, octets, strides=(1,))
    return (windows * MIXED) >> np.uint64(64 - TABLE_BITS)


def _unpacked(octets: bytes, deep: int) -> Iterator[bytes]:
    yield octets
    at = octets.find(GZIP) if deep else -1
    while at >= 0:
        with suppress(zlib.error):
            yield from _unpacked(zlib.decompressobj(wbits=31).decompress(octets[at:]), deep - 1)
        at = octets.find(GZIP, at + 1)
    if deep and ZIP in octets:
        with (
            suppress(zipfile.BadZipFile, zlib.error),
            zipfile.ZipFile(io.BytesIO(octets[octets.index(ZIP) :])) as archive,
        ):
            for info in archive.infolist():
                yield info.filename.encode()
                yield from _unpacked(archive.read(info), deep - 1)


def packed(octets: bytes) -> bytes:
    """As a file that was gzipped has them, for tests of the finder."""
    return gzip.compress(octets)
