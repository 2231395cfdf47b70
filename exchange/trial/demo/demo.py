"""The demo: a Kafka, a worker, sample agencies with real edges, and the growing totals.

The agencies live through the months of the sample one by one. Each publishes once a month, and
after each month its epoch is closed, while the next is published; the month after the last closes
too, because it counts the last quarter and year. At the end every table is compared with the
generator's truth. Truth exists for generated agencies only, so the events of a real export's agency
are subtracted first. Then the log is replayed, and the evaluators' figures are put beside the
truth; with a real export there is no truth to show. The totals are the operators' restricted view.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from consumers.admission.enrolment import Enrolment, register
from consumers.counting.aggregates import LivePartition, merged
from consumers.release.close_request import close_epoch
from consumers.replay import KafkaSource, ReplayResult, replay
from exchange.core.counting.cells import increments
from exchange.core.counting.counts import merge
from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import epoch_text
from exchange.core.model.vocabulary import LegalClass, Scheduled
from exchange.engine.errors import LogUnavailable
from exchange.trial.demo.demo_agencies import HMIS_AGENCY, DemoAgency, day_after, hmis_agency, sample_agency
from exchange.trial.demo.public_view import MetricsMissing, PublicView, public_view
from exchange.trial.empty_cluster import TrialExchange, Worker, WorkerEnded
from exchange.trial.phase_times import PhaseTimes
from exchange.trial.sample import Run, SampleExchange
from exchange.trial.totals import Totals, totals_of
from exchange.wire.codec import decode
from exchange.wire.release_records import Asker
from producers.caps.tally import current_quarter
from producers.delivery.heartbeat import minutes_band
from producers.delivery.report import Report
from producers.vault.fact_store import FactStore
from producers.vault.sent_chain import Chain
from producers.vault.store import Vault

AT_ONCE: Final = 40  # edges; a small run mostly waits for its receipt
LOOK_S: Final = 2.0
PATIENCE: Final = 5
"""The brokers may fail to answer this many looks in a row."""
SETTLE_S_MAX: Final = 60.0


class EpochRefused(ExchangeError):
    """The release lane refused to close a month of the demo, all of which are past."""

    hint = "Look at this machine's clock: was it set back?"


class DidNotFinish(ExchangeError):
    """The exchange did not count everything that the edges delivered."""

    hint = "The worker's last log lines stand above."


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the demo.

    `events`: counted so far; `delivered`: accepted so far; `total`: about how many in all.

    `doing`: the month that is being lived through; empty at the end.
    """

    picture: Totals
    events: int
    delivered: int
    total: int
    agencies: int
    doing: str = ""

    @property
    def lag(self) -> int:
        """Accepted events that are not counted yet."""
        return max(0, self.delivered - self.events)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The demo's result. `differing`: cells that differ from the truth, of `cells`."""

    look: Look
    cells: int
    differing: int
    replay: ReplayResult
    protected: PublicView
    hmis: Report | None
    seconds: Mapping[str, float]
    """How long each phase took."""

    @property
    def true(self) -> bool:
        """Whether every cell of every table equals the generator's truth."""
        return not self.differing


class Demo:
    """One demo on one trial exchange.

    `show` gets a look every other second, `say` a line at every step.
    """

    def __init__(
        self,
        ground: TrialExchange,
        sample: SampleExchange,
        *,
        show: Callable[[Look], None],
        say: Callable[[str], None],
        hmis: Path | None = None,
    ) -> None:
        self._ground, self._sample, self._show, self._say = ground, sample, show, say
        self._months = sample.span.months
        self._members = [sample_agency(ground, agency, n) for n, agency in enumerate(sample.agencies)]
        self._hmis = hmis_agency(ground, hmis, sample.agencies[0].state, self._months[-1]) if hmis else None
        if self._hmis:
            self._members.append(self._hmis)
        self._live: list[LivePartition] = []
        self._doing = ""
        self._times = PhaseTimes()

    async def run(self) -> DemoResult:
        """Raises DidNotFinish, EpochRefused, MetricsMissing, WorkerEnded, or an edge's error."""
        with self._times.of("starting"):
            await self._register()
            worker = await self._ground.start_worker()
        totals = sum(member.profile.legal_class is LegalClass.tally_only for member in self._members)
        self._say(f"{len(self._members)} agencies registered, one worker started")
        if totals:
            self._say(
                f"{totals} of them share totals only: one event of theirs, a tally, counts many needs or services"
            )
        async with AsyncExitStack() as readers:
            for member in self._members:
                readers.push_async_callback(member.link.end)
            for partition in range(self._ground.settings.partitions):
                reader = await self._ground.log.reader()
                readers.push_async_callback(reader.close)
                self._live.append(LivePartition(reader, partition))
            look, cells = await self._watch(worker)
        with self._times.of("comparing"):
            export = await self._of_export() if self._hmis else {}
            truth = await self._truth
            differing = _differing(truth, merged([*cells, {cell: -n for cell, n in export.items()}]))
        self._say(f"{len(truth)} cells compared with the generator's truth: {differing} differ")
        with self._times.of("replaying"):
            replayed = await replay(KafkaSource(self._ground.settings))
        self._say(f"{replayed.events} events replayed from offset 0: {replayed.verdict.value}")
        with self._times.of("figures"):
            public = await self._public_view(worker)
        self._say(f"seconds: {self._times}")
        hmis = self._hmis.report if self._hmis else None
        return DemoResult(look, len(truth), differing, replayed, public, hmis, self._times.seconds)

    async def _public_view(self, worker: Worker) -> PublicView:
        try:
            return await public_view(self._ground.log, self._sample, truth=self._hmis is None)
        except MetricsMissing:
            self._say(worker.last_lines())
            raise

    # Agencies

    async def _register(self) -> None:
        enrolments = []
        for member in self._members:
            vault = Vault.create(member.profile, member.secret)
            try:
                vault.set("cap_key", member.cap_key)
                vault.commit()
                number, key = Chain(vault, FactStore(vault)).public_key
            finally:
                vault.close()
            consent = member.profile.small_counts or None
            enrolments.append(Enrolment(member.profile.agency, member.profile.legal_class, key, number, consent))
        settings = self._ground.settings
        await register(self._ground.log, self._ground.admin, *enrolments, replication=settings.replication)

    # Publishing

    async def _live_through(self) -> None:
        """Month after month, and one more. A month closes while the next is published."""
        closing = asyncio.create_task(asyncio.sleep(0))
        try:
            for month in (*self._months, self._months[-1] + 1):
                self._doing = epoch_text(month)
                if month in self._months:
                    with self._times.of("publishing"):
                        await self._publish_all(month)
                if month == self._months[-1]:
                    self._truth = asyncio.create_task(asyncio.to_thread(self._true_cells))
                with self._times.of("closing"):
                    await closing
                closing = asyncio.create_task(self._close(month))
            with self._times.of("closing"):
                await closing
        finally:
            closing.cancel()
        self._doing = ""

    async def _close(self, month: int) -> None:
        closing = await close_epoch(self._ground.log, month, Asker.CALENDAR)
        if closing.spent.refused:
            raise EpochRefused(f"{epoch_text(month)}: {closing.spent.refused}.")

    async def _publish_all(self, month: int) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        publishing = [asyncio.create_task(self._publish(member, month, slots)) for member in self._members]
        try:
            await asyncio.gather(*publishing)
        finally:  # the first error ends all; accepted facts stay in the vaults
            for task in publishing:
                task.cancel()
            await asyncio.wait(publishing)

    async def _publish(self, member: DemoAgency, month: int, slots: asyncio.Semaphore) -> None:
        async with slots, member.edge(month) as edge:
            member.delivered += member.report.delivered
            member.report = edge.report
            edge.spent(member.minutes)
            await edge.read_all(member.readings(month))

    # Watching

    async def _watch(self, worker: Worker) -> tuple[Look, list[Mapping[bytes, int]]]:
        """Look while the edges publish, then until every delivered event is counted."""
        publishing = asyncio.create_task(self._live_through(), name="edges")
        try:
            while not publishing.done():
                look, _ = await self._once()
                self._show(look)
                _check_alive(worker)
                await asyncio.wait({publishing}, timeout=LOOK_S)
            publishing.result()
            with self._times.of("counting"):
                async with asyncio.timeout(SETTLE_S_MAX):
                    return await self._settled()
        except TimeoutError:
            self._say(worker.last_lines())
            raise DidNotFinish from None
        finally:
            publishing.cancel()
            await asyncio.wait({publishing})

    async def _settled(self) -> tuple[Look, list[Mapping[bytes, int]]]:
        """The look at which every delivered event is counted."""
        while True:
            look, cells = await self._once()
            self._show(look)
            if look.events >= look.delivered:
                return look, cells
            await asyncio.sleep(LOOK_S)

    async def _once(self) -> tuple[Look, list[Mapping[bytes, int]]]:
        for patience in reversed(range(PATIENCE)):
            try:
                snapshots = [await live.catch_up() for live in self._live]
                break
            except LogUnavailable:  # forty edges in this process can delay an answer
                if not patience:
                    raise
        cells = [snapshot.cells for snapshot in snapshots]
        delivered = sum(member.delivered + member.report.delivered for member in self._members)
        events = sum(snapshot.position.events for snapshot in snapshots)
        total = max(delivered, self._sample.expected_events + len(self._members) * len(self._months))
        return Look(totals_of(cells), events, delivered, total, len(self._members), self._doing), cells

    # Comparing

    async def _of_export(self) -> dict[bytes, int]:
        """The cells of the export's agency, counted slowly: the truth has none of them."""
        key, added = HMIS_AGENCY.encode(), []
        async for record in self._ground.all_events():
            if record.key == key and record.value is not None:
                added += increments(HMIS_AGENCY, decode(record.value))
        return merge(added)

    def _true_cells(self) -> dict[bytes, int]:
        """Without the cells of the export's agency."""
        return self._sample.truth(
            Run(a.code, current_quarter(day_after(month)), a.state, Scheduled.yes, minutes_band(member.minutes))
            for a, member in zip(self._sample.agencies, self._members, strict=False)
            for month in self._months
        )


def _differing(truth: Mapping[bytes, int], counted: Mapping[bytes, int]) -> int:
    return sum(counted.get(cell, 0) != truth.get(cell, 0) for cell in counted.keys() | truth.keys())


def _check_alive(worker: Worker) -> None:
    if not worker.alive:
        raise WorkerEnded(worker.last_lines())
