"""A page of the docs as a person follows it: its sections, and the blocks to type or to write.

A block is a fence (```sh, ```toml …) or lines that are indented by four and hold a command.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PART: Final = re.compile(
    r"^(?P<level>##+) (?P<title>[^\n]+)$"
    r"|^(?P<indent> *)```(?P<kind>\w+)\n(?P<body>.*?)^(?P=indent)```$"
    r"|(?P<lines>(?:^    exchange [^\n]+\n)+)",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """`section`: the heading above it; `kind`: sh, toml, json, python."""

    section: str
    kind: str
    text: str

    def commands(self) -> list[str]:
        """The command lines of a block of the shell."""
        return [line for line in self.text.splitlines() if line.strip()]


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page of `docs`, in order."""
    section = ""
    for part in PART.finditer((ROOT / "docs" / page).read_text(encoding="utf-8")):
        if part["title"]:
            section = part["title"]
        elif part["lines"]:
            yield Block(section, "sh", re.sub(r"^    ", "", part["lines"], flags=re.MULTILINE))
        else:
            yield Block(section, part["kind"], re.sub(f"^{part['indent']}", "", part["body"], flags=re.MULTILINE))
