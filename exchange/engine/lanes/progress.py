"""What a lane lets others see: frozen values, handed to a hook, so that the engine logs and measures nothing itself.

Rules kept: only names, positions, counts and seconds; never a key or value. Positions and lag are exact counts of
restricted topics (docs: the privacy rules), so whoever publishes them does it to restricted topics only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exchange.engine.log import Partition


class LaneState(StrEnum):
    """Where a lane stands in its life."""

    STARTING = "starting"
    """Waits for its producer id: earlier owners are fenced here."""
    RESTORING = "restoring"
    RUNNING = "running"
    BACKING_OFF = "backing off"
    """Failed; starts again from nothing after a pause."""
    FENCED = "fenced"
    """Another owner took over; starts again only in a new generation of the group."""
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LaneProgress:
    """One look at one lane."""

    step: str
    partition: int
    state: LaneState
    positions: Mapping[Partition, int]
    """Next offset of each source, as committed since the lane started."""
    lag: int | None
    """Offsets between what was read and the sources' last stable offsets; None before the first look at them."""
    records: int
    """Records applied and committed since the lane started."""
    transactions: int
    restarts: int
    restored: int
    """Records of the state partition read at the latest start."""
    rereads: int
    """Sources that are read from their beginning again since the latest start, their stored position being lost."""
    since_commit_s: float | None
    """Seconds since the latest commit; None before the first."""
    error: str = ""
    """Name of the latest error's class."""

    @property
    def lane(self) -> str:
        """The lane's name, which is its transactional id."""
        return f"{self.step}-{self.partition}"


Hook: TypeAlias = Callable[[LaneProgress], None]


def no_hook(_: LaneProgress) -> None:
    """Nobody looks."""
