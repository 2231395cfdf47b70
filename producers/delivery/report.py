"""What a run did, as values: for the closing table, for `--json`, and for whoever calls the edge from code."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from producers.caps.marking import Marked, RuleCount, count_rules
from producers.caps.tally import HeldBack, Tallied
from producers.facts import RowRefused, Where
from producers.vault.fact_store import FactOutcome

BLOCK_ROWS: Final = 1_024


@dataclass(slots=True)
class Report:
    """Counts of one run. `refused_rows`: with their place and rule."""

    rows: int = 0
    """Those of the source that said anything, each once, however often the source comes back to it."""
    outcomes: Counter[FactOutcome] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_rows: list[RowRefused] = field(default_factory=list)
    tallies: Counter[FactOutcome] = field(default_factory=Counter)
    held_back: tuple[HeldBack, ...] = ()
    refused_by_exchange: Counter[str] = field(default_factory=Counter)
    claimed: int = 0
    restored: int = 0
    complete: bool = False
    """Whether the run came to its end: everything is accepted, the closing heartbeat too."""
    waiting: int = 0
    """Of a run that did not: events that the vault keeps and the exchange has not accepted."""
    delivered: int = 0
    """Events accepted by the exchange in this run, heartbeats included."""
    heartbeats: int = 0
    """Of `delivered`: signed heartbeats, which say nothing of the records."""
    left_over: int = 0
    """Events that earlier runs had left in the vault, and this one sends too."""
    kept: int = 0
    """Facts about clients that are kept here for the tallies, and never leave."""
    caps: list[RuleCount] = field(default_factory=list)
    """By rule of the caps, how many of this run's events are within and past it; of totals only, of all the kept facts."""
    unnamed: int = 0
    """Facts about clients that name no client: nobody can count their caps, so they are in no release and in no tally."""
    unclaimed: int = 0
    """Accepted events that no fact of the vault stands behind, at the end of the run."""

    _seen: dict[tuple[str, int], int] = field(default_factory=dict, repr=False)
    """Which rows have said something: a bit each, in blocks, so that millions of them take little."""

    def saw(self, where: Where) -> None:
        """A row said something; what is about a file as a whole is no row."""
        if not where.row:
            return
        block, bit = (where.file, where.row // BLOCK_ROWS), 1 << where.row % BLOCK_ROWS
        seen = self._seen.get(block, 0)
        self.rows += not seen & bit
        self._seen[block] = seen | bit

    def count_caps(self, marked: Marked) -> None:
        """Count by rule what is within the caps: of what is sent, or of the facts that the tallies are chosen from."""
        if counted := count_rules(marked):
            self.caps = counted

    def tally(self, tallied: Tallied) -> None:
        """Note what counting the tallies led to."""
        self.tallies += tallied.outcomes
        self.held_back = tallied.held_back
        self.count_caps(tallied.facts)

    def refuse(self, row: RowRefused) -> None:
        """Note a refused row."""
        self.refused[row.rule] += 1
        self.refused_rows.append(row)

    @property
    def clean(self) -> bool:
        """Whether nothing was refused."""
        return not (self.refused or self.refused_by_exchange or self.refused_before)

    @property
    def refused_before(self) -> int:
        """How many facts and tallies the exchange refused in an earlier run, and which are not sent again by themselves."""
        return self.outcomes[FactOutcome.REFUSED_BEFORE] + self.tallies[FactOutcome.REFUSED_BEFORE]
