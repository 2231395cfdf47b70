"""The tables of a vault."""

from typing import Any, Final

from exchange.core.model.vocabulary import LegalClass

SECRET_OCTETS: Final = 32
NEVER: Final = bytes(2)
"""No period: no tallies were counted yet, none is exhausted."""
COUNT_ANEW: Final = b"\xff\xff"
"""In the place of the first period whose tallies are not counted: the next run that closes quarters
counts all anew. No period has this number."""
NOTHING, EVENT, CORRECTION = 0, 1, 2
"""What is to be done about a fact (`todo`)."""
TODO_IS: Final = "todo = ? AND todo > 0"
"""A condition that the index `fact_todo` answers; for `todo = ?` alone SQLite reads all facts."""
_RECOUNT: Final = (
    """CREATE TRIGGER kept_new AFTER INSERT ON fact WHEN NEW.kept BEGIN
        INSERT OR IGNORE INTO recount VALUES (NEW.period);
    END""",
    """CREATE TRIGGER kept_changed AFTER UPDATE OF want, schema, client, kept, period ON fact
    WHEN (NEW.kept OR OLD.kept) AND (
        NEW.want IS NOT OLD.want OR NEW.schema IS NOT OLD.schema OR NEW.client IS NOT OLD.client
        OR NEW.kept IS NOT OLD.kept OR NEW.period IS NOT OLD.period
    ) BEGIN
        INSERT OR IGNORE INTO recount VALUES (OLD.period), (NEW.period);
    END""",
    """CREATE TRIGGER kept_gone AFTER DELETE ON fact WHEN OLD.kept BEGIN
        INSERT OR IGNORE INTO recount VALUES (OLD.period);
    END""",
)
"""They note the periods in which facts kept for tallies have changed since they were last counted,
by whatever code. Only a vault that keeps such facts has them: they cost every new fact a third."""
SCHEMA: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    # `held`: the client withdrew consent, and nothing more about them is sent. `anew`: the marks
    # about the client are to be chosen anew, though no fact may wait: in the next run (1), or in
    # the next scheduled one (2), because only those show arrivals.
    """CREATE TABLE client (
        id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, key BLOB NOT NULL, held INTEGER NOT NULL DEFAULT 0,
        anew INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX client_anew ON client (anew) WHERE anew > 0",
    # One row for each fact of a source. `want`: its current tail without bits (NULL: withdrawn);
    # `sent`: the sequence of the event that states it (0: none); `todo`: 0 nothing, 1 an event, 2 a
    # correction first; `kept`: for tallies only; `stated`: the last run that stated it, negative
    # if it was not taken because its client is held; `edition`: the age of the export; `spent`: it
    # was corrected once; `born`: the part of a run that brought it; `gone`: the open part in which
    # its source withdraws it, `gone_by` how (`producers.vault.unsettled`).
    """CREATE TABLE fact (
        key BLOB PRIMARY KEY, client INTEGER, period INTEGER NOT NULL, schema INTEGER NOT NULL, want BLOB,
        sort INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0, todo INTEGER NOT NULL DEFAULT 0,
        kept INTEGER NOT NULL DEFAULT 0, refused TEXT, stated INTEGER NOT NULL DEFAULT 0,
        edition TEXT NOT NULL DEFAULT '', spent INTEGER NOT NULL DEFAULT 0, born INTEGER NOT NULL DEFAULT 0,
        gone INTEGER NOT NULL DEFAULT 0, gone_by INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    "CREATE INDEX fact_gone ON fact (gone) WHERE gone > 0",
    "CREATE INDEX fact_todo ON fact (todo, sort, client) WHERE todo > 0",
    "CREATE INDEX fact_client ON fact (client) WHERE client IS NOT NULL",
    # The chain; accepted events are never removed. `kind`: 0 event, 1 correction (of `target`), 2
    # heartbeat; `key`: the fact that it states, NULL for an event that was read back and not
    # claimed yet; `retracted`: by a correction that was read back; `arrived`: the client whose
    # arrival the event shows (`Cap.ARRIVAL`), NULL for all other events.
    """CREATE TABLE chain (
        sequence INTEGER PRIMARY KEY, previous BLOB NOT NULL, schema INTEGER NOT NULL, tail BLOB NOT NULL,
        kind INTEGER NOT NULL, key BLOB, target INTEGER NOT NULL DEFAULT 0, retracted INTEGER NOT NULL DEFAULT 0,
        arrived INTEGER
    )""",
    "CREATE INDEX chain_arrived ON chain (arrived) WHERE arrived IS NOT NULL",
    # Events that a lost copy withdrew (`lost_withdrawals`), by the correction's sequence. `key`,
    # `client`: the fact, and whom it was about in the backup; NULL: the backup did not know.
    # `whole`: no event about the client was left; NULL: not weighed yet.
    """CREATE TABLE lost_withdrawal (
        sequence INTEGER PRIMARY KEY, key BLOB, client INTEGER, schema INTEGER NOT NULL, tail BLOB NOT NULL, whole INTEGER
    )""",
    "CREATE INDEX lost_withdrawal_key ON lost_withdrawal (key) WHERE key IS NOT NULL",
    # Whom a record named before this run, if it names another client now.
    "CREATE TABLE moved (key BLOB PRIMARY KEY, client INTEGER) WITHOUT ROWID",
    # The part of a run that is too long to be signed at once: all about these clients, and these
    # facts without one.
    "CREATE TABLE part (client INTEGER UNIQUE, key BLOB UNIQUE)",
    "CREATE TABLE recount (period INTEGER PRIMARY KEY)",
    "CREATE INDEX chain_unclaimed ON chain (tail) WHERE kind = 0 AND key IS NULL AND retracted = 0",
    """CREATE TABLE refusal (
        id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, reason TEXT NOT NULL, key BLOB, schema INTEGER, tail BLOB
    )""",
    # Events that may have been sent, and that a repair in this `run` unchained.
    """CREATE TABLE withdrawn (
        sequence INTEGER NOT NULL, digest BLOB NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (sequence, digest)
    ) WITHOUT ROWID""",
)


def schema_of(legal_class: LegalClass) -> tuple[str, ...]:
    """The statements that make the vault of an agency of this class."""
    return (*SCHEMA, *_RECOUNT) if legal_class is LegalClass.tally_only else SCHEMA


def prefix_end(prefix: bytes) -> bytes:
    """The first key after all keys that begin with this prefix of UTF-8, which has no byte 255."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


Value = int | str | bytes | None
Row = tuple[Any, ...]
