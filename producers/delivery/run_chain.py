"""Chaining a run and closing it: the gate admits only events that a heartbeat signs.

So a run is closed before it waits for receipts. A heartbeat follows its last event, and one that
feeds no figure follows every `EVENTS_A_RUN` events. A run that was killed before its heartbeat is
closed by the next run. After a repair the run is closed again.

The exchange may count between any two signed parts of a longer run. So a correction is in one part
with the event that follows it, and with all else that waits about its client
(`producers.delivery.run_part`): nobody is counted half changed. Two things part them: an event that
the exchange refuses, and more than `RUN_EVENTS_MAX` events about one client.
"""

from collections.abc import Iterator
from typing import Final

from exchange.core.admission.reasons import RUN_EVENTS_MAX
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
        self._parted = False

    def begin(self, end: Beat | None) -> None:
        """Begin a run. `end`: the fields of its last heartbeat; None: one that feeds no figure."""
        self._end, self._ended, self._parted = end, b"", False

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
        if chain.last == chain.signed:
            self._parted = self._outbox.begin_part(EVENTS_A_RUN)
        most = RUN_EVENTS_MAX - 1 if self._parted else EVENTS_A_RUN
        room = max(0, most - (chain.last - chain.signed))
        filled = self._outbox.fill(min(CHUNK, room))
        if self._outbox.waits():
            if filled == room or self._outbox.part_ends():
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
