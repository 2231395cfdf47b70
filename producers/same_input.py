"""The same input again: a run that would only read what the run before it has read, reads nothing.

`DECIDES` lists all that has a say in what a reading gives and in what becomes of it, the vault
apart. Their keyed digest is the *seal* of a reading. A run that came to its end leaves its seal in
the vault, if the same reading could change nothing any more; whatever else is written to the vault
removes it (`Vault.seal`). So a run that finds its own seal there takes over the number and the
report of that run, and goes on from there: it closes quarters, sends what waits, acts on what the
exchange answers, and ends with its heartbeat.

Promised: but for time, nobody can tell from the vault, from what is sent or from the report whether
a run has read. A file that changes between its seal and the end of its reading is refused.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from producers.delivery.remembered.reading_memory import AGAIN, put_into, text_of
from producers.delivery.report import Report
from producers.errors import SourceChanged, SourceUnreadable
from producers.facts import ClientHeld, ClientWithdrawn, ReadsFilesAlone, Source, Withdrawn
from producers.profile import Profile
from producers.vault.fact_store import FactOutcome, FactStore
from producers.vault.store import Vault

SEAL_OCTETS: Final = 32
REFUSED_ROWS_MAX: Final = 20_000
"""A run that refused more leaves no seal: its list would take long to keep."""
PROGRAM: Final = (("producers", ""), ("exchange", "core"), ("exchange", "wire"), ("schemas", ""))
"""(package, folder) of all that reads a source and judges its facts."""


@dataclass(frozen=True, slots=True)
class RunInput:
    """What a run reads. `newest`: the last quarter that has begun, by the run's clock."""

    source: ReadsFilesAlone
    profile: Profile
    newest: int


def _files(of: RunInput) -> Iterator[bytes]:
    for path in sorted(of.source.files()):
        with path.open("rb") as file:
            digest = blake2b(digest_size=SEAL_OCTETS)
            while some := file.read(1 << 20):
                digest.update(some)
        yield path.name.encode() if len(of.source.files()) > 1 else path.suffix.encode()
        yield digest.digest()


def _profile(of: RunInput) -> Iterator[bytes]:
    yield of.profile.model_dump_json().encode()


def _newest_quarter(of: RunInput) -> Iterator[bytes]:
    yield of.newest.to_bytes(4, "big")


def _program(_: RunInput) -> Iterator[bytes]:
    yield program()


DECIDES: Final[tuple[Callable[[RunInput], Iterator[bytes]], ...]] = (_files, _profile, _newest_quarter, _program)
"""The bytes of each file; every key of the profile; the quarter, as rows of a later one are
refused; the code with its lists and schemas. What a run decides after its reading is not here:
`--closes`, the schedule, minutes, the day, what waits, what the exchange says."""


@cache
def program() -> bytes:
    """The digest of the code that reads and judges, with its lists and schemas."""
    digest = blake2b(digest_size=SEAL_OCTETS)
    for package, folder in PROGRAM:
        for part in _parts(files(package).joinpath(folder) if folder else files(package)):
            digest.update(part)
    return digest.digest()


def _parts(place: Traversable) -> Iterator[bytes]:
    for entry in sorted(place.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _parts(entry)
        elif entry.is_file():
            yield entry.name.encode()
            yield blake2b(entry.read_bytes(), digest_size=SEAL_OCTETS).digest()


class SameInput:
    """One run's reading of one source, and the seal that the run before it left."""

    def __init__(self, vault: Vault, fact_store: FactStore, report: Report, profile: Profile, newest: int) -> None:
        self._vault, self._store, self._report = vault, fact_store, report
        self._profile, self._newest = profile, newest
        self._input: RunInput | None = None
        self._seal, self._read = b"", ""
        self._outcomes: Counter[FactOutcome] = Counter()
        self._began = vault.changes()

    def again(self, source: Source) -> bool:
        """Whether the run before has read the same: then this run has read it, too.

        Else the source is to be read, and `read` is to be called at its end.
        """
        if not isinstance(source, ReadsFilesAlone) or self._vault.changes() != self._began:
            return False
        self._input = RunInput(source, self._profile, self._newest)
        self._seal = self._sealed()
        kept = self._vault.sealed()
        if not self._seal or kept[:SEAL_OCTETS] != self._seal:
            return False
        made_at, _, self._read = kept[SEAL_OCTETS:].decode().partition("\n")
        self._store.take_over(made_at)
        put_into(self._report, self._read)
        self._outcomes = +self._report.outcomes
        return True

    def read(self) -> None:
        """The source was read to its end; raises SourceChanged if it is not the same any more."""
        if self._seal and self._sealed() != self._seal:
            raise SourceChanged("A file changed while it was read.")
        self._outcomes = +self._report.outcomes
        self._read = text_of(self._report) if self._seal and self._could_change_nothing() else ""

    def remember(self) -> None:
        """The run came to its end: leave the seal in the vault, if it holds."""
        if self._read and self._changed_nothing_since():
            text = f"{self._store.made_at}\n{self._read}"
            self._vault.seal(self._seal + text.encode())

    def _sealed(self) -> bytes:
        """The seal of the input as it is now; empty where it cannot be read: the reading says."""
        assert self._input is not None
        digest = blake2b(key=self._vault.get("secret"), digest_size=SEAL_OCTETS, person=b"same input")
        try:
            for part in (part for decides in DECIDES for part in decides(self._input)):
                digest.update(len(part).to_bytes(8, "big") + part)
        except (OSError, SourceUnreadable):
            return b""
        return digest.digest()

    def _could_change_nothing(self) -> bool:
        """Whether this very reading, once more, would state each fact as it stands now."""
        report, counts = self._report, self._report.outcomes
        changed = counts[FactOutcome.PUBLISHED] or counts[FactOutcome.CORRECTED]
        withdraws = report.kinds & {Withdrawn, ClientWithdrawn}
        return (
            all(outcome in AGAIN for outcome, count in counts.items() if count)
            and not (changed and withdraws)
            and ClientHeld not in report.kinds
            and len(report.refused_rows) <= REFUSED_ROWS_MAX
        )

    def _changed_nothing_since(self) -> bool:
        """Whether all that the reading gave stands as it was read, and the exchange took it."""
        report = self._report
        stands = self._store.repeatable and report.unconfirmed is None and not report.held_alike
        stands = stands and +report.outcomes == self._outcomes
        troubled = report.refused_by_exchange or report.restored or report.claimed or report.doubted or report.unclaimed
        return stands and not troubled
