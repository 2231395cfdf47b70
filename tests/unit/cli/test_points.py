"""How points are written: for people, JSON readers and CSV readers, and the bookmark after them."""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from exchange.cli.evaluator.bookmark import Bookmark, BookmarkUnfit, keep, opened, read_bookmark
from exchange.cli.evaluator.points import COLUMNS, Newest, as_csv, as_plain, points_table, value_and_interval
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import CAVEAT
from exchange.core.metrics.view import Origin
from exchange.core.model.period import period_of
from tests.kits.release_world import APRIL, JANUARY

POINT = MetricPoint(
    "unmet_need_share",
    (("division", "pacific"), ("service_group", "housing")),
    period_of(2026, 1),
    APRIL,
    Decimal("0.5000"),
    Decimal("0.4100"),
    None,
    "share",
    False,
    True,
    (Origin("state_cases", APRIL),),
)
WITHHELD = replace(POINT, withheld=True, value=None, low=None)
numbers = st.none() | st.decimals(0, 10**9, places=4)
ASKED: dict[str, object] = {"metrics": ["cases"]}


def printed(points: list[MetricPoint], **options: int) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(points_table(points, **options))
    return captured.get()


@given(numbers, numbers, numbers)
def test_programs_get_the_numbers_that_were_published(value, low, high) -> None:
    point = replace(POINT, value=value, low=low, high=high)
    plain = json.loads(json.dumps(as_plain(point)), parse_float=Decimal)
    for name in ("value", "low", "high"):
        assert plain[name] == getattr(point, name)
    [row] = csv.DictReader(io.StringIO(as_csv([point], header=True)))
    assert [row[name] for name in ("value", "low", "high")] == [
        "" if n is None else f"{n:f}" for n in (value, low, high)
    ]


def test_a_point_as_json() -> None:
    assert as_plain(replace(POINT, period=None)) == {
        "metric": "unmet_need_share",
        "dimensions": {"division": "pacific", "service_group": "housing"},
        "period": "arrivals",
        "epoch": "2026-04",
        "value": 0.5,
        "low": 0.41,
        "high": None,
        "unit": "share",
        "withheld": False,
        "usable": True,
        "computed_from": [{"table": "state_cases", "epoch": "2026-04"}],
    }


def test_a_point_as_csv() -> None:
    assert as_csv([POINT, WITHHELD], header=True).splitlines() == [
        ",".join(COLUMNS),
        "unmet_need_share,division=pacific|service_group=housing,2026Q1,2026-04,0.5000,0.4100,,share,false,true",
        "unmet_need_share,division=pacific|service_group=housing,2026Q1,2026-04,,,,share,true,true",
    ]


def test_people_see_what_is_withheld_undefined_and_unbounded() -> None:
    assert value_and_interval(WITHHELD) == ("withheld", "")
    assert value_and_interval(replace(POINT, value=None)) == ("undefined", "")
    assert value_and_interval(POINT) == ("0.5000", "from 0.4100")
    ends = {(None, None): "no bound", (None, Decimal(9)): "up to 9", (Decimal(1_000), Decimal(2_000)): "1,000–2,000"}
    for (low, high), shown in ends.items():
        assert value_and_interval(replace(POINT, low=low, high=high))[1] == shown
    assert value_and_interval(replace(POINT, value=Decimal(12_000), high=Decimal(13_000)))[0] == "12,000"


def test_the_table_has_the_caveat_and_names_what_it_leaves_out() -> None:
    text = " ".join(printed([POINT, replace(POINT, usable=False)], hidden=7, rows_max=1).split())
    assert CAVEAT[:60] in text
    assert "7 points left out, as not usable" in text
    assert "1 more" in text
    assert "not usable" in printed([replace(POINT, usable=False)])


def test_the_table_has_each_figure_as_of_its_newest_epoch() -> None:
    newest = Newest()
    older, other = replace(POINT, epoch=JANUARY), replace(POINT, period=None, epoch=JANUARY)
    newest.add([POINT, older, other])
    assert newest.points() == [POINT, other]


# The bookmark


def test_a_bookmark_is_kept_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "bookmark"
    assert read_bookmark(path, ASKED) == Bookmark(ASKED)
    keep(path, Bookmark(ASKED, 7, 12, "0123456789abcdef"))
    assert read_bookmark(path, ASKED) == Bookmark(ASKED, 7, 12, "0123456789abcdef")
    assert list(tmp_path.iterdir()) == [path]


def test_a_bookmark_serves_no_other_question(tmp_path: Path) -> None:
    keep(tmp_path / "bookmark", Bookmark(ASKED, 7))
    with pytest.raises(BookmarkUnfit, match="other options"):
        read_bookmark(tmp_path / "bookmark", {"metrics": ["evidence"]})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "no", '{"asked": {"metrics": ["cases"]}, "go_on": -1, "length": 0, "mark": ""}', "\xff"]
)
def test_what_is_no_bookmark_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bookmark").write_bytes(text.encode("latin-1"))
    with pytest.raises(BookmarkUnfit):
        read_bookmark(tmp_path / "bookmark", ASKED)


def test_what_a_killed_run_wrote_behind_its_bookmark_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"kept\nwritten and not kept")
    with opened(path, Bookmark(ASKED, 1, 5)) as out:
        out.write(b"next\n")
    assert path.read_bytes() == b"kept\nnext\n"
    with pytest.raises(BookmarkUnfit, match="shorter"):
        opened(path, Bookmark(ASKED, 1, 11))
