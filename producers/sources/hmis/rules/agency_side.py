"""The agency side of an export.

Its date and the days it covers, the projects, their funders and states.

Rules kept: a project is read if the profile counts it and its organization is read and says that it
is no victim service provider (or if only totals leave). Its state is that of its CoC codes, else
the profile's. The funder is stated only where it is certain. Where rows about either could not be
read, facts that are known keep theirs.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import Final, Self

from exchange.core.model.events import Correctable
from exchange.core.model.period import FIRST_YEAR, LAST_YEAR
from exchange.core.model.vocabulary import FundingSource, UsState
from producers.sources.hmis.hmis_settings import HmisSettings
from producers.sources.hmis.reading.dates import period_days, period_on

ROOT: Final = "hmis/"
ALL_READ: Final[frozenset[str]] = frozenset()
_COC: Final = re.compile(r"([A-Za-z]{2})-[0-9]{3}")


class NotRead(Enum):
    """Why the rows of a project or a stay are not read; the value is the phrase in the report."""

    OUTSIDE = "not from a project that the profile names"
    SHELTERED = "from a victim service provider: only totals may leave"
    UNPROVEN = "from a provider that may be a victim service provider: only totals may leave"
    WITHDRAWN = "about a withdrawn stay or client"


@dataclass(frozen=True, slots=True)
class Grant:
    """A funder of a project, from `start` to `end`, both included; no `end`: until now."""

    source: FundingSource
    start: date
    end: date | None

    def pays_on(self, day: date) -> bool:
        """Whether it funded the project on this day."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(slots=True)
class Project:
    """A live project. `kind`: its ProjectType.

    `not_read`: why its rows are not read, if they are not. `kind_unread`: its ProjectType was
    refused. `places_unread`, `funders_unread`: rows about its states or funders may be missing.
    """

    key: str
    organization: str
    kind: int | None
    for_survivors: bool
    not_read: NotRead | None
    states: set[UsState] = field(default_factory=set)
    grants: list[Grant] = field(default_factory=list)
    kind_unread: bool = False
    places_unread: bool = False
    funders_unread: bool = False

    def unread(self, body: Correctable) -> frozenset[str]:
        """What of a fact about this project was not read: its state, its funder."""
        if not (self.places_unread or self.funders_unread):
            return ALL_READ
        fields = {"state"} if self.places_unread else set()
        if self.funders_unread and hasattr(body, "funding_source"):
            fields.add("funding_source")
        return frozenset(fields)

    def state(self, stay_state: UsState | None, otherwise: UsState) -> UsState:
        """The project's state; of several, the stay's if it is one of them, else the agency's."""
        if len(self.states) == 1:
            return next(iter(self.states))
        return stay_state if stay_state in self.states and stay_state else otherwise

    def paid_by(self, day: date, program: FundingSource | None = None) -> FundingSource:
        """The funder on this day: `program` if it is among them, else the only one.

        `not_known` if there are several.
        """
        paying = {grant.source for grant in self.grants if grant.pays_on(day)}
        if program in paying and program is not None:
            return program
        if len(paying) > 1:
            paying.discard(FundingSource.none)
        if len(paying) > 1:
            return FundingSource.not_known
        return next(iter(paying), FundingSource.not_collected)


@dataclass(frozen=True, slots=True)
class Window:
    """The days that an export covers, both included, within the years of events.

    `made`: the day it was made, if known.
    """

    start: date
    end: date
    made: date | None

    @classmethod
    def of(cls, start: date | None, end: date | None, made: date | None) -> Self | None:
        """The window of an export; None when its days are missing or impossible."""
        if start is None or end is None:
            return None
        start, end = max(start, date(FIRST_YEAR, 1, 1)), min(end, date(LAST_YEAR, 12, 31))
        return cls(start, end, made) if start <= end else None

    def covers(self, first: date, last: date) -> bool:
        """Whether nothing between these days is missing.

        Days after the export was made could not be known yet.
        """
        return self.start <= first and (self.end >= last or (self.made is not None and self.made <= self.end))

    def quarters(self) -> tuple[int, int] | None:
        """The first and the last quarter that are covered whole; None when there is none."""
        opening, closing = period_days(period_on(self.start)), period_days(period_on(self.end))
        first = self.start if opening[0] == self.start else opening[1] + timedelta(days=1)
        last = self.end if self.covers(self.start, closing[1]) else closing[0] - timedelta(days=1)
        return (period_on(first), period_on(last)) if first <= last else None


@dataclass(slots=True)
class Agency:
    """The agency as its files describe it.

    `year`: whose columns and codes the export has. `full`: within `window`, rows that are absent
    from the export are gone.
    """

    settings: HmisSettings
    year: int = 0
    made_on: date | None = None
    full: bool = False
    window: Window | None = None
    projects: dict[str, Project] = field(default_factory=dict)

    def counted(self) -> list[Project]:
        """The projects that the profile counts."""
        return [project for project in self.projects.values() if project.not_read is not NotRead.OUTSIDE]

    def proven(self) -> list[Project]:
        """Of these, the projects that surely are, or are not, a victim service provider's."""
        return [project for project in self.counted() if project.not_read is not NotRead.UNPROVEN]

    def had_come(self, day: date) -> bool:
        """Whether a day had come anywhere when the export was made, as far as that is known."""
        return self.made_on is None or day <= self.made_on or day == self.made_on + timedelta(days=1)


def project_prefix(project: str) -> str:
    """The beginning of the keys of all facts from a project."""
    return f"{ROOT}project/{project}/"


def funder_prefix(project: str) -> str:
    """The beginning of the keys of all facts about a project's funders."""
    return f"{project_prefix(project)}Funder/"


def state_of(coc_code: str) -> UsState | None:
    """The state of a CoC code such as `CA-600`; None where the letters are no state."""
    match = _COC.fullmatch(coc_code)
    code = match[1].lower() if match else ""
    return UsState[code] if code in UsState.__members__ else None
