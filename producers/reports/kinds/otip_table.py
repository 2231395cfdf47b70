"""OTIP: the totals behind the TVAP and DVHT performance reports of HHS.

Source of the official names: the forms and lists of changes in OMB's records of 0970-0467 (TVAP,
2021 to 2025) and 0970-0542 (DVHT, 2020 and 2025). Their lists of answers were not found.
"""

from typing import Final

from exchange.core.model import vocabulary as v
from exchange.core.model.events import BarrierReported, CaseClosed, CaseOpened
from producers.reports.kinds.case_rows import (
    CLOSED,
    MINORS,
    NEW_CLIENTS,
    SERVED,
    adults,
    by_type,
    codes_in,
    services,
    without_answer,
)
from producers.reports.measures import ClientsOf, codes
from producers.reports.report_period import PeriodForm
from producers.reports.report_rows import (
    NameOrigin,
    ReportKind,
    ReportRow,
    ReportSection,
    ReportTable,
    answers,
    local,
    official,
)

ENTRY: Final = "OMB 0970-0467 and 0970-0542, Client Characteristics and Program Entry Form (2021)"
CLOSURE: Final = "OMB 0970-0467, Client Case Closure (list of changes, 2023 and 2025)"
SHEETS: Final = "OMB 0970-0467, TVAP PPR Workbook (2025): the name of the sheet alone"
_NOT_READ: Final = "No column that the edge reads holds this. Take it from your case system"
_Q: Final = NameOrigin.QUESTION


def _never(*labels: str) -> tuple[ReportRow, ...]:
    return tuple(official(label, None, _NOT_READ) for label in labels)


OTIP: Final = ReportTable(
    ReportKind.OTIP,
    "OTIP performance report (TVAP, DVHT): totals",
    (PeriodForm.QUARTER, PeriodForm.FISCAL_YEAR),
    (
        (
            "OTIP asks for a row for each client. Those rows are never made here: take them from your case system, and check "
            "them with these totals."
        ),
        "All clients of the file are counted, not only those whom an OTIP grant pays for.",
    ),
    (
        ReportSection(
            "Client Characteristics and Program Entry",
            ENTRY,
            (
                official("New clients (one form each)", NEW_CLIENTS, "A reopened case counts, as OTIP asks"),
                *_never("Type of Intake", "Service Eligibility Status"),
                *_never("Was client matched to a service provider within 48 hours of referral?"),
                *_never("Family members receiving services", "Race/Ethnicity", "Disability"),
                *_never("Does client identify as LGBTQ2S+?"),
            ),
        ),
        ReportSection(
            "Referral Source, of new clients",
            ENTRY,
            (
                *answers(CaseOpened, "referral_source", codes_in(v.ReferralSource), _Q),
                without_answer("Referral source not known", CaseOpened, "referral_source", _Q),
            ),
        ),
        ReportSection(
            "Age at time of intake, of new clients",
            ENTRY,
            (
                ReportRow("Under 18", ClientsOf(CaseOpened, codes(age_band=MINORS)), _Q),
                ReportRow("18 and over", ClientsOf(CaseOpened, codes(age_band=adults())), _Q),
                without_answer("Age not known", CaseOpened, "age_band", _Q),
            ),
        ),
        ReportSection(
            "Gender Identity, of new clients",
            ENTRY,
            (
                *answers(CaseOpened, "gender", codes_in(v.Gender), _Q),
                without_answer("Gender not known", CaseOpened, "gender", _Q),
            ),
        ),
        ReportSection("Type of trafficking, of new clients", "", by_type(NEW_CLIENTS, NameOrigin.LOCAL)),
        ReportSection(
            "Client Case Closure",
            CLOSURE,
            (
                official("Clients whose case was closed (one form each)", CLOSED),
                *_never("Did the client obtain Continued Presence or T-Visa?"),
                *_never("Did the client obtain HHS Certification or Eligibility?"),
                *_never("Did the client receive a referral for continued case management services?"),
            ),
        ),
        ReportSection(
            "Reason for Case Closing",
            CLOSURE,
            (
                *answers(CaseClosed, "exit_reason", codes_in(v.ExitReason), _Q),
                without_answer("Reason not known", CaseClosed, "exit_reason", _Q),
            ),
        ),
        ReportSection(
            "Living Situation upon Case Closing",
            CLOSURE,
            (
                *answers(CaseClosed, "exit_destination", codes_in(v.ExitDestination), _Q),
                without_answer("Living situation not known", CaseClosed, "exit_destination", _Q),
            ),
        ),
        ReportSection(
            "Barriers to Service Delivery, by client",
            SHEETS,
            answers(BarrierReported, "barrier", codes_in(v.Barrier), _Q),
        ),
        ReportSection(
            "Client Service Use and Delivery",
            SHEETS,
            (local("Clients with any service", SERVED), *services(_Q)),
        ),
    ),
)
