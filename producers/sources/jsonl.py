"""JSON Lines of bodies: the simplest way for an agency's own program to publish.

    {"key": "case-17/opened", "period": "2026Q1", "client": "17", "body": "case_opened",
     "fields": {"gender": "woman", "age_band": "age_18_20", "foreign_national": "not_known",
                "referral_source": "hotline"}}
    {"withdraw": "case-17/"}

Each line is one fact (the first is folded here) or one withdrawal. `state` is optional (else the
profile's), and so is `client` (it never leaves). The reading is strict: an unknown or missing
column, an unknown code or a repeated key refuses the line, and the rest goes on. A column whose
name looks like an identifier is not read at all: it stays here. Messages name columns only in our
own words, never as the file does: its name for a column may be a value too.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final, Self, cast

from exchange.core.counting.tables import NOT_APPLICABLE
from exchange.core.errors import PeriodInvalid
from exchange.core.model.events import CORRECTABLE, Correctable, Tally
from exchange.core.model.field_types import field_types
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import UsState
from producers.edge_phrases import code_rule
from producers.errors import SourceUnreadable
from producers.facts import Fact, Reading, RowRefused, Where, Withdrawn
from producers.profile import Profile
from producers.sources.identifying import identifying

LINE_OCTETS_MAX: Final = 1 << 16
KEY_LETTERS_MAX: Final = 200
COLUMNS: Final = ("key", "period", "state", "client", "body", "fields")
REQUIRED: Final = ("key", "period", "body", "fields")
BODY_RULE: Final = "must be a body of docs/BODIES.md in snake case, such as case_opened"
Plain = dict[str, object]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


BODIES: Final = {_snake(body.__name__): body for body in CORRECTABLE if body is not Tally}
_HINTS: Final = {
    body: {one.name: one.hint for one in field_types(body) if isinstance(one.hint, type)} for body in BODIES.values()
}


_STATES: Final = frozenset(str(state) for state in UsState) - {NOT_APPLICABLE}


class _Refused(Exception):
    def __init__(self, column: str, rule: str) -> None:
        self.column, self.rule = column, rule


class JsonLines:
    """A file of JSON Lines."""

    def __init__(self, path: Path, state: UsState) -> None:
        self._path = path
        self._state = state
        self._skipped: Counter[str] = Counter()

    @classmethod
    def for_profile(cls, path: Path, profile: Profile) -> Self:
        """The file, read for this profile: lines without a state have the profile's."""
        return cls(path, profile.state)

    @property
    def stays_here(self) -> Mapping[str, int]:
        """Kind of identifier → columns of this kind that the last `read` skipped unread."""
        return self._skipped

    def rows(self) -> int:
        """The number of lines."""
        with self._open() as file:
            return sum(1 for _ in _lines(file))

    def read(self) -> Iterator[Reading]:
        """The reading of each line."""
        known_keys: set[bytes] = set()
        self._skipped.clear()
        with self._open() as file:
            for number, line in enumerate(_lines(file), start=1):
                where, row = Where(self._path.name, number), Plain()
                if number == 1:
                    self._expect_lines(line)
                try:
                    if line.strip():
                        row = _object(line)
                        yield self._reading(row, where, known_keys)
                except _Refused as refused:
                    yield RowRefused(where, refused.column, refused.rule, record=_key(row), period=_begun(row))

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise SourceUnreadable(f"{self._path} cannot be read: {error.strerror}.") from None

    def _expect_lines(self, first: bytes) -> None:
        """Refuse one JSON value that is spread over the whole file."""
        begins = first.decode("utf-8-sig", "replace").strip()
        if begins.startswith("[") or begins == "{":
            kind = "array" if begins.startswith("[") else "object over several lines"
            raise SourceUnreadable(f"{self._path} holds a JSON {kind}; JSON Lines has one object a line.")

    def _reading(self, row: Plain, where: Where, known_keys: set[bytes]) -> Reading:
        if "withdraw" in row:
            return Withdrawn(_withdrawn(row), where)
        self._leave_identifiers(row, COLUMNS)
        _only(row, COLUMNS, REQUIRED, "")
        key = _text(row, "key")
        digest = blake2b(key.encode(), digest_size=16).digest()
        if digest in known_keys:
            raise _Refused("key", "is repeated: an earlier line of this file has it")
        body = _code(row, "body", BODIES)
        values = row["fields"]
        if not isinstance(values, dict):
            raise _Refused("fields", "must be an object of the body's fields")
        self._leave_identifiers(values, _HINTS[body])
        state = _state(row) if "state" in row else self._state
        client = _text(row, "client") if "client" in row else ""
        fact = Fact(key, _period(row), state, _body(body, values), client, where)
        known_keys.add(digest)
        return fact

    def _leave_identifiers(self, row: Plain, known: Iterable[str]) -> None:
        """Drop columns that look like identifiers, without reading them."""
        for column in row.keys() - set(known):
            kind = identifying(column)
            if kind:
                self._skipped[kind] += 1
                del row[column]


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines of bounded length; of a longer line, its beginning."""
    while line := file.readline(LINE_OCTETS_MAX + 1):
        rest = line
        while len(rest) > LINE_OCTETS_MAX and not rest.endswith(b"\n"):
            rest = file.readline(LINE_OCTETS_MAX + 1)
        yield line


def _object(line: bytes) -> Plain:
    if len(line) > LINE_OCTETS_MAX:
        raise _Refused("", f"the line is longer than {LINE_OCTETS_MAX} bytes")
    try:
        row = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_not_json)
    except UnicodeDecodeError:
        raise _Refused("", "the line is not UTF-8") from None
    except (ValueError, RecursionError):
        raise _Refused("", "the line is not JSON") from None
    if not isinstance(row, dict):
        raise _Refused("", "the line is not an object")
    return row


def _once(pairs: list[tuple[str, object]]) -> Plain:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise _Refused("", "a column is there twice")
    return row


def _not_json(_: str) -> object:
    raise ValueError


def _only(row: Plain, known: tuple[str, ...], required: tuple[str, ...], inside: str) -> None:
    for number, column in enumerate(row, start=1):
        if column not in known:
            place = f"{inside}, number {number}" if inside else f"number {number}"
            raise _Refused(place, f"is not a column; known are {', '.join(known)}")
    for column in required:
        if column not in row:
            raise _Refused(column, "is missing")


def _withdrawn(row: Plain) -> str:
    _only(row, ("withdraw",), ("withdraw",), "")
    return _text(row, "withdraw")


def _key(row: Plain) -> str:
    """The key of a refused row, as far as it can be read."""
    try:
        return _text(row, "key")
    except (_Refused, KeyError):
        return ""


def _begun(row: Plain) -> int:
    """The period of a refused row; 0 if it cannot be read."""
    try:
        return _period(row)
    except (_Refused, KeyError):
        return 0


def _text(row: Plain, column: str) -> str:
    value = row[column]
    if not isinstance(value, str) or not 0 < len(value) <= KEY_LETTERS_MAX or not _encodes(value):
        raise _Refused(column, f"must be a text of 1 to {KEY_LETTERS_MAX} characters")
    return value


def _encodes(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _code(row: Plain, column: str, known: dict[str, type[Correctable]]) -> type[Correctable]:
    value = row[column]
    if not isinstance(value, str) or value not in known:
        raise _Refused(column, BODY_RULE)
    return known[value]


def _period(row: Plain) -> int:
    value = row["period"]
    try:
        return parse_period(value if isinstance(value, str) else "")
    except PeriodInvalid:
        raise _Refused("period", "must be a quarter such as 2026Q1, or a year such as 2026, of 2000–2099") from None


def _state(row: Plain) -> UsState:
    value = row["state"]
    if not isinstance(value, str) or value not in _STATES:
        raise _Refused("state", "must be the two small letters of a state, or a missing reason")
    return UsState(value)


def _body(body: type[Correctable], values: Plain) -> Correctable:
    hints = _HINTS[body]
    _only(values, tuple(hints), tuple(hints), "fields")
    make = cast("Callable[..., Correctable]", body)
    return make(*(_value(name, hint, values[name]) for name, hint in hints.items()))


@cache
def _codes(hint: type[Enum]) -> dict[str, Enum]:
    return {str(member.value): member for member in hint}


def _value(column: str, hint: type, value: object) -> object:
    if issubclass(hint, Enum):
        if isinstance(value, str) and value in _codes(hint):
            return _codes(hint)[value]
        raise _Refused(column, code_rule(hint))
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _Refused(column, "must be a whole number")
