"""What the fields of bodies are made of: kinds of numbers and bytes, and whom a body is about."""

from enum import Enum
from typing import Annotated

from exchange.core.model.field_types import Width


class About(Enum):
    """Whom a body is about. It decides who may send it and how its tables are released."""

    CLIENT = "client"
    AGENCY = "agency"
    EXCHANGE = "exchange"


Small = Annotated[int, range(64)]
"""0–63: one byte on the wire."""
Number = Annotated[int, Width(4)]
"""0–4,294,967,295, four bytes on the wire."""
Sequence = Annotated[int, Width(8)]
"""An event's place in its agency's chain: 1, 2, 3…"""
Digest = Annotated[bytes, Width(32)]
"""A SHA-256 digest."""
Signature = Annotated[bytes, Width(64)]
"""An Ed25519 signature."""
Counts = Annotated[tuple[int, ...], Width(4)]
"""One `Number` for each value of a table's domain, in its order."""
