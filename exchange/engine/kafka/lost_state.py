"""Topics that must not be made empty beside an exchange that has worked.

A new exchange has no topics, and creating them is right. In one that has worked, a missing topic
was lost. Most are made again by those who write them. These are not: with an empty one, work would
be done twice, or rules would be forgotten. So whoever creates topics asks here first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.core.counting.generation import GENERATION
from exchange.engine.errors import EngineError
from exchange.engine.log import Partition
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, GATE_STATE, RELEASES, aggregates_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from exchange.engine.log import Log

MENDS: Final[Mapping[str, str]] = {
    EVENTS: "restore it from a replica or a backup: it is the one source of every figure.",
    GATE_STATE: "stop the workers and run `exchange gate rebuild`, which makes it anew from `events`.",
    AGENCIES: (
        "restore it from a replica or a backup. If there is none, `exchange topics apply --anew agencies` makes it empty;"
        " then register every agency again, with `exchange agencies add`, and run `exchange gate rebuild`."
    ),
    DRAWS: (
        "restore it from a replica or a backup: without it nobody knows which noise was drawn. Only if no epoch was ever"
        " closed, `exchange topics apply --anew draws`."
    ),
    EPOCHS: (
        "restore it from a replica or a backup. If there is none, no epoch can be closed: only if none ever was,"
        " `exchange topics apply --anew epochs`."
    ),
}
"""Topic → what to do when it was lost. Others are made anew by those who write them."""
WITNESSES: Final = (AGENCIES, EVENTS, GATE_STATE, aggregates_of(GENERATION), EPOCHS, DRAWS, RELEASES)
"""If one of these holds a record, the exchange has worked."""


class StateMissing(EngineError):
    """A topic that holds state is missing, in an exchange that has worked. Nothing was created."""


async def refuse_lost_state(
    log: Log, found: Mapping[str, int], wanted: Collection[str], anew: Collection[str] = ()
) -> None:
    """Raise StateMissing where a wanted topic was lost.

    `found`: every topic with its number of partitions. `anew`: topics that may be made empty.
    """
    lost = [topic for topic in MENDS if topic in wanted and topic not in found and topic not in anew]
    if lost and await has_worked(log, found):
        raise StateMissing(
            " ".join(f"`{topic}` is missing, and others are not empty: {MENDS[topic]}" for topic in lost)
        )


async def has_worked(log: Log, found: Mapping[str, int]) -> bool:
    """Whether an exchange with these topics holds any record that was written after it was made."""
    written = [Partition(topic, number) for topic in WITNESSES for number in range(found.get(topic, 0))]
    if not written:
        return False
    reader = await log.reader()
    try:
        return any((await reader.end_offsets(written)).values())
    finally:
        await reader.close()
