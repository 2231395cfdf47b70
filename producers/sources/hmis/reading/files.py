"""Finds the export's files in a zip or a folder, and opens them within bounds.

Rules kept: only files of the layout are ever opened, whatever else is there. Names match without
their case and folder. Nothing is extracted; no path in the archive and no link in the folder is
followed. The unpacked size of a file is checked before its first byte is read. Errors name a file
of the layout, never a name that was found inside.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from producers.errors import SourceUnreadable
from producers.sources.hmis.reading.inner_archives import NAMES, archive_of, base_of

FILE_OCTETS_MAX: Final = 2 << 30
EXPORT_OCTETS_MAX: Final = 8 << 30
ZIP_BEGINS: Final = b"PK\x03\x04"
FOLDERS_DEEP: Final = 4
NONE_THERE: Final = "None of the files of an HMIS CSV export (Export.csv, Client.csv …) is there or in a folder inside."


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of one export that are there, by their names in the layout."""

    openers: Mapping[str, Callable[[], IO[bytes]]]

    def __contains__(self, name: str) -> bool:
        return name in self.openers

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """The bytes of a file; raises SourceUnreadable when they are damaged."""
        try:
            with self.openers[name]() as stream:
                yield stream
        except (BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
            raise SourceUnreadable(
                f"{name} in the archive is damaged, encrypted or packed in an unknown way."
            ) from error
        except OSError as error:
            raise SourceUnreadable(f"{name} cannot be read: {error.strerror or 'the disk failed'}.") from error


@contextmanager
def bundle(path: Path) -> Iterator[Bundle]:
    """The export at a path, open until the block ends; raises SourceUnreadable."""
    try:
        if path.is_dir():
            folder = _folder_of(path)
            yield _bounded((entry.name, entry.stat().st_size, _file_opener(entry)) for entry in _regular(folder))
            return
        archive = ZipFile(path)
    except FileNotFoundError:
        raise SourceUnreadable(f"There is nothing at {path}.") from None
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror or 'the disk failed'}.") from None
    except (BadZipFile, UnicodeDecodeError, ValueError):
        if _begins_as_zip(path):
            raise SourceUnreadable(
                f"{path} is an incomplete zip archive: its end is missing. Export or copy it again."
            ) from None
        raise SourceUnreadable(f"{path} is neither a folder nor a zip archive.") from None
    with archive:
        inner = archive_of(archive)
        yield _bounded((base_of(info), info.file_size, _member_opener(inner, info)) for info in inner.infolist())


def files_at(path: Path) -> Sequence[Path]:
    """The files that `bundle` reads at a path: the archive, or those in the folder; OSError."""
    if not path.is_dir():
        return (path,)
    return [entry for entry in _regular(_folder_of(path)) if entry.name.lower() in NAMES]


def _begins_as_zip(path: Path) -> bool:
    """Whether a file that is no archive begins like one: then its end was cut off."""
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP_BEGINS)) == ZIP_BEGINS
    except OSError:
        return False


def _bounded(found: Iterator[tuple[str, int, Callable[[], IO[bytes]]]]) -> Bundle:
    openers: dict[str, Callable[[], IO[bytes]]] = {}
    total = 0
    for base, size, opener in found:
        name = NAMES.get(base.lower())
        if name is None:
            continue
        if name in openers:
            raise SourceUnreadable(f"{name} is there twice; leave one export in the archive or folder.")
        total += size
        if size > FILE_OCTETS_MAX or total > EXPORT_OCTETS_MAX:
            raise SourceUnreadable(f"{name} is larger than an export can be; export fewer projects or years at once.")
        openers[name] = opener
    if not openers:
        raise SourceUnreadable(NONE_THERE)
    return Bundle(openers)


def _folder_of(path: Path) -> Path:
    """The folder with the export's files: this one, or the only one inside that has some."""
    level = [path]
    for _ in range(FOLDERS_DEEP):
        holding = [folder for folder in level if any(entry.name.lower() in NAMES for entry in _regular(folder))]
        if len(holding) > 1:
            raise SourceUnreadable("Several folders inside have files of an export; name one of them.")
        if holding:
            return holding[0]
        level = [inner for folder in level for inner in sorted(folder.iterdir()) if _is_folder(inner)]
    raise SourceUnreadable(NONE_THERE)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _regular(folder: Path) -> Iterator[Path]:
    yield from (entry for entry in sorted(folder.iterdir()) if entry.is_file() and not entry.is_symlink())


def _file_opener(entry: Path) -> Callable[[], IO[bytes]]:
    return lambda: entry.open("rb")


def _member_opener(archive: ZipFile, info: ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(info)
