"""The witness of this host: one small file for each exchange, beside the worker and not in Kafka.

Whoever closes, publishes or mentions an epoch shows the ledger to the witness first (`sees`). Only
committed draws are shown. So whatever readers of releases, or agencies, could know of a draw is in
the file before. A draw that is not in the file was never public, and may be drawn again.

Rules kept:
- The file is replaced whole: written beside it, forced to the disk, renamed, and the folder forced
  to the disk. A kill leaves the old file or the new one. Workers of one host take turns by a lock.
- It only moves forward (`exchange.core.release.witness`).
- A file that cannot be read, or is not what was written, is no witness of anything: WitnessDamaged,
  and nothing is closed or published. No file: the ledger is taken over, and the log says so.

Not promised: that anything is noticed if the file is put back together with the brokers, so keep it
out of their backups. Nor locks over every network file system.
"""

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from exchange.core.errors import ClusterLeft, ExchangeError, LedgerBehind, LedgerDiffers
from exchange.core.model.epochs import EpochInvalid, epoch_text, parse_epoch
from exchange.core.model.ledger_head import LedgerHead
from exchange.core.release.closed_epochs import Closed
from exchange.core.release.witness import Witness, check_head, witnessed
from exchange.engine.errors import LogUnavailable
from exchange.engine.private_file import write_private

FORMAT: Final = 1
NO_NAME: Final = re.compile(r"[^\w-]", re.ASCII)
"""What no cluster's id holds, and no file's name may."""
NONE_CLOSED: Final = "none"
"""In the place of a month: none was closed."""
TURNS_MAX: Final = 10
TURN_S: Final = 0.01
"""Between two looks whether another worker has written the file."""
logger = structlog.get_logger(__name__)


class WitnessDamaged(ExchangeError):
    """The witness file of this host is not what was written. Nothing is closed or published."""

    hint = (
        "Compare `exchange release list` with the last month that you know to be public, then run `exchange release adopt`"
        ' on this host. See docs/OPERATIONS.md, "When the whole of Kafka is put back".'
    )


class WitnessUnwritable(ExchangeError):
    """The witness file cannot be read or written. Nothing is closed or published."""

    hint = (
        "Set EXCHANGE_STATE_DIR to a folder that the worker may write and that is not backed up together with Kafka, or"
        " mend the disk or its permissions. Then start the worker again."
    )


class WitnessBusy(LogUnavailable):
    """Another worker of this host is writing the witness file."""

    hint = "It is tried again. If it lasts, a worker of this host is frozen: end it."


class AdoptRefused(ExchangeError):
    """The month is not the last one in `draws`. The witness file is as it was."""

    hint = (
        "If `draws` ends before the last month that was published, put back a newer copy of Kafka: never adopt less. If it"
        " goes further, look at `exchange release list` and name that month."
    )


WITNESS_REFUSES: Final = (LedgerBehind, LedgerDiffers, ClusterLeft, WitnessDamaged, WitnessUnwritable)
"""What halts whoever closes or publishes, until an operator has looked."""


@dataclass(frozen=True, slots=True)
class WitnessFiles:
    """The witness files in a folder, which need not exist yet."""

    folder: Path

    def prepare(self) -> None:
        """Make the folder, and make sure that it can be written. Raises WitnessUnwritable."""
        with self._named(), self._locked("folder"):
            pass

    def sees(self, closed: Closed, cluster: str) -> Witness:
        """Compare a ledger with the witness, and remember it from now on.

        An unfinished restore is not remembered: it does not show yet whose ledger it is. `closed`:
        everything that is committed in `draws`. `cluster`: the id of its cluster. Raises
        ClusterLeft, LedgerBehind, LedgerDiffers, WitnessDamaged, WitnessUnwritable, WitnessBusy.
        """
        path = self._path(closed, cluster)
        with self._named():
            known = read_witness(path)
            seen = witnessed(known, closed.trail, cluster, leaves=closed.leaves)
            if seen != known and not closed.restoring:
                with self._locked(path.name):  # another worker may have seen more meanwhile
                    seen = witnessed(read_witness(path), closed.trail, cluster, leaves=closed.leaves)
                    write_private(path, encoded(seen))
                _say(known, seen)
        return seen

    def known(self, closed: Closed, cluster: str) -> Witness | None:
        """The witness of the exchange of this ledger, uncompared; None: there is none here.

        Raises WitnessDamaged, WitnessUnwritable.
        """
        with self._named():
            return read_witness(self._path(closed, cluster))

    def compares(self, closed: Closed, cluster: str) -> None:
        """Compare without remembering. Raises as `sees` does."""
        witnessed(self.known(closed, cluster), closed.trail, cluster, leaves=closed.leaves)

    def adopt(self, closed: Closed, cluster: str, epoch: int) -> Witness:
        """Remember this ledger from now on, whatever was remembered, unless it lacks a month.

        `epoch`: the last one that a person knows to be closed, 0 for none. Raises AdoptRefused,
        LedgerBehind, and as `sees` does about the file itself.
        """
        last = closed.trail.head.epoch
        if epoch != last:
            raise AdoptRefused(f"`draws` ends with {month_text(last)}, not with {month_text(epoch)}.")
        seen = Witness(closed.trail.at(cluster), closed.trail.head, closed.leaves)
        with self._named():
            path = self._path(closed, cluster)
            with self._locked(path.name):
                known = None
                with suppress(WitnessDamaged):
                    known = read_witness(path)
                if known is not None and known.head.epoch > last:
                    check_head(known.head, closed.trail)
                write_private(path, encoded(seen))
        return seen

    def _path(self, closed: Closed, cluster: str) -> Path:
        """By the first cluster of the exchange, which it keeps wherever it moves.

        A copy from before the restore does not name it: the file is the one that names the cluster.
        """
        first = NO_NAME.sub("_", closed.trail.at(cluster)[0])
        path = self.folder / f"ledger-{first}.json"
        if path.exists():
            return path
        return next((other for other in sorted(self.folder.glob("ledger-*.json")) if _names(other, cluster)), path)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise WitnessUnwritable(f"{self.folder}: {error.strerror}.") from None

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.folder / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take_turn(lock)
            yield
        finally:
            os.close(lock)


def _take_turn(lock: int) -> None:
    """Wait for the lock as long as a worker takes to write the file. Raises WitnessBusy."""
    for _ in range(TURNS_MAX):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(TURN_S)
    raise WitnessBusy


def month_text(epoch: int) -> str:
    """`2026-11`, or `none`."""
    return epoch_text(epoch) if epoch else NONE_CLOSED


def parse_month(text: str) -> int:
    """The epoch of `2026-11`, or 0 for `none`. Raises EpochInvalid."""
    return 0 if text == NONE_CLOSED else parse_epoch(text)


def read_witness(path: Path) -> Witness | None:
    """The witness in a file; None if there is no such file.

    Raises WitnessDamaged, and OSError where it cannot be read.
    """
    try:
        octets = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        plain = json.loads(octets)
        epoch, digest = parse_month(plain["epoch"]), bytes.fromhex(plain["digest"])
        witness = Witness(tuple(plain["clusters"]), LedgerHead(epoch, digest), plain["leaves"])
        if octets != encoded(witness):
            raise WitnessDamaged(f"{path} is damaged.")
    except (RecursionError, ValueError, KeyError, TypeError, AttributeError, EpochInvalid):
        raise WitnessDamaged(f"{path} is damaged.") from None
    return witness


def encoded(witness: Witness) -> bytes:
    """The bytes of a file. The last field is the digest of the others."""
    plain = {
        "format": FORMAT,
        "clusters": list(witness.clusters),
        "epoch": month_text(witness.head.epoch),
        "digest": witness.head.digest.hex(),
        "leaves": witness.leaves,
    }
    check = sha256(json.dumps(plain).encode("ascii")).hexdigest()
    return json.dumps({**plain, "check": check}, indent=1).encode("ascii") + b"\n"


def _names(path: Path, cluster: str) -> bool:
    try:
        witness = read_witness(path)
    except WitnessDamaged:  # another exchange's, for all that it shows
        return False
    return witness is not None and cluster in witness.clusters


def _say(known: Witness | None, seen: Witness) -> None:
    facts = {"epoch": month_text(seen.head.epoch), "cluster": seen.clusters[-1]}
    if known is None:
        logger.warning("this host has no witness of the ledger yet: the ledger of this cluster is taken over", **facts)
    else:
        logger.info("the witness has seen the ledger", **facts)
