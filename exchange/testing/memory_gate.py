"""One agency's inbox and the real gate in memory, and the agency's link to them.

The verdicts are those of a real exchange's gate (`consumers.admission.inbox`): a run is admitted
once its heartbeat arrives, and the rest is refused for the same reasons. A test that needs an
unkind gate or network derives from these two classes.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from consumers.admission.agency_lane import Written, judge_by_rules
from consumers.admission.inbox import Inbox
from exchange.core.admission.gate import AgencyState, Arrival, Refused, Registration, Unreadable, Verdict
from exchange.core.model.events import Event
from exchange.core.model.ledger_head import LedgerHead
from exchange.testing.memory_partition import StoredRecord
from exchange.wire.codec import EventReader, decode
from exchange.wire.records import Receipt, decode_refusal


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
    """How many of them the gate has read."""
    admitted: list[bytes] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    """Refused runs and, once for each stretch, records that nobody signed."""
    receipts: list[Receipt] = field(default_factory=list)
    on_admitted: Callable[[bytes], object] = _ignore
    cluster: str = "in-memory"
    ledger: LedgerHead | None = None
    """The ledger's head that receipts name."""

    def __post_init__(self) -> None:
        self._inbox = self._begun()
        self._offset = 0

    def _begun(self) -> Inbox:
        inbox = Inbox(self.registration.agency, EventReader(), self.verdict)
        inbox.state.registration = self.registration
        return inbox

    @property
    def state(self) -> AgencyState:
        """All that the gate keeps about the agency."""
        return self._inbox.state

    @state.setter
    def state(self, state: AgencyState) -> None:
        self._inbox = self._begun()
        self._inbox.state = state

    @property
    def waiting(self) -> int:
        """The number of records that no heartbeat has signed yet."""
        return self._inbox.waiting

    def judge(self, count: int | None = None) -> None:
        """Read the next values, by default all, and judge the runs that they close.

        Writes one receipt if anything changed, as the gate lane does.
        """
        batch = self.inbox[self.read :] if count is None else self.inbox[self.read : self.read + count]
        if not batch:
            return
        key, at = self.registration.agency.encode("ascii"), self._offset
        self._inbox.arrive([StoredRecord(key, value, (), at + place, 0) for place, value in enumerate(batch)])
        self.read += len(batch)
        self._offset += len(batch)
        written = Written()
        for _ in self._inbox.serve(written):
            pass
        for _, value in written.events:
            self.admitted.append(value or b"")
            self.on_admitted(value or b"")
        refusals = [decode_refusal(value or b"") for _, value in written.quarantine]
        self.refused += [Refused(refusal.sequence, refusal.reason) for refusal in refusals]
        if self._inbox.touched:
            self._inbox.touched = False
            self.receipts.append(Receipt(self.state.head, self.state.refused, self.ledger))

    def verdict(self, state: AgencyState, arrival: Arrival | Unreadable, value: bytes) -> Verdict:
        """The gate's verdict on a signed value and what it decodes to."""
        return judge_by_rules(state, arrival, value)

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
