"""The result of a run as values: for the closing table, for `--json` and for programs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from exchange.core.model.period import period_text
from exchange.core.words import number_of
from producers.caps.marking import Marked, RuleCount, count_rules
from producers.caps.tally import HeldBack, Tallied
from producers.delivery.unconfirmed import Unconfirmed
from producers.errors import QuarterKeptOpen
from producers.facts import Reading, RowRefused
from producers.vault.fact_store import FactOutcome

BLOCK_ROWS: Final = 1_024


@dataclass(slots=True)
class Report:
    """The counts of one run. `refused_rows`: each with its place and rule."""

    rows: int = 0
    """Rows of the source with any reading, each once, however often the source comes back to it."""
    outcomes: Counter[FactOutcome] = field(default_factory=Counter)
    taken: list[str] = field(default_factory=list)
    """How the source was taken as a whole: a sentence each."""
    not_whole: Counter[str] = field(default_factory=Counter)
    """Why parts of the source are missing or damaged: rows may be missing, so no total is final."""
    ignored: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_rows: list[RowRefused] = field(default_factory=list)
    tallies: Counter[FactOutcome] = field(default_factory=Counter)
    held_back: tuple[HeldBack, ...] = ()
    put_off: int = 0
    """Refused tallies that are to be sent again, once the run that closes their quarter counts
    them anew."""
    not_closed: list[int] = field(default_factory=list)
    """Quarters that are over, and whose tallies wait for the run that closes them."""
    unconfirmed: Unconfirmed | None = None
    """What waits for a person, if anything does."""
    held_alike: int = 0
    """New clients who are on hold from now on, because their keys are nearly a held client's."""
    kept_open: list[int] = field(default_factory=list)
    """Quarters that the run was to close and did not, because rows of theirs were not read."""
    refused_by_exchange: Counter[str] = field(default_factory=Counter)
    claimed: int = 0
    restored: int = 0
    complete: bool = False
    """Whether the run came to its end: everything is accepted, including the closing heartbeat."""
    waiting: int = 0
    """In a run that did not: events in the vault that the exchange has not accepted."""
    delivered: int = 0
    """Events that the exchange accepted in this run, heartbeats included."""
    heartbeats: int = 0
    """Signed heartbeats among `delivered`; they hold nothing from the records."""
    left_over: int = 0
    """Events that earlier runs left in the vault and that this run sends too."""
    kept: int = 0
    """Facts about clients that are kept here for tallies and never leave."""
    caps: list[RuleCount] = field(default_factory=list)
    """By rule of the caps, how many of this run's events are within and past it; for tally_only, of
    all kept facts."""
    unnamed: int = 0
    """Facts about clients that name no client. Their caps cannot be counted: they are in no release
    and no tally."""
    doubted: int = 0
    """Facts that are held back, because a lost copy of the vault withdrew them."""
    unclaimed: int = 0
    """Accepted events without a fact in the vault, at the end of the run."""

    kinds: set[type[Reading]] = field(default_factory=set, repr=False)
    """The kinds of readings that the source gave."""
    _seen: dict[tuple[str, int], int] = field(default_factory=dict, repr=False)
    """Rows that were seen: one bit each, in blocks, so that millions of them take little memory."""

    def saw(self, readings: Sequence[Reading]) -> None:
        """Count the rows of these readings; a reading about a file as a whole is of no row."""
        self.kinds.update(map(type, readings))
        for file, row in {(reading.where.file, reading.where.row) for reading in readings}:
            if row:
                block, bit = (file, row // BLOCK_ROWS), 1 << row % BLOCK_ROWS
                seen = self._seen.get(block, 0)
                self.rows += not seen & bit
                self._seen[block] = seen | bit

    def files(self) -> set[str]:
        """The names of the files that have rows."""
        return {file for file, _ in self._seen}

    def saw_files(self, names: Iterable[str]) -> None:
        """Note files that have rows, which are counted already."""
        self._seen.update({(name, 0): 0 for name in names})

    def count_caps(self, marked: Marked) -> None:
        """Count what is within the caps, in sent events or in the facts kept for tallies."""
        if counted := count_rules(marked):
            self.caps = counted

    def count_sent(self, marked: Marked, claimed: int, doubted: int) -> None:
        """Count what was sent, the facts that claimed an event on the way, and those in doubt."""
        self.count_caps(marked)
        self.claimed += claimed
        self.doubted = doubted

    def tally(self, tallied: Tallied) -> None:
        """Note the result of counting tallies."""
        self.tallies += tallied.outcomes
        self.held_back = tallied.held_back
        self.put_off += tallied.put_off
        self.count_caps(tallied.facts)

    def refuse(self, row: RowRefused) -> None:
        """Note a refused row."""
        self.refused[row.rule] += 1
        self.refused_rows.append(row)

    def doubtful(self) -> dict[str, set[int]]:
        """Kind of file that this run read → the periods whose facts it did not read whole.

        The kind is the suffix of its name, empty for facts that code made; 0: any period.
        """
        files = self.files() or ({""} if self.outcomes.keys() - {FactOutcome.REFUSED} else set())
        unsure = {0} if self.not_whole or self.unconfirmed else set()
        found = {_kind(file): set(unsure) for file in files}
        for row in self.refused_rows:
            found.setdefault(_kind(row.where.file), set(unsure)).add(row.period)
        return found or ({"": unsure} if unsure else {})

    def raise_what_waits(self) -> None:
        """Raise WithdrawalsUnconfirmed, HoldsUnmatched or QuarterKeptOpen, if a person must act."""
        if self.unconfirmed is not None:
            raise self.unconfirmed.error()
        if self.kept_open:
            raise QuarterKeptOpen(f"Not closed: {', '.join(map(period_text, self.kept_open))}. {self._why_open()}")

    def _why_open(self) -> str:
        refused = [f"refused here: {number_of(len(self.refused_rows), 'row')}"] if self.refused_rows else []
        why = [*refused, *sorted(self.not_whole)] or ["an earlier run refused rows, or lacked a file"]
        return f"{'; '.join(why).capitalize()}."

    @property
    def clean(self) -> bool:
        """Whether nothing was refused, or held back after a loss."""
        return not (self.refused or self.refused_by_exchange or self.refused_before or self.doubted)

    @property
    def refused_before(self) -> int:
        """Facts and tallies refused by the exchange in an earlier run, and not sent again."""
        return self.outcomes[FactOutcome.REFUSED_BEFORE] + self.tallies[FactOutcome.REFUSED_BEFORE]


def _kind(file: str) -> str:
    return PurePath(file).suffix.lower()
