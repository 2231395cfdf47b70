"""The mapper: reading undoes writing for any field; a missing field is refused, not quoted."""

import traceback
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntFlag, StrEnum
from fractions import Fraction
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.model.field_types import Width
from exchange.wire.mapper import INLINE, Mapper, as_record, converter
from exchange.wire.message import MessageUnreadable, decode_plain, encode_plain
from exchange.wire.public_records import decode_point, decode_release
from exchange.wire.pulse import decode_alert
from exchange.wire.records import decode_gate_tally, decode_receipt, decode_refusal, decode_registration
from exchange.wire.release_records import decode_close, decode_spent
from exchange.wire.schemas import newest
from tests.contract.test_examples import committed


class Kind(Enum):
    ONE = "the first"
    TWO = "the second"


class Word(StrEnum):
    YES = "yes"
    NO = "no"


class Bits(IntFlag):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Inner:
    number: int
    word: Word


@dataclass(frozen=True, slots=True)
class Alone:
    number: int


@dataclass(frozen=True, slots=True)
class Outer:
    kind: Kind
    answer: Word
    bits: Bits
    share: Fraction
    digits: Decimal | None
    digest: Annotated[int, Width(4)]
    counts: Annotated[tuple[int, ...], Width(2)]
    inner: Inner | None
    inners: tuple[Inner, ...]
    pairs: tuple[tuple[str, Inner], ...]
    flat: Inner
    either: Inner | Alone
    text: int


MAPPER = Mapper(
    Outer,
    pairs=as_record("name", "inner", inner=INLINE),
    flat=INLINE,
    text=converter(str, int),
)
INNERS = st.builds(Inner, st.integers(), st.sampled_from(Word))
OUTERS = st.builds(
    Outer,
    st.sampled_from(Kind),
    st.sampled_from(Word),
    st.builds(Bits, st.integers(0, 3)),
    st.fractions(),
    st.none() | st.decimals(-(10**9), 10**9, places=4),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 2**16 - 1)).map(tuple),
    st.none() | INNERS,
    st.lists(INNERS).map(tuple),
    st.lists(st.tuples(st.text(), INNERS)).map(tuple),
    INNERS,
    INNERS | st.builds(Alone, st.integers()),
    st.integers(),
)


@given(record=OUTERS)
def test_reading_undoes_writing(record: Outer) -> None:
    assert MAPPER.typed(MAPPER.plain(record)) == record


def test_a_record_is_written_as_its_types_say() -> None:
    inner = Inner(7, Word.NO)
    record = Outer(
        Kind.TWO, Word.YES, Bits.LOW | Bits.HIGH, Fraction(1, 3), Decimal("1E+2"), 258, (1, 2), inner, (inner,),
        (("a", inner),), Inner(8, Word.YES), Alone(9), 10,
    )  # fmt: skip
    assert MAPPER.plain(record) == {
        "kind": "the second",
        "answer": "yes",
        "bits": 3,
        "share": "1/3",
        "digits": "100",
        "digest": b"\x00\x00\x01\x02",
        "counts": [b"\x00\x01", b"\x00\x02"],
        "inner": {"number": 7, "word": "no"},
        "inners": [{"number": 7, "word": "no"}],
        "pairs": [{"name": "a", "number": 7, "word": "no"}],
        "number": 8,
        "word": "yes",
        "either": ("exchange.event.Alone", {"number": 9}),
        "text": "10",
    }


@pytest.mark.parametrize(
    "wrong", [{"none": INLINE}, {"pairs": as_record("name")}, {"inner": as_record(none=INLINE)}], ids=str
)
def test_a_declaration_of_a_field_or_column_that_is_not_there_is_a_mistake(wrong: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        _ = Mapper(Outer, **{"pairs": as_record("name", "inner"), **wrong}).plain  # type: ignore[arg-type]


SECRET = "7f3a"
ACCOUNT = {"table": "", "tier": "nation, quarterly", "rho": "1", "terms": "", "first_epoch": 0, "last_epoch": 0}
UNREADABLE = [
    (decode_registration, "registration", {"legal_class": SECRET}),
    (decode_refusal, "refusal", {"reason": SECRET}),
    (decode_receipt, "receipt", {"refused": {"sequence": 1, "reason": SECRET}}),
    (decode_alert, "alert", {"kind": SECRET}),
    (decode_close, "close", {"by": SECRET}),
    (decode_spent, "spent", {"accounts": [ACCOUNT | {"rho": SECRET}]}),
    (decode_spent, "spent", {"accounts": [ACCOUNT | {"rho": "1/0"}]}),
    (decode_release, "release", {"epoch": SECRET}),
    (decode_release, "release", {"tier": SECRET}),
    (decode_release, "release", {"periods": [SECRET]}),
    (decode_point, "metric_point", {"value": SECRET}),
    (decode_point, "metric_point", {"epoch": SECRET}),
    (decode_point, "metric_point", {"period": SECRET}),
]  # fmt: skip


@pytest.mark.parametrize(("decode", "name", "wrong"), UNREADABLE)
def test_what_no_record_has_is_unreadable_and_never_quoted(decode, name: str, wrong: dict[str, object]) -> None:
    value = encode_plain(name, {**decode_plain(name, committed(newest(name).id)[0][2]), **wrong})
    with pytest.raises(MessageUnreadable) as caught:
        decode(value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_value_of_another_schema_is_unreadable() -> None:
    with pytest.raises(MessageUnreadable):
        decode_gate_tally(committed(newest("gate_head").id)[0][2])
