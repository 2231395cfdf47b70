"""Needs: the agency's own needs assessment, with the questions of the national one of 2003.

Source of the official names: the abstract of NCJ 202469, Needs Assessment for Service Providers and
Trafficking Victims (OVC, 2003). It names some answers; the others are ours.
"""

from enum import StrEnum
from typing import Final

from exchange.core.model import vocabulary as v
from exchange.core.model.events import (
    BarrierReported,
    CaseClosed,
    CaseOpened,
    Correctable,
    NeedIdentified,
    NeedUnmet,
    OutcomeAssessed,
    ProviderSurveyed,
    ServiceProvided,
    TraffickingFacts,
)
from exchange.core.picture.wording.phrases import label_of
from producers.reports.kinds.case_rows import NEW_CLIENTS, SERVED, codes_in
from producers.reports.measures import ClientsByNeeds, ClientsOf, FactsOf, NeedsEnd, codes
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
from schemas.lists import read_list

ABSTRACT: Final = "NCJ 202469, Needs Assessment for Service Providers and Trafficking Victims (OVC, 2003): its abstract"
OVC_2003: Final = "OVC 2003"
BETTER: Final = (v.OutcomeDirection.improved, v.OutcomeDirection.attained)
LONG: Final = (v.DurationBand.months_12_to_24, v.DurationBand.over_24_months)


def _named(listed: str) -> frozenset[str]:
    """The codes of a list that the abstract names."""
    return frozenset(row["code"] for row in read_list(listed) if row["source"] == OVC_2003)


def _by_code(body: type[Correctable], field: str, kind: type[StrEnum], listed: str) -> tuple[ReportRow, ...]:
    """Clients with each code; the abstract's own first."""
    named = _named(listed)
    ordered = sorted(codes_in(kind), key=lambda code: code not in named)
    return tuple(
        ReportRow(
            label_of(field, code),
            ClientsOf(body, codes(**{field: code})),
            NameOrigin.OFFICIAL if code in named else NameOrigin.LOCAL,
        )
        for code in ordered
    )


def _surveyed(field: str) -> tuple[ReportRow, ...]:
    sides = {row["code"]: row["side"] for row in read_list("barrier")}
    return tuple(
        local(label_of(field, code), FactsOf(ProviderSurveyed, codes(**{field: code})))
        for code in codes_in(v.Barrier)
        if sides.get(code) == "provider"
    )


NEEDS: Final = ReportTable(
    ReportKind.NEEDS,
    "Our own needs assessment, with the questions of 2003",
    (PeriodForm.QUARTER, PeriodForm.HALF, PeriodForm.YEAR),
    (
        "The study of 2003 asked providers; here the records of one agency answer. Shares of the two are not comparable.",
    ),
    (
        ReportSection(
            "Clients",
            ABSTRACT,
            (
                official("Victims served", SERVED),
                local("New clients", NEW_CLIENTS),
                official(
                    "Female, of new clients",
                    ClientsOf(CaseOpened, codes(gender=(v.Gender.woman, v.Gender.transgender_woman))),
                ),
                official(
                    "Sex trafficking (or both)", ClientsOf(TraffickingFacts, codes(trafficking_type=("sex", "both")))
                ),
                official(
                    "Labor trafficking (or both)",
                    ClientsOf(TraffickingFacts, codes(trafficking_type=("labor", "both"))),
                ),
                official("Closed cases of more than 12 months", ClientsOf(CaseClosed, codes(duration_band=LONG))),
            ),
        ),
        ReportSection(
            "Services that clients needed", ABSTRACT, _by_code(NeedIdentified, "service", v.Service, "service")
        ),
        ReportSection(
            "Services that clients got", ABSTRACT, _by_code(ServiceProvided, "service", v.Service, "service")
        ),
        ReportSection("Needs that were not met", "", _by_code(NeedUnmet, "service", v.Service, "service")),
        ReportSection(
            "How well needs were met, by client",
            "",
            (
                local("All needs met", ClientsByNeeds(frozenset({NeedsEnd.SERVED}))),
                local("Some needs met", ClientsByNeeds(frozenset({NeedsEnd.PARTLY}))),
                local("No need met", ClientsByNeeds(frozenset({NeedsEnd.NOT}))),
                local("Open", ClientsByNeeds(frozenset({NeedsEnd.PENDING}))),
            ),
        ),
        ReportSection(
            "Why needs were not met, by client",
            "",
            tuple(
                local(label_of("unmet_reason", code), ClientsOf(NeedUnmet, codes(unmet_reason=code)))
                for code in codes_in(v.UnmetReason)
            ),
        ),
        ReportSection(
            "Barriers that clients met", ABSTRACT, _by_code(BarrierReported, "barrier", v.Barrier, "barrier")
        ),
        ReportSection(
            "Better, by part of life and client",
            "",
            tuple(
                local(
                    label_of("outcome_domain", code),
                    ClientsOf(OutcomeAssessed, codes(outcome_domain=code, outcome_direction=BETTER)),
                )
                for code in codes_in(v.OutcomeDomain)
            ),
        ),
        ReportSection("Barriers that we meet as a provider (answers of our survey)", "", _surveyed("barrier")),
        ReportSection("Barriers that we need support with (answers of our survey)", "", _surveyed("support_needed")),
    ),
)
