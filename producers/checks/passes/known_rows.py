"""What the passes know of projects, clients and stays. One entry each, never one for a service."""

from dataclasses import dataclass, field

from producers.checks.passes.live_table import LiveTable, years_between
from producers.checks.row_findings import Findings


@dataclass(slots=True)
class KnownProject:
    """A project. `began`, `ended`: its days. `youth`: a youth program funds it."""

    row: int
    kind: int | None
    began: int
    ended: int
    places: bool = False
    funded: bool = False
    youth: bool = False
    stays: int = 0

    @property
    def shelters(self) -> bool:
        """Whether clients live in it: a shelter, or housing."""
        return self.kind in {0, 1, 2, 3, 8, 9, 10, 13}


@dataclass(slots=True)
class KnownClient:
    """A client: where, when born, and an answer for the sex."""

    row: int
    born: int
    sex: str
    stays: int = 0


@dataclass(slots=True)
class KnownStay:
    """An enrollment with what other rows say about it.

    `stages`: 1 answers at the entry, 2 at the exit; 4 and 8: health was rated then.
    """

    row: int
    client: str
    project: str
    entered: int
    household: str
    relation: int | None
    moved: int
    left: int = 0
    exited: bool = False
    rows: int = 0
    nights: int = 0
    last: int = 0
    stages: int = 0

    def overlaps(self, other: "KnownStay") -> bool:
        """Whether both have a night in common."""
        ends = self.left if self.exited else _NEVER
        other_ends = other.left if other.exited else _NEVER
        return max(self.entered, other.entered) < min(ends, other_ends)


_NEVER = 1 << 30


@dataclass(slots=True)
class Known:
    """Everything that was read so far. `made`, `until`: the days of the export, 0 if not known."""

    tables: dict[str, LiveTable]
    found: Findings
    made: int = 0
    until: int = 0
    organizations: set[str] = field(default_factory=set)
    projects: dict[str, KnownProject] = field(default_factory=dict)
    clients: dict[str, KnownClient] = field(default_factory=dict)
    stays: dict[str, KnownStay] = field(default_factory=dict)

    @property
    def today(self) -> int:
        """The last day that the export can know of; 0 if not known."""
        return min(self.until or self.made, self.made or self.until)

    def project_of(self, stay: KnownStay) -> KnownProject | None:
        """The project of a stay, if it is in the export."""
        return self.projects.get(stay.project)

    def age(self, stay: KnownStay) -> int | None:
        """The client's age at the entry; None if it is not known."""
        client = self.clients.get(stay.client)
        return years_between(client.born, stay.entered) if client and client.born and stay.entered else None
