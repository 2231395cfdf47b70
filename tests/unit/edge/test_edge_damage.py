"""What a source could not read is no evidence: known answers and spared facts stay."""

from dataclasses import replace
from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from producers.facts import ClientWithdrawn, Complete, Fact, NotWhole, Taken, Where
from producers.vault.fact_store import FactOutcome
from tests.kits.edge_kit.agency import Agency
from tests.kits.edge_kit.facts import HERE, Q1, facts_of, need, publish

FIELDS = frozenset({"gender"})


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


def opened(gender: v.Gender, source: v.ReferralSource = v.ReferralSource.hotline, *, unread: bool = False) -> Fact:
    body = e.CaseOpened(gender, v.AgeBand.age_18_20, v.ForeignNational.not_known, source)
    return Fact("case", Q1, v.UsState.ca, body, "c", HERE, FIELDS if unread else frozenset())


async def test_a_field_that_was_not_read_keeps_the_known_answer(agency: Agency) -> None:
    await publish(agency, opened(v.Gender.man))
    assert await publish(agency, opened(v.Gender.not_collected, unread=True)) == [FactOutcome.KNOWN]


async def test_the_fields_that_were_read_are_corrected_beside_one_that_was_not(agency: Agency) -> None:
    await publish(agency, opened(v.Gender.man))
    changed = opened(v.Gender.not_collected, v.ReferralSource.self_referral, unread=True)
    assert await publish(agency, changed) == [FactOutcome.CORRECTED]
    assert facts_of(agency)[-1] == opened(v.Gender.man, v.ReferralSource.self_referral).body


async def test_a_new_fact_has_the_sources_code_where_nothing_was_read(agency: Agency) -> None:
    assert await publish(agency, opened(v.Gender.not_collected, unread=True)) == [FactOutcome.PUBLISHED]
    assert facts_of(agency) == [opened(v.Gender.not_collected).body]


async def test_a_withdrawn_fact_has_no_known_answer_any_more(agency: Agency) -> None:
    await publish(agency, opened(v.Gender.man))
    async with agency.edge() as edge:
        await edge.retract("case")
    await publish(agency, opened(v.Gender.not_collected, unread=True))
    assert facts_of(agency)[-1] == opened(v.Gender.not_collected).body


async def test_what_the_source_spares_is_not_withdrawn_where_it_is_complete(agency: Agency) -> None:
    await publish(agency, *(need(key, client="c") for key in ("x/a", "x/b")))
    async with agency.edge() as edge:
        await edge.read(Complete("x/", HERE, spares="x/a".__eq__))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 1
        await edge.read(ClientWithdrawn("c", HERE, spares="x/a".__eq__))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 1
        await edge.read(ClientWithdrawn("c", HERE))
        assert edge.report.outcomes[FactOutcome.RETRACTED] == 2


async def test_the_report_repeats_how_the_source_was_taken_and_what_is_not_whole(agency: Agency) -> None:
    async with agency.edge() as edge:
        await edge.read(Taken("taken as a delta", Where("Export.csv", 2)))
        await edge.read(NotWhole(Where("Services.csv", 0), "the file is missing"))
        assert edge.report.taken == ["taken as a delta"]
        assert edge.report.not_whole == {"the file is missing": 1}
        assert edge.report.clean


def test_sparing_is_no_part_of_what_a_reading_states() -> None:
    assert replace(Complete("x/", HERE), spares=bool) == Complete("x/", HERE)
