"""Who is missing, and whether agencies that joined or left may be part of a change.

    known = coverage(points)               of one period: publishing, silent, known, on time
    note = joiners(coverage(before), coverage(after))

A figure counts what agencies report. It moves when what happens moves, and when agencies join or
leave. No released table holds a constant panel of agencies, so a trend cannot be freed of that. It
can be said when it matters.

Rules kept:
- The part of registered agencies that publish is not enough: when new ones register and publish at
  once, it hardly moves while the figures grow. So the number of publishing agencies is watched too.
- Not knowing is no comfort: where coverage is hidden or missing, the note says that it is not
  known.
- A year's numbers are agencies counted once in each quarter: only periods of one length compare.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from exchange.core.metrics.figures import Dimensions, MetricPoint
from exchange.core.picture.wording.statuses import status_of
from exchange.core.release.catalogue import ON_TIME, PRESENCE, TIMELINESS

POINTS_MAX: Final = Decimal("0.10")
"""Coverage moved if the share of agencies that publish moved by more than this."""
CHANGE_MAX: Final = Decimal("0.10")
"""So it did if the number of agencies that publish moved by more than this part of it."""
PUBLISHING, SILENT = PRESENCE
_TABLES: Final = {"division": "reporting_by_division", "agency_type": "reporting_by_agency_type"}


class CoverageMoved(StrEnum):
    """Whether agencies that joined or left may be part of a change."""

    NO = "coverage hardly moved"
    JOINED = "part of this change may be agencies joining"
    LEFT = "part of this change may be agencies leaving or falling silent"
    NOT_KNOWN = "whether agencies joined or left is not known"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Agencies of one period and place or kind; None: not shown. `late`: of the publishing ones."""

    publishing: Decimal | None = None
    silent: Decimal | None = None
    on_time: Decimal | None = None
    late: Decimal | None = None

    @property
    def known(self) -> Decimal | None:
        """Registered agencies, publishing or silent."""
        return None if self.publishing is None or self.silent is None else self.publishing + self.silent

    @property
    def share(self) -> Decimal | None:
        """The part of them that publish; None: not shown, or there are none."""
        return self.publishing / self.known if self.publishing is not None and self.known else None


def coverage(points: Iterable[MetricPoint], *, division: str = "", agency_type: str = "") -> Coverage:
    """The coverage that the points of one period show: of all, of a division, or of a kind.

    Timeliness is known for all together only.
    """
    by = (("division", division),) if division else (("agency_type", agency_type),) if agency_type else ()
    table = _TABLES[by[0][0]] if by else "reporting"
    cells = {(point.metric, point.dimensions): _number(point) for point in points}

    def cell(metric: str, *dimensions: tuple[str, str]) -> Decimal | None:
        return cells.get((metric, _dimensions(dimensions)))

    return Coverage(
        cell(table, *by, ("presence", PUBLISHING)),
        cell(table, *by, ("presence", SILENT)),
        None if by else cell(ON_TIME.name, ("timeliness", TIMELINESS[0])),
        None if by else cell(ON_TIME.name, ("timeliness", TIMELINESS[1])),
    )


def _dimensions(pairs: Iterable[tuple[str, str]]) -> Dimensions:
    return tuple(pairs)


def _number(point: MetricPoint) -> Decimal | None:
    return point.value if status_of(point).shows_number else None


def joiners(before: Coverage, after: Coverage) -> CoverageMoved:
    """Whether coverage moved so far that agencies may be part of a change between two periods."""
    if before.publishing is None or after.publishing is None or before.share is None or after.share is None:
        return CoverageMoved.NOT_KNOWN
    up = after.share - before.share, after.publishing - before.publishing
    limits = POINTS_MAX, CHANGE_MAX * before.publishing
    if any(moved > limit for moved, limit in zip(up, limits, strict=True)):
        return CoverageMoved.JOINED
    return (
        CoverageMoved.LEFT if any(-moved > limit for moved, limit in zip(up, limits, strict=True)) else CoverageMoved.NO
    )
