"""Looks for thousands of identifiers, each in every form, in any bytes."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from tests.kits.planted_kit.identifiers import LONG_ENOUGH, Identifier, forms

GZIP: Final = b"\x1f\x8b\x08"
ZIP: Final = b"PK\x03\x04"
NESTED: Final = 3


class Finder:
    """Made once for all identifiers; then any number of places are searched."""

    def __init__(self, planted: Iterable[Identifier]) -> None:
        self._by_beginning: dict[bytes, list[tuple[bytes, Identifier]]] = {}
        for one in planted:
            for form in set(forms(one)):
                assert len(form) >= LONG_ENOUGH, one
                self._by_beginning.setdefault(form[:LONG_ENOUGH], []).append((form, one))

    def found(self, octets: bytes) -> set[Identifier]:
        """The identifiers that are in some bytes, also where these are packed."""
        return {one for content in _unpacked(octets, NESTED) for one in self._in(content)}

    def _in(self, octets: bytes) -> Iterator[Identifier]:
        beginnings = self._by_beginning
        for at in range(len(octets) - LONG_ENOUGH + 1):
            known = beginnings.get(octets[at : at + LONG_ENOUGH])
            for form, one in known or ():
                if octets.startswith(form, at):
                    yield one


def _unpacked(octets: bytes, deep: int) -> Iterator[bytes]:
    yield octets
    at = octets.find(GZIP) if deep else -1
    while at >= 0:
        try:
            yield from _unpacked(zlib.decompressobj(wbits=31).decompress(octets[at:]), deep - 1)
        except zlib.error:
            pass
        at = octets.find(GZIP, at + 1)
    if deep and ZIP in octets:
        try:
            with zipfile.ZipFile(io.BytesIO(octets[octets.index(ZIP) :])) as archive:
                for info in archive.infolist():
                    yield info.filename.encode()
                    yield from _unpacked(archive.read(info), deep - 1)
        except (zipfile.BadZipFile, zlib.error):
            pass


def packed(octets: bytes) -> bytes:
    """As a file that was gzipped has them, for tests of the finder."""
    return gzip.compress(octets)
