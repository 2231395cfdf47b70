"""Rows that several reports have: new clients, their case, services, closures, by code."""

from enum import StrEnum
from typing import Final

from exchange.core.counting.tables import MISSING_CODES
from exchange.core.model import vocabulary as v
from exchange.core.model.events import CaseClosed, CaseOpened, ServiceProvided, TraffickingFacts
from producers.reports.measures import ClientsAlso, ClientsOf, ClientsWithout, codes
from producers.reports.report_rows import NameOrigin, ReportRow, answers

NEW_CLIENTS: Final = ClientsOf(CaseOpened)
SERVED: Final = ClientsOf(ServiceProvided)
CLOSED: Final = ClientsOf(CaseClosed)
MINORS: Final = (v.AgeBand.age_0_8, v.AgeBand.age_9_17)
NO_ANSWER: Final = tuple(MISSING_CODES)


def codes_in(kind: type[StrEnum], *left_out: StrEnum) -> tuple[str, ...]:
    """The codes of a list, without those for missing answers."""
    return tuple(code for code in kind if code not in (*NO_ANSWER, "not_applicable", *left_out))


def adults() -> tuple[str, ...]:
    """The age bands from 18 on."""
    return codes_in(v.AgeBand, *MINORS)


def without_answer(label: str, body: type[CaseOpened | CaseClosed], field: str, name: NameOrigin) -> ReportRow:
    """The clients of whom the answer is missing, whatever the reason."""
    return ReportRow(label, ClientsOf(body, codes(**{field: NO_ANSWER})), name)


def by_type(of: ClientsOf, name: NameOrigin) -> tuple[ReportRow, ...]:
    """The clients of `of` by type of trafficking, as far as their case states it."""
    kind = "trafficking_type"

    def row(label: str, *types: str) -> ReportRow:
        return ReportRow(label, ClientsAlso(of, ClientsOf(TraffickingFacts, codes(**{kind: types}))), name)

    return (
        row("Sex trafficking", v.TraffickingType.sex),
        row("Labor trafficking", v.TraffickingType.labor),
        row("Sex and labor trafficking", v.TraffickingType.both),
        row("Type not known", *NO_ANSWER),
        ReportRow("No type recorded", ClientsWithout(of, TraffickingFacts, (kind,)), NameOrigin.LOCAL),
    )


def services(name: NameOrigin) -> tuple[ReportRow, ...]:
    """The clients who got each service."""
    return answers(ServiceProvided, "service", codes_in(v.Service), name)
