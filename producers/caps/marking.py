"""The cap bits of every event about a client, decided from the events in the vault's chain.

Rules kept: laws 1–5 of `exchange.core.admission.cap_rules`, over every run, source, correction and
copy of the vault. All events about a client that are to be sent are decided at once
(`producers.caps.choice`), before any of them is chained. Nothing is remembered beside the chain: an
event that was unchained before it was sent never counted, and after a kill the same bits are
decided again. In particular:

- *Events without a client.* An event about a client whom the source does not name carries no bit:
  nobody could count the client's caps.
- *Lost and restored vaults.* Where anything was read back that the vault did not know, all periods
  that had begun are *exhausted*: no client gets a bit there any more, neither for an event nor for
  a correction. What was read back does not matter, or one client's event would decide about all
  others.
- *Vaults older than caps.* A client's period with an event from before caps is exhausted, for this
  client alone.
- *Moved records.* A record that ever carried bits may now name another client. Then neither client
  gets bits in that period any more: they may be one person, and either may be a third to whom the
  record belonged before. Sent events stay on the account of the client they named.
- *Year and quarters.* The agency's legal class decides which of them carry bits.
- *Tallies* carry bits only if the agency's counsel agreed to small counts (a tally that may be held
  back as a whole for one small cell has no bounded sensitivity), and only in the first batch of
  their table and period: a later tally counts facts that were chosen among others. The calendar
  decides which batch is the first: that of the first complete run after the quarter, whatever it
  found. If the facts decided, one client's fact could shut out everybody else's.

Not promised: that a correction reaches the releases. Where its rules have no correction left, it
goes without the bit; the event keeps its place for ever.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule, effective, may_mark
from exchange.core.counting.tables import TALLIED
from exchange.core.model.events import Correctable, Tally
from exchange.core.model.vocabulary import LegalClass
from exchange.core.release.client_tables import tally_bits
from producers.caps.choice import CHOSEN, ClientPeriod, Ranks, SentMarks, Wanted, places_of
from producers.caps.tally_batches import first_batch_over
from producers.vault.event_tail import body_bytes, body_of, cap_of, period_of_tail, same_fact
from producers.vault.fact_store import CORRECTION, EVENT, NOBODY, NOTHING, TALLY, FactStore, prefix_end
from producers.vault.store import Vault

Marked = Counter[tuple[int, bytes]]
"""(schema id, tail with its bits) → count."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many events are within a rule's cap, and how many are past it: in no release for it."""

    rule: str
    kept: int
    past: int


@dataclass(slots=True)
class _ClientWork:
    """One client: the periods, the sent events, and what is to be decided."""

    units: dict[int, ClientPeriod] = field(default_factory=dict)
    events: dict[int, tuple[int, SentMarks]] = field(default_factory=dict)
    takes: list[tuple[bytes, int]] = field(default_factory=list)
    wanted: dict[int, list[Wanted]] = field(default_factory=lambda: defaultdict(list))
    asked_to_move: set[bytes] = field(default_factory=set)
    """Facts that an earlier decision displaced, and whose correction is not chained yet."""


class Caps:
    """The bits of the events that are to be sent, by an agency of this legal class.

    `small_counts`: the agency's counsel agreed to send counts of 1–10.
    """

    def __init__(
        self, vault: Vault, fact_store: FactStore, legal_class: LegalClass, *, small_counts: bool = False
    ) -> None:
        self._vault, self._fact_store, self._class = vault, fact_store, legal_class
        self._key = fact_store.cap_key
        self._small_counts = small_counts
        self._events: dict[bytes, Cap] = {}
        self._corrections: dict[bytes, Cap] = {}
        self._exhausted: set[tuple[int, int]] = set()
        self._exhausted_through = 0

    def decide(self) -> Iterator[None]:
        """Choose the bits of all events that are to be sent, one client a step.

        Does nothing if nothing has changed since.
        """
        if not self._fact_store.undecided:
            return
        self._events.clear()
        self._corrections.clear()
        self._exhausted = {
            (client, period) for client, period in self._vault.all("SELECT client, period FROM exhausted")
        }
        self._exhausted_through = max((period for client, period in self._exhausted if client == NOBODY), default=0)
        self._decide_tallies()
        waiting = "SELECT DISTINCT client FROM fact WHERE todo > 0 AND client IS NOT NULL"
        for (client,) in self._vault.all(waiting):
            self._decide_client(client)
            yield
        self._fact_store.undecided = False

    def of_event(self, key: bytes) -> Cap:
        """The bits of the event that states this fact."""
        return self._events.get(key, NONE)

    def of_correction(self, key: bytes) -> Cap:
        """The bits of the correction that retracts the event of this fact."""
        return self._corrections.get(key, NONE)

    def _decide_client(self, client: int) -> None:
        found = self._look(client)
        takes = [(key, *found.events[sent]) for key, sent in found.takes]
        for key, period, one in sorted(takes, key=lambda take: found.units[take[1]].ranks.of_fact(take[0])):
            self._corrections[key] = found.units[period].correct(one)
        for period in sorted(found.units):
            bits, displaced = found.units[period].choose(found.wanted[period])
            self._events.update(bits)
            for gone in displaced:
                assert gone.sent.fact is not None
                self._corrections[gone.sent.fact] = gone.bits
                found.asked_to_move.discard(gone.sent.fact)
                self._set_todo(gone.sent.fact, CORRECTION)
        for key in found.asked_to_move:
            self._set_todo(key, NOTHING)

    def _set_todo(self, key: bytes, todo: int) -> None:
        self._vault.run("UPDATE fact SET todo = ? WHERE key = ? AND todo <> ?", (todo, key, todo))

    def _look(self, client: int) -> _ClientWork:
        row = self._vault.one("SELECT name FROM client WHERE id = ?", (client,))
        assert row is not None
        found, name = _ClientWork(), bytes(row[0])

        def unit(period: int) -> ClientPeriod:
            if period not in found.units:
                ranks = Ranks.of(self._key, name, period)
                unknown = period <= self._exhausted_through
                marks = may_mark(self._class, period) and not unknown and (client, period) not in self._exhausted
                found.units[period] = ClientPeriod(ranks, marks, may_take=not unknown)
            return found.units[period]

        tails = self._read_chain(client, found, unit)
        query = "SELECT key, schema, want, sent, todo FROM fact WHERE client = ? AND (todo > 0 OR sent > 0)"
        for key, schema, want, sent, todo in self._vault.all(query, (client,)):
            asked = todo == CORRECTION and want is not None and sent in tails and same_fact((schema, want), tails[sent])
            if sent in found.events:
                if todo == NOTHING or asked:
                    found.events[sent][1].fact = key
                else:
                    found.takes.append((key, sent))
            if asked:
                found.asked_to_move.add(key)
            elif todo in {EVENT, CORRECTION} and want is not None:
                period = period_of_tail(want)
                unit(period)
                found.wanted[period].append(Wanted(key, _body(schema, want)))
        for period, one in found.events.values():
            found.units[period].add_sent(one)
        return found

    def _read_chain(
        self, client: int, found: _ClientWork, unit: Callable[[int], ClientPeriod]
    ) -> dict[int, tuple[int, bytes]]:
        """Take in the sent events about a client, with the bits that were not taken back.

        Returns each tail by its sequence.
        """
        tails: dict[int, tuple[int, bytes]] = {}
        rows = "SELECT sequence, schema, tail, kind, target FROM chain WHERE client = ? ORDER BY sequence"
        for sequence, schema, tail, kind, target in self._vault.all(rows, (client,)):
            period, cap = period_of_tail(tail), cap_of(tail)
            bits = effective(cap)
            if kind == 0:
                tails[sequence] = (schema, tail)
                found.events[sequence] = (period, SentMarks(sequence, _body(schema, tail), bits))
                whole = unit(period)
                whole.may_mark = whole.may_mark and not cap & Cap.UNMARKED
            elif target in found.events:
                one = found.events[target][1]
                unit(period).count_correction(one.body, bits & one.bits)
                one.bits &= ~bits
        return tails

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
                self._events[key] = tally_bits(TALLIED[body.table])

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
    units: dict[tuple[bytes, int], list[tuple[Wanted, int, bytes]]] = defaultdict(list)
    for client, key, schema, tail in kept:
        units[client, period_of_tail(tail)].append((Wanted(key, _body(schema, tail)), schema, tail))
    for (client, period), facts in units.items():
        unit = ClientPeriod(Ranks.of(cap_key, client, period), may_mark=bool(client))
        bits, _ = unit.choose([wanted for wanted, _, _ in facts])
        for wanted, schema, tail in facts:
            yield schema, tail, bits.get(wanted.fact, NONE)


def sent_facts(vault: Vault) -> Marked:
    """The sent events whose facts still state them, with the bits that they were sent with."""
    rows = "SELECT chain.schema, chain.tail, count(*) FROM fact JOIN chain ON chain.sequence = fact.sent GROUP BY 1, 2"
    return Counter({(schema, tail): times for schema, tail, times in vault.all(rows)})


def count_rules(marked: Marked) -> list[RuleCount]:
    """By rule, how many of these events are within its cap and how many are past it."""
    kept: Counter[CapRule] = Counter()
    past: Counter[CapRule] = Counter()
    for (schema, tail), times in marked.items():
        body, cap = body_of(schema, body_bytes(tail)), effective(cap_of(tail))
        if isinstance(body, Correctable):
            for bit in CHOSEN:
                for place in places_of(body, bit):
                    (kept if cap & bit else past)[place.rule] += times
    return [RuleCount(rule_text(rule), kept[rule], past[rule]) for rule in RULES if kept[rule] or past[rule]]


def rule_text(rule: CapRule) -> str:
    """A rule in words: body, release and number."""
    body = rule.body.__name__ if rule.body else "any"
    what = f"{body} ({rule.strand[0]})" if len(rule.strand) == 1 else body
    most = f"{rule.most} with another {rule.group or rule.field}" if rule.distinct else str(rule.most)
    return f"{what}, {(rule.bit.name or '').lower()}: {most}"


def _body(schema: int, tail: bytes) -> Correctable:
    body = body_of(schema, body_bytes(tail))
    assert isinstance(body, Correctable)
    return body
