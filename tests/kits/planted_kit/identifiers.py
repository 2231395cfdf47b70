"""Made-up identifiers of people, thousands of them, and every form in which one could be written.

Nobody has them: names are syllables, numbers are of ranges that are not given out. Each is unique,
and long enough that no other bytes look like it.
"""

import hashlib
import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus

SYLLABLES: Final = tuple("zor qua vex jil thu wra kem gro xan pyl dré shø müt ñav lúk fjo".split())  # noqa: SIM905
LONG_ENOUGH: Final = 8


class Identifier(NamedTuple):
    """`kind`: name, phone, e-mail …"""

    kind: str
    text: str


def _name(random: Random) -> str:
    return " ".join("".join(random.choices(SYLLABLES, k=4)).capitalize() for _ in range(2))


def _phone(random: Random) -> str:
    return f"({random.randrange(200, 999)}) 555-{random.randrange(10_000):04}"


def _e_mail(random: Random) -> str:
    return f"{''.join(random.choices('bcdfghjkmnpqrstvwxz', k=10))}{random.randrange(99)}@example.net"


def _ssn(random: Random) -> str:
    return f"{random.randrange(900, 999)}-{random.randrange(1, 99):02}-{random.randrange(10_000):04}"


def _case(random: Random) -> str:
    return f"CN{random.randrange(10**9):09}-{''.join(random.choices('QXZJK', k=3))}"


def _address(random: Random) -> str:
    return f"{random.randrange(10_000, 99_999)} {''.join(random.choices(SYLLABLES, k=3)).capitalize()} Street"


def _place(random: Random) -> str:
    return f"{random.randrange(24, 49)}.{random.randrange(10**6):06},-{random.randrange(70, 124)}.{random.randrange(10**6):06}"


def _born(random: Random) -> str:
    day = f"19{random.randrange(31, 70)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
    return f"{day}T{random.randrange(24):02}:{random.randrange(60):02}"


def _hashed(random: Random) -> str:
    return hashlib.sha256(_ssn(random).encode()).hexdigest()


KINDS: Final[dict[str, Callable[[Random], str]]] = {
    "name": _name,
    "phone": _phone,
    "e-mail": _e_mail,
    "SSN": _ssn,
    "case number": _case,
    "address": _address,
    "coordinates": _place,
    "birth date": _born,
    "hashed": _hashed,
}


class Planter:
    """Gives identifiers, each once; `planted` has all that were given."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._texts: set[str] = set()
        self.planted: list[Identifier] = []

    def some(self, kind: str = "") -> str:
        """An identifier of a kind; of any, if none is named."""
        kind = kind or self._random.choice([*KINDS])
        while (text := KINDS[kind](self._random)) in self._texts:
            pass
        self._texts.add(text)
        self.planted.append(Identifier(kind, text))
        return text

    def key(self) -> str:
        """An identifier that may be a key of a record in an export."""
        return self.some(self._random.choice(("case number", "hashed")))


def forms(one: Identifier) -> Iterator[bytes]:
    """Every form of an identifier that is looked for."""
    for text in _spellings(one):
        yield text.encode()
        yield text[::-1].encode()
    yield from _encoded(one.text)


def _spellings(one: Identifier) -> Iterator[str]:
    yield from {one.text, one.text.lower(), one.text.upper()}
    digits = "".join(filter(str.isdigit, one.text))
    if one.kind in {"phone", "SSN", "birth date"} and len(digits) > LONG_ENOUGH:
        yield digits
    if one.kind == "phone":
        yield f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    if one.kind == "name":
        first, last = one.text.split()
        yield from (f"{last}, {first}", f"{last} {first}", first + last)
    if one.kind == "birth date":
        year, month, day = one.text[:10].split("-")
        yield f"{month}/{day}/{year}{one.text[10:]}"


def _encoded(text: str) -> Iterator[bytes]:
    octets = text.encode()
    yield from (text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("latin-1"))
    for encode in (b64encode, urlsafe_b64encode):
        yield from _at_three_alignments(octets, encode)
    yield from (octets.hex().encode(), octets.hex().upper().encode())
    written = {quote(text), quote_plus(text), quote(text, safe=""), json.dumps(text)[1:-1], html.escape(text)}
    yield from (one.encode() for one in written)
    yield text.encode("ascii", "xmlcharrefreplace")
    for algorithm in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        digest = algorithm(octets).digest()
        yield from (digest, digest.hex().encode())


def _at_three_alignments(octets: bytes, encode: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Base64 of what holds these bytes, wherever they begin: the letters that they alone decide."""
    for before in range(3):
        whole = encode(bytes(before) + octets)
        yield whole[(0, 2, 3)[before] : 8 * (before + len(octets)) // 6]
