"""Offsets of new records in `releases`, which an agent hands on to the derivation.

An offset is a call to look, never data. An agent may read records that are not decided yet. It may
hand a record on twice, late or, after a restart, not at all. So the derivation reads the topic
itself, committed records only, and looks now and then without a call.
"""

import asyncio


class Arrivals:
    """Offsets of one topic. One task waits; any task of the same loop may hand on."""

    def __init__(self) -> None:
        self._end = 0
        self._handed_on = asyncio.Event()

    def hand_on(self, offset: int) -> None:
        """Note that there is a record at this offset.

        Repeating it, or an earlier one, is harmless.
        """
        self._end = max(self._end, offset + 1)
        self._handed_on.set()

    async def beyond(self, position: int, *, within_s: float) -> bool:
        """Wait until a record at this offset or a later one is handed on.

        False after `within_s` seconds.

        Each call to look is answered once: what this position does not cover yet when the wait
        ends is for the reader to find, or for the next look.
        """
        try:
            async with asyncio.timeout(within_s):
                while True:
                    await self._handed_on.wait()
                    self._handed_on.clear()
                    if self._end > position:
                        return True
        except TimeoutError:
            return False
