"""What the topics themselves show, whether or not a worker runs.

A topic that is missing, a log that is kept for ever and does not begin at its beginning, a topic
that cannot be read, a member of the workers' group that is no worker. `LogFacts` is plain data,
judged like pulses by `consumers.status.alerts`.

Rule kept: what was not looked at, or could not be, is not judged. An open alert about it stays.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from consumers.status.troubles import GROUP, TOPIC, UNDECIDED, WELL, Trouble, Verdict, listed
from exchange.engine.kafka.lost_state import MENDS
from exchange.engine.kafka.provision import exchange_topics
from exchange.engine.log import Partition, Reader
from exchange.wire.pulse import AlertKind
from exchange.wire.topics import BY_NAME, DRAWS, EVENTS, Retention, Topic

APPLY: Final = "Run `exchange topics apply`"
MISSING_SAYS: Final = f"The topic does not exist, and what needs it waits. {APPLY}, then look again."
MISSING_OF_AGENCY: Final = (
    f"The topic does not exist, so the agency {{agency}} is left out. Every other agency is served. {APPLY}: then the"
    " agency's records are read on from where they were left."
)
CUT_OFF_SAYS: Final = (
    "The topic is kept for ever, and its beginning is gone: {places}. Find out who deleted records. {loss} See"
    ' docs/OPERATIONS.md, "When a log was cut off".'
)
LOSS: Final[Mapping[str, str]] = {
    EVENTS: "Figures that were counted stay. Replay fails and no epoch can be closed until the topic is restored.",
    DRAWS: "What was spent before is unknown. Nothing is closed or published until the topic is restored.",
}
UNREADABLE_SAYS: Final = "The topic cannot be read as it should be: {reason}"
FOREIGN_SAYS: Final = (
    "The group of the workers has members that are no workers: {members}. The lanes of their partitions do not run."
    " Stop those programs, or give them a group of their own."
)


@dataclass(frozen=True, slots=True)
class LogFacts:
    """The troubles found, by subject, and the kinds of subjects that were looked at."""

    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    looked_at: frozenset[str] = frozenset()

    def judge(self, subject: str) -> Verdict:
        """The verdict about a topic or a group."""
        trouble = self.troubles.get(subject)
        if trouble is not None:
            return Verdict(trouble)
        return WELL if subject.startswith(tuple(self.looked_at)) else UNDECIDED


async def look_at_topics(reader: Reader, partitions: int, agencies: Iterable[str]) -> dict[str, Trouble]:
    """The troubles of the topics of an exchange with these agencies, by subject.

    `partitions`: of `events`. Raises the engine's errors. The reader needs no assignment.
    """
    specs = exchange_topics(partitions=partitions, replication=1, agencies=agencies)
    wanted = {spec.name: Partition(spec.name, 0) for spec in specs}
    present = {partition.topic for partition in await reader.present(wanted.values())}
    kept = [
        Partition(spec.name, number)
        for spec in specs
        if _is_kept_for_ever(spec.name) and spec.name in present
        for number in range(spec.partitions)
    ]
    begins = await reader.beginning_offsets(kept) if kept else {}
    return {**_cut_off(begins), **{TOPIC + name: _missing(name) for name in wanted if name not in present}}


def unreadable(topic: str, reason: str) -> tuple[str, Trouble]:
    """The trouble of a topic that could not be read."""
    return TOPIC + topic, Trouble(AlertKind.UNREADABLE, UNREADABLE_SAYS.format(reason=reason))


def foreign_members(group: str, members: Collection[str]) -> dict[str, Trouble]:
    """The trouble of a group with these members that are no workers, if there are any."""
    if not members:
        return {}
    says = FOREIGN_SAYS.format(members=listed(sorted(members)))
    return {GROUP + group: Trouble(AlertKind.FOREIGN_MEMBER, says)}


def _is_kept_for_ever(name: str) -> bool:
    return name in BY_NAME and BY_NAME[name].kept is Retention.FOR_EVER


def _missing(name: str) -> Trouble:
    family, _, agency = name.partition(".")
    if name in MENDS:
        return Trouble(
            AlertKind.MISSING, f"The topic does not exist. {APPLY} where this exchange is new. Else: {MENDS[name]}"
        )
    one: Topic | None = BY_NAME.get(family)
    if one is not None and one.per == "agency":
        return Trouble(AlertKind.MISSING, MISSING_OF_AGENCY.format(agency=agency))
    return Trouble(AlertKind.MISSING, MISSING_SAYS)


def _cut_off(begins: Mapping[Partition, int]) -> dict[str, Trouble]:
    places: dict[str, list[str]] = {}
    for partition, begin in sorted(begins.items()):
        if begin:
            places.setdefault(partition.topic, []).append(f"{partition.topic}-{partition.partition} begins at {begin}")
    return {
        TOPIC + topic: Trouble(
            AlertKind.CUT_OFF, CUT_OFF_SAYS.format(places=listed(found), loss=LOSS.get(topic, "")).replace("  ", " ")
        )
        for topic, found in places.items()
    }
