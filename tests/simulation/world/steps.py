"""Two small steps that do real work, for the simulation and the Kafka tests.

One forwards, one counts.

They take the place of gate and fold: `Forward` reads inboxes that come and go by a registry and
writes their records to the events; `Count` counts cells of the events. Both keep their positions in
their state, written last, and a digest.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from exchange.core.errors import StateDamaged
from exchange.engine.errors import CannotApply
from exchange.engine.lanes.step import Outcome, PlainStep
from exchange.engine.log import Pair, Partition, Record

POSITION = b"\xffposition"
REGISTRY = Partition("agencies", 0)


def inbox(agency: bytes, prefix: str = "") -> Partition:
    return Partition(f"{prefix}inbox.{agency.decode()}", 0)


class Count(PlainStep):
    """Cell → how many records of the source hold it. A record's value is `cell/anything`."""

    independent = False

    def __init__(self, source: Partition, state: Partition) -> None:
        self._source, self._state = source, state
        self._counts: dict[bytes, int] = {}
        self._position = 0
        self._total: int | None = None
        self._changed: dict[bytes, None] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        if key == POSITION:
            position, total = (value or b"").split()
            self._position, self._total = int(position), int(total)
        else:
            self._counts[key] = int(value or b"0")

    def restored(self) -> None:
        if (self._total or 0) != sum(self._counts.values()):
            raise StateDamaged(f"counted {sum(self._counts.values())}, the position record says {self._total}")

    def positions(self) -> Mapping[Partition, int | None]:
        return {self._source: self._position}

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        for record in batch[self._source]:
            if record.offset < self._position:
                raise CannotApply(self._source, record.offset, "read a second time")
            if not record.value:
                raise CannotApply(self._source, record.offset, "a record without a cell")
            cell = record.value.partition(b"/")[0]
            self._counts[cell] = self._counts.get(cell, 0) + 1
            self._changed[cell] = None
            self._position = record.offset + 1

    def outcome(self) -> Outcome:
        pairs: list[Pair] = [(cell, b"%d" % self._counts[cell]) for cell in self._changed]
        self._changed.clear()
        pairs.append((POSITION, b"%d %d" % (self._position, sum(self._counts.values()))))
        return Outcome([(self._state, pairs)])


class Forward(PlainStep):
    """Every record of every registered inbox of this partition, to the events, in order."""

    independent = False

    def __init__(self, partition: int, events: Partition, state: Partition, prefix: str = "") -> None:
        self._partition, self._events, self._state, self._prefix = partition, events, state, prefix
        self._registry = Partition(prefix + REGISTRY.topic, 0)
        self._positions: dict[Partition, int | None] = {self._registry: 0}
        self._forwarded: dict[bytes, int] = {}
        self._digest = b""
        self._out: list[Pair] = []
        self._changed: dict[bytes, bytes] = {}

    def restore(self, key: bytes, value: bytes | None) -> None:
        if key == POSITION:
            self._digest = value or b""
        elif key.startswith(b"at/"):
            topic = key[3:].decode()
            self._positions[Partition(topic, 0)] = int(value) if value else None
        else:
            self._forwarded[key] = int(value or b"0")

    def restored(self) -> None:
        if self._digest and self._digest != self._digest_now():
            raise StateDamaged("positions and counts are not of one transaction")

    def _digest_now(self) -> bytes:
        positions = sorted((p.topic, position) for p, position in self._positions.items())
        return sha256(repr((positions, sorted(self._forwarded.items()))).encode()).hexdigest().encode()

    def positions(self) -> Mapping[Partition, int | None]:
        return self._positions

    def apply(self, batch: Mapping[Partition, Sequence[Record]]) -> None:
        changed = self._changed
        for read, records in batch.items():
            source = Partition(*read)
            for record in records:
                if record.offset < (self._positions[source] or 0):
                    raise CannotApply(source, record.offset, "read a second time")
                if source == self._registry:
                    self._register(record)
                else:
                    agency = record.key or b""
                    self._forwarded[agency] = self._forwarded.get(agency, 0) + 1
                    changed[agency] = b"%d" % self._forwarded[agency]
                    self._out.append((record.key, record.value))
            self._positions[source] = records[-1].offset + 1
            changed[b"at/" + source.topic.encode()] = b"%d" % (records[-1].offset + 1)

    def outcome(self) -> Outcome:
        events, changed = self._out, self._changed
        self._out, self._changed = [], {}
        pairs: list[Pair] = [*changed.items(), (POSITION, self._digest_now())]
        return Outcome([(self._events, events), (self._state, pairs)] if events else [(self._state, pairs)])

    def _register(self, record: Record) -> None:
        agency = record.key or b""
        source = inbox(agency, self._prefix)
        if int(record.value or b"-1") == self._partition and source not in self._positions:
            self._positions[source] = None
            self._changed[b"at/" + source.topic.encode()] = b""
