"""Everything that was read for the status, as plain state that later records change."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from consumers.admission.gate_step import GateStep
from consumers.admission.registry import Registry
from consumers.release.draws_state import DrawsState
from consumers.status.log_facts import LogFacts
from consumers.status.open_transactions import Held
from consumers.status.worker_lives import WINDOW_MS, WorkerLives
from exchange.core.admission.reasons import Reason
from exchange.engine.lag import Extent
from exchange.engine.log import Partition, Record
from exchange.wire.pulse import WORKER_KEY, Pulse, decode_pulse, decode_worker_pulse
from exchange.wire.records import decode_refusal

PULSES_A_PARTITION: Final = 40
"""Pulses to read for each partition: about forty seconds of two lanes, each with one in two."""
PULSES_BESIDE: Final = 100
"""Pulses to read of workers and of the tasks that exist once: for about the same time."""
PULSES_MS: Final = 40_000


@dataclass(slots=True)
class Observed:
    """Everything read so far.

    `inbox_lags` is by agency; `fold_lags` and `counted` (events) are by partition. `unknown`: the
    sections that could not be read, each with the reason. What such a section would hold is empty
    here and means nothing.
    """

    partitions: int
    registry: Registry = field(default_factory=Registry)
    gates: dict[int, GateStep] = field(default_factory=dict)
    refusals: Counter[Reason] = field(default_factory=Counter)
    alerts: dict[bytes, bytes] = field(default_factory=dict)
    pulses: deque[Pulse] = field(default_factory=deque)
    pulses_from: int = 0
    lives: WorkerLives = field(default_factory=WorkerLives)
    inbox_lags: dict[str, int] = field(default_factory=dict)
    inboxes_missing: set[str] = field(default_factory=set)
    fold_lags: dict[int, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    closings: DrawsState = field(default_factory=DrawsState)
    unsigned: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Agency → the records that no heartbeat has signed, and the first one's time, by its pulse."""
    held: Held = field(default_factory=Held)
    facts: LogFacts = field(default_factory=LogFacts)
    unknown: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.forget_gates({})
        self.pulses = deque(maxlen=pulses_max(self.partitions))

    # Each of these takes a record of one topic, or begins anew with it

    def take_registration(self, _: Partition, record: Record) -> None:
        """Take a record of `agencies`."""
        self.registry.take(record)

    def forget_registry(self, _: Mapping[Partition, Extent]) -> None:
        """Begin anew with `agencies`."""
        self.registry.replace(Registry())

    def take_state(self, source: Partition, record: Record) -> None:
        """Take a record of `gate-state`."""
        if record.key is not None:
            self.gates[source.partition].restore(record.key, record.value)

    def check_gates(self) -> None:
        """Raise GateStateDamaged where a gate has a record that no gate wrote."""
        for gate in self.gates.values():
            gate.check_records()

    def forget_gates(self, _: Mapping[Partition, Extent]) -> None:
        """Begin anew with `gate-state`."""
        self.gates = {p: GateStep(p, self.registry) for p in range(self.partitions)}

    def take_refusal(self, _: Partition, record: Record) -> None:
        """Take a record of `quarantine`."""
        if record.value is not None:
            self.refusals[decode_refusal(record.value).reason] += 1

    def forget_refusals(self, _: Mapping[Partition, Extent]) -> None:
        """Begin anew with `quarantine`."""
        self.refusals.clear()

    def take_pulse(self, _: Partition, record: Record) -> None:
        """Take a record of `pulse`. Of lanes only the newest are wanted, and decoded."""
        if record.value is None or record.key is None:
            return
        if record.key.startswith(WORKER_KEY):
            pulse = decode_worker_pulse(record.value)
            self.lives.observe(pulse, pulse.at_ms)
        elif record.offset >= self.pulses_from:
            lane = decode_pulse(record.value)
            self.pulses.append(lane)
            self.unsigned.update({one.agency: (one.waiting, one.waiting_since_ms) for one in lane.agencies})

    def forget_pulses(self, found: Mapping[Partition, Extent]) -> None:
        """Begin anew with `pulse`."""
        self.lives = WorkerLives()
        self.pulses.clear()
        self.pulses_from = max((extent.stable for extent in found.values()), default=0) - pulses_max(self.partitions)


def pulses_max(partitions: int) -> int:
    """The number of pulses to read, for what lanes do now."""
    return PULSES_A_PARTITION * partitions + PULSES_BESIDE


def lives_max(partitions: int) -> int:
    """The number of pulses to look through for the lives of workers."""
    return pulses_max(partitions) * (WINDOW_MS // PULSES_MS)
