"""Every point has one status, and what shows no number has words in its place."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import METRICS, points
from exchange.core.metrics.view import Origin
from exchange.core.picture.wording.statuses import FigureStatus, status_of
from exchange.core.release.catalogue import DECLARED
from tests.kits.release_world import AFTER, APRIL, everything, released, releases

EXACT, NOISY = "places_by_service", "needs_by_service"


def a_point(*tables: str, value: int | None = 40, withheld: bool = False, usable: bool = True) -> MetricPoint:
    number = None if value is None else Decimal(value)
    origins = tuple(Origin(table, APRIL) for table in tables)
    return MetricPoint("any", (), 1, APRIL, number, number, number, "events", withheld, usable, origins)


def hidden(*tables: str) -> FigureStatus:
    return status_of(a_point(*tables, value=None, withheld=True))


def test_a_usable_number_is_shown() -> None:
    assert status_of(a_point(NOISY)) is FigureStatus.SHOWN


def test_arrivals_so_far_are_provisional() -> None:
    assert status_of(replace(a_point("arrivals_cases"), period=None)) is FigureStatus.PROVISIONAL
    assert (
        status_of(replace(a_point("arrivals_cases", value=None, withheld=True), period=None)) is FigureStatus.WITHHELD
    )


def test_the_status_names_whose_threshold_hides_a_figure() -> None:
    assert hidden(NOISY) is hidden(NOISY, "cases") is FigureStatus.WITHHELD
    assert hidden(EXACT) is hidden("reporting") is FigureStatus.HIDDEN_AGENCIES


@pytest.mark.parametrize("tables", [(NOISY, EXACT), (NOISY, "a_later_table"), ("a_later_table",), ()])
def test_where_either_may_hide_it_the_status_names_both(tables: tuple[str, ...]) -> None:
    assert hidden(*tables) is FigureStatus.HIDDEN_PART


def test_what_is_not_usable_is_so_whatever_its_noise() -> None:
    for value, withheld in ((40, False), (None, True)):
        assert status_of(a_point(NOISY, value=value, withheld=withheld, usable=False)) is FigureStatus.NOT_USABLE


def test_nothing_to_divide_by_is_undefined() -> None:
    assert status_of(a_point(EXACT, value=None)) is FigureStatus.UNDEFINED


def test_only_a_status_that_shows_numbers_is_given_to_a_point_with_one() -> None:
    made = releases(
        DECLARED, APRIL, AFTER, lambda *cell: None if len(cell[0]) % 2 and not DECLARED[cell[0]].bit else 12
    )
    found = list(points(released(made), AFTER, everything))
    assert {one.metric for one in found} == {metric.name for metric in METRICS if not metric.name.endswith("_mean")}
    for one in found:
        assert status_of(one).shows_number == (one.value is not None)


def test_words_are_unique_and_stand_in_for_every_number_that_is_not_shown() -> None:
    assert len({status.word for status in FigureStatus}) == len(FigureStatus)
    for status in FigureStatus:
        assert status.shows_number or re.fullmatch(r"[a-z ]+ \[[cuzx]\]", status.cell)
        assert status.sentence.endswith(".")
        assert ". " not in status.sentence


def test_shorthands_are_those_of_the_statistical_service() -> None:
    assert {status: status.shorthand for status in FigureStatus} == {
        FigureStatus.SHOWN: "",
        FigureStatus.PROVISIONAL: "[p]",
        FigureStatus.WITHHELD: "[c]",
        FigureStatus.HIDDEN_AGENCIES: "[c]",
        FigureStatus.HIDDEN_PART: "[c]",
        FigureStatus.NOT_USABLE: "[u]",
        FigureStatus.UNDEFINED: "[z]",
        FigureStatus.NOT_RELEASED: "[x]",
    }
