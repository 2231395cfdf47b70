"""The agency's chain in the vault: one event at each sequence.

What was never accepted can be unchained.

Rules kept: a sequence holds one event. It may be unchained only from the first sequence that the
exchange has not accepted; then its facts are to be sent again, as if it had never been chained. The
bytes of a sequence are always computed from the same row, so sending twice sends the same bytes.
Ed25519 gives the same signature each time.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.model.chain import digest_of, heartbeat_message
from exchange.core.model.events import Heartbeat, Tally
from exchange.wire.codec import EventUnreadable, decode
from producers.errors import VaultDamaged
from producers.vault.chain_row import Beat, ChainRow, Kind
from producers.vault.event_tail import (
    correction_tail,
    encode_tail,
    newest_id,
    period_of_tail,
    same_fact,
    value_of,
)
from producers.vault.fact_store import UNCLAIMED, FactStore
from producers.vault.read_back import stated_by, take_retraction, take_tally
from producers.vault.schema import CORRECTION, NOTHING, Row
from producers.vault.store import Vault, batches, places

TODO_UNSENT: Final = "todo = CASE WHEN want IS NULL THEN 0 ELSE 1 END"
_ARRIVAL: Final = int(Cap.ARRIVAL)
RUNS_REMEMBERED: Final = 16
_COLUMNS: Final = "sequence, previous, schema, tail, kind, key, target"
_APPEND: Final = f"INSERT INTO chain ({_COLUMNS}, arrived) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


class Chain:
    """The chain of a vault.

    `last`: the newest sequence, 0 before the first; `head`: its digest. `signed`: the sequence of
    the newest heartbeat, which signs all events before it; 0 without one.
    """

    def __init__(self, vault: Vault, fact_store: FactStore) -> None:
        self._vault = vault
        self._fact_store = fact_store
        self._agency = vault.get("agency").decode("ascii")
        self._signing_key = Ed25519PrivateKey.from_private_bytes(vault.get("signing_key"))
        self._key_number = vault.get("key_number")[0]
        self.last, self.head, self.signed = 0, b"", 0
        self._find_end()

    @property
    def public_key(self) -> tuple[int, bytes]:
        """(number, 32 bytes) of the key that signs heartbeats; the operator registers it."""
        return self._key_number, self._signing_key.public_key().public_bytes_raw()

    def row_at(self, sequence: int) -> ChainRow | None:
        """The row at a sequence."""
        row = self._vault.one(f"SELECT {_COLUMNS} FROM chain WHERE sequence = ?", (sequence,))  # noqa: S608
        return None if row is None else _row(row)

    def digest(self, sequence: int) -> bytes | None:
        """The digest of the event at a sequence."""
        link = self.row_at(sequence)
        return None if link is None else digest_of(link.value)

    def values(self, start: int, count: int) -> list[bytes]:
        """The bytes of at most `count` sequences from `start` on."""
        rows = self._vault.all(
            "SELECT schema, sequence, previous, tail FROM chain WHERE sequence >= ? ORDER BY sequence LIMIT ?",
            (start, count),
        )
        return [value_of(schema, sequence, previous, tail) for schema, sequence, previous, tail in rows]

    def heartbeats(self, after: int, last: int) -> int:
        """The number of heartbeats after one sequence, up to another."""
        query = "SELECT count(*) FROM chain WHERE kind = ? AND sequence > ? AND sequence <= ?"
        row = self._vault.one(query, (Kind.HEARTBEAT, after, last))
        return int(row[0]) if row else 0

    def append_event(self, key: bytes, schema: int, tail: bytes, client: int | None, marks: Cap) -> int:
        """Chain the event that states a fact, its tail with these marks; returns its sequence."""
        arrived = client if int(marks) & _ARRIVAL else None
        return self._append(schema, tail, Kind.EVENT, key, arrived=arrived)

    def append_corrections(self, of: Sequence[tuple[bytes, int]]) -> None:
        """Chain the corrections that retract these facts' events, from (key, sequence).

        Each carries its event's marks; that of a tally carries none.
        """
        rows: dict[int, ChainRow] = {}
        for some in batches([sequence for _, sequence in of]):
            query = f"SELECT {_COLUMNS} FROM chain WHERE sequence IN ({places(some)})"  # noqa: S608
            rows |= {row[0]: _row(row) for row in self._vault.all(query, some)}
        for key, target in of:
            if target not in rows:
                raise VaultDamaged(f"The chain of {self._vault.path} lacks sequence {target}.")
            event, schema = rows[target].event, rows[target].schema
            marks = NONE if isinstance(event.body, Tally) else event.cap
            self._append(schema, correction_tail(event, schema, marks), Kind.CORRECTION, key, target)

    def append_heartbeat(self, beat: Beat) -> int:
        """Chain a heartbeat, which signs all events before it; returns its sequence."""
        unsigned = Heartbeat(
            beat.scheduled, beat.minutes, self._key_number, bytes(64), beat.on_time, beat.nothing_to_report
        )
        place = (self._agency, self.last + 1, self.head, beat.period, str(beat.state))
        body = replace(unsigned, signature=self._signing_key.sign(heartbeat_message(*place, unsigned)))
        self.signed = self._append(newest_id(), encode_tail(beat.period, beat.state, NONE, body), Kind.HEARTBEAT)
        return self.signed

    def has_signed(self, value: bytes) -> bool:
        """Whether a value is a heartbeat that this vault's key signed, here or in a copy."""
        try:
            event = decode(value)
        except EventUnreadable:
            return False
        if not isinstance(event.body, Heartbeat):
            return False
        place = (self._agency, event.sequence, event.previous, event.period, str(event.state))
        message = heartbeat_message(*place, event.body)
        return event.body.signature == self._signing_key.sign(message)  # Ed25519: one signature a message

    def _append(  # noqa: PLR0917
        self,
        schema: int,
        tail: bytes,
        kind: Kind,
        key: bytes | None = None,
        target: int = 0,
        arrived: int | None = None,
    ) -> int:
        sequence, previous = self.last + 1, self.head
        self._vault.later(_APPEND, (sequence, previous, schema, tail, int(kind), key, target, arrived))
        self.last, self.head = sequence, digest_of(value_of(schema, sequence, previous, tail))
        return sequence

    def adopt(self, value: bytes, link: ChainRow) -> None:
        """Append an event that the exchange accepted after the end of this chain.

        It belongs to no fact yet, unless it is a tally. Whatever it is, what the lost copy marked
        about whom is unknown: all periods that had begun are exhausted. Each lost run's heartbeat
        names its quarter; the day of the run that reads it back plays no part, as one client may
        have moved it.
        """
        key = stated_by(link)
        self._vault.run(
            f"INSERT INTO chain ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (link.sequence, link.previous, link.schema, link.tail, int(link.kind), key, link.target),
        )
        self._fact_store.exhaust_through(period_of_tail(link.tail))
        self.last, self.head = link.sequence, digest_of(value)
        self.signed = link.sequence if link.kind is Kind.HEARTBEAT else self.signed
        if key is not None:
            take_tally(self._vault, self._fact_store, key, link)
        if link.kind is Kind.CORRECTION:
            retracted = self.row_at(link.target)
            self._vault.run("UPDATE chain SET retracted = 1 WHERE sequence = ?", (link.target,))
            if retracted is not None:
                take_retraction(self._vault, link.sequence, retracted)

    def unchain(self, start: int) -> None:
        """Remove everything from `start` on, which the exchange never accepted.

        Its facts are to be sent again.
        """
        rows = self._vault.all(
            f"SELECT {_COLUMNS} FROM chain WHERE sequence >= ? ORDER BY sequence DESC",  # noqa: S608
            (start,),
        )
        self._fact_store.undecided = True
        for sequence, _, _, _, kind, key, target in rows:
            if kind == Kind.EVENT:
                self._mark_unsent(key, sequence)
            elif kind == Kind.CORRECTION:
                self._mark_sent_again(key, target)
        self._vault.run("DELETE FROM chain WHERE sequence >= ?", (start,))
        self._find_end()

    def remember_unchained(self, start: int) -> None:
        """Keep the digests from `start` on before they are unchained, as copies may still arrive.

        For repairs only: where another copy of the vault was accepted instead, late events are a
        sign of that copy.
        """
        run = int.from_bytes(self._vault.get("run"), "big")
        rows = self._vault.all("SELECT schema, sequence, previous, tail FROM chain WHERE sequence >= ?", (start,))
        taken = ((row[1], digest_of(value_of(*row)), run) for row in rows)
        self._vault.many("INSERT OR REPLACE INTO withdrawn VALUES (?, ?, ?)", taken)

    def was_unchained(self, sequence: int, digest: bytes) -> bool:
        """Whether this vault once chained an event of this digest there, and unchained it."""
        query = "SELECT 1 FROM withdrawn WHERE sequence = ? AND digest = ?"
        return self._vault.one(query, (sequence, digest)) is not None

    def forget_unchained(self) -> None:
        """Forget events that were unchained so many runs ago that no copy can still arrive."""
        run = int.from_bytes(self._vault.get("run"), "big")
        self._vault.run("DELETE FROM withdrawn WHERE run < ?", (run - RUNS_REMEMBERED,))

    def _mark_unsent(self, key: bytes | None, sequence: int) -> None:
        self._vault.run(f"UPDATE fact SET sent = 0, {TODO_UNSENT} WHERE key = ? AND sent = ?", (key, sequence))  # noqa: S608

    def _mark_sent_again(self, key: bytes | None, target: int) -> None:
        """After a correction is unchained.

        The event at `target` states its fact again, if equal.
        """
        link = self.row_at(target)
        row = self._vault.one("SELECT schema, want FROM fact WHERE key = ?", (key,))
        if link is not None and row is not None:
            same = row[1] is not None and same_fact((row[0], row[1]), (link.schema, link.tail))
            todo = NOTHING if same else CORRECTION
            self._vault.run("UPDATE fact SET sent = ?, todo = ? WHERE key = ?", (target, todo, key))
            assert key is not None
            self._fact_store.choose_anew(key)

    def drop_correction(self, link: ChainRow) -> None:
        """Drop a correction that the exchange refuses.

        The exchange does not hold the event that it retracts.
        """
        self._fact_store.undecided = True
        self._vault.run(f"UPDATE fact SET sent = 0, {TODO_UNSENT} WHERE key = ?", (link.key,))  # noqa: S608

    def unclaimed(self) -> int:
        """The number of accepted events without a fact in this vault: another copy sent them."""
        row = self._vault.one("SELECT count(*) FROM chain WHERE kind = 0 AND key IS NULL AND retracted = 0")
        return int(row[0]) if row else 0

    def retract_unclaimed(self) -> int:
        """Retract every unclaimed event; returns their number."""
        rows = self._vault.all(
            "SELECT sequence, schema, tail FROM chain WHERE kind = 0 AND key IS NULL AND retracted = 0"
        )
        self._fact_store.undecided = True
        for sequence, schema, tail in rows:
            key = UNCLAIMED + b"%d" % sequence
            self._vault.run("UPDATE chain SET key = ? WHERE sequence = ?", (key, sequence))
            self._vault.run(
                "INSERT INTO fact (key, period, schema, want, sort, sent, todo) VALUES (?, 0, ?, NULL, ?, ?, ?)",
                (key, schema, self._fact_store.sort(key, tail), sequence, CORRECTION),
            )
        return len(rows)

    def _find_end(self) -> None:
        row = self._vault.one("SELECT max(sequence) FROM chain")
        self.last = int(row[0] or 0) if row else 0
        self.head = (self.digest(self.last) or b"") if self.last else self._vault.get("genesis")
        row = self._vault.one(
            "SELECT sequence FROM chain WHERE kind = ? ORDER BY sequence DESC LIMIT 1", (Kind.HEARTBEAT,)
        )
        self.signed = int(row[0]) if row else 0


def _row(row: Row) -> ChainRow:
    sequence, previous, schema, tail, kind, key, target = row
    return ChainRow(sequence, previous, schema, tail, Kind(kind), key, target)
