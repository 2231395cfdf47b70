"""The gate in memory of `exchange.testing`, with ways to be unkind.

`Trouble` sets what goes wrong on the way; every choice comes from a seeded generator, so that a
failing script can be run again.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from zlib import crc32

from exchange.core.admission.cap_rules import NONE
from exchange.core.admission.gate import Accepted, AgencyState, Arrival, Refused, Registration, Unreadable, Verdict
from exchange.core.admission.reasons import Reason
from exchange.core.model.event_layout import HEAD
from exchange.core.model.events import Correction, Heartbeat
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.errors import LogUnavailable
from exchange.testing import MemoryGate, MemoryLink
from exchange.wire.records import Receipt
from producers.vault.event_tail import with_cap

LATE_ARRIVES = 0.15


class Killed(BaseException):
    """The process ends here, without a chance to tidy up.

    `snapshot` keeps its files as they lie at that moment.
    """

    snapshot: ClassVar[Callable[[], None] | None] = None

    def __init__(self) -> None:
        super().__init__()
        if Killed.snapshot is not None:
            Killed.snapshot()


@dataclass(slots=True)
class Trouble:
    """Chances, each between 0 and 1, of what may go wrong at a call."""

    lose_send: float = 0.0
    lose_and_raise: float = 0.0
    arrive_and_raise: float = 0.0
    arrive_late: float = 0.0
    """The call fails, and its values arrive at any later time, after those sent meanwhile."""
    kill_before_send: float = 0.0
    kill_after_send: float = 0.0
    kill_at_receipt: float = 0.0
    repeat_receipt: float = 0.0
    gate_sleeps: float = 0.0


@dataclass
class Exchange(MemoryGate):
    """One agency's inbox and gate, with the faults of `trouble`."""

    seed: int = 0
    trouble: Trouble = field(default_factory=Trouble)
    unknown_rules: int = 0
    """Of so many different tails this gate refuses one by a rule that the edge does not know yet
    (0: none)."""
    away: int = 0
    """For how many calls the exchange cannot be reached."""
    lose_next: set[int] = field(default_factory=set)
    """Which values of the next send never arrive, though it reports that they have."""
    refuse_body: object = None
    late: list[list[bytes]] = field(default_factory=list)
    """What is still under way."""
    hold_gate: int = 0
    """For how many calls the gate judges nothing."""
    now_s: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.random = random.Random(self.seed)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def unknown_rule(self, tail: bytes) -> Reason | None:
        """Why this gate refuses a tail that the edge thinks sound.

        The same answer each time, for any bits.
        """
        tail = with_cap(tail, NONE)
        if not self.unknown_rules or crc32(tail) % self.unknown_rules:
            return None
        return Reason.UNSOUND if crc32(tail) // self.unknown_rules % 2 else Reason.OUT_OF_RANGE

    def judge_some(self) -> None:
        """The gate takes a batch of the inbox and writes one receipt, as the lane does."""
        if self.late and self.chance(LATE_ARRIVES):
            self.inbox.extend(self.late.pop(self.random.randrange(len(self.late))))
        if self.hold_gate:
            self.hold_gate -= 1
            return
        if self.read >= len(self.inbox) or self.chance(self.trouble.gate_sleeps):
            return
        self.judge(self.random.choice((1, 3, 50, 10_000)))

    def judge_all(self) -> None:
        """The gate catches up."""
        while self.read < len(self.inbox):
            self.judge_some()

    def verdict(self, state: AgencyState, arrival: Arrival | Unreadable, value: bytes) -> Verdict:
        verdict = super().verdict(state, arrival, value)
        if not isinstance(verdict, Accepted) or not isinstance(arrival, Arrival):
            return verdict
        reason = Reason.UNSOUND if arrival.body == self.refuse_body else self.unknown_rule(value[HEAD:])
        is_fact = not isinstance(arrival.body, Heartbeat | Correction)
        return Refused(arrival.sequence, reason) if reason and is_fact else verdict

    def link(self) -> "UnkindLink":
        return UnkindLink(self)

    def clock(self) -> float:
        return self.now_s

    async def pause(self, seconds: float) -> None:
        self.now_s += seconds


class UnkindLink(MemoryLink):
    """The agency's way to an unkind gate, which judges when it is asked for receipts."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._exchange = exchange
        self.closed = False
        self.sent: list[bytes] = []

    def _reach(self) -> None:
        if self._exchange.away:
            self._exchange.away -= 1
            raise LogUnavailable

    async def connect(self) -> None:
        self._reach()

    async def send(self, values: Sequence[bytes]) -> None:
        exchange, trouble = self._exchange, self._exchange.trouble
        self._reach()
        if exchange.chance(trouble.kill_before_send):
            raise Killed
        arriving = [value for number, value in enumerate(values) if number not in exchange.lose_next]
        exchange.lose_next = set()
        raised = exchange.chance(trouble.lose_and_raise)
        if raised or exchange.chance(trouble.lose_send):
            cut = exchange.random.randrange(len(arriving) + 1)
            arriving = arriving[:cut] if raised else arriving[:cut] + arriving[cut + 1 :]
        if exchange.chance(trouble.arrive_late):
            exchange.late.append(arriving)
            raise LogUnavailable
        exchange.inbox.extend(arriving)
        self.sent.extend(arriving)
        if exchange.chance(trouble.kill_after_send):
            raise Killed
        if raised or exchange.chance(trouble.arrive_and_raise):
            raise LogUnavailable

    async def latest(self) -> Receipt | None:
        self._reach()
        self._exchange.judge_some()
        self._seen = len(self._exchange.receipts)
        return self._exchange.receipts[-1] if self._exchange.receipts else None

    async def receipt(self, timeout_s: float) -> Receipt | None:
        exchange = self._exchange
        self._reach()
        read = exchange.read
        exchange.judge_some()
        if exchange.chance(exchange.trouble.kill_at_receipt):
            raise Killed
        if self._seen < len(exchange.receipts):
            self._seen += 1
            return exchange.receipts[self._seen - 1]
        if self._seen and exchange.chance(exchange.trouble.repeat_receipt):
            return exchange.receipts[exchange.random.randrange(self._seen)]
        if exchange.read == read:
            exchange.now_s += timeout_s
        return None

    async def inbox(self) -> Sequence[bytes]:
        self._reach()
        return list(self._exchange.inbox)

    async def close(self) -> None:
        self.closed = True


def registered(
    agency: str, legal_class: LegalClass, key: tuple[int, bytes], *, small_counts: bool = False
) -> Registration:
    return Registration(agency, legal_class, small_counts, 0, (key,))
