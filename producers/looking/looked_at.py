"""Looks at a file as publishing reads it, once for each legal class, without a vault.

    look_at(Path("export.zip"), today) -> LookedAt

Rules kept: the same sources and the same policy as `producers.edge`. Nothing is kept, sent or
asked. No key, client or cell is in the result. The numbers are those of a first run with every
project of the file, before caps and without holds.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from exchange.core.admission.cap_rules import MARKS
from exchange.core.admission.reasons import SMALL_COUNT_MAX
from exchange.core.counting.tables import MISSING_CODES
from exchange.core.model.events import About, Correctable
from exchange.core.model.vocabulary import LegalClass
from producers.caps.policy import Leaves, Policy, SwitchedOff
from producers.caps.tally import count, current_quarter
from producers.cooperative import some_at_once
from producers.delivery.report import Report
from producers.facts import Fact, NotWhole, Reading, RowIgnored, RowRefused, Source, Taken
from producers.looking.undecided_profile import undecided_profile
from producers.overview import Overseen, Overview
from producers.sources import open_source
from producers.vault.event_tail import newest_id, with_cap

CLASSES: Final = (LegalClass.individual, LegalClass.year_only, LegalClass.tally_only)


@dataclass(slots=True)
class WouldLeave:
    """What would leave under one legal class.

    `bodies`: facts by body that leave as events. `kept`: facts about clients that stay for totals.
    `totals`: of the quarters that are over; `small`: of these, with a count of 1–10. `unnamed`:
    facts about clients that name no client. `switched_off`: facts of sensitive codes.
    """

    legal_class: LegalClass
    bodies: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    totals: int = 0
    small: int = 0
    unnamed: int = 0
    switched_off: int = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers in one field of one body. `missing`: of `facts`, without a known answer."""

    body: str
    field: str
    facts: int
    missing: int


@dataclass(frozen=True, slots=True)
class RefusedRule:
    """One broken rule. `rows`: how often; `follows`: only because something else was refused."""

    file: str
    column: str
    rule: str
    rows: int
    follows: bool


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A file, looked at. `taken`: how it is taken as a whole. `not_whole`: what of it is missing.

    `periods`: the first and the last of its facts, 0 if it has none. `ignored`: why rows are not
    for the exchange. `identifying`: kind of identifier → columns that look like it, and are not
    read. `refusals`, `ignored` and `answers` are those of the class under which most is read.
    """

    rows: int
    taken: tuple[str, ...]
    not_whole: tuple[str, ...]
    periods: tuple[int, int]
    leaves: tuple[WouldLeave, ...]
    refusals: tuple[RefusedRule, ...]
    ignored: dict[str, int]
    answers: tuple[Answers, ...]
    identifying: dict[str, int]
    overview: Overview | None


def look_at(path: Path, today: date, report: Callable[[int], None] = lambda _: None) -> LookedAt:
    """Look at a file. `report`: called now and then with the rows read so far.

    Raises SourceUnreadable.
    """
    looks = [_Look(of, current_quarter(today)) for of in CLASSES]
    source: Source = open_source(path, undecided_profile(CLASSES[0]))
    overview = source.overview() if isinstance(source, Overseen) else None
    rows = 0
    for look in looks:
        source = open_source(path, undecided_profile(look.leaves.legal_class))
        for some in some_at_once(source.read()):
            look.take(some)
            report(rows + look.report.rows)
        rows += look.report.rows
        look.end()
    most = max(looks, key=lambda look: look.facts)
    return LookedAt(
        rows=most.report.rows,
        taken=tuple(dict.fromkeys(most.report.taken)),
        not_whole=tuple(sorted(most.report.not_whole)),
        periods=(most.first, most.last),
        leaves=tuple(look.leaves for look in looks),
        refusals=tuple(_folded(most.report.refused_rows)),
        ignored=dict(most.report.ignored.most_common()),
        answers=tuple(most.answers()),
        identifying=dict(source.stays_here),
        overview=overview,
    )


class _Look:
    """One reading of the file, under one legal class."""

    def __init__(self, legal_class: LegalClass, newest: int) -> None:
        self.leaves, self.report = WouldLeave(legal_class), Report()
        self.facts = self.first = self.last = 0
        self._policy, self._newest = Policy(legal_class, newest=newest), newest
        self._kept: Counter[tuple[int, bytes]] = Counter()
        self._bodies: Counter[Correctable] = Counter()

    def take(self, readings: Sequence[Reading]) -> None:
        """Count readings as the edge would."""
        self.report.saw(readings)
        for reading in readings:
            self._take(reading)

    def _take(self, reading: Reading) -> None:
        match reading:
            case Fact():
                self._fact(reading)
            case RowRefused():
                self.report.refuse(reading)
            case RowIgnored():
                self.report.ignored[reading.why] += 1
            case Taken():
                self.report.taken.append(reading.words)
            case NotWhole():
                self.report.not_whole[reading.why] += 1
            case _:
                pass

    def _fact(self, fact: Fact) -> None:
        judged = self._policy.judge(fact.period, fact.state, fact.body)
        unnamed = fact.body.about is About.CLIENT and not fact.client
        if isinstance(judged, SwitchedOff):
            self.leaves.switched_off += 1
        elif isinstance(judged, Leaves):
            self.leaves.unnamed += unnamed
            self.leaves.kept += judged.for_tally
            if not judged.for_tally:
                self.leaves.bodies[type(fact.body).__name__] += 1
            elif not unnamed:
                self._kept[newest_id(), with_cap(judged.tail, MARKS)] += 1
            self._read(fact)
        else:
            self.report.refuse(RowRefused(fact.where, judged.column, judged.rule, period=fact.period))

    def _read(self, fact: Fact) -> None:
        self.facts += 1
        self._bodies[fact.body] += 1
        self.first = min(self.first or fact.period, fact.period)
        self.last = max(self.last, fact.period)

    def end(self) -> None:
        """Count the totals of the quarters that are over."""
        counted = count(self._kept, self._newest)
        self.leaves.totals = len(counted)
        self.leaves.small = sum(any(0 < n <= SMALL_COUNT_MAX for n in counts) for counts in counted.values())

    def answers(self) -> Iterator[Answers]:
        """The fields of every body with their missing answers."""
        facts: Counter[tuple[str, str]] = Counter()
        missing: Counter[tuple[str, str]] = Counter()
        for body, times in self._bodies.items():
            if body.about is not About.CLIENT:
                continue
            for name in type(body).__dataclass_fields__:
                value, place = getattr(body, name), (type(body).__name__, name)
                if isinstance(value, str):
                    facts[place] += times
                    missing[place] += times * (value in MISSING_CODES)
        return (Answers(*place, facts[place], missing[place]) for place in sorted(facts))


def _folded(rows: list[RowRefused]) -> Iterator[RefusedRule]:
    """Each broken rule once: causes first, the commonest first."""
    found = Counter((row.follows, row.where.file, row.column, row.rule) for row in rows)
    for (follows, file, column, rule), times in sorted(found.items(), key=lambda one: (one[0][0], -one[1], one[0])):
        yield RefusedRule(file, column, rule, times, follows)
