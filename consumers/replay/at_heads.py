"""A cut by heads: the events of each agency up to its head, wherever in the log they are.

A partition need not have one offset at which such a cut lies: after a restore to another number of
partitions, agencies follow each other in another order.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from consumers.log_source import LogSource
from consumers.release.draws_state import DrawsFollower
from consumers.replay.errors import CutInvalid, EpochNotClosed
from exchange.core.model.epochs import epoch_text
from exchange.core.model.event_layout import sequence_of
from exchange.core.release.cuts import Cut
from exchange.engine.log import Record
from exchange.wire.topics import AGENCY_CODE

_ONE: Final = re.compile(rf"({AGENCY_CODE.pattern}):(\d{{1,19}})", re.ASCII)


def parse_heads(text: str) -> dict[str, int]:
    """Agency → its last sequence inside. Raises CutInvalid."""
    heads: dict[str, int] = {}
    for part in text.split(","):
        match = _ONE.fullmatch(part.strip())
        if match is None:
            raise CutInvalid("A part of the heads is not AGENCY:SEQUENCE.")
        if match[1] in heads:
            raise CutInvalid(f"The heads name {match[1]} twice.")
        heads[match[1]] = int(match[2])
    return heads


async def cut_of_epoch(source: LogSource, epoch: int) -> tuple[Cut, bool]:
    """The cut of a closed epoch, and whether its offsets hold on this cluster.

    Raises EpochNotClosed, DrawsDamaged.
    """
    async with source.open() as log:
        reader = await log.reader()
        try:
            cuts = (await DrawsFollower(reader).catch_up()).closed.cuts
        finally:
            await reader.close()
        if epoch not in cuts:
            raise EpochNotClosed(f"{epoch_text(epoch)} is not closed.")
        return cuts[epoch], cuts[epoch].is_at(await log.cluster_id())


class UpToHeads:
    """Picks the events up to the heads, in the order of the log.

    `left_out`: whether any event lies behind its head. `clean`: whether all of those come after the
    events that were picked.
    """

    def __init__(self, heads: Mapping[str, int]) -> None:
        self._heads = {agency.encode("ascii"): sequence for agency, sequence in heads.items()}
        self.left_out, self.clean = False, True

    def of(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records to count."""
        picked = []
        for record in records:
            if sequence_of(record.value or b"") > self._heads.get(record.key or b"", 0):
                self.left_out = True
            else:
                picked.append(record)
                self.clean = self.clean and not self.left_out
        return picked
