"""A file of an archive: an Avro container file that holds records of one topic, byte for byte.

Each Avro record is a run of Kafka records of one partition, in columns: offsets, times, keys and
values. So any Avro library reads the file, and 100,000 events a second can be written.

Rules kept: key, value and time are those of the Kafka record. A file is read only as a whole, and
raises `FileUnreadable` where its bytes are not those that were written.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Final, cast

import fastavro
from fastavro.write import Writer

from exchange.core.errors import ExchangeError

CODEC: Final = "deflate"
LEVEL: Final = 1
BLOCK_BYTES: Final = 1 << 16
_OCTETS: Final = {"type": "array", "items": ["null", "bytes"]}
_LONGS: Final = {"type": "array", "items": "long"}
SCHEMA: Final = fastavro.parse_schema(
    {
        "type": "record",
        "name": "ArchivedRun",
        "namespace": "exchange.wire",
        "doc": "Records of one partition, in order. Restricted.",
        "fields": [
            {"name": "partition", "type": "int"},
            {"name": "offsets", "doc": "on the archived cluster", "type": _LONGS},
            {"name": "timestamps", "doc": "milliseconds since 1970", "type": _LONGS},
            {"name": "keys", "type": _OCTETS},
            {"name": "values", "type": _OCTETS},
        ],
    }
)


class FileUnreadable(ExchangeError):
    """A file of the archive is not an Avro file of records."""

    hint = "Use another copy of the archive."


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one partition, in order, in columns of equal length."""

    partition: int
    offsets: Sequence[int]
    timestamps: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]


class RunWriter:
    """Writes runs to a file. `digest`, `octets` and `records` are of the whole file after `end`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._out = _Hashing(file)
        out = cast("IO[bytes]", self._out)
        self._writer = Writer(out, SCHEMA, codec=CODEC, sync_interval=BLOCK_BYTES, compression_level=LEVEL)
        self.records = 0

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes that were written, hexadecimal."""
        return self._out.hash.hexdigest()

    @property
    def octets(self) -> int:
        """The number of bytes that were written."""
        return self._out.octets

    def add(self, run: Run) -> None:
        """Write a run."""
        plain = {
            "partition": run.partition,
            "offsets": run.offsets,
            "timestamps": run.timestamps,
            "keys": run.keys,
            "values": run.values,
        }
        self._writer.write(plain)
        self.records += len(run.offsets)

    def end(self) -> None:
        """Write what is left in memory."""
        self._writer.flush()


class _Hashing:
    """A file that is only written to, and hashed meanwhile."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.hash, self.octets = file, sha256(), 0

    def write(self, octets: bytes) -> int:
        self.hash.update(octets)
        self.octets += len(octets)
        return self._file.write(octets)

    def flush(self) -> None:
        """The Avro writer asks for it after each block. Only the file's end is certain."""

    def seekable(self) -> bool:
        """A new file: there is nothing to append to."""
        return False


@contextmanager
def run_writer(file: IO[bytes]) -> Iterator[RunWriter]:
    """A writer of runs; at the end of the block the file is whole."""
    writer = RunWriter(file)
    yield writer
    writer.end()


def read_runs(path: Path) -> Iterator[Run]:
    """The runs of a file, in order. Raises FileUnreadable and OSError."""
    with path.open("rb") as file:
        try:
            for block in fastavro.block_reader(file, SCHEMA):
                for plain in block:
                    yield _run(cast("dict[str, object]", plain))
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - fastavro raises anything on foreign bytes, and quotes them
            raise FileUnreadable(f"{path.name} is not an Avro file of records.") from None


def _run(plain: dict[str, object]) -> Run:
    return Run(
        cast("int", plain["partition"]),
        cast("Sequence[int]", plain["offsets"]),
        cast("Sequence[int]", plain["timestamps"]),
        cast("Sequence[bytes | None]", plain["keys"]),
        cast("Sequence[bytes | None]", plain["values"]),
    )


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal. Raises OSError."""
    found = sha256()
    with path.open("rb") as file:
        while octets := file.read(1 << 20):
            found.update(octets)
    return found.hexdigest()
