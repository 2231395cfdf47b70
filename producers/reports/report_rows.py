"""The table of a report: its sections and rows, as values, for every kind of report.

A row is a name, where the name comes from, and what is counted from which fields; or why it cannot
be known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exchange.core.picture.wording.phrases import label_of
from producers.reports.counted_facts import Body
from producers.reports.measures import ClientsAlso, ClientsOf, Measure, codes
from producers.reports.report_period import PeriodForm


class ReportKind(StrEnum):
    """Whose report it is."""

    OTIP = "otip"
    TIMS = "tims"
    HMIS = "hmis"
    OVW = "ovw"
    NEEDS = "needs"


class NameOrigin(StrEnum):
    """Where the name of a row comes from."""

    OFFICIAL = "official name"
    QUESTION = "official question, our answer"
    LOCAL = "local name"

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return _MEANINGS[self]


_MEANINGS: Final = {
    NameOrigin.OFFICIAL: "The funder's own words, from the source that the section names.",
    NameOrigin.QUESTION: "The question is the funder's. Its list of answers was not found, so the answers are ours.",
    NameOrigin.LOCAL: "Our words: no source of the funder's words was found. Find the place in your form yourself.",
}


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row. `measure`: None where no input that the edge reads can answer it.

    `why`: then, why; else how its count differs from what the funder asks, if it does.
    """

    label: str
    measure: Measure | None
    name: NameOrigin
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReportSection:
    """Some rows under one title. `source`: where the official names come from; empty if none is."""

    title: str
    source: str
    rows: tuple[ReportRow, ...]


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A kind of report. `forms`: the funder's own periods; `caveats`: what holds for all of it."""

    kind: ReportKind
    title: str
    forms: tuple[PeriodForm, ...]
    caveats: tuple[str, ...]
    sections: tuple[ReportSection, ...]


def official(label: str, measure: Measure | None, why: str = "") -> ReportRow:
    """A row in the funder's words."""
    return ReportRow(label, measure, NameOrigin.OFFICIAL, why)


def local(label: str, measure: Measure | None, why: str = "") -> ReportRow:
    """A row in our words."""
    return ReportRow(label, measure, NameOrigin.LOCAL, why)


def answers(
    body: Body, field: str, listed: Sequence[str], name: NameOrigin = NameOrigin.LOCAL, of: ClientsOf | None = None
) -> tuple[ReportRow, ...]:
    """A row for each code of a field: the clients with it, or those of `of` with it.

    The label is that of the code's list.
    """
    return tuple(ReportRow(label_of(field, code), _answer(body, field, code, of), name) for code in listed)


def _answer(body: Body, field: str, code: str, of: ClientsOf | None) -> Measure:
    about = ClientsOf(body, codes(**{field: code}))
    return ClientsAlso(of, about) if of else about
