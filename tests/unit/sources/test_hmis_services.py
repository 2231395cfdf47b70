"""The rows of Services: services, money, and nights in a bed."""

import pytest

from exchange.core.model.events import ServiceProvided
from exchange.core.model.period import parse_period
from tests.kits.hmis_exports import STAY, bodies, facts, ignored, only, readings, refusals, refused, sample

NOT_KNOWN, NOT_COLLECTED, NOT_APPLICABLE = "not_known", "not_collected", "not_applicable"


def service(folder, **cells):
    found = readings(sample().change("Services.csv", **cells), folder)
    assert not refusals(found)
    return only(found, ServiceProvided)


@pytest.mark.parametrize(
    ("record", "kind", "subtype", "service_code"),
    [
        ("141", "6", "", "case_management"),
        ("142", "7", "", "legal"),
        ("143", "7", "", "food"),
        ("144", "3", "4", "medical"),
        ("144", "3", "44", "public_benefits"),
        ("144", "2", "4", "case_management"),
        ("142", "8", "3", "life_skills"),
        ("300", "5", "", "other"),
        ("142", "", "", NOT_COLLECTED),
    ],
)
def test_the_record_type_decides_which_list_the_type_comes_from(tmp_path, record, kind, subtype, service_code):
    body = service(tmp_path, RecordType=record, TypeProvided=kind, SubTypeProvided=subtype)
    assert (body.service, body.unit_band, body.cost_band) == (service_code, "units_1", NOT_COLLECTED)


@pytest.mark.parametrize(
    ("record", "amount", "band"), [("151", "750.5", "usd_500_999"), ("152", "", NOT_COLLECTED), ("152", "0", "usd_0")]
)
def test_money_is_recorded_as_a_band_and_has_no_units(tmp_path, record, amount, band):
    body = service(tmp_path, RecordType=record, TypeProvided="1", FAAmount=amount)
    assert (body.service, body.cost_band, body.unit_band) == ("rental_assistance", band, NOT_APPLICABLE)


def test_an_amount_counts_only_where_money_is_recorded(tmp_path):
    assert service(tmp_path, FAAmount="750").cost_band == NOT_COLLECTED


def test_an_amount_that_is_none_is_refused_as_a_part_of_its_row(tmp_path):
    found = readings(sample().change("Services.csv", RecordType="152", TypeProvided="1", FAAmount="-7"), tmp_path)
    assert only(found, ServiceProvided).cost_band == NOT_KNOWN
    assert refused(found) == {("Services.csv", 1, "FAAmount")}


@pytest.mark.parametrize("kind", ["99", "x", "-1"])
def test_a_type_outside_its_list_is_a_service_not_known_and_counted(tmp_path, kind):
    found = readings(sample().change("Services.csv", TypeProvided=kind), tmp_path)
    assert only(found, ServiceProvided).service == NOT_KNOWN
    assert refused(found) == {("Services.csv", 1, "TypeProvided")}


@pytest.mark.parametrize("record", ["", "999", "x"])
def test_a_row_of_an_unknown_record_type_is_no_service(tmp_path, record):
    found = readings(sample().change("Services.csv", RecordType=record), tmp_path)
    assert not bodies(found, ServiceProvided)
    assert refused(found) == {("Services.csv", 1, "RecordType")}


def test_a_voucher_step_is_no_service(tmp_path):
    found = readings(sample().change("Services.csv", RecordType="210"), tmp_path)
    assert not bodies(found, ServiceProvided)
    assert ignored(found, "Services.csv") == ["a voucher step, not a service"]


def paid_by(folder, *funders, **cells):
    written = sample().change("Services.csv", **cells)
    written.tables["Funder.csv"] = []
    for number, (code, start, end) in enumerate(funders):
        written.add("Funder.csv", FunderID=f"F{number}", ProjectID="J1", Funder=code, StartDate=start, EndDate=end)
    return only(readings(written, folder), ServiceProvided).funding_source


def test_who_paid_is_recorded_only_where_it_can_be_known(tmp_path):
    youth, hud, nobody = ("22", "2020-01-01", ""), ("3", "2020-01-01", ""), ("34", "2020-01-01", "")
    over, later = ("3", "2020-01-01", "2026-02-28"), ("3", "2026-03-02", "")
    assert paid_by(tmp_path) == NOT_COLLECTED
    assert paid_by(tmp_path, hud) == "hud_coc"
    assert paid_by(tmp_path, hud, youth) == "fysb_rhy"
    assert paid_by(tmp_path, hud, ("8", "2020-01-01", "")) == NOT_KNOWN
    assert paid_by(tmp_path, nobody) == "none"
    assert paid_by(tmp_path, nobody, hud) == "hud_coc"
    assert paid_by(tmp_path, over, later) == NOT_COLLECTED
    assert paid_by(tmp_path, ("3", "2026-03-01", "2026-03-01")) == "hud_coc"
    assert paid_by(tmp_path, ("3", "1995-01-01", "")) == "hud_coc"
    assert paid_by(tmp_path, hud, youth, RecordType="143", TypeProvided="7") == NOT_KNOWN


def nights(folder, *days, head=(), year_only=False, **stay):
    written = sample().change("Export.csv", **dict(head)).change("Enrollment.csv", **stay)
    for file in ("Exit.csv", "Services.csv", "Event.csv", "HealthAndDV.csv"):
        written.tables[file] = []
    for number, day in enumerate(days):
        written.add(
            "Services.csv", **STAY, ServicesID=f"N{number}", DateProvided=day, RecordType="200", TypeProvided="200"
        )
    found = readings(written, folder, year_only=year_only)
    assert not [refusal for refusal in refusals(found) if refusal.where.file == "Services.csv"]
    return [(fact.period, fact.body.unit_band) for fact in facts(found) if isinstance(fact.body, ServiceProvided)]


def test_bed_nights_are_recorded_once_a_stay_and_quarter_with_their_number_as_a_band(tmp_path):
    days = ["2026-03-30", "2026-03-31", "2026-04-01", "2026-04-01"]
    first, second = parse_period("2026Q1"), parse_period("2026Q2")
    assert nights(tmp_path, *days) == [(first, "units_2_5"), (second, "units_1")]
    assert nights(tmp_path, *days, year_only=True) == [(parse_period("2026"), "units_2_5")]


def test_a_bed_night_is_one_whatever_its_type_is(tmp_path):
    written = sample().change("Services.csv", RecordType="200", TypeProvided="7")
    assert only(readings(written, tmp_path), ServiceProvided).service == "emergency_shelter"


def test_the_number_of_nights_is_not_known_unless_the_export_covers_the_quarter(tmp_path):
    quarter = parse_period("2026Q1")
    assert nights(tmp_path, "2026-03-30", head={"ExportDirective": "1"}) == [(quarter, NOT_KNOWN)]
    assert nights(tmp_path, "2026-03-30", head={"ExportPeriodType": "1"}) == [(quarter, NOT_KNOWN)]
    assert nights(tmp_path, "2026-03-30", head={"ExportStartDate": "2026-02-11"}) == [(quarter, NOT_KNOWN)]
    assert nights(tmp_path, "2026-03-30", head={"ExportEndDate": "2026-03-30"}) == [(quarter, NOT_KNOWN)]
    assert nights(tmp_path, "2026-03-30", head={"ExportStartDate": "2026-02-10"}) == [(quarter, "units_1")]
    until_now = {"ExportEndDate": "2026-03-30", "ExportDate": "2026-03-30"}
    assert nights(tmp_path, "2026-03-30", head=until_now) == [(quarter, "units_1")]


def test_a_withdrawn_night_is_taken_out_by_a_full_export_and_refused_in_a_delta(tmp_path):
    written = sample().change("Services.csv", RecordType="200", DateDeleted="2026-05-01")
    assert not refusals(readings(written, tmp_path))
    assert refused(readings(written.change("Export.csv", ExportDirective="1"), tmp_path)) == {
        ("Services.csv", 1, "DateDeleted")
    }
