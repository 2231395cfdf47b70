"""Which questions the releases answer precisely enough, and what the others would cost.

Worked out before anything is released, by the very formulas and intervals of the published points:
they are asked about releases that hold the planned public sizes as they are
(`exchange.wire.planned_sizes`), with the variance of the budget. Figures of agencies have no noise.

A question is met if the half-widths of its figures are within its precision, or of as many of them
as it asks for. If it is not, `costs` names the part of the budget (of `WHOLE`) that each of its
tables would need, by making the noise smaller until it is met.

Not predicted: how many agencies take part, and what caps leave out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import ceil
from typing import Final

from exchange.core.counting.tables import Tier
from exchange.core.metrics.estimates import Estimate, Exact
from exchange.core.metrics.figures import Says, terms_of, worked
from exchange.core.metrics.questions import QUESTIONS, Precision, Question, Span
from exchange.core.metrics.table import BY_METRIC
from exchange.core.metrics.usability import Yearly, expected
from exchange.core.metrics.view import Sum, View
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import period_of, quarter_of
from exchange.core.release.budget import RHO_TOTAL, TABLE_COSTS, WHOLE
from exchange.core.release.catalogue import DECLARED, CatalogueEntry
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import is_due, periods_due

JANUARY: Final = epoch_of(2027, 1)
"""The epoch that draws a last quarter and its year. Any would do: each has the same calendar."""
PERIODS: Final = {Span.QUARTER: period_of(2026, 4), Span.YEAR: period_of(2026)}
FIRST: Final = {Tier.NATION_QUARTERLY: epoch_of(2026, 4), Tier.NATION_YEARLY: JANUARY, Tier.STATE_YEARLY: JANUARY - 24}
"""The first release that a figure needs: a mean is of three years."""
OF_AGENCIES: Final = 100
"""The size of a cell about agencies: without noise, any will do."""
_STEPS: Final = 24


@dataclass(frozen=True, slots=True)
class Cost:
    """A table's part of the budget now, and the part that would meet a question."""

    table: str
    part: int
    needed: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a question is met.

    `figures`, `precise`: how many there are, and how many are precise enough. `half_width`: of the
    one that decides; None: it has no bound, or nothing is expected there.
    """

    question: Question
    figures: int
    precise: int
    half_width: Exact | None
    costs: tuple[Cost, ...] = ()

    @property
    def met(self) -> bool:
        """Whether enough figures are precise enough."""
        return bool(self.figures) and self.precise >= (self.question.least or self.figures)


def answer_of(question: Question, widths: Sequence[Exact | None]) -> Answer:
    """The answer of figures with these half-widths."""
    ranked = sorted(widths, key=lambda width: (width is None, width or 0))
    deciding = ranked[min(question.least or len(ranked), len(ranked)) - 1] if ranked else None
    return Answer(question, len(widths), sum(question.precision.holds(width) for width in widths), deciding)


def half_width(precision: Precision, value: Exact | None, low: Exact | None, high: Exact | None) -> Exact | None:
    """Of a value and its interval, as this precision is measured; None: it has no bound."""
    if value is None or low is None or high is None:
        return None
    wide = max(high - value, value - low)
    if precision.points:
        return wide
    return Fraction(wide) / value if value else None


def answers(yearly: Yearly, questions: Iterable[Question] = QUESTIONS) -> Iterator[Answer]:
    """The answer to each question, if the nation has these sizes in a year."""
    planned = PlannedReleases(yearly)
    for question in questions:
        if question.missing:
            yield Answer(question, 0, 0, None)
            continue
        asked = Asked(question, planned)
        found = asked.answer()
        yield found if found.met else replace(found, costs=tuple(asked.costs()))


class PlannedReleases:
    """The releases of planned sizes: those of a table are made once, for all questions to it."""

    def __init__(self, yearly: Yearly) -> None:
        self._yearly = yearly
        self._made: dict[str, Sequence[Release]] = {}

    def of(self, table: str) -> Sequence[Release]:
        """All releases of a table that its figures need."""
        if table not in self._made:
            self._made[table] = tuple(_releases(table, self._yearly))
        return self._made[table]


class Asked:
    """A question to the releases of planned sizes."""

    def __init__(self, question: Question, planned: PlannedReleases) -> None:
        metric, period = BY_METRIC[question.metric], PERIODS[question.span]
        self.question = question
        releases = (one for table in metric.tables for one in planned.of(table))
        self._view = View(Released().taking(releases), JANUARY)
        figures = (one for one in metric.formula(self._view) if one.period == period)
        self._says = [one.says for one in figures if question.about(dict(one.dimensions))]

    def answer(self, noise: Fraction = Fraction(1)) -> Answer:
        """The answer if the variance of all noise is so many times what it is."""
        return answer_of(self.question, self.half_widths(noise))

    def half_widths(self, noise: Fraction = Fraction(1)) -> list[Exact | None]:
        """Of each figure, as the question measures precision."""
        return [self._half_width(says, noise) for says in self._says]

    def _half_width(self, says: Says, noise: Fraction) -> Exact | None:
        found = worked(lambda term: _with_noise(self._view.estimate(term), noise), says)
        return half_width(self.question.precision, found.value, *found.interval)

    def costs(self) -> Iterator[Cost]:
        """The part that each table would need: by halving, as more noise widens every interval."""
        low, high = Fraction(0), Fraction(1)
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.answer(middle).met else (low, middle)
        for table in self._tables() if low else ():
            part = TABLE_COSTS[table].part / RHO_TOTAL * WHOLE
            yield Cost(table, int(part), ceil(part / low))

    def _tables(self) -> Iterable[str]:
        """The tables that its figures are made of."""
        return dict.fromkeys(one.table for says in self._says for term in terms_of(says) for one in term)


def _with_noise(estimate: Estimate | None, times: Fraction) -> Estimate:
    """The estimate as it would be if the variance of its noise were so many times what it is."""
    assert estimate is not None  # planned sizes have no hole
    noise = {replace(block, variance=block.variance * times): cells for block, cells in estimate.noise.items()}
    return Estimate(estimate.value, noise)


def _releases(table: str, yearly: Yearly) -> Iterator[Release]:
    """All releases of a table that its figures need, with the sizes that are expected."""
    one = DECLARED[table]
    variance = TABLE_COSTS[table].variance if one.bit else Fraction(0)
    for epoch in range(FIRST[one.tier], JANUARY + 1):
        if is_due(one.tier, epoch):
            counts = tuple(n for period in periods_due(one.tier, epoch) for n in _sizes(one, period, yearly))
            shape = (one.places, one.dimensions, one.codes)
            yield Release(table, one.tier, one.bit, epoch, *shape, counts, variance)


def _sizes(one: CatalogueEntry, drawn: int, yearly: Yearly) -> Iterator[int]:
    """Of each cell in a drawn period. Of the records of a year as a whole, none are expected."""
    nothing = one.tier is Tier.NATION_QUARTERLY and not quarter_of(drawn)
    for place, values in product(one.places, product(*one.codes)):
        size = expected(Sum(one.name, drawn, (place,), (values,)), yearly) if one.bit else Fraction(OF_AGENCIES)
        yield 0 if nothing else round(size)
