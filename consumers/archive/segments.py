"""The files of an archive: written whole or not at all, checked before use, cleaned up.

Rules kept:
- Only the owner may read: the directory is 0700, files are 0600.
- A file gets its name only when it is whole and on the disk. The name holds its digest, so no file
  is ever overwritten with other content.
- Only files with names of this module are ever deleted.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from consumers.archive.errors import ArchiveDamaged, ArchiveFailed, ArchiveRefused
from consumers.archive.manifest import Manifest, Segment, file_name
from exchange.engine.log import Record
from exchange.engine.private_file import sync_folder
from exchange.wire.archive_files import RecordRun, RunWriter, digest_of_file, run_writer

STAGED: Final = ".incomplete.avro"
_OURS: Final = re.compile(
    r"[a-z]+-(open|\d{4}-\d{2})-[0-9a-f]{12}\.avro|\.incomplete\.avro|\.manifest\.json\.[0-9a-f]{8}"
)


@contextmanager
def files_named(directory: Path) -> Iterator[None]:
    """Name the directory where a file cannot be written or read: raises ArchiveFailed."""
    try:
        yield
    except OSError as error:
        raise ArchiveFailed(f"{directory}: {error.strerror or type(error).__name__}.") from None


def prepare(directory: Path, *, earlier: bool) -> None:
    """Make the directory, or check that it is fit. Raises ArchiveRefused.

    `earlier`: whether it holds an archive.
    """
    if not directory.exists():
        if not directory.absolute().parent.is_dir():
            raise ArchiveRefused(f"{directory.absolute().parent} is no directory.")
        directory.mkdir(mode=0o700)
    if not directory.is_dir():
        raise ArchiveRefused(f"{directory} is no directory.")
    if not earlier and any(not _OURS.fullmatch(path.name) for path in directory.iterdir()):
        raise ArchiveRefused(f"{directory} is not empty, and holds no archive.")
    directory.chmod(0o700)


def run_of(partition: int, records: Sequence[Record]) -> RecordRun:
    """Records as they were read, in columns. Raises ArchiveRefused for a record with headers."""
    for record in records:
        if record.headers:
            raise ArchiveRefused(
                f"A record at offset {record.offset} has headers: no program of the exchange wrote it."
            )
    return RecordRun(
        partition,
        [record.offset for record in records],
        [record.timestamp for record in records],
        [record.key for record in records],
        [record.value for record in records],
    )


class SegmentFile:
    """A file that is being written. `finish` gives it its name."""

    def __init__(self, directory: Path, topic: str, epoch: int, writer: RunWriter, staged: Path) -> None:
        self._directory, self._topic, self._epoch = directory, topic, epoch
        self._writer, self._staged = writer, staged
        self.add = writer.add

    def named(self, content: str, heads: dict[str, tuple[int, str]]) -> Segment:
        """Give the whole file its name."""
        digest = self._writer.digest
        name = file_name(self._topic, self._epoch, digest)
        self._staged.replace(self._directory / name)
        writer = self._writer
        return Segment(self._topic, self._epoch, name, writer.records, writer.octets, digest, content, heads)


@contextmanager
def segment_file(directory: Path, topic: str, epoch: int) -> Iterator[SegmentFile]:
    """A new file; at the end of the block it is whole and on the disk, still without its name."""
    staged = directory / STAGED
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with run_writer(out) as writer:
            yield SegmentFile(directory, topic, epoch, writer, staged)
        out.flush()
        os.fsync(out.fileno())


def content_of(records: Sequence[Record]) -> str:
    """A digest of records' keys, values and times, whatever file they are in."""
    found = sha256()
    for record in records:
        for octets in (record.key, record.value):
            found.update(b"-" if octets is None else b"%d:%b" % (len(octets), octets))
        found.update(b"@%d\n" % record.timestamp)
    return found.hexdigest()


def clean_up(directory: Path, manifest: Manifest) -> None:
    """Delete the files of interrupted runs, and those that the manifest names no longer."""
    wanted = {one.file for one in manifest.segments}
    for path in directory.iterdir():
        if _OURS.fullmatch(path.name) and path.name not in wanted:
            path.unlink()
    sync_folder(directory)


def check_files(directory: Path, manifest: Manifest) -> Iterator[Segment]:
    """Compare every file with its digest; yields each that is right. Raises ArchiveDamaged."""
    for one in manifest.segments:
        path = directory / one.file
        if one.file != file_name(one.topic, one.epoch, one.sha256) or not path.is_file():
            raise ArchiveDamaged(f"{one.file} is missing.")
        if digest_of_file(path) != one.sha256:
            raise ArchiveDamaged(f"{one.file} does not have its digest.")
        yield one
