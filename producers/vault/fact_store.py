"""The facts that the sources state now, beside the sent events: the difference is to be sent.

A source's key has one fact. The same fact again changes nothing. A changed fact needs a correction
of the sent event and a new event; a withdrawn fact needs the correction alone. The fact store only
records this (`todo`); `producers.delivery.outbox` makes the events. Tallies are facts too, under
keys of their own. A withdrawn key stays, with the edition that withdrew it, so that an older export
which arrives late cannot bring it back.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from hashlib import blake2b
from typing import Any, Final

from producers.errors import DatabaseChanged
from producers.vault.client_table import ClientTable
from producers.vault.event_tail import newest_id, same_fact
from producers.vault.holding import hold, unhold
from producers.vault.lost_withdrawals import HELD_BACK
from producers.vault.schema import CORRECTION, EVENT, NOTHING, Row, prefix_end
from producers.vault.store import Vault, batches, places
from producers.vault.unsettled import GoneBy, Unsettled

SOURCE: Final = b"f:"
TALLY: Final = b"t:"
UNCLAIMED: Final = b"u:"
ANEW, IN_SCHEDULED = 1, 2
"""A client's marks are to be chosen anew: in the next run, or in the next scheduled one."""
_OF_FACT: Final = "schema, want, sent, kept, refused, edition, client, gone, stated"
_NEW: Final = (
    "INSERT INTO fact (key, client, period, schema, want, sort, todo, kept, stated, edition, born) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_STATED: Final = "UPDATE fact SET client = ?, period = ?, stated = ?, edition = ?, gone = 0 WHERE key = ?"


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
    HELD = "held back: the client withdrew consent"
    DOUBTED = "held back: a lost copy of this vault withdrew it"


class FactStore:
    """The facts of a vault, and one run over them."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._secret = vault.get("secret")
        self._schema = newest_id()
        self.clients = ClientTable(vault)
        self.made_at = ""
        self._ahead: dict[bytes, Sequence[Any] | None] = {}
        self.run = int.from_bytes(vault.get("run"), "big") + 1
        self.unsettled = Unsettled(vault)
        self._began_empty = vault.one("SELECT 1 FROM fact LIMIT 1") is None
        self.undecided = True
        """Whether a fact changed since the bits of the events to be sent were chosen."""
        self.repeatable = True
        """Whether reading the same again would do all that was done: each fact is stated once."""

    def begin_run(self) -> None:
        """Begin a run: from now on `incomplete` and `of_client` know which facts it has stated."""
        self._vault.set("run", self.run.to_bytes(8, "big"))

    def take_over(self, made_at: str) -> None:
        """Be the run before again, as the same was read, of this age."""
        self.run, self.made_at = self.run - 1, made_at
        self.begin_run()

    def edition(self, made_at: str, database: str) -> None:
        """Set the age and the database of everything that follows; raises DatabaseChanged."""
        if database:
            known = self._vault.get("database")
            if known and known != database.encode():
                raise DatabaseChanged
            self._vault.set("database", database.encode())
        self.made_at = made_at

    def look_ahead(self, facts: Sequence[tuple[bytes, str]]) -> None:
        """Look up the facts that are to be put next, from (key, client), all at once."""
        self._ahead = dict.fromkeys(key for key, _ in facts)
        for some in batches([*self._ahead]):
            found = self._vault.all(f"SELECT key, {_OF_FACT} FROM fact WHERE key IN ({places(some)})", some)  # noqa: S608
            self._ahead |= {key: row for key, *row in found}
        self.clients.look_ahead({client for _, client in facts if client})

    def _row(self, key: bytes) -> Sequence[Any] | None:
        """What is known of a fact, once from what was looked up."""
        return self._ahead.pop(key) if key in self._ahead else self._found(key)

    def _found(self, key: bytes) -> Sequence[Any] | None:
        return self._vault.one(f"SELECT {_OF_FACT} FROM fact WHERE key = ?", (key,))  # noqa: S608

    def put(self, key: bytes, period: int, tail: bytes, *, client: str = "", for_tally: bool = False) -> FactOutcome:
        """Put a fact without bits under its key. `period`: the source's.

        Facts about a held client are not taken.
        """
        row = self._row(key)
        if row is not None and abs(row[8]) == self.run and key.startswith(SOURCE):
            self.repeatable = False
        if self.clients.is_held(client, row[6] if row else None):  # a new key for the client is no new consent
            self._vault.run("UPDATE fact SET stated = ? WHERE key = ?", (-self.run, key))
            return FactOutcome.HELD
        if row is None:
            self.undecided = True
            todo = NOTHING if for_tally else EVENT
            fact = (key, self.clients.number(client), period, self._schema, tail, self.sort(key, tail))
            self._vault.later(_NEW, (*fact, todo, for_tally, self.run, self.made_at, self.unsettled.open()))
            self.unsettled.news += 1
            return FactOutcome.PUBLISHED
        if self._is_outdated(row[5]):
            return FactOutcome.OUTDATED
        return self._put_again(key, period, tail, client, for_tally, row)

    def _put_again(  # noqa: PLR0917
        self, key: bytes, period: int, tail: bytes, client: str, for_tally: bool, row: Sequence[Any]
    ) -> FactOutcome:
        schema, want, sent, was_for_tally, refused, _, was_of, *_ = row
        now_of = self.clients.owner(client, was_of)
        stated = (now_of, period, self.run, self.made_at)
        if was_of != now_of:
            self._vault.run("INSERT OR IGNORE INTO moved VALUES (?, ?)", (key, was_of))
            self._move(was_of, now_of)
        if want is not None and for_tally == was_for_tally and same_fact((schema, want), (self._schema, tail)):
            self._vault.later(_STATED, (*stated, key))
            if refused == HELD_BACK:
                return FactOutcome.DOUBTED
            return FactOutcome.REFUSED_BEFORE if refused else FactOutcome.KNOWN
        self.undecided = True
        todo = NOTHING if for_tally else EVENT
        if sent:
            chained = self._vault.one("SELECT schema, tail FROM chain WHERE sequence = ?", (sent,))
            same = chained is not None and not for_tally and same_fact((chained[0], chained[1]), (self._schema, tail))
            todo = NOTHING if same else CORRECTION
        self._vault.run(
            "UPDATE fact SET client = ?, period = ?, stated = ?, edition = ?, gone = 0, "
            "schema = ?, want = ?, sort = ?, todo = ?, kept = ?, refused = NULL WHERE key = ?",
            (*stated, self._schema, tail, self.sort(key, tail), todo, for_tally, key),
        )
        return FactOutcome.PUBLISHED if want is None and not sent else FactOutcome.CORRECTED

    def _move(self, was_of: int | None, now_of: int | None) -> None:
        """A fact names another client now, to whom its event belongs; an arrival stays."""
        self._vault.run("UPDATE client SET anew = 1 WHERE id IN (?, ?)", (was_of, now_of))
        self.undecided = True

    def choose_anew(self, key: bytes) -> None:
        """Choose the marks anew about the client of this fact, even if no fact waits."""
        whose = "UPDATE client SET anew = 1 WHERE id = (SELECT client FROM fact WHERE key = ?)"
        self._vault.run(whose, (key,))
        self.undecided = True

    def exhausted_through(self) -> int:
        """No event of this or an earlier period gets marks any more; 0: none."""
        return int.from_bytes(self._vault.get("exhausted"), "big")

    def exhaust_through(self, period: int) -> None:
        """Give no event about any client marks in this or an earlier period any more."""
        if period > self.exhausted_through():  # once for a run that is read back, not for each event
            self._vault.set("exhausted", period.to_bytes(2, "big"))
        self.undecided = True

    def withdraw(self, key: bytes) -> bool:
        """Withdraw the fact under a key; whether there was one."""
        row = self._row(key)
        if row is None or self._is_outdated(row[5]):
            return False
        _, want, sent, *_ = row
        if want is not None:
            self.choose_anew(key)
        self._vault.run(
            "UPDATE fact SET want = NULL, todo = ?, refused = NULL, edition = ? WHERE key = ?",
            (CORRECTION if sent else NOTHING, self.made_at, key),
        )
        return want is not None

    def take_back(self, key: bytes, by: GoneBy) -> bool:
        """Note that the source withdraws the fact under a key; returns whether there was one."""
        row = self._row(key)
        if row is None:
            return False
        if row[1] is None:
            return self.withdraw(key)
        if self._is_outdated(row[5]) or row[7] == self.unsettled.open():
            return False
        self.unsettled.gone(key, by)
        return True

    def withdrawn_is_due(self) -> Iterator[int]:
        """Withdraw what the source withdraws, in steps; the number of facts in each."""
        self.undecided = True
        return self.unsettled.apply_gone(self.made_at)

    def _is_outdated(self, edition: str) -> bool:
        return bool(self.made_at) and edition > self.made_at

    def take_back_each(self, keys: Iterable[bytes], by: GoneBy) -> Iterator[bool]:
        """Note that the source withdraws these facts; for each, whether there was one."""
        return (self.take_back(key, by) for key in keys)

    def incomplete(self, prefixes: Sequence[str]) -> list[Row]:
        """(place of its prefix, key, period) of each fact that this run has not stated."""
        if self._began_empty:
            return []
        starts = [SOURCE + prefix.encode() for prefix in prefixes]
        return self._vault.all(
            f"WITH span (place, start, past) AS (VALUES {', '.join(['(?, ?, ?)'] * len(starts))}) "  # noqa: S608
            "SELECT place, key, period FROM span CROSS JOIN fact ON key >= start AND key < past "
            "WHERE abs(stated) <> ? AND want IS NOT NULL",
            (*(one for place, start in enumerate(starts) for one in (place, start, prefix_end(start))), self.run),
        )

    def of_client(self, client: str) -> list[bytes]:
        """The keys of the facts about a client that were not stated in this run."""
        rows = self._vault.all(
            "SELECT fact.key FROM fact JOIN client ON client.id = fact.client "
            "WHERE client.name = ? AND abs(stated) <> ? AND want IS NOT NULL",
            (client.encode(), self.run),
        )
        return [key for (key,) in rows]

    def keys(self, prefix: bytes) -> list[bytes]:
        """All keys that begin so."""
        rows = self._vault.all("SELECT key FROM fact WHERE key >= ? AND key < ?", (prefix, prefix_end(prefix)))
        return [key for (key,) in rows]

    def current(self, key: bytes) -> tuple[int, bytes] | None:
        """(schema id, tail) of the current fact under a key; None where there is none."""
        row = self._ahead[key] if key in self._ahead else self._found(key)
        if row is None or row[1] is None or (row[7] and row[7] == self.unsettled.part):
            return None
        return row[0], row[1]

    def waits(self, key: bytes) -> bool:
        """Whether a fact is to be sent that never was."""
        row = self._vault.one("SELECT 1 FROM fact WHERE key = ? AND todo > 0 AND sent = 0 AND spent = 0", (key,))
        return row is not None

    def kept_periods(self) -> list[int]:
        """The periods of the facts that are kept for tallies, in order."""
        rows = self._vault.all("SELECT DISTINCT period FROM fact WHERE kept = 1 AND want IS NOT NULL ORDER BY period")
        return [period for (period,) in rows]

    def tally_facts(self) -> list[Row]:
        """(client's name, key, schema id, tail) of the facts for tallies, ordered by client."""
        return self._vault.all(
            "SELECT coalesce(client.name, x''), fact.key, schema, want FROM fact LEFT JOIN client ON client.id = fact.client "
            "WHERE kept = 1 AND want IS NOT NULL ORDER BY fact.client"
        )

    @property
    def cap_key(self) -> bytes:
        """The key of the hash that chooses what is within the caps."""
        return self._vault.get("cap_key")

    def hold(self, client: str, *, retract: bool) -> int:
        """Send nothing more about this client. `retract`: withdraw what was sent; how many."""
        self.undecided, self.repeatable = True, False
        return hold(self._vault, self.clients.set_held(client, held=True), retract=retract)

    def unhold(self, client: str) -> bool:
        """End a hold; returns whether there was one."""
        was = self.clients.is_held(client)
        unhold(self._vault, self.clients.set_held(client, held=False))
        self.undecided, self.repeatable = True, False
        return was

    def refuse(self, key: bytes, reason: str, schema: int, tail: bytes) -> None:
        """Note that the exchange refused this fact: it is not sent again, unless it has changed."""
        self.choose_anew(key)
        self._vault.run(
            "UPDATE fact SET todo = ?, refused = ? WHERE key = ? AND schema = ? AND want = ?",
            (NOTHING, reason, key, schema, tail),
        )

    def retry(self) -> int:
        """Send again what the exchange refused, except about held clients; how many facts."""
        self.undecided, self.repeatable = True, False
        held = "client IN (SELECT id FROM client WHERE held = 1)"
        self._vault.run(f"UPDATE fact SET want = NULL, refused = NULL WHERE refused <> ? AND {held}", (HELD_BACK,))  # noqa: S608
        return self._vault.run("UPDATE fact SET todo = ?, refused = NULL WHERE refused <> ?", (EVENT, HELD_BACK))

    def sort(self, key: bytes, tail: bytes) -> int:
        """The place of a fact in its batch: a keyed hash, so the order tells nobody anything."""
        return int.from_bytes(blake2b(key + tail, digest_size=8, key=self._secret).digest(), "big") >> 1
