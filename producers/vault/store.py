"""The vault: the agency's encrypted memory of its facts and events, in one SQLCipher file.

Rules kept: everything in the file is encrypted, write-ahead log and temporary data included.
Whatever must be known before an event is sent is durable before it is sent. One process at a time
uses the vault, by SQLite's own exclusive lock, and its memory is private (`private_memory`). An
error of the file becomes a named error that says what to do, and a failed write leaves the file as
it was before.

Promised: after a kill at any moment the vault opens and continues. Not promised: facts of the batch
that was open at the kill (`commit` ends a batch); they are taken when the source is read again.
"""

import contextlib
import secrets
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from sqlcipher3 import dbapi2 as sqlite

from producers import errors
from producers.profile import Profile
from producers.secret_files import Secret
from producers.vault.file_errors import naming_errors
from producers.vault.private_memory import keep_memory_private
from producers.vault.schema import NEVER, SECRET_OCTETS, Row, Value, schema_of

FORMAT: Final = 1
CACHE_KIB: Final = 65_536
LOG_PAGES: Final = 8_192  # of 4 KiB in the write-ahead log, before they are copied into the file
FIRST_KEY: Final = 1
NAMED_AT_ONCE: Final = 500
SEAL: Final = "seal"
T = TypeVar("T")


class Vault:
    """An open vault. `create` makes a vault, `open` opens one; both hold its lock until `close`."""

    def __init__(self, connection: sqlite.Connection, path: Path) -> None:
        self._db = connection
        self.path = path
        self._later: dict[str, list[tuple[Value, ...]]] = {}
        self._sealing = False

    @classmethod
    def create(cls, profile: Profile, secret: Secret, *, key_number: int = FIRST_KEY) -> Self:
        """Make and open the vault of a profile, with a new signing key of this number (0–63).

        Raises VaultExists. The file gets its name when it is complete: a kill leaves no vault.
        """
        path = profile.vault
        keep_memory_private()
        unfinished = path.with_name(path.name + ".unfinished")
        expect_no_vault(profile)
        with naming_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.unlink(missing_ok=True)
            unfinished.touch(mode=0o600, exist_ok=False)
        try:
            with cls(_connect(unfinished, secret), unfinished) as vault:
                for statement in schema_of(profile.legal_class):
                    vault.run(statement)
                vault._found(profile, key_number)
                vault.commit()
            with naming_errors(path):
                unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
        return cls.open(profile, secret)

    @classmethod
    def open(cls, profile: Profile, secret: Secret) -> Self:
        """Open a profile's vault, or raise a VaultError that says why not."""
        path = profile.vault
        keep_memory_private()
        expect_vault(profile)
        if path.stat().st_size == 0:
            raise errors.VaultDamaged(f"{path} is empty.")
        vault = cls(_connect(path, secret), path)
        try:
            vault._check(profile)
        except BaseException:
            vault.close()
            raise
        return vault

    def _found(self, profile: Profile, key_number: int) -> None:
        self.set("format", FORMAT.to_bytes(2, "big"))
        self.set("agency", profile.agency.encode("ascii"))
        self.set("legal_class", str(profile.legal_class).encode("ascii"))
        for name in ("genesis", "secret", "signing_key", "cap_key"):
            self.set(name, secrets.token_bytes(SECRET_OCTETS))
        self.set("key_number", bytes([key_number]))
        for name in ("accepted", "run", "part", "settled"):
            self.set(name, bytes(8))
        for name in ("database", "last_scheduled", "doubtful"):
            self.set(name, b"")
        for name in ("counted", "tallied", "exhausted"):
            self.set(name, NEVER)

    def _check(self, profile: Profile) -> None:
        if int.from_bytes(self.get("format"), "big") > FORMAT:
            raise errors.VaultTooNew
        made_for = (self.get("agency").decode("ascii"), self.get("legal_class").decode("ascii"))
        if made_for != (profile.agency, str(profile.legal_class)):
            raise errors.VaultOfAnother(
                f"{self.path} is the vault of {made_for[0]} ({made_for[1]}), the profile's agency is {profile.agency} "
                f"({profile.legal_class})."
            )

    def get(self, name: str) -> bytes:
        """One of the vault's own values."""
        row = self.one("SELECT value FROM meta WHERE name = ?", (name,))
        if row is None:
            raise errors.VaultDamaged(f"{self.path} lacks its {name}.")
        return bytes(row[0])

    def set(self, name: str, value: bytes) -> None:
        """Store one of the vault's own values."""
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def sealed(self) -> bytes:
        """What `seal` stored; empty where anything was made durable since."""
        row = self.one("SELECT value FROM meta WHERE name = ?", (SEAL,))
        return b"" if row is None else bytes(row[0])

    def seal(self, value: bytes) -> None:
        """Store a value until the commit after the next one: whatever is written removes it."""
        self.set(SEAL, value)
        self._sealing = True

    def changes(self) -> int:
        """The number of rows that were changed since the vault was opened."""
        self._settle()
        return int(self._db.total_changes)

    def run(self, statement: str, values: Iterable[Value] = ()) -> int:
        """Run a statement in the open batch; returns the number of changed rows."""
        self._settle()
        with naming_errors(self.path):
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            return int(self._db.execute(statement, tuple(values)).rowcount)

    def later(self, statement: str, values: tuple[Value, ...]) -> None:
        """Run a statement that changes rows, with others like it, before anything else is asked.

        Two that wait must not change the same row.
        """
        self._later.setdefault(statement, []).append(values)

    def _settle(self) -> None:
        """Run what waits."""
        while self._later:
            statement = next(iter(self._later))
            self.many(statement, self._later.pop(statement))

    def many(self, statement: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Run a statement for many rows, in the open batch."""
        self._settle()
        with naming_errors(self.path):
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(statement, rows)

    def one(self, query: str, values: tuple[Value, ...] = ()) -> Row | None:
        """The first row of a query."""
        self._settle()
        with naming_errors(self.path):
            row: Row | None = self._db.execute(query, values).fetchone()
            return row

    def all(self, query: str, values: tuple[Value, ...] = ()) -> list[Row]:
        """All rows of a query."""
        self._settle()
        with naming_errors(self.path):
            rows: list[Row] = self._db.execute(query, values).fetchall()
            return rows

    def each(self, query: str, values: tuple[Value, ...] = ()) -> Iterator[Row]:
        """The rows of a query, one by one, as there may be a million; change nothing meanwhile."""
        self._settle()
        with naming_errors(self.path):
            yield from self._db.execute(query, values)

    def commit(self) -> None:
        """Make the open batch durable."""
        self._settle()
        if self._db.in_transaction:
            try:
                with naming_errors(self.path):
                    if not self._sealing:
                        self._db.execute("DELETE FROM meta WHERE name = ?", (SEAL,))
                    self._db.execute("COMMIT")
                self._sealing = False
            except errors.VaultError:
                self.rollback()
                raise

    def rollback(self) -> None:
        """Undo the open batch."""
        self._later.clear()
        self._sealing = False
        if self._db.in_transaction:
            with contextlib.suppress(sqlite.Error):
                self._db.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A block of changes that are made together or not at all; `commit` makes them durable."""
        self._settle()
        with naming_errors(self.path):
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("SAVEPOINT together")
        try:
            yield
            self._settle()
        except BaseException:
            self._later.clear()
            with contextlib.suppress(sqlite.Error):
                self._db.execute("ROLLBACK TO together")
                self._db.execute("RELEASE together")
            raise
        with naming_errors(self.path):
            self._db.execute("RELEASE together")

    def copy_into(self, path: Path, secret: Secret) -> None:
        """Copy all that is durable, of one moment, into a new file under the same secret."""
        self.rollback()
        with naming_errors(path), contextlib.closing(sqlite.connect(str(path), isolation_level=None)) as copy:
            copy.execute("PRAGMA cipher_log_level = NONE")
            copy.execute(f"PRAGMA key = {_key_literal(secret)}")
            self._db.backup(copy)

    def close(self) -> None:
        """Close the file; changes that were not committed are lost."""
        self.rollback()
        with contextlib.suppress(sqlite.Error):
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def expect_vault(profile: Profile) -> None:
    """Raise VaultMissing when there is no vault, before anybody is asked for the passphrase."""
    if not profile.vault.exists():
        raise errors.VaultMissing(f"There is no vault at {profile.vault}.")


def expect_no_vault(profile: Profile) -> None:
    """Raise VaultExists when there is a vault: before anything is written for a new one."""
    if profile.vault.exists():
        raise errors.VaultExists(f"There is a vault at {profile.vault}.")


def batches(values: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """The values, as many at once as one query may name."""
    return (tuple(values[first : first + NAMED_AT_ONCE]) for first in range(0, len(values), NAMED_AT_ONCE))


def places(values: Sized) -> str:
    """Places for these values in a statement."""
    return ", ".join("?" * len(values))


def _connect(path: Path, secret: Secret) -> sqlite.Connection:
    with naming_errors(path):
        db = sqlite.connect(str(path), isolation_level=None, timeout=0.0, check_same_thread=False, cached_statements=64)
    try:
        with naming_errors(path):
            db.execute("PRAGMA cipher_log_level = NONE")  # SQLCipher writes to stderr by itself otherwise
            db.execute(f"PRAGMA key = {_key_literal(secret)}")
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
            db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            db.execute("BEGIN EXCLUSIVE")
            db.execute("SELECT count(*) FROM sqlite_master")
            db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _key_literal(secret: Secret) -> str:
    if secret.raw_key:
        return f"\"x'{secret.raw_key.hex()}'\""
    return "'" + secret.passphrase.replace("'", "''") + "'"
