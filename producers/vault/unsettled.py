"""What a run has read and not settled yet: new facts, and facts that its source withdraws.

A source is read to its end before anything of it counts. Until then a withdrawn fact is only marked
(`gone`), and a new fact is known by the part of the run that brought it (`born`). Whoever settles
the part (`producers.delivery.withdrawal_guard`) lets all of it count, or leaves some of it out.
What was left out is as if it had not been read, and comes again with the next reading of the
source.

A run has one part, or one more for each `flush`. A part that was never settled, because the process
ended, is settled by the next run, without its withdrawals: the source was not read to its end.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from producers.vault.key_forms import form_of
from producers.vault.schema import Row
from producers.vault.store import Vault, batches, places

AT_ONCE: Final = 500
_OCTETS: Final = 8
_OF_SOURCES: Final = "key >= x'663a' AND key < x'663b'"
"""`f:` to `f;`: the facts of sources, tallies apart."""


class GoneBy(IntEnum):
    """How a run knows that a fact is gone."""

    ABSENT = 1
    MARKED = 2
    SWITCHED_OFF = 3


@dataclass(frozen=True, slots=True)
class Other:
    """New facts, and clients, whose keys are other spellings of known ones that the run lacks.

    `clients`: numbers of the new ones; `facts`: keys of the new facts under known clients; `news`:
    facts of both. `known_clients` and `known_facts` are those that they may be. `gone`: how many of
    the known facts the run would withdraw.
    """

    clients: tuple[int, ...] = ()
    facts: tuple[bytes, ...] = ()
    news: int = 0
    known_clients: tuple[int, ...] = ()
    known_facts: tuple[bytes, ...] = ()
    gone: int = 0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.clients or self.facts)


@dataclass(frozen=True, slots=True)
class Weight:
    """What a part would change, in numbers of facts.

    `published`: that stood before it. `gone`: that it withdraws. Of facts about clients: `new` that
    it brings, `known` that it states again. `repeats`: the new ones state nearly the same as the
    published ones that it lacks.
    """

    published: int = 0
    gone: Counter[GoneBy] = field(default_factory=Counter)
    new: int = 0
    known: int = 0
    repeats: bool = False
    other: Other = field(default_factory=Other)


class Unsettled:
    """The open part of a run."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.part = int.from_bytes(vault.get("part"), "big")
        self._open = False
        self.news = self.goes = 0
        """New facts, and withdrawals, that were noted in the open part."""

    def open(self) -> int:
        """The number of the open part, which begins if none is open."""
        if not self._open:
            self.part, self._open = self.part + 1, True
            self._vault.set("part", self.part.to_bytes(_OCTETS, "big"))
        return self.part

    @property
    def is_open(self) -> bool:
        """Whether the run has read anything since it was settled."""
        return self._open

    @property
    def left_open(self) -> bool:
        """Whether an earlier run ended before it had settled its part."""
        return not self._open and self._vault.get("settled") != self._vault.get("part")

    def gone(self, key: bytes, by: GoneBy) -> None:
        """Note that the source withdraws the fact under a key."""
        self.goes += 1
        self._vault.run("UPDATE fact SET gone = ?, gone_by = ? WHERE key = ?", (self.open(), int(by), key))

    def end(self) -> None:
        """The part is settled."""
        self.keep_all()
        self._vault.set("settled", self.part.to_bytes(_OCTETS, "big"))
        self._open, self.news, self.goes = False, 0, 0

    def weight(self, run: int, spelt_anew: Collection[int] = frozenset()) -> Weight:
        """What the open part, read in this run, would change.

        `spelt_anew`: known clients whom the run names in another spelling.
        """
        published = news = known = new = 0
        query = (
            "SELECT client IS NOT NULL, born = ? AND sent = 0, abs(stated) = ?, count(*) FROM fact "  # noqa: S608
            f"WHERE want IS NOT NULL AND {_OF_SOURCES} GROUP BY 1, 2, 3"
        )
        for of_client, born, stated, count in self._vault.all(query, (self.part, run)):
            published += 0 if born else count
            news += count if born else 0
            new += count if born and of_client else 0
            known += count if not born and stated and of_client else 0
        if not published:
            return Weight()
        other, gone = self._other(run, spelt_anew) if news else Other(), Counter[GoneBy]()
        query = (
            "SELECT gone_by, count(*) FROM fact WHERE gone = ? AND gone > 0 AND want IS NOT NULL "
            "AND (born < ? OR sent > 0) GROUP BY 1"
        )
        for by, count in self._vault.all(query, (self.part, self.part)):
            gone[GoneBy(by)] += count
        return Weight(published, gone, new, known, self._repeats(run) if new else False, other)

    def _other(self, run: int, spelt_anew: Collection[int]) -> Other:
        """The new keys that are other spellings of known ones."""
        query = (
            "SELECT client, min(born) = ?, max(abs(stated) = ?), name FROM fact JOIN client ON client.id = fact.client "
            "GROUP BY client"
        )
        lacking: dict[str, int] = {}
        news: dict[int, str] = {}
        for number, new, stated, name in self._vault.all(query, (self.part, run)):
            if new:
                news[number] = form_of(bytes(name).decode())
            elif not stated or number in spelt_anew:
                lacking[form_of(bytes(name).decode())] = number
        clients = {number: lacking[form] for number, form in news.items() if form in lacking}
        facts, known_facts = self._other_facts(run, clients)
        known_clients = sorted(set(clients.values()))
        born = sum(self._count("client", some, "born = ? AND sent = 0") for some in batches([*clients]))
        gone = sum(self._count("client", some, "gone = ?") for some in batches(known_clients))
        gone += sum(self._count("key", some, "gone = ?") for some in batches(known_facts))
        return Other(tuple(clients), tuple(facts), born + len(facts), tuple(known_clients), tuple(known_facts), gone)

    def _other_facts(self, run: int, but: dict[int, int]) -> tuple[list[bytes], list[bytes]]:
        """(new, known) keys of facts about one client each, or about the agency, that are alike."""
        new: dict[tuple[int | None, str], bytes] = {}
        known: dict[tuple[int | None, str], bytes] = {}
        whose = self._vault.all("SELECT DISTINCT client FROM fact WHERE born = ? AND sent = 0", (self.part,))
        clients = [client for (client,) in whose if client is not None and client not in but]
        conditions = [(f"client IN ({places(some)})", some) for some in batches(clients)]
        conditions += [("client IS NULL", ())] if (None,) in [tuple(row) for row in whose] else []
        for condition, some in conditions:
            query = (
                f"SELECT key, client, born = ? FROM fact WHERE {condition} AND want IS NOT NULL AND {_OF_SOURCES} "  # noqa: S608
                "AND ((born = ? AND sent = 0) OR (born < ? AND abs(stated) <> ?))"
            )
            for key, client, born in self._vault.all(query, (self.part, *some, self.part, self.part, run)):
                (new if born else known)[client, form_of(bytes(key).decode())] = key
        alike = new.keys() & known.keys()
        return [new[one] for one in sorted(alike, key=str)], [known[one] for one in alike]

    def _count(self, column: str, values: Sequence[int | bytes], condition: str) -> int:
        """How many facts with these values fulfil a condition on the open part."""
        query = f"SELECT count(*) FROM fact WHERE {column} IN ({places(values)}) AND {condition} AND want IS NOT NULL"  # noqa: S608
        row = self._vault.one(query, (*values, self.part))
        return int(row[0]) if row else 0

    def _repeats(self, run: int) -> bool:
        """Whether new facts state what nearly all published ones state that the run lacks.

        Of the periods of the new facts alone: an export may hold fewer than the one before.
        """
        query = (
            "SELECT sum(born = ?), sum(born < ? AND abs(stated) <> ?) FROM fact WHERE want IS NOT NULL AND "  # noqa: S608
            f"client IS NOT NULL AND {_OF_SOURCES} AND period IN (SELECT DISTINCT period FROM fact WHERE born = ?) "
            "GROUP BY want"
        )
        found = self._vault.all(query, (self.part, self.part, run, self.part))
        both = int(sum(min(new, lacking) for new, lacking in found))
        new, lacking = (int(sum(row[n] for row in found)) for n in (0, 1))
        return both > 0 and both * 10 >= 9 * max(new, lacking)

    def apply_gone(self, edition: str) -> Iterator[int]:
        """Let the withdrawals count, in steps; how many in each."""
        withdrawn = (
            "UPDATE fact SET want = NULL, todo = CASE WHEN sent > 0 THEN 2 ELSE 0 END, refused = NULL, edition = ?, gone = 0 "
            "WHERE key = ?"
        )
        anew = "UPDATE client SET anew = 1 WHERE id = ?"
        while some := self._some("SELECT key, client FROM fact WHERE gone = ? AND gone > 0 LIMIT ?"):
            self._vault.many(anew, ((client,) for client in {client for _, client in some if client is not None}))
            self._vault.many(withdrawn, ((edition, key) for key, _ in some))
            yield len(some)

    def _some(self, query: str) -> list[Row]:
        return self._vault.all(query, (self.part, AT_ONCE))

    def keep_all(self) -> None:
        """Leave out all withdrawals."""
        self._vault.run("UPDATE fact SET gone = 0 WHERE gone = ? AND gone > 0", (self.part,))

    def keep(self, other: Other) -> None:
        """Leave out the withdrawals of facts that new ones may be."""
        kept = "UPDATE fact SET gone = 0 WHERE gone = ? AND"
        self._vault.many(f"{kept} client = ?", ((self.part, client) for client in other.known_clients))
        self._vault.many(f"{kept} key = ?", ((self.part, key) for key in other.known_facts))

    def drop_new(self, other: Other | None) -> int:
        """Leave out new facts: these, or all about clients; how many."""
        new = "FROM fact WHERE born = ? AND sent = 0"
        if other is None:
            query = f"SELECT DISTINCT client {new} AND client IS NOT NULL"
            clients = [client for (client,) in self._vault.all(query, (self.part,))]
            dropped = self._vault.run(f"DELETE {new} AND client IS NOT NULL", (self.part,))
        else:
            clients = list(other.clients)
            dropped = sum(self._vault.run(f"DELETE {new} AND client = ?", (self.part, client)) for client in clients)
            dropped += sum(self._vault.run(f"DELETE {new} AND key = ?", (self.part, key)) for key in other.facts)
        unknown = "held = 0 AND NOT EXISTS (SELECT 1 FROM fact WHERE client = client.id)"
        self._vault.many(f"DELETE FROM client WHERE id = ? AND {unknown}", ((client,) for client in clients))  # noqa: S608
        return dropped
