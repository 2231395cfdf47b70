"""Overlapping margins, reconciled once: the same total seen through several tables gets one value, by weighted least squares.

Here, and nowhere else, is it decided which figure is *the* figure. Every path to a figure goes through
`exchange.core.metrics.view`, which applies these adjustments to the increments before anything is summed; so the total, the sum of
its parts and every share of them are the same bytes. What has no row in `MARGINS` has one table only: the one it is read from.

The rule, in each span (the months that a quarterly release of the parts covers) and bucket: let m_0 be the sum of the
total's increments, m_i the sum of the n_i cells of part table i, v their variances (v_i = n_i·σ_i²). Then
T = Σ(m/v) / Σ(1/v) is the best linear unbiased value, Var T = 1/Σ(1/v); each part's cells are shifted by (T − m_i)/n_i.
What is left of a cell's own noise is its deviation from its table's mean (a *centred* block); besides it holds T/n_i.

A part takes part in a span only if that is fixed by what is public before any noise: its released domain is its whole
domain (no code is kept out), and the total's releases cover exactly its months, all of one quarter, so that buckets mean
the same. One thing more is looked at: margins further apart than `APART` standard deviations are not the same total,
whatever was declared, and stay as they are.

Trusted, not checked: that every event in the total is in exactly one cell of each part (`Margin.why`), under one cap. What
breaks this breaks the intervals, too little for `APART` to see it: a field that does not apply, or an agency whose `Tally` of
the total is sent while that of a part is held back (parts 2 % too low: the total's interval holds in 88 %, not 95 %). Both can
happen today, so none of `MARGINS` is applied unless asked for (`HELD`). This stands here nevertheless, and is tested, because
released figures never change their rule: the first two tables whose equality edge and gate do keep must be reconciled from
their first release on (PRIVACY: one source for each figure), and whoever declares them finds the arithmetic proven.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from exchange.core.metrics.estimates import Exact
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


HELD: Final[tuple[Margin, ...]] = ()
"""Those whose equality the rules of edge and gate keep. For `cases`: not until a field of `CaseOpened` always applies and
an agency's tallies leave all together or not at all."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """One bucket of one release after reconciliation: each cell is `shift` more, and holds `weight` of the total's noise.

    `seen`: the tables that the total was seen through, which tells its noise from that of other spans.
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


def adjustments(released: Released, epoch: int, margins: Iterable[Margin] = MARGINS) -> Mapping[Where, Adjusted]:
    """What reconciliation changes in the releases up to and with an epoch."""
    found: dict[Where, Adjusted] = {}
    for margin in margins:
        totals = released.until(margin.total, epoch)
        parts = [release for name in margin.parts for release in released.until(name, epoch)]
        for end in sorted({release.epoch for release in parts}):
            found.update(_of_span(totals, [part for part in parts if part.epoch == end]))
    return found


def _of_span(totals: Sequence[Release], parts: Sequence[Release]) -> Iterator[tuple[Where, Adjusted]]:
    fitting = [(part, tile) for part in parts if (tile := _tile(totals, part))]
    if not fitting:
        return
    tile = fitting[0][1]
    for bucket in tile[0].buckets:
        whole = _seen(tile, bucket)
        margins = [_seen([part], bucket) for part, same in fitting if same == tile]
        margins = [margin for margin in margins if _near(whole, margin)]
        if margins:
            yield from _adjusted(bucket, [whole, *margins])


def _tile(totals: Sequence[Release], part: Release) -> list[Release]:
    """The total's releases that cover exactly a part's months; none where they do not, or where the part is not whole."""
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
        for release in others:  # of the total's months all but the last: their noise is in the total now
            yield (release.table, release.epoch, bucket), Adjusted(0, 0, 1 / precision, through)
        shift, weight = (best - margin.value) / last.cells, Fraction(1, last.cells)
        yield (last.table, last.epoch, bucket), Adjusted(shift, weight, 1 / precision, through)
