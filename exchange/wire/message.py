"""Records that are not events: how a value of one is written and read.

Wire format as of events: magic, pinned id, Avro. The exchange or its operator writes these records
itself, so they are not held to canonical form. Decoding raises MessageUnreadable for bytes that are
not such a record, and never quotes them.
"""

from collections.abc import Callable
from io import BytesIO
from typing import TypeVar, cast

import fastavro

from exchange.core.errors import ExchangeError, PeriodInvalid
from exchange.core.model.epochs import EpochInvalid
from exchange.core.model.event_layout import PREFIX
from exchange.wire.codec import schema_id_of
from exchange.wire.mapper import Declared, Mapper, Plain
from exchange.wire.schemas import newest, schemas

T = TypeVar("T")
Encode = Callable[[T], bytes]
Decode = Callable[[bytes], T]


class MessageUnreadable(ExchangeError):
    """A record of the exchange is not of the schema that its topic holds."""

    hint = "Something else wrote to the topic: `exchange topics rights` shows who may."


def message(name: str, kind: type[T], /, **declared: Declared) -> tuple[Encode[T], Decode[T]]:
    """How a record is encoded and decoded under the schema of a name.

    `declared`: for single fields, as in `exchange.wire.mapper`. Decoding raises MessageUnreadable.
    """
    mapper = Mapper(kind, **declared)

    def encode(record: T) -> bytes:
        """The value bytes of a record."""
        return encode_plain(name, mapper.plain(record))

    def decode(value: bytes) -> T:
        """The record of value bytes; raises MessageUnreadable."""
        return typed(mapper, decode_plain(name, value))

    return encode, decode


def single(name: str, field: str, kind: type[T], /) -> tuple[Encode[T], Decode[T]]:
    """The same for a record of one field, which has no class of its own."""

    def encode(part: T) -> bytes:
        """The value bytes of the field."""
        return encode_plain(name, {field: part})

    def decode(value: bytes) -> T:
        """The field of value bytes; raises MessageUnreadable."""
        found = decode_plain(name, value)[field]
        if not isinstance(found, kind):
            raise MessageUnreadable
        return found

    return encode, decode


def encode_plain(name: str, plain: Plain) -> bytes:
    """A value of the newest version of a schema."""
    schema = newest(name)
    out = BytesIO()
    out.write(schema.prefix)
    fastavro.schemaless_writer(out, schema.parsed, plain)
    return out.getvalue()


def decode_plain(name: str, value: bytes) -> Plain:
    """The fields of a value of any version, as the newest has them; raises MessageUnreadable."""
    schema = schemas().get(schema_id_of(value))
    if schema is None or schema.name != name:
        raise MessageUnreadable
    latest = newest(name)
    as_read = None if schema is latest else latest.parsed  # comparing two equal schemas takes longer than decoding
    try:
        return cast("Plain", fastavro.schemaless_reader(BytesIO(value[PREFIX:]), schema.parsed, as_read))
    except Exception:  # noqa: BLE001 - fastavro raises anything on foreign bytes, and quotes them
        raise MessageUnreadable from None


def typed(mapper: Mapper[T], plain: Plain) -> T:
    """The record of decoded fields; raises MessageUnreadable, or what the class itself raises."""
    try:
        return mapper.typed(plain)
    except (ValueError, KeyError, ArithmeticError, EpochInvalid, PeriodInvalid):
        raise MessageUnreadable from None
