"""What of an input could not be read, and which cells of a report that leaves incomplete.

Rules kept: a row that was refused, a file that is missing and a row that waits for consent say
nothing about how many there were: a cell that they may belong to is incomplete, and names them.
Where it is not known which cells those are, they are all.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from exchange.core.model import events as e
from exchange.core.model.period import period_text
from exchange.core.words import number_of
from producers.checks.from_publishing import rule_of
from producers.facts import NotWhole, RowIgnored, RowRefused, Taken
from producers.reports.counted_facts import HOUSING, STAYS, Evidence
from producers.reports.report_period import ReportPeriod
from producers.sources.hmis.hmis_stays import AGES, HEADS, MOVES, SEX
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.walk import NEWER
from producers.sources.sheets.form.consent import KEPT_BACK

PARTLY: Final = "The file is no full export of whole quarters, so rows may be missing."
_REFERRALS: Final = frozenset({e.ReferralMade, e.ReferralResolved, e.NeedIdentified, e.NeedUnmet, e.ServiceProvided})
REACHES: Final[Mapping[str, frozenset[Evidence]]] = {
    layout.EXIT.name: frozenset({e.CaseClosed, e.TraffickingFacts, e.OutcomeAssessed, e.ServiceProvided, STAYS}),
    layout.SERVICES.name: _REFERRALS,
    layout.EVENT.name: _REFERRALS,
    layout.HEALTH.name: frozenset({e.OutcomeAssessed, e.HealthObserved}),
    layout.PROJECT_COC.name: frozenset(),
}
"""File of an HMIS export → what its rows may state; a row of any other may concern everything.

ProjectCoC.csv gives the state alone, which no report counts."""
_BORN: Final[frozenset[Evidence]] = frozenset(
    {e.CaseOpened, e.TraffickingFacts, e.OutcomeAssessed, e.HealthObserved, AGES}
)
BY_COLUMN: Final[Mapping[tuple[str, str], frozenset[Evidence]]] = {
    (layout.ENROLLMENT.name, "MoveInDate"): frozenset({HOUSING, MOVES}),
    (layout.ENROLLMENT.name, layout.RELATION): frozenset({e.CaseOpened, e.CaseClosed, HEADS}),
    (layout.ENROLLMENT.name, "ReferralSource"): frozenset({e.CaseOpened}),
    (layout.ENROLLMENT.name, "LivingSituation"): frozenset({e.OutcomeAssessed}),
    (layout.CLIENT.name, "DOB"): _BORN,
    (layout.CLIENT.name, "DOBDataQuality"): _BORN,
    **{(layout.CLIENT.name, name): frozenset({e.CaseOpened, SEX}) for name in ("Sex", *layout.GENDERS_2024)},
}
"""File and column → what a refused cell costs, where the row is read all the same."""

Place = tuple[str, str]
"""A file, and the column if only what hangs on it is lost."""


@dataclass(slots=True)
class DamageSeen:
    """What could not be read.

    `rows`: by place, the rows; `before`: those that surely lie before the period; `whole`: files
    that are missing or damaged, and why. `unasked`: rows that stay unread until somebody has asked
    for consent. `causes`: file and rule → the rows. `is_dated`: whether the input states the
    quarters that it `covers`.
    """

    period: ReportPeriod
    is_hmis: bool
    rows: dict[Place, set[int]] = field(default_factory=dict)
    before: dict[Place, set[int]] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)
    unasked: int = 0
    causes: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    covers: tuple[int, int] | None = None
    is_dated: bool = False

    def refused(self, refused: RowRefused) -> None:
        """Take a refusal, unless it costs the report nothing."""
        period = refused.period
        if refused.rule == NEWER or period > self.period.quarters[-1]:
            return
        is_before = period and not self.period.has(period) and not self.period.cuts(period)
        if not is_before:
            rows_of = self.causes.setdefault((self._file(refused.where.file), rule_of(refused)), set())
            rows_of.add(refused.where.row)
        column = refused.column if (refused.where.file, refused.column) in BY_COLUMN and refused.where.row else ""
        rows = self.before if is_before else self.rows
        rows.setdefault((self._file(refused.where.file), column), set()).add(refused.where.row)

    def not_whole(self, reading: NotWhole) -> None:
        """Take a part that is missing or damaged."""
        self.whole[self._file(reading.where.file)] = reading.why

    def ignored(self, reading: RowIgnored) -> None:
        """Count a row that stays unread until somebody has asked for consent."""
        self.unasked += reading.why == KEPT_BACK

    def taken_as(self, taken: Taken) -> None:
        """Take the quarters that the input covers."""
        self.is_dated, self.covers = True, taken.covers

    @property
    def is_damaged(self) -> bool:
        """Whether anything that may belong to the period could not be read."""
        return bool(self.rows or self.whole or self.unasked or any(self._period_words()))

    def coverage(self) -> Iterator[str]:
        """What the input covers, in a sentence, if it states that."""
        if self.is_dated:
            yield (
                f"The file is a full export of {' to '.join(map(period_text, self.covers))}." if self.covers else PARTLY
            )

    def _file(self, name: str) -> str:
        """The name that a standard gives; a person gives any other, and it could hold a name."""
        return name if self.is_hmis else "the file"

    def words(self, needed: Collection[Evidence], *, looks_back: bool = False) -> Iterator[str]:
        """Why a cell that needs these is incomplete: nothing if it is complete.

        `looks_back`: whether it also needs what was before the period.
        """
        yield from self._period_words()
        damaged = [self.rows, *([self.before] if looks_back else ())]
        places = [(place, rows) for some in damaged for place, rows in some.items() if self._reaches(place, needed)]
        rows = {(file, row) for (file, _), found in places for row in found}
        if count := sum(row > 0 for _, row in rows):
            yield f"{number_of(count, 'row')} could not be read"
        parts = {file for file, row in rows if not row and file not in self.whole}
        yield from (f"a part of {file} could not be read" for file in sorted(parts))
        yield from (f"{file}: {why}" for file, why in self.whole.items() if self._reaches((file, ""), needed))
        if self.unasked:
            yield f"{number_of(self.unasked, 'row')} without an answer on consent are not counted"

    def _reaches(self, place: Place, needed: Collection[Evidence]) -> bool:
        reached = BY_COLUMN.get(place, REACHES.get(place[0])) if self.is_hmis else None
        return reached is None or any(one in reached for one in needed)

    def _period_words(self) -> Iterator[str]:
        if not self.is_dated:
            return
        if self.covers is None:
            yield "the export is no full one of whole quarters, so rows may be missing"
        elif not self.period.within(*self.covers):
            yield "the export does not cover the whole period"
