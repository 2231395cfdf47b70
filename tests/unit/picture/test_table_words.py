"""Every released table has words of its own, and pages show them in place of names."""

import re

import pytest

from consumers.pages.sections.noise_explained import parts as noise_parts
from consumers.pages.sections.open_questions import parts as open_parts
from exchange.core.picture.wording.table_words import TableUnnamed, table_words
from exchange.core.release.catalogue import DECLARED
from tests.kits.page_world import figures


def test_every_released_table_has_words_and_no_two_the_same() -> None:
    words = [table_words(name) for name in DECLARED]
    assert len(set(words)) == len(DECLARED)
    assert not any("_" in one for one in words)


def test_words_name_what_is_counted_and_by_what() -> None:
    assert table_words("unmet_needs_by_reason") == "Needs that went unmet, by reason"
    assert table_words("state_cases") == "State by state: clients whose case was opened"
    assert table_words("needs_by_service_yearly_only").startswith("Needs that were identified, by service (codes")
    with pytest.raises(TableUnnamed):
        table_words("moons_by_planet")


@pytest.mark.parametrize("parts", [noise_parts, open_parts])
def test_no_table_is_shown_by_its_name(parts) -> None:
    cells = [cell.text for part in parts(figures(), {}) for row in getattr(part, "rows", ()) for cell in row]
    assert cells
    assert not [one for one in cells if re.search(r"[a-z]_[a-z]", one)]
