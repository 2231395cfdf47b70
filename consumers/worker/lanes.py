"""The lanes of one worker, and the pulse that shows how they are doing.

A worker is a member of the group over `events`. For each partition that the group assigns to it, it
runs a gate lane and a fold lane. The owner of partition 0 also runs the single lanes: the release
lane, the publisher and, if wanted, the calendar. All lanes share one process and one loop: national
load is a few events a second.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from consumers.admission import gate_step
from consumers.admission.registry import Registry, follow_registry
from consumers.counting import fold_step
from consumers.release.calendar import Calendar
from consumers.release.draw_process import Drawer
from consumers.release.ledger_watch import LedgerWatch
from consumers.release.publisher_lane import PublisherLane
from consumers.release.release_lane import ReleaseLane
from consumers.release.witness_file import WitnessFiles
from exchange.core.admission.gate import Registration
from exchange.core.counting.generation import GENERATION
from exchange.engine.errors import LogUnavailable
from exchange.engine.lanes.lane import Lane, LaneLimits
from exchange.engine.lanes.ownership import Membership, Owned, Ownership
from exchange.engine.lanes.progress import LaneProgress, LaneState
from exchange.engine.log import OPEN_S_MAX, Log, Partition
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire.codec import EventReader
from exchange.wire.pulse import AgencyPulse, Pulse
from exchange.wire.topics import GATE_STATE, LaneName, agency_of, aggregates_of, receipts_of

FULL_PULSE_EVERY: Final = 30
"""Every so many pulses a lane lists all of its agencies; else only those that changed."""
REGISTRY_S_MAX: Final = OPEN_S_MAX + 5.0
"""How long lanes wait for the registry: the gate judges only once it has read all of it.

Longer than its reader waits for an open transaction, so that this is named.
"""
_ENDED: Final = frozenset({LaneState.STOPPED, LaneState.FENCED, LaneState.FAILED})
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReleaseSettings:
    """How a worker closes epochs.

    `partitions`: of `events`. `witness`: of this host. `grace_ms`: after a month's end; None: no
    calendar. `clients_a_year`: for which sizes are planned at the first epoch.
    """

    partitions: int
    drawer: Drawer
    witness: WitnessFiles
    grace_ms: int | None = None
    clients_a_year: int = 0
    clock: Clock = wall_ms


class Lanes:
    """Every lane that one worker runs. Await `run`. Without `closing` it closes no epochs.

    `ledger`: run here too; without it, receipts do not name the ledger.

    `on_failure` hears of the first failure at once, before the other lanes have stopped.
    """

    def __init__(
        self,
        log: Log,
        membership: Membership,
        worker: str,
        *,
        limits: LaneLimits | None = None,
        closing: ReleaseSettings | None = None,
        ledger: LedgerWatch | None = None,
        on_failure: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._worker = worker
        self._limits = limits or LaneLimits()
        self._registry = Registry()
        self._known = asyncio.Event()
        self._reader = EventReader()  # shared, because it remembers decoded records
        self._gates: dict[str, gate_step.GateStep] = {}
        self._states: dict[str, LaneState] = {}
        self._rereads: dict[str, int] = {}
        self._absent: dict[str, tuple[str, ...]] = {}
        self._sent: dict[str, dict[str, AgencyPulse]] = {}
        self._pulses = 0
        self._closing, self._ledger = closing, ledger
        self._release: ReleaseLane | None = None
        single = [self._release_lane, self._publisher_lane, self._calendar] if closing else []
        self._on_failure = on_failure
        self.ownership = Ownership(membership, [self._gate_lane, self._fold_lane, *single], on_failure=on_failure)

    @property
    def registered(self) -> Mapping[str, Registration] | None:
        """The registered agencies, as the gate lanes know them now; None before all were read."""
        return self._registry.agencies if self._known.is_set() else None

    async def run(self) -> None:
        """Run lanes until cancelled. Raises the error of the first lane that fails for good."""
        known = self._known
        following = asyncio.create_task(follow_registry(self._log, self._registry, known), name="registry")
        owning = asyncio.create_task(self._own(known), name="lanes")
        looking = asyncio.create_task(self._ledger.run(), name="ledger") if self._ledger else None
        try:
            done, _ = await asyncio.wait({following, owning}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled() and (error := task.exception()):
                    self._on_failure(error)
        finally:
            running = {owning, following, *([looking] if looking else [])}
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        for task in (owning, following):
            with contextlib.suppress(asyncio.CancelledError):
                task.result()

    async def _own(self, known: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(REGISTRY_S_MAX):
                await known.wait()
        except TimeoutError:
            raise LogUnavailable(f"The registry of agencies could not be read within {REGISTRY_S_MAX:.0f} s.") from None
        await self.ownership.run()

    def pulses(self, now_ms: int) -> Iterator[Pulse]:
        """One pulse a lane. `now_ms`: the caller's clock, milliseconds since 1970."""
        full = self._pulses % FULL_PULSE_EVERY == 0
        self._pulses += 1
        for progress in self.ownership.progress:
            yield self._pulse(progress, now_ms, full=full)

    # Lanes

    def _gate_lane(self, partition: int) -> Lane:
        def make() -> gate_step.GateStep:
            step = self._gates[LaneName.GATE.at(partition)] = gate_step.GateStep(
                partition, self._registry, self._reader
            )
            if self._ledger is not None:
                step.head_from_now_on = self._ledger.head_from_now_on
            return step

        state = Partition(GATE_STATE, partition)
        return Lane(
            self._log,
            LaneName.GATE,
            partition,
            make,
            state,
            limits=gate_step.limits(self._limits),
            hook=self._note,
            needs=_receipts,
        )

    def _fold_lane(self, partition: int) -> Lane:
        state = Partition(aggregates_of(GENERATION), partition)
        return Lane(
            self._log,
            LaneName.FOLD,
            partition,
            lambda: fold_step.FoldStep(partition),
            state,
            limits=fold_step.limits(self._limits),
            hook=self._note,
        )

    def _release_lane(self, partition: int) -> Owned | None:
        closing = self._closing
        if partition or closing is None:
            return None
        self._release = ReleaseLane(
            self._log,
            closing.partitions,
            closing.drawer,
            closing.witness,
            worker=self._worker,
            clients_a_year=closing.clients_a_year,
            clock=closing.clock,
            hook=self._note,
        )
        return self._release

    def _publisher_lane(self, partition: int) -> Owned | None:
        closing = self._closing
        return None if partition or closing is None else PublisherLane(self._log, closing.witness, hook=self._note)

    def _calendar(self, partition: int) -> Owned | None:
        closing = self._closing
        if partition or closing is None or closing.grace_ms is None:
            return None
        return Calendar(
            self._log, closing.partitions, closing.grace_ms, closing.witness, clock=closing.clock, hook=self._note
        )

    def _note(self, progress: LaneProgress) -> None:
        if progress.rereads != self._rereads.get(progress.lane, 0):
            self._rereads[progress.lane] = progress.rereads
            logger.warning(
                "stored positions left their logs; read from the beginning",
                lane=progress.lane,
                sources=progress.rereads,
            )
        if progress.absent != self._absent.get(progress.lane, ()):
            self._absent[progress.lane] = progress.absent
            logger.warning(
                "agencies whose topics are missing are left out", lane=progress.lane, missing=progress.absent
            )
        if progress.state in _ENDED:
            self._gates.pop(progress.lane, None)
        if self._states.get(progress.lane) is not progress.state:
            self._states[progress.lane] = progress.state
            trouble = {"error": progress.error} if progress.error else {}
            logger.info(
                "lane",
                lane=progress.lane,
                state=progress.state.value,
                restored=progress.restored,
                restarts=progress.restarts,
                **trouble,
            )

    # Pulses

    def _pulse(self, progress: LaneProgress, now_ms: int, *, full: bool) -> Pulse:
        step = self._gates.get(progress.lane)
        agencies = tuple(self._agencies(progress, step, full=full)) if step else ()
        lanes = step.agencies.values() if step else ()
        age = progress.since_commit_s
        return Pulse(
            lane=progress.lane,
            worker=self._worker,
            at_ms=now_ms,
            state=progress.state.value,
            position=sum(progress.positions.values()),
            lag=progress.lag or 0,
            records=progress.records,
            transactions=progress.transactions,
            commit_age_ms=-1 if age is None else int(age * 1000),
            refused=sum(lane.refused for lane in lanes) + self._refused_commands(progress),
            duplicates=sum(lane.duplicates for lane in lanes),
            skipped=sum(lane.skipped + lane.strays for lane in lanes),
            agencies=agencies,
            stuck_ms=int(progress.stuck_s * 1000),
        )

    def _refused_commands(self, progress: LaneProgress) -> int:
        """1 while a command was refused for a reason that lies in the exchange itself."""
        return int(progress.step == LaneName.RELEASE and self._release is not None and bool(self._release.hindered))

    def _agencies(self, progress: LaneProgress, step: gate_step.GateStep, *, full: bool) -> Sequence[AgencyPulse]:
        now = {}
        for agency, lane in step.agencies.items():
            refused = lane.state.refused
            reason = refused.reason.value if refused else ""
            waits = (lane.waiting, lane.waiting_since_ms)
            now[agency] = AgencyPulse(agency, lane.state.head.sequence, reason, lane.heard_ms, lane.forked_ms, *waits)
        before = {} if full else self._sent.get(progress.lane, {})
        self._sent[progress.lane] = now
        return [pulse for agency, pulse in now.items() if before.get(agency) != pulse]


def _receipts(inbox: Partition) -> Partition:
    """Where the gate answers what it read there: without it the agency is left out."""
    return Partition(receipts_of(agency_of(inbox.topic)), 0)
