"""Words that several modules of the edge say to a person: numbers with their noun, and rules about codes."""

import re
from enum import Enum
from typing import Final

STOPPING: Final = "stopping, and leaving the exchange …"
NOTHING_WITHDRAWN: Final = (
    "withdrawn, but nothing stands under a key that begins so: never published, or taken back before"
)


def counted(count: int, noun: str) -> str:
    """`1 event`, `2 events`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def list_of(kind: type[Enum]) -> str:
    """The name of the code list that an enum of the vocabulary is: `UsState` → `us_state`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def code_rule(kind: type[Enum]) -> str:
    """The rule of a column that holds a code."""
    return f"a code of the list {list_of(kind)}: `exchange vocabulary {list_of(kind)}` shows them"
