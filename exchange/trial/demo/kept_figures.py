"""The released figures of a finished demo in one file, and that file as a log that has ended.

    await keep_figures(log, path)      both public topics, whole
    log = KeptFigures.of(path)         what a service follows in place of Kafka

    line 1       the kind of file and its version
    line 2       SHA-256 of all that follows, in hexadecimal
    the rest     compressed (zlib): a record after another, each as topic (a byte: 0 for `metrics`,
                 1 for `releases`), length (4 bytes, big-endian), value

Rules kept: the file holds published records and nothing else, byte for byte, in their order. It is
replaced whole, by one rename. A byte that differs, and none of it is used.
"""

import asyncio
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, NoReturn

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.engine.errors import PartitionUnknown, PositionOutOfRange
from exchange.engine.log import OPEN_S_MAX, Log, Partition
from exchange.engine.private_file import write_private
from exchange.engine.reading import read_whole
from exchange.wire.topics import METRICS, RELEASES

KIND: Final = b"exchange demo figures 1\n"
_DIGEST_LINE: Final = 65
_LENGTH: Final = 4
_PUBLIC: Final = (Partition(METRICS, 0), Partition(RELEASES, 0))


class FiguresUnreadable(ExchangeError):
    """The file cannot be read as the figures of a demo."""

    exit_code = ExitStatus.USAGE
    hint = "Every finished demo leaves one: run `exchange demo --exit`."


class FiguresUnwritable(ExchangeError):
    """The figures of the demo could not be written to the file."""

    hint = "Name a file in a folder that you may write to."


class ReadOnly(ExchangeError):
    """The figures of a finished demo cannot be changed."""


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record of the file."""

    offset: int
    value: bytes
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0


class KeptFigures:
    """The public topics of a finished demo, as a log that is only read."""

    def __init__(self, values: Mapping[Partition, Sequence[bytes]]) -> None:
        self._records = {
            one: [KeptRecord(offset, value) for offset, value in enumerate(values.get(one, ()))] for one in _PUBLIC
        }

    @classmethod
    def of(cls, path: Path) -> "KeptFigures":
        """The log of a file. Raises FiguresUnreadable."""
        return cls(_values(path))

    async def cluster_id(self) -> str:
        """A name: no cluster has it."""
        return "kept-figures"

    async def reader(self) -> "KeptReader":
        """A reader of both topics."""
        return KeptReader(self._records)

    async def writer(self, transactional_id: str) -> NoReturn:
        """Raises ReadOnly."""
        raise ReadOnly(transactional_id)

    async def producer(self) -> NoReturn:
        """Raises ReadOnly."""
        raise ReadOnly


class KeptReader:
    """Reads records that are there; when there are no more, none come."""

    def __init__(self, records: Mapping[Partition, Sequence[KeptRecord]]) -> None:
        self.open_s_max = OPEN_S_MAX
        self._records = records
        self._positions: dict[Partition, int | None] = {}

    def assign(self, partitions: Collection[Partition]) -> None:
        """Read these. Raises PartitionUnknown for others than the public topics."""
        for one in partitions:
            if one not in self._records:
                raise PartitionUnknown(f"The file has no topic {one.topic}.")
        self._positions = dict.fromkeys(partitions)

    def seek(self, partition: Partition, offset: int) -> None:
        """Read on here."""
        self._positions[partition] = offset

    async def position(self, partition: Partition) -> int:
        """Where it reads on. Raises PositionOutOfRange before the first `seek`."""
        found = self._positions.get(partition)
        if found is None:
            raise PositionOutOfRange(f"{partition.topic}: no position was given.")
        return found

    async def getmany(self, *, timeout_s: float, records_max: int) -> Mapping[Partition, Sequence[KeptRecord]]:
        """The next records; at the end none, after `timeout_s`."""
        found: dict[Partition, Sequence[KeptRecord]] = {}
        for one in self._positions:
            at = await self.position(one)
            some = self._records[one][at : at + records_max - sum(map(len, found.values()))]
            if some:
                found[one] = some
                self._positions[one] = at + len(some)
        if not found:
            await asyncio.sleep(timeout_s)
        return found

    async def present(self, partitions: Collection[Partition]) -> set[Partition]:
        """The public topics among these."""
        return set(partitions) & self._records.keys()

    async def beginning_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Each begins at 0."""
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """How many records each has."""
        return {one: len(self._records[one]) for one in partitions}

    async def stable_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The same: everything is decided."""
        return await self.end_offsets(partitions)

    async def close(self) -> None:
        """Nothing is open."""


async def keep_figures(log: Log, path: Path) -> int:
    """Write both public topics to a file; how many records. Raises FiguresUnwritable."""
    reader = await log.reader()
    try:
        found = [
            (number, record.value)
            for number, partition in enumerate(_PUBLIC)
            async for records in read_whole(reader, partition)
            for record in records
            if record.value is not None
        ]
    finally:
        await reader.close()
    await asyncio.to_thread(_write, path, found)
    return len(found)


def _write(path: Path, found: Sequence[tuple[int, bytes]]) -> None:
    body = zlib.compress(b"".join(bytes([topic]) + len(v).to_bytes(_LENGTH, "big") + v for topic, v in found))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, KIND + sha256(body).hexdigest().encode() + b"\n" + body)
    except OSError as error:
        raise FiguresUnwritable(f"{path}: {error.strerror}.") from None


def _values(path: Path) -> Mapping[Partition, Sequence[bytes]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FiguresUnreadable(f"There is no file {path}.") from None
    except OSError as error:
        raise FiguresUnreadable(f"{path}: {error.strerror}.") from None
    body = content[len(KIND) + _DIGEST_LINE :]
    if not content.startswith(KIND):
        raise FiguresUnreadable(f"{path} is no file of figures, or of another version.")
    if content[len(KIND) : len(KIND) + _DIGEST_LINE] != sha256(body).hexdigest().encode() + b"\n":
        raise FiguresUnreadable(f"{path} is damaged.")
    values: dict[Partition, list[bytes]] = {one: [] for one in _PUBLIC}
    for number, value in _parts(zlib.decompress(body)):
        values[_PUBLIC[number]].append(value)
    return values


def _parts(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(body):
        length = int.from_bytes(body[at + 1 : at + 1 + _LENGTH], "big")
        begin = at + 1 + _LENGTH
        yield body[at], body[begin : begin + length]
        at = begin + length
