"""What a lost copy of a vault withdrew, held back until an event or a person explains it.

The log does not say why an event was withdrawn. Its record may have changed, or its client may have
withdrawn consent. A hold is in the vault alone, and a backup from before it does not know it. So
nothing that a lost copy withdrew is sent again because a restored vault still has it.

Rules kept, from the moment at which a correction is read back:

- *A fact* about a client whose event was withdrawn is not sent, while it names the same client.
- *A client* of whom the backup knew events, and of whom the copy left none, gets no new event at
  all. Everybody whose events a hold has withdrawn is such a client.
- *An event that the backup did not know* may be about anybody. A fact that states the same is not
  sent. Neither is anything else that is new about its client, in the exhausted periods: no event
  has marks there, so nobody moves another client in a release.
- *A total* stays as the copy left it.

A withdrawal is explained as soon as its fact claims an event that the copy sent later: the record,
or its marks, had changed. A total is explained when it is counted anew and has not changed. All
others are explained by a person: `confirm`, or a hold, or the end of one. A hold ends what is
doubted about its client only.

Facts that were held back stay in the vault, and may claim. What the sources withdraw is withdrawn.
Not promised: anything about a hold that withdrew nothing.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from exchange.core.admission.cap_rules import NONE
from exchange.core.model.events import About, Body, Tally
from exchange.core.model.vocabulary import UsState
from producers.vault.chain_row import ChainRow
from producers.vault.event_tail import body_bytes, body_of, period_of_tail, state_of_tail, with_cap
from producers.vault.schema import COUNT_ANEW
from producers.vault.store import Vault

HELD_BACK: Final = "withdrawn by a lost copy of this vault"
"""In the place of a refusal's reason: why the fact is not sent."""
DOUBTED: Final = "SELECT client FROM lost_withdrawal WHERE whole AND client IS NOT NULL"
"""The clients who get no new event."""
Stated = tuple[int, UsState, Body]
_NOTE: Final = "INSERT INTO lost_withdrawal (sequence, key, client, schema, tail) VALUES (?, ?, ?, ?, ?)"
_ABOUT: Final = (
    "SELECT CASE WHEN moved.key IS NULL THEN fact.client ELSE moved.client END "
    "FROM fact LEFT JOIN moved ON moved.key = fact.key WHERE fact.key = ?"
)
_WEIGH: Final = """UPDATE lost_withdrawal AS lost SET whole = client IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM fact WHERE fact.client = lost.client AND sent > 0 AND key NOT IN (SELECT key FROM moved)
    ) AND NOT EXISTS (
        SELECT 1 FROM moved JOIN fact ON fact.key = moved.key WHERE moved.client = lost.client AND sent > 0
    ) WHERE whole IS NULL"""
_REOPEN: Final = """UPDATE fact SET refused = NULL,
    todo = CASE WHEN want IS NULL THEN 0 WHEN sent > 0 THEN 2 ELSE 1 END WHERE refused = ? AND stated = ?"""
_WAITING: Final = (
    "SELECT fact.key, client, fact.schema, want, sent, chain.schema, chain.tail FROM fact "
    "LEFT JOIN chain ON chain.sequence = fact.sent WHERE todo > 0 AND want IS NOT NULL"
)
_UNCHANGED_TOTAL: Final = (
    "SELECT 1 FROM fact WHERE key = ? AND sent > ? AND todo = 0 AND want IS NOT NULL AND refused IS NULL"
)


class _Waiting(NamedTuple):
    """A fact that is to be sent; `sent`: whether an event stands in its place."""

    key: bytes
    client: int | None
    states: Stated
    sent: bool


def note(vault: Vault, sequence: int, withdrawn: ChainRow) -> None:
    """Note that the correction at a sequence, of a lost copy, withdrew the event of this row.

    Events of the agency itself are nobody's consent, and are not noted.
    """
    body = _stated(withdrawn.schema, withdrawn.tail)[2]
    if body.about is About.CLIENT or isinstance(body, Tally):
        about = vault.one(_ABOUT, (withdrawn.key,)) if withdrawn.key is not None else None
        client = about[0] if about else None
        vault.run(_NOTE, (sequence, withdrawn.key, client, withdrawn.schema, withdrawn.tail))


def reopen(vault: Vault) -> bool:
    """Let what was held back wait again, of what this run has read; whether anything is doubted.

    `hold_back` follows, after the claims. What was noted since is weighed now: did the lost copy
    leave any event about the client?
    """
    if vault.one("SELECT 1 FROM lost_withdrawal LIMIT 1") is None:
        return False
    vault.run(_WEIGH)
    vault.run(_REOPEN, (HELD_BACK, int.from_bytes(vault.get("run"), "big")))
    return True


def explain(vault: Vault, key: bytes) -> None:
    """A fact claimed an event that the lost copy sent after it had withdrawn the fact's own."""
    vault.run("DELETE FROM lost_withdrawal WHERE key = ?", (key,))


def hold_back(vault: Vault, *, counted: bool) -> int:
    """Hold back what is doubted still; returns the number of facts.

    `counted`: whether totals were counted since the last read-back.
    """
    if counted:
        _explain_totals(vault)
    held = set(_doubted(vault, int.from_bytes(vault.get("exhausted"), "big")))
    vault.many("UPDATE fact SET todo = 0, refused = ? WHERE key = ?", ((HELD_BACK, key) for key in sorted(held)))
    return held_back(vault)


def _explain_totals(vault: Vault) -> None:
    for sequence, key, schema, tail in vault.all("SELECT sequence, key, schema, tail FROM lost_withdrawal"):
        if isinstance(_stated(schema, tail)[2], Tally) and vault.one(_UNCHANGED_TOTAL, (key, sequence)):
            vault.run("DELETE FROM lost_withdrawal WHERE sequence = ?", (sequence,))


def _doubted(vault: Vault, exhausted_through: int) -> Iterator[bytes]:
    """The keys of waiting facts that are doubted."""
    lost = vault.all("SELECT key, client, schema, tail, whole FROM lost_withdrawal")
    facts = {(key, client) for key, client, *_ in lost if key is not None}
    clients = {client for _, client, _, _, whole in lost if whole}
    unknown = {_stated(schema, tail) for key, _, schema, tail, _ in lost if key is None}
    waiting = list(_waiting(vault))
    alike = {one.client for one in waiting if one.states in unknown} - {None}
    for one in waiting:
        known = (one.key, one.client) in facts or one.client in clients
        new = one.client in alike and not one.sent and one.states[0] <= exhausted_through
        if known or new or one.states in unknown:
            yield one.key


def _waiting(vault: Vault) -> Iterator[_Waiting]:
    """Facts that are to be sent, but for those of which only the marks change."""
    for key, client, schema, want, sent, as_schema, as_sent in vault.all(_WAITING):
        states = _stated(schema, want)
        if not sent or states != _stated(as_schema, as_sent):
            yield _Waiting(key, client, states, bool(sent))


def forget(vault: Vault, client: int) -> None:
    """A person has said what may be sent about this client: nothing of theirs is doubted."""
    vault.run("DELETE FROM lost_withdrawal WHERE client = ?", (client,))
    _drop(vault, "fact.client = ?", client)


def confirm(vault: Vault) -> int:
    """A person has entered every hold: nothing is doubted any more.

    Returns the number of facts that were held back. They are sent when their sources state them
    again, totals when a run that closes quarters counts them: no run by hand, which may be about
    one client, sends what it did not read.
    """
    held = held_back(vault)
    if vault.run("DELETE FROM lost_withdrawal"):
        _drop(vault, "TRUE")
        vault.set("counted", COUNT_ANEW)
    return held


def _drop(vault: Vault, which: str, *values: int) -> None:
    """Forget what held-back facts state that were not sent; others state what was sent."""
    held = vault.all(
        "SELECT fact.key, chain.schema, chain.tail FROM fact LEFT JOIN chain ON chain.sequence = fact.sent "  # noqa: S608
        f"WHERE refused = ? AND {which}",
        (HELD_BACK, *values),
    )
    as_sent = ((schema, tail and with_cap(tail, NONE), key) for key, schema, tail in held)
    vault.many(
        "UPDATE fact SET schema = coalesce(?, schema), want = ?, todo = 0, refused = NULL WHERE key = ?", as_sent
    )


def held_back(vault: Vault) -> int:
    """The number of facts that are held back."""
    if vault.one("SELECT 1 FROM lost_withdrawal LIMIT 1") is None:
        return 0
    row = vault.one("SELECT count(*) FROM fact WHERE refused = ?", (HELD_BACK,))
    return int(row[0]) if row else 0


def _stated(schema: int, tail: bytes) -> Stated:
    """What a tail states, whatever its marks and its schema."""
    return period_of_tail(tail), state_of_tail(tail), body_of(schema, body_bytes(tail))
