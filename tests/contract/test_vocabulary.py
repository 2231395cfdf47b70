"""Lists, enums, tables and the questions that the tables must answer belong together."""

import csv
import re
from enum import Enum
from importlib.resources import files
from io import StringIO
from itertools import pairwise

import pytest

from exchange.core.counting.tables import BY_NAME, TABLES, TALLIED, Scope, Table, Tier, domain, field_type, is_number
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import BODIES, About
from exchange.core.model.tally_tables import TallyTable
from exchange.wire.event_schema import event_schema
from schemas.lists import list_names, read_list
from tests.contract.test_schemas import walk
from tools.derive.generate import camel

BODY_NAMED = {re.sub(r"(?<!^)(?=[A-Z])", "_", body.__name__).lower(): body for body in BODIES}
MISSING = [row["code"] for row in read_list("missing_reason")]
CODE = re.compile(r"[a-z][a-z0-9_]*")

TOPIC_WORDS: dict[str, tuple[str, ...]] = {
    "audience band": ("audience_band",),
    "units": ("unit_band",),
    "age_group": ("age_band",),
    "need": ("NeedIdentified",),
    "need and unmet counts": ("NeedIdentified", "NeedUnmet"),
}
"""Words of `evidence_fields` that are not a field's name: the field that is meant, or the body that
is counted."""
HEAD_FIELDS = {"us_state", "period"}
"""Evidence that every cell carries."""

SAID_AS = {"years_band": "years", "reported_by": "reporter"}
"""Words of table names that are not part of their axis' name."""

ANSWERS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "providers_surveyed": (("profiles_by_agency_and_type", "", ""),),
    "agency_types": (("profiles_by_agency_and_type", "agency_type", "legal health immigrant faith_based trafficking"),),
    "years_in_position": (
        ("provider_years_by_agency_type", "years_band", "under_1_year over_20_years"),
        ("provider_years_by_agency_type", "agency_type", "ngo"),
    ),
    "victims_per_respondent": (("cases_by_agency", "", ""),),
    "share_female": (("cases_by_agency_and_gender", "gender", "woman transgender_woman"), ("cases_by_agency", "", "")),
    "share_sex_trafficking": (
        ("cases_by_agency_and_trafficking_type", "trafficking_type", "sex both"),
        ("cases_by_agency", "", ""),
    ),
    "share_labor_trafficking": (
        ("cases_by_agency_and_trafficking_type", "trafficking_type", "labor both"),
        ("cases_by_agency", "", ""),
    ),
    "countries_of_origin": (("cases_by_foreign_national", "foreign_national", "yes"), ("cases", "", "")),
    "needs_of_victims": (
        ("needs_by_service", "service", "housing medical advocacy legal transportation outreach food"),
        ("cases", "", ""),
    ),
    "services_provided": (("services_by_agency_and_service", "service", "housing"),),
    "needs_met": (
        ("needs_by_service", "service", "housing"),
        ("services_by_service_and_wait_band", "service", "housing"),
        ("services_by_service_and_wait_band", "wait_band", "same_day"),
        ("unmet_needs_by_service", "service", "housing"),
    ),
    "responsiveness": (
        ("services_by_wait_band", "wait_band", "same_day over_180_days"),
        ("referrals_by_result", "referral_result", "attained not_attained"),
    ),
    "differences_danger": (("exploiters_by_type", "trafficker_type", "organized_network gang"),),
    "time_with_victim": (
        ("exits_by_duration_band", "duration_band", "months_12_to_24 over_24_months"),
        ("cases", "", ""),
    ),
    "barriers_for_victims": (
        ("barriers_by_barrier", "barrier", "lack_of_trust fear_of_deportation fear_of_retaliation_self"),
        ("cases", "", ""),
    ),
    "barriers_for_providers": (("provider_barriers_by_agency", "barrier", "lack_of_funding"),),
    "support_needed": (("provider_support_needed", "support_needed", "lack_of_data_expertise"),),
    "data_systems_missing": (("profiles_by_agency_and_type", "", ""), ("heartbeats_by_agency", "", "")),
    "data_burden": (("provider_barriers_by_agency", "barrier", "limited_staff_time lack_of_data_expertise"),),
    "practice_awareness": (("practices_by_agency_and_use", "practice_use", "shared read"),),
}
"""Figure → the tables that answer it, with the dimension and codes that its measure names."""


def computable() -> dict[str, set[type[e.Body]]]:
    """The figures that events can give, with the bodies that they come from."""
    rows = [row for row in read_list("needs_assessment_figure") if row["event_kind"] != "none"]
    return {
        row["code"]: {BODY_NAMED[kind.strip()] for kind in row["event_kind"].split(";")}
        for row in rows
        if not row["live_measure"].startswith("Not computable")
    }


def topics() -> list[tuple[str, str]]:
    return [
        (row["code"], field.strip())
        for row in read_list("research_topic")
        for field in row["evidence_fields"].split(";")
    ]


def topic_bodies(code: str) -> list[type[e.Body]]:
    row = next(row for row in read_list("research_topic") if row["code"] == code)
    return [BODY_NAMED[kind.strip()] for kind in row["evidence_events"].split(";")]


@pytest.mark.parametrize("name", list_names())
def test_a_list_has_the_five_first_columns_and_codes_that_avro_can_write(name: str) -> None:
    rows = read_list(name)
    assert list(rows[0])[:5] == ["code", "label", "source", "source_code", "note"]
    codes = [row["code"] for row in rows]
    assert [code for code in codes if not CODE.fullmatch(code)] == []
    assert len(set(codes)) == len(codes)
    assert all(row["label"] for row in rows)


@pytest.mark.parametrize("name", list_names())
def test_an_enum_is_its_list_in_order_then_the_missing_reasons(name: str) -> None:
    codes = [row["code"] for row in read_list(name)]
    enum = getattr(v, camel(name))
    assert [member.value for member in enum] == codes + [code for code in MISSING if code not in codes]


def test_every_symbol_of_the_event_is_in_the_list_of_its_name_or_names_a_table() -> None:
    lists = {camel(name): {row["code"] for row in read_list(name)} | set(MISSING) for name in list_names()}
    lists["TallyTable"] = {table.name for table in TABLES}
    enums = [s for _, s in walk(event_schema()) if isinstance(s, dict) and s["type"] == "enum"]
    assert {s["name"] for s in enums} <= set(lists)
    for schema in enums:
        assert set(schema["symbols"]) <= lists[str(schema["name"])], schema["name"]


@pytest.mark.parametrize(
    ("name", "column", "groups"),
    [("age_band", "age_group", "age_group"), ("service", "service_group", "service_group")],
)
def test_every_code_lies_in_a_group_that_has_a_list(name: str, column: str, groups: str) -> None:
    known = {row["code"] for row in read_list(groups)}
    assert {row[column] for row in read_list(name)} <= known


def test_every_band_continues_the_one_before() -> None:
    for bounds in (
        v.WAIT_BAND_DAYS,
        v.DURATION_BAND_DAYS,
        v.AGE_BAND_YEARS,
        v.COST_BAND_USD,
        v.UNIT_BAND_UNITS,
        v.YEARS_BAND_YEARS,
    ):
        pairs = list(bounds.values())
        assert pairs[-1][1] is None
        for (low, high), (next_low, _) in pairwise(pairs):
            assert high is not None
            assert low <= high == next_low - 1


def test_the_tally_tables_are_the_one_way_client_tables_marked_so() -> None:
    assert {table.name for table in TABLES if table.tally} == set(TallyTable) == set(TALLIED)
    for table in TALLIED.values():
        assert table.about is About.CLIENT
        assert len(table.dimensions) <= 1
        assert table.scope is not Scope.AGENCY
        assert not table.measure


def test_tables_have_one_name_each_and_name_what_they_count_by() -> None:
    assert len(BY_NAME) == len(TABLES)
    for table in TABLES:
        asked = table.name.partition("_by_")[2].split("_and_") if "_by_" in table.name else []
        axes = [d.name for d in table.dimensions]
        said = [word for word in asked if word != "agency"]
        assert ("agency" in asked) == (table.scope is Scope.AGENCY), table.name
        assert len(said) <= max(1, len(axes)), table.name
        assert all(
            any(word in axis or axis.endswith(word) or word == SAID_AS.get(axis) for axis in axes) for word in said
        ), table.name


def test_no_two_tables_count_the_same() -> None:
    seen = {(t.body, t.dimensions, t.scope, t.measure): t.name for t in TABLES if t.tier is not Tier.STATE_YEARLY}
    assert len(seen) == len([t for t in TABLES if t.tier is not Tier.STATE_YEARLY])


def test_every_dimension_is_a_coded_field_and_every_measure_a_number() -> None:
    for table in TABLES:
        for dimension in table.dimensions:
            assert issubclass(field_type(table.body, dimension.field), Enum)
            assert domain(table, dimension)
            assert "not_applicable" not in domain(table, dimension)
        assert not table.measure or is_number(table.body, table.measure)


def test_a_table_by_agency_is_never_released() -> None:
    for table in TABLES:
        if table.scope is Scope.AGENCY:
            assert table.tier is Tier.NEVER, "an agency's own cell may be one person"


def test_every_computable_figure_has_its_tables() -> None:
    assert set(ANSWERS) == set(computable())


@pytest.mark.parametrize("figure", sorted(ANSWERS))
def test_the_tables_of_a_figure_count_its_bodies_by_the_codes_of_its_measure(figure: str) -> None:
    bodies = computable()[figure]
    counted = set()
    for name, axis, codes in ANSWERS[figure]:
        table = BY_NAME[name]
        counted.add(table.body)
        if axis:
            (dimension,) = [d for d in table.dimensions if d.name == axis]
            assert set(codes.split()) <= set(domain(table, dimension))
    extra = {e.CaseOpened, e.ReferralResolved, e.Heartbeat}
    assert counted - extra <= bodies
    assert counted & bodies


@pytest.mark.parametrize(("topic", "evidence"), topics())
def test_every_piece_of_evidence_of_a_research_topic_is_a_dimension_of_some_table(topic: str, evidence: str) -> None:
    bodies = topic_bodies(topic)
    word, _, codes = (part.strip() for part in evidence.partition("="))
    if word in HEAD_FIELDS:
        assert [table for table in TABLES if table.body in bodies and table.scope is Scope.STATE]
        return
    for meant in TOPIC_WORDS.get(word, (word,)):
        tables = _tables_with(meant, bodies)
        assert tables, f"no table of {[b.__name__ for b in bodies]} has {meant}"
        for code in filter(None, re.split(r", | or ", codes)):
            assert any(code in domain(t, d) for t in tables for d in t.dimensions if d.field == meant)


def _tables_with(meant: str, bodies: list[type[e.Body]]) -> list[Table]:
    if meant[0].isupper():
        return [table for table in TABLES if table.body.__name__ == meant]
    return [table for table in TABLES if table.body in bodies and meant in [d.field for d in table.dimensions]]


def test_the_word_list_of_the_topics_names_only_what_they_say() -> None:
    said = {field.partition("=")[0].strip() for _, field in topics()}
    assert set(TOPIC_WORDS) | HEAD_FIELDS <= said


def test_the_lists_are_unix_text_and_credit_the_case_data_standard() -> None:
    folder = files("schemas").joinpath("vocabulary")
    for entry in folder.iterdir():
        if entry.name.endswith(".csv"):
            text = entry.read_bytes().decode("utf-8")
            assert "\r" not in text
            assert text.endswith("\n")
            assert len({len(row) for row in csv.reader(StringIO(text))}) == 1, entry.name
    readme = folder.joinpath("README.md").read_text(encoding="utf-8")
    assert "HTCDS" in readme
    assert "CC BY 4.0" in readme
