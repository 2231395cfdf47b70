"""The agency's own numbers: those of a file beside those of its last eight quarters in the vault.

A number is in question if it is both outside all that the eight quarters had, and far from their
median (modified Z over 3.5, by Iglewicz and Hoaglin, 1993). Nothing of it leaves: it is computed
here, from what was published or kept before. Fewer than four quarters are no history.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from statistics import median
from typing import Final

from exchange.core.counting.tables import MISSING_CODES
from exchange.core.model.events import Body, Correction, Heartbeat, Tally
from exchange.core.model.period import FIRST_YEAR, period_of, period_text, quarter_of, year_of
from producers.checks.row_findings import Findings
from producers.vault.event_tail import decode_tail
from producers.vault.store import Vault

QUARTERS: Final = 8
LEAST: Final = 4
FAR: Final = 3.5
TO_SIGMA: Final = 0.6745
NEWEST: Final = 4
"""Quarters of a file that are compared: its newest."""
AT_LEAST: Final = 10
"""Answers below which a share says nothing."""


@dataclass(slots=True)
class QuarterNumbers:
    """By quarter: how many facts of each body (and service), and how many answers are not known."""

    facts: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    answers: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    missing: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, period: int, body: Body, count: int = 1) -> None:
        """Count a fact of a quarter; one of a whole year is left out."""
        if not quarter_of(period) or isinstance(body, (Tally, Heartbeat, Correction)):
            return
        name = type(body).__name__
        self.facts[period][name] += count
        if service := getattr(body, "service", None):
            self.facts[period][f"{name}/{service}"] += count
        for one in fields(body):
            self.answers[period][f"{name}.{one.name}"] += count
            if str(getattr(body, one.name)) in MISSING_CODES:
                self.missing[period][f"{name}.{one.name}"] += count


def numbers_of(vault: Vault) -> QuarterNumbers:
    """The facts that a vault has now, sent or kept for totals."""
    found = QuarterNumbers()
    counted = "SELECT schema, want, count(*) FROM fact WHERE want IS NOT NULL GROUP BY schema, want"
    for schema, tail, count in vault.all(counted):
        event = decode_tail(schema, tail)
        found.add(event.period, event.body, count)
    return found


def compare_quarters(now: QuarterNumbers, before: QuarterNumbers, over: int, found: Findings) -> None:
    """Find the numbers that are far from the agency's own. `over`: the last quarter that is over.

    A finding has the quarter in place of the file, the number in place of a row.
    """
    for quarter in sorted(quarter for quarter in now.facts if quarter <= over)[-NEWEST:]:
        earlier = [one for one in previous(quarter) if before.facts.get(one)]
        if len(earlier) < LEAST:
            continue
        for thing, number, history in _numbers(now.facts[quarter], [before.facts[one] for one in earlier]):
            if not number and min(history):
                found.add("V02", 0, file=period_text(quarter), column=thing)
            elif is_far(number, history):
                words = f"{number}; your last {len(history)} quarters had {min(history)} to {max(history)}"
                found.add("V01", number, file=period_text(quarter), column=thing, words=words)
        _shares(quarter, now, before, earlier, found)


def _numbers(now: Counter[str], before: Iterable[Counter[str]]) -> Iterator[tuple[str, int, list[int]]]:
    history = list(before)
    for thing in sorted({*now, *(name for counts in history for name in counts)}):
        yield thing, now[thing], [counts[thing] for counts in history]


def _shares(quarter: int, now: QuarterNumbers, before: QuarterNumbers, earlier: list[int], found: Findings) -> None:
    for answer, count in sorted(now.answers[quarter].items()):
        were = sum(before.answers[one][answer] for one in earlier)
        missed = sum(before.missing[one][answer] for one in earlier)
        much = now.missing[quarter][answer] * 2 > count >= AT_LEAST
        if much and were >= AT_LEAST and missed * 4 < were:
            found.add("V03", now.missing[quarter][answer], file=period_text(quarter), column=answer)


def is_far(number: int, history: list[int]) -> bool:
    """Whether a number is outside all of a history, and far from its median."""
    middle = median(history)
    spread = max(median(abs(one - middle) for one in history), middle * 0.05, 1.0)
    return not min(history) <= number <= max(history) and TO_SIGMA * abs(number - middle) / spread > FAR


def previous(quarter: int) -> list[int]:
    """The eight quarters before one, the newest first."""
    year, number, found = year_of(quarter), quarter_of(quarter), []
    for _ in range(QUARTERS):
        year, number = (year, number - 1) if number > 1 else (year - 1, 4)
        if year >= FIRST_YEAR:
            found.append(period_of(year, number))
    return found
