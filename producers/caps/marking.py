"""The marks of every event about a client: those that its present facts ask for.

All facts about a client are chosen at once (`producers.caps.choice`), before anything is chained.
Where a fact's event was sent with other marks, it is corrected, with its own marks, and sent again
with the right ones. Nothing is remembered beside the chain: an event that was unchained before it
was accepted never counted, and after a kill the same marks are chosen again. In particular:

- *Facts without a client* have no marks: nobody could count the client's caps. A fact that named a
  client keeps it until it names another.
- *Records that move.* A record that names another client now takes its event, with its marks, to
  that client's account. Both clients are chosen anew. An arrival stays with the client who arrived:
  whoever gets the record arrives by it like anybody else, and it is sent anew for that.
- *Lost and restored vaults.* Where anything was read back that the vault did not know, all periods
  that had begun in the lost runs are *exhausted*: no event gets a mark there any more. What was
  sent there stays as it is until its fact changes. What else was read back does not matter, nor
  when, or one client's event would decide about all others.
- *Held clients* get no new event; what was sent about them stays as it is. So do clients whose
  events a lost copy withdrew (`producers.vault.lost_withdrawals`).
- *Year and quarters.* The agency's legal class decides which of them carry marks.
- *Tallies* carry marks only if the agency's counsel agreed to small counts (a tally that may be
  held back as a whole for one small cell has no bounded sensitivity), and only in the first batch
  of their table and period. The calendar decides which batch is the first: that of the first
  complete run after the quarter, whatever it found. If the facts decided, one client's fact could
  shut out everybody else's.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule, may_mark
from exchange.core.counting.tables import TALLIED
from exchange.core.model.events import Correctable, Tally
from exchange.core.model.vocabulary import LegalClass
from exchange.core.release.client_tables import tally_bits
from producers.caps.choice import CAPPED, Present, Ranks, choose, places_of
from producers.caps.tally_batches import first_batch_over
from producers.vault.event_tail import body_bytes, body_of, cap_of, period_of_tail, same_fact
from producers.vault.fact_store import (
    ANEW,
    IN_SCHEDULED,
    TALLY,
    FactStore,
)
from producers.vault.lost_withdrawals import DOUBTED
from producers.vault.schema import CORRECTION, EVENT, NOTHING, Row, prefix_end
from producers.vault.store import Vault, batches, places

Marked = Counter[tuple[int, bytes]]
"""(schema id, tail with its marks) → count."""
Arrived = set[tuple[int, type[Correctable]]]
"""(period, body) of each arrival that was ever shown, corrected or not."""
_PRESENT: Final = (
    "SELECT fact.client, fact.key, fact.schema, want, todo, chain.schema, chain.tail, arrived FROM fact "
    "LEFT JOIN chain ON chain.sequence = fact.sent WHERE want IS NOT NULL AND (todo > 0 OR sent > 0)"
)
_TO_DECIDE: Final = (
    f"SELECT id, name, held OR id IN ({DOUBTED}) FROM client WHERE anew > 0 AND anew <= ? "  # noqa: S608
    "OR id IN (SELECT client FROM fact WHERE todo > 0 AND client IS NOT NULL)"
)
_ASKED: Final = "UPDATE fact SET todo = ? WHERE key = ?"


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many events are within a rule's cap, and how many are past it: in no release for it."""

    rule: str
    kept: int
    past: int


class Caps:
    """The marks of the events that are to be sent, by an agency of this legal class.

    `small_counts`: the agency's counsel agreed to send counts of 1–10. `scheduled`: whether the run
    is.
    """

    def __init__(
        self,
        vault: Vault,
        fact_store: FactStore,
        legal_class: LegalClass,
        *,
        small_counts: bool = False,
        scheduled: bool = False,
    ) -> None:
        self._vault, self._fact_store, self._class = vault, fact_store, legal_class
        self._key = fact_store.cap_key
        self._small_counts, self._scheduled = small_counts, scheduled
        self._marks: dict[bytes, Cap] = {}
        self._exhausted_through = 0

    def decide(self) -> Iterator[None]:
        """Choose the marks of all events that are to be sent, one client a step.

        Does nothing if nothing has changed since.
        """
        if not self._fact_store.undecided:
            return
        self._marks.clear()
        self._exhausted_through = self._fact_store.exhausted_through()
        self._decide_tallies()
        waiting = self._vault.all(
            _TO_DECIDE,
            (IN_SCHEDULED if self._scheduled else ANEW,),
        )
        for some in batches(waiting):
            facts, arrived = self._look(tuple(client for client, _, _ in some))
            for client, name, held in some:
                self._decide_client(client, bytes(name), facts[client], arrived[client], held=bool(held))
                yield
        after = 0 if self._scheduled else IN_SCHEDULED
        self._vault.many("UPDATE client SET anew = ? WHERE id = ?", ((after, client) for client, _, _ in waiting))
        self._fact_store.undecided = False

    def of_event(self, key: bytes) -> Cap:
        """The marks of the event that is to state this fact."""
        return self._marks.get(key, NONE)

    def _look(self, clients: tuple[int, ...]) -> tuple[dict[int, list[Row]], dict[int, Arrived]]:
        """The present facts about each of these clients, and the bodies of their arrivals."""
        facts: dict[int, list[Row]] = defaultdict(list)
        arrived: dict[int, Arrived] = defaultdict(set)
        query = f"{_PRESENT} AND fact.client IN ({places(clients)})"
        for client, *row in self._vault.all(query, clients):
            facts[client].append(tuple(row))
        query = f"SELECT arrived, schema, tail FROM chain WHERE arrived IN ({places(clients)})"  # noqa: S608
        for client, schema, tail in self._vault.all(query, clients):
            arrived[client].add((period_of_tail(tail), type(_body(schema, tail))))
        return facts, arrived

    def _decide_client(self, client: int, name: bytes, rows: list[Row], arrived: Arrived, *, held: bool) -> None:
        units: dict[int, list[Present]] = defaultdict(list)
        asked: dict[bytes, int] = {}
        for key, schema, want, todo, as_schema, as_sent, whose in rows:
            states = as_sent is not None and same_fact((schema, want), (as_schema, as_sent))
            sent = _of_client(Cap(cap_of(as_sent)), client, whose) if states else None
            units[period_of_tail(want)].append(Present(key, _body(schema, want), sent))
            asked[key] = todo
        for period, facts in units.items():
            if held or period <= self._exhausted_through or not may_mark(self._class, period):
                marks = {one.fact: one.sent or NONE for one in facts}
            else:
                before = {body for when, body in arrived if when == period}
                ranks = Ranks.of(self._key, name, period)
                marks = choose(ranks, facts, before, scheduled=self._scheduled)
            for one in facts:
                anew = one.sent is None or one.sent != marks[one.fact]
                if anew and marks[one.fact]:
                    self._marks[one.fact] = marks[one.fact]
                todo = CORRECTION if anew else NOTHING
                if one.sent is not None and asked[one.fact] != todo:
                    self._vault.later(_ASKED, (todo, one.fact))

    def _decide_tallies(self) -> None:
        if not self._small_counts:
            return
        waiting = "SELECT key, schema, want FROM fact WHERE key >= ? AND key < ? AND todo = ? AND want IS NOT NULL"
        begun: dict[bytes, bool] = {}
        for key, schema, want in self._vault.all(waiting, (TALLY, prefix_end(TALLY), EVENT)):
            body, period = _body(schema, want), period_of_tail(want)
            assert isinstance(body, Tally)
            batch = key.rpartition(b"|")[0] + b"|"
            if batch not in begun:
                over = period < first_batch_over(self._vault) or period <= self._exhausted_through
                begun[batch] = over or self._was_tallied(batch)
            if not begun[batch]:
                self._marks[key] = tally_bits(TALLIED[body.table])

    def _was_tallied(self, prefix: bytes) -> bool:
        """Whether a tally of this table and period, for any state, was sent before."""
        query = "SELECT 1 FROM fact WHERE key >= ? AND key < ? AND (sent > 0 OR spent > 0) LIMIT 1"
        return self._vault.one(query, (prefix, prefix_end(prefix))) is not None


def choose_tally_facts(
    cap_key: bytes, kept: Iterable[tuple[bytes, bytes, int, bytes]]
) -> Iterator[tuple[int, bytes, Cap]]:
    """(schema id, tail, bits) of facts for tallies, from (client's name, key, schema id, tail).

    Each client's periods are chosen as a whole. Facts without a client have no bits.
    """
    units: dict[tuple[bytes, int], list[tuple[Present, int, bytes]]] = defaultdict(list)
    for client, key, schema, tail in kept:
        units[client, period_of_tail(tail)].append((Present(key, _body(schema, tail)), schema, tail))
    for (client, period), facts in units.items():
        present = [one for one, _, _ in facts] if client else []
        marks = choose(Ranks.of(cap_key, client, period), present)
        for one, schema, tail in facts:
            yield schema, tail, marks.get(one.fact, NONE)


def sent_facts(vault: Vault) -> Marked:
    """The sent events whose facts still state them, with the bits that they were sent with."""
    rows = "SELECT chain.schema, chain.tail, count(*) FROM fact JOIN chain ON chain.sequence = fact.sent GROUP BY 1, 2"
    return Counter({(schema, tail): times for schema, tail, times in vault.all(rows)})


def count_rules(marked: Marked) -> list[RuleCount]:
    """By rule, how many of these events are within its cap and how many are past it."""
    kept: Counter[int] = Counter()
    past: Counter[int] = Counter()
    for (schema, tail), times in marked.items():
        body, cap = body_of(schema, body_bytes(tail)), cap_of(tail)
        if isinstance(body, Correctable):
            for bit, needed in places_of(body).items():
                for place in needed if bit in CAPPED else ():
                    (kept if cap & bit else past)[place.number] += times
    return [RuleCount(rule_text(rule), kept[n], past[n]) for n, rule in enumerate(RULES) if kept[n] or past[n]]


def rule_text(rule: CapRule) -> str:
    """A rule in words: body, release and number."""
    body = rule.body.__name__ if rule.body else "any"
    what = f"{body} ({rule.strand[0]})" if len(rule.strand) == 1 else body
    most = f"{rule.most} with another {rule.group or rule.field}" if rule.distinct else str(rule.most)
    return f"{what}, {(rule.bit.name or '').lower()}: {most}"


def _of_client(sent: Cap, client: int, whose: int | None) -> Cap:
    """The marks of an event that are this client's: not another's arrival."""
    return sent if whose == client else sent & ~Cap.ARRIVAL


def _body(schema: int, tail: bytes) -> Correctable:
    body = body_of(schema, body_bytes(tail))
    assert isinstance(body, Correctable)
    return body
