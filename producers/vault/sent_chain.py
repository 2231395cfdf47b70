"""The agency's chain as the vault keeps it: what stands at each sequence, and taking back what was never accepted.

Rules kept: a sequence holds one event; it may be taken back (`unchain`) only from the first one that the exchange has
not accepted, and then its facts are to be sent again as if it had never been; the bytes of a sequence are always
computed from the same row, so that sending twice sends the same bytes. Ed25519 signs alike each time.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange.core.admission.cap_rules import Cap, effective
from exchange.core.model.chain import digest_of, heartbeat_message
from exchange.core.model.events import ALL_CAPS, Correction, Event, Heartbeat, Tally
from exchange.core.model.vocabulary import ReportingMinutes, Scheduled, UsState
from producers.errors import VaultDamaged
from producers.vault.event_tail import (
    cap_of,
    correction_tail,
    encode_tail,
    event_of,
    newest_id,
    period_of_tail,
    same_fact,
    value_of,
    with_cap,
)
from producers.vault.fact_store import CORRECTION, NOTHING, UNCLAIMED, FactStore
from producers.vault.store import Vault

TODO_UNSENT: Final = "todo = CASE WHEN want IS NULL THEN 0 ELSE 1 END"
RUNS_REMEMBERED: Final = 16
_COLUMNS: Final = "sequence, previous, schema, tail, kind, key, target, client"


class Kind(IntEnum):
    """What stands at a sequence."""

    EVENT = 0
    CORRECTION = 1
    HEARTBEAT = 2


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One row of the chain.

    `key`: the fact it says, or takes back; `target`: the sequence that a correction retracts; `client`: the vault's number of
    whom it is about, None where that is nobody or not known.
    """

    sequence: int
    previous: bytes
    schema: int
    tail: bytes
    kind: Kind
    key: bytes | None = None
    target: int = 0
    client: int | None = None

    @property
    def value(self) -> bytes:
        """The bytes that leave."""
        return value_of(self.schema, self.sequence, self.previous, self.tail)

    @property
    def event(self) -> Event:
        """What they say."""
        return event_of(self.schema, self.sequence, self.previous, self.tail)


@dataclass(frozen=True, slots=True)
class _Of:
    """What an event or a correction belongs to."""

    key: bytes
    client: int | None
    target: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat says besides its signature."""

    period: int
    state: UsState
    scheduled: Scheduled = Scheduled.no
    minutes: ReportingMinutes = ReportingMinutes.not_applicable


class Chain:
    """The chain of a vault. `last`: its newest sequence, 0 before the first; `head`: the digest of that one."""

    def __init__(self, vault: Vault, fact_store: FactStore) -> None:
        self._vault = vault
        self._fact_store = fact_store
        self._agency = vault.get("agency").decode("ascii")
        self._signing_key = Ed25519PrivateKey.from_private_bytes(vault.get("signing_key"))
        self._key_number = vault.get("key_number")[0]
        self.last, self.head = 0, b""
        self._find_end()

    @property
    def public_key(self) -> tuple[int, bytes]:
        """(number, 32 bytes) of the key that signs heartbeats: what the operator registers."""
        return self._key_number, self._signing_key.public_key().public_bytes_raw()

    def link(self, sequence: int) -> ChainRow | None:
        """What stands at a sequence."""
        row = self._vault.one(f"SELECT {_COLUMNS} FROM chain WHERE sequence = ?", (sequence,))  # noqa: S608
        return None if row is None else ChainRow(row[0], row[1], row[2], row[3], Kind(row[4]), row[5], row[6], row[7])

    def digest(self, sequence: int) -> bytes | None:
        """The digest of what stands at a sequence."""
        link = self.link(sequence)
        return None if link is None else digest_of(link.value)

    def values(self, start: int, count: int) -> list[bytes]:
        """The bytes of at most so many sequences from `start` on."""
        rows = self._vault.all(
            "SELECT schema, sequence, previous, tail FROM chain WHERE sequence >= ? ORDER BY sequence LIMIT ?",
            (start, count),
        )
        return [value_of(schema, sequence, previous, tail) for schema, sequence, previous, tail in rows]

    def heartbeats(self, after: int, last: int) -> int:
        """How many heartbeats stand behind one sequence, up to another."""
        query = "SELECT count(*) FROM chain WHERE kind = ? AND sequence > ? AND sequence <= ?"
        row = self._vault.one(query, (Kind.HEARTBEAT, after, last))
        return int(row[0]) if row else 0

    def append_event(self, key: bytes, schema: int, tail: bytes, client: int | None, bits: Cap) -> int:
        """Chain the event that says a fact, with these bits; its sequence."""
        return self._append(schema, with_cap(tail, bits), Kind.EVENT, _Of(key, client))

    def append_correction(self, key: bytes, target: int, bits: Cap) -> int:
        """Chain the correction, with these bits, that retracts what stands at `target`; its sequence."""
        link = self.link(target)
        if link is None:
            raise VaultDamaged(f"The chain of {self._vault.path} lacks sequence {target}.")
        tail = correction_tail(link.event, link.schema, bits)
        return self._append(link.schema, tail, Kind.CORRECTION, _Of(key, link.client, target))

    def append_heartbeat(self, beat: Beat) -> int:
        """Chain a heartbeat, signed over all that stands before it; its sequence."""
        signature = self._signing_key.sign(heartbeat_message(self._agency, self.last + 1, self.head))
        body = Heartbeat(beat.scheduled, beat.minutes, self._key_number, signature)
        return self._append(newest_id(), encode_tail(beat.period, beat.state, ALL_CAPS, body), Kind.HEARTBEAT)

    def _append(self, schema: int, tail: bytes, kind: Kind, of: _Of | None = None) -> int:
        sequence, previous = self.last + 1, self.head
        self._vault.run(
            f"INSERT INTO chain ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (sequence, previous, schema, tail, int(kind), *((of.key, of.target, of.client) if of else (None, 0, None))),
        )
        self.last, self.head = sequence, digest_of(value_of(schema, sequence, previous, tail))
        return sequence

    def adopt(self, value: bytes, link: ChainRow) -> None:
        """Take an event that the exchange accepted behind the end of this chain, as nobody's fact yet.

        Of whom it was said is known only of what takes back an event of this vault; else its period is exhausted.
        """
        target = self.link(link.target) if link.kind is Kind.CORRECTION else None
        client = target.client if target is not None else None
        self._vault.run(
            f"INSERT INTO chain ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (link.sequence, link.previous, link.schema, link.tail, int(link.kind), None, link.target, client),
        )
        if client is None and _spends(link):
            self._fact_store.exhaust(period_of_tail(link.tail))
        self._fact_store.undecided = True
        self.last, self.head = link.sequence, digest_of(value)
        if link.kind is Kind.CORRECTION:
            self._retracted_elsewhere(link.target)

    def _retracted_elsewhere(self, target: int) -> None:
        """A correction that this vault does not remember: whatever stood at its target is no longer said."""
        retracted = self.link(target)
        self._vault.run("UPDATE chain SET retracted = 1 WHERE sequence = ?", (target,))
        if retracted is not None and retracted.key is not None:
            # What its source says now will be known when it is read again; a change already taken stays to be sent.
            self._vault.run(
                "UPDATE fact SET sent = 0, want = CASE WHEN todo = 0 THEN NULL ELSE want END, "
                "todo = CASE WHEN todo = 0 OR want IS NULL THEN 0 ELSE 1 END WHERE key = ? AND sent = ?",
                (retracted.key, target),
            )

    def unchain(self, start: int) -> None:
        """Take back everything from `start` on, which the exchange never accepted; its facts are to be sent again."""
        rows = self._vault.all(
            f"SELECT {_COLUMNS} FROM chain WHERE sequence >= ? ORDER BY sequence DESC",  # noqa: S608
            (start,),
        )
        self._fact_store.undecided = True
        for sequence, _, _, _, kind, key, target, _ in rows:
            if kind == Kind.EVENT:
                self._unsay(key, sequence)
            elif kind == Kind.CORRECTION:
                self._restate(key, target)
        self._vault.run("DELETE FROM chain WHERE sequence >= ?", (start,))
        self._find_end()

    def remember(self, start: int) -> None:
        """Keep the digests of what stands from `start` on and is about to be taken back, though copies may be under way.

        For repairs only: where another copy of the vault was accepted instead, what comes late is a sign of that copy.
        """
        run = int.from_bytes(self._vault.get("run"), "big")
        rows = self._vault.all("SELECT schema, sequence, previous, tail FROM chain WHERE sequence >= ?", (start,))
        taken = ((row[1], digest_of(value_of(*row)), run) for row in rows)
        self._vault.many("INSERT OR REPLACE INTO taken_back VALUES (?, ?, ?)", taken)

    def took_back(self, sequence: int, digest: bytes) -> bool:
        """Whether this vault itself once put an event of this digest there, and took it back."""
        query = "SELECT 1 FROM taken_back WHERE sequence = ? AND digest = ?"
        return self._vault.one(query, (sequence, digest)) is not None

    def forget_taken_back(self) -> None:
        """Forget what was taken back so many runs ago that no copy of it can be under way any more."""
        run = int.from_bytes(self._vault.get("run"), "big")
        self._vault.run("DELETE FROM taken_back WHERE run < ?", (run - RUNS_REMEMBERED,))

    def _unsay(self, key: bytes | None, sequence: int) -> None:
        self._vault.run(f"UPDATE fact SET sent = 0, {TODO_UNSENT} WHERE key = ? AND sent = ?", (key, sequence))  # noqa: S608

    def _restate(self, key: bytes | None, target: int) -> None:
        """The fact of a correction that was taken back is said at `target` again, if that is still so."""
        link = self.link(target)
        row = self._vault.one("SELECT schema, want FROM fact WHERE key = ?", (key,))
        if link is not None and row is not None:
            same = row[1] is not None and same_fact((row[0], row[1]), (link.schema, link.tail))
            todo = NOTHING if same else CORRECTION
            self._vault.run("UPDATE fact SET sent = ?, todo = ? WHERE key = ?", (target, todo, key))

    def give_up(self, link: ChainRow) -> None:
        """A correction that the exchange refuses: what it was to retract is not held there any more."""
        self._fact_store.undecided = True
        self._vault.run(f"UPDATE fact SET sent = 0, {TODO_UNSENT} WHERE key = ?", (link.key,))  # noqa: S608

    def unclaimed(self) -> int:
        """How many accepted events no fact of this vault stands behind: another copy of it sent them."""
        row = self._vault.one("SELECT count(*) FROM chain WHERE kind = 0 AND key IS NULL AND retracted = 0")
        return int(row[0]) if row else 0

    def disown_unclaimed(self) -> int:
        """Have every unclaimed event retracted; how many."""
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


def _spends(link: ChainRow) -> bool:
    """Whether what was read back may have used up what some client, or a tally, is entitled to."""
    if link.kind is Kind.HEARTBEAT:
        return False
    body = link.event.body
    return bool(effective(cap_of(link.tail))) or (isinstance(body, Correction) and isinstance(body.body, Tally))


def chain_row(event: Event, schema: int, tail: bytes) -> ChainRow:
    """The row of an event that was read back."""
    body = event.body
    if isinstance(body, Correction):
        return ChainRow(event.sequence, event.previous, schema, tail, Kind.CORRECTION, None, body.sequence)
    kind = Kind.HEARTBEAT if isinstance(body, Heartbeat) else Kind.EVENT
    return ChainRow(event.sequence, event.previous, schema, tail, kind)
