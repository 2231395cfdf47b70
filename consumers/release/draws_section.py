"""`draws` as one section of what a command shows."""

from typing import Final

from consumers.release.draws_state import DrawsFollower, DrawsState
from consumers.sections import WithReader
from exchange.engine.log import Log
from exchange.wire.topics import DRAWS


class DrawsSection(WithReader):
    """`draws`, as the release lane itself reads it."""

    name: Final = DRAWS

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self._follower: DrawsFollower | None = None
        self.closings = DrawsState()

    async def look(self) -> None:
        """Read to the end; raises DrawsDamaged."""
        self._follower = self._follower or DrawsFollower(await self.opened())
        self.closings = await self._follower.catch_up()

    async def drop(self) -> None:
        """Begin anew at the next look."""
        self._follower, self.closings = None, DrawsState()
        await self.close()
