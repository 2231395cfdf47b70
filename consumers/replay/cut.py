"""A cut as text: `0:1200,1:980`, each partition of `events` with the first offset left out."""

import re
from typing import Final

from consumers.replay.errors import CutInvalid

_ONE: Final = re.compile(r"(\d{1,9}):(\d{1,19})", re.ASCII)


def parse_cut(text: str) -> dict[int, int]:
    """Partition → offset.

    Raises CutInvalid. Whether it names every partition is checked at the log.
    """
    cut: dict[int, int] = {}
    for part in text.split(","):
        match = _ONE.fullmatch(part.strip())
        if match is None:
            raise CutInvalid("A part of the cut is not PARTITION:OFFSET.")
        partition, offset = map(int, match.groups())
        if partition in cut:
            raise CutInvalid(f"The cut names partition {partition} twice.")
        cut[partition] = offset
    return cut


def cut_text(cut: dict[int, int]) -> str:
    """A cut as text, so that a printed cut can be given again."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(cut.items()))
