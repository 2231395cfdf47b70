"""Event ↔ bytes, and the reading of records that anybody may have written.

`encode` and `decode` undo each other. The gate uses `EventReader.read`. It admits a value only if
its schema id is known, every integer is in its range, and encoding the decoded event gives exactly
the same bytes. So nothing can ride along: no bytes behind the event, no overlong varint.

Equal bodies are decoded once and remembered. Of 300,000 events of a sample 87 % repeat a body, but
only 45 % repeat a body in the same period and state. What is new is read by its layout
(`exchange.wire.event_rows`), and by Avro only where that finds no row.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Final, cast

import fastavro

from exchange.core.admission.gate import Arrival, Unreadable
from exchange.core.admission.plain import is_plain
from exchange.core.admission.reasons import VALUE_OCTETS_MAX, Reason
from exchange.core.errors import ExchangeError
from exchange.core.model.chain import digest_of
from exchange.core.model.event_layout import KIND, MAGIC, MIDDLE, PREFIX, link_of
from exchange.core.model.events import About, Body, Correction, Event
from exchange.core.model.field_types import field_types
from exchange.core.model.period import is_period
from exchange.wire.event_rows import Middle, body_of, middle_of
from exchange.wire.mapper import Mapper, Plain
from exchange.wire.schemas import is_event, newest, schemas

_REMEMBERED: Final = 1 << 16
NO_DIGEST: Final = bytes(32)
"""In the place of a digest that nobody asks for."""
_EVENT: Final = Mapper(Event)


class EventUnreadable(ExchangeError):
    """The bytes are not an event of a known schema."""

    hint = "They were not written by an edge, or not by one of this version."


def encode(event: Event, schema_id: int = 0) -> bytes:
    """The value bytes of an event under a schema (0: the newest)."""
    schema = schemas()[schema_id] if schema_id else newest("event")
    out = BytesIO()
    out.write(schema.prefix)
    fastavro.schemaless_writer(out, schema.parsed, _EVENT.plain(event))
    return out.getvalue()


def decode(value: bytes) -> Event:
    """The event of admitted value bytes; raises EventUnreadable for anything else."""
    schema_id = schema_id_of(value)
    if not is_event(schema_id):
        raise EventUnreadable
    try:
        written, read = schemas()[schema_id], newest("event")
        reader = None if written is read else read.parsed
        plain = fastavro.schemaless_reader(BytesIO(value[PREFIX:]), written.parsed, reader, return_record_name=True)
        return _EVENT.typed(cast("Plain", plain))
    except Exception as error:  # noqa: BLE001 - fastavro raises anything on foreign bytes
        raise EventUnreadable from _without_values(error)


def schema_id_of(value: bytes) -> int:
    """The schema id that a value names, or -1."""
    return int.from_bytes(value[1:PREFIX], "big") if len(value) >= PREFIX and value[0] == MAGIC else -1


def _without_values(error: Exception) -> Exception | None:
    """A cause that may be logged: the error's type, never its text, which may quote a record."""
    return ExchangeError(type(error).__name__)


class EventReader:
    """Reads values that anybody may have written.

    Remembers the bodies that it has read: at most 65,536, some 30 MB.
    """

    def __init__(self) -> None:
        self._middles: dict[tuple[bytes, bytes], Middle] = {}
        self._bodies: dict[tuple[bytes, bytes], Body] = {}
        self._plain_middles: set[bytes] = set()
        self._plain_bodies: set[bytes] = set()

    def read(self, value: bytes | None, digest: bytes = b"") -> Arrival | Unreadable:
        """The record, or the reason why it is unreadable. `digest`: of the value, where known.

        A new body costs a decode and an encode; a known one costs a look-up.
        """
        if value is None:
            return Unreadable(Reason.UNREADABLE)
        if len(value) > VALUE_OCTETS_MAX:
            return Unreadable(Reason.OVERSIZED)
        prefix = value[:PREFIX]
        middle = self._middles.get((prefix, value[MIDDLE]))
        body = self._bodies.get((prefix, value[KIND:]))
        if middle is None or body is None:
            fresh = self._read_new(value)
            if isinstance(fresh, Unreadable):
                return fresh
            middle, body = fresh
        if value[PREFIX] & 0x80:  # a sequence past 2⁶³: no receipt could name it
            return Unreadable(Reason.OUT_OF_RANGE)
        restated = b""
        if isinstance(body, Correction):
            original = Event(body.sequence, body.previous, body.period, body.state, body.cap, body.body)
            restated = digest_of(encode(original, schema_id_of(value)))
        (sequence, previous), (period, state, cap) = link_of(value), middle
        return Arrival(sequence, previous, period, state, cap, body, digest or digest_of(value), restated)

    def end_of_plain(self, values: Sequence[bytes], begin: int) -> int:
        """The place of the first value from `begin` on that is no plain event, or the end."""
        prefix, middles, bodies = newest("event").prefix, self._plain_middles, self._plain_bodies
        for place in range(begin, len(values)):
            value = values[place]
            if not value.startswith(prefix):
                return place
            if (value[MIDDLE] not in middles or value[KIND:] not in bodies) and not self._is_plain(value):
                return place
        return len(values)

    def _is_plain(self, value: bytes) -> bool:
        """Whether a value is a plain event; both its parts are then remembered."""
        arrival = self.read(value, NO_DIGEST)
        if isinstance(arrival, Unreadable) or not is_plain(arrival):
            return False
        for parts, part in ((self._plain_middles, value[MIDDLE]), (self._plain_bodies, value[KIND:])):
            if len(parts) >= _REMEMBERED:
                parts.clear()
            parts.add(part)
        return True

    def _read_new(self, value: bytes) -> tuple[Middle, Body] | Unreadable:
        """Read what is not remembered, and remember both parts.

        Each part is canonical by itself, so any two parts of one schema are canonical together.
        """
        prefix, octets, row = value[:PREFIX], value[MIDDLE], value[KIND:]
        newest_schema = prefix == newest("event").prefix
        middle, body = (middle_of(octets), body_of(row)) if newest_schema else (None, None)
        if middle is None or body is None:
            event = read_by_avro(value)
            if isinstance(event, Unreadable):
                return event
            middle, body = (event.period, str(event.state), event.cap), event.body
        if len(self._middles) >= _REMEMBERED:
            self._middles.clear()
        self._middles[prefix, octets] = middle
        if body.about is not About.EXCHANGE:  # such a body hardly comes twice
            if len(self._bodies) >= _REMEMBERED:
                self._bodies.clear()
            self._bodies[prefix, row] = body
        return middle, body


def read_by_avro(value: bytes) -> Event | Unreadable:
    """The event of a value, or the reason why it is none, by decoding and encoding it again."""
    schema_id = schema_id_of(value)
    if not is_event(schema_id):
        return Unreadable(Reason.UNREADABLE if schema_id < 0 else Reason.UNKNOWN_SCHEMA)
    try:
        event = decode(value)
    except EventUnreadable:
        return Unreadable(Reason.UNREADABLE)
    if not in_range(event):
        return Unreadable(Reason.OUT_OF_RANGE)
    if encode(event, schema_id) != value:
        return Unreadable(Reason.NOT_CANONICAL)
    return event


def in_range(event: Event | Correction) -> bool:
    """Whether every small integer is 0–63 and every period lies in 2000–2099."""
    body = event.body
    if not (is_period(event.period) and 0 <= event.cap < 64):
        return False
    if isinstance(body, Correction):
        return in_range(body)
    return all(getattr(body, one.name) in one.bounds for one in field_types(type(body)) if one.bounds)
