"""From facts to the chain.

Claims, then corrections, then events, in an order that tells nobody anything.

All marks are decided (`producers.caps.marking`) before anything is chained. No event about a
client is chained while a correction waits: so whatever has to make room is taken back first, and
every prefix of the chain keeps the caps. In a run, or in a part of it if it is too long for one
(`producers.delivery.run_part`), corrections and events are each sorted by the vault's keyed hash.

After a restore, the exchange may hold an event that belongs to no fact of this vault. A fact that
states exactly the same claims this event, instead of sending it a second time. A changed fact does
so when its own event is corrected.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Final

from exchange.core.admission.cap_rules import NONE
from exchange.core.admission.gate import wants_consent
from exchange.core.admission.reasons import Reason
from exchange.core.model.events import About, Event, Tally
from exchange.core.model.period import quarter_of
from producers.caps.marking import Caps, Marked
from producers.caps.tally_batches import count_anew
from producers.delivery import run_part
from producers.vault.chain_row import Beat, Kind
from producers.vault.event_tail import decode_tail, with_cap, with_each_cap
from producers.vault.fact_store import FactStore
from producers.vault.lost_withdrawals import DOUBTED, HELD_BACK, explain, hold_back, reopen
from producers.vault.schema import CORRECTION, EVENT, NOTHING, TODO_IS, Row
from producers.vault.sent_chain import TODO_UNSENT, Chain
from producers.vault.store import Vault

OF_ITS_KIND: dict[Reason, Callable[[Event], bool]] = {
    Reason.LEGAL_CLASS: lambda event: event.body.about is About.CLIENT,
    Reason.YEAR_ONLY: lambda event: event.body.about is About.CLIENT and quarter_of(event.period) > 0,
    Reason.TALLY_NOT_ALLOWED: lambda event: isinstance(event.body, Tally),
    Reason.SMALL_COUNT: lambda event: isinstance(event.body, Tally) and wants_consent(event.cap, event.body),
}
"""Reasons that apply to every event of a kind, because profile and registration differ."""
_ALIKE: Final = ", ".join("?" * len(with_each_cap(bytes(4))))
_CLAIMING: Final = (
    "SELECT key, schema, want, coalesce("  # noqa: S608
    "(SELECT max(sequence) FROM lost_withdrawal AS lost WHERE lost.key = fact.key), 0) AS after FROM fact "
    f"WHERE sent = 0 AND want IS NOT NULL AND (todo > 0 OR refused <> '{HELD_BACK}') "
    f"ORDER BY after > 0 OR coalesce(client, 0) IN ({DOUBTED}), key"
)
"""Facts that may claim an event after this sequence; last of all those that are doubted, so that
they claim no other fact's."""
_CLAIMED: Final = (
    "SELECT min(sequence) FROM chain "  # noqa: S608
    f"WHERE kind = 0 AND key IS NULL AND retracted = 0 AND tail IN ({_ALIKE}) AND schema = ? AND sequence > ?"
)
_CORRECTED: Final = f"UPDATE fact SET sent = 0, spent = 1, {TODO_UNSENT} WHERE key = ?"  # noqa: S608
_ALL: Final = "fact"
_RETRACTED: Final = f"SELECT key, sent FROM {{}} WHERE {TODO_IS} ORDER BY sort LIMIT ?"  # noqa: S608
_STATED: Final = f"SELECT key, schema, want, client FROM {{}} WHERE {TODO_IS} ORDER BY sort LIMIT ?"  # noqa: S608
_SENT: Final = "UPDATE fact SET sent = ?, todo = ?, refused = NULL WHERE key = ?"
OF_ITS_BYTES = frozenset({Reason.UNSOUND, Reason.OUT_OF_RANGE})
"""Reasons that apply to every equal event."""


class Outbox:
    """The events that are to be sent, and those that have to be retracted."""

    def __init__(self, vault: Vault, fact_store: FactStore, chain: Chain, caps: Caps) -> None:
        self._vault = vault
        self._fact_store = fact_store
        self._chain = chain
        self._caps = caps
        self.left: Marked = Counter()
        """The events of facts that this outbox has chained."""
        self.claimed_late = 0
        """The facts that claimed an event once their own was corrected."""
        self.held_back = 0
        """The facts that are held back, because a lost copy withdrew them."""
        self._claims_again = False
        self._of = _ALL
        """What the run, or its part, is taken from."""

    def begin_part(self, events: int) -> bool:
        """Begin a signed run of about so many events; returns whether it has only a part of all.

        It has, if it corrects anything and all that waits is more.
        """
        with self._vault.writing():
            deque(self.decide(), maxlen=0)
            parted = run_part.choose(self._vault, events)
        self._of = run_part.MEMBERS if parted else _ALL
        return parted

    def part_ends(self) -> bool:
        """Whether the signed run has only a part of all, and nothing of it waits any more."""
        return self._of != _ALL and not run_part.waits(self._vault)

    def claims(self) -> Iterator[bool]:
        """Let facts claim equal accepted events without a fact; for each fact, whether it did.

        What a lost copy withdrew is held back, unless it claims what the copy sent later.
        """
        doubted = reopen(self._vault)
        if self._chain.unclaimed():
            for key, schema, want, after in self._vault.all(_CLAIMING):
                row = self._vault.one(_CLAIMED, (*with_each_cap(want), schema, after))
                if row and row[0]:
                    self._fact_store.undecided = True
                    self._vault.run("UPDATE chain SET key = ? WHERE sequence = ?", (key, row[0]))
                    self._mark_sent(key, row[0])
                    explain(self._vault, key)
                yield bool(row and row[0])
        if doubted:
            self._fact_store.undecided = True
            self.held_back = hold_back(self._vault, counted=not count_anew(self._vault))

    def decide(self) -> Iterator[None]:
        """Decide the bits of all events to be sent, in small steps.

        Does nothing if that is done.
        """
        return self._caps.decide()

    def fill(self, count: int) -> int:
        """Chain at most `count` of the events that are to be sent; returns their number."""
        with self._vault.writing():
            corrections = self._to_correct(count)
            self._chain.append_corrections(corrections)
            for key, _ in corrections:
                self._vault.later(_CORRECTED, (key,))
            self._claims_again = self._claims_again or bool(corrections and self._chain.unclaimed())
            room = 0 if self._claims_again else count - len(corrections)
            rows = self._vault.all(_STATED.format(self._of), (EVENT, room))
            chained: list[tuple[int, bytes]] = []
            sent: list[tuple[int, int, bytes]] = []
            for key, schema, want, client in rows:
                bits = self._caps.of_event(key)
                tail = with_cap(want, bits)
                sent.append((self._chain.append_event(key, schema, tail, client, bits), NOTHING, key))
                chained.append((schema, tail))
            self._vault.many(_SENT, sorted(sent, key=itemgetter(2)))
            self.left.update(chained)
        return len(corrections) + len(rows)

    def _to_correct(self, count: int) -> list[Row]:
        """(key, sequence) of at most `count` facts whose events are to be corrected now.

        A changed fact may state what an event without a fact states: it claims that one, as soon as
        its own is corrected.
        """
        corrections = self._decided_to_correct(count)
        if corrections or not self._claims_again:
            return corrections
        self.claimed_late += sum(self.claims())
        self._claims_again = False
        return self._decided_to_correct(count)

    def _decided_to_correct(self, count: int) -> list[Row]:
        deque(self.decide(), maxlen=0)
        return self._vault.all(_RETRACTED.format(self._of), (CORRECTION, count))

    def _mark_sent(self, key: bytes, sequence: int) -> None:
        self._vault.later(_SENT, (sequence, NOTHING, key))

    def repair(self, sequence: int, reason: Reason, beat: Beat) -> int:
        """Drop a refused event, keep it with the reason, and put a heartbeat in its place.

        Returns the number dropped.

        The heartbeat makes the repair certain: a receipt that names this sequence again is an old
        one, because the gate never refuses a heartbeat for such a reason. `fill` chains the later
        events again.
        """
        refused = self._chain.row_at(sequence)
        assert refused is not None
        tail = with_cap(refused.tail, NONE)
        with self._vault.writing():
            self._chain.remember_unchained(sequence)
            self._chain.unchain(sequence)
            self._vault.run(
                "INSERT INTO refusal (sequence, reason, key, schema, tail) VALUES (?, ?, ?, ?, ?)",
                (sequence, str(reason), refused.key, refused.schema, refused.tail),
            )
            dropped = 1
            if refused.kind is Kind.CORRECTION:
                self._chain.drop_correction(refused)
            else:
                assert refused.key is not None
                self._fact_store.refuse(refused.key, str(reason), refused.schema, tail)
                dropped += self._drop_alike(refused.schema, refused.tail, reason)
            self._chain.append_heartbeat(beat)
        return dropped

    def _drop_alike(self, schema: int, tail: bytes, reason: Reason) -> int:
        """Drop events that would be refused for the same reason: they cost one round together."""
        of_kind = OF_ITS_KIND.get(reason)
        if of_kind is None and reason not in OF_ITS_BYTES:
            return 0
        strikes: dict[tuple[int, bytes], bool] = {(schema, tail): True}
        dropped = 0
        for key, its_schema, want, _ in self._vault.all(_STATED.format(_ALL), (EVENT, -1)):
            fact = (its_schema, with_cap(want, self._caps.of_event(key)))
            if fact not in strikes:
                strikes[fact] = of_kind is not None and of_kind(decode_tail(*fact))
            if strikes[fact]:
                self._fact_store.refuse(key, str(reason), its_schema, want)
                self._vault.run(
                    "INSERT INTO refusal (sequence, reason, key, schema, tail) VALUES (0, ?, ?, ?, ?)",
                    (str(reason), key, its_schema, want),
                )
                dropped += 1
        return dropped

    def waits(self) -> bool:
        """Whether a fact is not chained yet."""
        return self._vault.one("SELECT 1 FROM fact WHERE todo > 0 LIMIT 1") is not None

    def waiting(self) -> int:
        """The number of facts that are not chained yet: it counts them."""
        row = self._vault.one("SELECT count(*) FROM fact WHERE todo > 0")
        return int(row[0]) if row else 0

    def unaccepted(self) -> int:
        """The number of events that the exchange has not accepted yet, without heartbeats."""
        accepted = int.from_bytes(self._vault.get("accepted"), "big")
        row = self._vault.one("SELECT count(*) FROM chain WHERE sequence > ? AND kind <> ?", (accepted, Kind.HEARTBEAT))
        return self.waiting() + (int(row[0]) if row else 0)

    def refusals(self) -> list[tuple[str, int]]:
        """(reason, count) of refused events whose facts the agency still states.

        `retry` would send them again.
        """
        refused = "SELECT refused, count(*) FROM fact WHERE refused <> ? GROUP BY refused"
        return [(str(reason), int(count)) for reason, count in self._vault.all(refused, (HELD_BACK,))]
