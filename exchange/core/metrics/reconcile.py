"""Reconciled margins: a total that several tables show gets one value, by least squares.

    View(released, epoch, reconciled(released, epoch))

Nothing in production uses this. It is one module behind one seam of `exchange.core.metrics.view`
(`cells_of`), and stays because the rule of released figures never changes: if two tables are
declared whose totals the rules of edge and gate keep equal, they must be reconciled from their
first release on (PRIVACY: one source for each figure). Their author then finds the arithmetic here,
proven by tests. `MARGINS` holds the example that the tests use; it may not be applied today (see
below).

The rule, in each span (the months that a quarterly release of the parts covers) and bucket: let m_0
be the sum of the total's increments, m_i the sum of the n_i cells of part table i, v their
variances (v_i = n_i·σ_i²). Then T = Σ(m/v) / Σ(1/v) is the best linear unbiased value, Var T =
1/Σ(1/v). Each part's cells are shifted by (T − m_i)/n_i. A cell keeps the deviation of its own
noise from the mean of its table's (*centred* noise), and has T/n_i besides. So the total, the sum
of its parts and every share of them are the same bytes.

A part is in a span only if facts that were public before any noise say so: its released domain is
its whole domain (no code is kept out), and the total's releases cover exactly its months, all of
one quarter, so that buckets mean the same. One more test looks at values: margins further apart
than `APART` standard deviations are not the same total, whatever was declared, and stay as they
are.

Trusted, not checked: every event in the total is in exactly one cell of each part (`Margin.why`),
under one cap. A breach breaks the intervals, and is too small for `APART` to notice. Two can happen
today: a field that does not apply; an agency whose `Tally` of the total is sent while that of a
part is held back (with parts 2 % too low, the total's interval holds in 88 %, not 95 %). For
`cases` to be reconciled, a field of `CaseOpened` must always apply, and an agency's tallies must be
sent all together or not at all.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from exchange.core.metrics.estimates import Block, Estimate, Exact, Load
from exchange.core.metrics.view import CellsOf, Period, increments_to, shown_increments
from exchange.core.model.epochs import quarter_of_epoch
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.released import Release, Released
from exchange.core.release.tiers import Bucket

APART: Final = 5
"""Honest margins are further apart once in 1.7 million."""


@dataclass(frozen=True, slots=True)
class Margin:
    """A total, the one-way tables that split the same events, and why they are the same."""

    total: str
    parts: tuple[str, ...]
    why: str


MARGINS: Final = (
    Margin(
        "cases",
        ("cases_by_age_group",),
        "each `CaseOpened` has one age band, and both tables count one event of a client and quarter",
    ),
)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A reconciled bucket: each cell is `shift` more, and has `weight` of the total's noise.

    `seen`: the tables that show the total, as a name for its noise.
    """

    shift: Exact
    weight: Exact
    total_variance: Exact
    seen: str


Where = tuple[str, int, Bucket]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A margin of one span and bucket: the releases that add up to it, its sum and variance."""

    releases: Sequence[Release]
    value: int
    variance: Exact


def reconciled(released: Released, epoch: int, margins: Iterable[Margin] = MARGINS) -> CellsOf:
    """The cells of a view of these releases and this epoch, with the margins reconciled."""
    adjusted = adjustments(released, epoch, margins)

    def cells_of(chain: Sequence[Release], period: Period, parts: Container[int]) -> list[Estimate | None]:
        return _cells(chain, period, parts, adjusted)

    return cells_of


def _cells(
    chain: Sequence[Release], period: Period, parts: Container[int], adjusted: Mapping[Where, Adjusted]
) -> list[Estimate | None]:
    """As `raw_cells`, with the adjustments.

    A cell has raw noise, centred noise, and a part of each total's.
    """
    columns: list[tuple[int | None, ...]] = []
    shift: Exact = 0
    raw: Exact = 0
    centred: Exact = 0
    totals: dict[str, tuple[Exact, Exact]] = {}
    for release, bucket in increments_to(chain, parts):
        columns.append(shown_increments(release, bucket))
        change = adjusted.get((release.table, release.epoch, bucket))
        if change is None:
            raw += release.variance
            continue
        shift, centred = shift + change.shift, centred + release.variance
        if change.weight:
            totals[change.seen] = change.weight, totals.get(change.seen, (0, 0))[1] + change.total_variance
    table, cells = chain[0].table, chain[0].cells
    shared: dict[Load, Exact] = {(Block(seen, period, v, "total"), 0): w for seen, (w, v) in totals.items()}
    own, around = Block(table, period, raw), Block(table, period, centred, "centred")
    return [
        None
        if None in column
        else Estimate(shift + sum(n or 0 for n in column), {**shared, **_raw(own, i), **_centred(around, i, cells)})
        for i, column in enumerate(zip(*columns, strict=True))
    ]


def _raw(block: Block, cell: int) -> dict[Load, Exact]:
    return {(block, cell): 1} if block.variance else {}


def _centred(block: Block, cell: int, cells: int) -> dict[Load, Exact]:
    """The noise of a cell less the mean of all."""
    if not block.variance or cells == 1:
        return {}
    return {(block, other): int(other == cell) - Fraction(1, cells) for other in range(cells)}


def adjustments(released: Released, epoch: int, margins: Iterable[Margin] = MARGINS) -> Mapping[Where, Adjusted]:
    """The changes to the releases up to and with an epoch."""
    found: dict[Where, Adjusted] = {}
    for margin in margins:
        totals = released.until(margin.total, epoch)
        parts = [release for name in margin.parts for release in released.until(name, epoch)]
        for end in sorted({release.epoch for release in parts}):
            found.update(_of_span(totals, [part for part in parts if part.epoch == end]))
    return found


def _of_span(totals: Sequence[Release], parts: Sequence[Release]) -> Iterator[tuple[Where, Adjusted]]:
    comparable = [(part, tile) for part in parts if (tile := _tile(totals, part))]
    if not comparable:
        return
    tile = comparable[0][1]
    for bucket in tile[0].buckets:
        whole = _seen(tile, bucket)
        margins = [_seen([part], bucket) for part, same in comparable if same == tile]
        margins = [margin for margin in margins if _near(whole, margin)]
        if margins:
            yield from _adjusted(bucket, [whole, *margins])


def _tile(totals: Sequence[Release], part: Release) -> list[Release]:
    """The total's releases that cover exactly a part's months; none unless the part is whole."""
    tile = [release for release in totals if part.since <= release.epoch <= part.epoch]
    if not tile or not DECLARED[part.table].whole or not part.variance:
        return []
    starts = [part.since, *(release.epoch + 1 for release in tile)]
    covered = [release.since for release in tile] == starts[:-1] and tile[-1].epoch == part.epoch
    return tile if covered and quarter_of_epoch(part.since) == quarter_of_epoch(part.epoch) else []


def _seen(releases: Sequence[Release], bucket: Bucket) -> _Seen:
    cells = [n for release in releases for n in release.of(bucket)]
    return _Seen(releases, sum(n or 0 for n in cells), sum(release.cells * release.variance for release in releases))


def _near(one: _Seen, other: _Seen) -> bool:
    return (one.value - other.value) ** 2 <= APART**2 * (one.variance + other.variance)


def _adjusted(bucket: Bucket, seen: Sequence[_Seen]) -> Iterator[tuple[Where, Adjusted]]:
    precision = sum((1 / Fraction(margin.variance) for margin in seen), Fraction(0))
    best = sum((margin.value / Fraction(margin.variance) for margin in seen), Fraction(0)) / precision
    through = " ".join(margin.releases[0].table for margin in seen)
    for margin in seen:
        *others, last = margin.releases
        for release in others:  # all of the total's months but the last: their noise is in the total now
            yield (release.table, release.epoch, bucket), Adjusted(0, 0, 1 / precision, through)
        shift, weight = (best - margin.value) / last.cells, Fraction(1, last.cells)
        yield (last.table, last.epoch, bucket), Adjusted(shift, weight, 1 / precision, through)
