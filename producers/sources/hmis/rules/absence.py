"""What the absence of a fact shows: that it is gone, or nothing.

Rules kept: damage is no evidence. A fact that is not in this export stays if a row of its stay was
refused, if the column that it comes from is not in the file, or if its file is missing or was not
read whole. A stay that is in another project now has left the former one, with its rows that this
export has: a delta may leave out those that have not changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.layout import FileLayout
from producers.sources.hmis.reading.walk import Surveyed
from producers.sources.hmis.rules.agency_side import Agency
from producers.sources.hmis.rules.stays import StayIndex

SLOTS: Final[Mapping[tuple[str, str], tuple[tuple[FileLayout, tuple[str, ...]], ...]]] = {
    ("Enrollment", "opened"): (),
    ("Enrollment", "need"): ((layout.PROJECT_FILE, ("ProjectType",)),),
    ("Enrollment", "housed"): (
        (layout.PROJECT_FILE, ("ProjectType",)),
        (layout.ENROLLMENT, ("MoveInDate", layout.RELATION, layout.HOUSEHOLD)),
    ),
    ("Exit", "trafficking"): ((layout.EXIT, layout.TRAFFICKING),),
    ("Exit", "housing"): ((layout.EXIT, ("Destination",)), (layout.ENROLLMENT, ("LivingSituation",))),
    ("Exit", "safe_client"): ((layout.EXIT, ("DestinationSafeClient",)),),
    ("Exit", "safe_worker"): ((layout.EXIT, ("DestinationSafeWorker",)),),
    ("Exit", "trusted_adult"): ((layout.EXIT, ("PosAdultConnections",)),),
    ("Exit", "supportive_peers"): ((layout.EXIT, ("PosPeerConnections",)),),
    ("Exit", "community_ties"): ((layout.EXIT, ("PosCommunityConnections",)),),
    ("Exit", "support"): ((layout.EXIT, layout.CONNECTIONS),),
    ("Exit", "counseling"): ((layout.EXIT, ("CounselingReceived",)),),
    ("Services", "result"): ((layout.SERVICES, ("ReferralOutcome",)),),
    ("Services", "unmet"): ((layout.SERVICES, ("ReferralOutcome",)),),
    ("Event", "result"): ((layout.EVENT, ("ReferralResult",)),),
    ("Event", "unmet"): ((layout.EVENT, ("ReferralResult",)),),
    ("Event", "after"): ((layout.EVENT, ("ReferralCaseManageAfter",)),),
    ("Event", "housed"): ((layout.EVENT, ("ProbSolDivRRResult",)),),
    ("HealthOutcome", "physical_health"): ((layout.HEALTH, ("GeneralHealthStatus", "DataCollectionStage")),),
    ("HealthOutcome", "dental_health"): ((layout.HEALTH, ("DentalHealthStatus", "DataCollectionStage")),),
    ("HealthOutcome", "mental_health"): ((layout.HEALTH, ("MentalHealthStatus", "DataCollectionStage")),),
    ("Pregnancy", "observed"): ((layout.HEALTH, ("PregnancyStatus",)),),
}
"""(table, slot) of a key → the columns without which such a fact cannot be read."""
BY_KIND: Final = frozenset({("Enrollment", "need"), ("Enrollment", "housed")})
"""The slots that the kind of project decides."""


@dataclass(slots=True)
class Absence:
    """What the absence of facts from one export shows."""

    agency: Agency
    stays: StayIndex
    files: Mapping[str, Surveyed]
    _unread_slots: frozenset[tuple[str, str]] = field(default=frozenset(), init=False)
    _restated: set[int] | None = field(default=None, init=False)
    """Hashes of the rows that the export has; None if it has all, as a full one does."""

    def __post_init__(self) -> None:
        """Find the slots whose columns are not in the files."""
        if not self.agency.full or any(self.lacking()):
            self._restated = set()
        self._unread_slots = frozenset(
            slot for slot, needs in SLOTS.items() if not all(self._has(file, columns) for file, columns in needs)
        )

    def shows(self, file: FileLayout) -> bool:
        """Whether the rows of a file show what they no longer state: it was read whole."""
        found = self.files.get(file.name)
        return found is not None and found.survey.whole

    def lacking(self) -> Iterator[tuple[str, str]]:
        """(file, why) of the files that are missing, or were not read whole."""
        for file in layout.FILES:
            found = self.files.get(file.name)
            if found is None:
                yield file.name, "a file is missing or cannot be read"
            elif not found.survey.whole:
                yield file.name, "a file has rows that cannot be read"

    def spares(self, key: str) -> bool:
        """Whether the fact of a key stays, though this export does not state it."""
        parts = key.split("/")
        project = self.agency.projects.get(parts[2])
        if parts[3] == "stay":
            slot = (parts[5], parts[-1])
            by_kind = slot in BY_KIND and project is not None and project.kind_unread
            return by_kind or parts[4] in self.stays.unread or slot in self._unread_slots
        return project is None or project.funders_unread

    def spares_unmoved(self, key: str) -> bool:
        """Whether a key is of no stay that is in another project now."""
        parts = key.split("/")
        if parts[3] != "stay" or self.stays.projects.get(parts[4], parts[2]) == parts[2]:
            return True
        by_row = self._restated is not None and parts[5] != layout.ENROLLMENT.table
        return by_row and _row_of(parts) not in (self._restated or ())

    def restates(self, key: str) -> None:
        """Note that the export has the row, or states the fact, of a key."""
        if self._restated is not None:
            self._restated.add(_row_of(key.split("/")))

    def spares_client(self, key: str) -> bool:
        """Whether a fact about a withdrawn client stays, because a row of its stay was refused."""
        parts = key.split("/")
        return parts[3:4] == ["stay"] and parts[4] in self.stays.unread

    def _has(self, file: FileLayout, columns: tuple[str, ...]) -> bool:
        found = self.files.get(file.name)
        return found is not None and all(found.sheet.has(column) for column in columns)


def _row_of(parts: Sequence[str]) -> int:
    """Stay, table and row of a key, whatever the project."""
    return hash(tuple(parts[4:7]))
