"""One row of the agency's chain: what an event, a correction or a heartbeat has in the vault."""

from dataclasses import dataclass
from enum import IntEnum

from exchange.core.model.events import Correction, Event, Heartbeat
from exchange.core.model.vocabulary import NothingToReport, OnTime, ReportingMinutes, Scheduled, UsState
from producers.vault.event_tail import event_of, value_of


class Kind(IntEnum):
    """The kind of event at a sequence."""

    EVENT = 0
    CORRECTION = 1
    HEARTBEAT = 2


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One row of the chain.

    `key`: the fact that it states, or retracts. `target`: the sequence that a correction retracts.
    """

    sequence: int
    previous: bytes
    schema: int
    tail: bytes
    kind: Kind
    key: bytes | None = None
    target: int = 0

    @property
    def value(self) -> bytes:
        """The value bytes that are sent."""
        return value_of(self.schema, self.sequence, self.previous, self.tail)

    @property
    def event(self) -> Event:
        """The event of these bytes."""
        return event_of(self.schema, self.sequence, self.previous, self.tail)


@dataclass(frozen=True, slots=True)
class Beat:
    """The fields of a heartbeat besides its signature."""

    period: int
    state: UsState
    scheduled: Scheduled = Scheduled.no
    minutes: ReportingMinutes = ReportingMinutes.not_applicable
    on_time: OnTime = OnTime.not_applicable
    nothing_to_report: NothingToReport = NothingToReport.not_applicable


def chain_row(event: Event, schema: int, tail: bytes) -> ChainRow:
    """The chain row of an event that was read back."""
    body = event.body
    if isinstance(body, Correction):
        return ChainRow(event.sequence, event.previous, schema, tail, Kind.CORRECTION, None, body.sequence)
    kind = Kind.HEARTBEAT if isinstance(body, Heartbeat) else Kind.EVENT
    return ChainRow(event.sequence, event.previous, schema, tail, kind)
