"""One worker's own look at the ledger, whether or not it has the release lane.

Every few seconds it reads `draws` on and shows it to the witness of its host. So every host's
witness learns of a closed epoch, and a worker whose witness refuses the ledger tells so in its
pulse: an alert by name, and a release lane elsewhere draws nothing (`other_witnesses`).

The gates name the ledger's head in their receipts, so that agencies remember it too. It comes from
here.

Rules kept: nothing here ends the worker. What could not be read says nothing.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

import structlog

from consumers.release.draws_state import DrawsFollower
from consumers.release.witness_file import WITNESS_REFUSES, WitnessDamaged, WitnessFiles, WitnessUnwritable
from consumers.release.witnessed import witnessed_draws
from exchange.core.errors import ExchangeError
from exchange.core.model.ledger_head import HeadNow, LedgerHead
from exchange.engine.lanes.step import defects_named
from exchange.engine.log import Log

LOOK_S: Final = 5.0
logger = structlog.get_logger(__name__)


class LedgerWatch:
    """Await `run`. `remembered`: the witness's own head. `refused`: why it refuses the ledger."""

    def __init__(self, log: Log, witness: WitnessFiles) -> None:
        self._log, self._witness = log, witness
        self._looks = 0
        self._head: LedgerHead | None = None
        self.remembered: LedgerHead | None = None
        self.refused = ""

    def head_from_now_on(self) -> HeadNow:
        """The head as looks show it that begin after this call.

        A look that began earlier may know less than an earlier owner has named already.
        """
        under_way = self._looks + 1
        return lambda: self._head if self._looks > under_way else None

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                async with AsyncExitStack() as resources:
                    with defects_named("ledger"):
                        await self._follow(resources)
            except ExchangeError as error:
                logger.warning("the ledger could not be looked at", error=type(error).__name__)
            await asyncio.sleep(LOOK_S)

    async def _follow(self, resources: AsyncExitStack) -> None:
        reader = await self._log.reader()
        resources.push_async_callback(reader.close)
        follower = DrawsFollower(reader)
        while True:
            await self._look(follower)
            await asyncio.sleep(LOOK_S)

    async def _look(self, follower: DrawsFollower) -> None:
        found = await follower.catch_up()  # a log that became shorter is read from the beginning next
        try:
            closed = (await witnessed_draws(follower, self._log, self._witness.sees, found)).closed
            refused, self.remembered, head = "", closed.trail.head, closed.trail.head
        except (WitnessDamaged, WitnessUnwritable) as error:
            refused, self.remembered, head = _named(error), None, None
        except WITNESS_REFUSES as error:
            closed = follower.read.closed
            known = self._witness.known(closed, await self._log.cluster_id())
            refused, self.remembered, head = _named(error), known.head if known else None, closed.trail.head
        if refused and not self.refused:
            logger.critical("the witness of this host refuses the ledger", reason=refused)
        self.refused, self._head = refused, head
        self._looks += 1


def _named(error: ExchangeError) -> str:
    return f"{type(error).__name__}: {error}"
