"""Our own sheet: what its rows state, what they cannot, and what the absence of a row shows."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from exchange.testing import InMemoryExchange
from producers import Edge, Profile
from producers.errors import ProfileInvalid, SourceUnreadable
from producers.facts import ClientHeld, Complete, Fact, NotWhole, Reading, RowIgnored, RowRefused
from producers.looking.looked_at import look_at
from producers.sources import open_source
from producers.sources.sheets.form.consent import KEPT_BACK
from producers.sources.sheets.form.form_columns import CASES, COLUMNS, SURVEY
from producers.sources.sheets.form.form_facts import EMPTY, YES_RULE
from producers.sources.sheets.form.form_table import CONTRADICTED, REPEATED
from producers.sources.sheets.form.form_words import plain_form
from producers.sources.sheets.form.period_cells import PERIOD_RULE, YEAR_RULE
from tests.kits.sheet_files import readings, write_csv, write_file, write_xlsx

Row = Mapping[str, object]
HEADER = tuple(column.code for column in CASES if column.code != "consent")
NEED: Row = {"case": "17", "quarter": "2026Q1", "need": "food"}


def table(*rows: Row, header: tuple[str, ...] = HEADER) -> list[list[object]]:
    return [list(header), *([row.get(code, "") for code in header] for row in rows)]


def read(folder: Path, *rows: Row, header: tuple[str, ...] = HEADER, **profile: object) -> list[Reading]:
    return readings(write_csv(folder / "a.csv", table(*rows, header=header)), **profile)


def facts(found: list[Reading]) -> dict[str, Fact]:
    return {one.key: one for one in found if isinstance(one, Fact)}


def refused(found: list[Reading]) -> list[tuple[int, str, str]]:
    return [(one.where.row, one.column, one.rule) for one in found if isinstance(one, RowRefused)]


def complete(found: list[Reading]) -> list[str]:
    return [one.key_prefix for one in found if isinstance(one, Complete)]


def test_no_two_words_of_a_column_have_a_name_in_common_in_any_language() -> None:
    for column in COLUMNS.values():
        names: dict[str, str] = {}
        for word in column.words:
            assert word.es, f"{column.code}: {word.code} has no Spanish label"
            for name in {plain_form(text) for text in (word.code, word.en, word.es)}:
                assert names.setdefault(name, word.code) == word.code, f"{column.code}: {name}"


def test_no_two_columns_have_a_name_in_common() -> None:
    for columns in (CASES, SURVEY):
        names = [name for column in columns for name in column.names()]
        assert len(set(names)) == len(names)


def test_a_row_states_need_service_barrier_and_what_is_about_the_case(tmp_path: Path) -> None:
    row = {
        **NEED,
        "served": "yes",
        "barrier": "language",
        "new_case": "yes",
        "gender": "woman",
        "age_band": "age_18_20",
        "trafficking_type": "labor",
        "outcome_domain": "resiliency",
        "outcome_direction": "improved",
        "exit_reason": "completed",
    }
    found = facts(read(tmp_path, row))
    assert {key: type(one.body) for key, one in found.items()} == {
        "form/17/2026Q1/need/food": e.NeedIdentified,
        "form/17/2026Q1/served/food": e.ServiceProvided,
        "form/17/2026Q1/barrier/food/language": e.BarrierReported,
        "form/17/2026Q1/outcome/resiliency": e.OutcomeAssessed,
        "form/17/case/opened/": e.CaseOpened,
        "form/17/case/trafficking/": e.TraffickingFacts,
        "form/17/case/closed/": e.CaseClosed,
    }
    assert {one.client for one in found.values()} == {"17"}
    assert {one.period for one in found.values()} == {parse_period("2026Q1")}
    assert found["form/17/case/opened/"].body == e.CaseOpened(
        v.Gender.woman,
        v.AgeBand.age_18_20,
        v.ForeignNational.not_collected,
        v.ReferralSource.not_collected,
        v.ServedElsewhere.not_collected,
    )


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("spelling", ["codes", "en", "es"])
def test_labels_of_either_language_and_codes_state_the_same(tmp_path: Path, suffix: str, spelling: str) -> None:
    header = [column.code if spelling == "codes" else getattr(column, spelling) for column in CASES]
    row = []
    for column in CASES:
        word = column.words[0] if column.words else None
        text = {"case": "17", "quarter": "2026Q1"}.get(column.code)
        row.append(text or (word.code if spelling == "codes" else getattr(word, spelling)))
    found = facts(readings(write_file(tmp_path / f"a{suffix}", [header, row])))
    codes = {column.code: column.words[0].code for column in CASES if column.words}
    expected = facts(read(tmp_path, {**NEED, **codes}, header=tuple(column.code for column in CASES)))
    assert len(found) == 8
    assert {key: one.body for key, one in found.items()} == {key: one.body for key, one in expected.items()}
    assert found["form/17/2026Q1/unmet/housing"].body == e.NeedUnmet(
        v.Service.housing, v.UnmetReason.no_capacity, v.FundingSource.not_collected
    )


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"need": "Klingon lessons"}, "need", "list service"),
        ({"barrier": "language", "gender": "?"}, "gender", "list gender"),
        ({"barrier": "lack_of_trained_stuff"}, "barrier", "list barrier"),
        ({"served": "perhaps"}, "served", YES_RULE),
        ({"served": "yes", "need": ""}, "served", "names no service"),
        ({"unmet_reason": "waitlist", "need": ""}, "unmet_reason", "names no service"),
        ({"outcome_domain": "housing"}, "outcome_domain", "names no direction"),
        ({"outcome_direction": "improved"}, "outcome_direction", "names no part of life"),
        ({"quarter": "02/03/2026"}, "quarter", PERIOD_RULE),
        ({"quarter": "2026Q5"}, "quarter", PERIOD_RULE),
        ({"quarter": ""}, "quarter", EMPTY),
        ({"case": ""}, "case", EMPTY),
        ({"case": "x" * 101}, "case", "1 to 100"),
    ],
)
def test_a_cell_that_names_nothing_refuses_its_row_by_name_and_states_no_value(
    tmp_path: Path, cells: Row, column: str, rule: str
) -> None:
    found = read(tmp_path, {**NEED, **cells}, {**NEED, "case": "18"})
    ((row, named, broken),) = refused(found)
    assert (row, named) == (2, column)
    assert rule in broken
    assert set(facts(found)) == {"form/18/2026Q1/need/food"}
    values = [
        str(value)
        for value in cells.values()
        if len(str(value)) > 3 and value not in ("yes", "waitlist", "housing", "improved")
    ]
    assert not any(value in broken for value in values)


def test_barriers_of_providers_are_no_word_of_the_column(tmp_path: Path) -> None:
    assert refused(read(tmp_path, {**NEED, "barrier": "staff_turnover"}))


@pytest.mark.parametrize(
    "text", ["2026Q1", "2026 q1", "2026-T1", "1T2026", "Q1 2026", "2026-02-10", "20260210", "10 Feb 2026"]
)
def test_a_quarter_is_named_in_many_ways_and_a_date_stays(tmp_path: Path, text: str) -> None:
    if text == "1T2026":
        assert refused(read(tmp_path, {**NEED, "quarter": text}))
        return
    (fact,) = facts(read(tmp_path, {**NEED, "quarter": text})).values()
    assert fact.period == parse_period("2026Q1")
    assert fact.key == "form/17/2026Q1/need/food"


def test_dates_are_read_by_the_whole_column_or_not_at_all(tmp_path: Path) -> None:
    both = ({**NEED, "quarter": "2/3/2026"}, {**NEED, "quarter": "3/25/2026", "case": "18"})
    assert len(facts(read(tmp_path, *both))) == 2
    assert not facts(read(tmp_path, *both, {**NEED, "quarter": "25/3/2026", "case": "19"}))


def test_equal_rows_state_a_fact_once_and_contradicting_rows_none(tmp_path: Path) -> None:
    unmet = {**NEED, "unmet_reason": "waitlist"}
    again = read(tmp_path, unmet, {**unmet, "barrier": "language"}, unmet)
    assert len(facts(again)) == 3
    assert [one.why for one in again if isinstance(one, RowIgnored)] == [REPEATED]
    other = read(tmp_path, unmet, {**unmet, "unmet_reason": "no_capacity"})
    assert set(facts(other)) == {"form/17/2026Q1/need/food"}
    assert refused(other) == [(2, "unmet", CONTRADICTED), (3, "unmet", CONTRADICTED)]
    assert complete(other) == []


def test_a_case_and_quarter_that_was_read_is_complete_and_no_other(tmp_path: Path) -> None:
    found = read(tmp_path, NEED, {**NEED, "case": "18", "need": "?"}, {**NEED, "case": "18/x", "quarter": "2026Q2"})
    assert complete(found) == ["form/17/2026Q1/", "form/17/case/", "form/18%2Fx/2026Q2/", "form/18%2Fx/case/"]


@pytest.mark.parametrize("damage", [{"case": ""}, {"quarter": "soon"}])
def test_a_row_without_a_name_makes_every_absence_worthless(tmp_path: Path, damage: Row) -> None:
    assert complete(read(tmp_path, NEED, {**NEED, **damage})) == []


def test_a_row_that_took_in_others_makes_every_absence_worthless(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        'case,quarter,need\n17,2026Q1,food\n18,"2026Q1,food\n19,2026Q1,"food"\n20,2026Q1,food\n', encoding="utf-8"
    )
    found = readings(path)
    assert complete(found) == []
    assert any(isinstance(one, NotWhole) for one in found)
    assert not any("18" in key or "19" in key for key in facts(found))


def test_a_comma_without_quotes_refuses_the_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "case,quarter,need,served\n17,2026Q1,Family, yes,yes\n18,2026Q1,food\n19,2026Q1,food,,,\n", encoding="utf-8"
    )
    found = readings(path)
    assert set(facts(found)) == {"form/19/2026Q1/need/food"}
    assert [row for row, _, _ in refused(found)] == [2, 3]


def test_an_absent_column_clears_nothing_and_changes_no_answer(tmp_path: Path) -> None:
    found = read(tmp_path, {**NEED, "new_case": "yes"}, header=("case", "quarter", "need", "new_case", "gender"))
    opened = facts(found)["form/17/case/opened/"]
    assert opened.unread == {"age_band", "referral_source", "elsewhere"}
    (in_quarter, of_case) = [one for one in found if isinstance(one, Complete)]
    assert in_quarter.spares("form/17/2026Q1/barrier/food/language")
    assert not in_quarter.spares("form/17/2026Q1/need/housing")
    assert of_case.spares("form/17/case/closed/")


def test_sheets_without_our_table_are_left_out_and_a_file_without_any_is_refused(tmp_path: Path) -> None:
    found = readings(write_xlsx(tmp_path / "a.xlsx", table(NEED), [("notes", "of mine")]))
    assert [one.why for one in found if isinstance(one, RowIgnored)] == ["a sheet without a table that is known"]
    with pytest.raises(SourceUnreadable, match="edge template"):
        readings(write_csv(tmp_path / "b.csv", [("Client", "Service"), ("1", "x")]))
    with pytest.raises(SourceUnreadable, match="no row"):
        readings(write_csv(tmp_path / "c.csv", []))
    with pytest.raises(SourceUnreadable, match="twice"):
        readings(write_csv(tmp_path / "d.csv", [("case", "quarter", "Caso"), ("1", "2026Q1", "2")]))


def test_columns_that_are_not_ours_are_not_read_and_identifiers_among_them_are_counted(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "a.csv",
        [
            ("case", "quarter", "need", "First name", "DOB", "Color"),
            ("1", "2026Q1", "food", "Zaphod", "1999-01-01", "blue"),
        ],
    )
    source = open_source(
        path, Profile.model_validate({"agency": "a1", "state": "ca", "legal_class": "individual", "vault": path})
    )
    assert "Zaphod" not in repr(list(source.read()))
    assert source.stays_here == {"name": 1, "birth date": 1}


WITH_CONSENT = (*HEADER, "consent")


def test_one_no_holds_the_client_before_any_fact(tmp_path: Path) -> None:
    rows = (
        {**NEED, "consent": "yes"},
        {**NEED, "consent": "no", "need": "housing"},
        {**NEED, "case": "18", "consent": "sí"},
    )
    found = read(tmp_path, *rows, header=WITH_CONSENT)
    assert [one.client for one in found if isinstance(one, ClientHeld)] == ["17"]
    assert isinstance(found[0], ClientHeld)


def test_blank_consent_is_decided_by_the_profile_and_has_no_default(tmp_path: Path) -> None:
    rows = (NEED, {**NEED, "case": "18", "consent": "yes"}, {**NEED, "case": "18", "need": "housing"})
    with pytest.raises(ProfileInvalid, match="about 1 client"):
        read(tmp_path, *rows, header=WITH_CONSENT)
    published = read(tmp_path, *rows, header=WITH_CONSENT, sheets={"blank_consent": "publish"})
    assert len(facts(published)) == 3
    kept = read(tmp_path, *rows, header=WITH_CONSENT, sheets={"blank_consent": "keep_back"})
    assert len(facts(kept)) == 2
    assert [one.why for one in kept if isinstance(one, RowIgnored)] == [KEPT_BACK]
    assert not any("17" in prefix for prefix in complete(kept))


def test_a_sheet_can_be_looked_at_before_anybody_has_decided_on_consent(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", table(NEED, {**NEED, "case": "18", "served": "yes"}, header=WITH_CONSENT))
    individual, *_ = look_at(path, date(2026, 4, 5)).leaves
    assert individual.bodies == {"NeedIdentified": 2, "ServiceProvided": 1}


def test_consent_that_cannot_be_read_keeps_all_rows_of_the_client_here(tmp_path: Path) -> None:
    rows = ({**NEED, "consent": "yes"}, {**NEED, "consent": "maybe", "need": "housing"})
    found = read(tmp_path, *rows, header=WITH_CONSENT)
    assert not facts(found)
    assert complete(found) == []


def test_the_survey_states_one_answer_a_cell_and_none_about_a_client(tmp_path: Path) -> None:
    header = [column.es for column in SURVEY]
    rows = [
        ("2026", "Servicio legal", "Rotación del personal", "Falta de fondos", "3 a 5 años"),
        ("2026", "legal", "coordination", "", ""),
    ]
    found = readings(write_xlsx(tmp_path / "a.xlsx", [header, *rows]))
    assert {key: one.client for key, one in facts(found).items()} == {
        "survey/2026/barrier_met/staff_turnover": "",
        "survey/2026/support_needed/lack_of_funding": "",
        "survey/2026/years_band": "",
        "survey/2026/barrier_met/coordination": "",
    }
    assert complete(found) == ["survey/2026/"]
    broken = readings(
        write_xlsx(
            tmp_path / "b.xlsx",
            [header, *rows, ("soon", "legal", "shame", "", ""), ("2026", "legal", "", "", "2 años")],
        )
    )
    assert {(column, rule) for _, column, rule in refused(broken)} > {("survey_year", YEAR_RULE)}
    assert complete(broken) == []
    two = readings(write_xlsx(tmp_path / "c.xlsx", [header, rows[0], ("2026", "legal", "", "", "Menos de 1 año")]))
    assert [column for _, column, _ in refused(two)] == ["years_band", "years_band"]


def counted(exchange: InMemoryExchange) -> dict[str, int]:
    """What is counted, but for the runs themselves."""
    return {cell: count for cell, count in exchange.counts.items() if count and "heartbeats" not in cell}


async def publish(exchange: InMemoryExchange, profile: Profile, path: Path) -> Edge:
    async with exchange.edge(profile) as edge:
        await edge.read_all(open_source(path, profile).read())
    return edge


async def test_the_same_again_costs_nothing_and_a_changed_sheet_ends_as_if_it_alone_had_been_read(
    tmp_path: Path,
) -> None:
    served = {**NEED, "served": "yes"}
    first = (served, {**NEED, "case": "18", "unmet_reason": "waitlist"}, {**NEED, "case": "19"})
    second = (served, {**NEED, "case": "18", "unmet_reason": "no_capacity"}, {**NEED, "case": "19", "need": "housing"})
    async with InMemoryExchange(today=date(2026, 4, 5)) as exchange, InMemoryExchange(today=date(2026, 4, 5)) as fresh:
        for each in (exchange, fresh):
            each.enrol(each.profile("harbor-light"))
        profile, path = exchange.profile("harbor-light"), write_csv(tmp_path / "a.csv", table(*first))
        await publish(exchange, profile, path)
        events = len(exchange.events)
        again = await publish(exchange, profile, path)
        assert again.report.delivered == 1  # the heartbeat
        assert len(exchange.events) == events + 1
        await publish(exchange, profile, write_csv(path, table(*second)))
        await publish(fresh, fresh.profile("harbor-light"), path)
        counts = counted(exchange)
        assert counts == counted(fresh)
        assert counts["needs_by_service|2026Q1|ca|housing"] == 1
        assert counts["needs_by_service|2026Q1|ca|food"] == 2


async def test_a_client_who_refused_is_held_for_every_later_file(tmp_path: Path) -> None:
    async with InMemoryExchange(today=date(2026, 4, 5)) as exchange:
        profile = exchange.profile("harbor-light")
        exchange.enrol(profile)
        path = write_csv(tmp_path / "a.csv", table({**NEED, "consent": "no"}, header=WITH_CONSENT))
        await publish(exchange, profile, path)
        await publish(exchange, profile, write_csv(path, table({**NEED, "consent": "yes"}, header=WITH_CONSENT)))
        assert not any("needs_by_service" in cell for cell, count in exchange.counts.items() if count)
