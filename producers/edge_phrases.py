"""Phrases that several modules of the edge show."""

import re
from enum import Enum
from typing import Final

STOPPING: Final = "stopping and disconnecting …"
NOTHING_WITHDRAWN: Final = (
    "withdrawn, but no published fact has a key that begins so: never published, or withdrawn before"
)


def list_of(kind: type[Enum]) -> str:
    """The code list of an enum of the vocabulary: `UsState` → `us_state`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def code_rule(kind: type[Enum]) -> str:
    """The rule of a column that holds a code of this list."""
    return f"must be a code of the list {list_of(kind)}: `exchange vocabulary {list_of(kind)}` shows them"
