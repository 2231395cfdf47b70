"""HMIS: the questions of HUD's APR and CAPER that can be answered from an export, by HUD's names.

Source of names and rules: HUD's APR and CAPER HMIS programming specifications of FY 2026. Only the
column Total of each question is counted.
"""

from collections.abc import Callable
from typing import Final

from exchange.core.model.vocabulary import Gender
from producers.reports.client_stays import ClientStay
from producers.reports.measures import StaysOf
from producers.reports.report_period import PeriodForm
from producers.reports.report_rows import ReportKind, ReportRow, ReportSection, ReportTable, official
from producers.sources.hmis.hmis_stays import AGES, DESTINATIONS, HEADS, MOVES, SEX

SPECIFICATIONS: Final = "HUD, APR and CAPER HMIS programming specifications, FY 2026"
NOT_READ: Final = "The edge never reads the columns that answer this. Your HMIS has it"
NOT_COUNTED: Final = "This is not counted here. Your HMIS has it"
Fits = Callable[[ClientStay], bool]


def _counted(label: str, fits: Fits, *by: str) -> ReportRow:
    return official(label, StaysOf(fits, by))


def _aged(label: str, first: int, last: int) -> ReportRow:
    return _counted(label, lambda one: one.is_aged(first, last), AGES)


def _to(label: str, *codes: int | None) -> ReportRow:
    return _counted(label, lambda one: one.has_left and one.stay.destination in codes, DESTINATIONS)


def _subtotal(label: str, first: int, last: int) -> ReportRow:
    return _counted(label, lambda one: one.has_left and first <= (one.stay.destination or 0) <= last, DESTINATIONS)


def _refused(one: ClientStay) -> bool:
    return one.age is None and not one.was_not_asked


DONT_KNOW: Final = "Client Doesn’t Know/Prefers Not to Answer"
NOT_COLLECTED: Final = "Data Not Collected"
EXITS: Final = (
    _to("Place not meant for habitation", 116),
    _to("Emergency shelter", 101),
    _to("Safe Haven", 118),
    _subtotal("Subtotal: Homeless Situations", 100, 199),
    _to("Foster care home or foster care group home", 215),
    _to("Hospital or other residential non-psychiatric medical facility", 206),
    _to("Jail, prison, or juvenile detention facility", 207),
    _to("Long-term care facility or nursing home", 225),
    _to("Psychiatric hospital or other psychiatric facility", 204),
    _to("Substance abuse treatment facility or detox center", 205),
    _subtotal("Subtotal: Institutional Situations", 200, 299),
    _to("Transitional housing for homeless persons (including homeless youth)", 302),
    _to("Residential project or halfway house with no homeless criteria", 329),
    _to("Hotel or motel paid for without emergency shelter voucher", 314),
    _to("Host Home (non-crisis)", 332),
    _to("Staying or living with family, temporary tenure", 312),
    _to("Staying or living with friends, temporary tenure", 313),
    _to("Moved from one HOPWA funded project to HOPWA TH", 327),
    _subtotal("Subtotal: Temporary Situations", 300, 399),
    _to("Staying or living with family, permanent tenure", 422),
    _to("Staying or living with friends, permanent tenure", 423),
    _to("Moved from one HOPWA funded project to HOPWA PH", 426),
    _to("Rental by client, no ongoing housing subsidy", 410),
    _to("Rental by client, with ongoing housing subsidy", 435),
    _to("Owned by client, with ongoing housing subsidy", 421),
    _to("Owned by client, no ongoing housing subsidy", 411),
    _subtotal("Subtotal: Permanent Situations", 400, 499),
    _to("No Exit Interview completed", 30),
    _to("Other", 17),
    _to("Deceased", 24),
    _to(DONT_KNOW, 8, 9),
    _to(NOT_COLLECTED, 99, None),
    _counted("TOTAL", lambda one: one.has_left),
    official("Total persons exiting to positive housing destinations", None, NOT_COUNTED),
)
HMIS: Final = ReportTable(
    ReportKind.HMIS,
    "HUD APR and CAPER questions, as far as this file answers them",
    (PeriodForm.YEAR, PeriodForm.FISCAL_YEAR),
    (
        (
            "HUD takes these reports from your HMIS or comparable database, through Sage. This does not replace them: it shows "
            "what they should say."
        ),
        "Each client is counted once, by the latest stay in the projects that were read. HUD counts a grant's own projects.",
        "Only the column Total is counted: not the columns by type of household.",
    ),
    (
        ReportSection(
            "Q5a Report Validations Table",
            SPECIFICATIONS,
            (
                _counted("Total number of persons served", lambda _: True),
                _counted("Number of adults (age 18 or over)", lambda one: one.is_adult, AGES),
                _counted("Number of children (under age 18)", lambda one: one.is_child, AGES),
                _counted("Number of persons with unknown age", lambda one: one.age is None, AGES),
                _counted("Number of leavers", lambda one: one.has_left),
                _counted("Number of adult leavers", lambda one: one.has_left and one.is_adult, AGES),
                _counted(
                    "Number of adult and head of household leavers",
                    lambda one: one.has_left and (one.is_adult or one.stay.is_head),
                    AGES,
                    HEADS,
                ),
                _counted("Number of stayers", lambda one: not one.has_left),
                _counted("Number of adult stayers", lambda one: not one.has_left and one.is_adult, AGES),
                official("Number of veterans", None, NOT_READ),
                official("Number of chronically homeless persons", None, NOT_READ),
                official("Number of youth under age 25", None, NOT_COUNTED),
                official("Number of parenting youth under age 25 with children", None, NOT_COUNTED),
                _counted(
                    "Number of adult heads of household", lambda one: one.is_adult and one.stay.is_head, AGES, HEADS
                ),
                _counted(
                    "Number of child and unknown-age heads of household",
                    lambda one: not one.is_adult and one.stay.is_head,
                    AGES,
                    HEADS,
                ),
                official("Heads of households and adult stayers in the project 365 days or more", None, NOT_COUNTED),
            ),
        ),
        ReportSection(
            "Q7a Number of Persons Served",
            SPECIFICATIONS,
            (
                _counted("Adults", lambda one: one.is_adult, AGES),
                _counted("Children", lambda one: one.is_child, AGES),
                _counted(DONT_KNOW, _refused, AGES),
                _counted(NOT_COLLECTED, lambda one: one.was_not_asked, AGES),
                _counted("Total", lambda _: True),
                _counted(
                    "For PSH & RRH – the total persons served who moved into housing",
                    lambda one: one.has_moved_in,
                    MOVES,
                ),
            ),
        ),
        ReportSection(
            "Q8a Number of Households Served",
            SPECIFICATIONS,
            (_counted("Total Households", lambda one: one.stay.is_head, HEADS),),
        ),
        ReportSection(
            "Q11 Age",
            SPECIFICATIONS,
            (
                _aged("Under 5", 0, 4),
                _aged("5-12", 5, 12),
                _aged("13-17", 13, 17),
                _aged("18-24", 18, 24),
                _aged("25-34", 25, 34),
                _aged("35-44", 35, 44),
                _aged("45-54", 45, 54),
                _aged("55-64", 55, 64),
                _aged("65+", 65, 999),
                _counted(DONT_KNOW, _refused, AGES),
                _counted(NOT_COLLECTED, lambda one: one.was_not_asked, AGES),
                _counted("Total", lambda _: True),
            ),
        ),
        ReportSection("Q23c Exit Destination", SPECIFICATIONS, EXITS),
        ReportSection(
            "Q24e Sex",
            SPECIFICATIONS,
            (
                official("Female", StaysOf(lambda one: one.stay.sex is Gender.woman, (SEX,))),
                official("Male", StaysOf(lambda one: one.stay.sex is Gender.man, (SEX,))),
            ),
        ),
        ReportSection(
            "Questions that this does not answer",
            SPECIFICATIONS,
            (
                official(
                    "Q6a to Q6f Data Quality", None, "`exchange edge check` finds faults, but counts them otherwise"
                ),
                official("Q12 Race and Ethnicity", None, NOT_READ),
                official("Q13a1 Physical and Mental Health Conditions at Start", None, NOT_READ),
                official(
                    "Q14a History of Domestic Violence, Sexual Assault, Dating Violence, Stalking, or Human Trafficking",
                    None,
                    NOT_READ,
                ),
                official("Q15 Living Situation", None, NOT_COUNTED),
                official("Q16 Cash Income – Ranges", None, NOT_READ),
                official("Q21 Health Insurance", None, NOT_READ),
                official("Q22a1 Length of Participation – CoC Projects", None, NOT_COUNTED),
                official("Q22c Length of Time between Project Start Date and Housing Move-in Date", None, NOT_COUNTED),
            ),
        ),
    ),
)
