"""Tables at a terminal: no word that fits a line is broken at any width, and the demo fits."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.measure import Measurement

from exchange.cli.shared.console import WIDTH_ELSEWHERE, console, table
from exchange.cli.shared.folding_table import FoldingTable, record, shared
from exchange.cli.trial.demo_tables import fitting, hmis_table, line_of
from exchange.trial.demo.demo import Look
from exchange.trial.totals import Totals
from producers.delivery.report import Report
from producers.vault.fact_store import FactOutcome
from tests.kits.command_line import exchange

KEY = "1: " + "0123456789abcdef" * 4
cells = st.text("abc-_", min_size=1, max_size=40)
rows = st.lists(st.tuples(cells, cells, cells), max_size=4)
COUNTS = Counter({f"some_long_code_{i}": 1000 * i for i in range(20)})
PICTURE = Totals(5, COUNTS, COUNTS, COUNTS, COUNTS, {f"s{i}": (1, 2, 3) for i in range(30)}, 4)
LOOK = Look(PICTURE, 100, 100, 200, 40)


def terminal(width: int, height: int = 200) -> Console:
    return Console(width=width, height=height, force_terminal=True, color_system=None, markup=False, highlight=False)


def printed(console: Console, what: object) -> list[str]:
    with console.capture() as captured:
        console.print(what)
    return captured.get().splitlines()


def words_of(lines: list[str]) -> set[str]:
    return {word.strip(",:│┃") for line in lines for word in line.split()}


@given(rows, st.integers(44, 200))
def test_no_word_is_broken_and_no_line_is_wider_than_the_terminal(said: list[tuple[str, ...]], width: int) -> None:
    shown = table("first", "second", "third")
    for row in said:
        shown.add_row(*row)
    lines = printed(terminal(width), shown)
    assert max(map(len, lines), default=0) <= width
    assert {cell for row in said for cell in row} <= words_of(lines)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 30)), min_size=1, max_size=7), st.integers(0, 100))
def test_what_is_left_is_shared_out_and_no_column_gets_less_than_its_longest_word(
    sizes: list[tuple[int, int]], spare: int
) -> None:
    measured = [Measurement(least, least + more) for least, more in sizes]
    room = sum(least for least, _ in sizes) + spare
    widths = shared(measured, room)
    assert sum(widths) == min(room, sum(size.maximum for size in measured))
    assert all(width >= size.minimum for width, size in zip(widths, measured, strict=True))


LONG_ROW = ("state_needs_by_service_group", "ny, housing", "2026Q2", "2026-06", "1,234", "1,100–1,368", "needs")


def points() -> FoldingTable:
    made = table("metric", "of", "period", "as of", "value", "95 %", "unit", right=("value",))
    made.add_row(*LONG_ROW)
    return made


def test_a_table_that_does_not_fit_between_lines_is_drawn_without_them() -> None:
    lines = printed(terminal(72), points())
    assert not any(letter in "".join(lines) for letter in "│┃━")
    assert all(len(line) <= 72 for line in lines)
    assert "│" in "".join(printed(terminal(100), points()))  # and with them where it does


def test_where_that_does_not_fit_either_each_row_is_a_record_with_one_indent() -> None:
    first, *others = printed(terminal(50), points())
    assert first == "state_needs_by_service_group"
    assert all(line.startswith("  ") and not line.startswith("   ") for line in others)
    assert " ".join(line.strip() for line in others) == (
        "of ny, housing, period 2026Q2, as of 2026-06, value 1,234, 95 % 1,100–1,368, unit needs"
    )


def test_a_long_text_in_a_record_follows_its_label_and_is_indented_below_it() -> None:
    text = "Events about a client within the caps, released for the nation, each quarter."
    lines = record([("metric", "cases"), ("unit", "events"), ("meaning", text)], 50).splitlines()
    assert lines[:2] == ["cases", "  unit events"]
    assert lines[2].startswith("  meaning: Events about")
    assert all(line.startswith("    ") for line in lines[3:])
    assert all(len(line) <= 50 for line in lines)


def test_columns_set_the_width_of_what_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert console().width == 80
    for unset in ("", "0", "wide"):
        monkeypatch.setenv("COLUMNS", unset)
        assert console().width == WIDTH_ELSEWHERE


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("words", [("metrics", "list"), ("metrics", "questions"), ("topics", "rights"), ("budget",)])
def test_the_longest_tables_are_readable_at_usual_widths(
    words: tuple[str, ...], width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wider, and no value stands left of its label."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    lines = exchange(*words, COLUMNS=str(width)).stdout.splitlines()
    shown = [line for line in lines if "In all: rho" not in line and not line.startswith(("Spent", "quarter"))]
    assert max(map(len, shown)) <= width
    labelled = [number for number, line in enumerate(shown) if line.endswith(":") and line.startswith("  ")]
    assert not [shown[number + 1] for number in labelled if not shown[number + 1].startswith("  ")]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_key_is_whole_on_a_line(width: int) -> None:
    shown = table("agency", "legal class", "small counts", "status", "partition", "keys")
    shown.add_row("harbor-light", "individual", "no", "active", "3", KEY)
    lines = printed(terminal(width), shown)
    assert any(KEY in line for line in lines)


def test_a_heading_folds_before_a_cell_does() -> None:
    shown = table("a long heading", "state")
    shown.add_row("1", "not running at all")
    lines = printed(terminal(32), shown)
    assert any("not running at all" in line for line in lines)


def test_the_same_table_fits_one_terminal_after_another() -> None:
    shown = table("a", "b")
    shown.add_row("word " * 20, "more " * 20)
    assert max(map(len, printed(terminal(60), shown))) <= 60 < max(map(len, printed(terminal(300), shown)))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 20), (120, 40), (200, 50), (80, 12)])
def test_the_picture_of_the_demo_fits_and_begins_with_how_far_it_is(width: int, height: int) -> None:
    console = terminal(width, height)
    lines = printed(console, fitting(LOOK, console))
    assert len(lines) < height
    assert lines[0].strip().startswith("100 of about 200 events counted")


def test_an_ordinary_terminal_shows_what_is_needed_and_what_is_unmet() -> None:
    console = terminal(80, 24)
    text = "\n".join(printed(console, fitting(LOOK, console)))
    assert all(title in text for title in ("needs", "services", "unmet needs", "why unmet"))


def test_how_many_events_there_will_be_is_an_estimate_until_the_edges_are_done() -> None:
    assert "100 of 220 accepted events" in line_of(Look(PICTURE, 100, 220, 220, 40))
    assert "100 of about 220 events" in line_of(Look(PICTURE, 100, 120, 220, 40))
    assert line_of(Look(PICTURE, 100, 120, 220, 40, "closing 2024-03")).startswith("closing 2024-03: ")


def test_rows_facts_and_events_of_an_export_are_distinguished() -> None:
    report = Report(rows=9, delivered=6)
    report.outcomes.update({FactOutcome.PUBLISHED: 5, FactOutcome.IGNORED: 3, FactOutcome.REFUSED: 1})
    report.ignored.update({"names no state: the profile's is taken": 3})
    report.refused.update({"no such code": 1})
    lines = printed(terminal(200), hmis_table(report))
    shown = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert shown == [
        ["rows read", "9"],
        ["rows refused", "1"],
        ["no such code", "1"],
        ["note on rows: names no state: the profile's is taken", "3"],
        ["facts published", "5"],
        ["events refused by the exchange", "0"],
        ["events accepted by the exchange", "6"],
    ]
    assert "heartbeat" in " ".join(lines)
