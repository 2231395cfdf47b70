"""A file beside the agency's own last eight quarters, and what a person has called right."""

from datetime import date
from pathlib import Path

import pytest

from exchange.core.model.period import parse_period, period_text
from exchange.core.model.vocabulary import Gender, Service
from exchange.testing import SECRET, InMemoryExchange
from producers.checks.check_result import name_of
from producers.checks.file_check import check_file
from producers.checks.own_history import QUARTERS, is_far, previous
from producers.checks.remembered_right import NothingToCallRight
from producers.vault.store import Vault
from tests.unit.checks.history_files import QUARTERS_BEFORE, history, write

TODAY = date(2026, 11, 29)


async def published(exchange: InMemoryExchange, folder: Path, rows):
    from producers.sources import open_source

    profile = exchange.profile("harbor-light")
    exchange.enrol(profile)
    async with exchange.edge(profile) as edge:
        await edge.read_all(open_source(write(folder, rows), profile).read())
    return profile


def names(profile, folder: Path, rows, right=()) -> dict[str, str]:
    with Vault.open(profile, SECRET) as vault:
        result = check_file(write(folder, rows), profile, TODAY, vault, right)
    assert result.with_history
    return {name_of(found): found.words for found in result.findings if found.rule.id.startswith("V")}


async def test_what_is_like_before_is_no_finding_and_what_is_far_from_it_is(tmp_path: Path) -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        profile = await published(exchange, tmp_path, history(QUARTERS_BEFORE, 20))
        assert names(profile, tmp_path, history(["2026Q3"], 21)) == {}
        found = names(profile, tmp_path, history(["2026Q3"], 140))
        assert found["V01:2026Q3:NeedIdentified"] == "140; your last 8 quarters had 19 to 21"
        assert "V01:2026Q3:NeedIdentified/housing" in found


async def test_what_was_there_in_each_quarter_and_is_gone_is_a_finding(tmp_path: Path) -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        profile = await published(exchange, tmp_path, history(QUARTERS_BEFORE, 20))
        assert "V02:2026Q3:NeedIdentified/housing" in names(
            profile, tmp_path, history(["2026Q3"], 20, service=Service.food)
        )
        assert "V02:2026Q3:NeedIdentified/food" not in names(profile, tmp_path, history(["2026Q3"], 20))


async def test_a_field_that_is_suddenly_not_known_is_a_finding(tmp_path: Path) -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        profile = await published(exchange, tmp_path, history(QUARTERS_BEFORE, 20, opened=Gender.woman))
        assert names(profile, tmp_path, history(["2026Q3"], 20, opened=Gender.woman)) == {}
        assert "V03:2026Q3:CaseOpened.gender" in names(
            profile, tmp_path, history(["2026Q3"], 20, opened=Gender.not_known)
        )


async def test_three_quarters_are_no_history_and_a_quarter_that_goes_on_is_not_compared(tmp_path: Path) -> None:
    async with InMemoryExchange(today=TODAY) as exchange:
        profile = await published(exchange, tmp_path, history(QUARTERS_BEFORE[:3], 20))
        assert names(profile, tmp_path, history(["2026Q3"], 140)) == {}
    async with InMemoryExchange(today=TODAY) as exchange:
        profile = await published(exchange, tmp_path, history(QUARTERS_BEFORE, 20))
        assert names(profile, tmp_path, history(["2026Q4"], 2)) == {}


async def test_what_was_called_right_is_quiet_until_its_number_changes(tmp_path: Path) -> None:
    name = "V01:2026Q3:NeedIdentified"
    async with InMemoryExchange(today=TODAY) as exchange:
        profile = await published(exchange, tmp_path, history(QUARTERS_BEFORE, 20))
        rows = history(["2026Q3"], 140)
        assert name not in names(profile, tmp_path, rows, right=[name])
        assert name not in names(profile, tmp_path, rows)
        assert name in names(profile, tmp_path, history(["2026Q3"], 141))
        with pytest.raises(NothingToCallRight):
            names(profile, tmp_path, rows, right=["V01:2026Q3:NoSuchThing"])


async def test_a_tally_only_agency_has_its_history_in_the_facts_that_it_keeps(tmp_path: Path) -> None:
    from exchange.core.model.vocabulary import LegalClass
    from producers.sources import open_source

    async with InMemoryExchange(today=TODAY) as exchange:
        profile = exchange.profile("harbor-light", LegalClass.tally_only)
        exchange.enrol(profile)
        async with exchange.edge(profile) as edge:
            await edge.read_all(open_source(write(tmp_path, history(QUARTERS_BEFORE, 20)), profile).read())
        assert "V01:2026Q3:NeedIdentified" in names(profile, tmp_path, history(["2026Q3"], 140))


def test_the_eight_quarters_before_one() -> None:
    found = [period_text(one) for one in previous(parse_period("2026Q3"))]
    assert (len(found), found[0], found[-1]) == (QUARTERS, "2026Q2", "2024Q3")
    assert previous(parse_period("2000Q2")) == [parse_period("2000Q1")]


@pytest.mark.parametrize(
    ("number", "history", "far"),
    [
        (140, [20, 30, 45, 25], True),
        (40, [20, 30, 45, 25], False),
        (46, [20, 30, 45, 25], False),
        (0, [0, 0, 0, 1], False),
    ],
)
def test_far_is_outside_of_all_that_was_and_far_from_its_median(number: int, history: list[int], far: bool) -> None:
    assert is_far(number, history) is far
