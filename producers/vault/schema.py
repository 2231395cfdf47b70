"""The tables of a vault, and how a vault from before caps is brought up to date.

A vault of format 1 sent its events with all bits set, which counts in no release (`Cap.UNMARKED`);
its facts keep tails with those bits. After the update it knows the client of each event, and every
client's period with such an event is exhausted.
"""

import secrets
from collections.abc import Iterable
from typing import Any, Final, Protocol

from exchange.core.admission.cap_rules import NONE
from producers.vault.event_tail import with_cap

SECRET_OCTETS: Final = 32
NEVER: Final = bytes(2)
"""The mark of a vault in which no tallies were counted yet."""
WITHDRAWN: Final = """CREATE TABLE IF NOT EXISTS withdrawn (
        sequence INTEGER NOT NULL, digest BLOB NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (sequence, digest)
    ) WITHOUT ROWID"""
"""Events that may have been sent, and that a repair in this `run` unchained."""
EXHAUSTED: Final = """CREATE TABLE exhausted (
        client INTEGER NOT NULL, period INTEGER NOT NULL, PRIMARY KEY (client, period)
    ) WITHOUT ROWID"""
"""Periods in which no event about a client gets bits any more (`producers.caps.marking`); client 0:
any client, in this and all earlier periods."""
OF_CLIENT: Final = "CREATE INDEX chain_client ON chain (client) WHERE client IS NOT NULL"
RECOUNT: Final = (
    "CREATE TABLE recount (period INTEGER PRIMARY KEY)",
    """CREATE TRIGGER kept_new AFTER INSERT ON fact WHEN NEW.kept BEGIN
        INSERT OR IGNORE INTO recount VALUES (NEW.period);
    END""",
    """CREATE TRIGGER kept_changed AFTER UPDATE ON fact WHEN (NEW.kept OR OLD.kept) AND (
        NEW.want IS NOT OLD.want OR NEW.schema IS NOT OLD.schema OR NEW.client IS NOT OLD.client
        OR NEW.kept IS NOT OLD.kept OR NEW.period IS NOT OLD.period
    ) BEGIN
        INSERT OR IGNORE INTO recount VALUES (OLD.period), (NEW.period);
    END""",
    """CREATE TRIGGER kept_gone AFTER DELETE ON fact WHEN OLD.kept BEGIN
        INSERT OR IGNORE INTO recount VALUES (OLD.period);
    END""",
)
"""Periods in which facts kept for tallies have changed since they were last counted, by whatever
code."""
SCHEMA: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    # `held`: the client withdrew consent, and nothing more about them is sent.
    """CREATE TABLE client (
        id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, key BLOB NOT NULL, held INTEGER NOT NULL DEFAULT 0
    )""",
    # One row for each fact of a source. `want`: its current tail without bits (NULL: withdrawn);
    # `sent`: the sequence of the event that states it (0: none); `todo`: 0 nothing, 1 an event, 2 a
    # correction first; `kept`: for tallies only; `stated`: the last run that stated it; `edition`:
    # the age of the export; `spent`: it was corrected once.
    """CREATE TABLE fact (
        key BLOB PRIMARY KEY, client INTEGER, period INTEGER NOT NULL, schema INTEGER NOT NULL, want BLOB,
        sort INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0, todo INTEGER NOT NULL DEFAULT 0,
        kept INTEGER NOT NULL DEFAULT 0, refused TEXT, stated INTEGER NOT NULL DEFAULT 0,
        edition TEXT NOT NULL DEFAULT '', spent INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    "CREATE INDEX fact_todo ON fact (todo, sort) WHERE todo > 0",
    "CREATE INDEX fact_client ON fact (client) WHERE client IS NOT NULL",
    # The chain; accepted events are never removed. `kind`: 0 event, 1 correction (of `target`), 2
    # heartbeat; `key`: the fact that it states, NULL for an event that was read back and not
    # claimed yet; `retracted`: by a correction that was read back; `client`: client the event was
    # about when it was chained, NULL if none or unknown.
    """CREATE TABLE chain (
        sequence INTEGER PRIMARY KEY, previous BLOB NOT NULL, schema INTEGER NOT NULL, tail BLOB NOT NULL,
        kind INTEGER NOT NULL, key BLOB, target INTEGER NOT NULL DEFAULT 0, retracted INTEGER NOT NULL DEFAULT 0,
        client INTEGER
    )""",
    OF_CLIENT,
    EXHAUSTED,
    *RECOUNT,
    "CREATE INDEX chain_unclaimed ON chain (tail) WHERE kind = 0 AND key IS NULL AND retracted = 0",
    """CREATE TABLE refusal (
        id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, reason TEXT NOT NULL, key BLOB, schema INTEGER, tail BLOB
    )""",
    WITHDRAWN,
)

Value = int | str | bytes | None
Row = tuple[Any, ...]


class Rows(Protocol):
    """The part of a vault that is needed here."""

    def run(self, statement: str, values: Iterable[Value] = ()) -> int:
        """Run a statement that changes rows."""

    def many(self, statement: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Change many rows."""

    def all(self, query: str, values: tuple[Value, ...] = ()) -> list[Row]:
        """All rows of a query."""

    def set(self, name: str, value: bytes) -> None:
        """Store one of the vault's own values."""


def learn_of_caps(vault: Rows) -> None:
    """Bring a vault of format 1 up to date, in the open batch."""
    for table, column in (
        ("client", "held INTEGER NOT NULL DEFAULT 0"),
        ("fact", "spent INTEGER NOT NULL DEFAULT 0"),
        ("chain", "client INTEGER"),
    ):
        vault.run(f"ALTER TABLE {table} ADD COLUMN {column}")
    vault.run(OF_CLIENT)
    vault.run(EXHAUSTED)
    for statement in RECOUNT:
        vault.run(statement)
    vault.run("INSERT INTO recount SELECT DISTINCT period FROM fact WHERE kept")
    vault.run("UPDATE chain SET client = (SELECT client FROM fact WHERE fact.key = chain.key) WHERE key IS NOT NULL")
    wants = vault.all("SELECT key, want FROM fact WHERE want IS NOT NULL")
    vault.many("UPDATE fact SET want = ? WHERE key = ?", ((with_cap(want, NONE), key) for key, want in wants))
    for name in ("counted", "tallied"):
        vault.set(name, NEVER)
    vault.set("cap_key", secrets.token_bytes(SECRET_OCTETS))
