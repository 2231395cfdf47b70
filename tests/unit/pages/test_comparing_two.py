"""Two figures of a table compared: by the rule of the core, for figures that may be told apart."""

from dataclasses import replace

from consumers.pages.comparing_two import can_be_compared, choices, compare, key_of
from exchange.core.picture.comparisons.possible import compared
from tests.kits.page_world import figures, panels


def test_the_answer_is_that_of_the_core_and_names_both() -> None:
    (panel,) = [panel for _, panel in panels() if panel.name == "needs-per-case"]
    one, other = panel.rows[0], panel.rows[1]
    found = compare(figures(), panel, key_of(one), key_of(other))
    behind = figures().behind
    assert found is not None
    assert behind is not None
    measured = [behind.of(row.point) for row in (one, other) if row.point]
    words = compared(*measured).words(f"“{one.label}”", f"“{other.label}”")
    assert found.said == f"{words[:1].upper()}{words[1:]}."
    assert "95 times in 100" in found.one


def test_only_rows_with_a_number_may_be_chosen_and_no_row_with_itself() -> None:
    (panel,) = [panel for _, panel in panels() if panel.name == "needs-per-case"]
    shown = [row for row in panel.rows if row.status.shows_number]
    assert [one.key for one in choices(figures(), panel)] == [key_of(row) for row in shown]
    hidden = next(row for row in panel.rows if not row.status.shows_number)
    assert compare(figures(), panel, key_of(shown[0]), key_of(hidden)) is None
    assert compare(figures(), panel, key_of(shown[0]), key_of(shown[0])) is None
    assert compare(figures(), panel, "nothing", key_of(shown[0])) is None


def test_tables_over_time_and_maps_are_not_offered() -> None:
    for _, panel in panels():
        if panel.name in ("cases", "state-cases", "arrivals-cases"):
            assert not can_be_compared(figures(), panel)
        if panel.name == "unmet-reason-share":
            assert can_be_compared(figures(), panel)
            assert not can_be_compared(figures(), replace(panel, rows=panel.rows[:1]))
