"""YAML with comments, for files that people read: mappings, lists and plain values.

A key that begins with `# ` is a comment on the key after it. Text is quoted as JSON, which every
YAML reader takes, unless it is a plain word.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final, TypeAlias

COMMENT: Final = "# "
COLUMNS: Final = 100
_PLAIN: Final = re.compile(r"[A-Za-z_/.][\w./-]*")
_NOT_TEXT: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "."})
_MERGE: Final = "<<"


@dataclass(frozen=True, slots=True)
class Anchored:
    """A mapping with a name, under which other mappings take it over."""

    name: str
    mapping: "Mapping[str, Node]"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The mapping that is anchored under this name."""

    name: str


Node: TypeAlias = str | int | bool | Anchored | TakenOver | Sequence["Node"] | Mapping[str, "Node"] | None


def yaml_text(mapping: Mapping[str, Node]) -> str:
    """The text of a YAML document."""
    return "".join(f"{line}\n" for line in _mapping(mapping, 0))


def _mapping(mapping: Mapping[str, Node], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, value in mapping.items():
        if key.startswith(COMMENT):
            text = key.removeprefix(COMMENT)
            yield from wrap(text, COLUMNS, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
            continue
        shown = key if key == _MERGE else _scalar(key)
        match value:
            case Anchored():
                yield f"{indent}{shown}: &{value.name}"
                yield from _mapping(value.mapping, depth + 1)
            case Mapping() if value:
                yield f"{indent}{shown}:"
                yield from _mapping(value, depth + 1)
            case list() | tuple() if value:
                yield f"{indent}{shown}:"
                yield from _list(value, depth + 1)
            case _:
                yield f"{indent}{shown}: {_scalar(value)}"


def _list(items: Sequence[Node], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for item in items:
        if isinstance(item, Mapping):
            first, *others = _mapping(item, depth + 1)
            yield f"{indent}- {first.strip()}"
            yield from others
        else:
            yield f"{indent}- {_scalar(item)}"


def _scalar(value: Node) -> str:
    if isinstance(value, TakenOver):
        return f"*{value.name}"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)
