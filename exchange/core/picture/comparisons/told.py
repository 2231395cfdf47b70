"""What a list and a chart may say as a whole: ranks in a list, changes in a chart.

    ranked(points, behind)               one list: the shown figures in order, then the others
    charted(series, behind, coverage)    one chart: each line's changes from period to period

Rules kept: the ranks of a list hold together, and so do the changes of a chart
(`exchange.core.picture.comparisons.comparing`); so hand over a whole list or chart, never a part of
it. Figures that are not shown have no rank, and the others' ranks are among the shown. Beside a
change stands whether agencies may be part of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Period
from exchange.core.picture.comparisons.comparing import Change, Rank, Trend, change, ranks
from exchange.core.picture.comparisons.coverage_notes import Coverage, CoverageMoved, joiners
from exchange.core.picture.comparisons.measured import Behind
from exchange.core.picture.wording.phrases import period_words
from exchange.core.picture.wording.statuses import status_of


@dataclass(frozen=True, slots=True)
class RankedPoint:
    """A figure of a list. `rank` None: it is not shown, or has no number that can be ranked."""

    point: MetricPoint
    rank: Rank | None

    @property
    def words(self) -> str:
        """Such as `among the two largest, of 24 shown`; else its status."""
        if self.rank is None:
            status = status_of(self.point)
            return "not ranked" if status.shows_number else status.cell
        return f"{self.rank.words}, of {self.rank.of} shown"


@dataclass(frozen=True, slots=True)
class ToldChange:
    """A change from one point of a line to the next, and whether agencies may be part of it."""

    earlier: MetricPoint
    later: MetricPoint
    change: Change
    moved: CoverageMoved

    @property
    def words(self) -> str:
        """Such as `rose from 2025 to 2026; part of this change may be agencies joining`."""
        span = f"from {period_words(self.earlier)} to {period_words(self.later)}"
        told = f"cannot tell whether it rose or fell {span}" if self.change.trend is Trend.CANNOT_TELL else ""
        return f"{told or f'{self.change.trend} {span}'}; {self.moved}"


def ranked(points: Iterable[MetricPoint], behind: Behind) -> tuple[RankedPoint, ...]:
    """All figures of one list, the largest first; those without a rank last, in their order."""
    found = [(point, behind.of(point)) for point in points]
    shown = [(point, figure) for point, figure in found if figure is not None and figure.value is not None]
    shown.sort(key=lambda pair: (-(pair[1].value or 0), pair[0].dimensions))
    places = ranks([figure for _, figure in shown])
    inside = {id(point) for point, _ in shown}
    rest = [RankedPoint(point, None) for point, _ in found if id(point) not in inside]
    return (*(RankedPoint(point, place) for (point, _), place in zip(shown, places, strict=True)), *rest)


def charted(
    series: Sequence[Sequence[MetricPoint]], behind: Behind, coverage: Mapping[Period, Coverage]
) -> tuple[tuple[ToldChange, ...], ...]:
    """The changes of every line of one chart. `coverage`: by period; missing: not known.

    Each line is one figure's points in the order of their periods.
    """
    steps = [list(pairwise(line)) for line in series]
    among = sum(map(len, steps))
    nothing = Coverage()
    return tuple(
        tuple(
            ToldChange(
                earlier,
                later,
                change(behind.of(earlier), behind.of(later), among=among),
                joiners(coverage.get(earlier.period, nothing), coverage.get(later.period, nothing)),
            )
            for earlier, later in line
        )
        for line in steps
    )
