"""Chaining a run and closing it: the gate admits only events that a heartbeat signs.

So a run is closed before it waits for receipts. A heartbeat follows its last event, and one that
feeds no figure follows every `EVENTS_A_RUN` events. A run that was killed before its heartbeat is
closed by the next run. After a repair the run is closed again.
"""

from collections.abc import Iterator
from typing import Final

from producers.delivery.outbox import Outbox
from producers.vault.chain_row import Beat
from producers.vault.sent_chain import Chain

CHUNK: Final = 2_000
"""Events that are chained, and sent, at once."""
EVENTS_A_RUN: Final = 10_000
"""Events before the edge closes a longer run by itself.

The gate then admits part after part while the run goes on. It refuses more than 100,000 at once."""


class RunChain:
    """Chains what is to be sent, and the heartbeats that sign it.

    `beat`: the fields of a heartbeat that feeds no figure.
    """

    def __init__(self, chain: Chain, outbox: Outbox, beat: Beat) -> None:
        self._chain, self._outbox, self._beat = chain, outbox, beat
        self._end: Beat | None = None
        self._ended = b""

    def begin(self, end: Beat | None) -> None:
        """Begin a run. `end`: the fields of its last heartbeat; None: one that feeds no figure."""
        self._end, self._ended = end, b""

    def chain_run(self) -> Iterator[None]:
        """Chain what waits, at most one run and the heartbeat that closes it, in small steps.

        A run is made durable at once: its facts lie all over the vault, and each commit writes
        every page of theirs anew.
        """
        while self.chain_some() and self._chain.last > self._chain.signed:
            yield

    def chain_some(self) -> bool:
        """Chain one chunk, and the heartbeat that is due after it.

        Returns whether anything was chained.
        """
        chain = self._chain
        room = max(0, EVENTS_A_RUN - (chain.last - chain.signed))
        filled = self._outbox.fill(min(CHUNK, room))
        if self._outbox.waiting():
            if filled == room:
                chain.append_heartbeat(self._beat)
            return True
        if self._end is not None and chain.head != self._ended:
            chain.append_heartbeat(self._end)
            self._ended = chain.head
        elif chain.last > chain.signed:
            chain.append_heartbeat(self._beat)
        else:
            return filled > 0
        return True
