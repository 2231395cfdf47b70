"""A refused row tells its quarter only where all that it costs is of that quarter.

Cells of an export are damaged, each so that its row or a part of it is refused. Law: whatever the
damaged export no longer states as the whole one does is of a quarter that a refusal tells, or some
refusal tells none, which keeps every quarter open. Each rule of a file, broken, breaks it.
"""

import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from producers.facts import Fact, NotWhole, Reading
from producers.sources.hmis import HmisExport
from producers.sources.hmis.rules import enrollment, health, referrals, rule
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.export_damage import Files, a_date_that_could_be_two, garbage_in_a_cell, garbage_in_deleted, town
from tests.kits.hmis_exports import refusals
from tests.kits.hmis_exports import settings as reading_settings
from tests.kits.sizes import examples

CELLS = st.sampled_from(
    [garbage_in_a_cell, garbage_in_a_cell, garbage_in_a_cell, a_date_that_could_be_two, garbage_in_deleted]
)
DAMAGED = st.lists(st.tuples(CELLS, st.integers(0, 9_999)), min_size=1, max_size=2)
LATER = st.fixed_dictionaries(
    {
        "ResultDate": st.sampled_from(["2026-05-20", "2026-07-20", ""]),
        "MoveInDate": st.sampled_from(["2026-02-20", "2026-04-20", ""]),
    }
)
LAWS = settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def read(contents: dict[str, bytes]) -> list[Reading]:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in contents.items():
            (Path(folder) / name).write_bytes(content)
        return list(HmisExport(Path(folder), reading_settings()).read())


def told(found: list[Reading]) -> Counter[tuple[int, str]]:
    return Counter((one.period, f"{one.state} {one.body}") for one in found if isinstance(one, Fact))


def costs_its_quarter(damages, later) -> None:
    written = town()
    written.change("Event.csv", 1, ResultDate=later["ResultDate"])
    written.change("Enrollment.csv", 1, MoveInDate=later["MoveInDate"])
    files = Files.of(written)
    for damage, seed in damages:
        damage(files, Random(seed))
    damaged, whole = read(files.contents()), read(Files.of(written).contents())
    periods = {one.period for one in refusals(damaged)}
    if not periods or 0 in periods:
        return
    assert not any(isinstance(one, NotWhole) for one in damaged)
    lost, new = told(whole) - told(damaged), told(damaged) - told(whole)
    assert {period for period, _ in (lost | new)} <= periods


@LAWS
@given(DAMAGED, LATER)
def test_what_refused_rows_cost_is_of_the_quarters_that_they_tell(damages, later):
    costs_its_quarter(damages, later)


APART = {"ResultDate": "2026-07-20", "MoveInDate": "2026-04-20"}
"""What follows an event, and an entry, is of another quarter."""
MUTANTS = {
    "a result is of the event's quarter": (
        16,
        BrokenRule(
            referrals, "EventRule.period_of", "period if resolved and period == period_on(resolved) else 0", "period"
        ),
    ),
    "a move-in is of the entry's quarter": (
        28,
        BrokenRule(
            enrollment, "EnrollmentRule.period_of", "at_entry and column in DATED_BY_ENTRY", "column in DATED_BY_ENTRY"
        ),
    ),
    "whatever an enrollment decides is of its entry": (
        2,
        BrokenRule(enrollment, "EnrollmentRule.period_of", "at_entry and column in DATED_BY_ENTRY", "at_entry"),
    ),
    "an assessment decides its own quarter alone": (
        44,
        BrokenRule(health, "HealthRule.period_of", "0 if column else _1", "_1"),
    ),
    "a row is of the quarter before": (
        1,
        BrokenRule(rule, "FileRule.period_of", "return period_on(day)", "return period_on(day) - 1"),
    ),
}
"""Mutant → the seed of a damaged cell that shows it, and the rule."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_rule_of_periods_that_is_broken_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seed, broken = MUTANTS[name]
    costs_its_quarter([(garbage_in_a_cell, seed)], APART)
    break_rule(monkeypatch, broken)
    with pytest.raises(AssertionError):
        costs_its_quarter([(garbage_in_a_cell, seed)], APART)
