"""TIMS: what OVC's human trafficking grantees report to the Office for Victims of Crime.

Source of the official names: OJP's abstracts of OVC's TIMS snapshot reports (2012 to 2019), which
name what TIMS counts. The form itself (OMB 1121-0336) was not found, so lists of answers are ours.
"""

from typing import Final

from exchange.core.model import vocabulary as v
from exchange.core.model.events import ActivityHeld, CaseOpened, NeedUnmet, ReferralMade
from producers.reports.kinds.case_rows import (
    MINORS,
    NEW_CLIENTS,
    SERVED,
    adults,
    by_type,
    codes_in,
    services,
    without_answer,
)
from producers.reports.measures import ClientsAlso, ClientsOf, ClientsWithout, FactsOf, codes
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

SNAPSHOTS: Final = "OJP's abstracts of OVC's TIMS snapshot reports (2012 to 2019), not the form itself"
_Q: Final = NameOrigin.QUESTION
AT_OPENING: Final = "Age when the case was opened: a client may have come of age since"


def _served(label: str, field: str, listed: tuple[str, ...], why: str = "") -> ReportRow:
    about = ClientsOf(CaseOpened, codes(**{field: listed}))
    return official(label, ClientsAlso(SERVED, about), why)


TIMS: Final = ReportTable(
    ReportKind.TIMS,
    "OVC human trafficking grantee report (TIMS): totals",
    (PeriodForm.QUARTER, PeriodForm.HALF),
    (
        "A client counts as served if a service of the period is recorded.",
        "All clients of the file are counted, not only those whom an OVC grant pays for.",
    ),
    (
        ReportSection(
            "Clients",
            SNAPSHOTS,
            (
                official("Total clients served", SERVED),
                official("New clients", NEW_CLIENTS),
                _served("Adults", "age_band", adults(), AT_OPENING),
                _served("Minors (under 18 years old)", "age_band", MINORS, AT_OPENING),
                local("Age not recorded", ClientsWithout(SERVED, CaseOpened, ("age_band",))),
                official(
                    "U.S. citizens or legal permanent residents",
                    ClientsAlso(SERVED, ClientsOf(CaseOpened, codes(foreign_national=v.ForeignNational.no))),
                ),
                official(
                    "Foreign nationals",
                    ClientsAlso(SERVED, ClientsOf(CaseOpened, codes(foreign_national=v.ForeignNational.yes))),
                ),
            ),
        ),
        ReportSection("Type of trafficking, of clients served", SNAPSHOTS, by_type(SERVED, NameOrigin.OFFICIAL)),
        ReportSection(
            "Gender, of clients served", SNAPSHOTS, answers(CaseOpened, "gender", codes_in(v.Gender), _Q, SERVED)
        ),
        ReportSection(
            "Referral source, of new clients",
            SNAPSHOTS,
            (
                *answers(CaseOpened, "referral_source", codes_in(v.ReferralSource), _Q),
                without_answer("Referral source not known", CaseOpened, "referral_source", _Q),
            ),
        ),
        ReportSection("Services provided, by client", SNAPSHOTS, services(_Q)),
        ReportSection(
            "More that OVC may ask",
            "",
            (
                local("Clients referred to another agency", ClientsOf(ReferralMade)),
                local("Clients with a need that was not met", ClientsOf(NeedUnmet)),
                local("Trainings given", FactsOf(ActivityHeld, codes(activity=v.Activity.training_given))),
                local("Outreach events", FactsOf(ActivityHeld, codes(activity=v.Activity.outreach_event))),
                local("People trained", None, "The exchange has bands of an audience, no numbers"),
            ),
        ),
    ),
)
