"""A whole list, and a whole chart: what they say, and what they leave unsaid."""

from dataclasses import replace
from decimal import Decimal

from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.formulas import ALL
from exchange.core.metrics.table import BY_METRIC, points
from exchange.core.model.period import period_of
from exchange.core.picture.comparisons.comparing import Rank, Trend
from exchange.core.picture.comparisons.coverage_notes import Coverage, CoverageMoved
from exchange.core.picture.comparisons.measured import Behind
from exchange.core.picture.comparisons.told import charted, ranked
from exchange.core.release.released import Released
from tests.kits.release_world import APRIL, JULY, OCTOBER, everything, released, releases

QUARTERS = [period_of(2026, quarter) for quarter in (1, 2, 3)]
SIZES = {"food": 900, "clothing": 880, "legal": 400, "dental": 100, "other": 5}
GROWTH = {APRIL: 0, JULY: 4, OCTOBER: 300}
TABLES = ("needs_by_service", "unmet_needs_by_service")


def world() -> Released:
    def count(name: str, epoch: int, *cell: object) -> int:
        return SIZES.get(cell[-1][0], 50) + GROWTH[epoch] // (1 if name == TABLES[0] else 2)

    return released(releases(TABLES, APRIL, OCTOBER, count, variance=100))


def of(metric: str, epoch: int, *services: str) -> list[MetricPoint]:
    found = points(world(), epoch, everything, [BY_METRIC[metric]])
    by_service = {dict(one.dimensions)["service"]: one for one in found if one.dimensions[0][0] == "service"}
    return [by_service[service] for service in services]


def test_a_list_has_its_figures_in_order_and_those_not_shown_last() -> None:
    given = of("needs_by_service", APRIL, "other", "legal", "clothing", "food", "dental")
    given[4] = replace(given[4], usable=False)
    told = [(dict(one.point.dimensions)["service"], one.rank, one.words) for one in ranked(given, Behind(world()))]
    assert told == [
        ("food", Rank(1, 2, 3), "between rank 1 and rank 2, of 3 shown"),
        ("clothing", Rank(1, 2, 3), "between rank 1 and rank 2, of 3 shown"),
        ("legal", Rank(3, 3, 3), "the smallest, of 3 shown"),
        ("other", None, "withheld [c]"),
        ("dental", None, "not usable [u]"),
    ]


def test_a_share_and_the_share_of_all_cannot_be_ranked_together() -> None:
    told = ranked(of("unmet_need_share", APRIL, "food", ALL), Behind(world()))
    assert {one.rank for one in told} == {Rank(1, 2, 2)}
    assert told[0].words == "no rank can be told, of 2 shown"


def test_a_chart_tells_all_its_changes_together_and_who_joined() -> None:
    services = ("food", "legal")
    lines = [list(line) for line in zip(*(of(TABLES[0], epoch, *services) for epoch in GROWTH), strict=True)]
    coverage = {QUARTERS[1]: Coverage(Decimal(40), Decimal(10)), QUARTERS[2]: Coverage(Decimal(46), Decimal(10))}
    food, legal = charted(lines, Behind(world()), coverage)
    assert [one.change.trend for one in food] == [one.change.trend for one in legal] == [Trend.CANNOT_TELL, Trend.ROSE]
    assert [one.moved for one in food] == [CoverageMoved.NOT_KNOWN, CoverageMoved.JOINED]
    assert food[1].words == (
        "rose from the second quarter of 2026 to the third quarter of 2026; part of this change may be agencies joining"
    )
    assert food[0].words == (
        "cannot tell whether it rose or fell from the first quarter of 2026 to the second quarter of 2026; whether agencies "
        "joined or left is not known"
    )


def test_more_lines_in_a_chart_make_a_change_harder_to_tell() -> None:
    def pair(later: int) -> Released:
        return released(
            releases(TABLES, APRIL, JULY, lambda _, epoch, *__: 400 if epoch == APRIL else 400 + later, variance=100)
        )

    made = pair(32)  # 2.05 × 10 × √2 is 29.05, and for ten changes 40.7
    found = [list(points(made, epoch, everything, [BY_METRIC[TABLES[0]]])) for epoch in (APRIL, JULY)]
    lines = [list(line) for line in zip(*found, strict=True)][:10]
    behind = Behind(made)
    [[alone]] = charted(lines[:1], behind, {})
    together = charted(lines, behind, {})
    assert alone.change.trend is Trend.ROSE
    assert {one.change.trend for line in together for one in line} == {Trend.CANNOT_TELL}
