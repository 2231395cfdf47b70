"""What a run did, as values: for the closing table, for `--json`, and for whoever calls the edge from code."""

from collections import Counter
from dataclasses import dataclass, field

from producers.facts import RowRefused
from producers.ledger import Outcome
from producers.tally import HeldBack


@dataclass(slots=True)
class Report:
    """Counts of one run. `rows`: those of the source that said anything; `refused_rows`: with their place and rule."""

    rows: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_rows: list[RowRefused] = field(default_factory=list)
    tallies: Counter[Outcome] = field(default_factory=Counter)
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
        return self.outcomes[Outcome.REFUSED_BEFORE] + self.tallies[Outcome.REFUSED_BEFORE]
