"""A zip archive in a zip archive: some products and mail programs pack an export twice.

Rules kept: the archive inside is read into memory, within bounds, and never written to a disk. If
several are inside, none is chosen. Errors name no file that was found inside.
"""

import io
import zlib
from typing import Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from producers.errors import SourceUnreadable
from producers.sources.hmis.reading.layout import FILES

ARCHIVES_DEEP: Final = 3
INNER_OCTETS_MAX: Final = 128 << 20
NAMES: Final = {layout.name.lower(): layout.name for layout in FILES}
"""The names of the files of the layout, by their small letters."""


def base_of(info: ZipInfo) -> str:
    """The name of an entry without its folders."""
    return info.filename.replace("\\", "/").rpartition("/")[2]


def archive_of(outer: ZipFile) -> ZipFile:
    """The archive with the export's files: this one, or the only one inside; SourceUnreadable."""
    archive = outer
    for _ in range(ARCHIVES_DEEP):
        names = [(base_of(info).lower(), info) for info in archive.infolist()]
        inside = [info for name, info in names if name.endswith(".zip") and not name.startswith("._")]
        if not inside or any(name in NAMES for name, _ in names):
            return archive
        if len(inside) > 1:
            raise SourceUnreadable("Several archives are inside of this one: unpack it, and name one of them.")
        archive = _opened(archive, inside[0])
    return archive


def _opened(archive: ZipFile, info: ZipInfo) -> ZipFile:
    if info.file_size > INNER_OCTETS_MAX:
        raise SourceUnreadable("The archive inside of this one is very large: unpack it, and name the inner one.")
    try:
        return ZipFile(io.BytesIO(archive.read(info)))
    except (BadZipFile, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError, ValueError, zlib.error):
        raise SourceUnreadable(
            "The archive inside of this one is damaged, encrypted or packed in an unknown way."
        ) from None
