"""Each client's account as the vault knows them: the events of their records, and their marks.

Read from the chain alone, row by row. A record's events belong to the client whom the record names
now, wherever it was before; an arrival stays with the client who arrived.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pytest

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule, may_mark
from exchange.core.model.events import Correctable, Correction
from exchange.core.model.vocabulary import LegalClass
from producers.caps.choice import Present, Ranks, choose
from producers.vault.event_tail import decode_tail
from producers.vault.fact_store import FactStore
from producers.vault.sent_chain import Chain
from producers.vault.store import Vault

Unit = tuple[int, int]
"""(client's number, period)"""
Marks = Counter[tuple[CapRule, str | Correctable]]
"""(rule, key; the body if the rule tells no keys apart) → count."""
_EVER: Final = Cap.ARRIVAL


@dataclass(frozen=True, slots=True)
class Stated:
    """An event of a record; `stands`: no correction retracts it."""

    body: Correctable
    cap: Cap
    stands: bool


def accounts(vault: Vault) -> dict[Unit, list[Stated]]:
    """All events of records that name a client, by client and period.

    An arrival is the client's who arrived, wherever the record is now.
    """
    gone = {target for (target,) in vault.all("SELECT target FROM chain WHERE kind = 1")}
    query = (
        "SELECT fact.client, coalesce(arrived, fact.client), sequence, chain.schema, chain.tail "
        "FROM chain JOIN fact USING (key) WHERE kind = 0 AND fact.client IS NOT NULL"
    )
    found = defaultdict(list)
    for client, whose, sequence, schema, tail in vault.all(query):
        event = decode_tail(schema, tail)
        assert isinstance(event.body, Correctable)
        caps = {client: Cap(event.cap) & ~_EVER}
        caps[whose] = caps.get(whose, NONE) | (Cap(event.cap) & _EVER)
        for one, cap in caps.items():
            found[one, event.period].append(Stated(event.body, cap, sequence not in gone))
    return dict(found)


def marks(events: Iterable[tuple[Correctable, Cap]]) -> Marks:
    """What these events take of each rule."""
    return Counter(
        (rule, rule.key(body) or body)
        for body, cap in events
        for rule in RULES
        if cap & rule.bit and rule.concerns(body)
    )


def broken_cap(account: Iterable[Stated], bits: Cap) -> str:
    """The rule of one of these bits that the account breaks, in words; empty if none."""
    account = list(account)
    for rule in RULES:
        of = [one for one in account if rule.bit & bits & one.cap and rule.concerns(one.body)]
        held = [rule.key(one.body) for one in of if one.stands or rule.ever]
        if len(held) > rule.most or (rule.distinct and len(set(held)) < len(held)):
            return f"{rule.bit.name} of {rule.body}: {len(held)} where {rule.most} may be"
    return ""


@contextmanager
def every_prefix_checked() -> Iterator[None]:
    """Look at the account of each event that is chained, as it is chained."""
    chain_event = Chain.append_event

    def checking(chain: Chain, key: bytes, schema: int, tail: bytes, client: int | None, bits: Cap) -> int:
        sequence = chain_event(chain, key, schema, tail, client, bits)
        if client is not None:
            event = decode_tail(schema, tail)
            assert not broken_cap(accounts(chain._vault)[client, event.period], bits)
        return sequence

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Chain, "append_event", checking)
        yield


def unlike_its_facts(vault: Vault) -> str:
    """The first account whose marks are not those that its present facts ask for; empty if none.

    After a complete run, in periods that are not exhausted, of clients who are not held. What was
    sent plays no part: facts are chosen among as if none ever was.
    """
    store, stated = FactStore(vault), accounts(vault)
    facts: dict[tuple[int, bytes, int], list[Present]] = defaultdict(list)
    query = (
        "SELECT client.id, name, fact.key, schema, want FROM fact JOIN client ON client.id = client "
        "WHERE want IS NOT NULL AND refused IS NULL AND NOT held"
    )
    for client, name, key, schema, want in vault.all(query):
        event = decode_tail(schema, want)
        assert isinstance(event.body, Correctable)
        facts[client, bytes(name), event.period].append(Present(key, event.body))
    for (client, name, period), present in facts.items():
        if period <= store.exhausted_through():
            continue
        chosen = choose(Ranks.of(store.cap_key, name, period), present)
        wanted = marks((one.body, chosen[one.fact] & ~_EVER) for one in present)
        if not may_mark(LegalClass.individual, period):
            wanted.clear()
        there = marks((one.body, one.cap & ~_EVER) for one in stated.get((client, period), ()) if one.stands)
        if _told(there) != _told(wanted):
            return f"{name!r} in {period}: {_told(there)} and not {_told(wanted)}"
    return ""


def _told(found: Marks) -> Counter[tuple[Cap, str]]:
    """The same in words; of who is over a cap only that, whichever event shows it."""
    told: Counter[tuple[Cap, str]] = Counter()
    for (rule, key), n in found.items():
        told[rule.bit, "" if rule.bit is Cap.PAST else f"{rule.body} {rule.strand} {key}"] += n
    return told


def unlike_their_events(vault: Vault) -> str:
    """The first correction in the chain that has other marks than its event; empty if none."""
    for schema, tail in vault.all("SELECT schema, tail FROM chain WHERE kind = 1"):
        event = decode_tail(schema, tail)
        assert isinstance(event.body, Correction)
        if event.cap != event.body.cap:
            return f"{Cap(event.cap)} of {Cap(event.body.cap)}"
    return ""
