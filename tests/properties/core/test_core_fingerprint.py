"""The generation's name changes with all that decides where an event counts, and only that."""

from dataclasses import replace

import pytest

from exchange.core.counting import generation as module
from exchange.core.counting.generation import GENERATION, fingerprint
from exchange.core.counting.tables import BY_NAME, GROUPINGS, TABLES, Dimension, Scope, Table


def test_the_same_tables_have_the_same_name_every_time() -> None:
    assert fingerprint() == fingerprint() == GENERATION


def test_a_code_that_moves_to_another_group_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = {**GROUPINGS["age_group"], "age_18_20": "under_18"}
    assert set(moved.values()) == set(GROUPINGS["age_group"].values()), "the domain stays, the cells do not"
    monkeypatch.setitem(GROUPINGS, "age_group", moved)
    assert fingerprint() != GENERATION


@pytest.mark.parametrize(
    "changed",
    [
        replace(BY_NAME["cases_by_gender"], name="cases_by_sex"),
        replace(BY_NAME["cases_by_gender"], dimensions=(Dimension("age_band"),)),
        replace(BY_NAME["cases_by_gender"], scope=Scope.AGENCY),
        replace(BY_NAME["cases_by_gender"], tally=False),
        replace(BY_NAME["places_by_service"], measure=""),
    ],
)
def test_a_changed_table_changes_it(monkeypatch: pytest.MonkeyPatch, changed: Table) -> None:
    others = tuple(table for table in TABLES if table.body is not changed.body)
    monkeypatch.setattr(module, "TABLES", (changed, *others))
    one = fingerprint()
    monkeypatch.setattr(module, "TABLES", (BY_NAME.get(changed.name, BY_NAME["cases_by_gender"]), *others))
    assert fingerprint() != one
