"""How far a lane is: frozen values, handed to a hook.

So the engine itself logs and measures nothing.

Rules kept: only names, positions, counts and seconds; never a key or value. Positions and lag are
exact counts of restricted topics (docs: the privacy rules), so they go to restricted topics only.
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
    """What a lane is doing."""

    STARTING = "starting"
    """Waits for its producer id. Earlier owners are fenced here."""
    RESTORING = "restoring"
    RUNNING = "running"
    BACKING_OFF = "backing off"
    """Failed. Starts again from nothing after a pause."""
    FENCED = "fenced"
    """Another owner took over. Starts again only in a new generation of the group."""
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LaneProgress:
    """How far one lane is, at one moment."""

    step: str
    partition: int
    state: LaneState
    positions: Mapping[Partition, int]
    """The next offset of each source, as committed since the lane started."""
    lag: int | None
    """Offsets that are left to read before the sources' ends, decided or not; None before the first
    look at them."""
    records: int
    """Records applied and committed since the lane started."""
    transactions: int
    restarts: int
    restored: int
    """Records of the state partition read at the latest start."""
    rereads: int
    """Sources that are read from their beginning again since the latest start, because their stored
    position was lost."""
    since_commit_s: float | None
    """Seconds since the latest commit; None before the first."""
    error: str = ""
    """Name of the latest error's class."""
    stuck_s: float = 0.0
    """Seconds without progress, as `StallTimer` counts them."""
    absent: tuple[str, ...] = ()
    """Topics that do not exist and for whose sake a source is left out."""

    @property
    def lane(self) -> str:
        """The lane's name, which is its transactional id."""
        return f"{self.step}-{self.partition}"


Hook: TypeAlias = Callable[[LaneProgress], None]


def no_hook(_: LaneProgress) -> None:
    """A hook that does nothing."""
