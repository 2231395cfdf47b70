"""What the sources say now, beside what was sent of it: the difference is what remains to be done.

A source's key stands for one thing it says. Saying it again changes nothing; saying something else asks for a correction
of what was sent and an event of the new; saying nothing more asks for the correction alone. The fact_store only records
that (`todo`); `producers.delivery.outbox` turns it into events. Tallies stand here too, under keys of their own. A key that was
withdrawn stays, with the edition that withdrew it, so that an older export which arrives late cannot bring it back.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from hashlib import blake2b
from itertools import product
from typing import Final

from exchange.core.admission.cap_rules import NONE, effective
from exchange.core.model.period import quarter_of
from producers.errors import DatabaseChanged
from producers.vault.event_tail import cap_of, newest_id, period_of_tail, same_fact, with_cap
from producers.vault.schema import Row
from producers.vault.store import Vault

SOURCE: Final = b"f:"
TALLY: Final = b"t:"
UNCLAIMED: Final = b"u:"
CLIENT_KEY_OCTETS: Final = 16
NOTHING, EVENT, CORRECTION = 0, 1, 2
NOBODY: Final = 0
"""No client has this number: in `exhausted`, all of them."""


class FactOutcome(Enum):
    """What became of a fact."""

    PUBLISHED = "published"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    KNOWN = "already known"
    OUTDATED = "already known from a newer export"
    IGNORED = "ignored"
    REFUSED = "refused"
    REFUSED_BEFORE = "refused by the exchange before"
    HELD = "held back: the client refused"


class FactStore:
    """The facts of a vault, and one run over them."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._secret = vault.get("secret")
        self._schema = newest_id()
        self._clients: dict[str, int] = {}
        self._held: tuple[set[int], set[bytes]] | None = None
        self._edition = ""
        self._run = int.from_bytes(vault.get("run"), "big") + 1
        self.undecided = True
        """Whether something was changed since the bits of what is to be sent were chosen."""

    def begin_run(self) -> None:
        """From now on `incomplete` and `of_client` know what this run has stated."""
        self._vault.set("run", self._run.to_bytes(8, "big"))

    def edition(self, made_at: str, database: str) -> None:
        """Everything that follows is this old, and from this database; raises DatabaseChanged."""
        if database:
            known = self._vault.get("database")
            if known and known != database.encode():
                raise DatabaseChanged
            self._vault.set("database", database.encode())
        self._edition = made_at

    def put(self, key: bytes, period: int, tail: bytes, *, client: str = "", kept: bool = False) -> FactOutcome:
        """Say this under the key, without bits. `period`: as the source has it. What a client refused is not taken."""
        query = "SELECT schema, want, sent, kept, refused, edition, client, spent FROM fact WHERE key = ?"
        row = self._vault.one(query, (key,))
        if self._is_held(client, row[6] if row else None):  # nobody agrees by being given another name, or none
            self._vault.run("UPDATE fact SET stated = ? WHERE key = ?", (self._run, key))
            return FactOutcome.HELD
        if row is None:
            self.undecided = True
            todo = NOTHING if kept else EVENT
            self._vault.run(
                "INSERT INTO fact (key, client, period, schema, want, sort, todo, kept, stated, edition) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(key, self.client_id(client), period, self._schema, tail, self.sort(key, tail), todo, kept),
                    *(self._run, self._edition),
                ),
            )
            return FactOutcome.PUBLISHED
        if self._is_outdated(row[5]):
            return FactOutcome.OUTDATED
        return self._put_again(key, period, tail, client, kept, row)

    def _put_again(self, key: bytes, period: int, tail: bytes, client: str, kept: bool, row: Row) -> FactOutcome:  # noqa: PLR0917
        schema, want, sent, was_kept, refused, _, was_of, _ = row
        stated = (self.client_id(client), period, self._run, self._edition)
        if was_of != stated[0]:
            self._exhaust_both(key, row, stated[0])
        if want is not None and kept == was_kept and same_fact((schema, want), (self._schema, tail)):
            self._vault.run(
                "UPDATE fact SET client = ?, period = ?, stated = ?, edition = ? WHERE key = ?", (*stated, key)
            )
            return FactOutcome.REFUSED_BEFORE if refused else FactOutcome.KNOWN
        self.undecided = True
        todo = NOTHING if kept else EVENT
        if sent:
            said = self._vault.one("SELECT schema, tail FROM chain WHERE sequence = ?", (sent,))
            same = said is not None and not kept and same_fact((said[0], said[1]), (self._schema, tail))
            todo = NOTHING if same else CORRECTION
        self._vault.run(
            "UPDATE fact SET client = ?, period = ?, stated = ?, edition = ?, "
            "schema = ?, want = ?, sort = ?, todo = ?, kept = ?, refused = NULL WHERE key = ?",
            (*stated, self._schema, tail, self.sort(key, tail), todo, kept, key),
        )
        return FactOutcome.PUBLISHED if want is None and not sent else FactOutcome.CORRECTED

    def _exhaust_both(self, key: bytes, row: Row, now_of: int | None) -> None:
        """What was said of one client is now another's: whether they are two is not known, so neither is marked any more.

        In every period in which the key had marks, taken back or not; and where the one may be a third one, so may the other.
        """
        sent, was_of, spent = row[2], row[6], row[7]
        if was_of is None and spent:  # of whom the key once said something, only the whole chain knows
            tails = self._vault.all("SELECT tail FROM chain WHERE kind = 0 AND key = ?", (key,))
        else:
            ever = "SELECT tail FROM chain WHERE sequence = ? OR (client = ? AND kind = 0 AND key = ?)"
            tails = self._vault.all(ever, (sent, was_of, key))
        both = [client for client in (was_of, now_of) if client is not None]
        marked = {period_of_tail(tail) for (tail,) in tails if effective(cap_of(tail))}
        self._vault.many("INSERT OR IGNORE INTO exhausted VALUES (?, ?)", product(both, marked))
        inherit = "INSERT OR IGNORE INTO exhausted SELECT ?, period FROM exhausted WHERE client = ?"
        self._vault.run(inherit, (both[-1], both[0]))
        self.undecided = True

    def exhaust(self, period: int) -> None:
        """Nothing more of any client may be marked in this period."""
        self._vault.run("INSERT OR IGNORE INTO exhausted VALUES (?, ?)", (NOBODY, period))

    def withdraw(self, key: bytes) -> bool:
        """Say nothing more under the key; whether something was said until now."""
        row = self._vault.one("SELECT want, sent, edition FROM fact WHERE key = ?", (key,))
        if row is None or self._is_outdated(row[2]):
            return False
        want, sent, _ = row
        self.undecided = True
        self._vault.run(
            "UPDATE fact SET want = NULL, todo = ?, refused = NULL, edition = ? WHERE key = ?",
            (CORRECTION if sent else NOTHING, self._edition, key),
        )
        return want is not None

    def _is_outdated(self, edition: str) -> bool:
        return bool(self._edition) and edition > self._edition

    def withdraw_each(self, keys: Iterable[bytes]) -> Iterator[bool]:
        """Say nothing more under any of these keys; of each, whether something was said."""
        return (self.withdraw(key) for key in keys)

    def incomplete(self, prefix: str, first: int, last: int, newest: int) -> list[bytes]:
        """A source's keys that begin so, lie within these periods, have begun by `newest` and were not stated in this run."""
        last += 0 if quarter_of(last) else 4
        rows = self._vault.all(
            "SELECT key, period FROM fact WHERE key >= ? AND key < ? AND stated <> ? AND want IS NOT NULL",
            (start := SOURCE + prefix.encode(), behind(start), self._run),
        )
        return [key for key, period in rows if period <= newest and _within(period, first, last)]

    def of_client(self, client: str) -> list[bytes]:
        """The keys of what was said about a client and not in this run."""
        rows = self._vault.all(
            "SELECT fact.key FROM fact JOIN client ON client.id = fact.client "
            "WHERE client.name = ? AND stated <> ? AND want IS NOT NULL",
            (client.encode(), self._run),
        )
        return [key for (key,) in rows]

    def keys(self, prefix: bytes) -> list[bytes]:
        """All keys that begin so."""
        rows = self._vault.all("SELECT key FROM fact WHERE key >= ? AND key < ?", (prefix, behind(prefix)))
        return [key for (key,) in rows]

    def said(self, key: bytes) -> tuple[int, bytes] | None:
        """(schema id, tail) that the key stands for now."""
        row = self._vault.one("SELECT schema, want FROM fact WHERE key = ? AND want IS NOT NULL", (key,))
        return None if row is None else (row[0], row[1])

    def kept(self) -> list[Row]:
        """(client's name, key, schema id, tail) of the facts that are kept for tallies, one client's after another's."""
        return self._vault.all(
            "SELECT coalesce(client.name, x''), fact.key, schema, want FROM fact LEFT JOIN client ON client.id = fact.client "
            "WHERE kept = 1 AND want IS NOT NULL ORDER BY fact.client"
        )

    @property
    def cap_key(self) -> bytes:
        """What the choice of what is within the caps is keyed with."""
        return self._vault.get("cap_key")

    def hold(self, client: str, *, retract: bool) -> int:
        """Nothing more of this client is sent; with `retract`, what was sent is taken back: of how many facts."""
        number = self._settle_held(client, held=True)
        self.undecided = True
        if retract:
            said = "UPDATE fact SET want = NULL, refused = NULL, todo = CASE WHEN sent > 0 THEN 2 ELSE 0 END WHERE client = ?"
            self._vault.run(said, (number,))
            return len(self._vault.all("SELECT 1 FROM fact WHERE client = ? AND todo = ?", (number, CORRECTION)))
        # What waits is as if it had never been said; what was changed stays as it was sent, and what is gone is taken back.
        waits = "UPDATE fact SET want = NULL, todo = 0, refused = NULL WHERE client = ? AND sent = 0"
        self._vault.run(waits, (number,))
        changed = self._vault.all(
            "SELECT fact.key, chain.schema, chain.tail FROM fact JOIN chain ON chain.sequence = fact.sent "
            "WHERE fact.client = ? AND todo = ? AND want IS NOT NULL",
            (number, CORRECTION),
        )
        as_sent = ((schema, with_cap(tail, NONE), key) for key, schema, tail in changed)
        self._vault.many("UPDATE fact SET schema = ?, want = ?, todo = 0 WHERE key = ?", as_sent)
        return 0

    def unhold(self, client: str) -> bool:
        """What the sources say of this client is taken again; whether it was held."""
        was = self._is_held(client)
        self._settle_held(client, held=False)
        return was

    def _settle_held(self, client: str, *, held: bool) -> int:
        number = self._client(client)[0]
        self._vault.run("UPDATE client SET held = ? WHERE id = ?", (held, number))
        self._held = None
        return number

    def _is_held(self, client: str, number: int | None = None) -> bool:
        """Whether the client of this name refused, or the one of this number."""
        if self._held is None:
            refused = self._vault.all("SELECT id, name FROM client WHERE held = 1")
            self._held = {number for number, _ in refused}, {name for _, name in refused}
        return number in self._held[0] or client.encode() in self._held[1]

    def held(self) -> int:
        """How many clients have refused."""
        return len(self._vault.all("SELECT 1 FROM client WHERE held = 1"))

    def refuse(self, key: bytes, reason: str, schema: int, tail: bytes) -> None:
        """The exchange does not take this under the key: it is not sent again, unless the key says something else by now."""
        self.undecided = True
        self._vault.run(
            "UPDATE fact SET todo = ?, refused = ? WHERE key = ? AND schema = ? AND want = ?",
            (NOTHING, reason, key, schema, tail),
        )

    def retry(self) -> int:
        """Try again what the exchange refused, but of who refuses by now; how many facts."""
        self.undecided = True
        held = "client IN (SELECT id FROM client WHERE held = 1)"
        self._vault.run(f"UPDATE fact SET want = NULL, refused = NULL WHERE refused IS NOT NULL AND {held}")  # noqa: S608
        return self._vault.run("UPDATE fact SET todo = ?, refused = NULL WHERE refused IS NOT NULL", (EVENT,))

    def todo(self) -> int:
        """How many facts have something to be sent."""
        row = self._vault.one("SELECT count(*) FROM fact WHERE todo > 0")
        return int(row[0]) if row else 0

    def sort(self, key: bytes, tail: bytes) -> int:
        """Where a fact stands in its batch: keyed, so that the order of events says nothing to anybody else."""
        return int.from_bytes(blake2b(key + tail, digest_size=8, key=self._secret).digest(), "big") >> 1

    def client_id(self, client: str) -> int | None:
        """The vault's own number of a client; None for facts about the agency."""
        if not client:
            return None
        number = self._clients.get(client)
        if number is None:
            number = self._clients[client] = self._client(client)[0]
        return number

    def client_key(self, client: str) -> bytes:
        """16 bytes of this client's own, for what is derived from one client's history; they never leave."""
        return self._client(client)[1]

    def _client(self, client: str) -> tuple[int, bytes]:
        name = client.encode()
        row = self._vault.one("SELECT id, key FROM client WHERE name = ?", (name,))
        if row is None:
            key = blake2b(name, digest_size=CLIENT_KEY_OCTETS, key=self._secret, person=b"client").digest()
            self._vault.run("INSERT INTO client (name, key) VALUES (?, ?)", (name, key))
            row = self._vault.one("SELECT id, key FROM client WHERE name = ?", (name,))
            assert row is not None
        return int(row[0]), row[1]


def behind(prefix: bytes) -> bytes:
    """The first key behind all that begin with a prefix of UTF-8, which has no byte 255."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def _within(period: int, first: int, last: int) -> bool:
    """Whether a quarter, or a year with all its quarters, lies between two."""
    if quarter_of(period):
        return first <= period <= last
    return first <= period + 1 and period + 4 <= last
