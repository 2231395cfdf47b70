"""The kill test: workers and broker are killed at random while events flow; then all is counted.

We claim only what this test shows: no event is lost or counted twice under process kills, stopped
and thawed processes (zombies), lanes that change owner, and broker restarts. Agencies write chained
events directly to their inboxes and correct some. Now and then they write the same events again,
like an edge that missed a receipt. In the end `events` must hold each agency's chain once and in
order, and every cell of every table must equal an independent batch count of the generated facts.

With `attacks`, the workers are down between rounds, and topics that hold state are attacked
(`state_attacks`).
"""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Final

from consumers.admission.enrolment import Enrolment, register
from consumers.counting.aggregates import merged, read_aggregates
from exchange.core.counting.counts import merge
from exchange.core.errors import ExchangeError
from exchange.core.model.event_layout import sequence_of
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.errors import LogUnavailable
from exchange.engine.log import Pair, Partition, Producer
from exchange.engine.loop_time import loop_s
from exchange.trial.chain_writer import ChainWriter
from exchange.trial.empty_cluster import TrialExchange, Worker
from exchange.trial.kill_test_result import KillTestResult
from exchange.trial.sample import sample_exchange
from exchange.trial.state_attacks import StateAttacks
from exchange.wire.topics import inbox_of
from producers.delivery.waiting import WaitLimits

AGENCIES: Final = 24
WORKERS: Final = 2
TURN: Final = 100
"""Events in one write of an agency."""
AGAIN_SHARE: Final = 0.3
BATCH: Final = 250
"""Records a batch, a few batches a transaction: so small that a kill interrupts many of them."""
OPEN_S: Final = 4.0
"""After so long a worker of the trial names an open transaction."""
SETTLE_S_MAX: Final = 120.0
"""Without progress."""
POLL_S: Final = 0.1
BUSY_S_MAX: Final = 15.0


class SampleUsedUp(ExchangeError):
    """The sample has fewer events than requested."""

    hint = "Report it: the generator's estimate is off by more than a tenth."


class DidNotSettle(ExchangeError):
    """The workers did not finish the events written to the inboxes."""

    hint = "The workers' last log lines stand above."


class KillTest:
    """One kill test on one trial exchange. `say` gets a line for each deed.

    `attacks`: those on state, between the rounds, in this order (`state_attacks`); empty: none.
    """

    def __init__(
        self,
        ground: TrialExchange,
        *,
        rounds: int,
        events: int,
        seed: int,
        say: Callable[[str], None],
        attacks: Sequence[str] = (),
    ) -> None:
        self._ground = ground
        self._rounds = rounds
        self._random = random.Random(seed)  # noqa: S311 - repeatable, hides nothing
        self._say = say
        sample = sample_exchange(seed, AGENCIES, events=events + events // 10, tally_share=0.0)
        self._agencies = [ChainWriter(agency, seed) for agency in sample.agencies]
        self._events = events
        self._written = 0
        self._deeds: dict[str, int] = {}
        self._reach = 0
        self._attacks = StateAttacks(ground, attacks, self._register) if attacks else None

    async def run(self) -> KillTestResult:
        """Write, kill, settle, count. Raises DidNotSettle, WorkerEnded or CannotMend."""
        await self._register()
        if self._attacks:
            await self._attacks.back_up()
            self._reach = await self._ground.reach()
        await self._start_workers()
        for number in range(1, self._rounds + 1):
            await self._revive()
            deed = self._random.choice(self._possible())
            self._deeds[deed] = self._deeds.get(deed, 0) + 1
            self._say(
                f"round {number} of {self._rounds}: {deed.replace('_', ' ')}, {self._written} events written so far"
            )
            await self._while_busy(self._events * number // (self._rounds + 1), getattr(self, f"_{deed}"))
            if self._attacks:
                await self._rest(self._attacks)
        await self._write(self._events)
        await self._settle()
        return await self._count()

    async def _register(self) -> None:
        enrolments = [Enrolment(agency.code, LegalClass.individual, agency.key.public) for agency in self._agencies]
        settings = self._ground.settings
        await register(self._ground.log, self._ground.admin, *enrolments, replication=settings.replication)

    async def _start_workers(self) -> None:
        for _ in range(WORKERS):
            await self._ground.start_worker()

    async def _stop_workers(self) -> None:
        for worker in list(self._ground.workers):
            self._ground.workers.remove(worker)
            await worker.stop()

    async def _rest(self, attacks: StateAttacks) -> None:
        """Stop every worker, attack a topic, see it refused, mend, go on."""
        await self._moved()
        await self._stop_workers()
        while not await attacks.has_more():
            self._reach = await self._ground.reach()
            await self._start_workers()
            await self._moved()
            await self._stop_workers()
        seen = await attacks.next()
        refused = f"not refused with {seen.missed}" if seen.missed else " and ".join(seen.refused_with)
        self._say(f"  {seen.attack}: {refused} after {seen.after_s} s; {', '.join(seen.mended_by)}")
        if seen.instead:
            self._say(f"  the worker that should have refused: {seen.instead}")
        await attacks.back_up()
        self._reach = await self._ground.reach()
        await self._start_workers()

    async def _moved(self) -> None:
        """Wait until something was admitted since the last copies, to have something to lose."""
        async with asyncio.timeout(SETTLE_S_MAX):
            while await self._ground.reach() <= self._reach:
                await self._revive()
                await asyncio.sleep(POLL_S)

    async def _while_busy(self, until: int, deed: Callable[[], Awaitable[None]]) -> None:
        """Do a deed while events are written and lanes work: not before the log has moved."""
        before = await self._ground.reach()
        writing = asyncio.create_task(self._write(until), name="agencies")
        try:
            for _ in range(int(BUSY_S_MAX / POLL_S)):
                if await self._ground.reach() > before:
                    break
                await asyncio.sleep(POLL_S)
            await self._pause(0, 1)
            await deed()
        finally:
            await asyncio.wait({writing})
        writing.result()

    async def _write(self, until: int) -> None:
        """Let agencies write in turns up to a total of events; some write their last ones again."""
        producer = await self._ground.log.producer()
        try:
            while self._written < until:
                before = self._written
                for agency in self._agencies:
                    again = agency.tail if self._random.random() < AGAIN_SHARE else []
                    new = agency.take(min(TURN, until - self._written))
                    self._written += len(new)
                    key = agency.code.encode("ascii")
                    await self._send(producer, Partition(inbox_of(agency.code), 0), [(key, v) for v in (*again, *new)])
                if self._written == before:
                    raise SampleUsedUp
        finally:
            await producer.close()

    async def _send(self, producer: Producer, inbox: Partition, pairs: Sequence[Pair]) -> None:
        """Write like an edge: wait for an absent broker; send again if in doubt."""
        for pause_s in WaitLimits().pauses_s:
            try:
                return await producer.send(inbox, pairs)
            except LogUnavailable:
                await asyncio.sleep(pause_s)
        return await producer.send(inbox, pairs)

    # Deeds

    def _possible(self) -> Sequence[str]:
        deeds = ["kill_one", "kill_one", "kill_all", "stop_and_thaw", "stop_and_thaw", "add_and_remove"]
        return [*deeds, "restart_broker"] if self._ground.broker is not None else deeds

    async def _any(self) -> Worker:
        """A worker that is alive: all may have ended since, if their broker was away."""
        while not (alive := [worker for worker in self._ground.workers if worker.alive]):
            await self._revive()
        return self._random.choice(alive)

    async def _pause(self, least_s: float, most_s: float) -> None:
        await asyncio.sleep(self._random.uniform(least_s, most_s))

    async def _kill_one(self) -> None:
        worker = await self._any()
        await self._pause(0, 1)
        await worker.kill()
        await self._replace(worker)

    async def _kill_all(self) -> None:
        for worker in [w for w in self._ground.workers if w.alive]:
            await worker.kill()
            await self._replace(worker)

    async def _stop_and_thaw(self) -> None:
        """A zombie: for longer than the session, so that another takes over, or shorter."""
        worker = await self._any()
        worker.send(signal.SIGSTOP)
        await self._pause(1, 10)
        worker.send(signal.SIGCONT)

    async def _add_and_remove(self) -> None:
        """Lanes change owner: a third worker joins, another leaves in good order."""
        leaving = await self._any()
        await self._ground.start_worker()
        await self._pause(1, 4)
        self._ground.workers.remove(leaving)
        await leaving.stop()

    async def _restart_broker(self) -> None:
        assert self._ground.broker is not None
        await self._ground.broker.restart(kill=self._random.random() < 0.5)

    async def _replace(self, worker: Worker) -> None:
        self._ground.workers.remove(worker)
        await self._ground.start_worker()

    async def _revive(self) -> None:
        """Start a worker again that gave up, as a supervisor would: its broker was away."""
        for worker in [w for w in self._ground.workers if not w.alive]:
            self._deeds["ended_by_itself"] = self._deeds.get("ended_by_itself", 0) + 1
            await self._replace(worker)

    # Settling and counting

    async def _settle(self) -> None:
        moved_s, ends = loop_s(), 0
        while loop_s() - moved_s < SETTLE_S_MAX:
            await self._revive()
            snapshots = await read_aggregates(self._ground.log, range(self._ground.settings.partitions))
            folded = sum(snapshot.position.events for snapshot in snapshots)
            if folded >= self._written and folded == ends:
                return  # the same twice: nothing more comes
            if folded != ends:
                moved_s, ends = loop_s(), folded
            await asyncio.sleep(1.0)
        for worker in self._ground.workers:
            self._say(worker.last_lines())
        raise DidNotSettle(f"{ends} of {self._written} events were counted, and none more for {SETTLE_S_MAX:.0f} s.")

    async def _count(self) -> KillTestResult:
        counted: dict[bytes, list[int]] = {}
        async for record in self._ground.all_events():
            assert record.key is not None
            assert record.value is not None
            counted.setdefault(record.key, []).append(sequence_of(record.value))
        lost = duplicated = disordered = 0
        for agency in self._agencies:
            sequences = counted.get(agency.code.encode("ascii"), [])
            lost += agency.sequence - len(set(sequences))
            duplicated += len(sequences) - len(set(sequences))
            disordered += sequences != sorted(sequences)
        snapshots = await read_aggregates(self._ground.log, range(self._ground.settings.partitions))
        cells = merged(snapshot.cells for snapshot in snapshots)
        truth = merge(chain.from_iterable(agency.truth() for agency in self._agencies))
        differing = sum(cells.get(cell, 0) != truth.get(cell, 0) for cell in cells.keys() | truth.keys())
        return KillTestResult(
            self._rounds,
            self._written,
            lost,
            duplicated,
            disordered,
            len(truth),
            differing,
            self._deeds,
            tuple(self._attacks.seen) if self._attacks else (),
        )
