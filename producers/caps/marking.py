"""The bits of everything that leaves about a client: decided from what left before, as the vault's chain remembers it.

Rules kept: laws 1–5 of `exchange.core.admission.cap_rules`, over every run, source, correction and copy of the vault. All that is to be sent
of a client is decided at once (`producers.caps.choice`), before any of it is chained; nothing is remembered beside the chain, so
that what was taken back unsent never counted, and a kill changes nothing: the same is decided again. In particular:

- *Nobody's events.* A client's event whose client the source does not name carries no bit: nobody could count its caps.
- *Lost and restored vaults.* Events that are read back from the inbox carry bits and belong to a client that the vault does
  not know. Their periods are *exhausted*: no client gets a bit there any more, neither for an event nor for a correction.
  Other periods are open as before: in them nothing is missing, because the inbox shows all that was accepted.
- *Vaults of before caps.* A client's period with an event that had no caps applied is exhausted, for this client alone.
- *Moved records.* Where a record that ever was marked is said of another client now, neither of them is marked in that period
  any more: they may be one, and one of them a third from whom it had come. What was said stays on the account of whom it was
  said of.
- *Year and quarters.* A client's year gets no bit once a quarter of it has one, nor the other way round; told of both at
  once, the quarters do.
- *Tallies* carry bits when the agency's counsel agreed to small counts (one that may be held back as a whole for one small cell
  has no bounded sensitivity), and only those of the first batch of their table and period: what is counted later, or
  counts anew, was chosen among other facts. Which batch is the first is the calendar's to say: that of the first complete run
  after the quarter, whatever it found; said by the facts, one client's fact could shut all others' out.

Not promised: that a correction reaches the releases. Where its rules have none left it goes without the bit; the event stands
there for ever, and keeps its place.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from exchange.core.admission.cap_rules import NONE, RULES, Cap, CapRule, effective
from exchange.core.counting.tables import TALLIED
from exchange.core.model.events import Correctable, Tally
from exchange.core.model.period import quarter_of, year_period
from exchange.core.release.client_tables import tally_bits
from producers.caps.choice import CHOSEN, ClientPeriod, Ranks, SentMarks, Wanted, places_of
from producers.caps.tally_batches import first_batch_over
from producers.vault.event_tail import body_bytes, body_of, cap_of, period_of_tail, same_fact
from producers.vault.fact_store import CORRECTION, EVENT, NOBODY, NOTHING, TALLY, FactStore, behind
from producers.vault.store import Vault

Marked = Counter[tuple[int, bytes]]
"""(schema id, tail with its bits) → how many."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many events a rule kept within its cap, and how many are past it: in no release that the rule is for."""

    rule: str
    kept: int
    past: int


@dataclass(slots=True)
class _OfClient:
    """What is known of one client: its periods, what left of it, and what is to be done."""

    units: dict[int, ClientPeriod] = field(default_factory=dict)
    events: dict[int, tuple[int, SentMarks]] = field(default_factory=dict)
    takes: list[tuple[bytes, int]] = field(default_factory=list)
    wanted: dict[int, list[Wanted]] = field(default_factory=lambda: defaultdict(list))
    asked_to_move: set[bytes] = field(default_factory=set)
    """Facts that an earlier decision had displaced, and whose correction has not been chained."""


class Caps:
    """The bits of what is to be sent from a vault. `small_counts`: the agency's counsel agreed to send counts of 1–10."""

    def __init__(self, vault: Vault, fact_store: FactStore, *, small_counts: bool = False) -> None:
        self._vault, self._fact_store = vault, fact_store
        self._key = fact_store.cap_key
        self._small_counts = small_counts
        self._events: dict[bytes, Cap] = {}
        self._corrections: dict[bytes, Cap] = {}
        self._exhausted: set[tuple[int, int]] = set()

    def decide(self) -> Iterator[None]:
        """Choose the bits of all that is to be sent, one client a step; nothing where nothing has changed since."""
        if not self._fact_store.undecided:
            return
        self._events.clear()
        self._corrections.clear()
        self._exhausted = {
            (client, period) for client, period in self._vault.all("SELECT client, period FROM exhausted")
        }
        self._decide_tallies()
        waiting = "SELECT DISTINCT client FROM fact WHERE todo > 0 AND client IS NOT NULL"
        for (client,) in self._vault.all(waiting):
            self._decide_client(client)
            yield
        self._fact_store.undecided = False

    def of_event(self, key: bytes) -> Cap:
        """The bits of the event that says this fact."""
        return self._events.get(key, NONE)

    def of_correction(self, key: bytes) -> Cap:
        """The bits of the correction that takes back what said this fact."""
        return self._corrections.get(key, NONE)

    def _decide_client(self, client: int) -> None:
        found = self._look(client)
        takes = [(key, *found.events[sent]) for key, sent in found.takes]
        for key, period, said in sorted(takes, key=lambda take: found.units[take[1]].ranks.of_fact(take[0])):
            self._corrections[key] = found.units[period].take_back(said)
        for period in sorted(found.units, key=lambda period: (not quarter_of(period), period)):
            unit = found.units[period]
            unit.may_mark = unit.may_mark and not self._other_width_marked(client, period, found.units)
            bits, displaced = unit.choose(found.wanted[period])
            self._events.update(bits)
            for gone in displaced:
                assert gone.standing.fact is not None
                self._corrections[gone.standing.fact] = gone.bits
                found.asked_to_move.discard(gone.standing.fact)
                self._set_todo(gone.standing.fact, CORRECTION)
        for key in found.asked_to_move:
            self._set_todo(key, NOTHING)

    def _set_todo(self, key: bytes, todo: int) -> None:
        self._vault.run("UPDATE fact SET todo = ? WHERE key = ? AND todo <> ?", (todo, key, todo))

    def _look(self, client: int) -> _OfClient:
        row = self._vault.one("SELECT name FROM client WHERE id = ?", (client,))
        assert row is not None
        found, name = _OfClient(), bytes(row[0])

        def unit(period: int) -> ClientPeriod:
            if period not in found.units:
                ranks = Ranks.of(self._key, name, period)
                unknown = (NOBODY, period) in self._exhausted
                may_mark = not unknown and (client, period) not in self._exhausted
                found.units[period] = ClientPeriod(ranks, may_mark, may_take=not unknown)
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
        for period, said in found.events.values():
            found.units[period].stands(said)
        return found

    def _read_chain(
        self, client: int, found: _OfClient, unit: Callable[[int], ClientPeriod]
    ) -> dict[int, tuple[int, bytes]]:
        """What was said of a client and stands, with its bits, and each tail by its sequence."""
        tails: dict[int, tuple[int, bytes]] = {}
        rows = "SELECT sequence, schema, tail, kind, target FROM chain WHERE client = ? ORDER BY sequence"
        for sequence, schema, tail, kind, target in self._vault.all(rows, (client,)):
            period, cap = period_of_tail(tail), cap_of(tail)
            bits = effective(cap)
            if kind == 0:
                tails[sequence] = (schema, tail)
                found.events[sequence] = (period, SentMarks(sequence, _body(schema, tail), bits))
                unit(period).ever |= bool(bits)
                if cap & Cap.UNMARKED:
                    unit(period).may_mark = False
            elif target in found.events:
                said = found.events[target][1]
                unit(period).was_corrected(said.body, bits & said.bits)
                said.bits &= ~bits
        return tails

    def _other_width_marked(self, client: int, period: int, units: dict[int, ClientPeriod]) -> bool:
        """Law 5: whether the year of this quarter, or a quarter of this year, has marks or may have them."""
        year = year_period(period)
        others = (year,) if quarter_of(period) else range(year + 1, year + 5)
        return any(
            self._exhausted & {(NOBODY, other), (client, other)} or (other in units and units[other].ever)
            for other in others
        )

    def _decide_tallies(self) -> None:
        if not self._small_counts:
            return
        waiting = "SELECT key, schema, want FROM fact WHERE key >= ? AND key < ? AND todo = ? AND want IS NOT NULL"
        begun: dict[bytes, bool] = {}
        for key, schema, want in self._vault.all(waiting, (TALLY, behind(TALLY), EVENT)):
            body, period = _body(schema, want), period_of_tail(want)
            assert isinstance(body, Tally)
            batch = key.rpartition(b"|")[0] + b"|"
            if batch not in begun:
                over = period < first_batch_over(self._vault) or (NOBODY, period) in self._exhausted
                begun[batch] = over or self._was_tallied(batch)
            if not begun[batch]:
                self._events[key] = tally_bits(TALLIED[body.table])

    def _was_tallied(self, prefix: bytes) -> bool:
        """Whether a tally of this table and period, of any state, has left before."""
        query = "SELECT 1 FROM fact WHERE key >= ? AND key < ? AND (sent > 0 OR spent > 0) LIMIT 1"
        return self._vault.one(query, (prefix, behind(prefix))) is not None


def choose_kept(cap_key: bytes, kept: Iterable[tuple[bytes, bytes, int, bytes]]) -> Iterator[tuple[int, bytes, Cap]]:
    """(schema id, tail, bits) of facts that only a tally counts, from (client's name, key, schema id, tail).

    Each client's periods are chosen as a whole. Facts of nobody have no bits.
    """
    units: dict[tuple[bytes, int], list[tuple[Wanted, int, bytes]]] = defaultdict(list)
    for client, key, schema, tail in kept:
        units[client, period_of_tail(tail)].append((Wanted(key, _body(schema, tail)), schema, tail))
    for (client, period), facts in units.items():
        unit = ClientPeriod(Ranks.of(cap_key, client, period), may_mark=bool(client))
        bits, _ = unit.choose([wanted for wanted, _, _ in facts])
        for wanted, schema, tail in facts:
            yield schema, tail, bits.get(wanted.fact, NONE)


def said_and_standing(vault: Vault) -> Marked:
    """What was said by facts that still say so, with the bits that it left with."""
    rows = "SELECT chain.schema, chain.tail, count(*) FROM fact JOIN chain ON chain.sequence = fact.sent GROUP BY 1, 2"
    return Counter({(schema, tail): times for schema, tail, times in vault.all(rows)})


def count_rules(marked: Marked) -> list[RuleCount]:
    """For each rule that any of these events is under: how many it kept, and how many are past it."""
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
    """A rule, as people read it: for whom, of what, and how many."""
    body = rule.body.__name__ if rule.body else "any"
    what = f"{body} ({rule.strand[0]})" if len(rule.strand) == 1 else body
    most = f"{rule.most} with another {rule.group or rule.field}" if rule.distinct else str(rule.most)
    return f"{what}, {(rule.bit.name or '').lower()}: {most}"


def _body(schema: int, tail: bytes) -> Correctable:
    body = body_of(schema, body_bytes(tail))
    assert isinstance(body, Correctable)
    return body
