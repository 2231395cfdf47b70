"""OVW: the victim services of a semi-annual VAWA report.

Source of the official names: the questions and answers of the VAWA Measuring Effectiveness
Initiative (vawamei.org), and the reporting instructions under OMB 1122-0NEW (June 2025). Numbers of
questions and lists of reasons were not found, so they are ours.
"""

from typing import Final

from exchange.core.model import vocabulary as v
from exchange.core.model.events import NeedUnmet, ServiceProvided
from exchange.core.picture.wording.phrases import label_of
from producers.reports.kinds.case_rows import codes_in, services
from producers.reports.measures import ClientsByNeeds, ClientsOf, NeedsEnd, ReasonsOf, codes
from producers.reports.report_period import PeriodForm
from producers.reports.report_rows import (
    NameOrigin,
    ReportKind,
    ReportRow,
    ReportSection,
    ReportTable,
    local,
    official,
)

MEI: Final = "VAWA Measuring Effectiveness Initiative, questions and answers on victim services (vawamei.org)"
NOT_WHOLLY: Final = frozenset({NeedsEnd.PARTLY, NeedsEnd.NOT})
_NOT_READ: Final = "No column that the edge reads holds this. Take it from your case system"


def _ended(*ends: NeedsEnd) -> ClientsByNeeds:
    return ClientsByNeeds(frozenset(ends))


OVW: Final = ReportTable(
    ReportKind.OVW,
    "OVW semi-annual report (VAWA): victim services, totals",
    (PeriodForm.HALF,),
    (
        (
            "OVW asks only for what the grant pays for. All clients of the file are counted here, but for the row that names "
            "OVW: count those of other funds out."
        ),
        (
            "Served: every service asked for was given. Partially served: some were. Not served: none was, and a need is "
            "recorded as not met. A service that the person declined, or moved away from, was not asked for. Information "
            "and referral alone are no service."
        ),
    ),
    (
        ReportSection(
            "Number of victims/survivors",
            MEI,
            (
                official("Served", _ended(NeedsEnd.SERVED)),
                official("Partially served", _ended(NeedsEnd.PARTLY)),
                official("Not served", _ended(NeedsEnd.NOT)),
                local("Asked, and neither served nor recorded as not met yet", _ended(NeedsEnd.PENDING)),
                local(
                    "Clients with a service that OVW pays for",
                    ClientsOf(ServiceProvided, codes(funding_source=v.FundingSource.ovw)),
                ),
            ),
        ),
        ReportSection(
            "Reasons why they were not served or partially served",
            MEI,
            tuple(
                ReportRow(
                    label_of("unmet_reason", code),
                    ReasonsOf(NOT_WHOLLY, codes(unmet_reason=code)),
                    NameOrigin.QUESTION,
                )
                for code in codes_in(v.UnmetReason, *(v.UnmetReason.client_declined, v.UnmetReason.client_moved))
            ),
        ),
        ReportSection("Services, by client", "", services(NameOrigin.LOCAL)),
        ReportSection(
            "More about victims/survivors",
            MEI,
            (
                official("Relationship to offender, by type of victimization", None, _NOT_READ),
                official("Other demographics", None, _NOT_READ),
                official("Hotline calls", None, _NOT_READ),
                local("Clients with any need that was not met", ClientsOf(NeedUnmet)),
            ),
        ),
    ),
)
