"""What one partition of `gate-state` holds, and how much of `events` it leaves behind.

`gate-state` and `events` are written in the same transactions and agree, as long as nobody else
touches them. Whoever puts an older `gate-state` back, empties it or deletes a part of it, would
have the gate admit again what it admitted before. So the last record of each transaction, under a
reserved key, holds the number of events written to the partition, the SHA-256 of the newest, and
the digest of all other records of the state. At its start the gate compares it with what it
restored and with the newest event (`exchange.engine.lanes.vouching`). It also holds the number of
records of `agencies` that the gate had read: with fewer, a suspension may be forgotten.

The digest detects damage, not malice: whoever may write `gate-state` may write this record too.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from exchange.core.admission.gate import AgencyState
from exchange.core.counting.counts import MODULUS
from exchange.core.errors import StateDamaged
from exchange.core.model.event_layout import sequence_of
from exchange.engine.errors import LogUnavailable
from exchange.engine.lanes.step import Tail
from exchange.engine.log import Pair, Partition
from exchange.wire.records import NOTHING, GateWritten, decode_gate_written, encode_gate_written
from exchange.wire.topics import AGENCIES, EVENTS, GATE_STATE, POSITION_KEY

UNWRITTEN: Final = GateWritten(0, NOTHING, 0)


class GateStateBehind(StateDamaged):
    """`gate-state` knows less than `events` holds. Nothing was admitted."""

    hint = (
        "It was lost, emptied or put back from an older copy. Stop the workers and run `exchange gate rebuild`, which"
        " makes it anew from `events`. Never create it empty: every event would be admitted again."
    )


class GateStateDamaged(GateStateBehind):
    """`gate-state` holds what no gate wrote. Nothing was admitted."""

    hint = (
        "Stop the workers and run `exchange gate rebuild`, which makes it anew from `events`. Then find out who may write"
        " there: `exchange topics rights`."
    )


class EventsCutOff(StateDamaged):
    """`events` does not hold the events that were admitted. Nothing was admitted."""

    hint = (
        "It was cut off, emptied or replaced. Restore it from a replica or a backup: it is the one source of every figure."
        " Run `exchange gate rebuild` only if what is missing is lost for good; agencies must then send it again."
    )


class RegistryBehind(LogUnavailable):
    """`agencies` holds less than the gate has read there. Nothing was admitted.

    Tried again first: another worker may have read a registration that this one has yet to read.
    """

    hint = (
        "It was emptied, cut off or put back from an older copy: an agency that was suspended since would publish again."
        " Stop the workers and restore it from a replica or a backup. If there is none, register every agency again, as"
        " `exchange agencies list` should show it, with `exchange agencies add`; then run `exchange gate rebuild`."
    )


class KeptState:
    """The digests of the records of one state partition, by key, and the position record."""

    def __init__(self, partition: int) -> None:
        self._events = Partition(EVENTS, partition)
        self._state = f"{GATE_STATE}-{partition}"
        self._digests: dict[bytes, int] = {}
        self._digest = 0
        self._written = UNWRITTEN

    @property
    def events(self) -> int:
        """How many events of the partition were written."""
        return self._written.events

    def restore(self, key: bytes, value: bytes | None) -> bool:
        """Take a record of the state; whether it is the position record."""
        if key == POSITION_KEY:
            self._written = UNWRITTEN if value is None else decode_gate_written(value)
            return True
        self._put(key, value)
        return False

    def check(self) -> None:
        """Compare what was restored with the digest written with it. Raises GateStateBehind."""
        if self._digest != self._written.digest:
            raise GateStateBehind(f"{self._state} does not have the digest that was written with it.")

    def compare(self, tail: Tail, agencies: Mapping[str, AgencyState]) -> None:
        """Compare the position record with the end of `events`.

        Raises GateStateBehind or EventsCutOff, by the sequence of the newest event: a state that
        admitted it before knows more than the log.
        """
        log, newest = f"{EVENTS}-{self._events.partition}", tail.newest
        if tail.begin:
            raise EventsCutOff(f"{log} begins at offset {tail.begin}: what was before is gone.")
        found = NOTHING if newest is None or newest.value is None else sha256(newest.value).digest()
        if found == self._written.newest:
            return
        if newest is None or newest.key is None or newest.value is None:
            raise EventsCutOff(f"{log} is empty, and {self._state} knows {self.events} events of it.")
        known = agencies.get(newest.key.decode("ascii", "replace"))
        if known is not None and known.head.sequence >= sequence_of(newest.value):
            raise EventsCutOff(f"{log} ends before events that {self._state} knows.")
        raise GateStateBehind(f"{self._state} knows {self.events} events, and {log} goes on behind them.")

    def compare_registry(self, records: int) -> None:
        """Compare the number of records of `agencies` with that of the state.

        Raises RegistryBehind.
        """
        if records < self._written.registered:
            raise RegistryBehind(
                f"`{AGENCIES}` holds {records} records, and {self._state} was written when it held"
                f" {self._written.registered}."
            )

    def closed(
        self,
        state: Mapping[bytes, bytes | None],
        newest: Sequence[Pair],
        *,
        events: int | None = None,
        registered: int = 0,
    ) -> list[Pair]:
        """The records of one transaction's state, the position record last.

        `newest`: the events written with it. `events`: how many, where that is not their number.
        `registered`: records of `agencies` that were read.
        """
        for key, value in state.items():
            self._put(key, value)
        written = self.events + (len(newest) if events is None else events)
        digest = sha256(newest[-1][1] or b"").digest() if newest else self._written.newest
        self._written = GateWritten(written, digest, self._digest, registered)
        return [*state.items(), (POSITION_KEY, encode_gate_written(self._written))]

    def _put(self, key: bytes, value: bytes | None) -> None:
        before = self._digests.pop(key, 0)
        if value is not None:
            self._digests[key] = int.from_bytes(sha256(sha256(key).digest() + value).digest(), "big")
        self._digest = (self._digest - before + self._digests.get(key, 0)) % MODULUS
