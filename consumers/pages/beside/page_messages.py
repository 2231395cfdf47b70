"""Between a service and the process that makes its pages: pickles behind their length.

Both ends are this program, and the pipe is theirs alone. What travels was released, or was asked
for by a reader: never a secret.
"""

import asyncio
import pickle
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from consumers.charts.drawings import ChartWidth, Drawing
from consumers.pages.page_questions import PageQuestion
from consumers.serve.views.prepared import Body

_LENGTH: Final = 8
"""Bytes of a length, big-endian."""


@dataclass(frozen=True, slots=True)
class HelperQuestion:
    """A question with its number. `drawn`: with the page's charts, which are made first.

    A question of None asks for a sign of life.
    """

    number: int
    question: PageQuestion | tuple[Drawing, ChartWidth] | None
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class HelperAnswer:
    """The answer to a number: a page, a chart, or what went wrong."""

    number: int
    found: Body | bytes | Exception | None


Message: TypeAlias = Any
"""The site's setting first; then pieces of a picture, HelperQuestion, HelperAnswer."""


def packed(message: Message) -> bytes:
    """A message as it is written."""
    octets = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return len(octets).to_bytes(_LENGTH, "big") + octets


async def next_message(reader: asyncio.StreamReader) -> Message:
    """The next message. Raises EOFError where the other end is gone."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
        octets = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        raise EOFError from None
    return pickle.loads(octets)  # noqa: S301 - our own bytes
