"""An archive as a restore reads it: checked whole before anything is written.

Rules kept: every file has its digest; the ledger in the archive names the epochs that the archive
has, with the heads that its events have; every registration can be read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consumers.archive.books import SMALL_TOPICS, Books, books_of
from consumers.archive.errors import ArchiveDamaged, NoArchive
from consumers.archive.manifest import Manifest, Segment, read_manifest
from consumers.archive.segments import check_files, files_named
from consumers.release.draws_state import DrawsDamaged
from exchange.core.admission.gate import Registration
from exchange.core.model.epochs import epoch_text
from exchange.engine.log import Record
from exchange.wire.archive_files import RecordRun, read_runs
from exchange.wire.message import MessageUnreadable
from exchange.wire.records import decode_registration
from exchange.wire.topics import AGENCIES, EVENTS, AgencyCodeInvalid, check_agency

NO_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ()


@dataclass(frozen=True, slots=True)
class ArchivedRecord:
    """A record of a small topic, as it was read from the archive."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = NO_HEADERS


@dataclass(frozen=True, slots=True)
class CheckedArchive:
    """An archive whose digests are right and whose ledger fits its events."""

    directory: Path
    manifest: Manifest
    books: Books
    registrations: dict[str, Registration]

    def runs(self, segment: Segment) -> Iterator[RecordRun]:
        """The records of a file, in order."""
        return read_runs(self.directory / segment.file)

    @property
    def events(self) -> tuple[Segment, ...]:
        """The files of `events`, in the order of their epochs; the open one last."""
        return self.manifest.of(EVENTS)


def read_archive(directory: Path) -> CheckedArchive:
    """Read and check an archive. Raises NoArchive, ArchiveDamaged, ArchiveFailed."""
    with files_named(directory):
        manifest = read_manifest(directory) if directory.is_dir() else None
        if manifest is None:
            raise NoArchive(f"{directory} holds no archive.")
        for _ in check_files(directory, manifest):
            pass
        records: dict[str, list[Record]] = {
            topic: [record for one in manifest.of(topic) for record in _records(directory, one)]
            for topic in SMALL_TOPICS
        }
    try:
        books = books_of(manifest.cluster, records)
        registrations = _registrations(records[AGENCIES])
    except (DrawsDamaged, MessageUnreadable, AgencyCodeInvalid) as error:
        raise ArchiveDamaged(f"The archive's ledger or registry cannot be read: {type(error).__name__}.") from None
    _check_ledger(manifest, books, registrations)
    return CheckedArchive(directory, manifest, books, registrations)


def _records(directory: Path, segment: Segment) -> Iterator[ArchivedRecord]:
    for run in read_runs(directory / segment.file):
        for columns in zip(run.offsets, run.timestamps, run.keys, run.values, strict=True):
            yield ArchivedRecord(*columns)


def _registrations(records: Sequence[Record]) -> dict[str, Registration]:
    """The newest registration of each agency."""
    found = [decode_registration(record.value) for record in records if record.value is not None]
    return {check_agency(one.agency): one for one in found}


def _check_ledger(manifest: Manifest, books: Books, registrations: dict[str, Registration]) -> None:
    if [bound.epoch for bound in books.bounds] != [one.epoch for one in manifest.of(EVENTS)][:-1]:
        raise ArchiveDamaged("The archive's ledger closes other epochs than its files hold.")
    heads: dict[str, int] = {}
    for one in manifest.of(EVENTS):
        heads |= {agency: sequence for agency, (sequence, _) in one.heads.items()}
        if one.epoch in books.closed.cuts and dict(books.cut(one.epoch).heads) != heads:
            raise ArchiveDamaged(f"The archive's ledger and events differ about {epoch_text(one.epoch)}.")
    if sum(heads.values()) != manifest.records(EVENTS):
        raise ArchiveDamaged("The archive does not hold each agency's events once.")
    if unknown := sorted(heads.keys() - registrations.keys()):
        raise ArchiveDamaged(f"The archive holds events of {unknown[0]}, which is not registered in it.")
