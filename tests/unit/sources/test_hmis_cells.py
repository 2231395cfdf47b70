"""How a cell becomes a date, a band or a code."""

from datetime import date

import pytest

from exchange.core.model.bands import band_of
from exchange.core.model.vocabulary import COST_BAND_USD, DURATION_BAND_DAYS, UNIT_BAND_UNITS, WAIT_BAND_DAYS, Service
from producers.sources.hmis.reading.banded import cost_band, duration_band, unit_band, wait_band
from producers.sources.hmis.reading.codes import load_codes, read_integer
from producers.sources.hmis.reading.date_orders import DateForms, Order
from producers.sources.hmis.reading.dates import (
    age_on,
    is_nothing,
    is_some_day,
    period_days,
    period_on,
    read_date,
    read_timestamp,
)
from producers.sources.hmis.rules.agency_side import Window, state_of
from schemas.lists import read_list

DAY = date(2026, 3, 14)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-14",
        "2026-3-14",
        "2026-03-14 09:05:01",
        "2026-03-14T9:05",
        "2026-03-14 09:05:01 AM",
        "2026-03-14T00:00:00Z",
        "2026-03-14T05:00:00Z",
        "2026-03-14T23:30:00-08:00",
        "2026/03/14",
        "2026/3/14 12:00:00 AM",
        "20260314",
        "14-MAR-2026",
        "14-Mar-2026 00:00:00",
        "14 March 2026",
        "March 14, 2026",
    ],
)
def test_a_date_that_can_mean_one_day_is_read(text):
    assert read_date(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "03/04/2026",
        "3/14/2026",
        "4/4/2026",
        "4-3-2026",
        "2026-03-14T03:59:00Z",
        "1900-01-01",
        "9999-12-31",
        "14/3/2026",
        "14-03-2026",
        "3/14/26",
        "14-MAR-26",
        "26-03-14",
        "2026-02-30",
        "20261403",
        "2026-03",
        "45000",
        "14-XYZ-2026",
        "2026-03-14x",
        "²026-03-14",
        "3/14-2026",
        "0000-01-01",
    ],
)
def test_a_date_that_could_mean_two_days_or_none_is_not_guessed(text):
    assert read_date(text) is None


def test_a_column_that_proves_the_order_of_month_and_day_makes_its_dates_one_day():
    assert read_date("3/14/2026", DateForms(Order.MONTH_FIRST)) == DAY
    assert read_date("14.3.2026 08:00", DateForms(Order.DAY_FIRST)) == DAY
    assert read_date("14/3/2026", DateForms(Order.MONTH_FIRST)) is None


def test_a_serial_number_is_a_day_only_in_a_column_of_them():
    assert read_date("46095", DateForms(serials=True)) == DAY
    assert read_timestamp("46095.375", DateForms(serials=True)) == "2026-03-14T09:00:00"
    assert read_date("46095") is None


@pytest.mark.parametrize(
    "text",
    ["0000-00-00", "00/00/0000", "0000-00-00 00:00:00", "0", "1/0/1900", "1900-01-01 00:00:00.000", "12/31/9999"],
)
def test_what_stands_for_no_date_is_nothing_and_no_day(text):
    assert is_nothing(text)
    assert not is_some_day(text)


@pytest.mark.parametrize("text", ["2026-03-14", "3/4/2026", "14/3/2026 08:00", "46095", "2026-03-14T03:59:00Z"])
def test_some_day_is_a_date_even_if_it_is_not_known_which(text):
    assert is_some_day(text)
    assert not is_nothing(text)


def test_timestamps_sort_by_age_as_text_whatever_their_form():
    forms = [
        "2025-12-31 11:59:58 PM",
        "12/31/2025 23:59:59",
        "2026-01-01 9:00",
        "2026-01-01 10:00:30.5",
        "2026-01-01T08:00:00-05:00",
        "2026-01-01",
    ]
    read = [read_timestamp(form, DateForms(Order.MONTH_FIRST)) for form in forms]
    assert read == sorted(read)
    assert all(read)
    assert read_timestamp("1/2/2026 10:00") == ""


def test_every_day_lies_in_the_days_of_its_period():
    for day in (date(2026, month, end) for month in range(1, 13) for end in (1, 28)):
        for whole_year in (False, True):
            first, last = period_days(period_on(day, whole_year=whole_year))
            assert first <= day <= last
            assert period_on(first, whole_year=whole_year) == period_on(last, whole_year=whole_year)
    assert period_days(period_on(date(2026, 5, 5))) == (date(2026, 4, 1), date(2026, 6, 30))
    assert period_days(period_on(date(2026, 12, 5))) == (date(2026, 10, 1), date(2026, 12, 31))


def test_an_age_changes_on_the_birthday():
    assert [age_on(date(2008, 3, 14), date(2026, 3, day)) for day in (13, 14)] == [17, 18]
    assert age_on(date(2027, 1, 1), DAY) == -1


@pytest.mark.parametrize("bounds", [COST_BAND_USD, DURATION_BAND_DAYS, WAIT_BAND_DAYS, UNIT_BAND_UNITS])
def test_both_ends_of_a_band_belong_to_it(bounds):
    for code, (low, high) in bounds.items():
        assert band_of(bounds, low) == code
        assert band_of(bounds, low if high is None else high) == code
    assert band_of(bounds, -1) is None


def test_dates_that_run_backwards_have_no_band():
    before = date(2026, 3, 13)
    assert (wait_band(DAY, before), duration_band(DAY, before)) == ("not_known", "not_known")
    assert (wait_band(DAY, DAY), duration_band(DAY, DAY)) == ("same_day", "up_to_1_month")


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("", "not_collected"),
        ("0", "usd_0"),
        ("0.99", "usd_0"),
        (".5", "usd_0"),
        ("99.99", "usd_1_99"),
        ("100", "usd_100_499"),
        ("1000.5", "usd_1000_4999"),
        ("9999999.", "usd_10000_plus"),
    ],
)
def test_dollars_lose_their_cents_and_become_a_band(text, band):
    assert cost_band(text) == band


@pytest.mark.parametrize("text", ["-5", "1,000", "$5", "five", "1e3", ".", "99999999999"])
def test_what_is_no_amount_has_no_band(text):
    assert cost_band(text) is None


def test_units_have_a_band_and_none_at_all_was_not_collected():
    assert [unit_band(units) for units in (None, 0, 1, 5, 61)] == [
        "not_collected",
        "not_collected",
        "units_1",
        "units_2_5",
        "units_over_60",
    ]


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("007", 7), ("7.0", 7), ("7.", 7), ("0", 0), ("0.0", 0)])
def test_integers_in_all_their_forms(text, number):
    assert read_integer(text) == number


@pytest.mark.parametrize("text", ["", "7.5", "-7", "7 7", "seven", "7e0", "1234567890123", "٧"])
def test_anything_else_is_no_integer(text):
    assert read_integer(text) is None


def test_not_known_declined_and_not_collected_stay_three_codes():
    codes = load_codes()
    for answers in (codes.referral_source, codes.destination, codes.gender_of_sex, codes.answer_age):
        assert [answers.read(text) for text in ("8", "9", "99")] == ["not_known", "declined", "not_collected"]
        assert answers.read("") == "not_collected"
        assert answers.read("77") is None
        assert answers.read("x") is None


def test_8_and_9_keep_their_own_meaning_in_lists_without_missing_answers():
    codes = load_codes()
    assert (codes.funding.read("8"), codes.funding.read("9")) == ("hud_esg", "hud_esg")
    assert (codes.unmet_by_event.read("8"), codes.unmet_by_event.read("9")) == ("ineligible", "no_availability")
    assert codes.service(143, 8) == "medical"


def test_every_hmis_service_of_the_vocabulary_is_read():
    codes, paths = load_codes(), 0
    for row in read_list("service"):
        for path in row["hmis"].split():
            assert codes.service(*map(int, path.split("."))) == row["code"]
            paths += 1
    assert paths == len(codes.services) > 90


def test_the_lists_of_two_record_types_are_never_swapped():
    codes = load_codes()
    assert (codes.service(142, 7), codes.service(143, 7)) == (Service.legal, Service.food)
    assert (codes.service(142, 10), codes.service(143, 10)) == (Service.parenting_support, Service.mental_health)


def test_a_subtype_outside_its_list_falls_back_to_the_type():
    codes = load_codes()
    assert (codes.service(144, 3, 4), codes.service(144, 3, 77), codes.service(144, 3, None)) == (
        "medical",
        "public_benefits",
        "public_benefits",
    )
    assert codes.service(142, 99) is None


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("CA-600", "ca"),
        ("in-502", "in"),
        ("OR-500", "or"),
        ("XX-500", None),
        ("CA600", None),
        ("not_known-500", None),
        ("CA-6000", None),
        ("", None),
    ],
)
def test_the_letters_of_a_coc_are_the_state(text, state):
    assert state_of(text) == state


def test_a_window_covers_only_whole_quarters_and_what_could_be_known():
    year = Window.of(date(2026, 1, 1), date(2026, 12, 31), date(2027, 2, 1))
    middle = Window.of(date(2026, 1, 2), date(2026, 12, 30), date(2027, 2, 1))
    running = Window.of(date(2025, 10, 1), date(2026, 12, 31), date(2026, 5, 9))
    stub = Window.of(date(2026, 2, 1), date(2026, 3, 1), date(2027, 2, 1))
    assert year.quarters() == (period_on(date(2026, 1, 1)), period_on(date(2026, 12, 31)))
    assert middle.quarters() == (period_on(date(2026, 4, 1)), period_on(date(2026, 9, 1)))
    assert running.quarters() == (period_on(date(2025, 10, 1)), period_on(date(2026, 12, 1)))
    assert stub.quarters() is None
    assert not stub.covers(date(2026, 2, 1), date(2026, 3, 31))
    assert running.covers(date(2026, 4, 1), date(2026, 6, 30))


def test_a_window_stays_within_the_years_of_events():
    window = Window.of(date(1, 1, 1), date(9999, 12, 31), None)
    assert window.quarters() == (period_on(date(2000, 1, 1)), period_on(date(2099, 12, 31)))
    assert Window.of(date(2026, 1, 1), None, None) is None
    assert Window.of(date(2026, 1, 2), date(2026, 1, 1), None) is None
