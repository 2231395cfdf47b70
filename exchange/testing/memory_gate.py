"""One agency's inbox and the real gate in memory, and the agency's link to them.

The verdicts are those of `exchange.core.admission.gate`: this gate admits what a real exchange
admits and refuses the rest for the same reason. A test that needs an unkind gate or network derives
from these two classes.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from consumers.admission.gate_step import verify
from exchange.core.admission.gate import (
    Accepted,
    AgencyState,
    Arrival,
    Refused,
    Registration,
    Unreadable,
    Verdict,
    evolve,
    judge,
)
from exchange.core.model.events import Event
from exchange.wire.codec import EventReader, decode
from exchange.wire.records import Receipt


def _ignore(_: bytes) -> None:
    """Nobody waits for admitted values."""


@dataclass
class MemoryGate:
    """One agency's inbox and its gate. `admitted`: the value bytes that go on to `events`."""

    registration: Registration
    """As the agency was registered at first; `state.registration` holds as it is now."""
    inbox: list[bytes] = field(default_factory=list)
    """All values that arrived, in their order."""
    read: int = 0
    """How many of them were judged."""
    admitted: list[bytes] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    on_admitted: Callable[[bytes], object] = _ignore
    cluster: str = "in-memory"

    def __post_init__(self) -> None:
        self.state = AgencyState(self.registration)
        self._reader = EventReader()

    def judge(self, count: int | None = None) -> None:
        """Judge the next values, by default all, and write one receipt, as the gate lane does."""
        batch = self.inbox[self.read :] if count is None else self.inbox[self.read : self.read + count]
        if not batch:
            return
        for value in batch:
            self.judge_one(value)
        self.read += len(batch)
        self.receipts.append(Receipt(self.state.head, self.state.refused))

    def judge_one(self, value: bytes) -> None:
        """Judge one value."""
        arrival = self._reader.read(value)
        verdict = self.verdict(value, arrival)
        evolve(self.state, arrival, verdict)
        if isinstance(verdict, Accepted):
            self.admitted.append(value)
            self.on_admitted(value)
        elif isinstance(verdict, Refused):
            self.refused.append(verdict)

    def verdict(self, value: bytes, arrival: Arrival | Unreadable) -> Verdict:  # noqa: ARG002 - for those who derive
        """The gate's verdict on a value and what it decodes to."""
        return judge(self.state, arrival, verify)

    def events(self) -> list[tuple[str, Event]]:
        """(agency, event) of every admitted value."""
        return [(self.registration.agency, decode(value)) for value in self.admitted]

    def link(self) -> "MemoryLink":
        """A way to this inbox, for `Edge.open(link=…)`."""
        return MemoryLink(self)


class MemoryLink:
    """The agency's way to the gate in memory; keeps `producers.Link`.

    The gate judges values as soon as they are sent.
    """

    def __init__(self, gate: MemoryGate) -> None:
        self._gate = gate
        self._seen = 0

    async def connect(self) -> None:
        """The inbox is always there."""

    async def cluster_id(self) -> str:
        """The id of the gate's cluster."""
        return self._gate.cluster

    async def send(self, values: Sequence[bytes]) -> None:
        """Append values to the inbox and have them judged."""
        self._gate.inbox.extend(values)
        self._gate.judge()

    async def latest(self) -> Receipt | None:
        """The newest receipt."""
        self._seen = len(self._gate.receipts)
        return self._gate.receipts[-1] if self._gate.receipts else None

    async def receipt(self, timeout_s: float) -> Receipt | None:
        """The newest receipt that was not returned before."""
        if self._seen == len(self._gate.receipts):
            await asyncio.sleep(timeout_s)
        if self._seen == len(self._gate.receipts):
            return None
        return await self.latest()

    async def inbox(self) -> Sequence[bytes]:
        """Everything that the inbox holds."""
        return list(self._gate.inbox)

    async def close(self) -> None:
        """There is nothing to let go of."""
